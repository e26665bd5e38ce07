//! `check_coupon_code`, from outside.

use coupon_mcp::policy::Policy;
use coupon_mcp::tools::{ErrorCode, ToolError, Toolbox};
use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;
use crate::support::stage::{start, start_wired};
use crate::support::wire::{Act, Exchange};

const CHECK: &str = "check_coupon_code";

/// A new promotion with these fields and one code on it.
async fn campaign(sandbox: &Sandbox, fields: Value, code: Value) {
    let mut promotion = json!({
        "name": "New", "redemption_type": "COUPON", "coupon_type": "BULK",
        "rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "10"}}}}],
    });
    promotion.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let created = sandbox.post("/promotions", promotion).await;
    let id = created["body"]["data"]["id"].as_u64().unwrap_or_else(|| panic!("{created}"));
    let created = sandbox.post(&format!("/promotions/{id}/codes"), code).await;
    assert_eq!(created["status"], 201, "{created}");
}

fn reasons(check: &Value) -> Vec<&str> {
    check["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}

fn open(check: &Value) -> Vec<&str> {
    check["could_not_check"].as_array().unwrap().iter().map(|what| what["what"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_code_that_works_is_told_so_with_a_link_by_four_requests_and_then_by_three() {
    let (sandbox, wire, mut host) = start_wired(|_| Act::Pass).await;
    campaign(&sandbox, json!({"name": "Friends"}), json!({"code": "FRIEND 10", "max_uses": 9})).await;
    let check = host.ok(CHECK, json!({"code": "friend 10"})).await;
    let expected = json!({
        "verdict": "works",
        "code": {
            "id": check["code"]["id"], "code": "FRIEND 10", "current_uses": 0, "max_uses": 9,
            "max_uses_per_customer": 0, "created": check["code"]["created"],
        },
        "promotion": {
            "id": check["promotion"]["id"], "name": "Friends", "effective_state": "active",
            "discount": "10% off the order.", "current_uses": 0, "max_uses": 0,
        },
        "reasons": [],
        "could_not_check": [],
        "notes": ["A checkout takes one coupon: with another one in the cart, this one is refused."],
        "link_template":
            "https://practice-store.example/cart.php?action=add&product_id={PRODUCT_ID}&couponcode=FRIEND+10",
    });
    assert_eq!(check, expected);
    let mut lines = wire.lines();
    lines.sort();
    assert_eq!(
        lines,
        [
            "GET /promotions/codes?code=friend 10",
            "GET /promotions/settings",
            "GET /promotions?code=FRIEND 10",
            "GET /v2/store",
        ]
    );
    host.ok(CHECK, json!({"code": "FRIEND 10"})).await;
    assert_eq!(wire.lines().len(), 7);
}

#[tokio::test]
async fn the_practice_store_s_codes_are_diagnosed() {
    let (_sandbox, mut host) = start().await;
    for (code, verdict, because, left) in [
        ("SUMMER_SALE_2024", "works", vec![], vec![]),
        ("FIRST_ORDER_10", "depends", vec![], vec!["minimum_spend", "stacking"]),
        ("SPRING_2024", "does_not_work", vec!["expired"], vec![]),
        ("AUTUMN_PREVIEW_2024", "does_not_work", vec!["disabled"], vec![]),
        ("LOYAL-0005", "does_not_work", vec!["code_used_up"], vec![]),
        ("LOYAL-0004", "works", vec![], vec![]),
        ("loyal-0001", "works", vec![], vec![]),
    ] {
        let check = host.ok(CHECK, json!({ "code": code })).await;
        assert_eq!(check["verdict"], verdict, "{code}: {check}");
        assert_eq!((reasons(&check), open(&check)), (because, left), "{code}: {check}");
        assert_eq!(check["link_template"].is_string(), verdict != "does_not_work", "{code}");
    }
    let check = host.ok(CHECK, json!({"code": "SPRING_2024"})).await;
    assert!(check["reasons"][0]["fix"].as_str().unwrap().contains("update_promotion with promotion_id 5"));
}

#[tokio::test]
async fn the_more_of_the_order_is_told_the_less_is_left_open() {
    let (sandbox, mut host) = start().await;
    let fields = json!({
        "rules": [{
            "action": {"cart_value": {"discount": {"fixed_amount": "5"}}},
            "condition": {"cart": {"minimum_spend": "50"}},
        }],
        "channels": [{"id": 1}], "currency_code": "EUR", "customer": {"group_ids": [0, 4]},
    });
    campaign(&sandbox, fields, json!({"code": "PICKY"})).await;
    for (order, verdict, because, left) in [
        (json!({}), "depends", vec![], vec!["customer_group", "channel", "currency", "minimum_spend"]),
        (
            json!({"cart_subtotal": "50", "channel_id": "1", "customer_group_id": 0, "currency_code": "eur"}),
            "works",
            vec![],
            vec![],
        ),
        (
            json!({"cart_subtotal": 49.99, "channel_id": 2, "customer_group_id": 3, "currency_code": "USD"}),
            "does_not_work",
            vec!["wrong_customer_group", "wrong_channel", "wrong_currency", "minimum_spend"],
            vec![],
        ),
        (
            json!({"cart_subtotal": 10}),
            "does_not_work",
            vec!["minimum_spend"],
            vec!["customer_group", "channel", "currency"],
        ),
    ] {
        let mut arguments = order.clone();
        arguments["code"] = json!("PICKY");
        let check = host.ok(CHECK, arguments).await;
        assert_eq!(check["verdict"], verdict, "{order}: {check}");
        assert_eq!((reasons(&check), open(&check)), (because, left), "{order}: {check}");
    }
}

#[tokio::test]
async fn a_likely_slip_is_looked_up_and_suggested() {
    let (sandbox, mut host) = start().await;
    campaign(&sandbox, json!({}), json!({"code": "SUMMER20"})).await;
    campaign(&sandbox, json!({}), json!({"code": "VIP-10"})).await;
    for (typed, meant) in [
        ("SUMMER2O", "SUMMER20"),
        ("summer 20", "SUMMER20"),
        ("SUMMER-20", "SUMMER20"),
        ("SUMMER.20", "SUMMER20"),
        ("SUMMER20!", "SUMMER20"),
        ("V1P-10", "VIP-10"),
        ("VIP10", "VIP-10"),
        ("VIP_10", "VIP-10"),
        ("SUMMER SALE 2024", "SUMMER_SALE_2024"),
    ] {
        let check = host.ok(CHECK, json!({ "code": typed })).await;
        assert_eq!(check["verdict"], "does_not_work", "{typed}");
        assert_eq!((reasons(&check), open(&check)), (vec!["not_found"], vec![]), "{typed}");
        assert_eq!(check["suggestion"], meant, "{typed}");
        assert!(check["reasons"][0]["fix"].as_str().unwrap().contains(&format!("\"{meant}\"")), "{check}");
        assert_eq!((check.get("code"), check.get("link_template")), (None, None), "{typed}");
    }
}

#[tokio::test]
async fn a_text_that_no_code_can_have_is_explained_and_never_looked_up_as_it_is() {
    let (_sandbox, wire, mut host) = start_wired(|_| Act::Pass).await;
    let check = host.ok(CHECK, json!({"code": "50%OFF"})).await;
    let message = check["reasons"][0]["message"].as_str().unwrap();
    assert!(message.contains("\"50%OFF\"") && message.contains("letters"), "{message}");
    assert!(wire.lines().iter().all(|line| !line.contains('%')), "{:?}", wire.lines());
    let long = host.ok(CHECK, json!({"code": "A".repeat(51)})).await;
    assert_eq!(reasons(&long), ["not_found"]);
    for blank in ["", "   "] {
        assert_eq!(host.error(CHECK, json!({ "code": blank })).await["code"], "invalid_arguments");
    }
}

#[tokio::test]
async fn at_most_six_slips_are_looked_up_and_the_store_is_never_scanned() {
    let (_sandbox, wire, mut host) = start_wired(|_| Act::Pass).await;
    for typed in ["O0I1-L1O0 10_1O", "NOWHERE-10", "nothing"] {
        let before = wire.lines().len();
        let check = host.ok(CHECK, json!({ "code": typed })).await;
        assert_eq!((reasons(&check), check.get("suggestion")), (vec!["not_found"], None), "{typed}");
        assert!(check["reasons"][0]["fix"].as_str().unwrap().contains("list_promotions"), "{check}");
        let lines = wire.lines().split_off(before);
        let (exact, slips): (Vec<_>, Vec<_>) =
            lines.iter().filter(|line| line.starts_with("GET /promotions/codes?code=")).partition(|line| {
                line.to_ascii_lowercase().ends_with(&format!("={}", typed.to_ascii_lowercase()))
            });
        assert!(exact.len() <= 3 && slips.len() <= 6, "{lines:?}");
        let others: Vec<_> =
            lines.iter().filter(|line| !line.starts_with("GET /promotions/codes?code=")).collect();
        assert_eq!(others, [&format!("GET /v2/coupons?code={typed}")]);
    }
}

#[tokio::test]
async fn a_legacy_coupon_is_recognised_and_may_work() {
    let (_sandbox, mut host) = start().await;
    let check = host.ok(CHECK, json!({"code": "welcome5"})).await;
    assert_eq!(check["verdict"], "depends");
    assert_eq!((reasons(&check), open(&check)), (vec!["legacy_coupon"], vec!["legacy_coupon"]));
    let message = check["reasons"][0]["message"].as_str().unwrap();
    assert!(message.contains("legacy coupon (\"Welcome 5 off\")"), "{message}");
}

#[tokio::test]
async fn legacy_coupons_that_cannot_be_read_leave_the_verdict_open() {
    for status in ["403 Forbidden", "404 Not Found"] {
        let (_sandbox, _wire, mut host) = start_wired(move |exchange| {
            if exchange.path == "/v2/coupons" { Act::json(status, &json!({})) } else { Act::Pass }
        })
        .await;
        let check = host.ok(CHECK, json!({"code": "NOWHERE"})).await;
        assert_eq!(check["verdict"], "depends", "{status}");
        assert_eq!((reasons(&check), open(&check)), (vec!["not_found"], vec!["legacy_coupon"]), "{status}");
    }
}

#[tokio::test]
async fn a_store_that_tells_nothing_of_itself_leaves_open_what_hangs_on_it() {
    let (sandbox, _wire, mut host) = start_wired(|exchange| {
        let is_refused = exchange.path == "/v2/store" || exchange.path == "/promotions/settings";
        if is_refused { Act::json("403 Forbidden", &json!({})) } else { Act::Pass }
    })
    .await;
    campaign(&sandbox, json!({}), json!({"code": "ANY10"})).await;
    let check = host.ok(CHECK, json!({"code": "ANY10"})).await;
    assert_eq!((&check["verdict"], open(&check)), (&json!("depends"), vec!["currency"]));
    assert_eq!(check.get("notes"), None);
    assert!(check["link_template"].as_str().unwrap().starts_with("https://YOUR-STORE/cart.php?"));
    let check = host.ok(CHECK, json!({"code": "ANY10", "currency_code": "USD"})).await;
    assert_eq!(check["verdict"], "works");
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused() {
    let (sandbox, mut host) = start().await;
    for (arguments, words) in [
        (json!({}), "\"code\" is required"),
        (json!({"code": "A", "currency_code": "*"}), "currency_code"),
        (json!({"code": "A", "customer_group_id": -1}), "customer_group_id"),
        (json!({"code": "A", "cart_subtotal": -1}), "cart_subtotal"),
        (json!({"code": "A", "cart_subtotal": 1e300}), "cart_subtotal"),
        (json!({"code": "A", "channel_id": -1}), "channel_id"),
        (json!({"code": "A", "customer": "anna"}), "Unknown argument"),
    ] {
        let error = host.error(CHECK, arguments.clone()).await;
        assert_eq!(error["code"], "invalid_arguments", "{arguments}");
        assert!(error["message"].as_str().unwrap().contains(words), "{arguments}: {error}");
    }
    assert_eq!(sandbox.requests().await, []);
    let error = host.error(CHECK, json!({"code": "A", "at": "when the cows come home"})).await;
    assert!(error["message"].as_str().unwrap().contains("\"at\""), "{error}");
}

#[tokio::test]
async fn another_time_can_be_asked_about_and_is_echoed_in_words() {
    let (_sandbox, wire, mut host) = start_wired(|_| Act::Pass).await;
    for (at, verdict, because, words) in [
        ("2024-03-15", "works", vec![], "Friday 15 Mar 2024, 00:00:00 America/New_York"),
        // The last second in the store is 20:00:00 of the day before, in New York.
        (
            "2024-03-31T20:00:01",
            "does_not_work",
            vec!["expired"],
            "Sunday 31 Mar 2024, 20:00:01 America/New_York",
        ),
        ("2024-03-31T20:00:00", "works", vec![], "Sunday 31 Mar 2024, 20:00:00 America/New_York"),
        (
            "2024-02-01T00:00:00Z",
            "does_not_work",
            vec!["not_started"],
            "Wednesday 31 Jan 2024, 19:00:00 America/New_York",
        ),
    ] {
        let check = host.ok(CHECK, json!({"code": "SPRING_2024", "at": at})).await;
        assert_eq!((&check["verdict"], reasons(&check)), (&json!(verdict), because), "{at}: {check}");
        assert_eq!(check["at"]["in_words"], words, "{at}");
    }
    assert_eq!(wire.lines().len(), 4 + 3 * 3);
}

#[tokio::test]
async fn a_weekly_schedule_counts_on_the_clocks_of_the_store() {
    let (sandbox, mut host) = start().await;
    let fields = json!({
        "start_date": "2025-01-01T00:00:00-05:00",
        "schedule": {
            "week_frequency": 1, "week_days": ["Monday"], "daily_start_time": "10:00:00",
            "daily_end_time": "12:00:00",
        },
    });
    campaign(&sandbox, fields, json!({"code": "MONDAY"})).await;
    let open = host.ok(CHECK, json!({"code": "MONDAY", "at": "2025-11-24T11:00"})).await;
    assert_eq!(
        (&open["verdict"], &open["promotion"]["effective_state"]),
        (&json!("works"), &json!("active"))
    );
    let closed = host.ok(CHECK, json!({"code": "MONDAY", "at": "2025-11-24T11:00:00Z"})).await;
    assert_eq!((&closed["verdict"], reasons(&closed)), (&json!("does_not_work"), vec!["outside_schedule"]));
    let reason = &closed["reasons"][0];
    assert!(reason["message"].as_str().unwrap().contains("runs Mondays, 10:00:00-12:00:00"), "{reason}");
    let next = "It works again from Monday 24 Nov 2025, 10:00:00 America/New_York.";
    assert!(reason["fix"].as_str().unwrap().starts_with(next), "{reason}");
}

#[tokio::test]
async fn without_a_known_zone_a_schedule_is_left_open_and_a_bare_day_is_refused() {
    let (sandbox, _wire, mut host) = start_wired(|exchange| {
        if exchange.path == "/v2/store" { Act::json("403 Forbidden", &json!({})) } else { Act::Pass }
    })
    .await;
    let fields = json!({
        "start_date": "2025-01-01T00:00:00-05:00",
        "schedule": {
            "week_frequency": 1, "week_days": ["Monday"], "daily_start_time": "10:00:00",
            "daily_end_time": "12:00:00",
        },
    });
    campaign(&sandbox, fields, json!({"code": "MONDAY"})).await;
    let at = json!({"code": "MONDAY", "currency_code": "USD", "at": "2025-11-25T11:00:00Z"});
    let check = host.ok(CHECK, at).await;
    assert_eq!((&check["verdict"], open(&check)), (&json!("depends"), vec!["schedule"]));
    let error = host.error(CHECK, json!({"code": "MONDAY", "at": "2025-11-25"})).await;
    assert_eq!(error["code"], "timezone_unknown");
}

fn is_owner_search(exchange: &Exchange) -> bool {
    exchange.path == "/promotions" && exchange.query.iter().any(|(name, _)| name == "code")
}

#[tokio::test]
async fn the_right_promotion_is_found_though_the_filter_matches_in_part() {
    let (_sandbox, _wire, mut host) = start_wired(|exchange| {
        if !is_owner_search(exchange) {
            return Act::Pass;
        }
        // As if no filter were there.
        Act::Query(Vec::new())
    })
    .await;
    let check = host.ok(CHECK, json!({"code": "SPRING_2024"})).await;
    assert_eq!((&check["promotion"]["id"], reasons(&check)), (&json!(5), vec!["expired"]));
}

#[tokio::test]
async fn a_code_without_a_promotion_is_left_open() {
    let (_sandbox, _wire, mut host) = start_wired(|exchange| {
        if is_owner_search(exchange) {
            Act::json("200 OK", &json!({"data": [], "meta": {}}))
        } else {
            Act::Pass
        }
    })
    .await;
    let check = host.ok(CHECK, json!({"code": "SPRING_2024"})).await;
    assert_eq!((&check["verdict"], open(&check)), (&json!("depends"), vec!["promotion"]));
    assert_eq!((&check["code"]["id"], check.get("promotion")), (&json!(1026), None));
}

#[tokio::test]
async fn both_group_lists_are_a_promotion_that_never_fires() {
    let (sandbox, mut host) = start().await;
    let fields = json!({"customer": {"group_ids": [1], "excluded_group_ids": [2]}});
    campaign(&sandbox, fields, json!({"code": "NEVER"})).await;
    let check = host.ok(CHECK, json!({"code": "NEVER", "customer_group_id": 1})).await;
    assert_eq!((&check["verdict"], reasons(&check)), (&json!("does_not_work"), vec!["never_fires"]));
}

#[tokio::test]
async fn faults_of_the_needed_look_ups_are_told_as_such() {
    let (sandbox, mut host) = start().await;
    for path in ["/promotions/codes", "/promotions?"] {
        for (status, code) in [(401, "unauthorized"), (403, "forbidden"), (500, "upstream_error")] {
            sandbox.fault(json!({"method": "GET", "path": path, "times": 99, "status": status})).await;
            let error = host.error(CHECK, json!({"code": "SPRING_2024"})).await;
            assert_eq!(error["code"], code, "{path} {status}: {error}");
            sandbox.clear_faults().await;
        }
    }
}

#[tokio::test]
async fn slips_that_cannot_be_looked_up_do_not_spoil_the_answer() {
    let (_sandbox, _wire, mut host) = start_wired(|exchange| {
        let is_slip = exchange.query.iter().any(|(name, code)| name == "code" && code == "SUMMER20");
        if is_slip { Act::json("403 Forbidden", &json!({})) } else { Act::Pass }
    })
    .await;
    let check = host.ok(CHECK, json!({"code": "SUMMER-20"})).await;
    assert_eq!((&check["verdict"], reasons(&check)), (&json!("does_not_work"), vec!["not_found"]));
    assert_eq!(check["notes"], json!(["Not all likely slips could be looked up."]));
}

#[tokio::test]
async fn every_answer_fits_its_published_schema() {
    let (_sandbox, mut host) = start().await;
    let tools = Toolbox::new(Err(ToolError::lasting(ErrorCode::NotConfigured, "", "")), &Policy::default());
    let schema = tools.definition(CHECK).unwrap().output_schema.clone().unwrap();
    let schema = Value::Object((*schema).clone());
    for code in ["SPRING_2024", "FIRST_ORDER_10", "SPRING-2024", "NOWHERE", "WELCOME5"] {
        let answer = host.ok(CHECK, json!({ "code": code })).await;
        jsonschema::validate(&schema, &answer).unwrap_or_else(|error| panic!("{code}: {error} in {answer}"));
    }
}
