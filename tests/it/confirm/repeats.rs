//! The stateless era: a yes counts once, for the very call that the question was about.

use serde_json::{Value, json};

use crate::support::asking_host::{AskingHost, Over, WAYS, Way, yes};
use crate::support::guarded_store::GuardedStore;

const TOOL: &str = "update_promotion";

/// A risky change that can be made again and again: promotion 7 is ordinary, and loses its cap.
fn risky() -> Value {
    json!({"promotion_id": 7, "max_uses": 0})
}

fn responses(answer: Value) -> Value {
    json!({"confirm": answer})
}

fn modern() -> impl Iterator<Item = Way> {
    WAYS.into_iter().filter(|way| way.is_modern())
}

async fn start(way: Way) -> (GuardedStore, AskingHost) {
    let store = GuardedStore::start().await;
    store.add_promotion(json!({})).await;
    let host = store.asking(way, &[]).await;
    (store, host)
}

#[tokio::test]
async fn without_an_answer_the_question_is_put_again_and_can_still_be_answered() {
    for way in modern() {
        let (store, mut host) = start(way).await;
        let first = host.call(TOOL, risky()).await.question();
        for given in [
            Value::Null,
            json!({}),
            json!({"other": yes()}),
            json!({"confirm": null}),
            json!({"confirm": true}),
            json!({"confirm": "yes"}),
            json!({"confirm": {"action": "agree"}}),
            json!({"confirm": {"content": {"confirm": true}}}),
            json!({"confirm": {"action": "accept"}}),
            json!({"confirm": {"action": "accept", "content": {"confirm": "true"}}}),
        ] {
            let again = host.repeat(TOOL, risky(), given.clone(), first.state()).await.question();
            assert!(again.message.ends_with(&first.message), "{way:?} {given}: {}", again.message);
        }
        assert_eq!(store.promotion(7).await["max_uses"], 100);
        assert_eq!(host.answer(first, yes()).await.answer()["status"], "done");
        assert_eq!(store.promotion(7).await["max_uses"], Value::Null);
    }
}

#[tokio::test]
async fn a_yes_with_a_forged_state_is_asked_again() {
    for way in modern() {
        let (store, mut host) = start(way).await;
        let state = host.call(TOOL, risky()).await.question().state();
        let text = state.as_str().unwrap();
        let other_end = if text.ends_with('A') { "B" } else { "A" };
        for forged in [
            json!("forged"),
            json!(""),
            Value::Null,
            json!(format!("{text}x")),
            json!(&text[1..]),
            json!(format!("{}{other_end}", &text[..text.len() - 1])),
            json!(text.to_ascii_uppercase()),
        ] {
            let again = host.repeat(TOOL, risky(), responses(yes()), forged.clone()).await.question();
            assert_ne!(again.state(), state, "{way:?} {forged}");
        }
        assert_eq!(store.promotion(7).await["max_uses"], 100, "{way:?}");
        assert_eq!(store.writes().await, ["POST /promotions"], "the test's own");
    }
}

#[tokio::test]
async fn a_yes_counts_once_also_after_a_restart() {
    for way in modern() {
        let (store, mut host) = start(way).await;
        let question = host.call(TOOL, risky()).await.question();
        let state = question.state();
        assert_eq!(host.answer(question, yes()).await.answer()["status"], "done");
        store.elsewhere("PUT", "/promotions/7", json!({"max_uses": 100})).await;
        host.repeat(TOOL, risky(), responses(yes()), state.clone()).await.question();
        let mut restarted = store.asking(way, &[]).await;
        restarted.repeat(TOOL, risky(), responses(yes()), state).await.question();
        assert_eq!(store.promotion(7).await["max_uses"], 100, "{way:?}");
    }
}

#[tokio::test]
async fn a_question_survives_a_restart_of_the_server() {
    for way in modern() {
        let (store, mut host) = start(way).await;
        let question = host.call(TOOL, risky()).await.question();
        drop(host);
        let mut restarted = store.asking(way, &[]).await;
        let done = restarted.repeat(TOOL, risky(), responses(yes()), question.state()).await.answer();
        assert_eq!(done["status"], "done", "{way:?}");
    }
}

#[tokio::test]
async fn a_yes_is_good_for_its_own_call_only() {
    for way in modern() {
        let (store, mut host) = start(way).await;
        store.add_promotion(json!({"name": "Other"})).await;
        let state = host.call(TOOL, risky()).await.question().state();
        let before = (store.picture().await, store.writes().await);
        for (tool, arguments) in [
            (TOOL, json!({"promotion_id": 8, "max_uses": 0})),
            (TOOL, json!({"promotion_id": 7, "max_uses": 0, "name": "Longer"})),
            (TOOL, json!({"promotion_id": 7, "max_uses": 900})),
            ("delete_promotions", json!({"promotion_ids": [7]})),
        ] {
            host.repeat(tool, arguments.clone(), responses(yes()), state.clone()).await.question();
            assert_eq!((store.picture().await, store.writes().await), before, "{way:?} {tool} {arguments}");
        }
        let elicitation = json!({"elicitation": {"form": {}}});
        let mut other = AskingHost::open(store.command(way.over, &[]), way, "another", elicitation).await;
        other.repeat(TOOL, risky(), responses(yes()), state).await.question();
        assert_eq!((store.picture().await, store.writes().await), before, "{way:?} another caller");
    }
}

#[tokio::test]
async fn arguments_in_another_order_or_spelling_are_the_same_call() {
    let (_store, mut host) = start(WAYS[0]).await;
    assert_eq!(WAYS[0].over, Over::Stdio);
    let state = host.call(TOOL, risky()).await.question().state();
    let same = json!({"max_uses": "0", "name": null, "promotion_id": "7"});
    assert_eq!(host.repeat(TOOL, same, responses(yes()), state).await.answer()["status"], "done");
}

#[tokio::test]
async fn a_yes_to_what_has_changed_meanwhile_is_asked_again() {
    for way in WAYS {
        let (store, mut host) = start(way).await;
        store.add_code(7, "FIRST", 0).await;
        let asked = json!({"promotion_ids": [7]});
        let question = host.call("delete_promotions", asked.clone()).await.question();
        store.add_code(7, "SECOND", 0).await;
        let again = host.answer(question, yes()).await.question();
        assert!(again.message.contains("with 2 codes"), "{way:?}: {}", again.message);
        assert!(again.message.contains("has changed since"), "{way:?}: {}", again.message);
        assert_eq!(store.sandbox.count("FIRST").await, 1);
        let done = host.answer(again, yes()).await.answer();
        assert_eq!((&done["status"], store.sandbox.count("FIRST").await), (&json!("done"), 0), "{way:?}");
    }
}
