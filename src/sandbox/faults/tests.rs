use serde_json::json;

use super::*;

fn faults(rules: &[Value]) -> Faults {
    let faults = Faults::default();
    for rule in rules {
        faults.add(rule.to_string().as_bytes()).unwrap();
    }
    faults
}

fn refusal(rule: &Value) -> String {
    Faults::default().add(rule.to_string().as_bytes()).unwrap_err().to_string()
}

#[test]
fn the_first_matching_rule_with_times_left_wins() {
    let faults = faults(&[
        json!({ "method": "get", "path": "/codes?limit=", "times": 1, "delay_ms": 1 }),
        json!({ "method": "GET", "path": "/codes", "times": 1, "drop": "after_commit" }),
    ]);
    let take = |method, path| faults.take(&method, path);

    assert!(take(Method::POST, "/codes?limit=1").is_none());
    assert!(matches!(take(Method::GET, "/codes?limit=1"), Some(Effect::Delay(_))));
    assert!(matches!(take(Method::GET, "/codes?limit=1"), Some(Effect::DropAfterCommit)));
    assert!(take(Method::GET, "/codes?limit=1").is_none());
}

#[test]
fn a_rule_skips_requests_that_it_matches_and_that_no_older_rule_takes() {
    let faults = faults(&[
        json!({ "method": "PUT", "path": "/promotions/1", "times": 1, "delay_ms": 1 }),
        json!({ "method": "PUT", "path": "/promotions", "skip": 2, "times": 2, "drop": "before_commit" }),
    ]);
    let take = |method, path| faults.take(&method, path);

    assert!(matches!(take(Method::PUT, "/promotions/1"), Some(Effect::Delay(_))));
    assert!(take(Method::PUT, "/promotions/1").is_none());
    assert!(take(Method::GET, "/promotions/1").is_none());
    assert!(take(Method::PUT, "/promotions/2").is_none());
    assert!(matches!(take(Method::PUT, "/promotions/1"), Some(Effect::DropBeforeCommit)));
    assert!(matches!(take(Method::PUT, "/promotions/2"), Some(Effect::DropBeforeCommit)));
    assert!(take(Method::PUT, "/promotions/1").is_none());
}

#[test]
fn a_body_is_sent_as_it_is_with_the_content_type_that_fits() {
    let sent = |rule: Value| {
        let mut rule = rule;
        rule["method"] = json!("GET");
        rule["path"] = json!("/");
        rule["times"] = json!(1);
        let Some(Effect::Answer(answer)) = faults(&[rule]).take(&Method::GET, "/") else { panic!() };
        let kind = answer.headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap().to_owned());
        (String::from_utf8(answer.body.to_vec()).unwrap(), kind)
    };
    let typed = |text: &str, kind: &str| (text.to_owned(), Some(kind.to_owned()));

    assert_eq!(sent(json!({ "status": 502, "body": "<html>" })), typed("<html>", "text/html"));
    assert_eq!(sent(json!({ "status": 502, "body": "[1]" })), typed("[1]", "application/json"));
    assert_eq!(sent(json!({ "status": 502, "body": { "a": 1 } })), typed("{\"a\":1}", "application/json"));
    assert_eq!(sent(json!({ "status": 502 })), (String::new(), None));
    assert_eq!(sent(json!({ "status": 502, "body": null })), typed("null", "application/json"));
    assert_eq!(
        sent(json!({ "status": 502, "body": "x", "headers": { "Content-Type": "text/plain" } })),
        typed("x", "text/plain")
    );
}

#[test]
fn an_invalid_rule_is_refused_with_a_sentence() {
    let rule = |extra: Value| {
        let mut rule = json!({ "method": "GET", "path": "/", "times": 1 });
        rule.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        refusal(&rule)
    };
    let effect = "A rule has exactly one of `status`, `drop`, `delay_ms`, `hold` and `malformed`.";

    assert_eq!(rule(json!({})), effect);
    assert_eq!(rule(json!({ "status": 500, "malformed": true })), effect);
    assert_eq!(rule(json!({ "status": 500, "times": 0 })), "`times` must be at least 1.");
    assert_eq!(rule(json!({ "status": 500, "method": "a b" })), "`method` must be an HTTP method.");
    assert_eq!(rule(json!({ "status": 100 })), "`status` must be between 200 and 599.");
    assert_eq!(rule(json!({ "malformed": false })), "`malformed` must be true.");
    assert_eq!(rule(json!({ "delay_ms": 1, "body": "x" })), "`body` and `headers` go with `status` only.");
    assert_eq!(
        rule(json!({ "status": 500, "headers": { "content-length": "3" } })),
        "`content-length` is not a header that a rule can set, or its value is not one."
    );
    assert!(rule(json!({ "drop": "later" })).starts_with("The rule is not understood: unknown variant"));
    assert!(rule(json!({ "often": 1 })).starts_with("The rule is not understood: unknown field `often`"));
}
