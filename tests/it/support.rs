//! What the tests need: child processes that end with the test, and clients that show the raw protocol.

pub(crate) mod asking_host;
pub(crate) mod event_stream;
pub(crate) mod finished;
pub(crate) mod guarded_store;
pub(crate) mod http_host;
pub(crate) mod line;
pub(crate) mod process;
pub(crate) mod published;
pub(crate) mod raw;
pub(crate) mod sandbox;
pub(crate) mod seeds;
pub(crate) mod stage;
pub(crate) mod state;
pub(crate) mod stdio_host;
pub(crate) mod store_view;
#[cfg(target_os = "linux")]
pub(crate) mod terminal;
pub(crate) mod wire;

use coupon_mcp::clock::Clock;
use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};
use serde_json::{Value, json};

/// The tools that are offered where no toolsets are named, in their order.
pub(crate) const TOOLS: [&str; 18] = [
    "list_promotions",
    "get_promotion",
    "get_store",
    "list_coupon_codes",
    "check_coupon_code",
    "summarize_coupon_codes",
    "export_coupon_codes",
    "create_coupon_code",
    "generate_coupon_codes",
    "import_coupon_codes",
    "create_promotion",
    "update_promotion",
    "delete_coupon_codes",
    "delete_promotions",
    "replace_coupon_code",
    "undo",
    "get_job",
    "control_job",
];

/// The present time by the clock that the server reads.
pub(crate) fn now() -> Timestamp {
    Clock::system().now()
}

/// The instant so many days from now, to the second, as the tools and the API take it.
pub(crate) fn in_days(days: i64) -> String {
    (now() + SignedDuration::from_hours(24 * days)).strftime("%FT%T+00:00").to_string()
}

/// The day so many days from today, on the clocks of the practice store.
pub(crate) fn day_in(days: i64) -> Date {
    let today = now().in_tz("America/New_York").unwrap().date();
    today.checked_add(Span::new().days(days)).unwrap()
}

/// The names in a result of `tools/list`.
pub(crate) fn tool_names(listed: &Value) -> Vec<&str> {
    listed["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

/// Takes the `change_id` out of a write's answer, after a look at its form.
pub(crate) fn take_change_id(answer: &mut Value) -> String {
    let taken = answer.as_object_mut().and_then(|answer| answer.remove("change_id"));
    let id = taken.as_ref().and_then(Value::as_str).unwrap_or_else(|| panic!("no change_id: {answer}"));
    let random = id.strip_prefix("chg_").unwrap_or_default();
    let usual = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    assert!(random.len() == 12 && random.chars().all(usual), "{id}");
    id.to_owned()
}

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
    assert!(error["retryable"].is_boolean(), "{error}");
    let wait = error.get("retry_after_s").map_or(String::new(), |wait| format!(", retry_after_s: {wait}"));
    let codes = format!("[{}, retryable: {}{wait}]", error["code"].as_str().unwrap(), error["retryable"]);
    assert_eq!(result["content"][0]["text"], format!("{sentence} {codes}"));
    let for_programs = &result["_meta"]["io.github.coupon-mcp/error"];
    for part in ["code", "retryable", "retry_after_s"] {
        assert_eq!(for_programs.get(part), error.get(part), "{for_programs}");
    }
    error
}

/// Checks the answer to a request whose id is that of one under way.
pub(crate) fn assert_duplicate(answer: &Value, id: &Value) {
    assert_eq!((&answer["id"], &answer["error"]["code"]), (id, &json!(-32600)), "{answer}");
    let sentence = answer["error"]["message"].as_str().unwrap();
    assert!(sentence.contains(&id.to_string()), "{sentence}");
}
