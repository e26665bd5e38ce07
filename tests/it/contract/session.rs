//! A host's session, in which every operation is used.

use serde_json::{Value, json};

use super::{Contract, start};
use crate::support::day_in;
use crate::support::stdio_host::StdioHost;

#[tokio::test]
async fn a_session_with_the_tools_keeps_to_the_vendors_files() {
    let (sandbox, wire) = start().await;
    let other = sandbox.bulk_promotion("Other").await;
    let toolsets = "read,codes,promotions,settings";
    let mut host = StdioHost::open(wire.client_of(&["stdio", "--toolsets", toolsets])).await;
    for (tool, arguments) in reading(other).into_iter().chain(creating(other)) {
        let result = host.call(tool, arguments.clone()).await;
        assert!(result["content"].is_array(), "{arguments}: {result}");
    }
    for (tool, arguments) in changing() {
        let answer = host.confirmed(tool, arguments.clone()).await;
        assert_eq!(answer["status"], "done", "{tool} {arguments}: {answer}");
    }
    let contract = Contract::load();
    assert_eq!(contract.check(&wire.exchanges()), contract.operation_ids());
}

fn reading(other: u64) -> Vec<(&'static str, Value)> {
    let list = "list_coupon_codes";
    vec![
        (list, json!({"promotion_id": 1})),
        (list, json!({"promotion_id": other})),
        (list, json!({"promotion_id": 4, "limit": 250, "page": 4})),
        (list, json!({"promotion_id": 4, "limit": 1, "page": 1000})),
        (list, json!({"promotion_id": 4, "code": "Loyal-0500"})),
        (list, json!({"promotion_id": 4, "code": "none of these"})),
        (list, json!({"promotion_id": 4711, "limit": 250})),
        (list, json!({"promotion_id": 4, "after": "eyJpZCI6IjI5OTgifQ==", "limit": 2})),
        (list, json!({"promotion_id": 4, "before": "eyJpZCI6IjIwMDMifQ==", "limit": 2})),
        (list, json!({"promotion_id": 4, "after": "no-cursor"})),
        ("list_promotions", json!({"kind": "all", "include_codes": true})),
        (
            "list_promotions",
            json!({"query": "Sale", "channel_id": 1, "currency_code": "usd", "limit": 2, "page": 2}),
        ),
        ("list_promotions", json!({"code": "summer_sale_2024", "effective_state": "active"})),
        ("get_promotion", json!({"promotion_id": 3})),
        ("get_promotion", json!({"promotion_id": 4711})),
        ("check_coupon_code", json!({"code": "SUMMER_SALE_2024", "cart_subtotal": 50})),
        ("check_coupon_code", json!({"code": "WELCOME5"})),
        ("check_coupon_code", json!({"code": "SPRING-2O24"})),
        ("get_store", json!({})),
    ]
}

fn creating(other: u64) -> Vec<(&'static str, Value)> {
    let create = "create_coupon_code";
    vec![
        (create, json!({"promotion_id": 1, "code": " Session 1 ", "max_uses": "3"})),
        (create, json!({"promotion_id": 1, "code": "SESSION 1", "max_uses": 3})),
        (create, json!({"promotion_id": 1, "code": "SESSION 1", "max_uses": 4})),
        (create, json!({"promotion_id": other, "code": "SESSION 1"})),
        (create, json!({"promotion_id": 2, "code": "SECOND", "max_uses_per_customer": 1})),
        (create, json!({"promotion_id": 3, "code": "AUTOMATIC"})),
        (create, json!({"promotion_id": 4711, "code": "NOWHERE"})),
        (create, json!({"promotion_id": 1, "code": "WELCOME5"})),
        (create, json!({"code": "NOWHERE"})),
        (create, json!({"promotion_id": 1, "code": "x".repeat(50), "max_uses": u32::MAX})),
        (create, json!({"promotion_id": 1, "code": "PREVIEW", "dry_run": true})),
        (
            "generate_coupon_codes",
            json!({"promotion_id": 1, "count": 251, "prefix": "vip-", "delimiter": "-"}),
        ),
        ("generate_coupon_codes", json!({"promotion_id": 2, "count": 2})),
        ("generate_coupon_codes", json!({"promotion_id": 1, "count": 2, "code_length": 20})),
        ("import_coupon_codes", json!({"promotion_id": 1, "codes": ["SESSION 1", "I-1"], "max_uses": 3})),
        ("get_job", json!({})),
    ]
}

/// Each must end well. The new promotions have the ids from 8 on.
fn changing() -> Vec<(&'static str, Value)> {
    let rules = json!([{
        "action": {"cart_items": {
            "discount": {"fixed_amount": "5"}, "strategy": "LEAST_EXPENSIVE", "quantity": 1, "as_total": false,
            "items": {"and": [{"brands": [1, 2]}, {"not": {"categories": [3]}}]},
        }},
        "apply_once": true,
        "condition": {"cart": {"minimum_quantity": 2, "minimum_spend": "40"}},
    }]);
    vec![
        (
            "create_promotion",
            json!({
                "name": "Flat", "discount_type": "percent", "discount_value": 12.5, "minimum_spend": 40,
                "starts_at": "2025-01-01", "ends_at": day_in(365), "max_uses": 100, "customer_group_ids": [1, 2],
                "currency_code": "USD", "can_be_used_with_other_promotions": false, "code": "FLAT",
                "code_max_uses": 5, "max_uses_per_customer": 1,
            }),
        ),
        (
            "create_promotion",
            json!({
                "name": "Items", "discount_type": "fixed_amount_off_items", "discount_value": 5,
                "category_ids": [1, 2], "max_uses": 100, "coupon_type": "SINGLE", "code": "ITEMS",
            }),
        ),
        ("create_promotion", json!({"name": "Shipping", "discount_type": "free_shipping", "max_uses": 10})),
        ("create_promotion", json!({"name": "Raw", "rules": rules, "max_uses": 100})),
        ("create_promotion", json!({"name": "Copy", "copy_from_promotion_id": 3, "max_uses": 100})),
        (
            "update_promotion",
            json!({
                "promotion_id": 8, "name": "Flatter", "status": "DISABLED", "starts_at": "2025-02-01",
                "ends_at": "never", "max_uses": 0, "can_be_used_with_other_promotions": true,
                "discount_value": 20, "minimum_spend": 0,
            }),
        ),
        ("undo", json!({})),
        ("replace_coupon_code", json!({"code": "FLAT", "new_code": "FLATTER"})),
        ("replace_coupon_code", json!({"code": "FLATTER", "max_uses": 9})),
        ("delete_coupon_codes", json!({"codes": ["LOYAL-0001"]})),
        ("delete_coupon_codes", json!({"codes": ["LOYAL-0002", "Session 1"]})),
        ("delete_coupon_codes", json!({"promotion_id": 4, "code_ids": [2003, 2004, 2005]})),
        ("undo", json!({})),
        ("delete_promotions", json!({"promotion_ids": [8]})),
        ("undo", json!({})),
        ("delete_promotions", json!({"promotion_ids": [9, 10, 11, 12]})),
        ("update_promotion_settings", json!({"number_of_coupons_allowed_at_checkout": 2})),
        ("undo", json!({})),
    ]
}

#[tokio::test]
async fn a_code_that_was_just_made_is_taken_back_by_its_id() {
    let (_sandbox, wire) = start().await;
    let mut host = StdioHost::open(wire.client_of(&["stdio"])).await;
    host.ok("create_coupon_code", json!({"promotion_id": 1, "code": "MISTAKE", "max_uses": 1})).await;
    assert_eq!(host.confirmed("undo", json!({})).await["status"], "done");
    let deleted = wire.lines().into_iter().filter(|line| line.starts_with("DELETE"));
    assert_eq!(deleted.collect::<Vec<_>>(), ["DELETE /promotions/1/codes/3001"]);
    let used = Contract::load().check(&wire.exchanges());
    assert!(used.contains("deleteCouponCode"), "{used:?}");
}
