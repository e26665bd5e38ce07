//! How much memory the export of very many codes takes.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::practice_store::{BINARY, PracticeStore, Process};
use super::{PROMOTION, SEEDED, bare};

const CODES: u64 = 1_000_000;

/// Exports through a server on stdio, the way a desktop host does. Without latency, as it is not about time.
pub(crate) async fn export() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("store.db");
    bare::fill(&data, CODES - SEEDED).await;
    let sandbox = PracticeStore::start(Duration::ZERO, &["--data", data.to_str().unwrap()]);
    let mut host = Host::start(&sandbox.url, directory.path());
    let before = host.peak_memory();
    let started = Instant::now();
    let mut job = host.call("export_coupon_codes", &json!({ "promotion_ids": [PROMOTION] }));
    while job.get("state").is_some_and(|state| state == "running") {
        job = host.call("get_job", &json!({ "job_id": job.get("job_id"), "wait_seconds": 45 }));
    }
    assert_eq!(job.get("succeeded").and_then(Value::as_u64), Some(CODES), "{job}");
    let path = job.get("path").and_then(Value::as_str).unwrap();
    let lines = BufReader::new(std::fs::File::open(path).unwrap()).lines().count() as u64;
    assert_eq!(lines, CODES + 1);
    println!(
        "export: {CODES} codes in {:.0} s; peak memory {:.1} MB (target 64), {before:.1} MB of it before",
        started.elapsed().as_secs_f64(),
        host.peak_memory(),
    );
}

struct Host {
    process: Process,
    answers: BufReader<ChildStdout>,
}

impl Host {
    fn start(url: &str, directory: &Path) -> Self {
        let mut command = Command::new(BINARY);
        command.arg("stdio").arg("--state-dir").arg(directory.join("state"));
        command.arg("--export-dir").arg(directory.join("exports"));
        let command = command.env("COUPON_MCP_LOG", "error").envs([
            ("BIGCOMMERCE_API_URL", url),
            ("BIGCOMMERCE_STORE_HASH", "sandbox"),
            ("BIGCOMMERCE_ACCESS_TOKEN", "sandbox-token"),
        ]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut host = Self { process: Process(child), answers };
        let client = json!({ "name": "bench", "version": "1" });
        let hello = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
        host.ask("initialize", &hello);
        host
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        writeln!(self.process.0.stdin.as_mut().unwrap(), "{message}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    /// Calls a tool that answers a job.
    fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let answer = self.ask("tools/call", &json!({ "name": tool, "arguments": arguments }));
        let job = answer.pointer("/result/structuredContent/job").cloned();
        assert!(job.is_some(), "{answer}");
        job.unwrap()
    }

    /// In megabytes (`VmHWM`).
    fn peak_memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.0.id())).unwrap();
        let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        kib.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1024.0 / 1e6
    }
}
