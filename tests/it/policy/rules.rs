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

/// Rules beyond 40 percent, of which each alone would be within it or say nothing of a percentage.
fn beyond_forty() -> Vec<Value> {
    let forty = json!({"action": {"cart_value": {"discount": {"percentage_amount": "40"}}}});
    let fixed = |action: &str, amount: &str, minimum: &str| {
        json!({
            "action": {action: {"discount": {"fixed_amount": amount}}},
            "condition": {"cart": {"minimum_spend": minimum}},
        })
    };
    let mut repeated = fixed("cart_value", "10", "100");
    repeated["apply_once"] = json!(false);
    vec![
        json!(vec![forty.clone(); 2]),
        json!(vec![forty.clone(); 3]),
        json!(vec![forty.clone(); 10]),
        json!([forty, {"action": {"cart_items": {"discount": {"percentage_amount": "1"}}}}]),
        json!([fixed("cart_value", "41", "100")]),
        json!([fixed("cart_value", "10", "0")]),
        json!([fixed("cart_items", "5", "500")]),
        json!([repeated]),
    ]
}

fn gifts() -> Vec<Value> {
    let five = json!({"percentage_amount": "5"});
    [
        json!({"gift_item": {"product_id": 77, "quantity": 1}}),
        json!({"fixed_price_set": {"quantity": 3, "fixed_price": "0.01", "items": {"products": [77]}}}),
        json!({"cart_items": {"discount": five, "items": {"products": [77]}, "add_free_item": true}}),
    ]
    .map(|action| json!([{ "action": action }]))
    .to_vec()
}

#[tokio::test]
async fn max_percent_holds_for_all_rules_together_and_for_what_has_no_bound() {
    let store = GuardedStore::start().await;
    let mut calls = Vec::new();
    for rules in beyond_forty().into_iter().chain(gifts()) {
        let off = json!({"name": "Off", "status": "DISABLED", "rules": rules, "end_date": in_days(9)});
        let off = store.add_promotion(off).await;
        let new = json!({"name": "New", "rules": rules, "max_uses": 5, "ends_at": in_days(5)});
        calls.push(("create_promotion", new));
        calls.push(("update_promotion", json!({"promotion_id": off, "status": "ENABLED"})));
    }
    let mut strict = host(&store, "max_percent = 40").await;
    refused(&store, &mut strict, "max_percent", "40", &calls).await;
    let within = json!([
        {"action": {"cart_value": {"discount": {"percentage_amount": "30"}}}},
        {"action": {"cart_value": {"discount": {"fixed_amount": "10"}}},
         "condition": {"cart": {"minimum_spend": "100"}}},
        {"action": {"shipping": {"free_shipping": true, "zone_ids": "*"}}},
    ]);
    let within = json!({"name": "Within", "rules": within, "max_uses": 5, "ends_at": in_days(5)});
    assert_eq!(strict.call("create_promotion", within).await.answer()["status"], "done");
}

#[tokio::test]
async fn allowed_gifts_pass_the_wall_and_still_ask_a_person() {
    let store = GuardedStore::start().await;
    let mut host = host(&store, "max_percent = 40\nallow_gifts = true").await;
    for rules in gifts() {
        let new = json!({"name": "Gift", "rules": rules, "max_uses": 5, "ends_at": in_days(5)});
        host.call("create_promotion", new).await.question();
    }
    let mut both = gifts().swap_remove(0);
    both.as_array_mut().unwrap().extend(percent(41).as_array().unwrap().clone());
    let both = json!({"name": "Both", "rules": both, "max_uses": 5, "ends_at": in_days(5)});
    refused(&store, &mut host, "max_percent", "40", &[("create_promotion", both)]).await;
}

#[tokio::test]
async fn max_percent_holds_for_codes_of_a_promotion_that_is_beyond_it() {
    let store = GuardedStore::start().await;
    let wild = store.add_promotion(json!({"name": "Wild", "rules": percent(45)})).await;
    store.add_code(wild, "OLD", 5).await;
    store.add_code(wild, "GONE", 5).await;
    let deleting = undoable(&store, "delete_coupon_codes", json!({"codes": ["GONE"]})).await;
    let mut host = host(&store, "max_percent = 40").await;
    refused(
        &store,
        &mut host,
        "max_percent",
        "40",
        &[
            ("create_coupon_code", json!({"promotion_id": wild, "code": "NEW"})),
            ("generate_coupon_codes", json!({"promotion_id": wild, "count": 3})),
            ("import_coupon_codes", json!({"promotion_id": wild, "csv_text": "code,max_uses\nB-1,1\n"})),
            ("replace_coupon_code", json!({"code": "OLD", "new_code": "NEWER"})),
            ("undo", deleting),
        ],
    )
    .await;
    let stopping = json!({"promotion_id": wild, "status": "DISABLED"});
    assert_eq!(host.call("update_promotion", stopping).await.answer()["status"], "done");
    let harmless = json!({"promotion_id": wild, "code": "NEW"});
    assert_eq!(host.call("create_coupon_code", harmless).await.answer()["outcome"], "created");
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
            (
                "create_promotion",
                json!({"name": "Two", "rules": [fixed("11")[0], fixed("9.01")[0]], "max_uses": 5}),
            ),
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
            ("create_promotion", ordinary(json!({"max_uses": 2_147_483_647}))),
            ("create_promotion", ordinary(json!({"max_uses": 100_000}))),
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
