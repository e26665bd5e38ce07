//! Which change an undo takes back.

use serde_json::{Value, json};

use crate::support::asking_host::{AskingHost, LEGACY, WAYS};
use crate::support::guarded_store::GuardedStore;

async fn rename(host: &mut AskingHost, name: &str) -> Value {
    let done = host.call("update_promotion", json!({"promotion_id": 7, "name": name})).await.answer();
    assert_eq!(done["status"], "done", "{done}");
    done["change_id"].clone()
}

async fn name(store: &GuardedStore) -> String {
    store.promotion(7).await["name"].as_str().unwrap().to_owned()
}

async fn start() -> (GuardedStore, AskingHost) {
    let store = GuardedStore::start().await;
    store.add_promotion(json!({"name": "First"})).await;
    let host = store.asking(LEGACY, &[]).await;
    (store, host)
}

#[tokio::test]
async fn without_an_id_one_undo_after_another_walks_back() {
    let (store, mut host) = start().await;
    rename(&mut host, "Second").await;
    rename(&mut host, "Third").await;
    for expected in ["Second", "First"] {
        host.call("undo", json!({})).await.answer();
        assert_eq!(name(&store).await, expected);
    }
    assert_eq!(host.call("undo", json!({})).await.error()["code"], "unknown_change");
    assert_eq!(name(&store).await, "First");
}

#[tokio::test]
async fn an_undo_is_undone_by_its_id() {
    let (store, mut host) = start().await;
    rename(&mut host, "Second").await;
    let undone = host.call("undo", json!({})).await.answer();
    let again = host.call("undo", json!({"change_id": undone["change_id"]})).await.answer();
    assert_eq!((&again["status"], name(&store).await.as_str()), (&json!("done"), "Second"));
}

#[tokio::test]
async fn a_change_is_undone_once() {
    let (store, mut host) = start().await;
    let change = rename(&mut host, "Second").await;
    host.call("undo", json!({"change_id": change})).await.answer();
    let before = store.writes().await;
    let error = host.call("undo", json!({"change_id": change})).await.error();
    assert_eq!(error["code"], "not_undoable");
    assert!(error["message"].as_str().unwrap().contains("undone already"), "{error}");
    assert_eq!(store.writes().await, before);
}

#[tokio::test]
async fn an_id_that_no_change_has_is_called_that() {
    let (store, mut host) = start().await;
    let error = host.call("undo", json!({})).await.error();
    assert_eq!(error["code"], "unknown_change", "nothing was changed yet");
    rename(&mut host, "Second").await;
    for id in ["chg_000000000000", "chg_1", "7", "-", "\"]; drop", "https://evil.example"] {
        let error = host.call("undo", json!({"change_id": id})).await.error();
        assert_eq!(error["code"], "unknown_change", "{id}");
        assert!(!error["message"].as_str().unwrap().contains("://"), "{error}");
    }
    assert_eq!(name(&store).await, "Second");
}

#[tokio::test]
async fn without_an_id_it_is_the_callers_own_last_change_also_after_a_restart() {
    let (store, mut host) = start().await;
    rename(&mut host, "Second").await;
    let mut other = store.mute(LEGACY, "another", &[]).await;
    assert_eq!(other.call("undo", json!({})).await.error()["code"], "unknown_change");
    let theirs =
        other.call("create_coupon_code", json!({"promotion_id": 7, "code": "THEIRS"})).await.answer();
    drop(host);
    let mut host = store.asking(LEGACY, &[]).await;
    host.call("undo", json!({})).await.answer();
    assert_eq!((name(&store).await.as_str(), store.sandbox.count("THEIRS").await), ("First", 1));
    let question = host.call("undo", json!({"change_id": theirs["change_id"]})).await.question();
    assert!(question.message.starts_with("Undo chg_"), "by its id anybody's: {}", question.message);
}

#[tokio::test]
async fn an_id_is_found_as_people_type_it() {
    let (store, mut host) = start().await;
    let change = rename(&mut host, "Second").await;
    let typed = format!("  {} ", change.as_str().unwrap().to_ascii_uppercase());
    host.call("undo", json!({"change_id": typed})).await.answer();
    assert_eq!(name(&store).await, "First");
}

#[tokio::test]
async fn undo_works_over_every_transport() {
    for way in WAYS {
        let store = GuardedStore::start().await;
        store.add_promotion(json!({"name": "First"})).await;
        let mut host = store.asking(way, &[]).await;
        rename(&mut host, "Second").await;
        let undone = host.call("undo", json!({})).await.answer();
        assert_eq!((&undone["status"], name(&store).await.as_str()), (&json!("done"), "First"), "{way:?}");
    }
}

#[tokio::test]
async fn a_change_that_came_to_nothing_is_not_the_last_one() {
    let (store, mut host) = start().await;
    rename(&mut host, "Second").await;
    store.sandbox.fault(json!({"method": "PUT", "path": "/promotions/7", "status": 422, "times": 1})).await;
    let refused = json!({"promotion_id": 7, "name": "Third"});
    assert_eq!(host.call("update_promotion", refused).await.error()["code"], "rejected");
    let same = json!({"promotion_id": 7, "name": "Second"});
    let idle = host.call("update_promotion", same).await.answer();
    assert_eq!((&idle["status"], idle.get("change_id")), (&json!("done"), None), "{idle}");
    host.call("undo", json!({})).await.answer();
    assert_eq!(name(&store).await, "First");
}
