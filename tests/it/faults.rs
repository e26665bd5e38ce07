//! What can go wrong between the server and BigCommerce: each fault is answered clearly and changes nothing.

mod answers;
mod bytes;
mod pages;
mod rate_limit;
mod writes;

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::support::process::{Nowhere, binary};
use crate::support::sandbox::Sandbox;
use crate::support::state::StateDirectories;
use crate::support::stdio_host::StdioHost;
use crate::support::tool_error;
use crate::support::wire::{Act, Exchange, SECRET, Wire};

const CREATE: &str = "create_coupon_code";
const LIST: &str = "list_coupon_codes";

/// A store, a wire to it, and a server at the other end of the wire that logs all it can.
struct Line {
    host: StdioHost,
    wire: Wire,
    sandbox: Sandbox,
    /// All that the server answered.
    told: Vec<String>,
}

impl Line {
    async fn start(arguments: &[&str], act: impl Fn(&Exchange) -> Act + Send + Sync + 'static) -> Self {
        let sandbox = Sandbox::start(&["--quota", "0"]).await;
        let wire = Wire::to(&sandbox, act).await;
        let arguments: Vec<_> = ["stdio"].iter().chain(arguments).copied().collect();
        let mut command = wire.client_of(&arguments);
        command.env("COUPON_MCP_LOG", "trace");
        let host = StdioHost::open(command).await;
        Self { host, wire, sandbox, told: Vec::new() }
    }

    /// The results of calls that are all under way at once.
    async fn call_all(&mut self, calls: &[(&str, Value)]) -> Vec<Value> {
        let results = self.host.call_all(calls).await;
        self.told.extend(results.iter().map(Value::to_string));
        results
    }

    async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.call_all(&[(tool, arguments)]).await.remove(0)
    }

    async fn error(&mut self, tool: &str, arguments: Value) -> Value {
        tool_error(&self.call(tool, arguments).await)
    }

    async fn outcome(&mut self, arguments: Value) -> Value {
        let result = self.call(CREATE, arguments).await;
        assert_ne!(result["isError"], true, "{result} {:?}", self.wire.lines());
        result["structuredContent"]["outcome"].clone()
    }

    /// How often the wire has seen such a request.
    fn sent(&self, method: &str, path: &str) -> usize {
        let exchanges = self.wire.exchanges();
        exchanges.iter().filter(|seen| seen.method == method && seen.path == path).count()
    }

    /// Ends the server; nothing that it has answered or logged may hold the token.
    async fn end(self) {
        let (status, log) = self.host.finish().await;
        assert!(status.success());
        assert!(log.contains("TRACE"), "the log is not at its fullest");
        for text in self.told.iter().chain([&log]) {
            let place = text.find(SECRET).map(|at| &text[at.saturating_sub(200)..at]);
            assert_eq!(place, None, "the token is behind this");
        }
    }
}

/// What `error` is for programs: all but its words, after a look at these.
fn kind(error: &Value) -> Value {
    for part in ["message", "hint"] {
        let text = error[part].as_str().unwrap();
        assert!(text.len() > 20 && text.ends_with(['.', '!', '?', '…']), "{part}: {text}");
        assert!(!text.contains(['<', '\n', '\0']), "{part}: {text}");
    }
    let mut kind = error.clone();
    kind.as_object_mut().unwrap().retain(|name, _| name != "message" && name != "hint");
    kind
}

fn lasting(code: &str) -> Value {
    json!({"code": code, "retryable": false})
}

fn passing(code: &str) -> Value {
    json!({"code": code, "retryable": true})
}

fn says(error: &Value, parts: &[&str]) {
    let sentence = format!("{} {}", error["message"].as_str().unwrap(), error["hint"].as_str().unwrap());
    for part in parts {
        assert!(sentence.contains(part), "{part:?} is not in: {sentence}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_known_is_unauthorized_and_asked_once() {
    let sandbox = Sandbox::start(&[]).await;
    let mut command = sandbox.client_of(&["stdio"]);
    command.env("BIGCOMMERCE_ACCESS_TOKEN", SECRET).env("COUPON_MCP_LOG", "trace");
    let mut host = StdioHost::open(command).await;
    for (tool, arguments) in
        [(CREATE, json!({"promotion_id": 1, "code": "NO-ENTRY"})), (LIST, json!({"promotion_id": 1}))]
    {
        let error = host.error(tool, arguments).await;
        assert_eq!(kind(&error), lasting("unauthorized"));
        says(&error, &["401", "BIGCOMMERCE_ACCESS_TOKEN"]);
        assert!(!error.to_string().contains(SECRET));
    }
    let seen = sandbox.requests().await;
    let get = |path: &str| ("GET".to_owned(), path.to_owned(), 401);
    // A code is not sent before its promotion could be read.
    assert_eq!(seen, [get("/promotions/1"), get("/promotions/1/codes")]);
    assert!(!host.finish().await.1.contains(SECRET));
    assert_eq!(sandbox.count("NO-ENTRY").await, 0);
}

#[tokio::test]
async fn a_token_without_the_scope_may_list_and_the_refusal_names_both_likely_causes() {
    let sandbox = Sandbox::start(&[]).await;
    let mut command = sandbox.client_of(&["stdio"]);
    command.env("BIGCOMMERCE_ACCESS_TOKEN", "sandbox-read-only-token");
    let mut host = StdioHost::open(command).await;
    let error = host.error(CREATE, json!({"promotion_id": 1, "code": "NO-SCOPE"})).await;
    assert_eq!(kind(&error), lasting("forbidden"));
    says(
        &error,
        &["403", "scope Marketing", "modify", "BIGCOMMERCE_STORE_HASH", "You don't have a required scope"],
    );
    assert_eq!(host.ok(LIST, json!({"promotion_id": 1})).await["total"], 1);
    assert_eq!(sandbox.count("NO-SCOPE").await, 0);
    assert!(!host.finish().await.1.contains("sandbox-read-only-token"));
}

#[tokio::test]
async fn a_hash_of_another_store_is_forbidden_and_named_as_a_likely_cause() {
    let sandbox = Sandbox::start(&[]).await;
    let mut command = sandbox.client_of(&["stdio"]);
    command.env("BIGCOMMERCE_STORE_HASH", "another1");
    let mut host = StdioHost::open(command).await;
    for (tool, arguments) in
        [(CREATE, json!({"promotion_id": 1, "code": "NO-STORE"})), (LIST, json!({"promotion_id": 1}))]
    {
        let error = host.error(tool, arguments).await;
        assert_eq!(kind(&error), lasting("forbidden"));
        says(&error, &["403", "Marketing", "BIGCOMMERCE_STORE_HASH"]);
    }
}

#[tokio::test]
async fn a_refused_connection_is_tried_three_times_and_said_so() {
    let nowhere = Nowhere::new();
    let states = StateDirectories::new();
    let mut command = binary(&["stdio"]);
    states.give_to(&mut command);
    command
        .env("BIGCOMMERCE_API_URL", &nowhere.url)
        .env("BIGCOMMERCE_STORE_HASH", "sandbox")
        .env("BIGCOMMERCE_ACCESS_TOKEN", SECRET)
        .env("COUPON_MCP_LOG", "trace");
    let mut host = StdioHost::open(command).await;
    let calls = [
        (CREATE, json!({"promotion_id": 1, "code": "NOBODY"})),
        (LIST, json!({"promotion_id": 1})),
        (LIST, json!({})),
    ];
    let results = host.call_all(&calls).await;
    for result in &results[..2] {
        let error = tool_error(result);
        assert_eq!(kind(&error), passing("connection_failed"));
        says(&error, &["could not be reached", "BIGCOMMERCE_API_URL", "nothing was sent"]);
    }
    // Without a store there are no promotions to choose from, and the fault of the call is told all the same.
    assert_eq!(kind(&tool_error(&results[2])), lasting("invalid_arguments"));
    let log = host.finish().await.1;
    assert!(!log.contains(SECRET));
    let retries = log.lines().filter(|line| line.contains("retrying") && line.contains("promotions/1"));
    assert_eq!(retries.count(), 4);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_carries_nothing_away() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let location = format!("http://{}/stores/sandbox/v3/promotions", elsewhere.local_addr().unwrap());
    let mut line = Line::start(&[], |_| Act::Pass).await;
    for status in [301, 302, 303, 307, 308] {
        for (method, tool, arguments) in [
            ("POST", CREATE, json!({"promotion_id": 1, "code": "AWAY"})),
            ("GET", LIST, json!({"promotion_id": 1})),
        ] {
            line.sandbox
                .fault(json!({
                    "method": method, "path": "/promotions/1/codes", "times": 1, "status": status,
                    "headers": {"location": location}, "body": "<a href='elsewhere'>Moved</a>",
                }))
                .await;
            let error = line.error(tool, arguments).await;
            assert_eq!(kind(&error), lasting("redirected"), "{status}");
            says(&error, &[&status.to_string(), "never followed", "BIGCOMMERCE_API_URL"]);
        }
    }
    // Whoever had come would still be waiting to be let in.
    let visitor = elsewhere.accept().map(|(_, address)| address);
    assert_eq!(visitor.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!((line.sent("POST", "/promotions/1/codes"), line.sent("GET", "/promotions/1/codes")), (5, 5));
    // Before each code its promotion is read.
    assert_eq!(line.wire.exchanges().len(), 15);
    assert_eq!(line.sandbox.count("AWAY").await, 0);
    line.end().await;
}

#[tokio::test]
async fn a_request_without_an_answer_ends_in_time() {
    let mut line = Line::start(&["--request-timeout-s", "3"], |exchange| match exchange.path.as_str() {
        "/promotions/1/codes" => Act::Ignore,
        "/promotions/4/codes" => Act::Swallow,
        _ => Act::Pass,
    })
    .await;
    let lost = json!({"promotion_id": 1, "code": "LOST"});
    let done = json!({"promotion_id": 4, "code": "DONE", "max_uses": 2});
    let calls = [(CREATE, lost), (CREATE, done), (LIST, json!({"promotion_id": 1}))];
    let results = line.call_all(&calls).await;

    let error = tool_error(&results[0]);
    assert_eq!(kind(&error), passing("timeout"));
    says(&error, &["3 s", "looked up", "not there", "a repeat is safe"]);
    assert_eq!(results[1]["structuredContent"]["outcome"], "already_existed");
    let error = tool_error(&results[2]);
    assert_eq!(kind(&error), passing("timeout"));
    says(&error, &["3 s"]);

    assert_eq!((line.sent("POST", "/promotions/1/codes"), line.sent("GET", "/promotions/1/codes")), (1, 3));
    assert_eq!(line.sent("POST", "/promotions/4/codes"), 1);
    assert_eq!((line.sandbox.count("LOST").await, line.sandbox.count("DONE").await), (0, 1));
    line.end().await;
}

#[tokio::test]
async fn a_slow_answer_within_the_time_is_waited_for() {
    let mut line = Line::start(&["--request-timeout-s", "10"], |_| Act::Pass).await;
    for method in ["POST", "GET"] {
        line.sandbox
            .fault(json!({"method": method, "path": "/promotions/1/codes", "times": 1, "delay_ms": 300}))
            .await;
    }
    assert_eq!(line.outcome(json!({"promotion_id": 1, "code": "SLOW"})).await, "created");
    let list = line.call(LIST, json!({"promotion_id": 1})).await;
    assert_eq!(list["structuredContent"]["total"], 2);
    let lines = ["GET /promotions/1", "POST /promotions/1/codes", "GET /promotions/1/codes?limit=50"];
    assert_eq!(line.wire.lines(), lines);
    line.end().await;
}
