//! What the tests need: child processes that end with the test, and clients that show the raw protocol.

pub(crate) mod http_host;
pub(crate) mod process;
pub(crate) mod sandbox;
pub(crate) mod stage;
pub(crate) mod stdio_host;
pub(crate) mod wire;

use serde_json::{Value, json};

/// The `_meta` that every request of 2026-07-28 carries.
pub(crate) fn modern_meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

/// `params` with the `_meta` of 2026-07-28.
pub(crate) fn modern(mut params: Value) -> Value {
    params["_meta"] = modern_meta();
    params
}

pub(crate) fn initialize(version: &str) -> Value {
    json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}})
}

/// The params of `tools/call`.
pub(crate) fn call(tool: &str, arguments: Value) -> Value {
    json!({"name": tool, "arguments": arguments})
}

/// The error's JSON in a tool result, after checking the form that all errors have.
pub(crate) fn tool_error(result: &Value) -> Value {
    assert_eq!(result["isError"], true, "not an error: {result}");
    assert_eq!(result.get("structuredContent"), None, "errors have no structured content: {result}");
    let error: Value = serde_json::from_str(result["content"][1]["text"].as_str().unwrap()).unwrap();
    let sentence = format!("{} {}", error["message"].as_str().unwrap(), error["hint"].as_str().unwrap());
    assert_eq!(result["content"][0]["text"], sentence);
    assert!(error["retryable"].is_boolean(), "{error}");
    error
}
