//! Codes that cannot be meant.

use serde_json::{Value, json};

use super::{Counter, Row};

const WAYS: &str = "Give exactly one of";

fn many(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("CODE-{number}")).collect()
}

#[tokio::test]
async fn codes_to_delete_are_chosen_in_exactly_one_way() {
    let mut counter = Counter::open().await;
    let ids: Vec<u64> = (1..=251).collect();
    let rows: Vec<Row<'_>> = vec![
        (json!({}), &["no way to say all", WAYS]),
        (json!({"promotion_id": 1}), &["no way to say all", WAYS]),
        (json!({"codes": ["A"], "code_ids": [1], "promotion_id": 1}), &["More than one", WAYS]),
        (json!({"codes": ["A"], "filter": "unused", "promotion_id": 1}), &["More than one", WAYS]),
        (json!({"code_ids": [1], "code_prefix": "A", "promotion_id": 1}), &["More than one", WAYS]),
        (json!({"code_ids": [1]}), &["promotion_id", "list_promotions"]),
        (json!({"filter": "unused"}), &["promotion_id", "list_promotions"]),
        (json!({"code_prefix": "A"}), &["promotion_id"]),
        (json!({"created_before": "2026-01-01"}), &["promotion_id"]),
        (json!({"codes": []}), &["codes is empty and counts as left out", WAYS]),
        (json!({"codes": many(51)}), &["codes", "51"]),
        (json!({"promotion_id": 1, "code_ids": []}), &["code_ids is empty", WAYS]),
        (json!({"promotion_id": 1, "code_ids": ids}), &["code_ids", "251"]),
        (json!({"promotion_id": 1, "code_ids": [-1]}), &["code_ids"]),
        (json!({"promotion_id": 1, "code_ids": ["x"]}), &["code_ids"]),
        (json!({"promotion_id": 1, "code_prefix": ""}), &["code_prefix is empty", WAYS]),
        (json!({"promotion_id": 1, "code_prefix": " \t "}), &["code_prefix is empty", WAYS]),
        (json!({"promotion_id": 1, "filter": "all"}), &["filter", "unused", "used_up"]),
        (json!({"promotion_id": 1, "filter": ""}), &["filter"]),
        (json!({"promotion_id": 1, "created_before": "last week sometime"}), &["created_before"]),
        (json!({"codes": [""]}), &["code"]),
        (json!({"codes": ["OK", "with/slash"]}), &["letters"]),
        (json!({"codes": [7.5]}), &["code", "letters"]),
        (json!({"codes": "{}"}), &["code", "letters"]),
        (json!({"promotion_id": 0, "code_ids": [1]}), &["promotion_id"]),
    ];
    counter.refuses_all("delete_coupon_codes", "invalid_arguments", &rows).await;
    assert_eq!(counter.sandbox.codes_of(1).await.len(), 1);
}

#[tokio::test]
async fn what_is_not_there_is_said_so_and_nothing_is_deleted() {
    let mut counter = Counter::open().await;
    for arguments in [
        json!({"codes": ["NOT-THERE", "not-there", "NOR-THIS"]}),
        json!({"promotion_id": 1, "code_ids": [999_999]}),
        json!({"promotion_id": 1, "code_prefix": "ZZZ"}),
        json!({"promotion_id": 1, "filter": "used_up"}),
        // A code of another promotion.
        json!({"promotion_id": 1, "code_ids": [2001]}),
    ] {
        let answer = counter.host.ok("delete_coupon_codes", arguments.clone()).await;
        assert_eq!((&answer["status"], &answer["deleted_count"]), (&json!("done"), &json!(0)), "{arguments}");
        let message = answer["message"].as_str().unwrap();
        assert!(message.contains("Nothing to delete") && message.contains("list_coupon_codes"), "{message}");
    }
    let sent = counter.sandbox.requests().await;
    assert!(sent.iter().all(|(method, ..)| method == "GET"), "{sent:?}");
}

#[tokio::test]
async fn promotions_to_delete_are_named_by_one_to_fifty_ids() {
    let mut counter = Counter::open().await;
    let ids: Vec<u64> = (1..=51).collect();
    let rows: Vec<Row<'_>> = vec![
        (json!({}), &["promotion_ids"]),
        (json!({"promotion_ids": []}), &["promotion_ids", "1 to 50"]),
        (json!({"promotion_ids": ids}), &["promotion_ids", "51"]),
        (json!({"promotion_ids": [-1]}), &["promotion_ids"]),
        (json!({"promotion_ids": ["all"]}), &["promotion_ids"]),
        (json!({"promotion_ids": "all"}), &["promotion_ids"]),
        (json!({"promotion_ids": null}), &["promotion_ids"]),
    ];
    counter.refuses_all("delete_promotions", "invalid_arguments", &rows).await;
    let answer = counter.host.ok("delete_promotions", json!({"promotion_ids": [98, 99]})).await;
    assert_eq!(answer["promotions"][0]["outcome"], "not_found");
    assert!(answer["message"].as_str().unwrap().contains("list_promotions"));
}

#[tokio::test]
async fn a_code_is_replaced_only_by_one_that_can_be_and_leaves_something() {
    let mut counter = Counter::open().await;
    let summer = |fields: Value| {
        let mut arguments = json!({"code": "SUMMER_SALE_2024"});
        arguments.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        arguments
    };
    let rows: Vec<Row<'_>> = vec![
        (json!({}), &["code"]),
        (json!({"code": ""}), &["code"]),
        (json!({"code": "no/slash", "max_uses": 9}), &["letters"]),
        // As hosts say nothing that must fill in every argument.
        (summer(json!({})), &["new_code", "max_uses", "count_past_uses"]),
        (summer(json!({"new_code": "", "max_uses": 0, "max_uses_per_customer": 0})), &["new_code is empty"]),
        (summer(json!({"new_code": "A".repeat(51)})), &["50"]),
        (summer(json!({"new_code": "ü"})), &["letters"]),
        // It has 3 uses; 0 would be unlimited.
        (summer(json!({"max_uses": 3})), &["3 uses", "count_past_uses", "delete_coupon_codes"]),
        (summer(json!({"max_uses": 2})), &["3 uses"]),
        (summer(json!({"max_uses": -1})), &["max_uses"]),
        (summer(json!({"max_uses": 2_147_483_648_u64})), &["max_uses"]),
        (summer(json!({"max_uses": "many"})), &["max_uses"]),
        (summer(json!({"max_uses_per_customer": 1.5})), &["max_uses_per_customer"]),
        (summer(json!({"count_past_uses": "maybe"})), &["count_past_uses"]),
    ];
    counter.refuses_all("replace_coupon_code", "invalid_arguments", &rows).await;

    let taken: Vec<Row<'_>> = vec![
        (summer(json!({"new_code": "spring_2024"})), &["taken", "check_coupon_code"]),
        (summer(json!({"new_code": "LOYAL-0001"})), &["taken"]),
        // The old code would have to go first.
        (json!({"code": "FIRST_ORDER_10", "new_code": "welcome5"}), &["legacy"]),
    ];
    counter.refuses_all("replace_coupon_code", "code_conflict", &taken).await;

    // Elsewhere it is BigCommerce that refuses, before anything is deleted.
    let error = counter.host.error("replace_coupon_code", summer(json!({"new_code": "WELCOME5"}))).await;
    assert_eq!(error["code"], "code_conflict");
    assert!(error["message"].as_str().unwrap().contains("legacy"), "{error}");

    let unknown: Row<'_> =
        (json!({"code": "SUMMER_SAL_2024", "max_uses": 9}), &["SUMMER_SAL_2024", "check_coupon_code"]);
    counter.refuses("replace_coupon_code", "unknown_code", unknown).await;
    let legacy: Row<'_> = (json!({"code": "WELCOME5", "new_code": "WELCOME6"}), &["WELCOME5"]);
    counter.refuses("replace_coupon_code", "unknown_code", legacy).await;
    assert_eq!(counter.sandbox.count("SUMMER_SALE_2024").await, 1);
}
