//! The practice store as `coupon-mcp config --sandbox` connects it: nothing is forgotten.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::finished::{finish, run};
use crate::support::process::{Server, binary};
use crate::support::stdio_host::StdioHost;
use crate::support::take_change_id;

/// The printed block's arguments, in a home of their own.
async fn block(home: &Path) -> Command {
    let printed = run(&["config", "--host", "generic", "--sandbox"]).await.json();
    let arguments = printed["mcpServers"]["coupons-practice"]["args"].clone();
    let arguments: Vec<String> = serde_json::from_value(arguments).unwrap();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let mut command = binary(&arguments);
    command.env("XDG_STATE_HOME", home);
    command
}

async fn codes(host: &mut StdioHost) -> Vec<String> {
    let listed = host.call("list_coupon_codes", json!({"promotion_id": 1})).await;
    let codes = listed["structuredContent"]["coupon_codes"].as_array().unwrap().clone();
    codes.iter().map(|row| row["code"].as_str().unwrap().to_owned()).collect()
}

async fn create(host: &mut StdioHost, code: &str) -> Value {
    let result = host.call("create_coupon_code", json!({"promotion_id": 1, "code": code})).await;
    result["structuredContent"].clone()
}

#[tokio::test]
async fn the_printed_block_keeps_store_and_undo_over_a_restart() {
    let home = TempDir::new().unwrap();
    let mut host = StdioHost::open(block(home.path()).await).await;
    let mut created = create(&mut host, "KEPT").await;
    assert_eq!(created["outcome"], "created", "{created}");
    let change_id = take_change_id(&mut created);
    host.child.kill().await.unwrap();

    let mut again = StdioHost::open(block(home.path()).await).await;
    assert!(codes(&mut again).await.contains(&"KEPT".to_owned()));
    let undone = again.confirmed("undo", json!({"change_id": change_id})).await;
    assert_eq!(undone["status"], "done", "{undone}");
    assert!(!codes(&mut again).await.contains(&"KEPT".to_owned()));
    let (_, log) = again.finish().await;
    assert!(!log.contains("forgotten"), "{log}");
    for file in ["practice-store.db", "state.db"] {
        assert!(home.path().join("coupon-mcp").join(file).is_file(), "{file} is not in the state directory");
    }
}

#[tokio::test]
async fn two_hosts_share_one_practice_store_at_once() {
    let home = TempDir::new().unwrap();
    // Both begin with nothing there, so that both make the directory and the store.
    let (first, second) = tokio::join!(block(home.path()), block(home.path()));
    let (mut first, mut second) = tokio::join!(StdioHost::open(first), StdioHost::open(second));
    let (one, other) = tokio::join!(create(&mut first, "TWICE"), create(&mut second, "TWICE"));
    let mut outcomes = [one["outcome"].clone(), other["outcome"].clone()];
    outcomes.sort_by_key(ToString::to_string);
    assert_eq!(outcomes, ["already_existed", "created"], "{one} {other}");
    for round in 0..5 {
        let names = [format!("FIRST{round}"), format!("SECOND{round}")];
        tokio::join!(create(&mut first, &names[0]), create(&mut second, &names[1]));
    }
    let seen = codes(&mut first).await;
    assert_eq!(seen, codes(&mut second).await);
    for round in 0..5 {
        for name in ["FIRST", "SECOND"] {
            assert!(seen.contains(&format!("{name}{round}")), "{name}{round} is missing in {seen:?}");
        }
    }
}

#[tokio::test]
async fn the_entry_of_mcp_json_keeps_its_store_too() {
    let entries: Value = serde_json::from_str(include_str!("../../mcp.json")).unwrap();
    let printed = run(&["config", "--host", "generic", "--sandbox"]).await.json();
    let of = |file: &Value| file["mcpServers"]["coupons-practice"]["args"].clone();
    assert_eq!(of(&entries), of(&printed));
}

#[tokio::test]
async fn a_store_in_memory_is_said_to_be_forgotten() {
    let mut host = StdioHost::practice().await;
    create(&mut host, "GONE").await;
    let (_, log) = host.finish().await;
    assert!(log.contains("forgotten at exit") && log.contains("--sandbox-data"), "{log}");

    let server = Server::start(&["http", "--listen", "127.0.0.1:0", "--sandbox"]).await;
    assert!(server.start_log.contains("forgotten at exit"), "{}", server.start_log);
}

#[tokio::test]
async fn a_named_file_keeps_the_store_and_says_that_undo_is_not_kept() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("store.db");
    let arguments = ["call", "create_coupon_code", "promotion_id=1", "code=FILED", "--sandbox"];
    let mut command = binary(&arguments);
    command.arg("--sandbox-data").arg(&file);
    let called = finish(command).await;
    assert_eq!(called.json()["outcome"], "created", "{}", called.stderr);
    assert!(called.stderr.contains("--state-dir DIR keeps it"), "{}", called.stderr);
    let state = folder.path().join("state");
    let mut command = binary(&arguments);
    command.arg("--sandbox-data").arg(&file).arg("--state-dir").arg(&state);
    let called = finish(command).await;
    assert_eq!(called.json()["outcome"], "already_existed", "{}", called.stderr);
    assert_eq!(called.stderr, "");
}
