//! BigCommerce's own words: every shape in which its APIs write an error body.

use std::fmt;

use serde_json::{Map, Value};

/// At most so many characters of BigCommerce's text are kept.
const MAX_TEXT: usize = 600;
/// A shorter text is no access token.
const MIN_SECRET: usize = 8;

/// What an error body says, whatever its shape: a title and the faults of single fields.
///
/// The shapes (OpenAPI file: `ErrorResponse`, `ErrorResponse400`, `403`, `405`, `BulkDeleteResponse`; the
/// settings file; answers of live stores) differ in every part: `status` is a string or a number, `errors` an
/// array, an object or absent, `error` a string or an object, and all of it may stand in an array (v2). A body that is not JSON (a gateway's HTML page,
/// or nothing) gives an empty refusal: such text is never shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The title, or what comes nearest.
    pub title: Option<String>,
    /// Details: `(field or index, message)`; the field may be empty.
    pub details: Vec<(String, String)>,
}

impl Refusal {
    /// Reads an error body.
    pub fn decode(body: &[u8]) -> Self {
        let mut refusal = Self::default();
        match serde_json::from_slice(body) {
            Ok(Value::Object(object)) => refusal.read_object(&object),
            Ok(Value::Array(items)) => items.iter().for_each(|item| refusal.read_item(item)),
            _ => {}
        }
        refusal
    }

    /// The same without `secret`, should an answer repeat it.
    #[must_use]
    pub fn without(mut self, secret: &str) -> Self {
        // Shorter ones are no tokens, and blotting them out would blot out words.
        if secret.len() >= MIN_SECRET {
            let hide = |text: &mut String| *text = text.replace(secret, "[hidden]");
            self.title.iter_mut().for_each(hide);
            self.details.iter_mut().for_each(|(field, message)| {
                hide(field);
                hide(message);
            });
        }
        self
    }

    /// A suspended store answers 503 with this title; that is not worth a retry.
    pub fn says_suspended(&self) -> bool {
        self.title.as_deref().is_some_and(|title| title.to_ascii_lowercase().contains("store is suspended"))
    }

    fn read_object(&mut self, object: &Map<String, Value>) {
        for key in ["title", "detail", "message"] {
            if let Some(text) = object.get(key).and_then(Value::as_str) {
                self.say(text);
            }
        }
        match object.get("error") {
            Some(Value::String(text)) => self.say(text),
            Some(Value::Object(inner)) => self.read_object(inner),
            _ => {}
        }
        match object.get("errors") {
            Some(Value::Array(items)) => items.iter().for_each(|item| self.read_item(item)),
            Some(Value::Object(fields)) => {
                for (field, message) in fields {
                    self.detail(field, message);
                }
            }
            Some(Value::String(text)) => self.say(text),
            _ => {}
        }
    }

    fn read_item(&mut self, item: &Value) {
        match item {
            Value::String(text) => self.say(text),
            Value::Object(object) => match (object.get("field"), object.get("message")) {
                (Some(Value::String(field)), Some(message)) => self.detail(field, message),
                _ => self.read_object(object),
            },
            _ => {}
        }
    }

    fn detail(&mut self, field: &str, message: &Value) {
        match message {
            Value::String(text) => self.details.push((field.to_owned(), text.clone())),
            Value::Null => {}
            other => self.details.push((field.to_owned(), other.to_string())),
        }
    }

    /// The first text is the title, later ones that say something else are details.
    fn say(&mut self, text: &str) {
        let text = text.trim();
        match &self.title {
            _ if text.is_empty() => {}
            None => self.title = Some(text.to_owned()),
            Some(title) if title == text => {}
            Some(_) => self.details.push((String::new(), text.to_owned())),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.title.clone().unwrap_or_default();
        for (field, message) in &self.details {
            if !text.is_empty() {
                text.push_str("; ");
            }
            if !field.is_empty() {
                text.push_str(field);
                text.push_str(": ");
            }
            text.push_str(message);
        }
        match text.char_indices().nth(MAX_TEXT) {
            Some((cut, _)) => write!(f, "{}…", text.get(..cut).unwrap_or_default()),
            None => f.write_str(&text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(body: &str) -> String {
        Refusal::decode(body.as_bytes()).to_string()
    }

    #[test]
    fn every_documented_shape_is_read() {
        let shapes = [
            (r#"{"errors":[{"status":422,"title":"Code is taken"}]}"#, "Code is taken"),
            (r#"{"status":"400","title":"Bad","type":"t","detail":"Not JSON"}"#, "Bad; Not JSON"),
            (r#"{"status":"403","title":"Forbidden","error":"No scope"}"#, "Forbidden; No scope"),
            (
                r#"{"status":400,"title":"Bad Request","error":{"message":"Authentication Required."}}"#,
                "Bad Request; Authentication Required.",
            ),
            (
                r#"{"status":422,"title":"Invalid","errors":[{"field":"max_uses","message":"too many"}]}"#,
                "Invalid; max_uses: too many",
            ),
            (r#"{"status":429,"title":"Too many requests","type":"/x","errors":{}}"#, "Too many requests"),
            (
                r#"{"error":"Your scope does not include this resource."}"#,
                "Your scope does not include this resource.",
            ),
            (r#"[{"status":400,"message":"The field 'x' is invalid."}]"#, "The field 'x' is invalid."),
            (
                r#"[{"status":409,"message":"Taken"},{"status":400,"message":"Too long","field":"code"}]"#,
                "Taken; code: Too long",
            ),
            ("<html>502</html>", ""),
            ("", ""),
            ("[]", ""),
            (r#"{"errors":null,"title":null}"#, ""),
        ];
        for (body, expected) in shapes {
            assert_eq!(said(body), expected, "{body}");
        }
    }

    #[test]
    fn a_bulk_delete_says_which_ones_failed() {
        let body = r#"{"errors":[{"status":422,"title":"Errors occurred in bulk delete action.",
            "errors":{"0.constraint":"Failed for id=12.","2.code":"Failed for id=14."}}],
            "meta":{"total":5,"success":3,"failed":2}}"#;
        let refusal = Refusal::decode(body.as_bytes());
        assert_eq!(
            refusal.to_string(),
            "Errors occurred in bulk delete action.; 0.constraint: Failed for id=12.; 2.code: Failed for id=14."
        );
    }

    #[test]
    fn a_long_text_is_cut() {
        let body = format!(r#"{{"title":"{}"}}"#, "ä".repeat(2_000));
        assert_eq!(said(&body).chars().count(), MAX_TEXT + 1);
    }
}
