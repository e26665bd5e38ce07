//! What somebody else did after a change is never undone with it.

use serde_json::{Value, json};

use crate::support::asking_host::{LEGACY, Reply, yes};
use crate::support::guarded_store::GuardedStore;
use crate::support::in_days;
use crate::support::tool_error;

enum Edit {
    Put(&'static str, Value),
    Post(&'static str, Value),
    Delete(&'static str),
}

use Edit::{Delete, Post, Put};

async fn store() -> GuardedStore {
    let store = GuardedStore::start().await;
    store.add_promotion(json!({})).await;
    for code in ["ANNA10", "BERT10"] {
        store.add_code(7, code, 200).await;
    }
    store
}

/// Makes a change, lets somebody edit the store, and gives the store with what undo then answers.
async fn undo_after(tool: &str, arguments: Value, edits: Vec<Edit>) -> (GuardedStore, Value, Value) {
    let store = store().await;
    let mut host = store.asking(LEGACY, &["--toolsets", "read,codes,promotions,settings"]).await;
    let made = match host.call(tool, arguments).await {
        Reply::Question(question) => host.answer(question, yes()).await.answer(),
        Reply::Result(result) => result["structuredContent"].clone(),
    };
    assert!(made["change_id"].is_string(), "{made}");
    for edit in edits {
        match edit {
            Put(path, body) => store.elsewhere("PUT", path, body).await,
            Post(path, body) => store.elsewhere("POST", path, body).await,
            Delete(path) => store.elsewhere("DELETE", path, Value::Null).await,
        };
    }
    let before = store.picture().await;
    let result = match host.call("undo", json!({"change_id": made["change_id"]})).await {
        Reply::Question(question) => host.answer(question, yes()).await.result(),
        Reply::Result(result) => result,
    };
    (store, before, result)
}

fn new_code(text: &str) -> Value {
    json!({"code": text, "max_uses": 0, "max_uses_per_customer": 0})
}

#[tokio::test]
async fn an_edit_of_what_the_change_left_is_not_overwritten() {
    let new = json!({"name": "New", "discount_type": "percent", "discount_value": 20, "max_uses": 9, "code": "NEW"});
    let update = |other: Value| {
        let mut arguments = other;
        arguments["promotion_id"] = json!(7);
        arguments
    };
    let settings = |number: u32| {
        json!({
            "number_of_coupons_allowed_at_checkout": number,
            "promotions_applied_on_original_product_price": true,
            "promotions_apply_on_products_with_custom_product_price": false,
            "promotions_triggered_by_products_with_zero_product_price": false,
        })
    };
    let percent = json!([{"action": {"cart_value": {"discount": {"percentage_amount": "11"}}}}]);
    let anna_again = Delete("/promotions/codes?code=ANNA10");
    let cases: Vec<(&str, Value, Vec<Edit>)> = vec![
        ("create_promotion", new.clone(), vec![Put("/promotions/8", json!({"name": "Theirs"}))]),
        ("create_promotion", new.clone(), vec![Put("/promotions/8", json!({"status": "DISABLED"}))]),
        ("create_promotion", new.clone(), vec![Put("/promotions/8", json!({"rules": percent}))]),
        ("create_promotion", new.clone(), vec![Put("/promotions/8", json!({"end_date": in_days(365)}))]),
        ("create_promotion", new, vec![Post("/promotions/8/codes", new_code("THEIRS"))]),
        (
            "update_promotion",
            update(json!({"name": "Mine"})),
            vec![Put("/promotions/7", json!({"name": "Theirs"}))],
        ),
        (
            "update_promotion",
            update(json!({"max_uses": 150})),
            vec![Put("/promotions/7", json!({"max_uses": 170}))],
        ),
        (
            "update_promotion",
            update(json!({"max_uses": 150})),
            vec![Put("/promotions/7", json!({"max_uses": null}))],
        ),
        (
            "update_promotion",
            update(json!({"discount_value": 30})),
            vec![Put("/promotions/7", json!({"rules": percent}))],
        ),
        (
            "update_promotion",
            update(json!({"status": "DISABLED", "name": "Mine"})),
            vec![Put("/promotions/7", json!({"status": "ENABLED"}))],
        ),
        (
            "update_promotion",
            update(json!({"name": "Mine"})),
            vec![anna_again, Delete("/promotions/codes?code=BERT10"), Delete("/promotions/7")],
        ),
        (
            "delete_coupon_codes",
            json!({"codes": ["ANNA10"]}),
            vec![Delete("/promotions/codes?code=BERT10"), Delete("/promotions/7")],
        ),
        (
            "update_promotion_settings",
            json!({"number_of_coupons_allowed_at_checkout": 3}),
            vec![Put("/promotions/settings", settings(5))],
        ),
    ];
    for (index, (tool, arguments, edits)) in cases.into_iter().enumerate() {
        let (store, before, result) = undo_after(tool, arguments.clone(), edits).await;
        let error = tool_error(&result);
        assert_eq!(error["code"], "changed_since", "{index} {tool} {arguments}: {error}");
        assert_eq!(store.picture().await, before, "{index} {tool} {arguments}");
    }
}

#[tokio::test]
async fn an_edit_of_something_else_does_not_stand_in_the_way() {
    for (tool, arguments, edits) in [
        (
            "update_promotion",
            json!({"promotion_id": 7, "name": "Mine"}),
            vec![Put("/promotions/7", json!({"max_uses": 170}))],
        ),
        (
            "create_coupon_code",
            json!({"promotion_id": 7, "code": "NEW"}),
            vec![Put("/promotions/7", json!({"name": "Theirs"}))],
        ),
        (
            "create_coupon_code",
            json!({"promotion_id": 7, "code": "NEW"}),
            vec![Post("/promotions/7/codes", new_code("THEIRS"))],
        ),
        ("delete_coupon_codes", json!({"codes": ["ANNA10"]}), vec![Delete("/promotions/codes?code=BERT10")]),
    ] {
        let (store, before, result) = undo_after(tool, arguments.clone(), edits).await;
        assert_eq!(result["structuredContent"]["status"], "done", "{tool} {arguments}: {result}");
        assert_ne!(store.picture().await, before, "{tool} {arguments}");
        let promotion = store.promotion(7).await;
        let theirs = promotion["name"] == "Theirs" || promotion["max_uses"] == 170;
        let code = store.sandbox.count("THEIRS").await == 1 || store.sandbox.count("BERT10").await == 0;
        assert!(theirs || code, "the other edit stays: {promotion}");
    }
}

#[tokio::test]
async fn a_code_that_was_made_again_by_somebody_is_theirs() {
    // The change made NEW; they deleted it and made their own.
    let theirs = vec![Delete("/promotions/codes?code=NEW"), Post("/promotions/7/codes", new_code("NEW"))];
    let (store, before, result) =
        undo_after("create_coupon_code", json!({"promotion_id": 7, "code": "NEW"}), theirs).await;
    assert_eq!(result["structuredContent"].get("change_id"), None, "there is nothing to undo: {result}");
    assert_eq!(store.picture().await, before);
}

#[tokio::test]
async fn a_text_that_somebody_took_since_is_called_that() {
    for (tool, arguments, taken) in [
        (
            "delete_coupon_codes",
            json!({"codes": ["ANNA10"]}),
            vec![Post("/promotions/7/codes", new_code("ANNA10"))],
        ),
        (
            "delete_coupon_codes",
            json!({"codes": ["ANNA10"]}),
            vec![Post("/promotions/1/codes", new_code("ANNA10"))],
        ),
        (
            "delete_promotions",
            json!({"promotion_ids": [7]}),
            vec![Post("/promotions/1/codes", new_code("ANNA10"))],
        ),
        (
            "replace_coupon_code",
            json!({"code": "ANNA10", "new_code": "ANNA11"}),
            vec![Post("/promotions/1/codes", new_code("ANNA10"))],
        ),
    ] {
        let (store, before, result) = undo_after(tool, arguments.clone(), taken).await;
        let error = tool_error(&result);
        assert_eq!(error["code"], "changed_since", "{tool}: {error}");
        assert!(error["message"].as_str().unwrap().contains("ANNA10"), "{error}");
        assert_eq!(store.picture().await, before, "{tool} {arguments}");
    }
}
