//! A code of a promotion that takes off more than is usual: a person is asked before it is made.

use serde_json::{Value, json};

use super::CREATE;
use crate::support::asking_host::{LEGACY, Reply, WAYS, refusals, yes};
use crate::support::finished::finish;
use crate::support::guarded_store::GuardedStore;
use crate::support::in_days;
use crate::support::process::binary;
use crate::support::published::assert_fits;

const REASON: &str = "the promotion takes off 95%, more than 50%";

/// A store whose promotion 7 takes 95 percent off.
async fn store() -> GuardedStore {
    let store = GuardedStore::start().await;
    let rules = json!([{"action": {"cart_value": {"discount": {"percentage_amount": "95"}}}}]);
    assert_eq!(store.add_promotion(json!({"rules": rules, "end_date": in_days(9)})).await, 7);
    store
}

fn code(text: &str) -> Value {
    json!({"promotion_id": 7, "code": text, "max_uses": 1})
}

/// The second call.
fn with(preview: &Value, mut arguments: Value) -> Value {
    arguments["confirmation_token"] = preview["confirmation_token"].clone();
    arguments["confirmation_text"] = preview["confirmation_text"].clone();
    arguments
}

#[tokio::test]
async fn a_person_with_a_form_decides_over_every_transport_and_in_both_eras() {
    let store = store().await;
    for (number, way) in WAYS.into_iter().enumerate() {
        let mut host = store.asking(way, &[]).await;
        let text = format!("ASKED-{number}");
        let writes = store.writes().await;
        for (no, outcome) in refusals() {
            let question = host.call(CREATE, code(&text)).await.question();
            assert!(question.message.contains(REASON), "{way:?}: {}", question.message);
            let declined = host.answer(question, no.clone()).await.answer();
            assert_fits(CREATE, &declined);
            assert_eq!((&declined["status"], &declined["outcome"]), (&json!(outcome), &json!(outcome)));
        }
        assert_eq!(store.writes().await, writes, "{way:?}");
        let question = host.call(CREATE, code(&text)).await.question();
        let made = host.answer(question, yes()).await.answer();
        assert_fits(CREATE, &made);
        assert_eq!((&made["outcome"], &made["status"]), (&json!("created"), &json!("done")), "{way:?}");
        assert_eq!(store.sandbox.count(&text).await, 1, "{way:?}");
        // It is there: there is nothing to ask about.
        let again = host.call(CREATE, code(&text)).await.answer();
        assert_fits(CREATE, &again);
        assert_eq!((&again["outcome"], again.get("change_id")), (&json!("already_existed"), None));
        let mut other = code(&text);
        other["max_uses"] = json!(2);
        assert_eq!(host.call(CREATE, other).await.error()["code"], "code_conflict");
    }
}

#[tokio::test]
async fn without_a_form_the_second_call_with_token_and_text_makes_it() {
    let store = store().await;
    for (number, way) in WAYS.into_iter().enumerate() {
        let mut host = store.mute(way, "mute", &[]).await;
        let asked = code(&format!("MUTE-{number}"));
        let writes = store.writes().await;
        let preview = host.call(CREATE, asked.clone()).await.answer();
        assert_fits(CREATE, &preview);
        assert_eq!(preview["status"], "needs_confirmation", "{preview}");
        assert_eq!(preview["outcome"], "needs_confirmation");
        assert_eq!(preview["preview"]["reasons"], json!([REASON]));
        let text = format!("Create code \"MUTE-{number}\" on promotion 7 \"Ordinary\"");
        assert_eq!(preview["confirmation_text"], text.as_str());
        let mut other = with(&preview, asked.clone());
        other["code"] = json!("OTHER");
        assert_eq!(host.call(CREATE, other).await.answer()["status"], "needs_confirmation");
        assert_eq!(store.writes().await, writes);
        let made = host.call(CREATE, with(&preview, asked.clone())).await.answer();
        assert_eq!((&made["outcome"], &made["status"]), (&json!("created"), &json!("done")), "{made}");
        assert!(made["change_id"].is_string());
    }
}

#[tokio::test]
async fn a_yes_is_for_the_terms_that_were_shown() {
    let store = store().await;
    let mut host = store.mute(LEGACY, "mute", &[]).await;
    let preview = host.call(CREATE, code("ONCE")).await.answer();
    let all = json!([{"action": {"cart_value": {"discount": {"percentage_amount": "100"}}}}]);
    store.elsewhere("PUT", "/promotions/7", json!({ "rules": all })).await;
    let again = host.call(CREATE, with(&preview, code("ONCE"))).await.answer();
    assert_eq!(again["status"], "needs_confirmation", "{again}");
    assert!(again["preview"]["reasons"].to_string().contains("100%"), "{again}");
}

#[tokio::test]
async fn terms_that_changed_a_moment_ago_are_seen() {
    let store = GuardedStore::start().await;
    let plain = store.add_promotion(json!({"end_date": in_days(9)})).await;
    let mut host = store.mute(LEGACY, "mute", &[]).await;
    let new = |text: &str| json!({"promotion_id": plain, "code": text});
    assert_eq!(host.call(CREATE, new("FIRST")).await.answer()["outcome"], "created");
    let costly = json!([{"action": {"cart_value": {"discount": {"percentage_amount": "95"}}}}]);
    store.elsewhere("PUT", &format!("/promotions/{plain}"), json!({ "rules": costly })).await;
    assert_eq!(host.call(CREATE, new("SECOND")).await.answer()["status"], "needs_confirmation");
    store.elsewhere("PUT", &format!("/promotions/{plain}"), json!({"status": "DISABLED"})).await;
    let harmless = host.call(CREATE, new("THIRD")).await.answer();
    assert_eq!((&harmless["outcome"], harmless.get("status")), (&json!("created"), None), "{harmless}");
}

#[tokio::test]
async fn the_mode_of_confirmation_and_a_dry_run_count_as_for_every_change() {
    let store = store().await;
    let before = store.writes().await;
    let mut strict = store.mute(LEGACY, "mute", &["--confirm", "person"]).await;
    assert_eq!(strict.call(CREATE, code("NOBODY")).await.error()["code"], "confirmation_unavailable");
    let mut dry = code("DRY");
    dry["dry_run"] = json!(true);
    let mut host = store.mute(LEGACY, "mute", &[]).await;
    let preview = host.call(CREATE, dry.clone()).await.answer();
    assert_fits(CREATE, &preview);
    assert_eq!((&preview["outcome"], &preview["status"]), (&json!("dry_run"), &json!("dry_run")));
    assert_eq!(preview["preview"]["reasons"], json!([REASON]));
    assert_eq!(store.writes().await, before);
    let made = host.call(CREATE, with(&preview, code("DRY"))).await.answer();
    assert_eq!(made["outcome"], "created", "a preview's token is as good as a question's: {made}");

    let mut asking = store.asking(LEGACY, &[]).await;
    let preview = asking.call(CREATE, dry).await.answer();
    assert_eq!(preview.get("confirmation_token"), None, "{preview}");
    let mut free = store.mute(LEGACY, "mute", &["--confirm", "never"]).await;
    assert_eq!(free.call(CREATE, code("NEVER")).await.answer()["outcome"], "created");
}

#[tokio::test]
async fn the_command_line_asks_as_a_host_without_forms() {
    let store = store().await;
    let run = async |arguments: &[&str]| {
        let mut command = binary(&[&["call", CREATE], arguments].concat());
        store.sandbox.configure(&mut command).env("COUPON_MCP_STATE_DIR", store.state());
        finish(command).await
    };
    let arguments = ["promotion_id=7", "code=SHELL", "max_uses=1"];
    let asked = run(&arguments).await;
    assert_eq!((asked.code, &asked.json()["status"]), (Some(3), &json!("needs_confirmation")));
    assert_eq!(store.sandbox.count("SHELL").await, 0);
    let [token, text] = ["confirmation_token", "confirmation_text"]
        .map(|name| format!("{name}={}", asked.json()[name].as_str().unwrap()));
    let made = run(&[arguments.as_slice(), &[&token, &text]].concat()).await;
    assert_eq!((made.code, &made.json()["outcome"]), (Some(0), &json!("created")), "{}", made.stderr);
    assert_eq!(store.sandbox.count("SHELL").await, 1);
}

#[tokio::test]
async fn a_promotion_that_cannot_be_read_gets_no_code() {
    let store = store().await;
    store.sandbox.fault(json!({"method": "GET", "path": "/promotions/7", "times": 1, "status": 403})).await;
    let mut host = store.mute(LEGACY, "mute", &[]).await;
    let writes = store.writes().await;
    let Reply::Result(result) = host.call(CREATE, code("UNREAD")).await else { panic!("asked") };
    assert_eq!(result["isError"], true, "{result}");
    assert_eq!(store.writes().await, writes);
}
