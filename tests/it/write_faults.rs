//! What can go wrong at each request of a change. Whatever it is, the answer says what was done, what was not
//! and how to go on; nothing is made twice; nothing is lost without a word; and the same call again, or an
//! undo, leads to where one wanted to be.

mod codes;
mod fault;
mod holding;
mod matrix;
mod promotions;
mod special;
mod undo;

use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::process::PATIENCE;
use crate::support::sandbox::Sandbox;
use crate::support::stdio_host::StdioHost;
use crate::support::wire::{Act, Exchange, SECRET, Wire};
use crate::support::{call, tool_error};

use holding::Holding;

/// Which requests meet which fault.
struct Armed {
    kind: String,
    /// So many of them pass first.
    skip: usize,
    /// So many meet it then.
    left: usize,
    act: Box<dyn Fn() -> Act + Send>,
}

/// A store, a wire to it that can be armed, and a server that never asks at the other end.
struct Shop {
    sandbox: Sandbox,
    wire: Wire,
    host: StdioHost,
    state: TempDir,
    armed: Arc<Mutex<Option<Armed>>>,
    client: reqwest::Client,
    /// A promotion whose many codes nobody touches.
    unread: Option<u64>,
}

/// `DELETE /promotions/*/codes?id:in`: what a request is, whatever it is about.
fn kind_of(exchange: &Exchange) -> String {
    let segment = |segment: &str| {
        let number = !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
        if number { "*".to_owned() } else { segment.to_owned() }
    };
    let path: Vec<_> = exchange.path.split('/').map(segment).collect();
    let mut names: Vec<_> = exchange.query.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let mark = if names.is_empty() { "" } else { "?" };
    format!("{} {}{mark}{}", exchange.method, path.join("/"), names.join("&"))
}

impl Shop {
    async fn open() -> Self {
        let sandbox = Sandbox::start(&["--quota", "0"]).await;
        let armed: Arc<Mutex<Option<Armed>>> = Arc::default();
        let trigger = Arc::clone(&armed);
        let wire = Wire::to(&sandbox, move |exchange| {
            let mut armed = trigger.lock().unwrap();
            match armed.as_mut().filter(|armed| armed.kind == kind_of(exchange)) {
                Some(armed) if armed.skip > 0 => {
                    armed.skip -= 1;
                    Act::Pass
                }
                Some(armed) if armed.left > 0 => {
                    armed.left -= 1;
                    (armed.act)()
                }
                _ => Act::Pass,
            }
        })
        .await;
        let state = TempDir::new().unwrap();
        let host = Self::serve(&wire, state.path(), "never").await;
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Self { sandbox, wire, host, state, armed, client, unread: None }
    }

    /// A server on this wire, with its connection in use as in the middle of a session.
    async fn serve(wire: &Wire, state: &Path, confirm: &str) -> StdioHost {
        let mut command = wire.client_of(&["stdio", "--confirm", confirm, "--rate-limit-wait-s", "1"]);
        command.args(["--request-timeout-s", "3", "--toolsets", "read,codes,promotions,settings"]);
        command.arg("--state-dir").arg(state);
        let mut host = StdioHost::open(command).await;
        host.ok("list_coupon_codes", json!({"promotion_id": 2})).await;
        host
    }

    /// Ends the server as a crash does, and starts another one with the same memory.
    async fn crash(&mut self) {
        self.host.child.kill().await.unwrap();
        self.host = Self::serve(&self.wire, self.state.path(), "never").await;
    }

    /// Ends the server and starts another one with the same memory.
    async fn restart(&mut self) {
        let fresh = Self::serve(&self.wire, self.state.path(), "never").await;
        let (status, log) = std::mem::replace(&mut self.host, fresh).finish().await;
        assert!(status.success() && !log.contains(SECRET), "{status}: {log}");
    }

    /// Requests of this kind meet `act`: `left` of them, after `skip`.
    fn arm(&self, kind: &str, skip: usize, left: usize, act: impl Fn() -> Act + Send + 'static) {
        *self.armed.lock().unwrap() = Some(Armed { kind: kind.to_owned(), skip, left, act: Box::new(act) });
    }

    fn disarm(&self) {
        *self.armed.lock().unwrap() = None;
    }

    async fn control(&self, what: &str, body: Value) {
        let url = format!("{}/_sandbox/{what}", self.sandbox.server.url);
        let answer = self.client.post(url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{what}: {}", answer.text().await.unwrap());
    }

    /// The store as new.
    async fn reset(&self) {
        self.disarm();
        self.control("reset", Value::Null).await;
    }

    async fn holding(&self) -> Holding {
        Holding::of(&self.sandbox, self.unread).await
    }

    /// What the model is told.
    async fn call(&mut self, tool: &str, arguments: &Value) -> Told {
        let result = self.host.request("tools/call", call(tool, arguments.clone())).await;
        assert!(!result.to_string().contains(SECRET), "the token is in: {result}");
        Told(result)
    }

    /// The structured content of a change that must be made whole.
    async fn done(&mut self, tool: &str, arguments: Value) -> Value {
        let told = self.call(tool, &arguments).await;
        assert_eq!(told.status(), "done", "{}", told.0);
        told.content().clone()
    }
}

/// An answer of a change.
struct Told(Value);

impl Told {
    fn is_error(&self) -> bool {
        self.0["isError"] == true
    }

    fn content(&self) -> &Value {
        &self.0["structuredContent"]
    }

    /// `done`, `partial` or `error`.
    fn status(&self) -> &str {
        if self.is_error() { "error" } else { self.content()["status"].as_str().unwrap_or("done") }
    }

    fn change_id(&self) -> Option<&str> {
        self.content()["change_id"].as_str()
    }

    /// The change that the text names as the one to take back.
    fn named_change(&self) -> &str {
        let text = self.text();
        let at = text.rfind("chg_").unwrap_or_else(|| panic!("no change is named: {}", self.0));
        &text[at..at + "chg_".len() + 12]
    }

    /// What a person reads.
    fn text(&self) -> &str {
        self.0["content"][0]["text"].as_str().unwrap()
    }
}
