//! Every answer of BigCommerce that is not a success, and successes that cannot be used.

use serde_json::{Value, json};

use crate::support::tool_error;
use crate::support::wire::{Act, SECRET};

use super::{CREATE, LIST, Line, kind, lasting, passing, says};

/// How often a list is asked for, and what is answered to both tools.
struct Expected {
    create: Value,
    list: Value,
    gets: usize,
    says: &'static [&'static str],
}

/// Refused for good, in these words.
fn refused(says: &'static [&'static str]) -> Expected {
    answered(lasting("rejected"), says)
}

/// The same for both tools, without a second try.
fn answered(kind: Value, says: &'static [&'static str]) -> Expected {
    Expected { create: kind.clone(), list: kind, gets: 1, says }
}

/// A failure that a GET is tried three times for.
fn failed(kind: Value, says: &'static [&'static str]) -> Expected {
    Expected { gets: 3, ..answered(kind, says) }
}

const STATUS_CODES: &str = "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes";
const PAGE: &str = "<html><head><title>Bad gateway</title></head><body>nginx secret-page</body></html>";

/// A fault's status and body, and what becomes of it.
type Case = (u16, Value, Expected);

fn cases() -> Vec<Case> {
    let mut cases = documented_refusals();
    cases.extend(observed_refusals());
    cases.extend(refusals_without_words());
    cases.extend(failures());
    cases.extend(answers_without_use());
    cases
}

/// The shapes of error bodies in the vendor's files.
fn documented_refusals() -> Vec<Case> {
    vec![
        // The documented list of errors, bare and with more around it.
        (422, json!({"errors": [{"status": 422, "title": "Shape A."}]}), refused(&["Shape A."])),
        (
            422,
            json!({"errors": [
                {"status": 422, "title": "First", "type": STATUS_CODES},
                {"status": 422, "title": "second"},
            ]}),
            refused(&["First", "second"]),
        ),
        (
            404,
            json!({"errors": [{"status": 404, "title": "Promotion not found."}]}),
            answered(lasting("unknown_promotion"), &[]),
        ),
        // A status that is a string, a detail or an error beside the title.
        (
            400,
            json!({
                "status": "400", "title": "Input is invalid", "type": STATUS_CODES, "detail": "Syntax error",
            }),
            refused(&["Input is invalid", "Syntax error"]),
        ),
        (
            405,
            json!({"status": "405", "title": "Method not allowed", "error": "Not for this promotion."}),
            refused(&["Method not allowed", "Not for this promotion."]),
        ),
        (
            403,
            json!({"status": "403", "title": "Forbidden", "error": "No access."}),
            answered(
                lasting("forbidden"),
                &["403", "Forbidden", "No access.", "Marketing", "modify", "BIGCOMMERCE_STORE_HASH"],
            ),
        ),
        // The settings' shapes.
        (
            400,
            json!({"status": 400, "title": "Bad Request", "error": {"message": "Authentication Required."}}),
            refused(&["Bad Request", "Authentication Required."]),
        ),
        (
            422,
            json!({
                "status": 422, "title": "Invalid",
                "errors": [{"field": "max_uses", "message": "too many"}],
            }),
            refused(&["Invalid", "max_uses: too many"]),
        ),
        // A bulk action's.
        (
            422,
            json!({
                "errors": [{
                    "status": 422, "title": "Errors occurred.",
                    "errors": {"0.constraint": "Failed for id=12."},
                }],
                "meta": {"total": 5, "success": 3, "failed": 2},
            }),
            refused(&["Errors occurred.", "0.constraint: Failed for id=12."]),
        ),
        (
            422,
            json!({
                "errors": [{"status": 422, "title": "Parameter id:in is required", "errors": {}}],
                "meta": {"total": 0, "success": 0, "failed": 0},
            }),
            refused(&["Parameter id:in is required"]),
        ),
    ]
}

/// What live stores send besides.
fn observed_refusals() -> Vec<Case> {
    vec![
        // A missing scope.
        (
            403,
            json!({
                "status": 403, "title": "You don't have a required scope to access the endpoint",
                "type": STATUS_CODES, "errors": {},
            }),
            answered(
                lasting("forbidden"),
                &["required scope", "scope Marketing", "modify", "BIGCOMMERCE_STORE_HASH"],
            ),
        ),
        // A query parameter that is not known.
        (
            422,
            json!({"status": 422, "title": "The filter(s): limit are not valid filter parameter(s)."}),
            refused(&["The filter(s): limit are not valid filter parameter(s)."]),
        ),
        // The old sentence without a status.
        (
            403,
            json!({"error": "You are authorized but your scope does not include this resource."}),
            answered(lasting("forbidden"), &["your scope does not include this resource"]),
        ),
        (409, json!({"title": "Conflict"}), refused(&["Conflict"])),
        (406, json!({"title": "Not acceptable"}), refused(&["Not acceptable"])),
        (413, json!({"title": "`limit` exceeded the maximum"}), refused(&["`limit` exceeded the maximum"])),
        (415, json!({"title": "Unsupported"}), refused(&["Unsupported"])),
        (423, json!({"title": "Locked"}), refused(&["Locked"])),
        // A suspended store, in two shapes: not tried again.
        (
            503,
            json!({"status": 503, "title": "The store is suspended. Please contact support."}),
            answered(lasting("store_suspended"), &["suspended"]),
        ),
        (
            503,
            json!({"errors": [{"status": 503, "title": "The store is suspended"}]}),
            answered(lasting("store_suspended"), &["suspended"]),
        ),
    ]
}

/// No JSON at all, or JSON that says nothing: the status says enough.
fn refusals_without_words() -> Vec<Case> {
    vec![
        (401, json!(PAGE), answered(lasting("unauthorized"), &["401", "BIGCOMMERCE_ACCESS_TOKEN"])),
        (401, Value::Null, answered(lasting("unauthorized"), &["401"])),
        (403, json!(PAGE), answered(lasting("forbidden"), &["403"])),
        (400, json!(PAGE), refused(&[])),
        (422, Value::Null, refused(&[])),
        (422, json!([]), refused(&[])),
        (422, json!({"errors": null, "title": null}), refused(&[])),
        (418, json!("a teapot"), refused(&["418"])),
        // Neither success nor failure.
        (300, json!(PAGE), answered(lasting("redirected"), &["300"])),
        (304, Value::Null, answered(lasting("redirected"), &["304"])),
    ]
}

/// What may pass by itself.
fn failures() -> Vec<Case> {
    vec![
        (408, json!(PAGE), failed(passing("upstream_error"), &["408"])),
        (499, Value::Null, failed(passing("upstream_error"), &["499"])),
        (
            500,
            json!({"status": 500, "title": "Internal error"}),
            failed(passing("upstream_error"), &["500", "Internal error"]),
        ),
        (500, Value::Null, failed(passing("upstream_error"), &["500"])),
        (501, json!({}), failed(passing("upstream_error"), &["501"])),
        (502, json!(PAGE), failed(passing("upstream_error"), &["502"])),
        (
            503,
            json!({"title": "Down for maintenance"}),
            failed(passing("upstream_error"), &["503", "Down for maintenance"]),
        ),
        (504, json!(PAGE), failed(passing("upstream_error"), &["504"])),
        (
            507,
            json!({"errors": [{"status": 507, "title": "Full"}]}),
            failed(passing("upstream_error"), &["507", "Full"]),
        ),
    ]
}

/// Successes that cannot be used.
fn answers_without_use() -> Vec<Case> {
    vec![
        (200, Value::Null, failed(passing("unreadable_answer"), &["200", "empty"])),
        (200, json!(PAGE), failed(passing("unreadable_answer"), &["200", "not complete JSON"])),
        (200, json!("{\"dat"), failed(passing("unreadable_answer"), &["not complete JSON"])),
        (200, json!({}), failed(passing("unreadable_answer"), &["200"])),
        (200, json!({"data": "text"}), failed(passing("unreadable_answer"), &["data"])),
        (200, json!({"data": [{"id": "one"}]}), failed(passing("unreadable_answer"), &["data"])),
        (204, Value::Null, failed(passing("unreadable_answer"), &["204"])),
    ]
}

#[tokio::test]
async fn every_bad_answer_is_told_clearly_and_changes_nothing() {
    let mut line = Line::start(&[], |_| Act::Pass).await;
    let cases = cases();
    let mut calls = Vec::new();
    let mut promotions = Vec::new();
    for (number, (status, body, _)) in cases.iter().enumerate() {
        let promotion = line.sandbox.bulk_promotion(&format!("Case {number}")).await;
        for (method, times) in [("POST", 1), ("GET", 3)] {
            let path = format!("/promotions/{promotion}/codes");
            let mut fault = json!({"method": method, "path": path, "times": times, "status": status});
            if !body.is_null() {
                fault["body"] = body.clone();
            }
            line.sandbox.fault(fault).await;
        }
        calls.push((
            CREATE,
            json!({"promotion_id": promotion, "code": format!("CASE-{number}"), "max_uses": 5}),
        ));
        calls.push((LIST, json!({"promotion_id": promotion})));
        promotions.push(promotion);
    }
    let results = line.call_all(&calls).await;
    line.sandbox.clear_faults().await;
    for ((status, body, expected), (promotion, results)) in
        cases.iter().zip(promotions.iter().zip(results.chunks(2)))
    {
        let case = format!("{status} {body}");
        let (create, list) = (tool_error(&results[0]), tool_error(&results[1]));
        assert_eq!(kind(&create), expected.create, "create, {case}: {create}");
        assert_eq!(kind(&list), expected.list, "list, {case}: {list}");
        let path = format!("/promotions/{promotion}/codes");
        let sent = (line.sent("POST", &path), line.sent("GET", &path));
        assert_eq!(sent, (1, expected.gets), "{case}");
        says(&list, expected.says);
        says(&create, expected.says);
        assert!(!results[0].to_string().contains("secret-page"), "{case}");
        assert!(!results[1].to_string().contains("secret-page"), "{case}");
        assert_eq!(line.sandbox.codes_of(*promotion).await, [Value::Null; 0], "{case}");
    }
    // What failed in passing can be had by the same call; so can what was refused, once it is not refused.
    let creates: Vec<_> = calls.iter().filter(|(tool, _)| *tool == CREATE).cloned().collect();
    for (result, (_, arguments)) in line.call_all(&creates).await.iter().zip(&creates) {
        assert_eq!(result["structuredContent"]["outcome"], "created", "{arguments}: {result}");
    }
    line.end().await;
}

#[tokio::test]
async fn a_get_that_succeeds_at_the_third_try_is_no_failure() {
    let mut line = Line::start(&[], |_| Act::Pass).await;
    for rule in [json!({"status": 502, "body": PAGE}), json!({"drop": "before_commit"})] {
        let mut fault = json!({"method": "GET", "path": "/promotions/1/codes", "times": 1});
        fault.as_object_mut().unwrap().extend(rule.as_object().unwrap().clone());
        line.sandbox.fault(fault).await;
    }
    let list = line.call(LIST, json!({"promotion_id": 1})).await;
    assert_eq!(list["structuredContent"]["total"], 1, "{list}");
    assert_eq!(line.wire.lines(), ["GET /promotions/1/codes?limit=50"; 3]);

    line.sandbox
        .fault(json!({"method": "GET", "path": "/promotions/1/codes", "times": 2, "malformed": true}))
        .await;
    let list = line.call(LIST, json!({"promotion_id": 1})).await;
    assert_eq!(list["structuredContent"]["total"], 1, "{list}");
    assert_eq!(line.wire.exchanges().len(), 6);
    line.end().await;
}

#[tokio::test]
async fn a_refusal_stays_a_refusal_whatever_its_look_up_meets() {
    let mut line = Line::start(&["--rate-limit-wait-s", "0"], |_| Act::Pass).await;
    let refusal = json!({"errors": [{"status": 422, "title": "Not like this."}]});
    line.sandbox
        .fault(json!({
            "method": "POST", "path": "/promotions/1/codes", "times": 1, "status": 422, "body": refusal,
        }))
        .await;
    line.sandbox
        .fault(json!({"method": "GET", "path": "/promotions/codes?", "times": 3, "status": 500}))
        .await;
    let error = line.error(CREATE, json!({"promotion_id": 1, "code": "REFUSED"})).await;
    assert_eq!(error["code"], "rejected");
    assert_eq!(error["message"], "BigCommerce refused this: Not like this.");
    line.end().await;
}

#[tokio::test]
async fn an_unknown_promotion_may_be_refused_with_any_status() {
    let mut line = Line::start(&[], |_| Act::Pass).await;
    for status in [400, 404, 405, 422] {
        let refusal = json!({"errors": [{"status": status, "title": "The promotion does not exist."}]});
        line.sandbox
            .fault(json!({
                "method": "POST", "path": "/promotions/4711/codes", "times": 1, "status": status,
                "body": refusal,
            }))
            .await;
        let error = line.error(CREATE, json!({"promotion_id": 4711, "code": "NOWHERE"})).await;
        assert_eq!(kind(&error), lasting("unknown_promotion"), "{status}");
        says(&error, &["4711", "1 \"Summer Sale\""]);
    }
    line.end().await;
}

#[tokio::test]
async fn an_unknown_promotion_is_told_though_there_is_nothing_to_choose_from() {
    let mut line = Line::start(&[], |_| Act::Pass).await;
    line.sandbox.fault(json!({"method": "GET", "path": "/promotions?", "times": 9, "status": 500})).await;
    let calls = [
        (CREATE, json!({"promotion_id": 4711, "code": "NOWHERE"})),
        (LIST, json!({"promotion_id": 4711})),
        (LIST, json!({"promotion_id": "four"})),
    ];
    let results = line.call_all(&calls).await;
    assert_eq!(kind(&tool_error(&results[0])), lasting("unknown_promotion"));
    assert_eq!(kind(&tool_error(&results[1])), lasting("unknown_promotion"));
    assert_eq!(kind(&tool_error(&results[2])), lasting("invalid_arguments"));
    line.end().await;
}

#[tokio::test]
async fn a_token_that_an_answer_repeats_goes_no_further() {
    // A gateway that names what it was sent.
    let mut line = Line::start(&["--rate-limit-wait-s", "0"], |exchange| {
        let title = format!("The X-Auth-Token {SECRET} is not known here");
        let refusal = json!({"status": 401, "title": title, "errors": {"token": SECRET}});
        match exchange.path.as_str() {
            "/promotions/1/codes" => Act::json("401 Unauthorized", &refusal),
            "/promotions/2/codes" => Act::json("422 Unprocessable Entity", &refusal),
            "/promotions/4/codes" => Act::json("503 Service Unavailable", &refusal),
            _ => Act::Pass,
        }
    })
    .await;
    for (promotion, code) in [(1, "unauthorized"), (2, "rejected"), (4, "upstream_error")] {
        let list = line.error(LIST, json!({"promotion_id": promotion})).await;
        assert_eq!(list["code"], code);
        let create = line.error(CREATE, json!({"promotion_id": promotion, "code": "ECHO"})).await;
        assert_eq!(create["code"], code);
    }
    line.end().await;
}
