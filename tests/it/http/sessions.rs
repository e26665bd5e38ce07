//! Sessions on Streamable HTTP: how many, and what ends them.

use std::sync::Arc;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{holding, start_code};
use crate::support::call;
use crate::support::http_host::{HttpHost, message};
use crate::support::initialize;
use crate::support::process::{PATIENCE, Server};

fn opening() -> Value {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": initialize("2025-11-25")})
}

async fn is_open(host: &HttpHost) -> bool {
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    match host.post(list, &[]).await.status() {
        StatusCode::OK => true,
        StatusCode::NOT_FOUND => false,
        other => panic!("{other}"),
    }
}

fn assert_created(answer: &Value) {
    assert_eq!(answer["result"]["structuredContent"]["outcome"], "created", "{answer}");
}

#[tokio::test]
async fn a_flood_of_sessions_leaves_one_with_a_call_alone() {
    let (sandbox, server) = holding(&["--max-sessions", "3"]).await;
    let host = Arc::new(HttpHost::open(&server.url, "2025-11-25").await);
    let first = start_code(&host, "FIRST");
    sandbox.holds(1).await;
    let stranger = HttpHost::new(&server.url);
    for _ in 0..100 {
        assert_eq!(stranger.post(opening(), &[]).await.status(), StatusCode::OK);
    }
    sandbox.release().await;
    assert_created(&first.await.unwrap());
    assert!(is_open(&host).await);
}

#[tokio::test]
async fn a_session_is_refused_while_none_is_idle() {
    let (sandbox, server) = holding(&["--max-sessions", "1"]).await;
    let host = Arc::new(HttpHost::open(&server.url, "2025-11-25").await);
    let first = start_code(&host, "FIRST");
    sandbox.holds(1).await;
    let stranger = HttpHost::new(&server.url);
    let refused = stranger.post(opening(), &[]).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
    sandbox.release().await;
    assert_created(&first.await.unwrap());
    // The host may have its answer a moment before the server has put the call away.
    let opened = async { while stranger.post(opening(), &[]).await.status() != StatusCode::OK {} };
    tokio::time::timeout(PATIENCE, opened).await.expect("the session is not given up");
    assert!(!is_open(&host).await);
}

#[tokio::test]
async fn idle_time_counts_from_the_end_of_the_last_call() {
    let (sandbox, server) = holding(&["--max-sessions", "2"]).await;
    let early = Arc::new(HttpHost::open(&server.url, "2025-11-25").await);
    let first = start_code(&early, "FIRST");
    sandbox.holds(1).await;
    let late = HttpHost::open(&server.url, "2025-11-25").await;
    assert!(is_open(&late).await);
    sandbox.release().await;
    assert_created(&first.await.unwrap());
    let _third = HttpHost::open(&server.url, "2025-11-25").await;
    assert!(!is_open(&late).await);
    assert!(is_open(&early).await);
}

#[tokio::test]
async fn a_session_ended_in_mid_call_lets_the_call_end() {
    let (sandbox, server) = holding(&[]).await;
    let host = Arc::new(HttpHost::open(&server.url, "2025-11-25").await);
    let first = start_code(&host, "FIRST");
    sandbox.holds(1).await;
    for _ in 0..2 {
        assert_eq!(host.end().await.status(), StatusCode::NO_CONTENT);
        assert!(!is_open(&host).await);
    }
    sandbox.release().await;
    let answer = first.await.unwrap();
    assert_created(&answer);
    assert_eq!(sandbox.count("FIRST").await, 1);
    let undo = json!({"change_id": answer["result"]["structuredContent"]["change_id"]});
    let other = HttpHost::open(&server.url, "2025-11-25").await;
    let undone = other.call("undo", undo).await;
    assert_ne!(undone["isError"], true, "{undone}");
    assert_eq!(sandbox.count("FIRST").await, 0);
}

#[tokio::test]
async fn a_client_that_leaves_in_mid_call_leaves_a_whole_change() {
    let (sandbox, server) = holding(&[]).await;
    let leaves = HttpHost::new(&server.url);
    let new = call("create_coupon_code", json!({"promotion_id": 1, "code": "LEFT"}));
    let first = tokio::spawn(async move { leaves.modern("tools/call", new).await });
    sandbox.holds(1).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    sandbox.release().await;
    let stays = HttpHost::new(&server.url);
    let undone = async {
        loop {
            let answer = message(stays.modern("tools/call", call("undo", json!({}))).await).await;
            if answer["result"]["isError"] != true {
                return answer;
            }
        }
    };
    let undone = tokio::time::timeout(PATIENCE, undone).await.expect("the change is not on record");
    assert_eq!(undone["result"]["structuredContent"]["codes_deleted"], 1, "{undone}");
    assert_eq!(sandbox.count("LEFT").await, 0);
}

#[tokio::test]
async fn an_address_that_opens_too_many_sessions_has_to_wait() {
    let few = ["http", "--listen", "127.0.0.1:0", "--sandbox", "--sessions-per-minute", "2"];
    let server = Server::start(&few).await;
    let host = HttpHost::open(&server.url, "2025-11-25").await;
    let _second = HttpHost::open(&server.url, "2025-11-25").await;
    let stream = host.client.get(format!("{}/sse", server.url)).send().await.unwrap();
    for refused in [HttpHost::new(&server.url).post(opening(), &[]).await, stream] {
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    assert!(is_open(&host).await);
    let other = HttpHost::from_address(&server.url, "127.0.0.2");
    // Elsewhere loopback is one address.
    if cfg!(target_os = "linux") {
        assert_eq!(other.post(opening(), &[]).await.status(), StatusCode::OK);
    }
}
