//! A conversation about one store, and what it costs.

use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;
use crate::support::stdio_host::StdioHost;

/// The most that a job may cost.
pub(super) struct Ceiling {
    /// Without those that only bring a yes.
    pub(super) calls: usize,
    /// o200k_base, arguments and answers.
    pub(super) tokens: usize,
    /// To BigCommerce.
    pub(super) requests: usize,
}

/// A model at work in a host that cannot ask a person by itself, which is the dearer way: the yes costs another call.
pub(super) struct Session {
    pub(super) sandbox: Sandbox,
    host: StdioHost,
    calls: usize,
    confirmations: usize,
    tokens: usize,
    requests_before: usize,
}

impl Session {
    /// A conversation that begins with a store as `prepare` has made it.
    pub(super) async fn about(prepare: impl AsyncFnOnce(&Sandbox)) -> Self {
        let sandbox = Sandbox::start(&["--quota", "0"]).await;
        prepare(&sandbox).await;
        let host = StdioHost::open(sandbox.client_of(&["stdio"])).await;
        let requests_before = sandbox.requests().await.len();
        Self { sandbox, host, calls: 0, confirmations: 0, tokens: 0, requests_before }
    }

    /// A call that must succeed.
    pub(super) async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.calls += 1;
        self.exchange(tool, arguments).await
    }

    /// A call that needs a yes, and the same call again with it. Gives the preview and what came of it.
    pub(super) async fn call_and_confirm(&mut self, tool: &str, arguments: Value) -> (Value, Value) {
        let asked = self.call(tool, arguments.clone()).await;
        assert!(asked["message"].as_str().unwrap().starts_with("Nothing has been changed yet."), "{asked}");
        let mut confirmed = arguments;
        confirmed.as_object_mut().unwrap().shift_remove("dry_run");
        for name in ["confirmation_token", "confirmation_text"] {
            confirmed[name] = asked[name].clone();
        }
        self.confirmations += 1;
        let done = self.exchange(tool, confirmed).await;
        assert_eq!(done["status"], "done", "{done}");
        (asked, done)
    }

    async fn exchange(&mut self, tool: &str, arguments: Value) -> Value {
        self.tokens += tokens(&json!({"name": tool, "arguments": arguments}).to_string());
        let result = self.host.call(tool, arguments).await;
        assert_ne!(result["isError"], true, "{tool}: {result}");
        // A host gives its model the texts or the structured answer: what costs more counts.
        let blocks = result["content"].as_array().unwrap().iter();
        let texts = blocks.map(|block| tokens(block["text"].as_str().unwrap())).sum();
        let structured = result["structuredContent"].clone();
        self.tokens += tokens(&structured.to_string()).max(texts);
        structured
    }

    /// How many requests the store has seen in this conversation.
    pub(super) async fn requests(&self) -> usize {
        self.sandbox.requests().await.len() - self.requests_before
    }

    /// Ends the conversation, whose requests must not be mixed with the test's own by then, and shows its cost.
    #[expect(clippy::print_stdout, reason = "figures for whoever runs the tests with --nocapture")]
    pub(super) async fn end(&self, job: &str, ceiling: Ceiling) {
        let Self { calls, confirmations, tokens, .. } = *self;
        let requests = self.requests().await;
        println!("| {job} | {calls} | {confirmations} | {tokens} | {requests} |");
        assert!(ceiling.calls <= 3, "no job may take more than three calls");
        assert!(calls <= ceiling.calls, "{job}: {calls} calls");
        assert!(tokens <= ceiling.tokens, "{job}: {tokens} tokens");
        assert!(requests <= ceiling.requests, "{job}: {requests} requests");
    }
}

pub(super) fn tokens(text: &str) -> usize {
    tiktoken_rs::o200k_base_singleton().encode_ordinary(text).len()
}

/// A promotion for influencers with two codes of theirs, one of them used 73 times.
pub(super) async fn influencers(sandbox: &Sandbox) {
    let promotion = json!({
        "name": "Influencer Programme", "redemption_type": "COUPON", "coupon_type": "BULK", "status": "ENABLED",
        "rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "10"}}}}], "max_uses": 5000,
    });
    let id = sandbox.post("/promotions", promotion).await["body"]["data"]["id"].as_u64().unwrap();
    for (code, max_uses) in [("ANNA10", 100), ("BEN10", 100)] {
        let made = sandbox
            .post(&format!("/promotions/{id}/codes"), json!({"code": code, "max_uses": max_uses}))
            .await;
        assert_eq!(made["status"], 201, "{made}");
    }
    let uses = format!("{}/_sandbox/uses", sandbox.server.url);
    let used = reqwest::Client::builder().no_proxy().build().unwrap().post(uses);
    let used = used.json(&json!({"code": "ANNA10", "uses": 73})).send().await.unwrap();
    assert!(used.status().is_success());
}

/// Nothing but what the practice store holds by itself.
pub(super) async fn nothing(_: &Sandbox) {}
