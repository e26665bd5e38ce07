//! 429: waited for within the call's patience, told with its seconds beyond it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;
use crate::support::stdio_host::StdioHost;
use crate::support::store_view::StoreView;
use crate::support::tool_error;
use crate::support::wire::Act;

use super::{CREATE, LIST, Line, kind, says};

/// Three windows of the usual length: as long as a header is believed.
const THREE_WINDOWS_S: u64 = 90;
const TEN_YEARS_MS: &str = "315360000000";

const CALLS: [(&str, &str); 2] = [(CREATE, "POST"), (LIST, "GET")];

/// A line with one 429 ahead of the tool's first request.
async fn limited(arguments: &[&str], method: &str, headers: Value, body: Value) -> Line {
    let line = Line::start(arguments, |_| Act::Pass).await;
    let mut fault = json!({
        "method": method, "path": "/promotions/1/codes", "times": 1, "status": 429, "headers": headers,
    });
    if !body.is_null() {
        fault["body"] = body;
    }
    line.sandbox.fault(fault).await;
    line
}

fn arguments(tool: &str) -> Value {
    if tool == CREATE { json!({"promotion_id": 1, "code": "LIMITED"}) } else { json!({"promotion_id": 1}) }
}

fn rate_limited(seconds: u64) -> Value {
    json!({"code": "rate_limited", "retryable": true, "retry_after_s": seconds})
}

#[tokio::test]
async fn beyond_the_patience_the_answer_names_the_seconds_and_nothing_is_sent_again() {
    let body = json!({"status": 429, "title": "Too many requests", "type": "/status-codes", "errors": {}});
    // While requests are left, the 429 is about concurrency, and X-Retry-After says enough.
    let concurrency = json!({
        "X-Rate-Limit-Requests-Left": "35", "X-Rate-Limit-Requests-Quota": "450",
        "X-Rate-Limit-Time-Reset-Ms": "25000", "X-Rate-Limit-Time-Window-Ms": "30000", "X-Retry-After": "7",
    });
    let window = json!({
        "X-Rate-Limit-Requests-Left": "0", "X-Rate-Limit-Requests-Quota": "450",
        "X-Rate-Limit-Time-Reset-Ms": "8500", "X-Rate-Limit-Time-Window-Ms": "30000",
    });
    let seconds_only = json!({"X-Retry-After": "12"});
    for (headers, seconds) in [(concurrency, 7), (window, 9), (seconds_only, 12)] {
        for (tool, method) in CALLS {
            let mut line =
                limited(&["--rate-limit-wait-s", "1"], method, headers.clone(), body.clone()).await;
            let error = line.error(tool, arguments(tool)).await;
            assert_eq!(kind(&error), rate_limited(seconds), "{headers}");
            says(&error, &["rate limit", "call again with the same arguments"]);
            assert_eq!(line.sent(method, "/promotions/1/codes"), 1, "{headers}");
            assert_eq!(line.sandbox.count("LIMITED").await, 0);
            line.end().await;
        }
    }
}

#[tokio::test]
async fn a_window_that_is_shut_is_not_knocked_at() {
    let headers = json!({
        "X-Rate-Limit-Requests-Left": "0", "X-Rate-Limit-Time-Window-Ms": "600000",
        "X-Rate-Limit-Time-Reset-Ms": "600000",
    });
    let mut line = limited(&["--rate-limit-wait-s", "1"], "GET", headers, Value::Null).await;
    for (tool, _) in [CALLS[1], CALLS[0], CALLS[1]] {
        let error = line.error(tool, arguments(tool)).await;
        let seconds = error["retry_after_s"].as_u64().unwrap();
        assert_eq!(kind(&error), rate_limited(seconds));
        assert!((540..=600).contains(&seconds), "{seconds}");
    }
    assert_eq!(line.wire.exchanges().len(), 1);
    line.end().await;
}

#[tokio::test]
async fn headers_that_make_no_sense_do_no_harm() {
    for headers in [
        json!({"X-Retry-After": "18446744073709551615"}),
        json!({"X-Rate-Limit-Time-Reset-Ms": "18446744073709551615", "X-Rate-Limit-Requests-Left": "0"}),
        json!({"X-Rate-Limit-Time-Reset-Ms": "18446744073709551615"}),
        json!({"X-Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT", "X-Rate-Limit-Time-Reset-Ms": "soon"}),
        json!({"X-Retry-After": "-1"}),
    ] {
        for (tool, method) in CALLS {
            let mut line = limited(&["--rate-limit-wait-s", "1"], method, headers.clone(), Value::Null).await;
            let error = line.error(tool, arguments(tool)).await;
            let seconds = error["retry_after_s"].as_u64().unwrap();
            assert_eq!(kind(&error), rate_limited(seconds), "{headers}");
            assert!(seconds <= THREE_WINDOWS_S, "{headers}: {seconds}");
            line.end().await;
        }
    }
}

/// A success with headers that cannot be true leaves the store open.
#[tokio::test]
async fn one_impossible_header_does_not_shut_the_store() {
    for headers in [
        json!({"X-Rate-Limit-Requests-Left": "0", "X-Rate-Limit-Time-Reset-Ms": TEN_YEARS_MS}),
        json!({"X-Rate-Limit-Requests-Quota": "0", "X-Rate-Limit-Requests-Left": "0",
            "X-Rate-Limit-Time-Reset-Ms": "25000", "X-Rate-Limit-Time-Window-Ms": "30000"}),
        json!({"X-Rate-Limit-Requests-Quota": "0", "X-Rate-Limit-Time-Reset-Ms": TEN_YEARS_MS}),
        json!({"X-Rate-Limit-Requests-Quota": "-3", "X-Rate-Limit-Requests-Left": "0",
            "X-Rate-Limit-Time-Reset-Ms": "25000"}),
        json!({"X-Rate-Limit-Requests-Left": "0", "X-Rate-Limit-Time-Reset-Ms": "25000",
            "X-Rate-Limit-Time-Window-Ms": "100"}),
        json!({"X-Retry-After": "315360000", "Retry-After": "315360000"}),
    ] {
        let mut line = Line::start(&["--rate-limit-wait-s", "0"], |_| Act::Pass).await;
        line.sandbox
            .fault(json!({
                "method": "GET", "path": "/promotions/1/codes", "times": 1, "status": 200, "headers": headers,
                "body": {"data": [{"id": 1, "code": "A"}], "meta": {}},
            }))
            .await;
        for (tool, _) in [CALLS[1], CALLS[1], CALLS[0]] {
            let result = line.call(tool, arguments(tool)).await;
            assert_ne!(result["isError"], true, "{headers}: {result}");
        }
        line.end().await;
    }
}

/// Three windows of the length that the store tells are as long as any header is believed.
#[tokio::test]
async fn an_absurd_reset_is_waited_out_within_three_windows() {
    let headers = json!({
        "X-Rate-Limit-Requests-Left": "0", "X-Rate-Limit-Requests-Quota": "450",
        "X-Rate-Limit-Time-Window-Ms": "300", "X-Rate-Limit-Time-Reset-Ms": TEN_YEARS_MS,
        "X-Retry-After": "315360000",
    });
    for (tool, method) in CALLS {
        let mut line = limited(&["--rate-limit-wait-s", "10"], method, headers.clone(), Value::Null).await;
        let result = line.call(tool, arguments(tool)).await;
        assert_ne!(result["isError"], true, "{result}");
        assert_eq!(line.sent(method, "/promotions/1/codes"), 2);
        line.end().await;
    }
}

fn stop() -> (&'static str, Value) {
    ("update_promotion", json!({"promotion_id": 1, "status": "DISABLED"}))
}

async fn status_of_promotion_1(line: &Line) -> Value {
    StoreView::of(&line.sandbox).send("GET", "/promotions/1", None).await.1["data"]["status"].clone()
}

#[tokio::test]
async fn a_promotion_is_stopped_although_the_store_is_thought_to_be_shut() {
    for reset in [TEN_YEARS_MS, "28000"] {
        let headers = json!({"X-Rate-Limit-Requests-Left": "0", "X-Rate-Limit-Time-Reset-Ms": reset});
        let mut line = limited(&["--rate-limit-wait-s", "0"], "GET", headers, Value::Null).await;
        for (tool, _) in [CALLS[1], CALLS[0]] {
            let error = line.error(tool, arguments(tool)).await;
            assert_eq!(error["code"], "rate_limited");
        }
        assert_eq!(line.wire.exchanges().len(), 1);
        let (tool, arguments) = stop();
        let stopped = line.call(tool, arguments).await;
        assert_eq!(stopped["structuredContent"]["status"], "done", "{stopped}");
        assert_eq!(status_of_promotion_1(&line).await, "DISABLED");
        line.end().await;
    }
}

#[tokio::test]
async fn what_made_a_promotion_live_is_undone_although_the_store_is_thought_to_be_shut() {
    let mut line = Line::start(&["--rate-limit-wait-s", "0", "--confirm", "never"], |_| Act::Pass).await;
    for status in ["DISABLED", "ENABLED"] {
        let change = json!({"promotion_id": 1, "status": status});
        let changed = line.call("update_promotion", change).await;
        assert_eq!(changed["structuredContent"]["status"], "done", "{changed}");
    }
    let headers = json!({"X-Rate-Limit-Requests-Left": "0", "X-Rate-Limit-Time-Reset-Ms": TEN_YEARS_MS});
    line.sandbox
        .fault(json!({
            "method": "GET", "path": "/promotions/1/codes", "times": 1, "status": 429, "headers": headers,
        }))
        .await;
    assert_eq!(line.error(LIST, arguments(LIST)).await["code"], "rate_limited");
    let undone = line.call("undo", json!({})).await;
    assert_eq!(undone["structuredContent"]["status"], "done", "{undone}");
    assert_eq!(status_of_promotion_1(&line).await, "DISABLED");
    line.end().await;
}

#[tokio::test]
async fn a_429_to_the_stop_itself_is_tried_again_for_as_long_as_the_call_may_wait() {
    let fault = |times: u32| {
        json!({
            "method": "PUT", "path": "/promotions/1", "times": times, "status": 429,
            "headers": {"X-Rate-Limit-Requests-Left": "0", "X-Rate-Limit-Time-Reset-Ms": TEN_YEARS_MS},
        })
    };
    let (tool, arguments) = stop();
    let mut line = Line::start(&["--rate-limit-wait-s", "5"], |_| Act::Pass).await;
    line.sandbox.fault(fault(9)).await;
    let error = line.error(tool, arguments.clone()).await;
    let seconds = error["retry_after_s"].as_u64().unwrap();
    assert_eq!(kind(&error), rate_limited(seconds));
    assert!(seconds <= 15, "a stop may be tried again soon: {seconds}");
    assert_eq!(line.sent("PUT", "/promotions/1"), 2);
    line.end().await;

    let mut line = Line::start(&["--rate-limit-wait-s", "5"], |_| Act::Pass).await;
    line.sandbox.fault(fault(1)).await;
    let stopped = line.call(tool, arguments).await;
    assert_eq!(stopped["structuredContent"]["status"], "done", "{stopped}");
    assert_eq!(status_of_promotion_1(&line).await, "DISABLED");
    line.end().await;
}

#[tokio::test]
async fn within_the_patience_it_is_waited_for_and_sent_again() {
    for (tool, method) in CALLS {
        let headers = json!({"X-Rate-Limit-Requests-Left": "0", "X-Rate-Limit-Time-Reset-Ms": "150"});
        let mut line = limited(&["--rate-limit-wait-s", "10"], method, headers, Value::Null).await;
        let started = Instant::now();
        let result = line.call(tool, arguments(tool)).await;
        assert_ne!(result["isError"], true, "{result}");
        assert!(started.elapsed() >= Duration::from_millis(150));
        assert_eq!(line.sent(method, "/promotions/1/codes"), 2);
        if tool == CREATE {
            assert_eq!(result["structuredContent"]["outcome"], "created");
        }
        line.end().await;
    }
}

#[tokio::test]
async fn without_headers_the_platform_is_overloaded_and_the_wait_longer() {
    for body in
        [json!({"status": 429, "title": "Too many requests"}), json!("<html>slow down</html>"), Value::Null]
    {
        for (tool, method) in CALLS {
            let mut line = limited(&["--rate-limit-wait-s", "1"], method, json!({}), body.clone()).await;
            let error = line.error(tool, arguments(tool)).await;
            let seconds = error["retry_after_s"].as_u64().unwrap();
            assert_eq!(kind(&error), rate_limited(seconds));
            assert!((2..=15).contains(&seconds), "{seconds}");
            says(&error, &["overloaded"]);
            assert_eq!(line.sent(method, "/promotions/1/codes"), 1);
            // It is nobody's quota, so the next call may try.
            assert_ne!(line.call(tool, arguments(tool)).await["isError"], true);
            line.end().await;
        }
    }
}

#[tokio::test]
async fn without_headers_it_is_waited_for_too_where_there_is_time() {
    let mut line = limited(&["--rate-limit-wait-s", "20"], "POST", json!({}), Value::Null).await;
    let started = Instant::now();
    assert_eq!(line.outcome(arguments(CREATE)).await, "created");
    assert!(started.elapsed() >= Duration::from_secs(2));
    assert_eq!(line.wire.posts(), 2);
    line.end().await;
}

#[tokio::test]
async fn the_default_patience_is_shorter_than_a_full_window() {
    let headers = json!({"X-Rate-Limit-Requests-Left": "0", "X-Rate-Limit-Time-Reset-Ms": "29000"});
    let mut line = limited(&[], "POST", headers, Value::Null).await;
    let error = line.error(CREATE, arguments(CREATE)).await;
    assert_eq!(kind(&error), rate_limited(29));
    assert_eq!(line.wire.posts(), 1);
    line.end().await;
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_waited_for_or_told() {
    // Two codes, and their promotion before each.
    let sandbox = Sandbox::start(&["--quota", "4", "--window-ms", "90000"]).await;
    let mut command = sandbox.client_of(&["stdio"]);
    command.env("COUPON_MCP_RATE_LIMIT_WAIT_S", "0");
    let mut host = StdioHost::open(command).await;
    for code in ["QUOTA-1", "QUOTA-2"] {
        let created = host.ok(CREATE, json!({"promotion_id": 1, "code": code})).await;
        assert_eq!(created["outcome"], "created");
    }
    for (tool, _) in CALLS {
        let error = tool_error(&host.call(tool, arguments(tool)).await);
        let seconds = error["retry_after_s"].as_u64().unwrap();
        assert_eq!(kind(&error), rate_limited(seconds));
        assert!((1..=90).contains(&seconds), "{seconds}");
    }
    assert_eq!(sandbox.requests().await.len(), 4);

    let sandbox = Sandbox::start(&["--quota", "3", "--window-ms", "400"]).await;
    let mut host = StdioHost::open(sandbox.client_of(&["stdio"])).await;
    let calls: Vec<_> =
        (0..9).map(|n| (CREATE, json!({"promotion_id": 1, "code": format!("PACED-{n}")}))).collect();
    for result in host.call_all(&calls).await {
        assert_eq!(result["structuredContent"]["outcome"], "created", "{result}");
    }
}
