//! Where what is remembered lies: made at the first write, for its owner alone.

use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use crate::support::asking_host::{AskingHost, LEGACY, Over, WAYS};
use crate::support::guarded_store::GuardedStore;
use crate::support::process::binary;
use crate::support::stdio_host::StdioHost;

async fn start() -> GuardedStore {
    let store = GuardedStore::start().await;
    store.add_promotion(json!({})).await;
    store
}

pub(super) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(directory) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        }
        found.push(path);
    }
    found
}

#[tokio::test]
async fn neither_the_start_nor_a_read_leaves_anything_behind() {
    let store = start().await;
    for way in WAYS {
        let mut host = store.asking(way, &[]).await;
        host.request("tools/list", json!({})).await;
        host.call("list_coupon_codes", json!({"promotion_id": 1})).await.answer();
        host.call("list_promotions", json!({})).await.answer();
        host.call("get_promotion", json!({"promotion_id": 1})).await.answer();
        host.call("create_coupon_code", json!({"promotion_id": 7, "code": "50%"})).await.error();
        assert_eq!(host.call("undo", json!({})).await.error()["code"], "unknown_change");
        assert!(!store.state().exists(), "{way:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_first_write_makes_the_directory_and_its_files_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let store = start().await;
    let mut host = store.mute(LEGACY, "mute", &[]).await;
    host.call("create_coupon_code", json!({"promotion_id": 7, "code": "NEW"})).await.answer();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&store.state()), 0o700);
    let found = files(&store.state());
    assert!(found.contains(&store.state().join("audit.jsonl")), "{found:?}");
    for file in found {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_practice_store_inside_the_server_leaves_nothing_on_the_disk() {
    let home = TempDir::new().unwrap();
    let mut command = binary(&["stdio", "--sandbox"]);
    for name in ["HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "TMPDIR"] {
        command.env(name, home.path());
    }
    command.current_dir(home.path());
    let mut host = StdioHost::open(command).await;
    host.ok("create_coupon_code", json!({"promotion_id": 1, "code": "NEW"})).await;
    let preview = host.ok("delete_coupon_codes", json!({"codes": ["NEW"]})).await;
    let confirmed = json!({
        "codes": ["NEW"], "confirmation_token": preview["confirmation_token"],
        "confirmation_text": preview["confirmation_text"],
    });
    assert_eq!(host.ok("delete_coupon_codes", confirmed).await["status"], "done");
    assert_eq!(host.ok("undo", json!({})).await["codes_restored"], 1, "it remembers while it runs");
    assert_eq!(files(home.path()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_practice_store_inside_the_server_remembers_on_the_disk_where_it_is_told_to() {
    let home = TempDir::new().unwrap();
    let state = home.path().join("state");
    let mut host =
        StdioHost::open(binary(&["stdio", "--sandbox", "--state-dir", state.to_str().unwrap()])).await;
    assert!(!state.exists());
    host.ok("create_coupon_code", json!({"promotion_id": 1, "code": "NEW"})).await;
    assert!(state.join("audit.jsonl").exists());
}

#[tokio::test]
async fn without_a_directory_named_it_is_the_platforms_own() {
    let store = start().await;
    let home = TempDir::new().unwrap();
    let mut command = store.command(Over::Stdio, &[]);
    command.env_remove("COUPON_MCP_STATE_DIR").env("HOME", home.path());
    command.env("XDG_STATE_HOME", home.path().join("xdg")).env("XDG_DATA_HOME", home.path().join("xdg"));
    let mut host = AskingHost::open(command, LEGACY, "mute", json!({})).await;
    host.call("create_coupon_code", json!({"promotion_id": 7, "code": "NEW"})).await.answer();
    let found = files(home.path());
    let audit = found.iter().find(|file| file.ends_with("coupon-mcp/audit.jsonl"));
    assert!(audit.is_some(), "{found:?}");
    assert!(!store.state().exists());
}

#[tokio::test]
async fn two_stores_in_one_directory_know_nothing_of_each_other() {
    let (ours, theirs) = (start().await, start().await);
    let mut host = ours.mute(LEGACY, "mute", &["--confirm", "never"]).await;
    let edit = json!({"promotion_id": 7, "name": "Renamed"});
    let change = host.call("update_promotion", edit).await.answer()["change_id"].clone();
    let mut command = theirs.command(Over::Stdio, &[]);
    command.env("COUPON_MCP_STATE_DIR", ours.state());
    let mut other = AskingHost::open(command, LEGACY, "mute", json!({})).await;
    for arguments in [json!({}), json!({"change_id": change})] {
        assert_eq!(other.call("undo", arguments).await.error()["code"], "unknown_change");
    }
}
