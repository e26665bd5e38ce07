use std::time::{Duration, Instant};

use axum::body::Body;
use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::{Rig, options, send};
use crate::sandbox::SandboxOptions;
use crate::sandbox::exchange::Exchange;
use crate::sandbox::store::Store;

/// A request to create a code, as bytes.
fn create(code: &str) -> String {
    let body = json!({ "code": code }).to_string();
    format!(
        "POST /stores/sandbox/v3/promotions/1/codes HTTP/1.1\r\nHost: localhost\r\n\
         X-Auth-Token: sandbox-token\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A request without a body, as bytes; `path` begins with the version.
fn bodiless(method: &str, path: &str) -> String {
    format!(
        "{method} /stores/sandbox{path} HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: sandbox-token\r\n\r\n"
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
async fn a_drop_meets_changes_and_deletions_before_or_after_their_commit() {
    let rig = Rig::start().await;
    let put = "PUT /stores/sandbox/v3/promotions/1 HTTP/1.1\r\nHost: localhost\r\n\
               X-Auth-Token: sandbox-token\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n\
               {\"status\":\"DISABLED\"}";
    let delete = bodiless("DELETE", "/v3/promotions/4/codes?id:in=2001,2002");
    for (point, committed) in [("before_commit", false), ("after_commit", true)] {
        rig.fault(&json!({ "method": "PUT", "path": "/promotions/1", "times": 1, "drop": point })).await;
        rig.fault(&json!({ "method": "DELETE", "path": "codes?id:in=", "times": 1, "drop": point })).await;

        assert_eq!(exchange(&rig, put).await, "");
        assert_eq!(exchange(&rig, &delete).await, "");
        let status = if committed { "DISABLED" } else { "ENABLED" };
        assert_eq!(rig.get("/promotions/1").await.json()["data"]["status"], status, "{point}");
        assert_eq!(rig.has_code("LOYAL-0001").await, !committed, "{point}");
    }
}

#[tokio::test]
async fn a_rule_meets_the_older_api_by_its_path() {
    let rig = Rig::start().await;
    rig.fault(&json!({ "method": "GET", "path": "/v2/coupons?code=", "times": 1, "status": 503 })).await;
    rig.fault(&json!({ "method": "GET", "path": "/v2/store", "times": 1, "drop": "before_commit" })).await;

    assert_eq!(rig.get("/promotions?code=WELCOME5").await.status, 200);
    assert_eq!(send(rig.v2(Method::GET, "/coupons?code=WELCOME5")).await.status, 503);
    assert_eq!(exchange(&rig, &bodiless("GET", "/v2/store")).await, "");
    assert_eq!(send(rig.v2(Method::GET, "/store")).await.status, 200);
}

#[tokio::test]
async fn a_rule_may_apply_to_the_nth_request_only() {
    let rig = Rig::start().await;
    rig.fault(&json!({ "method": "DELETE", "path": "/codes", "skip": 2, "times": 1, "status": 500 })).await;
    let mut statuses = Vec::new();
    for id in 2001..=2004 {
        statuses.push(rig.delete(&format!("/promotions/4/codes?id:in={id}")).await.status);
    }

    assert_eq!(statuses, [204, 204, 500, 204]);
    assert_eq!(rig.get("/promotions/4/codes?limit=2").await.ids(), [2003, 2005]);
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
async fn a_held_request_waits_before_or_after_its_work_until_it_is_released() {
    for (point, is_done) in [("before_commit", false), ("after_commit", true)] {
        let rig = Rig::start().await;
        rig.fault(&json!({ "method": "POST", "path": "/codes", "times": 1, "hold": point })).await;
        let body = json!({ "code": "HELD" });
        let held = rig.post("/promotions/1/codes", &body);
        let look = async {
            let reply = send(rig.bare(Method::GET, "/_sandbox/held?at_least=1")).await;
            assert_eq!(reply.json(), json!({ "held": 1 }));
            assert_eq!(rig.has_code("HELD").await, is_done);
            assert_eq!(rig.control("release", &json!({})).await.status, 204);
        };
        let (reply, ()) = tokio::join!(held, look);
        assert_eq!(reply.status, 201);
        assert!(rig.has_code("HELD").await);
        assert_eq!(send(rig.bare(Method::GET, "/_sandbox/held")).await.json(), json!({ "held": 0 }));
    }
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

#[tokio::test]
async fn of_two_rules_that_match_the_older_one_is_used_up_first() {
    let rig = Rig::start().await;
    for (path, times, status) in [("/promotions", 1, 500), ("/promotions/1", 2, 503)] {
        rig.fault(&json!({ "method": "GET", "path": path, "times": times, "status": status })).await;
    }
    for status in [500, 503, 503, 200] {
        assert_eq!(rig.get("/promotions/1").await.status, status);
    }
}

#[tokio::test]
async fn a_malformed_answer_is_one_even_where_the_answer_has_no_body() {
    let rig = Rig::start().await;
    rig.fault(&json!({ "method": "DELETE", "path": "/codes", "times": 1, "malformed": true })).await;
    let reply = rig.delete("/promotions/codes?code=SUMMER_SALE_2024").await;

    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
    assert_eq!(reply.text, "{\"data\":");
    assert!(!rig.has_code("SUMMER_SALE_2024").await);
}

/// Sends as many requests as the endpoint takes and one more, all of which create a code and are delayed
/// by an hour, and waits for the refusal of that one: then the others wait.
async fn fill(rig: &Rig) -> FuturesUnordered<impl Future<Output = reqwest::Result<reqwest::Response>>> {
    rig.fault(&json!({ "method": "POST", "path": "/codes", "times": 41, "delay_ms": 3_600_000 })).await;
    let create = |number: u32| {
        let code = json!({ "code": format!("DELAYED{number}") });
        rig.request(Method::POST, "/promotions/4/codes").json(&code).send()
    };
    let mut requests: FuturesUnordered<_> = (0..41).map(create).collect();
    let refused = requests.next().await.unwrap().unwrap();
    assert_eq!(refused.status(), 429);
    requests
}

#[tokio::test]
async fn a_delay_comes_before_the_commit() {
    let rig = Rig::start().await;
    let before = rig.get("/promotions/4/codes").await.text;
    let _waiting = fill(&rig).await;

    assert_eq!(rig.get("/promotions/4/codes").await.text, before);
}

#[tokio::test]
async fn a_reset_ends_the_requests_that_wait_and_nothing_of_them_is_left() {
    let rig = Rig::start().await;
    let before = rig.get("/promotions/4/codes").await.text;
    let waiting = fill(&rig).await;
    assert_eq!(send(rig.bare(Method::POST, "/_sandbox/reset")).await.status, 204);

    assert_eq!(rig.post("/promotions/1/codes", &json!({ "code": "NEXT" })).await.status, 201);
    let answers: Vec<_> = waiting.collect().await;
    assert!(answers.iter().all(Result::is_err), "{answers:?}");
    assert_eq!(rig.get("/promotions/4/codes").await.text, before);
    assert_eq!(rig.log().await, ["POST /promotions/1/codes 201", "GET /promotions/4/codes 200"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_after_a_reset_agrees_with_the_store() {
    let rig = Rig::start().await;
    let create = async |number: u32| {
        let code = json!({ "code": format!("RACE{number}") });
        // Whether it is answered depends on whether it came before the reset.
        drop(rig.request(Method::POST, "/promotions/4/codes").json(&code).send().await);
    };
    for _ in 0..10 {
        let early = join_all((0..30).map(create));
        let reset = async { send(rig.bare(Method::POST, "/_sandbox/reset")).await.status };
        let (_, status) = tokio::join!(early, reset);
        assert_eq!(status, 204);

        let logged = rig.log().await.iter().filter(|entry| entry.ends_with(" 201")).count();
        let codes = rig.get("/promotions/4/codes?limit=1").await.json();
        assert_eq!(codes["meta"]["pagination"]["total"], 1000 + logged);
    }
}

#[tokio::test]
async fn requests_are_remembered_only_beside_the_control_api() {
    for (control, remembered) in [(false, 0), (true, 1)] {
        let exchange =
            Exchange::new(SandboxOptions { control, ..options() }, Store::open(None).await.unwrap());
        let request = http::Request::get("/stores/sandbox/v3/promotions").body(Body::empty()).unwrap();
        assert_eq!(exchange.answer(request).await.unwrap().status, 401);

        let log = exchange.requests().await;
        assert_eq!(log["requests"].as_array().unwrap().len(), remembered, "control: {control}");
    }
}

#[tokio::test]
async fn a_request_whose_body_broke_off_is_not_carried_out() {
    let rig = Rig::start().await;
    let mut stream = TcpStream::connect(rig.address).await.unwrap();
    let head = "DELETE /stores/sandbox/v3/promotions/codes?code=SUMMER_SALE_2024 HTTP/1.1\r\n\
                Host: localhost\r\nX-Auth-Token: sandbox-token\r\nContent-Length: 10\r\n\r\n";
    stream.write_all(format!("{head}123").as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut received = String::new();
    stream.read_to_string(&mut received).await.unwrap();

    assert_eq!(received, "");
    assert!(rig.has_code("SUMMER_SALE_2024").await);
}
