//! The server on stdio: both eras, bad input, and how it ends.

use serde_json::{Value, json};

use crate::support::process::{PATIENCE, binary};
use crate::support::sandbox::Sandbox;
use crate::support::stdio_host::StdioHost;
use crate::support::{
    TOOLS, assert_duplicate, call, initialize, modern, modern_meta, tool_error, tool_names,
};

const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

#[tokio::test]
async fn every_legacy_version_is_negotiated_and_served() {
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let mut host = StdioHost::spawn(binary(&["stdio", "--sandbox"]));
        let answer = host.request("initialize", initialize(version)).await;
        assert_eq!(answer["protocolVersion"], version);
        assert_eq!(answer["capabilities"], json!({"prompts": {}, "resources": {}, "tools": {}}));
        assert_eq!(answer["serverInfo"]["name"], "coupon-mcp");
        assert_eq!(answer["serverInfo"]["title"], "BigCommerce coupon codes (practice store)");
        let instructions = answer["instructions"].as_str().unwrap();
        assert!(instructions.contains("practice store") && instructions.len() < 1_000, "{instructions}");
        assert!(instructions.contains("never instructions"), "{instructions}");
        let tools = host.request("tools/list", json!({})).await;
        assert_eq!(tool_names(&tools), TOOLS);
        assert_eq!(tools.get("resultType"), None);
        let result = host.call("list_coupon_codes", json!({"promotion_id": 1})).await;
        assert_eq!(result["structuredContent"]["total"], 1, "{version}: {result}");
        assert_eq!(result.get("_meta"), None);
    }
}

#[tokio::test]
async fn the_stateless_era_needs_no_handshake() {
    let mut host = StdioHost::spawn(binary(&["--sandbox"]));
    let found = host.request("server/discover", modern(json!({}))).await;
    assert!(found["supportedVersions"].as_array().unwrap().contains(&json!("2026-07-28")));
    assert_eq!((&found["resultType"], &found["cacheScope"]), (&json!("complete"), &json!("public")));
    assert_eq!(found["ttlMs"], 3_600_000);
    assert_eq!(found["_meta"][SERVER_INFO]["name"], "coupon-mcp");
    let tools = host.request("tools/list", modern(json!({}))).await;
    assert_eq!((&tools["ttlMs"], &tools["cacheScope"]), (&json!(300_000), &json!("public")));
    assert_eq!(tools["_meta"][SERVER_INFO]["name"], "coupon-mcp");
    let arguments = call("create_coupon_code", json!({"promotion_id": 1, "code": "MODERN"}));
    let created = host.request("tools/call", modern(arguments)).await;
    assert_eq!(created["structuredContent"]["outcome"], "created");
    assert_eq!(created["_meta"][SERVER_INFO]["name"], "coupon-mcp");
}

#[tokio::test]
async fn discover_may_come_before_initialize() {
    let mut host = StdioHost::spawn(binary(&["stdio", "--sandbox"]));
    host.request("server/discover", modern(json!({}))).await;
    host.request("initialize", initialize("2025-11-25")).await;
    assert_eq!(tool_names(&host.request("tools/list", json!({})).await), TOOLS);
}

#[tokio::test]
async fn what_is_not_declared_is_not_there() {
    let mut host = StdioHost::practice().await;
    for (method, params) in [
        (
            "completion/complete",
            json!({"ref": {"type": "ref/prompt", "name": "x"}, "argument": {"name": "a", "value": ""}}),
        ),
        ("logging/setLevel", json!({"level": "info"})),
        ("resources/subscribe", json!({"uri": "coupons://promotions/1"})),
        ("no/such/method", json!({})),
    ] {
        assert_eq!(host.exchange(method, params).await["error"]["code"], -32601, "{method}");
    }
}

#[tokio::test]
async fn an_unknown_tool_is_a_protocol_error_that_names_the_tools() {
    let mut host = StdioHost::practice().await;
    let error = host.exchange("tools/call", call("delete_everything", json!({}))).await["error"].clone();
    assert_eq!(error["code"], -32602);
    let tools = TOOLS.join(", ");
    assert_eq!(error["message"], format!("Unknown tool \"delete_everything\". The tools are {tools}."));
}

#[tokio::test]
async fn malformed_params_of_a_known_method_are_called_that() {
    let mut host = StdioHost::practice().await;
    let error = host.exchange("tools/call", json!({"arguments": {}})).await["error"].clone();
    assert_eq!((&error["code"], &error["message"]), (&json!(-32602), &json!("params.name is missing.")));
}

#[tokio::test]
async fn arguments_may_be_an_object_written_as_a_string() {
    let mut host = StdioHost::practice().await;
    let arguments = json!(r#"{"promotion_id": "1", "code": "TEXTUAL", "max_uses": null}"#);
    let result = host.call("create_coupon_code", arguments).await;
    assert_eq!(result["structuredContent"]["coupon_code"]["code"], "TEXTUAL");
}

#[tokio::test]
async fn junk_never_ends_the_server() {
    let mut host = StdioHost::spawn(binary(&["stdio", "--sandbox"]));
    let deep = format!("{}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    let nested = format!(
        r#"{{"jsonrpc":"2.0","id":9,"method":"tools/list","params":{}1{}}}"#,
        "{\"a\":".repeat(5_000),
        "}".repeat(5_000)
    );
    let long = format!("{}\n", "x".repeat(20 << 20));
    let junk: [&[u8]; 12] = [
        b"\n",
        b"not json\n",
        b"{\"jsonrpc\":\n",
        b"\xff\xfe\x00\x80\n",
        b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n",
        b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":99}}\n",
        b"{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{}}\n",
        b"{\"jsonrpc\":\"2.0\",\"id\":null}\n",
        b"[1,2,3]\n",
        deep.as_bytes(),
        long.as_bytes(),
        b"{\"jsonrpc\":\"2.0\",\"id\":{\"a\":1},\"method\":\"ping\"}\n",
    ];
    for part in junk {
        host.send_raw(part).await;
    }
    let mut answers = Vec::new();
    let id = host.start("initialize", initialize("2025-11-25")).await;
    loop {
        let message = host.receive().await;
        if message["id"] == id {
            break;
        }
        answers.push(message);
    }
    assert!(answers.iter().all(|answer| answer.get("error").is_some()), "{answers:?}");
    for part in junk {
        host.send_raw(part).await;
    }
    host.send_raw(format!("{nested}\n").as_bytes()).await;
    assert_eq!(tool_names(&host.request("tools/list", json!({})).await), TOOLS);
}

#[tokio::test]
async fn without_credentials_and_without_a_host_the_exit_code_is_2() {
    let host = StdioHost::spawn(binary(&["stdio"]));
    let (status, log) = host.finish().await;
    assert_eq!(status.code(), Some(2));
    for text in ["BIGCOMMERCE_STORE_HASH", "BIGCOMMERCE_ACCESS_TOKEN", "--sandbox"] {
        assert!(log.contains(text), "{log}");
    }
}

#[tokio::test]
async fn without_credentials_a_host_is_told_so_by_every_call() {
    let mut host = StdioHost::open(binary(&["stdio"])).await;
    assert_eq!(tool_names(&host.request("tools/list", json!({})).await), TOOLS);
    for tool in TOOLS {
        let error = host.error(tool, json!({})).await;
        assert_eq!(error["code"], "not_configured", "{tool}");
        let text = error.to_string();
        for text_part in ["BIGCOMMERCE_STORE_HASH", "BIGCOMMERCE_ACCESS_TOKEN", "--sandbox"] {
            assert!(text.contains(text_part), "{text}");
        }
    }
    assert_eq!(host.finish().await.0.code(), Some(0));
}

#[tokio::test]
async fn credentials_that_are_still_placeholders_are_called_that() {
    let mut command = binary(&["stdio"]);
    command
        .env("BIGCOMMERCE_STORE_HASH", "${BIGCOMMERCE_STORE_HASH}")
        .env("BIGCOMMERCE_ACCESS_TOKEN", "YOUR_TOKEN");
    let mut host = StdioHost::open(command).await;
    let error = host.error("list_coupon_codes", json!({"promotion_id": 1})).await;
    assert_eq!((&error["code"], &error["retryable"]), (&json!("placeholder_credentials"), &json!(false)));
}

#[tokio::test]
async fn the_start_touches_no_network() {
    let sandbox = Sandbox::start(&[]).await;
    let mut host = StdioHost::open(sandbox.client_of(&["stdio"])).await;
    host.request("tools/list", json!({})).await;
    assert_eq!(sandbox.requests().await, []);
    host.ok("list_coupon_codes", json!({"promotion_id": 1})).await;
    assert_eq!(sandbox.requests().await, [("GET".to_owned(), "/promotions/1/codes".to_owned(), 200)]);
}

#[tokio::test]
async fn the_end_of_stdin_ends_the_server_even_during_a_call() {
    let sandbox = Sandbox::start(&[]).await;
    sandbox.fault(json!({"method": "GET", "path": "/codes", "times": 1, "hold": "before_commit"})).await;
    let mut host = StdioHost::open(sandbox.client_of(&["stdio"])).await;
    host.start("tools/call", call("list_coupon_codes", json!({"promotion_id": 1}))).await;
    sandbox.holds(1).await;
    let (status, _) = host.finish().await;
    assert!(status.success());
}

#[cfg(unix)]
#[tokio::test]
async fn signals_end_the_server() {
    for signal in ["-TERM", "-INT"] {
        let mut host = StdioHost::practice().await;
        host.request("tools/list", json!({})).await;
        let pid = host.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let status = tokio::time::timeout(PATIENCE, host.child.wait()).await.unwrap().unwrap();
        assert_eq!(status.code(), Some(0), "{signal}");
    }
}

#[tokio::test]
async fn calls_run_side_by_side() {
    let sandbox = Sandbox::start(&[]).await;
    sandbox.fault(json!({"method": "POST", "path": "/codes", "times": 1, "hold": "before_commit"})).await;
    let mut host = StdioHost::open(sandbox.client_of(&["stdio"])).await;
    let new = json!({"promotion_id": 1, "code": "SLOW"});
    let slow = host.start("tools/call", call("create_coupon_code", new)).await;
    let listed = host.call("list_coupon_codes", json!({"promotion_id": 1})).await;
    assert_eq!(listed["structuredContent"]["total"], 1);
    sandbox.holds(1).await;
    sandbox.release().await;
    let answer: Value = host.receive().await;
    assert_eq!(answer["id"], slow);
    assert_eq!(answer["result"]["structuredContent"]["outcome"], "created");
}

#[tokio::test]
async fn errors_of_both_eras_have_the_same_form() {
    let mut host = StdioHost::spawn(binary(&["stdio", "--sandbox"]));
    let mut params = call("create_coupon_code", json!({"promotion_id": 1, "code": "50%"}));
    params["_meta"] = modern_meta();
    let error = tool_error(&host.request("tools/call", params).await);
    assert_eq!(error["code"], "invalid_arguments");
}

const HOLD_A_NEW_CODE: &str = r#"{"method": "POST", "path": "/codes", "times": 1, "hold": "before_commit"}"#;

#[tokio::test]
async fn an_id_in_use_is_refused_and_its_first_call_goes_on() {
    for id in [json!(50), json!("fifty")] {
        let sandbox = Sandbox::start(&[]).await;
        sandbox.fault(serde_json::from_str(HOLD_A_NEW_CODE).unwrap()).await;
        let mut host = StdioHost::open(sandbox.client_of(&["stdio"])).await;
        let request =
            |params: Value| json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
        host.send(request(call("create_coupon_code", json!({"promotion_id": 1, "code": "FIRST"})))).await;
        sandbox.holds(1).await;
        host.send(request(call("list_coupon_codes", json!({"promotion_id": 1})))).await;
        assert_duplicate(&host.receive().await, &id);
        host.send(request(json!({"malformed": true}))).await;
        assert_eq!(host.receive().await["error"]["code"], -32602);
        sandbox.release().await;
        let first = host.receive().await;
        assert_eq!(first["id"], id);
        assert_eq!(first["result"]["structuredContent"]["outcome"], "created", "{first}");
        // The id is free again, and nothing else was answered.
        host.send(request(call("list_coupon_codes", json!({"promotion_id": 1})))).await;
        assert_eq!(host.receive().await["result"]["structuredContent"]["total"], 2);
    }
}

#[tokio::test]
async fn an_id_in_use_is_refused_in_the_stateless_era_too() {
    let sandbox = Sandbox::start(&[]).await;
    sandbox.fault(serde_json::from_str(HOLD_A_NEW_CODE).unwrap()).await;
    let mut host = StdioHost::spawn(sandbox.client_of(&["stdio"]));
    let new = modern(call("create_coupon_code", json!({"promotion_id": 1, "code": "FIRST"})));
    let first = host.start("tools/call", new).await;
    sandbox.holds(1).await;
    let again = json!({"jsonrpc": "2.0", "id": first, "method": "tools/list", "params": modern(json!({}))});
    host.send(again).await;
    assert_duplicate(&host.receive().await, &json!(first));
    sandbox.release().await;
    assert_eq!(host.receive().await["result"]["structuredContent"]["outcome"], "created");
}

#[tokio::test]
async fn a_number_and_a_text_of_the_same_digits_are_two_ids() {
    let sandbox = Sandbox::start(&[]).await;
    sandbox.fault(serde_json::from_str(HOLD_A_NEW_CODE).unwrap()).await;
    let mut host = StdioHost::open(sandbox.client_of(&["stdio"])).await;
    let new = call("create_coupon_code", json!({"promotion_id": 1, "code": "FIRST"}));
    host.send(json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": new})).await;
    sandbox.holds(1).await;
    host.send(json!({"jsonrpc": "2.0", "id": "9", "method": "tools/list"})).await;
    let listed = host.receive().await;
    assert_eq!(listed["id"], "9");
    assert_eq!(tool_names(&listed["result"]), TOOLS);
    sandbox.release().await;
    assert_eq!(host.receive().await["id"], 9);
}

#[tokio::test]
async fn the_id_of_a_cancelled_call_is_free_when_the_work_is_done() {
    let sandbox = Sandbox::start(&[]).await;
    sandbox.fault(serde_json::from_str(HOLD_A_NEW_CODE).unwrap()).await;
    let mut host = StdioHost::open(sandbox.client_of(&["stdio"])).await;
    let new = call("create_coupon_code", json!({"promotion_id": 1, "code": "FIRST"}));
    let first = host.start("tools/call", new).await;
    sandbox.holds(1).await;
    let cancel = json!({"requestId": first, "reason": "changed my mind"});
    host.send(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancel})).await;
    let list = call("list_coupon_codes", json!({"promotion_id": 1}));
    let again = json!({"jsonrpc": "2.0", "id": first, "method": "tools/call", "params": list});
    host.send(again.clone()).await;
    // Otherwise the answer to the first would be taken for this one's.
    assert_duplicate(&host.receive().await, &json!(first));
    sandbox.release().await;
    loop {
        host.send(again.clone()).await;
        let answer = host.receive().await;
        if answer.get("error").is_none() {
            assert_eq!(answer["result"]["structuredContent"]["total"], 2, "{answer}");
            break;
        }
    }
}
