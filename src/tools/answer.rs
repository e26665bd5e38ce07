//! What a tool answers: the structured result, which is the truth, and its text, which is for reading.

use rmcp::model::{CallToolResult, ContentBlock, JsonObject};
use serde::Serialize;
use serde_json::Value;

use super::context::Question;
use super::error::ToolError;

/// What comes of a tool's handler.
pub(super) enum Handled {
    /// The answer.
    Answer(Answer),
    /// A question to a person.
    Ask(Question),
}

/// An answer before it becomes the result of a call.
#[derive(Debug)]
pub(super) struct Answer {
    fields: JsonObject,
    text: Text,
}

/// The text of an answer.
#[derive(Debug)]
pub(super) enum Text {
    /// The same JSON.
    Json,
    /// The message first, for hosts that show the text; then the rest as JSON.
    MessageAndJson,
    /// The same with these words for message and preview.
    SpokenAndJson(String),
    /// Other words, a table for instance.
    Words(String),
}

const MESSAGE: &str = "message";
const PREVIEW: &str = "preview";
const WARNINGS: &str = "warnings";

impl Answer {
    /// Takes a struct with named fields.
    pub(super) fn new(structured: &impl Serialize, text: Text) -> Result<Self, ToolError> {
        let fields = match serde_json::to_value(structured).map_err(|error| ToolError::internal(&error))? {
            Value::Object(fields) => fields,
            other => JsonObject::from_iter([("result".to_owned(), other)]),
        };
        Ok(Self { fields, text })
    }

    /// Adds a sentence to the warnings.
    pub(super) fn warn(mut self, sentence: String) -> Self {
        if let Text::Words(words) = &mut self.text {
            words.push('\n');
            words.push_str(&sentence);
        }
        if let Value::Array(warnings) =
            self.fields.entry(WARNINGS).or_insert_with(|| Value::Array(Vec::new()))
        {
            warnings.push(sentence.into());
        }
        self
    }

    /// Each sentence is in the text once.
    pub(super) fn into_result(self) -> CallToolResult {
        let Self { fields, text } = self;
        let structured = Value::Object(fields);
        let texts = match text {
            Text::Json => vec![structured.to_string()],
            Text::Words(words) => vec![words],
            Text::MessageAndJson => {
                let (mut parts, rest) = without(&structured, &[MESSAGE]);
                let message = parts.pop().and_then(|message| message.as_str().map(str::to_owned));
                message.into_iter().chain([rest]).collect()
            }
            Text::SpokenAndJson(words) => vec![words, without(&structured, &[MESSAGE, PREVIEW]).1],
        };
        let mut result = CallToolResult::success(texts.into_iter().map(ContentBlock::text).collect());
        result.structured_content = Some(structured);
        result
    }
}

/// Those fields, and the rest as JSON.
fn without(structured: &Value, names: &[&str]) -> (Vec<Value>, String) {
    let mut rest = structured.as_object().cloned().unwrap_or_default();
    let taken = names.iter().filter_map(|name| rest.shift_remove(*name)).collect();
    (taken, Value::Object(rest).to_string())
}
