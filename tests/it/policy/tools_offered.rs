//! Which tools are there: of a policy, of the flags, and of both.

use serde_json::{Value, json};

use crate::support::asking_host::{AskingHost, LEGACY, WAYS};
use crate::support::guarded_store::GuardedStore;

const READS: [&str; 8] = [
    "check_coupon_code",
    "export_coupon_codes",
    "get_job",
    "get_promotion",
    "get_store",
    "list_coupon_codes",
    "list_promotions",
    "summarize_coupon_codes",
];
const CODES: [&str; 7] = [
    "control_job",
    "create_coupon_code",
    "delete_coupon_codes",
    "generate_coupon_codes",
    "import_coupon_codes",
    "replace_coupon_code",
    "undo",
];
const PROMOTIONS: [&str; 4] = ["create_promotion", "delete_promotions", "undo", "update_promotion"];
const SETTINGS: [&str; 2] = ["undo", "update_promotion_settings"];

async fn offered(host: &mut AskingHost) -> Vec<String> {
    let listed = host.request("tools/list", json!({})).await;
    let tools = listed["result"]["tools"].as_array().unwrap();
    let mut names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// Asserts that exactly these are listed of all tools that are known here.
async fn offers(host: &mut AskingHost, toolsets: &[&[&str]]) {
    let names = offered(host).await;
    let wanted: Vec<&str> = toolsets.concat();
    for name in [&READS[..], &CODES, &PROMOTIONS, &SETTINGS].concat() {
        // A read tool that this build has not is no concern of the policy.
        let there = names.iter().any(|listed| listed == name);
        if !READS.contains(&name) || there {
            assert_eq!(there, wanted.contains(&name), "{name} in {names:?}");
        }
    }
    assert!(names.iter().all(|name| wanted.contains(&name.as_str())), "{names:?}");
}

/// Asserts that calls to these fail as calls to a tool that does not exist.
async fn are_unknown(store: &GuardedStore, host: &mut AskingHost, tools: &[&str]) {
    let before = (store.picture().await, store.sandbox.requests().await.len());
    for tool in tools {
        let arguments = json!({"promotion_id": 7, "code": "NEW", "codes": ["ANNA10"], "promotion_ids": [7]});
        let answer = host.request("tools/call", json!({"name": tool, "arguments": arguments})).await;
        assert_eq!(answer["error"]["code"], -32602, "{tool}: {answer}");
        assert!(answer["error"]["message"].as_str().unwrap().starts_with("Unknown tool"), "{tool}: {answer}");
    }
    assert_eq!(store.sandbox.requests().await.len(), before.1, "nothing was asked of the store");
    assert_eq!(store.picture().await, before.0);
}

async fn store() -> GuardedStore {
    let store = GuardedStore::start().await;
    store.add_promotion(json!({})).await;
    store.add_code(7, "ANNA10", 0).await;
    store
}

#[tokio::test]
async fn read_only_takes_every_tool_that_writes_away_over_every_transport() {
    let store = store().await;
    let writes = [&CODES[..], &PROMOTIONS, &SETTINGS].concat();
    let config = store.config("[policy]\nread_only = true\n");
    let all = ["--toolsets", "read,codes,promotions,settings"];
    for way in WAYS {
        for flags in [&["--read-only"][..], &["--config", &config], &["--read-only", all[0], all[1]]] {
            let mut host = store.asking(way, flags).await;
            offers(&mut host, &[&READS]).await;
            are_unknown(&store, &mut host, &writes).await;
        }
    }
}

#[tokio::test]
async fn settings_are_off_unless_they_are_asked_for() {
    let store = store().await;
    let mut host = store.asking(LEGACY, &[]).await;
    offers(&mut host, &[&READS, &CODES, &PROMOTIONS]).await;
    are_unknown(&store, &mut host, &["update_promotion_settings"]).await;
    let mut host = store.asking(LEGACY, &["--toolsets", "read,codes,promotions,settings"]).await;
    offers(&mut host, &[&READS, &CODES, &PROMOTIONS, &SETTINGS]).await;
}

#[tokio::test]
async fn toolsets_of_flag_and_file_are_those_that_both_name() {
    let store = store().await;
    let mut host = store.asking(LEGACY, &["--toolsets", "read,codes"]).await;
    offers(&mut host, &[&READS, &CODES]).await;
    are_unknown(&store, &mut host, &["create_promotion", "update_promotion", "delete_promotions"]).await;
    let config = store.config("[policy]\ntoolsets = [\"codes\", \"read\"]\n");
    let mut host = store.asking(LEGACY, &["--config", &config, "--toolsets", "read,settings"]).await;
    offers(&mut host, &[&READS]).await;
    are_unknown(&store, &mut host, &["update_promotion_settings", "undo", "create_coupon_code"]).await;
}

#[tokio::test]
async fn undo_takes_back_nothing_that_a_tool_did_which_is_not_offered() {
    let store = store().await;
    let mut host = store.asking(LEGACY, &[]).await;
    let edit = json!({"promotion_id": 7, "name": "Renamed"});
    let change: Value = host.call("update_promotion", edit).await.answer()["change_id"].clone();
    let before = store.picture().await;
    let mut codes_only = store.asking(LEGACY, &["--toolsets", "read,codes"]).await;
    for arguments in [json!({}), json!({"change_id": change})] {
        assert_eq!(codes_only.call("undo", arguments).await.error()["code"], "not_undoable");
    }
    assert_eq!(store.picture().await, before);
}
