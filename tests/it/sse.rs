//! The server on the older HTTP+SSE transport.

use futures::StreamExt;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::http_host::HttpHost;
use crate::support::process::{PATIENCE, Server};
use crate::support::sandbox::Sandbox;
use crate::support::{assert_duplicate, call, initialize};

const PRACTICE: [&str; 4] = ["http", "--listen", "127.0.0.1:0", "--sandbox"];

/// A host on HTTP+SSE that shows the raw protocol.
pub(crate) struct SseHost {
    client: Client,
    stream: Response,
    buffer: String,
    messages: String,
}

impl SseHost {
    pub(crate) async fn connect(server: &Server) -> Self {
        Self::connect_to(&server.url).await
    }

    pub(crate) async fn connect_to(url: &str) -> Self {
        let client = HttpHost::new(url).client;
        let stream = client.get(format!("{url}/sse")).send().await.unwrap();
        assert_eq!(stream.headers()["content-type"], "text/event-stream");
        let mut host = Self { client, stream, buffer: String::new(), messages: String::new() };
        let (event, address) = host.next_event().await;
        assert_eq!(event, "endpoint");
        assert!(address.starts_with("/messages?sessionId="), "{address}");
        host.messages = format!("{url}{address}");
        host
    }

    async fn next_event(&mut self) -> (String, String) {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let event: String = self.buffer.drain(..end + 2).collect();
                let field = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(name)).map(|v| v.trim().to_owned())
                };
                let found = field("event:").zip(field("data:"));
                if let Some(found) = found {
                    return found;
                }
                continue;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.stream.chunk()).await.unwrap().unwrap();
            self.buffer.push_str(std::str::from_utf8(&chunk.expect("the stream ended")).unwrap());
        }
    }

    async fn post(&self, message: &Value) -> StatusCode {
        self.post_raw(message.to_string()).await.status()
    }

    pub(crate) async fn post_raw(&self, body: String) -> Response {
        let request = self.client.post(&self.messages).header("content-type", "application/json");
        request.body(body).send().await.unwrap()
    }

    pub(crate) async fn next_message(&mut self) -> Value {
        let (event, data) = self.next_event().await;
        assert_eq!(event, "message");
        serde_json::from_str(&data).unwrap()
    }

    pub(crate) async fn request(&mut self, id: u64, method: &str, params: Value) -> Value {
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        assert_eq!(self.post(&message).await, StatusCode::ACCEPTED);
        let answer = self.next_message().await;
        assert_eq!(answer["id"], id);
        answer["result"].clone()
    }
}

#[tokio::test]
async fn a_host_of_2024_creates_a_code() {
    let server = Server::start(&PRACTICE).await;
    let mut host = SseHost::connect(&server).await;
    let answer = host.request(1, "initialize", initialize("2024-11-05")).await;
    assert_eq!(answer["protocolVersion"], "2024-11-05");
    host.post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    let new = call("create_coupon_code", json!({"promotion_id": 1, "code": "OLDSTYLE"}));
    assert_eq!(host.request(2, "tools/call", new).await["structuredContent"]["outcome"], "created");
}

#[tokio::test]
async fn what_comes_before_initialize_does_not_end_the_session() {
    let server = Server::start(&PRACTICE).await;
    let mut host = SseHost::connect(&server).await;
    host.post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    assert_eq!(
        host.request(1, "initialize", initialize("2025-11-25")).await["serverInfo"]["name"],
        "coupon-mcp"
    );
}

#[tokio::test]
async fn what_cannot_be_delivered_is_said_so() {
    let server = Server::start(&PRACTICE).await;
    let host = SseHost::connect(&server).await;
    let unknown = format!("{}/messages?sessionId=unknown", server.url);
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    assert_eq!(host.client.post(unknown).json(&ping).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    let junk = host.client.post(&host.messages).body("not json").send().await.unwrap();
    assert_eq!(junk.status(), StatusCode::BAD_REQUEST);
    let huge = host.client.post(&host.messages).body(vec![b' '; 5 << 20]).send().await.unwrap();
    assert_eq!(huge.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_closed_stream_ends_its_session_and_makes_room() {
    let arguments: Vec<_> = PRACTICE.iter().chain(&["--max-sessions", "1"]).copied().collect();
    let server = Server::start(&arguments).await;
    let first = SseHost::connect(&server).await;
    let refused = first.client.get(format!("{}/sse", server.url)).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let client = first.client.clone();
    drop(first);
    // The server notices when it next writes or the connection's end arrives; ask until there is room.
    let opened = futures::stream::unfold((), |()| async {
        Some((client.get(format!("{}/sse", server.url)).send().await.unwrap().status(), ()))
    });
    let mut opened = Box::pin(opened);
    let found = tokio::time::timeout(PATIENCE, async {
        while let Some(status) = opened.next().await {
            if status == StatusCode::OK {
                return true;
            }
        }
        false
    });
    assert!(found.await.unwrap());
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answers_is_told_so() {
    let server = Server::start(&PRACTICE).await;
    let host = SseHost::connect(&server).await;
    host.post(
        &json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": initialize("2025-11-25")}),
    )
    .await;
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    // The operating system's buffers take some thousands of answers before ours fill.
    for _ in 0..30_000 {
        if host.post(&list).await == StatusCode::SERVICE_UNAVAILABLE {
            return;
        }
    }
    panic!("answers pile up without a limit");
}

#[tokio::test]
async fn an_id_in_use_is_refused_and_its_first_call_goes_on() {
    let sandbox = Sandbox::start(&[]).await;
    let hold = json!({"method": "POST", "path": "/codes", "times": 1, "hold": "before_commit"});
    sandbox.fault(hold).await;
    let server = Server::start_command(sandbox.client_of(&["http", "--listen", "127.0.0.1:0"])).await;
    let mut host = SseHost::connect(&server).await;
    host.request(1, "initialize", initialize("2024-11-05")).await;
    let new = call("create_coupon_code", json!({"promotion_id": 1, "code": "FIRST"}));
    host.post(&json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": new})).await;
    sandbox.holds(1).await;
    host.post(&json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"})).await;
    assert_duplicate(&host.next_message().await, &json!(2));
    sandbox.release().await;
    let first = host.next_message().await;
    assert_eq!(first["result"]["structuredContent"]["outcome"], "created", "{first}");
}
