//! One line of JSON for each change.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::asking_host::{ERAS, LEGACY, refusals, yes};
use crate::support::guarded_store::GuardedStore;
use crate::support::now;

fn lines(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

async fn start() -> GuardedStore {
    let store = GuardedStore::start().await;
    store.add_promotion(json!({})).await;
    store.add_code(7, "ANNA10", 0).await;
    store
}

#[tokio::test]
async fn a_change_that_a_person_agreed_to_is_one_line_with_before_and_after() {
    for way in ERAS {
        let store = start().await;
        let mut host = store.asking(way, &[]).await;
        let began = now();
        let done = host.agreed("update_promotion", json!({"promotion_id": 7, "max_uses": 0})).await;
        let recorded = lines(&store.state().join("audit.jsonl"));
        assert_eq!(recorded.len(), 1, "{recorded:?}");
        let line = &recorded[0];
        let time: jiff::Timestamp = line["time"].as_str().unwrap().parse().unwrap();
        assert!((began..=now()).contains(&time), "{line}");
        let authority = store.sandbox.server.url.replace("http://", "");
        assert_eq!(line["store"], format!("{authority}/sandbox"), "keyed by API address and store");
        assert_eq!(line["caller"], "stdio:asking");
        assert_eq!(line["tool"], "update_promotion");
        assert_eq!(
            (&line["arguments"]["promotion_id"], &line["arguments"]["max_uses"]),
            (&json!(7), &json!(0))
        );
        assert!(line["before"].to_string().contains("\"max_uses\":100"), "{line}");
        assert_eq!(line["after"]["promotions_updated"][0]["max_uses"], Value::Null, "{line}");
        assert_eq!((&line["upstream_status"], &line["outcome"]), (&json!(200), &json!("done")));
        assert_eq!(line["change_id"], done["change_id"]);
        assert!(line.to_string().contains("\"confirmed\":\"person\""), "how the yes was given: {line}");
    }
}

#[tokio::test]
async fn the_record_says_how_the_yes_was_given() {
    let store = start().await;
    let file = store.file("log.jsonl");
    let flags = ["--audit-log", file.to_str().unwrap()];
    let mut host = store.mute(LEGACY, "mute", &flags).await;
    let asked = json!({"promotion_id": 7, "max_uses": 0});
    let preview = host.call("update_promotion", asked.clone()).await.answer();
    let mut confirmed = asked.clone();
    confirmed["confirmation_token"] = preview["confirmation_token"].clone();
    confirmed["confirmation_text"] = preview["confirmation_text"].clone();
    host.call("update_promotion", confirmed).await.answer();
    host.call("update_promotion", json!({"promotion_id": 7, "name": "Renamed"})).await.answer();
    host.call("create_coupon_code", json!({"promotion_id": 7, "code": "NEW"})).await.answer();
    let mut free = store.mute(LEGACY, "free", &[flags[0], flags[1], "--confirm", "never"]).await;
    free.call("delete_coupon_codes", json!({"codes": ["NEW"]})).await.answer();
    let recorded = lines(&file);
    let how: Vec<_> = recorded.iter().map(|line| line["arguments"]["confirmed"].as_str().unwrap()).collect();
    assert_eq!(how, ["token", "not_needed", "not_needed", "never"]);
    let token = preview["confirmation_token"].as_str().unwrap();
    assert!(!std::fs::read_to_string(&file).unwrap().contains(token), "the token is not in it");
    assert!(!store.state().join("audit.jsonl").exists(), "the named file takes its place");
}

#[tokio::test]
async fn a_no_is_on_record() {
    for way in ERAS {
        let store = start().await;
        let mut host = store.asking(way, &[]).await;
        for (no, _) in refusals() {
            let question = host.call("delete_coupon_codes", json!({"codes": ["ANNA10"]})).await.question();
            host.answer(question, no).await.answer();
        }
        let recorded = lines(&store.state().join("audit.jsonl"));
        assert_eq!(recorded.len(), 2, "{way:?}");
        for (line, (_, outcome)) in recorded.iter().zip(refusals()) {
            assert_eq!((&line["tool"], &line["outcome"]), (&json!("delete_coupon_codes"), &json!(outcome)));
            assert_eq!(line["arguments"]["codes"], json!(["ANNA10"]));
            assert_eq!(line["arguments"]["confirmed"], outcome, "{line}");
            assert_eq!((&line["upstream_status"], &line["change_id"]), (&Value::Null, &Value::Null));
        }
    }
}

#[tokio::test]
async fn what_bigcommerce_refused_and_what_went_in_part_is_on_record() {
    let store = start().await;
    let mut host = store.mute(LEGACY, "mute", &["--confirm", "never"]).await;
    store.sandbox.fault(json!({"method": "PUT", "path": "/promotions/7", "status": 422, "times": 1})).await;
    host.call("update_promotion", json!({"promotion_id": 7, "name": "Refused"})).await.error();
    store.sandbox.fault(json!({"method": "POST", "path": "/codes", "status": 422, "times": 1})).await;
    let new = json!({"name": "New", "discount_type": "percent", "discount_value": 20, "max_uses": 9, "code": "NEW"});
    assert_eq!(host.call("create_promotion", new).await.answer()["status"], "partial");
    store.sandbox.fault(json!({"method": "POST", "path": "/codes", "status": 422, "times": 1})).await;
    host.call("create_coupon_code", json!({"promotion_id": 7, "code": "OTHER"})).await.error();
    let recorded = lines(&store.state().join("audit.jsonl"));
    let outcomes: Vec<_> = recorded.iter().map(|line| (&line["outcome"], &line["upstream_status"])).collect();
    let refused = json!(422);
    assert_eq!(
        outcomes,
        [(&json!("failed"), &refused), (&json!("partial"), &refused), (&json!("failed"), &refused),]
    );
    assert_eq!(recorded[1]["after"]["promotions_created"][0]["name"], "New");
}

#[tokio::test]
async fn undo_and_every_other_write_has_its_line_and_reads_have_none() {
    let store = start().await;
    let tools = ["--toolsets", "read,codes,promotions,settings", "--confirm", "never"];
    let mut host = store.mute(LEGACY, "mute", &tools).await;
    let writes = [
        ("update_promotion_settings", json!({"number_of_coupons_allowed_at_checkout": 3})),
        ("replace_coupon_code", json!({"code": "ANNA10", "new_code": "ANNA11"})),
        ("delete_coupon_codes", json!({"codes": ["ANNA11"]})),
        ("undo", json!({})),
        ("delete_promotions", json!({"promotion_ids": [7]})),
    ];
    for (tool, arguments) in &writes {
        host.call("list_coupon_codes", json!({"promotion_id": 1})).await.answer();
        let mut dry = arguments.clone();
        dry["dry_run"] = json!(true);
        host.call(tool, dry).await.answer();
        host.call(tool, arguments.clone()).await.answer();
    }
    let recorded = lines(&store.state().join("audit.jsonl"));
    let tools: Vec<_> = recorded.iter().map(|line| line["tool"].as_str().unwrap()).collect();
    assert_eq!(tools, writes.map(|(tool, _)| tool));
    assert!(recorded[4]["before"].to_string().contains("Ordinary"), "what went: {}", recorded[4]);
}

#[tokio::test]
async fn where_a_record_is_required_nothing_is_sent_without_one() {
    let store = start().await;
    let config = store.config("[audit]\nrequired = true\n");
    let folder = store.file("a-directory");
    std::fs::create_dir(&folder).unwrap();
    let nowhere = store.file("missing/log.jsonl");
    let before = (store.picture().await, store.writes().await);
    for unwritable in [&folder, &nowhere] {
        let flags = ["--config", &config, "--audit-log", unwritable.to_str().unwrap()];
        let mut host = store.asking(LEGACY, &flags).await;
        for (tool, arguments) in [
            ("create_coupon_code", json!({"promotion_id": 7, "code": "NEW"})),
            ("update_promotion", json!({"promotion_id": 7, "name": "Renamed"})),
        ] {
            let error = host.call(tool, arguments).await.error();
            assert_eq!(error["code"], "state_unavailable", "{tool}: {error}");
            assert!(error["message"].as_str().unwrap().contains("audit"), "{tool}: {error}");
        }
        let question = host.call("delete_coupon_codes", json!({"codes": ["ANNA10"]})).await.question();
        assert_eq!(host.answer(question, yes()).await.error()["code"], "state_unavailable");
        host.call("list_coupon_codes", json!({"promotion_id": 7})).await.answer();
    }
    assert_eq!((store.picture().await, store.writes().await), before);
    let mut host = store.asking(LEGACY, &["--config", &config]).await;
    host.call("update_promotion", json!({"promotion_id": 7, "name": "Renamed"})).await.answer();
    let outcomes: Vec<_> =
        lines(&store.state().join("audit.jsonl")).into_iter().map(|line| line["outcome"].clone()).collect();
    assert_eq!(outcomes, ["begun", "done"], "its end may never come, so its beginning is there first");
}

#[tokio::test]
async fn where_no_record_is_required_a_change_is_made_and_says_what_is_missing() {
    let store = start().await;
    let nowhere = store.file("missing/log.jsonl");
    let mut host = store.asking(LEGACY, &["--audit-log", nowhere.to_str().unwrap()]).await;
    let done = host.call("update_promotion", json!({"promotion_id": 7, "name": "Renamed"})).await.answer();
    assert_eq!(done["status"], "done");
    assert!(done["warnings"].to_string().contains("not in the audit log"), "{done}");
}
