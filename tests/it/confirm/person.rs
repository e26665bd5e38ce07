//! A host that can ask: what a person says is what happens, over every transport and in both eras.

use serde_json::{Value, json};

use crate::support::asking_host::{ERAS, LEGACY, MODERN, Reply, WAYS, not_ticked, refusals, yes};
use crate::support::guarded_store::GuardedStore;

/// One change of each kind that asks, on a store whose code ANNA10 (promotion 7) was made a moment ago.
fn changes() -> Vec<(&'static str, Value)> {
    vec![
        ("delete_coupon_codes", json!({"codes": ["ANNA10"]})),
        ("delete_promotions", json!({"promotion_ids": [7]})),
        ("replace_coupon_code", json!({"code": "ANNA10", "new_code": "ANNA11"})),
        ("update_promotion", json!({"promotion_id": 7, "discount_value": 60})),
        ("create_promotion", json!({"name": "Half", "discount_type": "percent", "discount_value": 70})),
        ("update_promotion_settings", json!({"number_of_coupons_allowed_at_checkout": 3})),
    ]
}

const ALL_TOOLS: [&str; 2] = ["--toolsets", "read,codes,promotions,settings"];

async fn store_with_a_code() -> GuardedStore {
    let store = GuardedStore::start().await;
    assert_eq!(store.add_promotion(json!({})).await, 7);
    store.add_code(7, "ANNA10", 0).await;
    store
}

#[tokio::test]
async fn a_yes_lets_the_change_be_made_over_every_transport_and_in_both_eras() {
    let store = store_with_a_code().await;
    for way in WAYS {
        let mut host = store.asking(way, &[]).await;
        let code = format!("GONE-{way:?}").replace(' ', "-");
        store.add_code(7, &code, 0).await;
        let question = host.call("delete_coupon_codes", json!({"codes": [code]})).await.question();
        assert_eq!(store.sandbox.count(&code).await, 1, "{way:?}: asked before it is done");
        let done = host.answer(question, yes()).await.answer();
        assert_eq!((&done["status"], &done["deleted_count"]), (&json!("done"), &json!(1)), "{way:?}: {done}");
        assert!(done["change_id"].is_string(), "{done}");
        assert_eq!(store.sandbox.count(&code).await, 0, "{way:?}");
    }
}

#[tokio::test]
async fn a_no_changes_nothing_over_every_transport_and_in_both_eras() {
    let store = store_with_a_code().await;
    let before = (store.picture().await, store.writes().await);
    for way in WAYS {
        let mut host = store.asking(way, &[]).await;
        for (no, outcome) in refusals() {
            let question = host.call("delete_coupon_codes", json!({"codes": ["ANNA10"]})).await.question();
            let declined = host.answer(question, no.clone()).await.result();
            assert_ne!(declined["isError"], true, "{way:?}: a no is no error: {declined}");
            let answer = &declined["structuredContent"];
            assert_eq!(answer["status"], outcome, "{way:?} {no}");
            assert_eq!(answer.get("change_id"), None, "{way:?} {no}");
            assert!(declined["content"][0]["text"].as_str().unwrap().starts_with("Nothing has been changed"));
        }
    }
    assert_eq!((store.picture().await, store.writes().await), before);
}

#[tokio::test]
async fn every_tool_that_asks_does_what_the_person_says() {
    for way in ERAS {
        let store = store_with_a_code().await;
        let mut host = store.asking(way, &ALL_TOOLS).await;
        for (tool, arguments) in changes() {
            let before = store.picture().await;
            for (no, outcome) in refusals() {
                let question = host.call(tool, arguments.clone()).await.question();
                let declined = host.answer(question, no.clone()).await.answer();
                assert_eq!(declined["status"], outcome, "{way:?} {tool} {no}: {declined}");
            }
            assert_eq!(store.picture().await, before, "{way:?} {tool}");
        }
        for (tool, arguments) in changes().into_iter().rev() {
            // Gone with the code before, in this order.
            if tool == "delete_coupon_codes" {
                store.add_promotion(json!({"name": "Another"})).await;
                store.add_code(9, "ANNA10", 0).await;
            }
            let before = store.picture().await;
            let done = host.agreed(tool, arguments).await;
            assert_eq!(done["status"], "done", "{way:?} {tool}: {done}");
            assert_ne!(store.picture().await, before, "{way:?} {tool}");
        }
    }
}

#[tokio::test]
async fn the_form_is_one_required_boolean_and_the_question_says_what_will_be_done() {
    let store = store_with_a_code().await;
    store.redeem("ANNA10", 3).await;
    for way in WAYS {
        let mut host = store.asking(way, &[]).await;
        let question = host.call("delete_promotions", json!({"promotion_ids": [7]})).await.question();
        assert_eq!(question.schema["type"], "object");
        assert_eq!(question.schema["required"], json!(["confirm"]));
        let properties = question.schema["properties"].as_object().unwrap();
        assert_eq!(properties.keys().collect::<Vec<_>>(), ["confirm"]);
        assert_eq!(properties["confirm"]["type"], "boolean");
        assert_ne!(properties["confirm"]["default"], true, "a yes is never filled in beforehand");
        let message = &question.message;
        assert!(message.starts_with("Delete promotion 7 \"Ordinary\" with 1 code"), "{way:?}: {message}");
        assert!(message.contains("3 uses"), "what is lost: {message}");
        assert!(message.contains("DISABLED"), "the gentler way: {message}");
        assert!(!message.contains('\n'), "one line: {message}");
    }
}

#[tokio::test]
async fn the_token_arguments_are_no_way_round_the_person() {
    for way in WAYS {
        let store = store_with_a_code().await;
        let before = (store.picture().await, store.writes().await);
        let mut mute = store.mute(way, "asking", &[]).await;
        let asked = json!({"codes": ["ANNA10"]});
        let preview = mute.call("delete_coupon_codes", asked).await.answer();
        let arguments = json!({
            "codes": ["ANNA10"], "confirmation_token": preview["confirmation_token"],
            "confirmation_text": preview["confirmation_text"],
        });
        let mut host = store.asking(way, &[]).await;
        let question = host.call("delete_coupon_codes", arguments).await.question();
        assert_eq!((store.picture().await, store.writes().await), before, "{way:?}");
        let declined = host.answer(question, json!({"action": "decline"})).await.answer();
        assert_eq!(declined["status"], "declined");
        let dry =
            host.call("delete_coupon_codes", json!({"codes": ["ANNA10"], "dry_run": true})).await.answer();
        assert_eq!(dry["status"], "dry_run");
        assert_eq!(dry.get("confirmation_token"), None, "there is nothing that it would be good for: {dry}");
        assert_eq!((store.picture().await, store.writes().await), before, "{way:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_no_yes() {
    for way in ERAS {
        let store = store_with_a_code().await;
        let before = (store.picture().await, store.writes().await);
        for garbage in [
            json!({"action": "agree", "content": {"confirm": true}}),
            json!({"content": {"confirm": true}}),
            json!({}),
            json!({"action": "accept"}),
            json!({"action": "accept", "content": {}}),
            json!({"action": "accept", "content": {"confirm": "true"}}),
            json!({"action": "accept", "content": {"confirm": 1}}),
            json!({"action": "accept", "content": {"Confirm": true}}),
            json!({"action": "accept", "content": {"confirm": null}}),
            json!({"action": "decline", "content": {"confirm": true}}),
            json!({"action": "cancel", "content": {"confirm": true}}),
        ] {
            let mut host = store.asking(way, &[]).await;
            let question = host.call("delete_coupon_codes", json!({"codes": ["ANNA10"]})).await.question();
            let mut reply = host.answer(question, garbage.clone()).await;
            // A form that was sent off without a tick is put once more, and no more often.
            if let Reply::Question(again) = reply {
                reply = host.answer(again, garbage.clone()).await;
            }
            match reply {
                Reply::Question(_) => assert!(way.is_modern(), "asked for ever: {garbage}"),
                Reply::Result(result) => {
                    let outcome = if garbage["action"] == "decline" { "declined" } else { "dismissed" };
                    let status = &result["structuredContent"]["status"];
                    let could_not = status == "needs_confirmation" && !way.is_modern();
                    assert!(status == outcome || could_not, "{garbage}: {result}");
                }
            }
            assert_eq!((store.picture().await, store.writes().await), before, "{way:?} {garbage}");
        }
    }
}

#[tokio::test]
async fn a_form_without_a_tick_is_put_once_more_and_then_taken_for_no_answer() {
    let store = store_with_a_code().await;
    for way in WAYS {
        let mut host = store.asking(way, &[]).await;
        let first = host.call("delete_coupon_codes", json!({"codes": ["ANNA10"]})).await.question();
        let again = host.answer(first.clone(), not_ticked()).await.question();
        assert!(again.message.starts_with("The box was not ticked"), "{way:?}: {}", again.message);
        assert!(again.message.ends_with(&first.message), "{way:?}: {}", again.message);
        let dismissed = host.answer(again, not_ticked()).await.answer();
        assert_eq!(dismissed["status"], "dismissed", "{way:?}: {dismissed}");
        assert_eq!(store.sandbox.count("ANNA10").await, 1, "{way:?}");
        let code = format!("LATE-{way:?}").replace(' ', "-");
        store.add_code(7, &code, 0).await;
        let first = host.call("delete_coupon_codes", json!({"codes": [code]})).await.question();
        let again = host.answer(first, not_ticked()).await.question();
        let done = host.answer(again, yes()).await.answer();
        assert_eq!(done["status"], "done", "{way:?}: {done}");
    }
}

#[tokio::test]
async fn where_tokens_are_asked_for_no_form_is_shown() {
    let store = store_with_a_code().await;
    for way in WAYS {
        let code = format!("BY-TOKEN-{way:?}").replace(' ', "-");
        store.add_code(7, &code, 0).await;
        let mut host = store.asking(way, &["--confirm", "token"]).await;
        let mut arguments = json!({"codes": [code]});
        let preview = host.call("delete_coupon_codes", arguments.clone()).await.answer();
        assert_eq!(preview["status"], "needs_confirmation", "{way:?}");
        for name in ["confirmation_token", "confirmation_text"] {
            arguments[name] = preview[name].clone();
        }
        let done = host.call("delete_coupon_codes", arguments).await.answer();
        assert_eq!(done["status"], "done", "{way:?}: {done}");
    }
}

#[tokio::test]
async fn an_older_host_that_declared_forms_and_has_none_is_one_that_cannot_ask() {
    let store = store_with_a_code().await;
    let error = json!({"code": -32601, "message": "Method not found"});
    let mut host = store.asking(LEGACY, &[]).await;
    let question = host.call("delete_coupon_codes", json!({"codes": ["ANNA10"]})).await.question();
    let answer = host.fail(question, error.clone()).await.answer();
    assert_eq!(answer["status"], "needs_confirmation", "{answer}");
    assert!(answer["message"].as_str().unwrap().contains("could_not_ask"), "{answer}");
    let mut strict = store.asking(LEGACY, &["--confirm", "person"]).await;
    let question = strict.call("delete_coupon_codes", json!({"codes": ["ANNA10"]})).await.question();
    assert_eq!(strict.fail(question, error).await.error()["code"], "confirmation_unavailable");
    assert_eq!(store.sandbox.count("ANNA10").await, 1);
}

#[tokio::test]
async fn a_host_that_declared_no_forms_cannot_answer_for_a_person() {
    let store = store_with_a_code().await;
    let before = store.picture().await;
    let mut host = store.mute(MODERN, "mute", &[]).await;
    let asked = json!({"codes": ["ANNA10"]});
    let preview = host.call("delete_coupon_codes", asked.clone()).await.answer();
    let token = preview["confirmation_token"].clone();
    let again = host.repeat("delete_coupon_codes", asked, json!({"confirm": yes()}), token).await.answer();
    assert_eq!(again["status"], "needs_confirmation", "{again}");
    assert_eq!(store.picture().await, before);
}

#[tokio::test]
async fn where_only_a_person_may_agree_a_host_that_cannot_ask_is_refused() {
    let store = store_with_a_code().await;
    let before = (store.picture().await, store.writes().await);
    for way in WAYS {
        let mut host = store.mute(way, "mute", &["--confirm", "person"]).await;
        for (tool, arguments) in changes() {
            if tool != "update_promotion_settings" {
                assert_eq!(
                    host.call(tool, arguments).await.error()["code"],
                    "confirmation_unavailable",
                    "{way:?}"
                );
            }
        }
        let arguments = json!({"codes": ["ANNA10"], "dry_run": true});
        let dry = host.call("delete_coupon_codes", arguments).await.answer();
        assert_eq!((&dry["status"], dry.get("confirmation_token")), (&json!("dry_run"), None), "{way:?}");
    }
    assert_eq!((store.picture().await, store.writes().await), before);
    for way in WAYS {
        let code = format!("ASKED-{way:?}").replace(' ', "-");
        store.add_code(7, &code, 0).await;
        let mut host = store.asking(way, &["--confirm", "person"]).await;
        let done = host.agreed("delete_coupon_codes", json!({"codes": [code]})).await;
        assert_eq!(done["status"], "done", "{way:?}");
    }
}

#[tokio::test]
async fn where_nobody_is_to_be_asked_the_change_is_made_at_once() {
    for way in ERAS {
        let store = store_with_a_code().await;
        let mut host = store.asking(way, &["--confirm", "never"]).await;
        let done = host.call("delete_promotions", json!({"promotion_ids": [7]})).await.answer();
        assert_eq!(done["status"], "done", "{way:?}: {done}");
        assert_eq!(store.sandbox.count("ANNA10").await, 0);
    }
}
