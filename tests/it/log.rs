//! What the server says on stderr: a line for each call, and for each request to BigCommerce where more is wanted.

use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::call;
use crate::support::finished::{finish, run};
use crate::support::http_host::{HttpHost, message};
use crate::support::process::{Server, binary};
use crate::support::sandbox::Sandbox;
use crate::support::stdio_host::StdioHost;

const JSON: [&str; 2] = ["--log-format", "json"];
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn practice(arguments: &[&str], level: &str) -> Command {
    let mut command = binary(&["stdio", "--sandbox"]);
    command.args(arguments).env("COUPON_MCP_LOG", level);
    command
}

/// Each line as JSON.
fn parsed(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}

/// The lines about calls.
fn calls(log: &str) -> Vec<Value> {
    let mut lines = parsed(log);
    lines.retain(|line| line["message"].as_str().unwrap().starts_with("tool call"));
    lines
}

#[tokio::test]
async fn a_call_is_one_line_that_says_who_what_where_and_how_long() {
    let mut host = StdioHost::open(practice(&JSON, "info")).await;
    let created = host.ok("create_coupon_code", json!({"promotion_id": 1, "code": "LOGGED"})).await;
    let job = host.ok("generate_coupon_codes", json!({"promotion_id": 1, "count": 3, "max_uses": 1})).await;
    host.error("list_coupon_codes", json!({"promotion_id": 99})).await;
    host.ok("delete_coupon_codes", json!({"promotion_id": 1, "codes": ["LOGGED"]})).await;
    host.exchange("tools/call", json!({"name": "no_such_tool"})).await;
    let (_, log) = host.finish().await;
    assert!(!log.contains("LOGGED"), "a code is in the log: {log}");

    let calls = calls(&log);
    let told: Vec<_> = calls.iter().map(|line| (line["tool"].clone(), line["outcome"].clone())).collect();
    let expected = [
        ("create_coupon_code", "created"),
        ("generate_coupon_codes", "done"),
        ("list_coupon_codes", "unknown_promotion"),
        ("delete_coupon_codes", "needs_confirmation"),
        ("no_such_tool", "unknown_tool"),
    ];
    assert_eq!(told, expected.map(|(tool, outcome)| (json!(tool), json!(outcome))));
    for line in &calls {
        assert_eq!((&line["caller"], &line["store"]), (&json!("stdio:test"), &json!("sandbox")), "{line}");
        assert!(line["duration_ms"].is_u64() && line["timestamp"].is_string(), "{line}");
        assert_eq!(line["trace_id"].as_str().unwrap().len(), 32, "{line}");
    }
    let levels: Vec<_> = calls.iter().map(|line| line["level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["INFO", "INFO", "WARN", "INFO", "WARN"]);
    assert_eq!(calls[0]["change_id"], created["change_id"]);
    assert_eq!(calls[1]["job_id"], job["job"]["job_id"]);
}

#[tokio::test]
async fn text_says_the_same() {
    let mut host = StdioHost::open(practice(&[], "info")).await;
    host.ok("create_coupon_code", json!({"promotion_id": 1, "code": "LOGGED"})).await;
    let (_, log) = host.finish().await;
    let line = log.lines().find(|line| line.contains("tool call")).unwrap();
    for field in [
        "caller=\"stdio:test\"",
        "tool=\"create_coupon_code\"",
        "store=\"sandbox\"",
        "outcome=\"created\"",
        "change_id=\"chg_",
        "duration_ms=",
        "trace_id=",
    ] {
        assert!(line.contains(field), "{field} is missing in {line}");
    }
}

#[tokio::test]
async fn over_http_every_line_is_json_and_sessions_are_told_apart() {
    let server =
        Server::start(&["http", "--listen", "127.0.0.1:0", "--sandbox", "--log-format", "json"]).await;
    let hosts =
        [HttpHost::open(&server.url, "2025-11-25").await, HttpHost::open(&server.url, "2025-11-25").await];
    for host in &hosts {
        host.call("list_promotions", json!({})).await;
    }
    let answer = HttpHost::new(&server.url).modern("tools/call", call("get_store", json!({}))).await;
    assert_eq!(message(answer).await["result"]["isError"], false);
    let mut params = call("get_store", json!({}));
    params["_meta"] = json!({"traceparent": format!("00-{TRACE}-b7ad6b7169203331-01")});
    hosts[0].exchange("tools/call", params).await;
    let log = server.logged(TRACE).await;
    let listening = parsed(&server.start_log).pop().unwrap();
    assert_eq!(
        (&listening["level"], &listening["message"]),
        (&json!("INFO"), &json!(format!("listening on {}", server.url)))
    );
    let calls = calls(&log);
    let sessions: Vec<_> = calls.iter().map(|line| line["session"].as_str()).collect();
    assert!(sessions[0].is_some() && sessions[0] != sessions[1], "{log}");
    assert_eq!((sessions[2], sessions[3]), (None, sessions[0]), "{log}");
    assert_eq!(calls[3]["trace_id"], TRACE);
    for (call, session) in calls.iter().zip(&sessions) {
        assert_eq!(call["caller"], "http:test", "{call}");
        // All of it would let a reader of the log take the session over.
        assert!(session.is_none_or(|session| session.len() == 8), "{call}");
    }
}

#[tokio::test]
async fn a_request_to_bigcommerce_is_one_line_at_debug_without_codes() {
    let sandbox = Sandbox::start(&[]).await;
    let mut command = sandbox.client_of(&["stdio"]);
    command.args(JSON).env("COUPON_MCP_LOG", "debug");
    let mut host = StdioHost::open(command).await;
    let code = "HIDDEN-1";
    host.ok("create_coupon_code", json!({"promotion_id": 1, "code": code})).await;
    host.ok("check_coupon_code", json!({"code": code})).await;
    host.error("create_coupon_code", json!({"promotion_id": 3, "code": code})).await;
    let asked = sandbox.requests().await.len();
    let (_, log) = host.finish().await;
    assert!(!log.contains(code) && !log.contains("sandbox-token"), "{log}");
    let mut requests = parsed(&log);
    requests.retain(|line| line["message"].as_str().unwrap().starts_with("request to BigCommerce"));
    assert_eq!(requests.len(), asked, "{log}");
    for line in &requests {
        assert!(line["status"].is_u64() && line["duration_ms"].is_u64(), "{line}");
        assert!(line["path"].as_str().unwrap().starts_with('v'), "{line}");
        assert_eq!(line["span"]["trace_id"].as_str().unwrap().len(), 32, "{line}");
    }
}

#[tokio::test]
async fn a_wrong_level_is_said_and_silences_nothing() {
    for wrong in ["verbose", "coupon_mcp=loud", "debug;info"] {
        let mut host = StdioHost::open(practice(&[], wrong)).await;
        host.ok("list_promotions", json!({})).await;
        let (_, log) = host.finish().await;
        assert!(log.contains("warning: COUPON_MCP_LOG cannot be read"), "{wrong}: {log}");
        assert!(log.contains("outcome=\"ok\""), "{wrong}: {log}");
    }
}

#[tokio::test]
async fn what_goes_wrong_before_the_start_is_json_too() {
    let missing = run(&["http", "--sandbox", "--config", "/no/such/file.toml", "--log-format=json"]).await;
    let usage = run(&["--log-format", "json", "--no-such-flag"]).await;
    let mut by_variable = binary(&["doctor", "--no-such-flag"]);
    by_variable.env("COUPON_MCP_LOG_FORMAT", "json");
    for failed in [missing, usage, finish(by_variable).await] {
        let lines = parsed(&failed.stderr);
        assert_eq!(
            (failed.code, &lines.last().unwrap()["level"]),
            (Some(2), &json!("ERROR")),
            "{}",
            failed.stderr
        );
    }
}
