use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::{Rig, options, send};
use crate::sandbox::SandboxOptions;

/// A request to create a code, as bytes.
fn create(code: &str) -> String {
    let body = json!({ "code": code }).to_string();
    format!(
        "POST /stores/sandbox/v3/promotions/1/codes HTTP/1.1\r\nHost: localhost\r\n\
         X-Auth-Token: sandbox-token\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Everything that the sandbox sends on the connection until it closes it.
async fn exchange(rig: &Rig, request: &str) -> String {
    let mut stream = TcpStream::connect(rig.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = String::new();
    stream.read_to_string(&mut received).await.unwrap();
    received
}

#[tokio::test]
async fn a_status_fault_answers_as_told_without_doing_the_work() {
    let rig = Rig::with(SandboxOptions { quota: 450, ..options() }).await;
    rig.fault(&json!({
        "method": "POST",
        "path": "/promotions/1/codes",
        "times": 1,
        "status": 429,
        "body": "<html>busy</html>",
        "headers": { "X-Retry-After": "3" },
    }))
    .await;

    let reply = rig.post("/promotions/1/codes", &json!({ "code": "LATER" })).await;
    assert_eq!((reply.status, reply.text.as_str()), (429, "<html>busy</html>"));
    assert_eq!((reply.header("content-type"), reply.header("x-retry-after")), (Some("text/html"), Some("3")));
    assert_eq!(reply.header("x-rate-limit-requests-left"), None);
    assert!(!rig.has_code("LATER").await);
    assert_eq!(rig.post("/promotions/1/codes", &json!({ "code": "LATER" })).await.status, 201);
}

#[tokio::test]
async fn a_drop_before_the_commit_closes_the_connection_and_does_nothing() {
    let rig = Rig::start().await;
    rig.fault(&json!({ "method": "POST", "path": "/codes", "times": 1, "drop": "before_commit" })).await;

    assert_eq!(exchange(&rig, &create("DROPPED")).await, "");
    assert!(!rig.has_code("DROPPED").await);
    assert_eq!(rig.log().await[0], "POST /promotions/1/codes 0");
}

#[tokio::test]
async fn a_drop_after_the_commit_closes_the_connection_with_the_work_done() {
    let rig = Rig::start().await;
    rig.fault(&json!({ "method": "POST", "path": "/codes", "times": 1, "drop": "after_commit" })).await;

    assert_eq!(exchange(&rig, &create("DROPPED")).await, "");
    assert!(rig.has_code("DROPPED").await);
    assert_eq!(rig.log().await[0], "POST /promotions/1/codes 0");
}

#[tokio::test]
async fn a_malformed_fault_does_the_work_and_cuts_the_json_off() {
    let rig = Rig::start().await;
    rig.fault(&json!({ "method": "POST", "path": "/codes", "times": 1, "malformed": true })).await;
    let reply = rig.post("/promotions/1/codes", &json!({ "code": "CUT" })).await;

    assert_eq!((reply.status, reply.header("content-type")), (201, Some("application/json")));
    assert_eq!(reply.header("content-length").unwrap(), reply.text.len().to_string());
    assert!(reply.text.starts_with("{\"data\":{\"id\":3001") && !reply.text.ends_with('}'), "{}", reply.text);
    assert!(rig.has_code("CUT").await);
}

#[tokio::test]
async fn a_delay_fault_holds_back_the_work() {
    let rig = Rig::start().await;
    rig.fault(&json!({ "method": "GET", "path": "promotions?id=1", "times": 1, "delay_ms": 30 })).await;
    let start = Instant::now();

    assert_eq!(rig.get("/promotions?id=1").await.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn a_request_is_carried_out_even_if_its_client_has_gone() {
    let rig = Rig::start().await;
    rig.fault(&json!({ "method": "POST", "path": "/codes", "times": 1, "delay_ms": 50 })).await;
    let mut stream = TcpStream::connect(rig.address).await.unwrap();
    stream.write_all(create("GONE").as_bytes()).await.unwrap();
    drop(stream);

    let carried_out = async { while rig.log().await.is_empty() {} };
    tokio::time::timeout(Duration::from_secs(20), carried_out).await.unwrap();
    assert_eq!(rig.log().await, ["POST /promotions/1/codes 201"]);
    assert!(rig.has_code("GONE").await);
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let rig = Rig::start().await;
    let request = "GET /stores/sandbox/v3/promotions/1 HTTP/1.1\r\nHost: localhost\r\n\
                   X-Auth-Token: sandbox-token\r\n\r\n";
    let last = request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let received = exchange(&rig, &format!("{request}{request}{last}")).await;
    assert_eq!(received.matches("HTTP/1.1 200 OK").count(), 3);
}

#[tokio::test]
async fn an_invalid_rule_answers_400_and_cleared_rules_no_longer_apply() {
    let rig = Rig::start().await;
    let reply = send(rig.bare(Method::POST, "/_sandbox/faults").body("{}")).await;
    assert_eq!(reply.status, 400);
    assert!(reply.json()["error"].as_str().unwrap().contains("missing field `method`"), "{}", reply.text);

    rig.fault(&json!({ "method": "GET", "path": "/", "times": 9, "status": 503 })).await;
    assert_eq!(rig.get("/promotions/1").await.status, 503);
    assert_eq!(send(rig.bare(Method::DELETE, "/_sandbox/faults")).await.status, 204);
    assert_eq!(rig.get("/promotions/1").await.status, 200);
}

#[tokio::test]
async fn the_request_log_holds_path_query_and_status_and_no_control_request() {
    let rig = Rig::start().await;
    rig.get("/promotions?limit=1").await;
    rig.get("/promotions/99").await;
    let log = send(rig.bare(Method::GET, "/_sandbox/requests")).await.json();

    assert_eq!(
        log,
        json!({ "requests": [
            { "method": "GET", "path": "/stores/sandbox/v3/promotions", "query": "limit=1", "status": 200 },
            { "method": "GET", "path": "/stores/sandbox/v3/promotions/99", "status": 404 },
        ] })
    );
}

#[tokio::test]
async fn a_reset_goes_back_to_the_seeds_and_forgets_rules_requests_and_quota() {
    let rig = Rig::with(SandboxOptions { quota: 10, ..options() }).await;
    rig.post("/promotions/1/codes", &json!({ "code": "NEW" })).await;
    rig.delete("/promotions/codes?code=LOYAL-0001").await;
    rig.put("/promotions/6", &json!({ "status": "ENABLED" })).await;
    rig.fault(&json!({ "method": "GET", "path": "/", "times": 9, "status": 503 })).await;
    assert_eq!(send(rig.bare(Method::POST, "/_sandbox/reset")).await.status, 204);

    assert_eq!(rig.log().await, [""; 0]);
    let reply = rig.get("/promotions/6").await;
    assert_eq!(reply.json()["data"]["status"], "DISABLED");
    assert_eq!(reply.header("x-rate-limit-requests-left"), Some("9"));
    assert!(rig.has_code("LOYAL-0001").await);
    let reply = rig.post("/promotions/1/codes", &json!({ "code": "NEW" })).await;
    assert_eq!(reply.json()["data"]["id"], 3001);
}
