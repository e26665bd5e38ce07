//! The memory that callers can make the server hold.

use std::time::Duration;

use coupon_mcp::transport::HttpSettings;
use reqwest::StatusCode;
use rmcp::model::{ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Map, Value, json};

use crate::support::http_host::{HttpHost, message};
use crate::support::initialize;
use crate::support::process::PATIENCE;
use crate::support::raw::{Raw, Served};

const ANSWER_BYTES: usize = 200 << 10;

/// A server whose list of tools is long.
#[derive(Clone)]
struct Talker;

impl ServerHandler for Talker {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tool = Tool::new("talk", "x".repeat(ANSWER_BYTES), Map::new());
        Ok(ListToolsResult::with_all_items(vec![tool]))
    }
}

/// Padding after which a body is of so many bytes.
fn request(method: &str, bytes: usize) -> String {
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": initialize("2025-11-25")});
    format!("{}{request}", " ".repeat(bytes))
}

async fn status(connection: &mut Raw) -> String {
    connection.read_until("\r\n\r\n").await
}

#[tokio::test]
async fn unfinished_bodies_share_a_bound_and_give_it_back() {
    // 24 KiB for bodies.
    let settings = HttpSettings { memory_bytes: 64 << 10, ..HttpSettings::default() };
    let server = Served::start(Talker, settings).await;
    let large = request("initialize", 15 << 10);
    let (most, rest) = large.split_at(large.len() - 10);
    let mut first = server.connect().await;
    first.begin_post("/mcp", large.len(), most).await;
    let mut second = server.connect().await;
    loop {
        second.begin_post("/mcp", large.len(), &large).await;
        let answer = status(&mut second).await;
        // Until the first one's bytes have been read there is room.
        if !answer.starts_with("HTTP/1.1 200") {
            assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: "), "{answer}");
            break;
        }
        second = server.connect().await;
    }
    // What is small needs no part of it.
    let host = HttpHost::open(&server.url, "2025-11-25").await;
    drop(host);
    first.send(rest).await;
    assert!(status(&mut first).await.starts_with("HTTP/1.1 200"));
    drop(first);
    let mut third = server.connect().await;
    third.begin_post("/mcp", large.len(), &large).await;
    assert!(status(&mut third).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn bodies_up_to_the_limit_are_taken() {
    let server = Served::start(Talker, HttpSettings::default()).await;
    let host = HttpHost::new(&server.url);
    let fits = |bytes: usize| {
        let body = request("initialize", bytes - request("initialize", 0).len());
        host.client
            .post(format!("{}/mcp", server.url))
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .body(body)
            .send()
    };
    for _ in 0..20 {
        assert_eq!(fits(4 << 20).await.unwrap().status(), StatusCode::OK);
    }
    assert_eq!(fits((4 << 20) + 1).await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
}

/// A session on HTTP+SSE whose stream nobody reads.
async fn unread_session(server: &Served, host: &HttpHost) -> (Raw, String) {
    let mut stream = server.connect().await;
    stream.get("/sse").await;
    let opened = stream.read_until("/messages?sessionId=").await;
    let mut rest = opened.rsplit("sessionId=").next().unwrap().to_owned();
    if !rest.contains('\n') {
        rest += &stream.read_until("\n").await;
    }
    let url = format!("{}/messages?sessionId={}", server.url, rest.split_whitespace().next().unwrap());
    let opening =
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": initialize("2025-11-25")});
    assert_eq!(host.client.post(&url).json(&opening).send().await.unwrap().status(), StatusCode::ACCEPTED);
    (stream, url)
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_session_and_others_go_on() {
    // 3 MiB for answers, of which each is 200 KiB.
    let settings = HttpSettings {
        memory_bytes: 8 << 20,
        unread_time: Duration::from_millis(500),
        header_time: Duration::from_millis(500),
        ..HttpSettings::default()
    };
    let server = Served::start(Talker, settings).await;
    let host = HttpHost::new(&server.url);
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let mut unread = Vec::new();
    for _ in 0..6 {
        unread.push(unread_session(&server, &host).await);
    }
    let closing = async {
        for (_, url) in &unread {
            loop {
                let status = host.client.post(url).json(&list).send().await.unwrap().status();
                match status {
                    StatusCode::NOT_FOUND | StatusCode::GONE => break,
                    StatusCode::ACCEPTED | StatusCode::SERVICE_UNAVAILABLE => {}
                    other => panic!("{other}"),
                }
            }
        }
    };
    tokio::time::timeout(PATIENCE, closing).await.expect("the sessions are kept");
    let session = HttpHost::open(&server.url, "2025-11-25").await;
    for _ in 0..20 {
        let listed: Value = session.exchange("tools/list", json!({})).await;
        let description = listed["result"]["tools"][0]["description"].as_str().unwrap();
        assert_eq!(description.len(), ANSWER_BYTES);
        let listed = message(session.modern("tools/list", json!({})).await).await;
        assert_eq!(listed["result"]["tools"][0]["name"], "talk");
    }
}
