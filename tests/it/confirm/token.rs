//! A host that cannot ask: the model shows the preview, and calls again with its token and its text.

use serde_json::{Value, json};

use crate::support::asking_host::{AskingHost, LEGACY, WAYS};
use crate::support::guarded_store::GuardedStore;
use crate::support::in_days;

const ALL_TOOLS: [&str; 2] = ["--toolsets", "read,codes,promotions,settings"];

async fn store_with_a_code() -> GuardedStore {
    let store = GuardedStore::start().await;
    store.add_promotion(json!({})).await;
    store.add_code(7, "ANNA10", 0).await;
    store
}

/// The second call.
fn with(preview: &Value, mut arguments: Value) -> Value {
    arguments["confirmation_token"] = preview["confirmation_token"].clone();
    arguments["confirmation_text"] = preview["confirmation_text"].clone();
    arguments
}

/// Asserts that a call did nothing and gave a new token; gives its answer.
async fn not_done(host: &mut AskingHost, tool: &str, arguments: Value) -> Value {
    let result = host.call(tool, arguments).await.result();
    assert_ne!(result["isError"], true, "{result}");
    let answer = result["structuredContent"].clone();
    assert_eq!(answer["status"], "needs_confirmation", "{answer}");
    assert!(answer["confirmation_token"].is_string() && answer["confirmation_text"].is_string(), "{answer}");
    for text in [&answer["message"], &result["content"][0]["text"]] {
        assert!(text.as_str().unwrap().starts_with("Nothing has been changed yet."), "{text}");
    }
    answer
}

#[tokio::test]
async fn the_second_call_with_token_and_text_makes_the_change_over_every_transport() {
    for way in WAYS {
        let store = store_with_a_code().await;
        let mut host = store.mute(way, "mute", &[]).await;
        let asked = json!({"codes": ["ANNA10"]});
        let before = (store.picture().await, store.writes().await);
        let preview = not_done(&mut host, "delete_coupon_codes", asked.clone()).await;
        assert_eq!((store.picture().await, store.writes().await), before, "{way:?}");
        assert_eq!(preview["confirmation_text"], "Delete code \"ANNA10\" of promotion 7 \"Ordinary\"");
        assert_eq!(preview["preview"]["headline"], preview["confirmation_text"]);
        assert!(preview["preview"]["reasons"][0].is_string(), "{preview}");
        let details = preview["preview"]["details"].to_string();
        assert!(details.contains("does not mean never sent"), "unused is not unsent: {details}");
        assert!(preview["preview"]["alternative"].as_str().unwrap().contains("DISABLED"));
        let done = host.call("delete_coupon_codes", with(&preview, asked)).await.answer();
        assert_eq!(done["status"], "done", "{way:?}: {done}");
        assert_eq!(store.sandbox.count("ANNA10").await, 0, "{way:?}");
    }
}

#[tokio::test]
async fn without_the_right_text_or_token_nothing_is_done() {
    let store = store_with_a_code().await;
    let mut host = store.mute(LEGACY, "mute", &[]).await;
    let asked = json!({"codes": ["ANNA10"]});
    let preview = not_done(&mut host, "delete_coupon_codes", asked.clone()).await;
    let before = (store.picture().await, store.writes().await);
    let right = with(&preview, asked);
    for (argument, wrong) in [
        ("confirmation_text", json!(null)),
        ("confirmation_text", json!("")),
        ("confirmation_text", json!("yes")),
        ("confirmation_text", json!("Delete code \"ANNA10\"")),
        ("confirmation_text", json!("delete code \"anna10\" of promotion 7 \"ordinary\"")),
        ("confirmation_token", json!(null)),
        ("confirmation_token", json!("")),
        ("confirmation_token", json!("made-up")),
    ] {
        let mut arguments = right.clone();
        arguments[argument] = wrong.clone();
        not_done(&mut host, "delete_coupon_codes", arguments).await;
        assert_eq!((store.picture().await, store.writes().await), before, "{argument} {wrong}");
    }
    let done = host.call("delete_coupon_codes", right).await.answer();
    assert_eq!(done["status"], "done", "a slip uses nothing up: {done}");
}

#[tokio::test]
async fn a_token_is_good_for_its_own_call_only() {
    let store = store_with_a_code().await;
    store.add_code(7, "BERT10", 0).await;
    let mut host = store.mute(LEGACY, "mute", &[]).await;
    let asked = json!({"codes": ["ANNA10"]});
    let preview = not_done(&mut host, "delete_coupon_codes", asked.clone()).await;
    let before = (store.picture().await, store.writes().await);
    for (tool, other) in [
        ("delete_coupon_codes", json!({"codes": ["BERT10"]})),
        ("delete_coupon_codes", json!({"codes": ["ANNA10", "BERT10"]})),
        ("delete_coupon_codes", json!({"promotion_id": 7, "code_ids": [3001]})),
        ("delete_promotions", json!({"promotion_ids": [7]})),
        ("replace_coupon_code", json!({"code": "ANNA10", "new_code": "ANNA11"})),
    ] {
        // Even with the text of that other call.
        let own = not_done(&mut host, tool, other.clone()).await;
        let mut arguments = with(&own, other.clone());
        arguments["confirmation_token"] = preview["confirmation_token"].clone();
        not_done(&mut host, tool, arguments).await;
        assert_eq!((store.picture().await, store.writes().await), before, "{tool} {other}");
    }
    let mut other = store.mute(LEGACY, "another", &[]).await;
    not_done(&mut other, "delete_coupon_codes", with(&preview, asked.clone())).await;
    assert_eq!((store.picture().await, store.writes().await), before, "another caller");
    assert_eq!(host.call("delete_coupon_codes", with(&preview, asked)).await.answer()["status"], "done");
}

#[tokio::test]
async fn a_token_counts_once_also_after_a_restart() {
    let store = store_with_a_code().await;
    let asked = json!({"promotion_id": 7, "max_uses": 0});
    let mut host = store.mute(LEGACY, "mute", &[]).await;
    let preview = not_done(&mut host, "update_promotion", asked.clone()).await;
    drop(host);
    let mut host = store.mute(LEGACY, "mute", &[]).await;
    let done = host.call("update_promotion", with(&preview, asked.clone())).await.answer();
    assert_eq!(done["status"], "done", "a token survives a restart: {done}");
    store.elsewhere("PUT", "/promotions/7", json!({"max_uses": 100})).await;
    let again = not_done(&mut host, "update_promotion", with(&preview, asked.clone())).await;
    assert!(again["message"].as_str().unwrap().contains("used already"), "{again}");
    let mut host = store.mute(LEGACY, "mute", &[]).await;
    not_done(&mut host, "update_promotion", with(&preview, asked)).await;
    assert_eq!(store.promotion(7).await["max_uses"], 100);
}

#[tokio::test]
async fn a_token_for_codes_that_are_others_now_is_asked_again() {
    let store = store_with_a_code().await;
    let mut host = store.mute(LEGACY, "mute", &[]).await;
    let asked = json!({"promotion_id": 7, "filter": "unused"});
    let path = |id: u64| format!("/promotions/7/codes/{id}");

    let preview = not_done(&mut host, "delete_coupon_codes", asked.clone()).await;
    let added = store.add_code(7, "ADDED", 0).await;
    let preview_of_two = not_done(&mut host, "delete_coupon_codes", with(&preview, asked.clone())).await;
    assert!(preview_of_two["confirmation_text"].as_str().unwrap().starts_with("Delete 2 codes"));

    store.elsewhere("DELETE", &path(added), Value::Null).await;
    let other = store.add_code(7, "OTHER", 0).await;
    not_done(&mut host, "delete_coupon_codes", with(&preview_of_two, asked.clone())).await;

    let preview_of_two = not_done(&mut host, "delete_coupon_codes", asked.clone()).await;
    store.elsewhere("DELETE", &path(other), Value::Null).await;
    not_done(&mut host, "delete_coupon_codes", with(&preview_of_two, asked.clone())).await;
    assert_eq!(store.sandbox.count("ANNA10").await, 1);

    // The same text, and yet another code.
    let preview = not_done(&mut host, "delete_coupon_codes", json!({"codes": ["ANNA10"]})).await;
    store.elsewhere("DELETE", "/promotions/codes?code=ANNA10", Value::Null).await;
    store.add_code(7, "ANNA10", 0).await;
    not_done(&mut host, "delete_coupon_codes", with(&preview, json!({"codes": ["ANNA10"]}))).await;
    assert_eq!(store.sandbox.count("ANNA10").await, 1);
}

#[tokio::test]
async fn uses_that_go_on_while_a_person_decides_do_not_matter() {
    let store = store_with_a_code().await;
    let mut host = store.mute(LEGACY, "mute", &[]).await;
    for (tool, asked) in [
        ("update_promotion", json!({"promotion_id": 7, "max_uses": 0})),
        ("delete_promotions", json!({"promotion_ids": [7]})),
    ] {
        let preview = not_done(&mut host, tool, asked.clone()).await;
        let uses = if tool == "update_promotion" { 2 } else { 5 };
        store.redeem("ANNA10", uses).await;
        let done = host.call(tool, with(&preview, asked)).await.answer();
        assert_eq!(done["status"], "done", "{done}");
    }
}

#[tokio::test]
async fn a_token_for_a_promotion_that_was_edited_since_is_asked_again() {
    let edits = [
        json!({"name": "Black Friday"}),
        json!({"rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "90"}}}}]}),
        json!({"status": "DISABLED"}),
        json!({"max_uses": 50}),
        json!({"end_date": in_days(365)}),
    ];
    for (tool, asked) in [
        ("delete_promotions", json!({"promotion_ids": [7]})),
        ("update_promotion", json!({"promotion_id": 7, "max_uses": 0})),
        ("update_promotion", json!({"promotion_id": 7, "can_be_used_with_other_promotions": true})),
    ] {
        for edit in &edits {
            let store = store_with_a_code().await;
            let mut host = store.mute(LEGACY, "mute", &[]).await;
            let preview = not_done(&mut host, tool, asked.clone()).await;
            store.elsewhere("PUT", "/promotions/7", edit.clone()).await;
            let before = (store.picture().await, store.writes().await);
            let answer = host.call(tool, with(&preview, asked.clone())).await.answer();
            // Where nobody needs to be asked any more, it may be done.
            let harmless = tool == "update_promotion" && edit["status"] == "DISABLED";
            let expected = if harmless { "done" } else { "needs_confirmation" };
            assert_eq!(answer["status"], expected, "{tool} {asked} {edit}: {answer}");
            if !harmless {
                assert_eq!((store.picture().await, store.writes().await), before, "{tool} {asked} {edit}");
            }
        }
    }
}

#[tokio::test]
async fn a_promotion_that_vanished_since_is_called_that() {
    let store = store_with_a_code().await;
    let mut host = store.mute(LEGACY, "mute", &[]).await;
    let update = json!({"promotion_id": 7, "max_uses": 0});
    let delete = json!({"promotion_ids": [7]});
    let code = json!({"codes": ["ANNA10"]});
    let update = with(&not_done(&mut host, "update_promotion", update.clone()).await, update);
    let delete = with(&not_done(&mut host, "delete_promotions", delete.clone()).await, delete);
    let code = with(&not_done(&mut host, "delete_coupon_codes", code.clone()).await, code);
    store.elsewhere("DELETE", "/promotions/codes?code=ANNA10", Value::Null).await;
    store.elsewhere("DELETE", "/promotions/7", Value::Null).await;
    let before = store.writes().await;
    assert_eq!(host.call("update_promotion", update).await.error()["code"], "unknown_promotion");
    let gone = host.call("delete_promotions", delete).await.answer();
    assert_eq!((&gone["status"], gone.get("change_id")), (&json!("done"), None), "{gone}");
    let gone = host.call("delete_coupon_codes", code).await.answer();
    assert_eq!((&gone["not_found"], &gone["deleted_count"]), (&json!(["ANNA10"]), &json!(0)), "{gone}");
    assert_eq!(store.writes().await, before);
}

#[tokio::test]
async fn a_dry_run_gives_the_same_preview_and_a_token_and_only_reads() {
    let store = store_with_a_code().await;
    let mut host = store.mute(LEGACY, "mute", &ALL_TOOLS).await;
    for (tool, asked) in [
        ("update_promotion_settings", json!({"number_of_coupons_allowed_at_checkout": 3})),
        ("create_promotion", json!({"name": "Half", "discount_type": "percent", "discount_value": 70})),
        ("update_promotion", json!({"promotion_id": 7, "discount_value": 60})),
        ("replace_coupon_code", json!({"code": "ANNA10", "new_code": "ANNA11"})),
        ("delete_coupon_codes", json!({"codes": ["ANNA11"]})),
        ("delete_promotions", json!({"promotion_ids": [7]})),
    ] {
        let before = (store.picture().await, store.writes().await);
        let mut dry = asked.clone();
        for flag in [json!("true"), json!(true)] {
            dry["dry_run"] = flag;
            let answer = host.call(tool, dry.clone()).await.answer();
            assert_eq!(answer["status"], "dry_run", "{tool}: {answer}");
        }
        let preview = host.call(tool, dry.clone()).await.answer();
        assert!(
            preview["message"].as_str().unwrap().starts_with("Nothing has been changed yet."),
            "{preview}"
        );
        let real = not_done(&mut host, tool, asked.clone()).await;
        assert_eq!(
            (&preview["preview"], &preview["confirmation_text"]),
            (&real["preview"], &real["confirmation_text"]),
            "{tool}"
        );
        let confirmed_and_dry = host.call(tool, with(&preview, dry)).await.answer();
        assert_eq!(confirmed_and_dry["status"], "dry_run", "dry_run wins: {tool}");
        assert_eq!((store.picture().await, store.writes().await), before, "{tool}");
        let done = host.call(tool, with(&preview, asked)).await.answer();
        assert_eq!(done["status"], "done", "{tool}: {done}");
    }
}

#[tokio::test]
async fn a_dry_run_of_what_needs_no_yes_only_reads_too() {
    let store = store_with_a_code().await;
    let mut host = store.mute(LEGACY, "mute", &[]).await;
    let before = (store.picture().await, store.writes().await);
    let ordinary = json!({
        "name": "Plain", "discount_type": "percent", "discount_value": 20, "max_uses": 500,
        "ends_at": in_days(30), "code": "PLAIN", "dry_run": true,
    });
    for (tool, asked) in [
        ("create_promotion", ordinary),
        ("update_promotion", json!({"promotion_id": 7, "status": "DISABLED", "dry_run": true})),
    ] {
        let dry = host.call(tool, asked).await.answer();
        assert_eq!((&dry["status"], dry.get("confirmation_token")), (&json!("dry_run"), None), "{dry}");
        assert_eq!(dry["preview"]["reasons"], json!([]), "{dry}");
    }
    let asked = json!({"promotion_id": 7, "code": "PLAIN", "dry_run": true});
    assert_eq!(host.call("create_coupon_code", asked).await.answer()["outcome"], "dry_run");
    assert_eq!((store.picture().await, store.writes().await), before);
}
