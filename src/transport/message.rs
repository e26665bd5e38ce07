//! Messages as they come off the wire, before rmcp sees them.
//!
//! rmcp takes a message as a whole or not at all, and then says neither whose it was nor what is wrong with it: a
//! host waits for its time-out. So messages are read here, and one that cannot be used is answered.

use std::fmt;

use rmcp::model::{
    CallToolRequestParams, ClientJsonRpcMessage, ClientNotification, ClientRequest, CompleteRequestParams,
    ErrorData, GetPromptRequestParams, InitializeRequestParams, JsonObject, JsonRpcMessage,
    PaginatedRequestParams, ProtocolVersion, ReadResourceRequestParams, RequestId, ServerJsonRpcMessage,
    ServerResult,
};
use serde::Deserializer as _;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// What came.
#[derive(Debug)]
pub(super) enum Incoming {
    /// One message; whether it is the text as it came.
    Message { message: Box<ClientJsonRpcMessage>, as_it_came: bool },
    /// Several in one.
    Batch(Vec<Value>),
    /// Nothing that can be used; this is the answer.
    Refused(Box<ServerJsonRpcMessage>),
    /// Nothing that can be used, and nobody waits for an answer.
    Dropped,
}

impl Incoming {
    /// How many messages it holds.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Message { .. } => 1,
            Self::Batch(batch) => batch.len(),
            Self::Refused(_) | Self::Dropped => 0,
        }
    }
}

/// Where a request says its version since 2026-07-28.
const VERSION: &str = "/_meta/io.modelcontextprotocol~1protocolVersion";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a text.
pub(super) fn read(text: &[u8]) -> Incoming {
    let without_mark = text.strip_prefix(BYTE_ORDER_MARK);
    let as_it_came = without_mark.is_none();
    let text = without_mark.unwrap_or(text);
    // Nearly every message is in form, and need not be looked at twice.
    if let Ok(message) = serde_json::from_slice(text)
        && is_understood(&message)
    {
        return Incoming::Message { message: Box::new(message), as_it_came };
    }
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
            mend(params);
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
        mend(result);
    }
    let params = message.get("params").cloned().unwrap_or_else(|| Value::Object(JsonObject::new()));
    match serde_json::from_value(Value::Object(message)) {
        Ok(message) if is_understood(&message) => accepted(message),
        _ if is_answer => Incoming::Dropped,
        read => match (fault(&method, &params), read) {
            (None, Ok(message)) => accepted(message),
            (fault, _) => {
                reply(is_notification, id, ErrorData::invalid_params(fault.unwrap_or_default(), None))
            }
        },
    }
}

fn accepted(message: ClientJsonRpcMessage) -> Incoming {
    Incoming::Message { message: Box::new(message), as_it_came: false }
}

/// Whether rmcp knows what it is. A request that does not fit its method is one of an unknown method to it.
fn is_understood(message: &ClientJsonRpcMessage) -> bool {
    match message {
        JsonRpcMessage::Request(request) => !matches!(request.request, ClientRequest::CustomRequest(_)),
        JsonRpcMessage::Notification(notification) => {
            !matches!(notification.notification, ClientNotification::CustomNotification(_))
        }
        _ => true,
    }
}

/// The version of the session that a message opens.
pub(super) fn opened(message: &ServerJsonRpcMessage) -> Option<&ProtocolVersion> {
    match message {
        JsonRpcMessage::Response(response) => match &response.result {
            ServerResult::InitializeResult(opened) => Some(&opened.protocol_version),
            _ => None,
        },
        _ => None,
    }
}

/// The request that a message answers.
pub(super) fn answered(message: &ServerJsonRpcMessage) -> Option<&RequestId> {
    match message {
        JsonRpcMessage::Response(response) => Some(&response.id),
        JsonRpcMessage::Error(error) => error.id.as_ref(),
        _ => None,
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

/// Puts an object where hosts send something else for it: those in PHP `[]` for `{}`, others a text that holds one.
fn mend(params: &mut Value) {
    object_for_list(params);
    let Value::Object(fields) = params else { return };
    for (name, field) in fields {
        match name.as_str() {
            // What is below is the tool's.
            "arguments" => {
                object_for_list(field);
                object_for_text(field);
            }
            "content" => object_for_list(field),
            "_meta" | "capabilities" | "clientInfo" => all_objects(field),
            _ => {}
        }
    }
}

fn object_for_text(value: &mut Value) {
    if let Value::String(text) = value
        && let Ok(object) = serde_json::from_str::<JsonObject>(text)
    {
        *value = Value::Object(object);
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

/// What is wrong with the params of one of MCP's methods that rmcp cannot read, in JSON's words.
fn fault(method: &str, params: &Value) -> Option<String> {
    let fault = match method {
        // Since 2026-07-28 there is no such method, and rmcp says so.
        "initialize" if params.pointer(VERSION).is_some() => return None,
        "initialize" => fault_of::<InitializeRequestParams>(params),
        "tools/call" => fault_of::<CallToolRequestParams>(params),
        "resources/read" => fault_of::<ReadResourceRequestParams>(params),
        "prompts/get" => fault_of::<GetPromptRequestParams>(params),
        "completion/complete" => fault_of::<CompleteRequestParams>(params),
        "tools/list" | "prompts/list" | "resources/list" | "resources/templates/list" => {
            fault_of::<PaginatedRequestParams>(params)
        }
        "ping" | "server/discover" => None,
        _ => return None,
    };
    Some(fault.unwrap_or_else(|| format!("The params of {method} are not as they must be.")))
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
mod tests;
