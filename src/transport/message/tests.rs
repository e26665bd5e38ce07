use serde_json::json;

use super::*;

fn refusal(text: &str) -> Value {
    match read(text.as_bytes()) {
        Incoming::Refused(answer) => serde_json::to_value(answer).unwrap(),
        other => panic!("{text}: {other:?}"),
    }
}

fn is_read(message: &Value) -> bool {
    matches!(read(message.to_string().as_bytes()), Incoming::Message { .. })
}

#[test]
fn what_is_no_json_is_answered_with_the_id_that_can_be_read() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for arguments in [r#""\ud800""#, "1e400", &deep] {
        let text = format!(
            r#"{{"jsonrpc":"2.0","method":"tools/call","params":{{"name":"a","arguments":{{"x":{arguments}}}}},"id":"b"}}"#
        );
        let answer = refusal(&text);
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!("b"), &json!(-32700)), "{answer}");
    }
    let answer = refusal(r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"x":NaN}}"#);
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(7), &json!(-32700)));
    let answer = refusal("nonsense");
    assert_eq!((answer.get("id"), &answer["error"]["code"]), (None, &json!(-32700)));
}

#[test]
fn a_message_out_of_form_is_answered_with_the_name_of_the_field() {
    for (message, code, field) in [
        (json!({"jsonrpc": "2.0", "id": 1}), -32600, "method"),
        (json!({"jsonrpc": "2.0", "id": 1, "method": 5}), -32600, "method"),
        (json!({"jsonrpc": "1.0", "id": 1, "method": "ping"}), -32600, "jsonrpc"),
        (json!({"id": 1, "method": "ping"}), -32600, "jsonrpc"),
        (json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": [1]}), -32602, "params"),
        (json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {}}), -32602, "params.name"),
        (
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 1}}),
            -32602,
            "params.name",
        ),
        (
            json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25"}}),
            -32602,
            "params.capabilities",
        ),
    ] {
        let answer = refusal(&message.to_string());
        let sentence = answer["error"]["message"].as_str().unwrap();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(code)), "{answer}");
        assert!(sentence.contains(field), "{field}: {sentence}");
    }
    for id in [json!(null), json!(1.5), json!({}), json!(true)] {
        let answer = refusal(&json!({"jsonrpc": "2.0", "id": id, "method": "ping"}).to_string());
        assert_eq!((answer.get("id"), &answer["error"]["code"]), (None, &json!(-32600)), "{answer}");
    }
}

#[test]
fn an_empty_list_stands_for_an_empty_object() {
    let call = |params: Value| json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    assert!(is_read(&call(json!({"name": "get_store", "arguments": []}))));
    assert!(is_read(&call(json!({"name": "get_store", "_meta": []}))));
    assert!(is_read(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": []})));
    let capabilities = json!({"roots": [], "elicitation": {"form": []}});
    for capabilities in [json!([]), capabilities] {
        assert!(is_read(&json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": capabilities,
            "clientInfo": {"name": "a", "version": "1"},
        }})));
    }
}

#[test]
fn arguments_may_be_an_object_in_a_text() {
    let text =
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":"{\"x\": 1}"}}"#;
    let Incoming::Message { message, as_it_came } = read(text.as_bytes()) else { panic!("not read") };
    assert_eq!(serde_json::to_value(message).unwrap()["params"]["arguments"], json!({"x": 1}));
    assert!(!as_it_came);
}

#[test]
fn a_message_in_form_is_handed_on_as_it_came() {
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":"a","method":"tools/list","params":{"cursor":"x"}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
    ] {
        assert!(matches!(read(text.as_bytes()), Incoming::Message { as_it_came: true, .. }), "{text}");
    }
    // What rmcp does not know is its own affair.
    let unknown = r#"{"jsonrpc":"2.0","id":1,"method":"no/such/method","params":{"x":1}}"#;
    assert!(matches!(read(unknown.as_bytes()), Incoming::Message { .. }));
    let gone = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"},
    }});
    assert!(is_read(&gone), "since then there is no such method");
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let ping = "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}";
    assert!(matches!(read(ping.as_bytes()), Incoming::Message { .. }));
}

#[test]
fn a_notification_and_an_answer_are_never_answered() {
    for message in [
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": 5}),
        json!({"jsonrpc": "2.0", "id": 1, "error": 5}),
    ] {
        assert!(matches!(read(message.to_string().as_bytes()), Incoming::Dropped), "{message}");
    }
}
