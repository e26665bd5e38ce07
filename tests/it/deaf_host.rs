//! Hosts on stdio that do not read their answers, or cannot any more.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use crate::support::process::{PATIENCE, binary};
use crate::support::sandbox::Sandbox;
use crate::support::{call, initialize};

struct Pipes {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<Lines<BufReader<ChildStdout>>>,
    stderr: Lines<BufReader<ChildStderr>>,
}

impl Pipes {
    /// A server with an open session.
    async fn open(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut pipes = Self {
            stdin: child.stdin.take(),
            stdout: child.stdout.take().map(|stdout| BufReader::new(stdout).lines()),
            stderr: BufReader::new(child.stderr.take().unwrap()).lines(),
            child,
        };
        pipes.send(0, "initialize", initialize("2025-11-25")).await;
        assert_eq!(pipes.receive().await["id"], 0);
        pipes
    }

    async fn send(&mut self, id: u64, method: &str, params: Value) {
        self.write(&line(id, method, params)).await.unwrap();
    }

    async fn write(&mut self, line: &[u8]) -> std::io::Result<()> {
        self.stdin.as_mut().unwrap().write_all(line).await
    }

    async fn receive(&mut self) -> Value {
        let next = self.stdout.as_mut().unwrap().next_line();
        let line = tokio::time::timeout(PATIENCE, next).await.expect("no answer").unwrap().unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Closes stdin, and goes on holding stdout.
    fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// Waits for a line of the log that holds `text`.
    async fn logged(&mut self, text: &str) {
        let found = async {
            while let Some(line) = self.stderr.next_line().await.unwrap() {
                if line.contains(text) {
                    return;
                }
            }
            panic!("never logged: {text}");
        };
        tokio::time::timeout(PATIENCE, found).await.unwrap();
    }

    async fn exit_code(&mut self) -> Option<i32> {
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it goes on").unwrap().code()
    }
}

fn line(id: u64, method: &str, params: Value) -> Vec<u8> {
    let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    format!("{request}\n").into_bytes()
}

fn create(code: &str) -> Value {
    call("create_coupon_code", json!({"promotion_id": 1, "code": code}))
}

/// More requests than the server may take without an answer being read, and more than a pipe holds.
const REQUESTS: u64 = 2_000;

/// Sends until the server reads no more; gives how many requests it got.
async fn send_until_full(host: &mut Pipes) -> u64 {
    for id in 1..=REQUESTS {
        // Long, so that few fill the pipe, but shorter than what a pipe takes whole or not at all.
        let line = line(id, "tools/list", json!({"_meta": {"padding": "x".repeat(3_000)}}));
        let mut rest = line.as_slice();
        while !rest.is_empty() {
            let writing = host.stdin.as_mut().unwrap().write(rest);
            let Ok(written) = tokio::time::timeout(Duration::from_secs(2), writing).await else {
                assert_eq!(rest.len(), line.len(), "half a line was written");
                return id - 1;
            };
            rest = &rest[written.unwrap()..];
        }
    }
    panic!("the server goes on reading, and holds the answers");
}

#[tokio::test]
async fn a_host_that_does_not_read_is_not_read_from_until_it_does() {
    let mut host = Pipes::open(binary(&["stdio", "--sandbox"])).await;
    let sent = send_until_full(&mut host).await;
    let mut ids: Vec<u64> = Vec::new();
    for _ in 0..sent {
        ids.push(host.receive().await["id"].as_u64().unwrap());
    }
    ids.sort_unstable();
    assert_eq!(ids, (1..=sent).collect::<Vec<_>>());
    host.send(REQUESTS, "ping", json!({})).await;
    assert_eq!(host.receive().await["id"], REQUESTS);
}

#[cfg(unix)]
#[tokio::test]
async fn a_host_that_hangs_up_without_reading_ends_the_server() {
    let mut host = Pipes::open(binary(&["stdio", "--sandbox"])).await;
    send_until_full(&mut host).await;
    host.hang_up();
    assert_eq!(host.exit_code().await, Some(0));
}

#[cfg(unix)]
#[tokio::test]
async fn no_call_begins_once_stdout_is_closed() {
    let sandbox = Sandbox::start(&[]).await;
    let mut host = Pipes::open(sandbox.client_of(&["stdio"])).await;
    host.stdout = None;
    for id in 1..=20 {
        // The server may have ended by then.
        let _ = host.write(&line(id, "tools/call", create(&format!("LOST{id}")))).await;
    }
    host.logged("stdout is closed").await;
    assert!(matches!(host.exit_code().await, Some(0 | 1)));
    assert_eq!(sandbox.requests().await, []);
}

#[cfg(unix)]
#[tokio::test]
async fn the_call_under_way_is_finished_when_stdout_closes() {
    let sandbox = Sandbox::start(&[]).await;
    sandbox.fault(json!({"method": "POST", "path": "/codes", "times": 1, "delay_ms": 500})).await;
    let mut host = Pipes::open(sandbox.client_of(&["stdio"])).await;
    host.send(1, "tools/call", create("UNDERWAY")).await;
    let begun = async { while sandbox.requests().await.is_empty() {} };
    tokio::time::timeout(PATIENCE, begun).await.unwrap();
    host.stdout = None;
    let _ = host.write(&line(2, "tools/call", create("LOST"))).await;
    assert!(matches!(host.exit_code().await, Some(0 | 1)));
    let made: Vec<_> = sandbox.requests().await.into_iter().filter(|(method, ..)| method == "POST").collect();
    assert_eq!(made, [("POST".to_owned(), "/promotions/1/codes".to_owned(), 201)]);
}
