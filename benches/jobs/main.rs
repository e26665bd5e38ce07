//! How close bulk jobs come to what the API permits, and what their journal costs: `cargo bench --bench
//! jobs`.
//!
//! Ratios within one run, because machines are noisy. An ideal time is what the latency of the practice store
//! alone takes at the concurrency that the API allows; the practice store answers after 50 ms and runs in a
//! process of its own. Names of measurements (`singles codegen listing quota`) choose among them; without
//! any, all four are made.
//!
//! - `singles`: 10,000 codes created one by one, 40 at once. `codegen`: 100,000 codes in batches of 250, 10
//!   at once. Each round makes the same requests three times in turn: bare, by nothing but reqwest; as a job
//!   with its journal in memory; as one with its journal on the disk. The medians count. The wall time is
//!   that of the job on the disk from its beginning to its end on record; the journal's share is what the
//!   disk takes longer than the memory.
//! - `listing`: 100,000 codes read page by page by a summary, as an export and counts read them; the
//!   journal's share as above.
//! - `quota`: single creations with 150 requests per window, of which a job may use 120; windows of 3 s, not
//!   of 30.
//! - `cargo bench --bench jobs -- --million`: peak memory of the server process while it exports 1,000,000
//!   codes.
//!
//! Jobs run in this process, through the library, on one thread: so does stdio, where all bulk work of a
//! desktop host is done. HTTP has a thread for each core.

#![allow(missing_docs, reason = "a program, not a library")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measurement that fails should stop"
)]

mod bare;
mod million;
mod office;
mod practice_store;

use std::time::Duration;

use coupon_mcp::state::Location;

use self::office::{Office, Outcome};
use self::practice_store::PracticeStore;

const LATENCY: Duration = Duration::from_millis(50);
/// A BULK promotion of the practice store.
const PROMOTION: u64 = 1;
/// Codes that it has from the start.
const SEEDED: u64 = 1;
/// Codes of one request.
const BATCH: u64 = 250;

fn main() {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let asked_for: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let measure = |name: &str| asked_for.is_empty() || asked_for.iter().any(|asked| asked == name);
    runtime.block_on(async {
        if measure("singles") {
            creation(&Creation { name: "singles", codes: 10_000, by_batch: false, rounds: 3 }).await;
        }
        if measure("codegen") {
            creation(&Creation { name: "codegen", codes: 100_000, by_batch: true, rounds: 7 }).await;
        }
        if measure("listing") {
            listing().await;
        }
        if measure("quota") {
            quota().await;
        }
        if asked_for.iter().any(|asked| asked == "--million") {
            million::export().await;
        }
    });
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load average of this machine: {}", load.trim());
}

/// Codes to create, and how.
struct Creation {
    name: &'static str,
    codes: u64,
    by_batch: bool,
    rounds: usize,
}

impl Creation {
    fn requests(&self) -> u64 {
        if self.by_batch { self.codes.div_ceil(BATCH) } else { self.codes }
    }

    /// As many at once as the endpoint takes.
    fn width(&self) -> u32 {
        if self.by_batch { 10 } else { 40 }
    }

    fn ideal(&self) -> f64 {
        LATENCY.as_secs_f64() * self.requests() as f64 / f64::from(self.width())
    }

    async fn job(&self, location: Location) -> (f64, u64) {
        let sandbox = PracticeStore::start(LATENCY, &[]);
        let office = Office::open(&sandbox.url, location);
        let Outcome { wall, succeeded } = office.generate(self.codes, self.by_batch).await;
        assert_eq!(succeeded, self.codes);
        office.close().await;
        (wall.as_secs_f64(), sandbox.requests().await.len() as u64)
    }
}

async fn creation(creation: &Creation) {
    let mut rounds = Vec::new();
    let mut surplus = 0;
    for _ in 0..creation.rounds {
        let bare = {
            let sandbox = PracticeStore::start(LATENCY, &[]);
            bare::create(&sandbox.url, creation.requests(), creation.width(), creation.by_batch).await
        };
        let (memory, _) = creation.job(Location::Memory).await;
        let directory = tempfile::tempdir().unwrap();
        let (disk, sent) = creation.job(Location::Directory(directory.path().to_owned())).await;
        surplus = surplus.max(sent - creation.requests());
        let ideal = creation.ideal();
        rounds.push([bare.as_secs_f64() / ideal, memory / ideal, disk / ideal, disk / memory]);
    }
    let [bare, memory, disk, overhead] = medians(&rounds);
    println!(
        "{}: {} codes in {disk:.3} of the ideal {:.1} s (target 1.10; bare requests {bare:.3}, journal in \
         memory {memory:.3}); journal on disk / in memory {overhead:.3} (target 1.05); \
         requests above {}: {surplus} (target 5)",
        creation.name,
        creation.codes,
        creation.ideal(),
        creation.requests(),
    );
}

async fn listing() {
    const CODES: u64 = 100_000;
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("store.db");
    bare::fill(&data, CODES - SEEDED).await;
    let summarize = async |location: Location| {
        let sandbox = PracticeStore::start(LATENCY, &["--data", data.to_str().unwrap()]);
        let office = Office::open(&sandbox.url, location);
        let Outcome { wall, succeeded } = office.summarize().await;
        assert_eq!(succeeded, CODES);
        office.close().await;
        (wall.as_secs_f64(), sandbox.requests().await.len() as u64)
    };
    let pages = CODES / BATCH;
    let ideal = LATENCY.as_secs_f64() * pages as f64;
    let (mut rounds, mut surplus) = (Vec::new(), 0);
    for _ in 0..3 {
        let (memory, _) = summarize(Location::Memory).await;
        let directory = tempfile::tempdir().unwrap();
        let (disk, sent) = summarize(Location::Directory(directory.path().to_owned())).await;
        surplus = surplus.max(sent - pages);
        rounds.push([disk / ideal, disk / memory]);
    }
    let [disk, overhead] = medians(&rounds);
    println!(
        "listing: {CODES} codes in {disk:.3} of the ideal {ideal:.1} s (target 1.10); \
         journal on disk / in memory {overhead:.3} (target 1.05); \
         requests above {pages}: {surplus} (target 5)"
    );
}

/// The job has one code more than the windows permit, the request that plans it counted: it is made when they
/// are over, and later still if anything that was permitted was not sent.
async fn quota() {
    const WINDOW: Duration = Duration::from_secs(3);
    const WINDOWS: u32 = 8;
    const PERMITTED: u32 = 120;
    let window = WINDOW.as_millis().to_string();
    let sandbox = PracticeStore::start(LATENCY, &["--quota", "150", "--window-ms", &window]);
    let directory = tempfile::tempdir().unwrap();
    let office = Office::open(&sandbox.url, Location::Directory(directory.path().to_owned()));
    let codes = u64::from(WINDOWS * PERMITTED);
    let Outcome { wall, succeeded } = office.generate(codes, false).await;
    office.close().await;
    assert_eq!(succeeded, codes);
    let statuses = sandbox.requests().await;
    let share = (WINDOW * WINDOWS).as_secs_f64() / wall.as_secs_f64();
    println!(
        "quota: {:.1} % of the permitted requests used over {WINDOWS} windows (target 97); \
         429s: {} (target 0); requests above {codes}: {} (target 5)",
        share * 100.0,
        statuses.iter().filter(|&&status| status == 429).count(),
        statuses.len() as u64 - codes,
    );
}

fn medians<const N: usize>(rounds: &[[f64; N]]) -> [f64; N] {
    std::array::from_fn(|column| {
        let mut values: Vec<f64> = rounds.iter().filter_map(|round| round.get(column).copied()).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    })
}
