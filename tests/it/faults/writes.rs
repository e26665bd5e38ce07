//! A create whose answer is lost: looked up before it is answered, and never sent twice.

use serde_json::json;

use crate::support::wire::Act;

use super::{CREATE, LIST, Line, kind, passing, says};

/// A line whose connection to the store is already in use, as in the middle of a session.
async fn warm_line() -> Line {
    let mut line = Line::start(&["--rate-limit-wait-s", "0"], |_| Act::Pass).await;
    line.call(LIST, json!({"promotion_id": 2})).await;
    line
}

#[tokio::test]
async fn dropped_after_the_commit_the_code_is_found() {
    let mut line = warm_line().await;
    line.sandbox
        .fault(json!({"method": "POST", "path": "/promotions/1/codes", "times": 1, "drop": "after_commit"}))
        .await;
    let arguments = json!({"promotion_id": 1, "code": "After", "max_uses": 3, "max_uses_per_customer": 1});
    assert_eq!(line.outcome(arguments).await, "already_existed");
    assert_eq!(line.wire.posts(), 1);
    assert_eq!(line.sandbox.count("After").await, 1);
    line.end().await;
}

#[tokio::test]
async fn dropped_before_the_commit_nothing_is_there_and_the_next_call_creates_it() {
    let mut line = warm_line().await;
    line.sandbox
        .fault(json!({"method": "POST", "path": "/promotions/1/codes", "times": 1, "drop": "before_commit"}))
        .await;
    let arguments = json!({"promotion_id": 1, "code": "BEFORE"});
    let error = line.error(CREATE, arguments.clone()).await;
    assert_eq!(kind(&error), passing("connection_lost"));
    says(&error, &["looked up", "not there", "Call again", "a repeat is safe"]);
    assert_eq!(line.wire.posts(), 1);
    assert!(line.sent("GET", "/promotions/codes") >= 1);
    assert_eq!(line.sandbox.count("BEFORE").await, 0);
    assert_eq!(line.outcome(arguments).await, "created");
    assert_eq!(line.wire.posts(), 2);
    assert_eq!(line.sandbox.count("BEFORE").await, 1);
    line.end().await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_settled_by_the_look_up() {
    let mut line = warm_line().await;
    for (code, rule, outcome) in [
        ("CUT-OFF", json!({"malformed": true}), Some("already_existed")),
        ("EMPTY-201", json!({"status": 201}), None),
        ("PAGE-201", json!({"status": 201, "body": "<html>OK</html>"}), None),
    ] {
        let mut fault = json!({"method": "POST", "path": "/promotions/1/codes", "times": 1});
        fault.as_object_mut().unwrap().extend(rule.as_object().unwrap().clone());
        line.sandbox.fault(fault).await;
        let arguments = json!({"promotion_id": 1, "code": code});
        let posts = line.wire.posts();
        if let Some(outcome) = outcome {
            assert_eq!(line.outcome(arguments).await, outcome);
        } else {
            let error = line.error(CREATE, arguments).await;
            assert_eq!(kind(&error), passing("unreadable_answer"));
            says(&error, &["201", "not there"]);
        }
        assert_eq!(line.wire.posts(), posts + 1, "{code}");
        assert_eq!(line.sandbox.count(code).await, usize::from(outcome.is_some()), "{code}");
    }
    line.end().await;
}

#[tokio::test]
async fn a_lost_answer_to_a_taken_code_is_a_conflict() {
    let mut line = warm_line().await;
    line.sandbox.post("/promotions/4/codes", json!({"code": "ELSEWHERE", "max_uses": 3})).await;
    for (promotion, max_uses) in [(1, 3), (4, 4)] {
        line.sandbox
            .fault(json!({"method": "POST", "path": "/codes", "times": 1, "drop": "after_commit"}))
            .await;
        let arguments = json!({"promotion_id": promotion, "code": "elsewhere", "max_uses": max_uses});
        let error = line.error(CREATE, arguments).await;
        assert_eq!(error["code"], "code_conflict", "{error}");
    }
    assert_eq!(line.wire.posts(), 2);
    line.end().await;
}

#[tokio::test]
async fn when_the_look_up_fails_too_the_outcome_is_unknown_and_the_next_call_tells_it() {
    let mut line = warm_line().await;
    for (code, drop, lookup, outcome) in [
        ("UNKNOWN-1", "after_commit", "/promotions/codes?", "already_existed"),
        ("UNKNOWN-2", "before_commit", "/promotions/codes?", "created"),
        ("UNKNOWN-3", "after_commit", "/promotions?code=", "already_existed"),
    ] {
        line.sandbox
            .fault(json!({"method": "POST", "path": "/promotions/1/codes", "times": 1, "drop": drop}))
            .await;
        line.sandbox
            .fault(json!({"method": "GET", "path": lookup, "times": 3, "status": 500, "body": "<html>"}))
            .await;
        let posts = line.wire.posts();
        let arguments = json!({"promotion_id": 1, "code": code, "max_uses": 1});
        let error = line.error(CREATE, arguments.clone()).await;
        assert_eq!(kind(&error), passing("outcome_unknown"));
        says(&error, &["not known whether", "500", "Call again", "a repeat is safe"]);
        assert_eq!(line.wire.posts(), posts + 1);
        assert_eq!(line.outcome(arguments).await, outcome);
        assert_eq!(line.sandbox.count(code).await, 1);
    }
    line.end().await;
}

#[tokio::test]
async fn a_rate_limit_on_the_look_up_is_told_with_its_seconds() {
    let mut line = warm_line().await;
    line.sandbox
        .fault(json!({"method": "POST", "path": "/promotions/1/codes", "times": 1, "drop": "after_commit"}))
        .await;
    line.sandbox
        .fault(json!({
            "method": "GET", "path": "/promotions/codes?", "times": 1, "status": 429,
            "headers": {"X-Rate-Limit-Requests-Left": "35", "X-Retry-After": "4"},
        }))
        .await;
    let arguments = json!({"promotion_id": 1, "code": "LATER"});
    let error = line.error(CREATE, arguments.clone()).await;
    assert_eq!(kind(&error), json!({"code": "outcome_unknown", "retryable": true, "retry_after_s": 4}));
    assert_eq!(line.outcome(arguments).await, "already_existed");
    line.end().await;
}

#[tokio::test]
async fn two_calls_at_once_of_which_one_loses_its_answer_make_one_code() {
    let mut line = warm_line().await;
    line.sandbox
        .fault(json!({"method": "POST", "path": "/promotions/1/codes", "times": 1, "drop": "after_commit"}))
        .await;
    let call = (CREATE, json!({"promotion_id": 1, "code": "BOTH"}));
    let results = line.call_all(&[call.clone(), call]).await;
    for result in &results {
        assert_eq!(result["structuredContent"]["outcome"], "already_existed", "{result}");
    }
    assert_eq!(line.sandbox.count("BOTH").await, 1);
    line.end().await;
}
