//! Ceilings for 24 hours: many small calls are no way round them, nor is a restart.

use serde_json::{Value, json};

use crate::support::asking_host::{AskingHost, LEGACY, WAYS};
use crate::support::guarded_store::GuardedStore;

const DAY_S: u64 = 24 * 60 * 60;

/// A host that nobody needs to be asked for, so that only the ceiling stands in the way.
async fn host(store: &GuardedStore, policy: &str) -> AskingHost {
    let config = store.config(&format!("[policy]\n{policy}\n"));
    store.mute(LEGACY, "mute", &["--config", &config, "--confirm", "never"]).await
}

/// Asserts that a call is refused for this ceiling and nothing is sent; gives the error.
async fn refused(
    store: &GuardedStore,
    host: &mut AskingHost,
    rule: &str,
    tool: &str,
    arguments: Value,
) -> Value {
    let before = (store.picture().await, store.writes().await);
    let error = host.call(tool, arguments.clone()).await.error();
    assert_eq!(error["code"], "daily_ceiling", "{tool} {arguments}: {error}");
    assert!(error["message"].as_str().unwrap().contains(rule), "{error}");
    assert_eq!((store.picture().await, store.writes().await), before, "{tool} {arguments}");
    error
}

fn code(text: &str) -> Value {
    json!({"promotion_id": 7, "code": text})
}

#[tokio::test]
async fn codes_created_by_small_calls_add_up_and_the_count_survives_a_restart() {
    let store = GuardedStore::start().await;
    store.add_promotion(json!({})).await;
    let rule = "max_codes_created_per_day";
    let policy = format!("{rule} = 3");
    let mut first = host(&store, &policy).await;
    for text in ["ONE", "TWO"] {
        assert_eq!(first.call("create_coupon_code", code(text)).await.answer()["outcome"], "created");
    }
    drop(first);
    let mut second = host(&store, &policy).await;
    let new = json!({"name": "New", "discount_type": "percent", "discount_value": 10, "code": "THREE"});
    assert_eq!(second.call("create_promotion", new).await.answer()["status"], "done");
    let error = refused(&store, &mut second, rule, "create_coupon_code", code("FOUR")).await;
    let wait = error["retry_after_s"].as_u64().unwrap();
    assert!((DAY_S - 600..=DAY_S).contains(&wait), "{error}");
    assert_eq!(error["retryable"], true);
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("free again at 2"), "the time is said: {hint}");
    refused(&store, &mut second, rule, "replace_coupon_code", json!({"code": "ONE", "new_code": "ONE-B"}))
        .await;
    for way in WAYS {
        let config = store.config(&format!("[policy]\n{policy}\n"));
        let mut host = store.mute(way, "other", &["--config", &config]).await;
        refused(&store, &mut host, rule, "create_coupon_code", code("FIVE")).await;
    }
}

#[tokio::test]
async fn what_is_not_made_gives_its_room_back() {
    let store = GuardedStore::start().await;
    store.add_promotion(json!({})).await;
    store.add_code(7, "TAKEN", 9).await;
    let mut host = host(&store, "max_codes_created_per_day = 1").await;
    let conflict = host.call("create_coupon_code", code("TAKEN")).await.error();
    assert_eq!(conflict["code"], "code_conflict");
    store.sandbox.fault(json!({"method": "POST", "path": "/codes", "status": 422, "times": 1})).await;
    assert_eq!(host.call("create_coupon_code", code("ONE")).await.error()["code"], "rejected");
    let same = json!({"promotion_id": 7, "code": "TAKEN", "max_uses": 9});
    assert_eq!(host.call("create_coupon_code", same).await.answer()["outcome"], "already_existed");
    assert_eq!(
        host.call("create_coupon_code", json!({"promotion_id": 999, "code": "ONE"})).await.error()["code"],
        "unknown_promotion"
    );
    let dry = json!({"promotion_id": 7, "code": "ONE", "dry_run": true});
    assert_eq!(host.call("create_coupon_code", dry).await.answer()["outcome"], "dry_run");
    assert_eq!(host.call("create_coupon_code", code("ONE")).await.answer()["outcome"], "created");
    refused(&store, &mut host, "max_codes_created_per_day", "create_coupon_code", code("TWO")).await;
}

#[tokio::test]
async fn codes_deleted_add_up_whichever_way_they_go() {
    let store = GuardedStore::start().await;
    store.add_promotion(json!({})).await;
    for text in ["ONE", "TWO", "THREE", "FOUR"] {
        store.add_code(7, text, 0).await;
    }
    let rule = "max_codes_deleted_per_day";
    let mut host = host(&store, &format!("{rule} = 2")).await;
    refused(&store, &mut host, rule, "delete_promotions", json!({"promotion_ids": [7]})).await;
    let three = json!({"codes": ["ONE", "TWO", "THREE"]});
    let error = refused(&store, &mut host, rule, "delete_coupon_codes", three).await;
    assert_eq!((error.get("retry_after_s"), &error["retryable"]), (None, &json!(false)), "never: {error}");
    let replaced =
        host.call("replace_coupon_code", json!({"code": "ONE", "new_code": "ONE-B"})).await.answer();
    assert_eq!(replaced["status"], "done");
    assert_eq!(host.call("delete_coupon_codes", json!({"codes": ["TWO"]})).await.answer()["status"], "done");
    refused(&store, &mut host, rule, "delete_coupon_codes", json!({"codes": ["THREE"]})).await;
}

#[tokio::test]
async fn promotions_that_go_live_add_up_whichever_way_they_do() {
    let store = GuardedStore::start().await;
    let on = store.add_promotion(json!({"name": "On"})).await;
    let off = store.add_promotion(json!({"name": "Off", "status": "DISABLED"})).await;
    let rule = "max_promotions_enabled_per_day";
    let mut host = host(&store, &format!("{rule} = 2")).await;
    let new =
        |name: &str| json!({"name": name, "discount_type": "percent", "discount_value": 10, "max_uses": 5});
    assert_eq!(host.call("create_promotion", new("A")).await.answer()["status"], "done");
    let stop = json!({"promotion_id": on, "status": "DISABLED"});
    assert_eq!(host.call("update_promotion", stop).await.answer()["status"], "done", "stopping is free");
    assert_eq!(host.call("undo", json!({})).await.answer()["status"], "done");
    refused(&store, &mut host, rule, "create_promotion", new("B")).await;
    refused(&store, &mut host, rule, "update_promotion", json!({"promotion_id": off, "status": "ENABLED"}))
        .await;
    let edit = json!({"promotion_id": on, "max_uses": 50});
    assert_eq!(host.call("update_promotion", edit).await.answer()["status"], "done", "it is live already");
}

#[tokio::test]
async fn a_deletion_that_is_refused_gives_its_room_back() {
    let store = GuardedStore::start().await;
    store.add_promotion(json!({})).await;
    for text in ["ONE", "TWO"] {
        store.add_code(7, text, 0).await;
    }
    let mut host = host(&store, "max_codes_deleted_per_day = 1").await;
    store.sandbox.fault(json!({"method": "DELETE", "path": "/codes", "status": 422, "times": 1})).await;
    let failed = host.call("delete_coupon_codes", json!({"codes": ["ONE"]})).await.error();
    assert_eq!(failed["code"], "rejected", "{failed}");
    assert_eq!(host.call("delete_coupon_codes", json!({"codes": ["ONE"]})).await.answer()["status"], "done");
    refused(&store, &mut host, "max_codes_deleted_per_day", "delete_coupon_codes", json!({"codes": ["TWO"]}))
        .await;
}
