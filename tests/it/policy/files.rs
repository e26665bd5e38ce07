//! The configuration file: a rule with a slip in it stops the start, since it would be no rule.

use std::process::Stdio;

use serde_json::json;

use crate::support::asking_host::{AskingHost, LEGACY, Over};
use crate::support::guarded_store::GuardedStore;
use crate::support::process::PATIENCE;

/// Starts a server that must not come up; gives what it says.
async fn refused(store: &GuardedStore, over: Over, flags: &[&str]) -> String {
    let mut command = store.command(over, flags);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // stdin stays open, as with a host that waits for its server.
    let mut child = command.spawn().unwrap();
    let stdin = child.stdin.take();
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("it came up").unwrap();
    drop(stdin);
    assert_eq!(output.status.code(), Some(2), "{flags:?}");
    assert!(output.stdout.is_empty(), "stdout is for the protocol");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn a_slip_in_the_file_is_told_with_file_line_and_key_and_exit_code_2() {
    let store = GuardedStore::start().await;
    for (toml, line, key) in [
        ("[policy]\nmax_percents = 30\n", 2, "max_percents"),
        ("[policy]\nmax_percent = 30\n\n[polizy]\nread_only = true\n", 4, "polizy"),
        ("[confirm]\npercent_over = 40\n", 2, "percent_over"),
        ("[audit]\n\nmandatory = true\n", 3, "mandatory"),
        ("[state]\ndirectory = \"x\"\n", 2, "directory"),
        ("read_only = true\n", 1, "read_only"),
        ("[policy]\nread_only = \"yes\"\n", 2, "read_only"),
        ("[policy]\nmax_percent = 101\n", 2, "max_percent"),
        ("[policy]\nmax_codes_created_per_day = -1\n", 2, "max_codes_created_per_day"),
        ("[policy]\ncode_pattern = \"(\"\n", 2, "code_pattern"),
        ("[policy]\ntoolsets = [\"read\", \"code\"]\n", 2, "toolsets"),
    ] {
        let config = store.config(toml);
        for over in [Over::Stdio, Over::Http] {
            let log = refused(&store, over, &["--config", &config]).await;
            assert!(log.contains(&format!("{config}, line {line}:")), "{toml}: {log}");
            assert!(log.contains(key), "{toml}: {log}");
            assert_eq!(log.trim_end().lines().count(), 1, "{log}");
        }
    }
    assert!(!store.state().exists());
    assert_eq!(store.sandbox.requests().await, []);
}

#[tokio::test]
async fn a_file_that_is_not_there_is_no_policy_and_stops_the_start() {
    let store = GuardedStore::start().await;
    let missing = store.file("missing.toml");
    for over in [Over::Stdio, Over::Http] {
        let log = refused(&store, over, &["--config", missing.to_str().unwrap()]).await;
        assert!(log.contains("missing.toml"), "{log}");
    }
}

#[tokio::test]
async fn the_file_of_the_environment_counts_as_that_of_the_flag() {
    let store = GuardedStore::start().await;
    let config = store.config("[policy]\nmax_percent = 30\n");
    let mut command = store.command(Over::Stdio, &[]);
    command.env("COUPON_MCP_CONFIG", &config);
    let capable = json!({"elicitation": {}});
    let mut host = AskingHost::open(command, LEGACY, "env", capable).await;
    let new = json!({"name": "New", "discount_type": "percent", "discount_value": 40});
    assert_eq!(host.call("create_promotion", new).await.error()["code"], "policy_violation");
}
