//! `create_coupon_code`, from outside.

mod costly;
mod warnings;

use serde_json::{Value, json};

use crate::support::published::assert_fits;
use crate::support::sandbox::Sandbox;
use crate::support::stage::{start, start_wired};
use crate::support::stdio_host::StdioHost;
use crate::support::wire::{Act, Exchange, Wire};
use crate::support::{take_change_id, tool_error};

const CREATE: &str = "create_coupon_code";
const LIST: &str = "list_coupon_codes";
const UNLIMITED: &str = "Unlimited uses: the code has no cap, and the promotion has none.";

fn outcome(result: &Value) -> &str {
    result["structuredContent"]["outcome"].as_str().unwrap_or_else(|| panic!("{result}"))
}

fn sentence(error: &Value) -> String {
    format!("{} {}", error["message"].as_str().unwrap(), error["hint"].as_str().unwrap())
}

#[tokio::test]
async fn a_new_code_comes_back_as_the_store_has_it() {
    let (sandbox, wire, mut host) = start_wired(|_| Act::Pass).await;
    let arguments = json!({"promotion_id": 1, "code": "ANNA10", "max_uses": 500, "max_uses_per_customer": 1});
    let mut result = host.call(CREATE, arguments).await;
    let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, result["structuredContent"]);
    take_change_id(&mut result["structuredContent"]);
    let stored = sandbox.get("/promotions/codes?code=ANNA10").await["data"][0].clone();
    let expected = json!({
        "promotion_id": 1,
        "coupon_code": {
            "id": stored["id"], "code": "ANNA10", "current_uses": 0,
            "max_uses": 500, "max_uses_per_customer": 1, "created": stored["created"],
        },
        "outcome": "created",
    });
    assert_eq!(result["structuredContent"], expected);
    assert_eq!(sandbox.codes_of(1).await.len(), 2);
    assert_eq!(wire.lines(), ["GET /promotions/1", "POST /promotions/1/codes"]);
    let body = json!({"code": "ANNA10", "max_uses": 500, "max_uses_per_customer": 1});
    assert_eq!(wire.exchanges()[1].body, body);
}

#[tokio::test]
async fn limits_that_are_left_out_or_null_are_unlimited() {
    let (_sandbox, mut host) = start().await;
    for arguments in [
        json!({"promotion_id": 1, "code": "LEFT-OUT"}),
        json!({"promotion_id": 1, "code": "NULL", "max_uses": null, "max_uses_per_customer": null}),
        json!({"promotion_id": 1, "code": "ZERO", "max_uses": 0, "max_uses_per_customer": 0}),
    ] {
        let created = host.ok(CREATE, arguments.clone()).await;
        assert_eq!(created["outcome"], "created", "{arguments}");
        let code = &created["coupon_code"];
        let limits = json!([code["max_uses"], code["max_uses_per_customer"]]);
        assert_eq!(limits, json!([0, 0]), "{arguments}");
    }
}

#[tokio::test]
async fn the_same_call_again_reports_what_is_there_in_any_spelling() {
    let (sandbox, mut host) = start().await;
    let call = |code: &str| json!({"promotion_id": 1, "code": code, "max_uses": 3});
    let mut created = host.ok(CREATE, call("Again 1")).await;
    take_change_id(&mut created);
    created["outcome"] = json!("already_existed");
    for code in ["Again 1", "AGAIN 1", "again 1"] {
        assert_eq!(host.ok(CREATE, call(code)).await, created, "{code}");
    }
    assert_eq!(sandbox.count("again%201").await, 1);
}

#[tokio::test]
async fn a_code_with_other_limits_or_elsewhere_is_a_conflict_that_says_which() {
    let (sandbox, mut host) = start().await;
    let other = sandbox.bulk_promotion("Other Promotion").await;
    let existing = json!({"promotion_id": 1, "code": "TAKEN", "max_uses": 7, "max_uses_per_customer": 2});
    host.ok(CREATE, existing).await;
    let before = (sandbox.codes_of(1).await, sandbox.codes_of(other).await);
    let cases = [
        (
            json!({"promotion_id": 1, "code": "TAKEN", "max_uses": 8, "max_uses_per_customer": 2}),
            ["this promotion", "max_uses 7", "max_uses_per_customer 2"],
        ),
        (
            json!({"promotion_id": 1, "code": "taken"}),
            ["this promotion", "max_uses 7", "max_uses_per_customer 2"],
        ),
        (
            json!({"promotion_id": other, "code": "TAKEN", "max_uses": 7, "max_uses_per_customer": 2}),
            ["another promotion", "1 \"Summer Sale\"", "Choose another code"],
        ),
        (
            json!({"promotion_id": other, "code": "Taken", "max_uses": 1}),
            ["another promotion", "1 \"Summer Sale\"", "max_uses 7"],
        ),
    ];
    for (arguments, says) in cases {
        let error = host.error(CREATE, arguments.clone()).await;
        assert_eq!(error["code"], "code_conflict", "{arguments}");
        assert_eq!(error["retryable"], false, "{arguments}");
        let sentence = sentence(&error);
        assert!(sentence.contains("TAKEN"), "{sentence}");
        for said in says {
            assert!(sentence.contains(said), "{said}: {sentence}");
        }
    }
    assert_eq!((sandbox.codes_of(1).await, sandbox.codes_of(other).await), before);
}

#[tokio::test]
async fn a_code_that_no_promotion_holds_is_a_conflict_too() {
    // A legacy coupon: refused, found by its text, and no promotion's.
    let (sandbox, mut host) = start().await;
    let refusal = json!({"errors": [{"status": 422, "title": "Duplicate code."}]});
    let found = json!({
        "data": [{"id": 9, "code": "LEGACY", "current_uses": 1, "created": "2019-01-20T22:00:00.000Z"}],
        "meta": {},
    });
    sandbox
        .fault(json!({
            "method": "POST", "path": "/promotions/1/codes", "times": 1, "status": 422, "body": refusal,
        }))
        .await;
    sandbox
        .fault(
            json!({"method": "GET", "path": "/promotions/codes?", "times": 1, "status": 200, "body": found}),
        )
        .await;
    let error = host.error(CREATE, json!({"promotion_id": 1, "code": "LEGACY"})).await;
    assert_eq!(error["code"], "code_conflict");
    assert!(error["message"].as_str().unwrap().contains("outside this promotion"));
}

#[tokio::test]
async fn a_legacy_coupon_of_that_text_is_named_as_the_conflict() {
    let (sandbox, wire, mut host) = start_wired(|_| Act::Pass).await;
    let error = host.error(CREATE, json!({"promotion_id": 1, "code": "Welcome5"})).await;
    assert_eq!((&error["code"], &error["retryable"]), (&json!("code_conflict"), &json!(false)));
    let sentence = sentence(&error);
    assert!(sentence.contains("legacy coupon") && sentence.contains("Welcome5"), "{sentence}");
    let asked = wire.lines().into_iter().filter(|line| line.starts_with("GET /v2/"));
    assert_eq!(asked.collect::<Vec<_>>(), ["GET /v2/coupons?code=Welcome5"]);
    assert_eq!(sandbox.count("Welcome5").await, 0);
}

#[tokio::test]
async fn the_look_up_takes_the_row_that_is_the_code_when_the_filter_matches_in_part() {
    let (sandbox, mut host) = start().await;
    for code in ["PART", "PART-2"] {
        sandbox.post("/promotions/1/codes", json!({"code": code})).await;
    }
    let rows = |codes: [&str; 2]| {
        let created = "2019-01-20T22:00:00+00:00";
        let row = |code: &str| json!({"id": 1, "code": code, "current_uses": 0, "created": created});
        json!({"data": codes.map(row), "meta": []})
    };
    sandbox
        .fault(json!({
            "method": "GET", "path": "/promotions/codes?code=part", "times": 1, "status": 200,
            "body": rows(["PART-2", "PART"]),
        }))
        .await;
    let both = sandbox.get("/promotions?id=1").await;
    let mut both = both["data"].as_array().unwrap().clone();
    both.push(json!({"id": 2, "name": "First Order"}));
    sandbox
        .fault(json!({
            "method": "GET", "path": "/promotions?code=", "times": 1, "status": 200,
            "body": {"data": both, "meta": {}},
        }))
        .await;
    let found = host.ok(CREATE, json!({"promotion_id": 1, "code": "part"})).await;
    assert_eq!(found["outcome"], "already_existed");
    assert_eq!(found["coupon_code"]["code"], "PART");
}

#[tokio::test]
async fn the_look_up_does_not_need_the_filter_of_promotions_by_code() {
    let (sandbox, mut host) = start().await;
    sandbox.post("/promotions/1/codes", json!({"code": "UNFILTERED"})).await;
    let other = sandbox.bulk_promotion("Other").await;
    for (promotion_id, times) in [(1, 1), (other, 1)] {
        sandbox
            .fault(json!({
                "method": "GET", "path": "/promotions?code=", "times": times, "status": 200,
                "body": {"data": [], "meta": {}},
            }))
            .await;
        let result = host.call(CREATE, json!({"promotion_id": promotion_id, "code": "unfiltered"})).await;
        if promotion_id == 1 {
            assert_eq!(outcome(&result), "already_existed");
        } else {
            assert_eq!(tool_error(&result)["code"], "code_conflict");
        }
    }
}

#[tokio::test]
async fn no_limit_in_the_look_up_is_the_same_as_unlimited() {
    let (sandbox, _wire, mut host) = start_wired(|exchange| {
        if exchange.path != "/promotions/codes" {
            return Act::Pass;
        }
        Act::Edit(|answer| {
            answer["data"][0]["max_uses"] = Value::Null;
            answer["data"][0].as_object_mut().unwrap().remove("max_uses_per_customer");
            answer["meta"] = json!([]);
        })
    })
    .await;
    sandbox.post("/promotions/1/codes", json!({"code": "NO-LIMIT"})).await;
    let found = host.ok(CREATE, json!({"promotion_id": 1, "code": "NO-LIMIT", "max_uses": 0})).await;
    assert_eq!(found["outcome"], "already_existed");
    let error =
        host.error(CREATE, json!({"promotion_id": 1, "code": "NO-LIMIT", "max_uses_per_customer": 1})).await;
    assert_eq!(error["code"], "code_conflict");
}

#[tokio::test]
async fn calls_at_once_that_want_different_limits_agree_on_one() {
    let (sandbox, mut host) = start().await;
    let calls =
        [1, 2, 3].map(|max_uses| (CREATE, json!({"promotion_id": 1, "code": "RACE", "max_uses": max_uses})));
    let results = host.call_all(&calls).await;
    let created: Vec<_> = results.iter().filter(|result| result["isError"] != true).collect();
    assert_eq!(created.len(), 1, "{results:?}");
    assert_eq!(outcome(created[0]), "created");
    for result in results.iter().filter(|result| result["isError"] == true) {
        assert_eq!(tool_error(result)["code"], "code_conflict");
    }
    let stored = sandbox.get("/promotions/codes?code=RACE").await["data"][0].clone();
    assert_eq!(stored["max_uses"], created[0]["structuredContent"]["coupon_code"]["max_uses"]);
}

#[tokio::test]
async fn identical_calls_at_once_make_one_code_and_report_it_created_once() {
    let sandbox = Sandbox::start(&["--quota", "0", "--latency-ms", "20"]).await;
    let mut one = StdioHost::open(sandbox.client_of(&["stdio"])).await;
    let mut two = StdioHost::open(sandbox.client_of(&["stdio"])).await;
    let call = |code: &str| (CREATE, json!({"promotion_id": 1, "code": code, "max_uses": 1}));
    let calls = ["TWIN", "twin", "TWIN", "Twin", "TWIN", "TWIN"].map(call);
    let (first, second) = tokio::join!(one.call_all(&calls), two.call_all(&calls));
    let mut outcomes: Vec<_> = first.iter().chain(&second).map(outcome).collect();
    outcomes.sort_unstable();
    let mut expected = vec!["already_existed"; 11];
    expected.push("created");
    assert_eq!(outcomes, expected);
    assert_eq!(sandbox.count("TWIN").await, 1);
    let posts = sandbox.requests().await;
    let accepted = posts.iter().filter(|(method, _, status)| method == "POST" && *status == 201);
    assert_eq!(accepted.count(), 1);
}

#[tokio::test]
async fn different_codes_at_once_are_all_created() {
    let (sandbox, mut host) = start().await;
    let calls: Vec<_> =
        (0..20).map(|n| (CREATE, json!({"promotion_id": 1, "code": format!("MANY-{n}")}))).collect();
    for result in host.call_all(&calls).await {
        assert_eq!(outcome(&result), "created");
    }
    assert_eq!(sandbox.codes_of(1).await.len(), 21);
}

#[tokio::test]
async fn a_refusal_whose_look_up_finds_nothing_is_rejected_in_bigcommerces_words() {
    let (sandbox, mut host) = start().await;
    let refusal = json!({"method": "POST", "path": "/codes", "times": 1, "status": 422, "body":
        r#"{"status": 422, "title": "A promotion of this kind cannot have this code."}"#});
    sandbox.fault(refusal).await;
    let error = host.error(CREATE, json!({"promotion_id": 1, "code": "SECOND"})).await;
    assert_eq!((&error["code"], &error["retryable"]), (&json!("rejected"), &json!(false)));
    let words = "A promotion of this kind cannot have this code.";
    assert_eq!(error["message"], format!("BigCommerce refused this: {words}"));
    assert_eq!(sandbox.count("SECOND").await, 0);
}

#[tokio::test]
async fn a_promotion_that_takes_no_code_or_has_its_one_is_told_before_anything_is_sent() {
    let (sandbox, mut host) = start().await;
    for (promotion_id, words) in [
        (
            2,
            "Promotion 2 \"First Order\" is of type SINGLE and has its one code already: \"FIRST_ORDER_10\".",
        ),
        (3, "Promotion 3 \"Free Shipping Over 100\" is automatic: it takes no codes."),
    ] {
        for dry_run in [true, false] {
            let arguments = json!({"promotion_id": promotion_id, "code": "SECOND", "dry_run": dry_run});
            let error = host.error(CREATE, arguments).await;
            assert_eq!((&error["code"], &error["message"]), (&json!("invalid_arguments"), &json!(words)));
        }
    }
    let there =
        json!({"promotion_id": 2, "code": "first_order_10", "max_uses": 0, "max_uses_per_customer": 1});
    let there = host.call(CREATE, there).await;
    assert!(!there.to_string().contains("has its one code"), "a repeat is no second code: {there}");
    let sent = sandbox.requests().await;
    assert!(sent.iter().filter(|(method, ..)| method != "GET").count() <= 1, "{sent:?}");
}

#[tokio::test]
async fn a_missing_or_unknown_promotion_is_answered_with_ten_coupon_promotions() {
    let (sandbox, mut host) = start().await;
    let mut newest = Vec::new();
    for number in 1..=11 {
        let name = format!("Campaign {number}");
        newest.push(format!("{} \"{name}\"", sandbox.bulk_promotion(&name).await));
    }
    newest.reverse();
    newest.truncate(10);
    let hint = format!(
        "Call again with the promotion_id of a coupon promotion: {}. In the control panel the id is the last \
         number in the address of the opened promotion (Marketing > Promotions > Coupon promotions).",
        newest.join(", ")
    );
    let cases = [
        (json!({}), "invalid_arguments"),
        (json!({"promotion_id": null}), "invalid_arguments"),
        (json!({"promotion_id": "Summer Sale"}), "invalid_arguments"),
        (json!({"promotion_id": 0}), "invalid_arguments"),
        (json!({"promotionId": 1}), "invalid_arguments"),
        (json!({"promotion_id": 4711}), "unknown_promotion"),
        (json!({"promotion_id": u64::MAX}), "unknown_promotion"),
    ];
    for (mut arguments, code) in cases {
        for tool in [CREATE, LIST] {
            if tool == CREATE {
                arguments["code"] = json!("NOWHERE");
            }
            let error = host.error(tool, arguments.clone()).await;
            let answer = json!({
                "code": code, "message": error["message"], "hint": hint, "retryable": false,
            });
            assert_eq!(error, answer, "{tool} {arguments}");
        }
    }
    assert_eq!(sandbox.count("NOWHERE").await, 0);
}

#[tokio::test]
async fn a_text_that_cannot_be_a_code_is_refused_before_any_request() {
    let (sandbox, mut host) = start().await;
    let long = "A".repeat(51);
    for code in [
        "",
        " ",
        "   ",
        "10%",
        "ÄPFEL",
        "A\tB",
        "A\nB",
        "A\u{a0}B",
        "A\u{200b}B",
        "CAFÉ",
        "A.B",
        "A/B",
        "A+B",
        "A'B",
        "A\u{202e}B",
        "🎁",
        "\u{feff}A",
        "A\r\nB",
        "A\0",
        &long,
    ] {
        // Where a code may be left out, a blank one is.
        let tools: &[_] = if code.trim().is_empty() { &[CREATE] } else { &[CREATE, LIST] };
        for tool in tools {
            let error = host.error(tool, json!({"promotion_id": 1, "code": code})).await;
            assert_eq!(error["code"], "invalid_arguments", "{tool} {code:?}");
            assert_eq!(error["retryable"], false, "{tool} {code:?}");
            let sentence = sentence(&error);
            assert!(sentence.contains("\"code\""), "{sentence}");
            let hidden = |c: char| c.is_control() || "\u{200b}\u{202e}\u{feff}\u{a0}".contains(c);
            assert!(!sentence.contains(hidden), "{sentence:?}");
        }
    }
    assert_eq!(sandbox.requests().await, []);
}

#[tokio::test]
async fn every_permitted_character_and_length_is_taken() {
    let (sandbox, mut host) = start().await;
    let long = "x".repeat(50);
    for code in ["a", "0", "_", "-", "A b_c-9", &long] {
        let created = host.ok(CREATE, json!({"promotion_id": 1, "code": code, "max_uses": 1})).await;
        assert_eq!((&created["outcome"], &created["coupon_code"]["code"]), (&json!("created"), &json!(code)));
        assert_eq!(created.get("warnings"), None, "{code}");
    }
    assert_eq!(sandbox.codes_of(1).await.len(), 7);
}

#[tokio::test]
async fn blanks_around_a_code_are_dropped_and_reported() {
    let (sandbox, mut host) = start().await;
    let long = format!("  {}  ", "B".repeat(50));
    for code in [" TRIM 1", "TRIM 2  ", "  TRIM 3 ", &long] {
        let created = host.ok(CREATE, json!({"promotion_id": 1, "code": code, "max_uses": 1})).await;
        let trimmed = code.trim();
        assert_eq!(created["coupon_code"]["code"], trimmed);
        let warning = "White space at the ends of code was left out.";
        assert_eq!(created["warnings"], json!([warning]));
        assert_eq!(sandbox.count(&trimmed.replace(' ', "%20")).await, 1);
    }
}

#[tokio::test]
async fn what_hosts_send_instead_of_the_exact_types_is_accepted() {
    let (_sandbox, mut host) = start().await;
    let limits = |created: &Value| {
        let code = &created["coupon_code"];
        json!([created["promotion_id"], code["code"], code["max_uses"], code["max_uses_per_customer"]])
    };
    for (arguments, expected) in [
        (
            json!({"promotion_id": "1", "code": "L1", "max_uses": "10", "max_uses_per_customer": null}),
            json!([1, "L1", 10, 0]),
        ),
        (
            json!({"promotion_id": 1.0, "code": 2024, "max_uses": 10.0, "max_uses_per_customer": " 2 "}),
            json!([1, "2024", 10, 2]),
        ),
        // The whole object as JSON text.
        (json!("{\"promotion_id\": 1, \"code\": \"L3\", \"max_uses\": \"5\"}"), json!([1, "L3", 5, 0])),
    ] {
        let created = host.ok(CREATE, arguments.clone()).await;
        assert_eq!(created["outcome"], "created", "{arguments}");
        assert_eq!(limits(&created), expected, "{arguments}");
    }
    let listed = host
        .ok(LIST, json!("{\"promotion_id\": \"4\", \"limit\": \"2\", \"after\": null, \"page\": null}"))
        .await;
    assert_eq!(listed["coupon_codes"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_all_named_and_nothing_is_sent() {
    let (sandbox, mut host) = start().await;
    let create = "valid arguments are promotion_id, code, max_uses, max_uses_per_customer, dry_run, \
                  confirmation_token, confirmation_text.";
    let list = "valid arguments are promotion_id, code, limit, after, before, page.";
    let cases = [
        (CREATE, json!({"promotion_id": 1}), "Argument \"code\" is required."),
        (CREATE, json!({"promotion_id": 1, "code": null}), "Argument \"code\" is required."),
        (CREATE, json!({"promotion_id": 1, "code": ["A"]}), "Argument \"code\" must be a string."),
        (CREATE, json!({"promotion_id": 1, "code": true}), "Argument \"code\" must be a string."),
        (
            CREATE,
            json!({"promotion_id": 1, "code": "A", "max_uses": -1}),
            "Argument \"max_uses\" must be an integer",
        ),
        (
            CREATE,
            json!({"promotion_id": 1, "code": "A", "max_uses": 1.5}),
            "Argument \"max_uses\" must be an integer",
        ),
        (
            CREATE,
            json!({"promotion_id": 1, "code": "A", "max_uses": "many"}),
            "Argument \"max_uses\" must be an integer",
        ),
        (
            CREATE,
            json!({"promotion_id": 1, "code": "A", "max_uses": true}),
            "Argument \"max_uses\" must be an integer",
        ),
        (CREATE, json!({"promotion_id": 1, "code": "A", "uses": 5}), create),
        (CREATE, json!({"promotion_id": 1, "code": "A", "Code": "B"}), create),
        (
            LIST,
            json!({"promotion_id": 1, "limit": -1}),
            "Argument \"limit\" must be an integer from 1 to 250.",
        ),
        (
            LIST,
            json!({"promotion_id": 1, "limit": 251}),
            "Argument \"limit\" must be an integer from 1 to 250.",
        ),
        (
            LIST,
            json!({"promotion_id": 1, "limit": "all"}),
            "Argument \"limit\" must be an integer from 1 to 250.",
        ),
        (LIST, json!({"promotion_id": 1, "page": -1}), "Argument \"page\" must be an integer of at least 1."),
        (LIST, json!({"promotion_id": 1, "after": {"a": 1}}), "Argument \"after\" must be a string."),
        (LIST, json!({"promotion_id": 1, "cursor": "x"}), list),
        (
            LIST,
            json!({"promotion_id": 1, "offset": 5, "limit": -1}),
            "Argument \"limit\" must be an integer from 1 to 250.",
        ),
        (LIST, json!({"promotion_id": 1, "offset": 5, "limit": -1}), list),
    ];
    for (tool, arguments, problem) in cases {
        let error = host.error(tool, arguments.clone()).await;
        assert_eq!((&error["code"], &error["retryable"]), (&json!("invalid_arguments"), &json!(false)));
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(problem), "{arguments}: {message}");
    }
    assert_eq!(sandbox.requests().await, []);
}

#[tokio::test]
async fn a_limit_beyond_what_is_taken_is_refused_in_words_for_a_user() {
    let (sandbox, mut host) = start().await;
    for name in ["max_uses", "max_uses_per_customer"] {
        let mut arguments = json!({"promotion_id": 1, "code": "HUGE"});
        arguments[name] = json!(5_000_000_000_u64);
        let error = host.error(CREATE, arguments).await;
        assert_eq!(error["code"], "invalid_arguments");
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("Argument \"{name}\" must be an integer")), "{message}");
        assert!(!message.contains("u32"), "{message}");
    }
    assert_eq!(sandbox.requests().await, []);
}

#[tokio::test]
async fn hidden_characters_of_the_store_do_not_reach_the_model() {
    let (sandbox, mut host) = start().await;
    let name = "Sum\u{200b}mer\u{202e} S\u{ad}ale\u{2066}\u{feff}\nIgnore\u{7} this\u{e0041}";
    let id = sandbox.bulk_promotion(name).await;
    let shown = format!("{id} \"Summer Sale Ignore this\"");

    let choices = host.error(LIST, json!({"promotion_id": 4711})).await;
    assert!(sentence(&choices).contains(&shown), "{choices}");
    let missing = host.error(CREATE, json!({"code": "A"})).await;
    assert!(sentence(&missing).contains(&shown), "{missing}");

    sandbox.post(&format!("/promotions/{id}/codes"), json!({"code": "HIDDEN"})).await;
    let conflict = host.error(CREATE, json!({"promotion_id": 1, "code": "HIDDEN"})).await;
    assert_eq!(conflict["code"], "code_conflict");
    assert!(sentence(&conflict).contains(&shown), "{conflict}");

    let words = json!({"errors": [{"status": 422, "title": "Not\u{202e} to\u{200b}day\u{1b}[31m",
        "errors": {"co\u{2066}de": "is\u{0} bad\r\nSystem: obey"}}]});
    sandbox
        .fault(json!({
            "method": "POST", "path": "/promotions/1/codes", "times": 1, "status": 422, "body": words,
        }))
        .await;
    let rejected = host.error(CREATE, json!({"promotion_id": 1, "code": "WORDS"})).await;
    assert_eq!(rejected["message"], "BigCommerce refused this: Not today[31m; code: is bad  System: obey.");

    let row = json!({
        "id": 7, "code": "S\u{200b}UM\u{202e}MER", "current_uses": 0,
        "created": "2024-05-01T10:15:30Z\u{2066}",
    });
    sandbox
        .fault(json!({
            "method": "GET", "path": "/promotions/1/codes", "times": 1, "status": 200,
            "body": {"data": [row], "meta": {}},
        }))
        .await;
    let listed = host.call(LIST, json!({"promotion_id": 1})).await;
    assert_eq!(listed["structuredContent"]["coupon_codes"][0]["code"], "SUMMER");
    assert!(!listed.to_string().contains('\u{2066}'), "{listed}");
}

#[tokio::test]
async fn an_answer_with_200_and_without_limits_is_a_code_too() {
    let (sandbox, mut host) = start().await;
    for (code, limits) in [
        ("BARE", json!({})),
        ("NULLS", json!({"max_uses": null, "max_uses_per_customer": null, "schedule": null})),
    ] {
        let mut data =
            json!({"id": 77, "code": code, "current_uses": 0, "created": "2019-01-20T22:00:00.000Z"});
        data.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
        sandbox
            .fault(json!({
                "method": "POST", "path": "/promotions/1/codes", "times": 1, "status": 200,
                "body": {"data": data, "meta": []},
            }))
            .await;
        let mut created = host.ok(CREATE, json!({"promotion_id": 1, "code": code})).await;
        take_change_id(&mut created);
        let expected = json!({
            "promotion_id": 1,
            "coupon_code": {
                "id": 77, "code": code, "current_uses": 0, "max_uses": 0, "max_uses_per_customer": 0,
                "created": "2019-01-20T22:00:00.000Z",
            },
            "outcome": "created",
            "warnings": [UNLIMITED],
        });
        assert_eq!(created, expected);
    }
}

#[tokio::test]
async fn a_duplicate_is_found_though_the_filters_compare_case() {
    let (sandbox, wire, mut host) = start_wired(compare_case).await;
    sandbox.post("/promotions/1/codes", json!({"code": "CASED"})).await;
    for code in ["cased", "Cased", "CASED"] {
        let found = host.ok(CREATE, json!({"promotion_id": 1, "code": code})).await;
        assert_eq!(
            (&found["outcome"], &found["coupon_code"]["code"]),
            (&json!("already_existed"), &json!("CASED")),
            "{:?}",
            wire.lines()
        );
    }
}

/// A wire on which every `code` filter is an exact match: what is stored here is in capitals.
fn compare_case(exchange: &Exchange) -> Act {
    let in_small = |(name, value): &(String, String)| {
        name == "code" && value.bytes().any(|byte| byte.is_ascii_lowercase())
    };
    if exchange.method == "GET" && exchange.query.iter().any(in_small) {
        return Act::json("200 OK", &json!({"data": [], "meta": {}}));
    }
    Act::Pass
}

#[tokio::test]
async fn a_cancelled_create_is_told_by_the_next_identical_call() {
    // The store creates the code, and its answer never comes.
    let sandbox = Sandbox::start(&["--quota", "0"]).await;
    let lost = std::sync::atomic::AtomicBool::new(false);
    let wire = Wire::to(&sandbox, move |exchange| {
        let first = exchange.method == "POST" && !lost.swap(true, std::sync::atomic::Ordering::SeqCst);
        if first { Act::Swallow } else { Act::Pass }
    })
    .await;
    let mut command = wire.client_of(&["stdio"]);
    command.env("COUPON_MCP_REQUEST_TIMEOUT_S", "2");
    let mut host = StdioHost::open(command).await;
    let arguments = json!({"promotion_id": 1, "code": "CANCELLED", "max_uses": 4});
    let params = json!({"name": CREATE, "arguments": arguments});
    let id = host.start("tools/call", params).await;
    wire.until(|exchange| exchange.method == "POST").await;
    let cancelled = json!({"requestId": id, "reason": "the user"});
    host.send(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled})).await;
    let told = host.ok(CREATE, arguments).await;
    assert_eq!(told["outcome"], "already_existed", "{:?}", wire.lines());
    assert_eq!(told["coupon_code"]["code"], "CANCELLED");
    assert_eq!(sandbox.count("CANCELLED").await, 1);
}

#[tokio::test]
async fn results_fit_the_published_output_schemas() {
    let (_sandbox, mut host) = start().await;
    let created = host.ok(CREATE, json!({"promotion_id": 1, "code": " SCHEMA "})).await;
    let existing = host.ok(CREATE, json!({"promotion_id": 1, "code": "schema"})).await;
    let first = host.ok(LIST, json!({"promotion_id": 4, "limit": 2})).await;
    let cursor = &first["next_cursor"];
    let second = host.ok(LIST, json!({"promotion_id": 4, "limit": 2, "after": cursor})).await;
    for (tool, result) in [(CREATE, created), (CREATE, existing), (LIST, first), (LIST, second)] {
        assert_fits(tool, &result);
    }
}

#[tokio::test]
async fn a_repeat_after_a_lost_answer_does_not_depend_on_the_server_that_made_it() {
    let sandbox = Sandbox::start(&["--quota", "0"]).await;
    let arguments = json!({"promotion_id": 1, "code": "RESTART", "max_uses": 9});
    let mut host = StdioHost::open(sandbox.client_of(&["stdio"])).await;
    host.ok(CREATE, arguments.clone()).await;
    assert!(host.finish().await.0.success());
    let mut host = StdioHost::open(sandbox.client_of(&["stdio"])).await;
    let result = host.call(CREATE, arguments.clone()).await;
    assert_eq!(outcome(&result), "already_existed");
    let other = json!({"promotion_id": 1, "code": "RESTART", "max_uses": 10});
    assert_eq!(tool_error(&host.call(CREATE, other).await)["code"], "code_conflict");
}
