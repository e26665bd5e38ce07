//! Each kind of change, made and taken back.

use serde_json::{Value, json};

use crate::support::asking_host::{AskingHost, ERAS, LEGACY, Reply, yes};
use crate::support::guarded_store::GuardedStore;
use crate::support::in_days;

/// Calls a tool and says yes if asked.
async fn make(host: &mut AskingHost, tool: &str, arguments: Value) -> Value {
    let done = match host.call(tool, arguments).await {
        Reply::Question(question) => host.answer(question, yes()).await.answer(),
        Reply::Result(result) => result["structuredContent"].clone(),
    };
    assert!(done["change_id"].is_string(), "{done}");
    done
}

/// What people set of everything in the store; ids, uses and times of making are left out.
async fn terms(store: &GuardedStore) -> Value {
    const SET_BY_THE_API: [&str; 7] =
        ["id", "current_uses", "created_from", "created", "codes", "multiple_codes", "start_date"];
    let mut picture = store.picture().await;
    let strip = |row: &mut Value| {
        for name in SET_BY_THE_API {
            row.as_object_mut().unwrap().remove(name);
        }
    };
    let promotions = picture["promotions"].as_array_mut().unwrap();
    promotions.iter_mut().for_each(strip);
    promotions.sort_by_key(|promotion| promotion["name"].to_string());
    let mut all = Vec::new();
    for codes in picture["codes"].as_array_mut().unwrap() {
        for code in codes.as_array_mut().unwrap() {
            strip(code);
            all.push(code.to_string());
        }
    }
    all.sort();
    picture["codes"] = json!(all);
    picture
}

async fn store() -> GuardedStore {
    let store = GuardedStore::start().await;
    let fields = json!({
        "name": "Kept", "end_date": in_days(365), "customer": {"group_ids": [3]},
        "channels": [{"id": 1}], "coupon_overrides_other_promotions": true,
    });
    assert_eq!(store.add_promotion(fields).await, 7);
    for (code, max_uses) in [("ANNA10", 200), ("BERT10", 0), ("CARL10", 1)] {
        store.add_code(7, code, max_uses).await;
    }
    store
}

#[tokio::test]
async fn every_change_is_taken_back_to_where_it_was() {
    let edit = |other: Value| {
        let mut arguments = other;
        arguments["promotion_id"] = json!(7);
        ("update_promotion", arguments)
    };
    let new = json!({"name": "New", "discount_type": "percent", "discount_value": 20, "max_uses": 9, "code": "NEW"});
    let bare = json!({"name": "New", "discount_type": "percent", "discount_value": 70});
    let changes = [
        ("create_promotion", new),
        ("create_promotion", bare),
        ("create_coupon_code", json!({"promotion_id": 7, "code": "NEW", "max_uses": 3})),
        edit(json!({"name": "Other"})),
        edit(json!({"status": "DISABLED"})),
        edit(json!({"max_uses": 0})),
        edit(json!({"ends_at": "never", "max_uses": 70})),
        edit(json!({"ends_at": in_days(30)})),
        edit(json!({"discount_value": 30})),
        ("delete_coupon_codes", json!({"codes": ["ANNA10"]})),
        ("delete_coupon_codes", json!({"promotion_id": 7, "filter": "unused"})),
        ("delete_coupon_codes", json!({"codes": ["ANNA10", "AUTUMN_PREVIEW_2024"]})),
        ("delete_promotions", json!({"promotion_ids": [7]})),
        ("delete_promotions", json!({"promotion_ids": [7, 6]})),
        ("replace_coupon_code", json!({"code": "ANNA10", "new_code": "ANNA11"})),
        ("replace_coupon_code", json!({"code": "ANNA10", "max_uses": 50})),
        ("update_promotion_settings", json!({"number_of_coupons_allowed_at_checkout": 4})),
    ];
    let all_tools = ["--toolsets", "read,codes,promotions,settings"];
    for (tool, arguments) in changes {
        let store = store().await;
        let before = terms(&store).await;
        for way in ERAS {
            let mut host = store.asking(way, &all_tools).await;
            let arguments = following(&store, arguments.clone()).await;
            let made = make(&mut host, tool, arguments.clone()).await;
            assert!(terms(&store).await != before, "{tool} {arguments}");
            let undone = make(&mut host, "undo", json!({})).await;
            assert_eq!(
                (&undone["status"], &undone["undone"]),
                (&json!("done"), &made["change_id"]),
                "{tool} {arguments}: {undone}"
            );
            assert!(terms(&store).await == before, "{tool} {arguments}");
        }
    }
}

/// A promotion that was deleted and made again has another id: the arguments follow it by its name.
async fn following(store: &GuardedStore, mut arguments: Value) -> Value {
    let promotions = store.sandbox.get("/promotions?limit=250").await["data"].clone();
    let id = |name: &str| {
        let found = promotions.as_array().unwrap().iter().find(|promotion| promotion["name"] == name);
        found.unwrap()["id"].clone()
    };
    if arguments["promotion_id"] == 7 {
        arguments["promotion_id"] = id("Kept");
    }
    if let Some(ids) = arguments.get_mut("promotion_ids") {
        let names =
            if ids.as_array().unwrap().len() == 2 { vec!["Kept", "Autumn Preview"] } else { vec!["Kept"] };
        *ids = names.into_iter().map(id).collect();
    }
    arguments
}

#[tokio::test]
async fn a_code_replaced_by_the_same_text_comes_back_with_each_of_its_limits() {
    for arguments in [
        json!({"code": "ANNA10", "max_uses_per_customer": 2}),
        json!({"code": "ANNA10", "new_code": "anna10"}),
        json!({"code": "ANNA10", "new_code": "Anna10", "max_uses_per_customer": 1}),
    ] {
        let store = store().await;
        let before = terms(&store).await;
        let mut host = store.asking(LEGACY, &[]).await;
        make(&mut host, "replace_coupon_code", arguments.clone()).await;
        assert!(terms(&store).await != before, "{arguments}");
        make(&mut host, "undo", json!({})).await;
        assert!(terms(&store).await == before, "{arguments}");
    }
}

#[tokio::test]
async fn codes_that_had_uses_come_back_at_none_and_that_is_asked_about() {
    for (tool, arguments) in [
        ("delete_coupon_codes", json!({"codes": ["ANNA10"]})),
        ("delete_promotions", json!({"promotion_ids": [7]})),
        ("replace_coupon_code", json!({"code": "ANNA10", "max_uses": 50})),
    ] {
        let store = store().await;
        store.redeem("ANNA10", 7).await;
        let mut host = store.asking(LEGACY, &[]).await;
        make(&mut host, tool, arguments).await;
        let question = host.call("undo", json!({})).await.question();
        assert!(question.message.contains("7 uses"), "{tool}: {}", question.message);
        assert!(question.message.contains("come back at 0"), "{tool}: {}", question.message);
        assert_eq!(host.answer(question, yes()).await.answer()["status"], "done", "{tool}");
        let code = store.sandbox.get("/promotions/codes?code=ANNA10").await["data"][0].clone();
        assert_eq!((&code["current_uses"], &code["max_uses"]), (&json!(0), &json!(200)), "{tool}");
    }
}

#[tokio::test]
async fn taking_back_the_deletion_of_codes_without_uses_asks_nobody() {
    let store = store().await;
    let mut host = store.asking(LEGACY, &[]).await;
    make(&mut host, "delete_coupon_codes", json!({"promotion_id": 7, "filter": "unused"})).await;
    let undone = host.call("undo", json!({})).await.answer();
    assert_eq!((&undone["status"], &undone["codes_restored"]), (&json!("done"), &json!(3)), "{undone}");
}

#[tokio::test]
async fn what_undo_deletes_is_asked_about_with_what_is_lost() {
    let store = store().await;
    let mut host = store.asking(LEGACY, &[]).await;
    make(&mut host, "create_coupon_code", json!({"promotion_id": 7, "code": "NEW"})).await;
    let question = host.call("undo", json!({})).await.question();
    assert!(question.message.contains("does not mean never sent"), "{}", question.message);
    store.redeem("NEW", 3).await;
    let question = host.call("undo", json!({})).await.question();
    assert!(question.message.contains("3 uses"), "{}", question.message);
    let refused = host.answer(question, json!({"action": "decline"})).await.answer();
    assert_eq!(refused["status"], "declined");
    assert_eq!(store.sandbox.count("NEW").await, 1);
}

#[tokio::test]
async fn a_promotion_made_again_keeps_what_people_set_and_says_that_it_is_new() {
    let store = store().await;
    let old = store.promotion(7).await;
    let mut host = store.asking(LEGACY, &[]).await;
    make(&mut host, "delete_promotions", json!({"promotion_ids": [7]})).await;
    let undone = make(&mut host, "undo", json!({})).await;
    let id = undone["promotions_restored"][0].as_u64().unwrap();
    assert_ne!(id, 7);
    assert!(undone["warnings"].to_string().contains("new id"), "{undone}");
    assert_eq!(undone["codes_restored"], 3);
    let new = store.promotion(id).await;
    for name in [
        "name",
        "rules",
        "status",
        "max_uses",
        "start_date",
        "end_date",
        "customer",
        "channels",
        "can_be_used_with_other_promotions",
        "coupon_overrides_other_promotions",
        "coupon_type",
        "currency_code",
    ] {
        assert_eq!(new[name], old[name], "{name}");
    }
}
