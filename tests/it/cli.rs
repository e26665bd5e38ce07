//! The command line.

use serde_json::json;

use crate::support::finished::{finish, run};
use crate::support::process::binary;
#[cfg(target_os = "linux")]
use crate::support::terminal::{Terminal, assert_fits};
use crate::support::{TOOLS, tool_names};

#[tokio::test]
async fn the_demo_plays_the_main_job_and_says_what_comes_next() {
    let demo = run(&["demo"]).await;
    assert_eq!(demo.code, Some(0), "{}", demo.stderr);
    for part in
        ["create_coupon_code", "\"outcome\": \"created\"", "\"outcome\": \"already_existed\"", "ANNA10"]
    {
        assert!(demo.stdout.contains(part), "{part} is missing in:\n{}", demo.stdout);
    }
    assert!(!demo.stdout.contains('\u{1b}'), "plain when not on a terminal");
    let config = demo.stdout.lines().find(|line| line.contains(" config --host ")).unwrap();
    assert!(config.contains("coupon-mcp config --host claude-desktop --sandbox"), "{config}");
}

#[tokio::test]
async fn call_takes_json_or_pairs_and_prints_the_result() {
    for arguments in [
        vec![r#"{"promotion_id": 1, "code": "SHELL", "max_uses": 3}"#],
        vec!["promotion_id=1", "code=SHELL", "max_uses=3"],
    ] {
        let arguments: Vec<_> =
            ["call", "create_coupon_code"].into_iter().chain(arguments).chain(["--sandbox"]).collect();
        let called = run(&arguments).await;
        assert_eq!(called.code, Some(0), "{}", called.stderr);
        assert_eq!(called.json()["coupon_code"]["max_uses"], 3);
        assert!(
            called.stderr.contains("--sandbox-data"),
            "says that the store is forgotten: {}",
            called.stderr
        );
    }
}

#[tokio::test]
async fn call_exits_1_on_a_tool_error_and_prints_it() {
    let called = run(&["call", "list_coupon_codes", "promotion_id=99", "--sandbox"]).await;
    assert_eq!((called.code, &called.json()["code"]), (Some(1), &json!("unknown_promotion")));
    assert!(called.stderr.contains("1 \"Summer Sale\""), "{}", called.stderr);
}

#[tokio::test]
async fn call_exits_2_on_wrong_usage() {
    for arguments in [
        vec!["call", "no_such_tool", "--sandbox"],
        vec!["call", "list_coupon_codes", "promotion_id", "--sandbox"],
        vec!["call", "list_coupon_codes", "promotion_id=1"],
        vec!["call"],
        vec!["no-such-command"],
    ] {
        let called = run(&arguments).await;
        assert_eq!((called.code, called.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", called.stderr);
        assert!(!called.stderr.is_empty());
    }
}

#[tokio::test]
async fn a_practice_store_in_a_file_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.db");
    let file = file.to_str().unwrap();
    let create =
        ["call", "create_coupon_code", "promotion_id=1", "code=KEPT", "--sandbox", "--sandbox-data", file];
    let created = run(&create).await;
    assert_eq!(
        (created.code, &created.json()["outcome"]),
        (Some(0), &json!("created")),
        "{}",
        created.stderr
    );
    assert!(!created.stderr.contains("forgotten"), "{}", created.stderr);
    assert_eq!(run(&create).await.json()["outcome"], "already_existed");
}

#[tokio::test]
async fn state_prune_forgets_old_changes_and_leaves_the_audit_log() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let state = state.to_str().unwrap();
    let rename =
        ["call", "update_promotion", "promotion_id=1", "name=Renamed", "--sandbox", "--state-dir", state];
    assert_eq!(run(&rename).await.json()["status"], "done");
    let kept = run(&["state", "prune", "--older-than", "90d", "--state-dir", state]).await;
    assert!(kept.stdout.contains("forgot 0 changes"), "{}", kept.stdout);
    let pruned = run(&["state", "prune", "--older-than", "1ms", "--state-dir", state]).await;
    assert_eq!(pruned.code, Some(0), "{}", pruned.stderr);
    assert!(pruned.stdout.contains("forgot 1 change,"), "{}", pruned.stdout);
    assert!(pruned.stderr.contains("audit.jsonl is left as it is"), "{}", pruned.stderr);
    let log = std::fs::read_to_string(format!("{state}/audit.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 1);
    for age in ["0s", "-1d", "soon", ""] {
        let refused = run(&["state", "prune", "--older-than", age, "--state-dir", state]).await;
        assert_eq!(refused.code, Some(2), "{age}: {}", refused.stderr);
    }
}

#[tokio::test]
async fn tools_lists_what_a_host_sees() {
    let listed = run(&["tools", "--json"]).await.json();
    assert_eq!(tool_names(&listed), TOOLS);
    for tool in listed["tools"].as_array().unwrap() {
        assert!(tool["inputSchema"]["properties"].is_object(), "{tool}");
    }
    assert!(run(&["tools"]).await.stdout.contains("promotion_id (integer, required)"));
}

#[tokio::test]
async fn config_prints_a_block_for_every_host() {
    for host in ["claude-desktop", "claude-code", "cursor", "generic", "vscode"] {
        let printed = run(&["config", "--host", host]).await;
        let server = printed.json()["mcpServers"]["coupons"].clone();
        assert_eq!(server["command"], env!("CARGO_BIN_EXE_coupon-mcp"), "{host}");
        assert!(server["env"]["BIGCOMMERCE_ACCESS_TOKEN"].is_string(), "{host}");
        assert!(printed.stderr.contains("Put it "), "{host}: {}", printed.stderr);
        let practice = run(&["config", "--host", host, "--sandbox"]).await.json();
        assert_eq!(
            practice["mcpServers"]["coupons-practice"]["args"],
            json!(["stdio", "--sandbox", "--sandbox-data"]),
            "{host}"
        );
    }
}

#[tokio::test]
async fn bad_store_settings_are_refused_before_anything_is_sent() {
    for (variable, value) in [
        ("BIGCOMMERCE_STORE_HASH", "not a hash"),
        ("BIGCOMMERCE_API_URL", "http://api.bigcommerce.com"),
        ("BIGCOMMERCE_API_URL", "nonsense"),
    ] {
        let mut command = binary(&["call", "list_coupon_codes", "promotion_id=1"]);
        command
            .env("BIGCOMMERCE_STORE_HASH", "abc")
            .env("BIGCOMMERCE_ACCESS_TOKEN", "s3cret-t0ken")
            .env(variable, value);
        let refused = finish(command).await;
        assert_eq!(refused.code, Some(2), "{value}: {}", refused.stderr);
        assert!(
            refused.stderr.contains(variable) && !refused.stderr.contains("s3cret-t0ken"),
            "{}",
            refused.stderr
        );
    }
}

#[tokio::test]
async fn help_wraps_and_names_all_variables() {
    let commands =
        ["", "stdio", "http", "sandbox", "tools", "call", "jobs", "doctor", "config", "demo", "state"];
    for command in commands {
        for columns in [80, 120] {
            let mut help = binary(&["help"]);
            if !command.is_empty() {
                help.arg(command);
            }
            help.env("COLUMNS", columns.to_string());
            let help = finish(help).await;
            assert_eq!(help.code, Some(0), "{command}: {}", help.stderr);
            for line in help.stdout.lines() {
                assert!(line.chars().count() <= columns, "{command} at {columns}: {line}");
            }
        }
    }
    for command in ["stdio", "http", "call", "doctor"] {
        let help = run(&["help", command]).await.stdout;
        for variable in [
            "BIGCOMMERCE_STORE_HASH",
            "BIGCOMMERCE_ACCESS_TOKEN ",
            "BIGCOMMERCE_ACCESS_TOKEN_FILE",
            "BIGCOMMERCE_API_URL",
            "COUPON_MCP_LOG ",
            "COUPON_MCP_LOG_FORMAT",
            "COUPON_MCP_STATE_DIR",
        ] {
            assert!(help.contains(variable), "help {command} does not name {variable}");
        }
    }
}

#[tokio::test]
async fn a_command_for_people_logs_no_more_than_warnings() {
    let directory = tempfile::tempdir().unwrap();
    let mut generate = binary(&["call", "generate_coupon_codes", "promotion_id=1", "count=3", "max_uses=1"]);
    generate.args(["--sandbox", "--sandbox-data"]).env("XDG_STATE_HOME", directory.path());
    let called = finish(generate).await;
    assert_eq!((called.code, called.stderr.as_str()), (Some(0), ""));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_on_a_terminal_says_what_it_waits_for() {
    for arguments in [["stdio", "--sandbox"].as_slice(), &["stdio"]] {
        let terminal = Terminal::open();
        let mut server = terminal.spawn(binary(arguments));
        terminal.shows("coupon-mcp demo").await;
        server.kill().await.unwrap();
        let said = terminal.lines().await.join(" ");
        assert!(
            said.contains("waiting for an AI host") && said.contains("coupon-mcp config --help"),
            "{said}"
        );
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn help_wraps_at_the_terminals_width() {
    let terminal = Terminal::open();
    assert_eq!(terminal.spawn(binary(&["help", "http"])).wait().await.unwrap().code(), Some(0));
    let lines = terminal.lines().await;
    assert!(lines.len() > 50);
    assert_fits(&lines);
}
