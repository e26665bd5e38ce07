//! The server on Streamable HTTP.

mod fair_share;
mod sessions;
mod stopping;

use std::sync::Arc;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::http_host::{HttpHost, message};
use crate::support::process::{Nowhere, PATIENCE, Server, binary};
use crate::support::sandbox::Sandbox;
use crate::support::{assert_duplicate, call, initialize};

const PRACTICE: [&str; 4] = ["http", "--listen", "127.0.0.1:0", "--sandbox"];

#[tokio::test]
async fn sessions_of_every_legacy_version_are_served() {
    let server = Server::start(&PRACTICE).await;
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let host = HttpHost::open(&server.url, version).await;
        let listed = host.call("list_coupon_codes", json!({"promotion_id": 1})).await;
        assert_eq!(listed["structuredContent"]["coupon_codes"][0]["code"], "SUMMER_SALE_2024");
    }
}

#[tokio::test]
async fn the_stateless_era_is_answered_with_plain_json() {
    let server = Server::start(&PRACTICE).await;
    let host = HttpHost::new(&server.url);
    let answer = host
        .modern("tools/call", call("create_coupon_code", json!({"promotion_id": 1, "code": "WEB"})))
        .await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    let result = message(answer).await["result"].clone();
    assert_eq!(result["structuredContent"]["outcome"], "created");
    assert_eq!(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "coupon-mcp");
    let found: Value = message(host.modern("server/discover", json!({})).await).await;
    assert_eq!(found["result"]["ttlMs"], 3_600_000);
}

#[tokio::test]
async fn all_transports_and_sessions_share_one_store() {
    let server = Server::start(&PRACTICE).await;
    let legacy = HttpHost::open(&server.url, "2025-11-25").await;
    legacy.call("create_coupon_code", json!({"promotion_id": 1, "code": "SHARED"})).await;
    let modern = HttpHost::new(&server.url);
    let params = call("list_coupon_codes", json!({"promotion_id": 1, "code": "shared"}));
    let listed = message(modern.modern("tools/call", params).await).await;
    assert_eq!(listed["result"]["structuredContent"]["coupon_codes"][0]["code"], "SHARED");
}

#[tokio::test]
async fn every_route_is_closed_to_foreign_hosts_and_origins() {
    let server = Server::start(&PRACTICE).await;
    let client = HttpHost::new(&server.url).client;
    for route in ["/mcp", "/sse", "/messages?sessionId=x", "/healthz", "/readyz", "/nowhere"] {
        let url = format!("{}{route}", server.url);
        for (name, value) in [("host", "evil.example"), ("origin", "http://evil.example"), ("origin", "null")]
        {
            for request in [client.get(&url), client.post(&url).json(&json!({}))] {
                let answer = request.header(name, value).send().await.unwrap();
                assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{route} {name}: {value}");
            }
        }
    }
    for route in ["/healthz", "/readyz"] {
        let url = format!("{}{route}", server.url);
        let answer = client.get(url).header("origin", "http://localhost:6274").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn readyz_says_why_no_call_can_be_answered() {
    let sandbox = Sandbox::start(&[]).await;
    let ask = async |variable: &str, value: &str| {
        let mut command = sandbox.client_of(&["http", "--listen", "127.0.0.1:0"]);
        command.env(variable, value);
        let server = Server::start_command(command).await;
        let client = HttpHost::new(&server.url).client;
        let answer = client.get(format!("{}/readyz", server.url)).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    assert_eq!(ask("BIGCOMMERCE_ACCESS_TOKEN", "sandbox-token").await, (StatusCode::OK, String::new()));
    let nowhere = Nowhere::new();
    for (variable, value, code) in [
        ("BIGCOMMERCE_ACCESS_TOKEN", "not-the-token", "unauthorized: "),
        ("BIGCOMMERCE_STORE_HASH", "another", "forbidden: "),
        ("BIGCOMMERCE_API_URL", nowhere.url.as_str(), "connection_failed: "),
    ] {
        let (status, reason) = ask(variable, value).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{variable}: {reason}");
        assert!(reason.starts_with(code) && !reason.contains("not-the-token"), "{variable}: {reason}");
    }
}

#[tokio::test]
async fn looking_at_readyz_often_asks_the_store_once() {
    let sandbox = Sandbox::start(&[]).await;
    let server = Server::start_command(sandbox.client_of(&["http", "--listen", "127.0.0.1:0"])).await;
    let client = HttpHost::new(&server.url).client;
    let looks = (0..20).map(|_| client.get(format!("{}/readyz", server.url)).send());
    for answer in futures::future::join_all(looks).await {
        assert_eq!(answer.unwrap().status(), StatusCode::OK);
    }
    assert_eq!(sandbox.requests().await.len(), 1);
}

#[tokio::test]
async fn hosts_and_origins_can_be_allowed() {
    let allowed = ["--allowed-host", "mcp.example", "--allowed-origin", "https://app.example"];
    let arguments: Vec<_> = PRACTICE.iter().chain(&allowed).copied().collect();
    let server = Server::start(&arguments).await;
    let client = HttpHost::new(&server.url).client;
    let health = client.get(format!("{}/healthz", server.url));
    let answer =
        health.header("host", "mcp.example:8443").header("origin", "https://app.example").send().await;
    assert_eq!(answer.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn other_addresses_than_loopback_need_a_word_for_it() {
    let refused = binary(&["http", "--listen", "0.0.0.0:0", "--sandbox"]).output().await.unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(text.contains("--insecure-no-auth") && !text.contains("listening on"), "{text}");
    let server = Server::start(&["http", "--listen", "0.0.0.0:0", "--sandbox", "--insecure-no-auth"]).await;
    assert!(server.url.starts_with("http://0.0.0.0:"));
}

#[tokio::test]
async fn without_credentials_http_does_not_start() {
    let refused = binary(&["http", "--listen", "127.0.0.1:0"]).output().await.unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(refused.stdout.is_empty());
    let text = String::from_utf8(refused.stderr).unwrap();
    for part in ["BIGCOMMERCE_STORE_HASH", "BIGCOMMERCE_ACCESS_TOKEN", "--sandbox"] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn a_body_past_the_limit_is_refused() {
    let server = Server::start(&PRACTICE).await;
    let host = HttpHost::new(&server.url);
    let code = "A".repeat(5 << 20);
    let answer =
        host.modern("tools/call", call("create_coupon_code", json!({"promotion_id": 1, "code": code}))).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn one_session_too_many_closes_the_one_that_was_idle_longest() {
    let arguments: Vec<_> = PRACTICE.iter().chain(&["--max-sessions", "2"]).copied().collect();
    let server = Server::start(&arguments).await;
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    // The server puts a call away a moment after its answer: the one that is to be idle longest is done with first.
    let second = HttpHost::open(&server.url, "2025-11-25").await;
    let first = HttpHost::open(&server.url, "2025-11-25").await;
    assert_eq!(first.post(list.clone(), &[]).await.status(), StatusCode::OK);
    let third = HttpHost::new(&server.url);
    let opening =
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": initialize("2025-11-25")});
    let opened = third.post(opening, &[]).await;
    assert_eq!(opened.status(), StatusCode::OK);
    assert_eq!(second.post(list.clone(), &[]).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(first.post(list, &[]).await.status(), StatusCode::OK);
    assert_eq!(third.modern("tools/list", json!({})).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_session_that_does_not_exist_is_not_found() {
    let server = Server::start(&PRACTICE).await;
    let host = HttpHost::new(&server.url);
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let answer = host.post(body, &[("mcp-session-id", "no-such-session")]).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[cfg(unix)]
#[tokio::test]
async fn signals_end_the_server_with_sessions_and_a_call_open() {
    for signal in ["-TERM", "-INT"] {
        // An API that takes the request and never answers.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut command = binary(&["http", "--listen", "127.0.0.1:0"]);
        command
            .env("BIGCOMMERCE_API_URL", format!("http://{}", silent.local_addr().unwrap()))
            .env("BIGCOMMERCE_STORE_HASH", "abc")
            .env("BIGCOMMERCE_ACCESS_TOKEN", "t");
        let mut server = Server::start_command(command).await;
        let host = HttpHost::open(&server.url, "2025-11-25").await;
        let stream = host.client.get(format!("{}/sse", server.url)).send().await.unwrap();
        let busy =
            tokio::spawn(async move { host.call("list_coupon_codes", json!({"promotion_id": 1})).await });
        let _call = tokio::time::timeout(PATIENCE, silent.accept()).await.unwrap().unwrap();
        server.signal(signal);
        let status = tokio::time::timeout(PATIENCE, server.child.wait()).await.unwrap().unwrap();
        assert_eq!(status.code(), Some(0), "{signal}");
        busy.abort();
        drop(stream);
    }
}

/// A store that holds the next new code, and a server on it.
async fn holding(arguments: &[&str]) -> (Sandbox, Server) {
    let sandbox = Sandbox::start(&["--quota", "0"]).await;
    let hold = json!({"method": "POST", "path": "/codes", "times": 1, "hold": "before_commit"});
    sandbox.fault(hold).await;
    let usual = ["http", "--listen", "127.0.0.1:0", "--confirm", "never"];
    let arguments: Vec<_> = usual.iter().chain(arguments).copied().collect();
    let server = Server::start_command(sandbox.client_of(&arguments)).await;
    (sandbox, server)
}

/// Starts to create a code with the request id 2.
fn start_code(host: &Arc<HttpHost>, code: &str) -> JoinHandle<Value> {
    let new = call("create_coupon_code", json!({"promotion_id": 1, "code": code}));
    let request = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": new});
    let host = Arc::clone(host);
    tokio::spawn(async move { message(host.post(request, &[]).await).await })
}

#[tokio::test]
async fn an_id_in_use_is_refused_and_its_first_call_goes_on() {
    let (sandbox, server) = holding(&[]).await;
    let host = Arc::new(HttpHost::open(&server.url, "2025-11-25").await);
    let first = start_code(&host, "FIRST");
    sandbox.holds(1).await;
    let list = |id: Value| json!({"jsonrpc": "2.0", "id": id, "method": "tools/list"});
    assert_duplicate(&message(host.post(list(json!(2)), &[]).await).await, &json!(2));
    assert_eq!(message(host.post(list(json!("2")), &[]).await).await["id"], "2");
    sandbox.release().await;
    let first = first.await.unwrap();
    assert_eq!(first["result"]["structuredContent"]["outcome"], "created", "{first}");
    assert!(message(host.post(list(json!(2)), &[]).await).await["result"]["tools"].is_array());
}

#[tokio::test]
async fn one_id_in_two_sessions_is_no_duplicate() {
    let (sandbox, server) = holding(&[]).await;
    let host = Arc::new(HttpHost::open(&server.url, "2025-11-25").await);
    let other = HttpHost::open(&server.url, "2025-11-25").await;
    let first = start_code(&host, "FIRST");
    sandbox.holds(1).await;
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"});
    assert!(message(other.post(list, &[]).await).await["result"]["tools"].is_array());
    sandbox.release().await;
    assert_eq!(first.await.unwrap()["result"]["structuredContent"]["outcome"], "created");
}
