//! A host on stdio that shows the raw protocol.

use std::process::{ExitStatus, Stdio};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::process::{PATIENCE, binary};
use super::{call, initialize};

pub(crate) struct StdioHost {
    pub(crate) child: Child,
    stdin: Option<ChildStdin>,
    stdout: Lines<BufReader<ChildStdout>>,
    /// Read from the start, so that a long log never blocks the server.
    log: JoinHandle<String>,
    next_id: u64,
}

impl StdioHost {
    pub(crate) fn spawn(command: Command) -> Self {
        Self::spawn_with_stderr(command, Stdio::piped())
    }

    fn spawn_with_stderr(mut command: Command, stderr: Stdio) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let stderr = child.stderr.take();
        let log = tokio::spawn(async move {
            let mut log = String::new();
            if let Some(mut stderr) = stderr {
                let _ = stderr.read_to_string(&mut log).await;
            }
            log
        });
        Self {
            stdin: child.stdin.take(),
            stdout: BufReader::new(child.stdout.take().unwrap()).lines(),
            log,
            child,
            next_id: 1,
        }
    }

    /// A server on the embedded practice store, with an open session of 2025-11-25.
    pub(crate) async fn practice() -> Self {
        Self::open(binary(&["stdio", "--sandbox"])).await
    }

    /// A server with an open session of 2025-11-25.
    pub(crate) async fn open(command: Command) -> Self {
        Self::open_with_stderr(command, Stdio::piped()).await
    }

    /// As [`Self::open`], with a stderr that is not read here.
    pub(crate) async fn open_with_stderr(command: Command, stderr: Stdio) -> Self {
        let mut host = Self::spawn_with_stderr(command, stderr);
        host.request("initialize", initialize("2025-11-25")).await;
        host.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        host
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.send_raw(format!("{message}\n").as_bytes()).await;
    }

    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(bytes).await.unwrap();
        stdin.flush().await.unwrap();
    }

    /// The next message from the server.
    pub(crate) async fn receive(&mut self) -> Value {
        let line = tokio::time::timeout(PATIENCE, self.stdout.next_line()).await.expect("no answer in time");
        let line = line.unwrap().expect("the server closed stdout");
        serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("stdout carries more than the protocol: {line}"))
    }

    /// Sends a request without waiting; gives its id.
    pub(crate) async fn start(&mut self, method: &str, params: Value) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.send(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})).await;
        id
    }

    /// Sends a request and gives the whole answer.
    pub(crate) async fn exchange(&mut self, method: &str, params: Value) -> Value {
        let id = self.start(method, params).await;
        loop {
            let message = self.receive().await;
            if message["id"] == id {
                return message;
            }
        }
    }

    /// Sends a request and gives its result.
    pub(crate) async fn request(&mut self, method: &str, params: Value) -> Value {
        let answer = self.exchange(method, params).await;
        answer.get("result").unwrap_or_else(|| panic!("{method} failed: {answer}")).clone()
    }

    /// The result of a tool call, good or bad.
    pub(crate) async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.request("tools/call", call(tool, arguments)).await
    }

    /// The results of tool calls that are all under way at once, in their order.
    pub(crate) async fn call_all(&mut self, calls: &[(&str, Value)]) -> Vec<Value> {
        let mut ids = Vec::new();
        for (tool, arguments) in calls {
            ids.push(self.start("tools/call", call(tool, arguments.clone())).await);
        }
        let mut results = vec![Value::Null; ids.len()];
        for _ in &ids {
            let message = self.receive().await;
            let place = ids.iter().position(|id| message["id"] == *id).unwrap();
            results[place] = message["result"].clone();
        }
        results
    }

    /// The structured content of a tool call that must succeed.
    pub(crate) async fn ok(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.call(tool, arguments).await;
        assert_ne!(result["isError"], true, "{result}");
        result["structuredContent"].clone()
    }

    /// The answer to a change, asked for again with the token if a person must agree.
    pub(crate) async fn confirmed(&mut self, tool: &str, mut arguments: Value) -> Value {
        let answer = self.ok(tool, arguments.clone()).await;
        if answer["status"] != "needs_confirmation" {
            return answer;
        }
        for name in ["confirmation_token", "confirmation_text"] {
            arguments[name] = answer[name].clone();
        }
        self.ok(tool, arguments).await
    }

    /// The error of a tool call that must fail.
    pub(crate) async fn error(&mut self, tool: &str, arguments: Value) -> Value {
        super::tool_error(&self.call(tool, arguments).await)
    }

    /// Closes stdin.
    pub(crate) fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// Closes stdin and gives exit status and stderr.
    pub(crate) async fn finish(mut self) -> (ExitStatus, String) {
        self.hang_up();
        let log = tokio::time::timeout(PATIENCE, self.log).await.expect("the server did not end").unwrap();
        (self.child.wait().await.unwrap(), log)
    }
}
