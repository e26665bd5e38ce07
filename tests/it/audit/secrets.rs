//! What is in no log: the store's token ever, and codes at the level that operators keep.

use serde_json::json;

use crate::support::asking_host::{AskingHost, LEGACY, Over};
use crate::support::guarded_store::GuardedStore;
use crate::support::wire::{Act, SECRET, Wire};

#[tokio::test]
async fn the_stores_token_is_nowhere() {
    let store = GuardedStore::start().await;
    store.add_promotion(json!({})).await;
    let wire = Wire::to(&store.sandbox, |_| Act::Pass).await;
    for level in ["info", "trace"] {
        let mut command = wire.client_of(&["stdio", "--confirm", "never"]);
        command.env("COUPON_MCP_STATE_DIR", store.state()).env("COUPON_MCP_LOG", level);
        let mut host = AskingHost::open(command, LEGACY, "mute", json!({})).await;
        let new = json!({"promotion_id": 7, "code": format!("NEW-{level}"), "max_uses": 1});
        let mut said = host.call("create_coupon_code", new).await.result().to_string();
        let gone = json!({"codes": [format!("NEW-{level}")]});
        said.push_str(&host.call("delete_coupon_codes", gone).await.result().to_string());
        said.push_str(&host.call("undo", json!({})).await.result().to_string());
        store
            .sandbox
            .fault(json!({"method": "PUT", "path": "/promotions/7", "status": 401, "times": 1}))
            .await;
        let edit = json!({"promotion_id": 7, "name": "Renamed"});
        said.push_str(&host.call("update_promotion", edit).await.result().to_string());
        let log = host.finish().await;
        assert!(!said.contains(SECRET), "{said}");
        assert!(!log.contains(SECRET), "{level}: {log}");
    }
    for path in super::places::files(&store.state()).into_iter().filter(|path| path.is_file()) {
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
        assert!(!found, "{}", path.display());
    }
}

#[tokio::test]
async fn no_text_of_a_code_is_logged_at_info() {
    let store = GuardedStore::start().await;
    store.add_promotion(json!({})).await;
    store.add_code(7, "SECRETCODE-1", 5).await;
    let mut command = store.command(Over::Stdio, &["--confirm", "never"]);
    command.env("COUPON_MCP_LOG", "info");
    let mut host = AskingHost::open(command, LEGACY, "mute", json!({})).await;
    for (tool, arguments) in [
        ("create_coupon_code", json!({"promotion_id": 7, "code": "SECRETCODE-2"})),
        ("list_coupon_codes", json!({"promotion_id": 7, "code": "SECRETCODE-1"})),
        ("replace_coupon_code", json!({"code": "SECRETCODE-1", "new_code": "SECRETCODE-3"})),
        ("delete_coupon_codes", json!({"codes": ["SECRETCODE-2", "SECRETCODE-7"]})),
        ("undo", json!({})),
    ] {
        host.call(tool, arguments).await.answer();
    }
    let log = host.finish().await;
    assert!(log.contains("create_coupon_code"), "calls are logged: {log}");
    assert!(!log.contains("SECRETCODE"), "{log}");
}
