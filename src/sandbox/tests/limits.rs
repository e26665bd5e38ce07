use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use reqwest::Method;
use serde_json::json;

use super::support::{Reply, Rig, options, send};
use crate::sandbox::SandboxOptions;

fn quota(quota: u32, window: Duration) -> SandboxOptions {
    SandboxOptions { quota, window, ..options() }
}

fn rate(reply: &Reply) -> [Option<&str>; 3] {
    ["time-window-ms", "requests-quota", "requests-left"]
        .map(|name| reply.header(&format!("x-rate-limit-{name}")))
}

#[tokio::test]
async fn every_api_answer_tells_what_is_left_of_the_quota() {
    let rig = Rig::with(quota(450, Duration::from_secs(30))).await;

    let found = rig.get("/promotions/1").await;
    assert_eq!(rate(&found), [Some("30000"), Some("450"), Some("449")]);
    let reset: u64 = found.header("x-rate-limit-time-reset-ms").unwrap().parse().unwrap();
    assert!((1..=30_000).contains(&reset), "{reset}");
    assert_eq!(found.header("x-retry-after"), None);

    let missing = rig.get("/promotions/99").await;
    assert_eq!((missing.status, rate(&missing)), (404, [Some("30000"), Some("450"), Some("448")]));
    let deleted = rig.delete("/promotions/99").await;
    assert_eq!((deleted.status, rate(&deleted)), (204, [Some("30000"), Some("450"), Some("447")]));
}

#[tokio::test]
async fn an_exhausted_quota_answers_429_with_the_seconds_to_wait_and_does_nothing() {
    let rig = Rig::with(quota(1, Duration::from_secs(30))).await;
    rig.get("/promotions/1").await;
    let reply = rig.post("/promotions/1/codes", &json!({ "code": "TOO_MUCH" })).await;

    assert_eq!((reply.status, rate(&reply)), (429, [Some("30000"), Some("1"), Some("0")]));
    assert!(reply.header("x-rate-limit-time-reset-ms").is_some());
    let seconds: u64 = reply.header("x-retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&seconds), "{seconds}");
    assert_eq!(reply.json()["title"], "Too many requests");
    assert_eq!(rig.log().await, ["GET /promotions/1 200", "POST /promotions/1/codes 429"]);
}

#[tokio::test]
async fn without_a_quota_no_answer_has_rate_headers() {
    let rig = Rig::start().await;
    let reply = rig.get("/promotions/1").await;
    assert!(reply.headers.keys().all(|name| !name.as_str().starts_with("x-rate")), "{:?}", reply.headers);
}

/// Sends one request more than the endpoint takes at the same time. As those that are taken wait for
/// longer than any test, the first answer is the refusal.
async fn first_answer_of(rig: &Rig, count: usize, path: &str) -> Reply {
    rig.fault(&json!({ "method": "GET", "path": path, "times": count, "delay_ms": 3_600_000 })).await;
    let mut requests: FuturesUnordered<_> = (0..count).map(|_| rig.get(path)).collect();
    requests.next().await.unwrap()
}

#[tokio::test]
async fn more_requests_at_once_than_an_endpoint_takes_answer_429_with_the_rate_headers() {
    let rig = Rig::with(quota(450, Duration::from_secs(30))).await;
    for (count, path) in [(11, "/promotions/1/codes"), (41, "/promotions/1?")] {
        let reply = first_answer_of(&rig, count, path).await;
        assert_eq!(reply.status, 429, "{path}");
        let [window, quota, left] = rate(&reply);
        assert_eq!((window, quota, left.is_some()), (Some("30000"), Some("450"), true), "{path}");
        assert_eq!(reply.header("x-retry-after"), None, "{path}");
    }
    assert_eq!(rig.get("/promotions/codes?code=X").await.status, 200);
}

#[tokio::test]
async fn latency_holds_back_the_work() {
    let latency = Duration::from_millis(30);
    let rig = Rig::with(SandboxOptions { latency, ..options() }).await;
    let start = std::time::Instant::now();
    rig.get("/promotions/1").await;
    assert!(start.elapsed() >= latency);
}

#[tokio::test]
async fn the_time_until_the_next_window_is_that_of_the_answer() {
    let latency = Duration::from_millis(50);
    let rig = Rig::with(SandboxOptions { latency, ..quota(450, Duration::from_secs(30)) }).await;
    let reply = rig.get("/promotions/1").await;

    let reset: u64 = reply.header("x-rate-limit-time-reset-ms").unwrap().parse().unwrap();
    assert!(reset <= 29_950, "{reset}");
}

#[tokio::test]
async fn a_request_that_is_refused_before_its_work_does_not_wait() {
    let rig = Rig::with(SandboxOptions { latency: Duration::from_hours(1), ..options() }).await;

    assert_eq!(send(rig.bare(Method::GET, "/stores/sandbox/v3/promotions")).await.status, 401);
    assert_eq!(rig.get("/nowhere").await.status, 404);
}
