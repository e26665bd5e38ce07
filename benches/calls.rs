//! What a call costs on top of its parts, and what the process costs: `cargo bench`.
//!
//! Ratios within one run, because machines are noisy:
//!
//! - CPU per call of `list_coupon_codes` against the floor: a call of a tool that makes no request, on the
//!   same rmcp server and client, and then a bare reqwest GET of the same URL. The two are measured as one
//!   pair, since a call does both in turn: each in a tight loop of its own stays in warm caches that no call
//!   ever has. Rounds alternate; the median counts. On one thread, as stdio runs.
//! - Time from the start of the process to its first `tools/list` answer on stdio, and its resident memory
//!   then.
//! - `cargo bench -- --soak`: resident memory over 100,000 sequential list calls.
//! - `cargo bench -- --profile`: 20,000 list calls and nothing else, for a profiler.
//!
//! The practice store runs in a process of its own, so its work is not counted.

#![allow(missing_docs, reason = "a program, not a library")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measurement that fails should stop"
)]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use coupon_mcp::bigcommerce::{Client, ClientSettings, Endpoint};
use coupon_mcp::changes::{Desk, Rules};
use coupon_mcp::coupons::{CallLimits, Store};
use coupon_mcp::jobs::{JobSettings, Jobs, Journal, Scope};
use coupon_mcp::policy::Policy;
use coupon_mcp::server::{CallCaps, CouponServer};
use coupon_mcp::state::{AuditLog, Location, State, StateSettings};
use coupon_mcp::tools::Toolbox;
use cpu_time::ProcessTime;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ServerCapabilities, ServerConfig,
};
use rmcp::service::{RequestContext, RoleClient, RunningService};
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};
use serde_json::json;
use url::Url;

const ROUNDS: usize = 9;
const CALLS: u32 = 2_000;
const BINARY: &str = env!("CARGO_BIN_EXE_coupon-mcp");

/// A child that ends with the measurement.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The floor's server: answers what ours answers, without asking anybody.
#[derive(Clone)]
struct Idle(CallToolResult);

impl ServerHandler for Idle {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        _: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        Ok(self.0.clone().into())
    }
}

type Host = RunningService<RoleClient, ()>;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let asked_for = |flag: &str| std::env::args().any(|argument| argument == flag);
    if asked_for("--profile") {
        return runtime.block_on(only_calls());
    }
    runtime.block_on(cpu_per_call());
    start_and_memory();
    if asked_for("--soak") {
        soak();
    }
}

async fn only_calls() {
    let (_sandbox, url) = sandbox();
    let ours = connect(server(&url)).await;
    for _ in 0..20_000 {
        ours.call_tool(request()).await.unwrap();
    }
}

async fn cpu_per_call() {
    let (_sandbox, url) = sandbox();
    let ours = connect(server(&url)).await;
    let answer = ours.call_tool(request()).await.unwrap();
    let idle = connect(Idle(answer)).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let list = format!("{url}/stores/sandbox/v3/promotions/1/codes?limit=50");
    let get = || async {
        let answer = http.get(&list).header("X-Auth-Token", "sandbox-token").send().await.unwrap();
        answer.bytes().await.unwrap();
    };
    let pair = || async {
        idle.call_tool(request()).await.unwrap();
        get().await;
    };
    let mut rounds = Vec::new();
    for round in 0..=ROUNDS {
        let idle_alone = cpu(|| async { drop(idle.call_tool(request()).await.unwrap()) }).await;
        let get_alone = cpu(get).await;
        let floor = cpu(pair).await;
        let our_call = cpu(|| async { drop(ours.call_tool(request()).await.unwrap()) }).await;
        // The first round warms caches and connections up.
        if round > 0 {
            rounds.push([our_call, floor, our_call / floor, idle_alone, get_alone]);
        }
    }
    let [our_call, floor, ratio, idle_alone, get_alone] = medians(&rounds);
    println!(
        "cpu per call: {our_call:.1} us; floor {floor:.1} us; ratio {ratio:.2} (budget 1.50); \
         in tight loops: idle tool {idle_alone:.1} us, bare GET {get_alone:.1} us"
    );
}

fn medians<const N: usize>(rounds: &[[f64; N]]) -> [f64; N] {
    std::array::from_fn(|column| {
        median(rounds.iter().filter_map(|round| round.get(column).copied()).collect())
    })
}

/// Microseconds of CPU that one of `CALLS` calls takes, client and server together.
async fn cpu<F: Future>(call: impl Fn() -> F) -> f64 {
    let started = ProcessTime::now();
    for _ in 0..CALLS {
        call().await;
    }
    started.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn request() -> CallToolRequestParams {
    let arguments = json!({"promotion_id": 1});
    CallToolRequestParams::new("list_coupon_codes").with_arguments(arguments.as_object().cloned().unwrap())
}

async fn connect<H: ServerHandler>(server: H) -> Host {
    let (near, far) = tokio::io::duplex(1 << 16);
    tokio::spawn(async move { server.serve(far).await.unwrap().waiting().await });
    ().serve(near).await.unwrap()
}

fn server(url: &str) -> CouponServer {
    let endpoint = Endpoint::new(&Url::parse(url).unwrap(), "sandbox", "sandbox-token".into()).unwrap();
    let connect = Arc::new(move || {
        let endpoint = endpoint.clone();
        Box::pin(async { Ok(endpoint) }) as futures::future::BoxFuture<'static, _>
    });
    let limits = CallLimits { total: Duration::from_secs(45), rate_limit_wait: Duration::from_secs(20) };
    let store = Arc::new(Store::new(Client::new(connect, ClientSettings::default()), limits));
    let settings = StateSettings {
        location: Location::Memory,
        store_key: "sandbox".to_owned(),
        audit_log: AuditLog::Default,
    };
    let state = Arc::new(State::new(settings));
    let journal = Journal::new(Location::Memory, Scope::Store("sandbox".to_owned()));
    let jobs = Jobs::new(Arc::clone(&store), Arc::clone(&state), journal, JobSettings::default());
    let desk = Desk::new(store, state, Arc::new(jobs), Rules::default(), "bench".to_owned());
    CouponServer::new(Toolbox::new(Ok(Arc::new(desk)), &Policy::default()), true, CallCaps::default())
}

fn sandbox() -> (Process, String) {
    let mut child = Command::new(BINARY)
        .args(["sandbox", "--listen", "127.0.0.1:0", "--quota", "0"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().rsplit(' ').next().unwrap().to_owned();
    (Process(child), url)
}

/// A host on stdio that does nothing but wait.
struct Stdio2025 {
    process: Process,
    answers: BufReader<std::process::ChildStdout>,
}

impl Stdio2025 {
    fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(BINARY);
        command.args(arguments).env("COUPON_MCP_LOG", "error").envs(variables.iter().copied());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { process: Process(child), answers }
    }

    fn ask(&mut self, method: &str, params: &serde_json::Value) -> String {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        writeln!(self.process.0.stdin.as_mut().unwrap(), "{message}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        answer
    }

    fn open(&mut self) {
        let client = json!({"name": "bench", "version": "1"});
        self.ask(
            "initialize",
            &json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}),
        );
        self.ask("tools/list", &json!({}));
    }

    /// Resident memory in MiB (`VmRSS`).
    fn resident(&self) -> f64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.0.id())).unwrap_or_default();
        let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        kib.and_then(|kib| kib.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(f64::NAN)
            / 1024.0
    }
}

fn start_and_memory() {
    let mut times = Vec::new();
    let mut resident = Vec::new();
    let mut working = Vec::new();
    for _ in 0..21 {
        let started = Instant::now();
        let mut host = Stdio2025::start(&["stdio", "--sandbox"], &[]);
        host.open();
        times.push(started.elapsed().as_secs_f64() * 1e3);
        resident.push(host.resident());
        host.ask("tools/call", &json!({"name": "list_coupon_codes", "arguments": {"promotion_id": 1}}));
        working.push(host.resident());
    }
    println!(
        "start to first tools/list answer: {:.1} ms (budget 30); resident then: {:.1} MiB (budget 20 MB); \
         with the practice store at work: {:.1} MiB",
        median(times),
        median(resident),
        median(working),
    );
}

/// The embedded store has a quota, so a store without one stands beside.
fn soak() {
    let (_sandbox, url) = sandbox();
    let variables = [
        ("BIGCOMMERCE_API_URL", url.as_str()),
        ("BIGCOMMERCE_STORE_HASH", "sandbox"),
        ("BIGCOMMERCE_ACCESS_TOKEN", "sandbox-token"),
    ];
    let mut host = Stdio2025::start(&["stdio"], &variables);
    host.open();
    let call = json!({"name": "list_coupon_codes", "arguments": {"promotion_id": 1}});
    for count in 0..=100_000 {
        let answer = host.ask("tools/call", &call);
        assert!(answer.contains("SUMMER_SALE_2024"), "{answer}");
        if count % 20_000 == 0 || count == 1_000 {
            println!("soak: {count} calls, {:.1} MiB resident", host.resident());
        }
    }
}
