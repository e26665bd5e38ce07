//! The practice store in a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_coupon-mcp");

/// A child that ends with the measurement.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) struct PracticeStore {
    pub(crate) url: String,
    _process: Process,
}

impl PracticeStore {
    /// Without a quota, unless the flags give one.
    pub(crate) fn start(latency: Duration, flags: &[&str]) -> Self {
        let mut command = Command::new(BINARY);
        command.args(["sandbox", "--listen", "127.0.0.1:0"]);
        command.args(["--latency-ms", &latency.as_millis().to_string()]);
        if !flags.contains(&"--quota") {
            command.args(["--quota", "0"]);
        }
        let mut child = command.args(flags).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().rsplit(' ').next().unwrap().to_owned();
        Self { url, _process: Process(child) }
    }

    /// The statuses of all answers so far.
    pub(crate) async fn requests(&self) -> Vec<u64> {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let log = http.get(format!("{}/_sandbox/requests", self.url)).send().await.unwrap();
        let log: Value = serde_json::from_slice(&log.bytes().await.unwrap()).unwrap();
        let entries = log.get("requests").and_then(Value::as_array).unwrap();
        entries.iter().map(|entry| entry.get("status").and_then(Value::as_u64).unwrap()).collect()
    }
}
