//! Promotions that cannot be meant.

use serde_json::{Value, json};

use super::{Counter, Row};
use crate::support::day_in;

/// An ordinary promotion with these fields besides.
fn sale(fields: Value) -> Value {
    let mut arguments = json!({"name": "Sale", "discount_type": "percent", "discount_value": 20});
    arguments.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    arguments
}

fn ruled(rules: Value) -> Value {
    json!({"name": "Sale", "rules": rules})
}

#[tokio::test]
async fn what_a_promotion_gives_must_be_said_and_be_possible() {
    let mut counter = Counter::open().await;
    let rows: Vec<Row<'_>> = vec![
        (json!({"name": "Sale"}), &["discount_type", "rules", "copy_from_promotion_id"]),
        (json!({"name": "Sale", "discount_type": "percent"}), &["discount_value"]),
        (json!({"name": "Sale", "discount_value": 20}), &["discount_type"]),
        (sale(json!({"discount_type": "half"})), &["discount_type", "percent", "free_shipping"]),
        (sale(json!({"discount_value": 0.2})), &["did you mean 20?"]),
        (sale(json!({"discount_value": "0.15"})), &["did you mean 15?"]),
        // What is proposed is never itself refused.
        (sale(json!({"discount_value": 0.005})), &["discount_value", "0.01"]),
        (
            ruled(json!([{"action": {"cart_value": {"discount": {"percentage_amount": "0.2"}}}}])),
            &["percentage_amount 0.2", "did you mean 20?"],
        ),
        (
            ruled(json!([{"action": {"cart_value": {"discount": {"percentage_amount": 0.005}}}}])),
            &["percentage_amount 0.005", "below 1%"],
        ),
        (sale(json!({"discount_value": 0})), &["discount_value"]),
        (sale(json!({"discount_value": 101})), &["discount_value", "100"]),
        (sale(json!({"discount_value": -5})), &["discount_value"]),
        (sale(json!({"discount_value": "a lot"})), &["discount_value"]),
        (sale(json!({"discount_value": "20%"})), &["discount_value"]),
        (sale(json!({"discount_type": "percent_off_items", "discount_value": 0.5})), &["did you mean 50?"]),
        (sale(json!({"discount_type": "fixed_amount", "discount_value": 0})), &["discount_value"]),
        (sale(json!({"discount_type": "fixed_amount", "discount_value": -1})), &["discount_value"]),
        (sale(json!({"discount_type": "free_shipping"})), &["discount_value", "Leave"]),
        (sale(json!({"category_ids": [1]})), &["percent_off_items"]),
        (sale(json!({"discount_type": "fixed_amount", "product_ids": [1]})), &["fixed_amount_off_items"]),
        (sale(json!({"minimum_spend": -1})), &["minimum_spend"]),
        (
            sale(json!({"rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "10"}}}}]})),
            &["discount_type", "rules"],
        ),
        (ruled(json!([])), &["rules is empty", "discount_type"]),
        (ruled(json!([{}])), &["action"]),
        (ruled(json!([{"condition": {}}])), &["action"]),
        (ruled(json!([{"action": "10%"}])), &["action"]),
        (ruled(json!("ten percent")), &["rules"]),
        (sale(json!({"coupon_type": "MANY"})), &["coupon_type", "BULK", "SINGLE"]),
        (sale(json!({"max_uses": -1})), &["max_uses"]),
        (sale(json!({"max_uses": 2_147_483_648_u64})), &["max_uses"]),
        (sale(json!({"code_max_uses": 5})), &["code"]),
        (sale(json!({"max_uses_per_customer": 1})), &["code"]),
        (sale(json!({"code": "no/slash"})), &["letters"]),
        (sale(json!({"customer_group_ids": [-1]})), &["customer_group_ids"]),
        (
            sale(json!({"can_be_used_with_other_promotions": "sometimes"})),
            &["can_be_used_with_other_promotions"],
        ),
    ];
    counter.refuses_all("create_promotion", "invalid_arguments", &rows).await;
}

#[tokio::test]
async fn rules_that_are_far_too_large_are_refused() {
    let mut counter = Counter::open().await;
    let rule = json!({"action": {"cart_value": {"discount": {"percentage_amount": "10"}}}, "note": "x".repeat(300_000)});
    let row: Row<'_> = (ruled(json!([rule])), &["rules"]);
    counter.refuses("create_promotion", "invalid_arguments", row).await;
}

#[tokio::test]
async fn a_name_is_a_line_that_people_can_read() {
    let mut counter = Counter::open().await;
    let rows: Vec<Row<'_>> = vec![
        (sale(json!({"name": ""})), &["name"]),
        (sale(json!({"name": " \n "})), &["name"]),
        (sale(json!({"name": "\u{200b}\u{202e}"})), &["name"]),
        (sale(json!({"name": null})), &["name"]),
        (sale(json!({"name": ["Sale"]})), &["name"]),
        (sale(json!({"name": "x".repeat(10_000)})), &["name"]),
        (sale(json!({"name": "Sale\u{0}\u{1b}[31m"})), &["name"]),
    ];
    counter.refuses_all("create_promotion", "invalid_arguments", &rows).await;
    let edit = |name: &str| json!({"promotion_id": 1, "name": name});
    let rows: Vec<Row<'_>> = vec![
        (edit(""), &["name"]),
        (edit(" \t"), &["name"]),
        (edit("\u{200b}"), &["name"]),
        (edit(&"x".repeat(10_000)), &["name"]),
        (edit("Sale\u{0}"), &["name"]),
    ];
    counter.refuses_all("update_promotion", "invalid_arguments", &rows).await;
}

#[tokio::test]
async fn dates_must_be_readable_and_in_order() {
    let mut counter = Counter::open().await;
    let (day, next_day) = (day_in(60), day_in(61));
    let at = |clock: &str| format!("{day}T{clock}");
    let rows: Vec<Row<'_>> = vec![
        (sale(json!({"ends_at": "next full moon"})), &["ends_at", "such as"]),
        (sale(json!({"starts_at": "2025-02-30"})), &["starts_at"]),
        (sale(json!({"starts_at": "-"})), &["starts_at"]),
        (sale(json!({"ends_at": 1_800_000_000})), &["ends_at"]),
        (sale(json!({"starts_at": next_day, "ends_at": day})), &["end", "ends_at"]),
        (sale(json!({"starts_at": at("10:00:00Z"), "ends_at": at("10:00:00Z")})), &["end"]),
        (sale(json!({"starts_at": at("10:00:00Z"), "ends_at": at("11:00:00+01:00")})), &["end"]),
        (sale(json!({"starts_at": "never"})), &["starts_at"]),
    ];
    counter.refuses_all("create_promotion", "invalid_arguments", &rows).await;
    let rows: Vec<Row<'_>> = vec![
        (json!({"promotion_id": 1, "ends_at": "2024-04-29"}), &["end"]),
        (json!({"promotion_id": 5, "starts_at": "2025-01-01"}), &["end"]),
        (json!({"promotion_id": 1, "starts_at": "never"}), &["starts_at"]),
        (json!({"promotion_id": 1, "ends_at": "soon"}), &["ends_at"]),
    ];
    counter.refuses_all("update_promotion", "invalid_arguments", &rows).await;
}

#[tokio::test]
async fn a_bare_date_needs_a_time_zone_and_a_configured_one_will_do() {
    let mut counter = Counter::open().await;
    let unreadable = json!({"method": "GET", "path": "/v2/store", "times": 1_000, "status": 403});
    counter.sandbox.fault(unreadable).await;
    let day = day_in(60);
    let says: &[&str] = &["ends_at", "offset", "BIGCOMMERCE_TIME_ZONE"];
    let ends = |at: &str| sale(json!({"ends_at": at}));
    counter.refuses("create_promotion", "timezone_unknown", (ends(&day.to_string()), says)).await;
    counter.refuses("create_promotion", "timezone_unknown", (ends(&format!("{day}T18:00")), says)).await;
    let edit = json!({"promotion_id": 1, "ends_at": day});
    counter.refuses("update_promotion", "timezone_unknown", (edit, says)).await;
    let deletion = json!({"promotion_id": 4, "created_before": "2025-01-31"});
    let says: &[&str] = &["created_before", "BIGCOMMERCE_TIME_ZONE"];
    counter.refuses("delete_coupon_codes", "timezone_unknown", (deletion, says)).await;

    // An offset says all that is needed.
    counter.host.ok("create_promotion", ends(&format!("{day}T23:59:59-05:00"))).await;
    counter.host = Counter::serve(&counter.sandbox, &[("BIGCOMMERCE_TIME_ZONE", "America/New_York")]).await;
    let made = counter.host.ok("create_promotion", sale(json!({"name": "Zoned", "ends_at": day}))).await;
    let last_second = day.at(23, 59, 59, 0).in_tz("America/New_York").unwrap();
    let words = last_second.strftime("%A %-d %b %Y, 23:59:59 America/New_York").to_string();
    assert!(made.to_string().contains(&words), "{words}: {made}");
    let kept = counter.sandbox.get(&format!("/promotions/{}", made["promotion_id"])).await;
    assert_eq!(kept["data"]["end_date"], last_second.timestamp().strftime("%FT%T+00:00").to_string());
}

#[tokio::test]
async fn a_fixed_amount_has_one_currency() {
    let mut counter = Counter::open().await;
    let rows: Vec<Row<'_>> = vec![
        (sale(json!({"discount_type": "fixed_amount", "currency_code": "*"})), &["currency", "USD"]),
        (sale(json!({"discount_type": "fixed_amount_off_items", "currency_code": "*"})), &["currency"]),
        (sale(json!({"currency_code": "dollars"})), &["currency_code", "USD"]),
        (sale(json!({"currency_code": "U$D"})), &["currency_code"]),
        (sale(json!({"currency_code": "$"})), &["currency_code"]),
        (sale(json!({"currency_code": 840})), &["currency_code"]),
    ];
    counter.refuses_all("create_promotion", "invalid_arguments", &rows).await;
}

#[tokio::test]
async fn a_first_code_must_be_free() {
    let mut counter = Counter::open().await;
    let rows: Vec<Row<'_>> = vec![
        (sale(json!({"code": "summer_sale_2024"})), &["taken", "check_coupon_code"]),
        (sale(json!({"code": "LOYAL-0500"})), &["taken"]),
        (sale(json!({"code": "welcome5"})), &["legacy"]),
    ];
    counter.refuses_all("create_promotion", "code_conflict", &rows).await;
    let promotions = counter.sandbox.get("/promotions?limit=250").await;
    assert_eq!(promotions["data"].as_array().unwrap().len(), 6);
}

/// A promotion made behind the server's back; its id.
async fn promotion(counter: &Counter, fields: Value) -> u64 {
    let mut document = json!({
        "name": "Odd", "redemption_type": "COUPON", "coupon_type": "BULK",
        "rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "10"}}}}],
    });
    document.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let made = counter.sandbox.post("/promotions", document).await;
    made["body"]["data"]["id"].as_u64().unwrap_or_else(|| panic!("{made}"))
}

#[tokio::test]
async fn a_copy_must_be_one_that_can_work() {
    let mut counter = Counter::open().await;
    let excluding = json!({"customer": {"excluded_group_ids": [3]}});
    let excluding = promotion(&counter, excluding).await;
    let overriding =
        json!({"can_be_used_with_other_promotions": false, "coupon_overrides_other_promotions": true});
    let overriding = promotion(&counter, overriding).await;
    let copy = |id: u64, fields: Value| {
        let mut arguments = json!({"name": "Copy", "copy_from_promotion_id": id});
        arguments.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        arguments
    };
    let rows: Vec<Row<'_>> = vec![
        (copy(excluding, json!({"customer_group_ids": [1]})), &["excluded groups", "customer_group_ids"]),
        (
            copy(overriding, json!({"can_be_used_with_other_promotions": true})),
            &["overrides", "can_be_used_with_other_promotions"],
        ),
        (copy(2, json!({"currency_code": "*"})), &["currency"]),
        (copy(1, json!({"discount_value": 20})), &["discount_type"]),
    ];
    counter.refuses_all("create_promotion", "invalid_arguments", &rows).await;
    let rows: Vec<Row<'_>> = vec![(
        json!({"promotion_id": overriding, "can_be_used_with_other_promotions": true}),
        &["overrides", "can_be_used_with_other_promotions"],
    )];
    counter.refuses_all("update_promotion", "invalid_arguments", &rows).await;
}

#[tokio::test]
async fn an_automatic_promotion_can_be_copied_as_a_coupon_promotion() {
    let mut counter = Counter::open().await;
    let copied = json!({"name": "Free shipping code", "copy_from_promotion_id": 3, "code": "SHIPFREE"});
    let made = counter.host.ok("create_promotion", copied).await;
    assert_eq!(made["status"], "done", "{made}");
    let kept = counter.sandbox.get(&format!("/promotions/{}", made["promotion_id"])).await;
    assert_eq!(kept["data"]["redemption_type"], "COUPON");
    assert_eq!(counter.sandbox.count("SHIPFREE").await, 1);
}

#[tokio::test]
async fn an_edit_changes_something_that_the_promotion_has() {
    let mut counter = Counter::open().await;
    let two = json!([
        {"action": {"cart_value": {"discount": {"percentage_amount": "10"}}}},
        {"action": {"shipping": {"free_shipping": true, "zone_ids": "*"}}},
    ]);
    let two = promotion(&counter, json!({"rules": two})).await;
    let rows: Vec<Row<'_>> = vec![
        (json!({}), &["promotion_id"]),
        (json!({"promotion_id": 1}), &["status", "ends_at"]),
        (json!({"promotion_id": 1, "status": "INVALID"}), &["status", "ENABLED", "DISABLED"]),
        (json!({"promotion_id": 1, "status": "off"}), &["status"]),
        (json!({"promotion_id": 1, "max_uses": -1}), &["max_uses"]),
        (json!({"promotion_id": 1, "discount_value": 0.25}), &["did you mean 25?"]),
        (json!({"promotion_id": 1, "discount_value": 0}), &["discount_value"]),
        (json!({"promotion_id": 1, "discount_value": 101}), &["discount_value"]),
        (json!({"promotion_id": 2, "discount_value": 0}), &["discount_value"]),
        (json!({"promotion_id": 3, "discount_value": 5}), &["discount_value"]),
        (json!({"promotion_id": 1, "minimum_spend": -1}), &["minimum_spend"]),
        (json!({"promotion_id": two, "discount_value": 5}), &["do not describe it", "get_promotion"]),
        (json!({"promotion_id": two, "minimum_spend": 5}), &["do not describe it", "get_promotion"]),
        (json!({"promotion_id": 1, "currency_code": "EUR"}), &["currency_code"]),
    ];
    counter.refuses_all("update_promotion", "invalid_arguments", &rows).await;
}
