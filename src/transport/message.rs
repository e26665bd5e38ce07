//! Messages as they come off the wire, before rmcp sees them.
//!
//! rmcp takes a message as a whole or not at all, and then says neither whose it was nor what is wrong with it: a
//! host waits for its time-out. So messages are read here, and one that cannot be used is answered.

use std::fmt;

use rmcp::model::{
    CallToolRequestParams, ClientJsonRpcMessage, CompleteRequestParams, ErrorData, GetPromptRequestParams,
    InitializeRequestParams, JsonObject, PaginatedRequestParams, ReadResourceRequestParams, RequestId,
    ServerJsonRpcMessage,
};
use serde::Deserializer as _;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// What came.
#[derive(Debug)]
pub(super) enum Incoming {
    /// One message.
    Message(Box<ClientJsonRpcMessage>),
    /// Several in one.
    Batch(Vec<Value>),
    /// Nothing that can be used; this is the answer.
    Refused(Box<ServerJsonRpcMessage>),
    /// Nothing that can be used, and nobody waits for an answer.
    Dropped,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a text.
pub(super) fn read(text: &[u8]) -> Incoming {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    match serde_json::from_slice(text) {
        Ok(Value::Array(batch)) => Incoming::Batch(batch),
        Ok(value) => read_one(value),
        Err(error) => {
            let sentence = format!("The message cannot be read as JSON: {error}.");
            refused(Head::of(text).id, ErrorData::parse_error(sentence, None))
        }
    }
}

/// Reads one message.
pub(super) fn read_one(message: Value) -> Incoming {
    let Value::Object(mut message) = message else {
        return refused(None, invalid("A message is a JSON object."));
    };
    let id = match message.get("id") {
        None => None,
        Some(id) => match serde_json::from_value::<RequestId>(id.clone()) {
            Ok(id) => Some(id),
            Err(_) => return refused(None, invalid("The field \"id\" must be a string or an integer.")),
        },
    };
    let is_answer = message.contains_key("result") || message.contains_key("error");
    let is_notification = id.is_none() && message.get("method").is_some_and(Value::is_string);
    if message.get("jsonrpc").is_none_or(|version| version != "2.0") {
        return refused(id, invalid("The field \"jsonrpc\" must be \"2.0\"."));
    }
    let method = match message.get("method") {
        Some(Value::String(method)) => method.clone(),
        None if is_answer => String::new(),
        None => return refused(id, invalid("The field \"method\" is missing.")),
        Some(_) => return refused(id, invalid("The field \"method\" must be a string.")),
    };
    match message.get_mut("params") {
        Some(Value::Null) => {
            message.remove("params");
        }
        Some(params) => {
            objects_for_lists(params);
            if !params.is_object() {
                return reply(
                    is_notification,
                    id,
                    ErrorData::invalid_params("params must be an object.", None),
                );
            }
        }
        None => {}
    }
    if let Some(result) = message.get_mut("result") {
        objects_for_lists(result);
    }
    let params = message.get("params").cloned().unwrap_or_else(|| Value::Object(JsonObject::new()));
    match serde_json::from_value(Value::Object(message)) {
        Ok(message) => Incoming::Message(Box::new(message)),
        Err(_) if is_answer => Incoming::Dropped,
        Err(_) => {
            let sentence = fault(&method, &params)
                .unwrap_or_else(|| format!("The params of {method} are not as they must be."));
            reply(is_notification, id, ErrorData::invalid_params(sentence, None))
        }
    }
}

fn invalid(sentence: &'static str) -> ErrorData {
    ErrorData::invalid_request(sentence, None)
}

fn refused(id: Option<RequestId>, error: ErrorData) -> Incoming {
    Incoming::Refused(Box::new(ServerJsonRpcMessage::error(error, id)))
}

/// A notification is never answered.
fn reply(is_notification: bool, id: Option<RequestId>, error: ErrorData) -> Incoming {
    if is_notification { Incoming::Dropped } else { refused(id, error) }
}

/// Fields of `params` that are objects all the way down, as far as they hold objects or lists.
const OBJECTS: [&str; 4] = ["_meta", "capabilities", "clientInfo", "arguments"];

/// Puts `{}` where hosts in PHP send `[]` for it.
fn objects_for_lists(params: &mut Value) {
    object_for_list(params);
    let Value::Object(fields) = params else { return };
    for (name, field) in fields {
        match name.as_str() {
            // What is below is the tool's.
            "arguments" | "content" => object_for_list(field),
            name if OBJECTS.contains(&name) => all_objects(field),
            _ => {}
        }
    }
}

fn object_for_list(value: &mut Value) {
    if value.as_array().is_some_and(Vec::is_empty) {
        *value = Value::Object(JsonObject::new());
    }
}

fn all_objects(value: &mut Value) {
    object_for_list(value);
    if let Value::Object(fields) = value {
        fields.values_mut().for_each(all_objects);
    }
}

/// What is wrong with the params of a method, in JSON's words.
fn fault(method: &str, params: &Value) -> Option<String> {
    match method {
        "initialize" => fault_of::<InitializeRequestParams>(params),
        "tools/call" => fault_of::<CallToolRequestParams>(params),
        "resources/read" => fault_of::<ReadResourceRequestParams>(params),
        "prompts/get" => fault_of::<GetPromptRequestParams>(params),
        "completion/complete" => fault_of::<CompleteRequestParams>(params),
        _ => fault_of::<PaginatedRequestParams>(params),
    }
}

fn fault_of<T: DeserializeOwned>(params: &Value) -> Option<String> {
    let error = serde_path_to_error::deserialize::<_, T>(params).err()?;
    let path = match error.path().to_string().as_str() {
        "." => "params".to_owned(),
        path => format!("params.{path}"),
    };
    let cause = error.inner().to_string();
    let missing = cause.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    Some(match missing {
        Some(name) => format!("{path}.{name} is missing."),
        None => format!("{path} is not of the kind that it must be."),
    })
}

/// What can be told of a text that is no JSON: what stands before the fault.
#[derive(Default)]
struct Head {
    id: Option<RequestId>,
}

impl Head {
    fn of(text: &[u8]) -> Self {
        let mut head = Self::default();
        let _ = serde_json::Deserializer::from_slice(text).deserialize_map(Fields(&mut head));
        head
    }
}

struct Fields<'a>(&'a mut Head);

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_key::<String>()? {
            if name == "id" {
                self.0.id = Some(fields.next_value()?);
            } else {
                // Skipped without being understood, so that the id can stand behind what is at fault.
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(text: &str) -> Value {
        match read(text.as_bytes()) {
            Incoming::Refused(answer) => serde_json::to_value(answer).unwrap(),
            other => panic!("{text}: {other:?}"),
        }
    }

    fn is_read(message: &Value) -> bool {
        matches!(read(message.to_string().as_bytes()), Incoming::Message(_))
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
        let call =
            |params: Value| json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
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
    fn a_byte_order_mark_is_skipped() {
        let ping = "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}";
        assert!(matches!(read(ping.as_bytes()), Incoming::Message(_)));
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
}
