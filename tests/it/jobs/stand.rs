//! A practice store, and servers that come and go on one state directory.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use coupon_mcp::jobs::report::{self, Row};
use coupon_mcp::jobs::{JobRecord, JobState, Journal, Scope};
use coupon_mcp::state::Location;
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::support::process::PATIENCE;
use crate::support::sandbox::Sandbox;
use crate::support::stdio_host::StdioHost;

/// A code as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) text: String,
    pub(super) max_uses: u64,
    pub(super) max_uses_per_customer: u64,
}

/// By id.
pub(super) type Codes = BTreeMap<u64, Code>;

pub(super) struct Stand {
    pub(super) sandbox: Sandbox,
    pub(super) flags: Vec<String>,
    directory: TempDir,
}

impl Stand {
    /// A store with these flags.
    pub(super) async fn start(sandbox: &[&str]) -> Self {
        let sandbox = Sandbox::start(sandbox).await;
        let flags = ["--confirm", "never"].map(str::to_owned).to_vec();
        Self { sandbox, flags, directory: tempfile::tempdir().unwrap() }
    }

    pub(super) fn with_flags(mut self, flags: &[&str]) -> Self {
        self.flags.extend(flags.iter().map(|&flag| flag.to_owned()));
        self
    }

    pub(super) fn state_directory(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    /// The binary on this store and this state.
    pub(super) fn command(&self, subcommand: &str) -> Command {
        let mut command = self.sandbox.client_of(&[subcommand]);
        command.args(&self.flags).arg("--state-dir").arg(self.state_directory());
        command
    }

    pub(super) async fn host(&self) -> StdioHost {
        StdioHost::open(self.command("stdio")).await
    }

    /// All codes of a promotion.
    pub(super) async fn codes(&self, promotion: u64) -> Codes {
        let mut codes = Codes::new();
        for page in 1.. {
            let path = format!("/promotions/{promotion}/codes?limit=250&page={page}");
            let mut answer = self.sandbox.get(&path).await;
            while answer["status"] == 429 {
                sleep(Duration::from_millis(100)).await;
                answer = self.sandbox.get(&path).await;
            }
            let rows = answer["data"].as_array().unwrap_or_else(|| panic!("{path}: {answer}"));
            codes.extend(rows.iter().map(code));
            if rows.len() < 250 {
                break;
            }
        }
        codes
    }

    /// Holds every `codegen` but the first ones, done as they are, until the faults are cleared.
    pub(super) async fn hold_batches(&self, first: usize) {
        self.hold("/codegen", first).await;
    }

    /// As [`Self::hold_batches`], for the creation of single codes.
    pub(super) async fn hold_singles(&self, first: usize) {
        self.hold("/codes", first).await;
    }

    async fn hold(&self, path: &str, first: usize) {
        let rule = json!({
            "method": "POST", "path": path, "skip": first, "times": 1_000_000, "hold": "after_commit",
        });
        self.sandbox.fault(rule).await;
    }

    /// The requests so far that were to change the store.
    pub(super) async fn writes(&self) -> usize {
        self.sandbox.requests().await.iter().filter(|(method, ..)| method != "GET").count()
    }

    /// What the journal holds. Makes nothing.
    pub(super) fn journal(&self) -> Journal {
        Journal::new(Location::Directory(self.state_directory()), Scope::All)
    }

    /// Runs a statement on the journal, as if by another hand.
    pub(super) async fn alter_journal(&self, statement: &str) {
        let file = self.state_directory().join("jobs.db");
        let options = SqliteConnectOptions::new().filename(file);
        let mut journal = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut journal).await.unwrap();
        journal.close().await.unwrap();
    }

    /// The only job that was ever begun, if one was.
    pub(super) async fn only_job(&self) -> Option<JobRecord> {
        let mut jobs = self.journal().latest(10).await.unwrap();
        assert!(jobs.len() <= 1, "{jobs:?}");
        jobs.pop()
    }

    /// Waits until the only job is like that.
    pub(super) async fn until_job(&self, is_it: impl Fn(&JobRecord) -> bool) -> JobRecord {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let job = self.only_job().await;
            if let Some(job) = job.clone().filter(&is_it) {
                return job;
            }
            assert!(Instant::now() < deadline, "it does not come to that: {job:?}");
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// The rows of its report.
    pub(super) async fn report(&self, job: &JobRecord) -> Vec<Row> {
        report::rows(&self.journal(), job).await.unwrap()
    }

    /// Makes codes behind the server's back.
    pub(super) async fn plant(&self, promotion: u64, batch: Value) {
        let made = self.sandbox.post(&format!("/promotions/{promotion}/codegen"), batch).await;
        assert_eq!(made["status"], 201, "{made}");
    }

    /// Makes one code behind the server's back; gives its id.
    pub(super) async fn plant_one(&self, promotion: u64, code: &str, limits: (u64, u64)) -> u64 {
        let body = json!({"code": code, "max_uses": limits.0, "max_uses_per_customer": limits.1});
        let made = self.sandbox.post(&format!("/promotions/{promotion}/codes"), body).await;
        made["body"]["data"]["id"].as_u64().unwrap_or_else(|| panic!("{made}"))
    }

    /// Uses a code once, as a customer does.
    pub(super) async fn use_code(&self, code: &str) {
        let url = format!("{}/_sandbox/uses", self.sandbox.server.url);
        let answer = client().post(url).json(&json!({"code": code, "uses": 1})).send().await.unwrap();
        assert!(answer.status().is_success(), "{code}: {}", answer.text().await.unwrap());
    }

    /// Deletes a code behind the server's back.
    pub(super) async fn pluck(&self, promotion: u64, id: u64) {
        let url = format!("{}/stores/sandbox/v3/promotions/{promotion}/codes/{id}", self.sandbox.server.url);
        let request = client().delete(url).header("X-Auth-Token", "sandbox-token");
        assert_eq!(request.send().await.unwrap().status(), 204);
    }

    /// Waits until a promotion has so many codes.
    pub(super) async fn until_codes(&self, promotion: u64, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.codes(promotion).await.len() < count {
            assert!(Instant::now() < deadline, "no {count} codes in time");
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until at least `count` writes were dealt with.
    pub(super) async fn until_writes(&self, count: usize) {
        self.until_dealt_with(count, |method| method != "GET").await;
    }

    /// Waits until at least `count` requests were dealt with.
    pub(super) async fn until_requests(&self, count: usize) {
        self.until_dealt_with(count, |_| true).await;
    }

    async fn until_dealt_with(&self, count: usize, counts: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while self.sandbox.requests().await.iter().filter(|(method, ..)| counts(method)).count() < count {
            assert!(Instant::now() < deadline, "no {count} requests in time");
            sleep(Duration::from_millis(3)).await;
        }
    }
}

pub(super) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}

fn code(row: &Value) -> (u64, Code) {
    let code = Code {
        text: row["code"].as_str().unwrap().to_owned(),
        max_uses: row["max_uses"].as_u64().unwrap(),
        max_uses_per_customer: row["max_uses_per_customer"].as_u64().unwrap(),
    };
    (row["id"].as_u64().unwrap(), code)
}

/// Waits by calls of the server for the end of a job; gives the job as the server tells it.
pub(super) async fn end_of(host: &mut StdioHost, id: &str) -> Value {
    let deadline = Instant::now() + 2 * PATIENCE;
    loop {
        let answer = host.ok("get_job", json!({"job_id": id, "wait_seconds": 40})).await;
        if answer["job"]["state"] != JobState::Running.as_str() {
            return answer["job"].clone();
        }
        assert!(Instant::now() < deadline, "the job does not end: {answer}");
    }
}
