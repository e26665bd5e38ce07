//! The rules of `[policy]`: a change that would break one is refused before anything is sent.

use serde_json::{Value, json};

use crate::support::asking_host::{AskingHost, LEGACY, yes};
use crate::support::guarded_store::GuardedStore;
use crate::support::in_days;

/// A host that says yes to whatever is asked, so that only the policy stands in the way.
async fn host(store: &GuardedStore, policy: &str) -> AskingHost {
    let config = store.config(&format!("[policy]\n{policy}\n"));
    store.asking(LEGACY, &["--config", &config]).await
}

fn percent(of: u32) -> Value {
    json!([{"action": {"cart_value": {"discount": {"percentage_amount": of.to_string()}}}}])
}

fn fixed(amount: &str) -> Value {
    json!([{
        "action": {"cart_value": {"discount": {"fixed_amount": amount}}},
        "condition": {"cart": {"minimum_spend": "500.00"}},
    }])
}

fn ordinary(other: Value) -> Value {
    let mut arguments = json!({
        "name": "New", "discount_type": "percent", "discount_value": 10, "max_uses": 500, "ends_at": in_days(14),
        "can_be_used_with_other_promotions": false,
    });
    for (name, value) in other.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    arguments
}

/// Asserts that each call is refused for this rule and limit, dry or not, and that only reads were sent.
async fn refused(
    store: &GuardedStore,
    host: &mut AskingHost,
    rule: &str,
    limit: &str,
    calls: &[(&str, Value)],
) {
    let before = (store.picture().await, store.writes().await);
    for (tool, arguments) in calls {
        for dry in [true, false] {
            let mut arguments = arguments.clone();
            arguments["dry_run"] = json!(dry);
            let error = host.call(tool, arguments.clone()).await.error();
            assert_eq!(
                (&error["code"], &error["retryable"]),
                (&json!("policy_violation"), &json!(false)),
                "{tool} {arguments}: {error}"
            );
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(rule) && message.contains(limit), "{tool} {arguments}: {message}");
        }
    }
    assert_eq!((store.picture().await, store.writes().await), before);
}

/// A change that was made when it was allowed; gives the arguments that undo it.
async fn undoable(store: &GuardedStore, tool: &str, arguments: Value) -> Value {
    let mut free = store.asking(LEGACY, &["--confirm", "never"]).await;
    let done = free.call(tool, arguments).await.answer();
    assert!(done["change_id"].is_string(), "{done}");
    json!({"change_id": done["change_id"]})
}

#[tokio::test]
async fn max_percent_holds_for_whatever_leads_to_a_live_discount() {
    let store = GuardedStore::start().await;
    let off = store.add_promotion(json!({"name": "Off", "status": "DISABLED", "rules": percent(40)})).await;
    let on = store.add_promotion(json!({"name": "On", "rules": percent(40)})).await;
    let plain = store.add_promotion(json!({"name": "Plain"})).await;
    let gone = store.add_promotion(json!({"name": "Gone", "rules": percent(40)})).await;
    let disabling =
        undoable(&store, "update_promotion", json!({"promotion_id": on, "status": "DISABLED"})).await;
    let deleting = undoable(&store, "delete_promotions", json!({"promotion_ids": [gone]})).await;
    let mut host = host(&store, "max_percent = 30").await;
    let two = json!([percent(10)[0], percent(31)[0]]);
    refused(
        &store,
        &mut host,
        "max_percent",
        "30",
        &[
            ("create_promotion", ordinary(json!({"discount_value": 31}))),
            (
                "create_promotion",
                ordinary(json!({"discount_type": "percent_off_items", "discount_value": 31})),
            ),
            ("create_promotion", json!({"name": "Raw", "rules": two, "max_uses": 5, "ends_at": in_days(5)})),
            ("create_promotion", json!({"name": "Copy", "copy_from_promotion_id": off, "max_uses": 5})),
            (
                "create_promotion",
                json!({"name": "Unreadable", "rules": [{"action": {"new_kind": {"percent": 99}}}]}),
            ),
            ("update_promotion", json!({"promotion_id": plain, "discount_value": 30.5})),
            ("update_promotion", json!({"promotion_id": off, "status": "ENABLED"})),
            ("undo", disabling),
            ("undo", deleting),
        ],
    )
    .await;
    let made = host.call("create_promotion", ordinary(json!({"discount_value": 30}))).await.answer();
    assert_eq!(made["status"], "done", "the limit itself is within it");
    let stopped =
        host.call("update_promotion", json!({"promotion_id": plain, "status": "DISABLED"})).await.answer();
    assert_eq!(stopped["status"], "done");
}

#[tokio::test]
async fn max_fixed_amount_holds_for_whatever_leads_to_a_live_discount() {
    let store = GuardedStore::start().await;
    let off =
        store.add_promotion(json!({"name": "Off", "status": "DISABLED", "rules": fixed("25.00")})).await;
    let small = store.add_promotion(json!({"name": "Small", "rules": fixed("5.00")})).await;
    let mut host = host(&store, "max_fixed_amount = 20").await;
    let flat =
        |kind: &str| ordinary(json!({"discount_type": kind, "discount_value": 20.01, "minimum_spend": 100}));
    refused(
        &store,
        &mut host,
        "max_fixed_amount",
        "20",
        &[
            ("create_promotion", flat("fixed_amount")),
            ("create_promotion", flat("fixed_amount_off_items")),
            ("create_promotion", json!({"name": "Raw", "rules": fixed("25.00"), "max_uses": 5})),
            ("update_promotion", json!({"promotion_id": small, "discount_value": 21})),
            ("update_promotion", json!({"promotion_id": off, "status": "ENABLED"})),
        ],
    )
    .await;
    let edit = json!({"promotion_id": small, "discount_value": 20});
    assert_eq!(host.call("update_promotion", edit).await.answer()["status"], "done");
}

#[tokio::test]
async fn a_live_promotion_must_have_an_end_and_a_cap_where_they_are_required() {
    let store = GuardedStore::start().await;
    let endless = store.add_promotion(json!({"name": "Endless"})).await;
    let off = store.add_promotion(json!({"name": "Off", "status": "DISABLED", "end_date": null})).await;
    let stopping =
        undoable(&store, "update_promotion", json!({"promotion_id": endless, "status": "DISABLED"})).await;
    let ending = store.add_promotion(json!({"name": "Ending", "end_date": in_days(9)})).await;
    let mut strict = host(&store, "require_end_date = true").await;
    refused(
        &store,
        &mut strict,
        "require_end_date",
        "",
        &[
            ("create_promotion", ordinary(json!({"ends_at": null}))),
            ("update_promotion", json!({"promotion_id": ending, "ends_at": "never"})),
            ("update_promotion", json!({"promotion_id": off, "status": "ENABLED"})),
            ("undo", stopping),
        ],
    )
    .await;
    let both = json!({"promotion_id": off, "status": "ENABLED", "ends_at": in_days(3)});
    assert_eq!(strict.call("update_promotion", both).await.answer()["status"], "done");

    let uncapped = store.add_promotion(json!({"name": "Open", "status": "DISABLED", "max_uses": null})).await;
    let mut strict = host(&store, "require_cap = true").await;
    refused(
        &store,
        &mut strict,
        "require_cap",
        "",
        &[
            ("create_promotion", ordinary(json!({"max_uses": null}))),
            ("create_promotion", ordinary(json!({"max_uses": 0}))),
            ("update_promotion", json!({"promotion_id": ending, "max_uses": 0})),
            ("update_promotion", json!({"promotion_id": uncapped, "status": "ENABLED"})),
        ],
    )
    .await;
}

#[tokio::test]
async fn every_new_code_matches_the_pattern() {
    let store = GuardedStore::start().await;
    let id = store.add_promotion(json!({})).await;
    store.add_code(id, "VIP-1", 5).await;
    store.add_code(id, "OLD", 5).await;
    let deleting = undoable(&store, "delete_coupon_codes", json!({"codes": ["OLD"]})).await;
    let mut host = host(&store, "code_pattern = \"VIP-[0-9]+\"").await;
    refused(
        &store,
        &mut host,
        "code_pattern",
        "VIP-[0-9]+",
        &[
            ("create_coupon_code", json!({"promotion_id": id, "code": "ANNA10"})),
            ("create_coupon_code", json!({"promotion_id": id, "code": "VIP-1X"})),
            ("create_coupon_code", json!({"promotion_id": id, "code": "XVIP-1"})),
            ("create_promotion", ordinary(json!({"code": "ANNA10"}))),
            ("replace_coupon_code", json!({"code": "VIP-1", "new_code": "ANNA10"})),
            ("undo", deleting),
        ],
    )
    .await;
    let made = host.call("create_coupon_code", json!({"promotion_id": id, "code": "VIP-22"})).await.answer();
    assert_eq!(made["outcome"], "created");
    let question =
        host.call("replace_coupon_code", json!({"code": "VIP-1", "new_code": "VIP-3"})).await.question();
    assert_eq!(host.answer(question, yes()).await.answer()["status"], "done");
}

#[tokio::test]
async fn only_allowed_promotions_are_touched() {
    let store = GuardedStore::start().await;
    let allowed = store.add_promotion(json!({"name": "Allowed"})).await;
    let other = store.add_promotion(json!({"name": "Other"})).await;
    store.add_code(other, "THEIRS", 0).await;
    store.add_code(allowed, "OURS", 0).await;
    let renaming =
        undoable(&store, "update_promotion", json!({"promotion_id": other, "name": "Renamed"})).await;
    let adding = undoable(&store, "create_coupon_code", json!({"promotion_id": other, "code": "MADE"})).await;
    let mut host = host(&store, &format!("allowed_promotions = [{allowed}]")).await;
    refused(
        &store,
        &mut host,
        "allowed_promotions",
        &format!("[{allowed}]"),
        &[
            ("create_promotion", ordinary(json!({}))),
            ("create_coupon_code", json!({"promotion_id": other, "code": "NEW"})),
            ("update_promotion", json!({"promotion_id": other, "name": "Mine"})),
            ("update_promotion", json!({"promotion_id": other, "status": "DISABLED"})),
            ("delete_coupon_codes", json!({"codes": ["THEIRS"]})),
            ("delete_coupon_codes", json!({"codes": ["OURS", "THEIRS"]})),
            ("delete_promotions", json!({"promotion_ids": [allowed, other]})),
            ("replace_coupon_code", json!({"code": "THEIRS", "new_code": "MINE"})),
            ("undo", renaming),
            ("undo", adding),
        ],
    )
    .await;
    let made =
        host.call("create_coupon_code", json!({"promotion_id": allowed, "code": "NEW"})).await.answer();
    assert_eq!(made["outcome"], "created");
}

#[tokio::test]
async fn a_yes_does_not_lift_a_rule_that_came_since() {
    let store = GuardedStore::start().await;
    let id = store.add_promotion(json!({})).await;
    let asked = json!({"promotion_id": id, "discount_value": 60});
    let mut host_before = store.mute(LEGACY, "mute", &[]).await;
    let preview = host_before.call("update_promotion", asked.clone()).await.answer();
    let config = store.config("[policy]\nmax_percent = 50\n");
    let mut host_now = store.mute(LEGACY, "mute", &["--config", &config]).await;
    let mut confirmed = asked;
    confirmed["confirmation_token"] = preview["confirmation_token"].clone();
    confirmed["confirmation_text"] = preview["confirmation_text"].clone();
    refused(&store, &mut host_now, "max_percent", "50", &[("update_promotion", confirmed)]).await;
}
