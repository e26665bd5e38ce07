//! Arguments as hosts send them, made to fit the schema that was published.
//!
//! Models and hosts send `null` for what they leave out, `"10"` for 10, an id as a string and objects as JSON
//! text. All of that is unambiguous, so it is accepted. What is left over (a missing argument, one that does
//! not exist, a value of the wrong kind or out of range) is reported, all of it at once.

use std::fmt;

use rmcp::model::JsonObject;
use serde_json::{Number, Value};

use crate::bigcommerce::limits::{MAX_NAME, TooLong};

/// Everything that is wrong with a call's arguments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArgumentFault {
    problems: Vec<(String, String)>,
}

impl ArgumentFault {
    /// Whether an argument of this name is among the faults.
    pub fn concerns(&self, name: &str) -> bool {
        self.problems.iter().any(|(argument, _)| argument == name)
    }

    fn add(&mut self, name: &str, problem: String) {
        self.problems.push((name.to_owned(), problem));
    }
}

impl fmt::Display for ArgumentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (_, problem)) in self.problems.iter().enumerate() {
            write!(f, "{}{problem}", if index == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

/// Makes `arguments` fit the object schema `schema`.
///
/// # Errors
/// An [`ArgumentFault`] with all that does not fit.
pub fn fit(arguments: JsonObject, schema: &JsonObject) -> Result<JsonObject, ArgumentFault> {
    let empty = JsonObject::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let mut fault = ArgumentFault::default();
    let mut fitted = JsonObject::new();
    for (name, value) in arguments {
        match properties.get(&name).and_then(Value::as_object) {
            None => fault.add(&name, unknown(&name, properties)),
            Some(_) if value.is_null() => {}
            Some(property) if let Some(problem) = length_problem(&name, &value, property) => {
                fault.add(&name, problem);
            }
            Some(property) => match fit_value(value, property) {
                Ok(value) => {
                    fitted.insert(name, value);
                }
                Err(expected) => fault.add(&name, format!("Argument \"{name}\" must be {expected}.")),
            },
        }
    }
    for name in required(schema) {
        if !fitted.contains_key(name) && !fault.concerns(name) {
            fault.add(name, format!("Argument \"{name}\" is required."));
        }
    }
    if fault.problems.is_empty() { Ok(fitted) } else { Err(fault) }
}

/// Most characters of a text argument, a name first of all: codes, dates and ids are shorter by far.
const LONGEST_TEXT: usize = MAX_NAME;
/// Text arguments that may be longer.
const LONGER: [(&str, usize); 6] = [
    // The tool itself says what a cursor is.
    ("after", usize::MAX),
    ("before", usize::MAX),
    ("path", 4_096),
    ("confirmation_token", 4_096),
    ("confirmation_text", 4_096),
    ("csv_text", 1 << 20),
];

/// What is wrong with the length of a text, or of one in a list. A text that is too long is never quoted.
fn length_problem(name: &str, value: &Value, schema: &JsonObject) -> Option<String> {
    let longer = LONGER.iter().find(|(longer, _)| *longer == name);
    let most = longer.map_or(LONGEST_TEXT, |(_, most)| *most);
    let check = |text: &str| TooLong::check("text", text, most);
    match value {
        // What is no text by the schema is a number or a list, written as one.
        Value::String(text) if schema.get("type")? == "string" => {
            let length = check(text)?.length;
            Some(format!("Argument \"{name}\" has {length} characters, and at most {most} fit."))
        }
        Value::Array(items) => {
            let length = items.iter().filter_map(Value::as_str).find_map(check)?.length;
            Some(format!("A text in argument \"{name}\" has {length} characters, and at most {most} fit."))
        }
        _ => None,
    }
}

fn required(schema: &JsonObject) -> impl Iterator<Item = &str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn unknown(name: &str, properties: &JsonObject) -> String {
    let valid: Vec<_> = properties.keys().map(String::as_str).collect();
    let shown: String = crate::coupons::clean(name).chars().take(60).collect();
    format!("Unknown argument \"{shown}\"; valid arguments are {}.", valid.join(", "))
}

/// The value as the schema wants it, or what was expected.
fn fit_value(value: Value, schema: &JsonObject) -> Result<Value, String> {
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default();
    let fitted = match (kind, value) {
        ("integer", Value::Number(number)) => integer(&number),
        ("integer", Value::String(text)) => text.trim().parse().ok().and_then(|number| integer(&number)),
        ("number", Value::String(text)) => text.trim().parse().ok().map(Value::Number),
        ("boolean", Value::String(text)) => text.trim().to_ascii_lowercase().parse().ok().map(Value::Bool),
        ("string", Value::Number(number)) => Some(Value::String(number.to_string())),
        ("array" | "object", Value::String(text)) => {
            serde_json::from_str(&text).ok().filter(|value| is_kind(value, kind))
        }
        (_, value) => is_kind(&value, kind).then_some(value),
    };
    fitted
        .filter(|value| in_range(value, schema) && listed(value, schema))
        .ok_or_else(|| expected(kind, schema))
}

/// Numbers such as `10.0` are integers too.
fn integer(number: &Number) -> Option<Value> {
    if number.is_i64() || number.is_u64() {
        return Some(Value::Number(number.clone()));
    }
    let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e15)?;
    format!("{float:.0}").parse().ok().map(Value::Number)
}

fn is_kind(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

fn in_range(value: &Value, schema: &JsonObject) -> bool {
    let Some(number) = value.as_f64() else { return true };
    let bound = |key| schema.get(key).and_then(Value::as_f64);
    bound("minimum").is_none_or(|minimum| number >= minimum)
        && bound("maximum").is_none_or(|maximum| number <= maximum)
}

fn listed(value: &Value, schema: &JsonObject) -> bool {
    schema.get("enum").and_then(Value::as_array).is_none_or(|values| values.contains(value))
}

fn expected(kind: &str, schema: &JsonObject) -> String {
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values: Vec<_> = values.iter().map(Value::to_string).collect();
        return format!("one of {}", values.join(", "));
    }
    let article = if matches!(kind, "integer" | "array" | "object") { "an" } else { "a" };
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(minimum), Some(maximum)) => format!("{article} {kind} from {minimum} to {maximum}"),
        (Some(minimum), None) => format!("{article} {kind} of at least {minimum}"),
        _ => format!("{article} {kind}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> JsonObject {
        let schema = json!({
            "type": "object",
            "properties": {
                "promotion_id": {"type": "integer", "minimum": 1},
                "limit": {"type": "integer", "minimum": 1, "maximum": 250},
                "code": {"type": "string"},
                "exact": {"type": "boolean"},
                "rules": {"type": "object"},
                "ids": {"type": "array"},
                "kind": {"type": "string", "enum": ["coupon", "automatic"]},
            },
            "required": ["promotion_id"],
        });
        schema.as_object().unwrap().clone()
    }

    fn fitted(arguments: &Value) -> Result<Value, String> {
        let arguments = arguments.as_object().unwrap().clone();
        fit(arguments, &schema()).map(Value::Object).map_err(|fault| fault.to_string())
    }

    #[test]
    fn what_hosts_send_is_read_as_what_they_mean() {
        let arguments = json!({
            "promotion_id": "4", "limit": 10.0, "code": 2024, "exact": "True",
            "rules": "{\"a\": 1}", "ids": "[1, 2]", "kind": null,
        });
        let expected = json!({
            "promotion_id": 4, "limit": 10, "code": "2024", "exact": true, "rules": {"a": 1}, "ids": [1, 2],
        });
        assert_eq!(fitted(&arguments), Ok(expected));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_what_was_expected() {
        let cases = [
            (json!({"promotion_id": "four"}), r#"Argument "promotion_id" must be an integer of at least 1."#),
            (json!({"promotion_id": 0}), r#"Argument "promotion_id" must be an integer of at least 1."#),
            (json!({"promotion_id": 1.5}), r#"Argument "promotion_id" must be an integer of at least 1."#),
            (json!({"promotion_id": true}), r#"Argument "promotion_id" must be an integer of at least 1."#),
            (
                json!({"promotion_id": 1, "limit": 251}),
                r#"Argument "limit" must be an integer from 1 to 250."#,
            ),
            (
                json!({"promotion_id": 1, "limit": -1}),
                r#"Argument "limit" must be an integer from 1 to 250."#,
            ),
            (json!({"promotion_id": 1, "code": ["A"]}), r#"Argument "code" must be a string."#),
            (json!({"promotion_id": 1, "rules": "[1]"}), r#"Argument "rules" must be an object."#),
            (
                json!({"promotion_id": 1, "kind": "x"}),
                r#"Argument "kind" must be one of "coupon", "automatic"."#,
            ),
            (json!({"promotion_id": null}), r#"Argument "promotion_id" is required."#),
        ];
        for (arguments, problem) in cases {
            assert_eq!(fitted(&arguments), Err(problem.to_owned()));
        }
    }

    #[test]
    fn a_text_that_is_too_long_is_told_by_its_length() {
        let long = "x".repeat(4 << 20);
        let told = |text: &str| format!("{text} has 4194304 characters, and at most 255 fit.");
        assert_eq!(fitted(&json!({"promotion_id": 1, "code": long})), Err(told("Argument \"code\"")));
        assert_eq!(
            fitted(&json!({"promotion_id": 1, "ids": ["A", long]})),
            Err(told("A text in argument \"ids\""))
        );
        let kept = json!({"promotion_id": 1, "code": "ä".repeat(255)});
        assert_eq!(fitted(&kept), Ok(kept));
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let problem = fitted(&json!({"promotionId": 1, "limit": "many"})).unwrap_err();
        assert_eq!(
            problem,
            "Unknown argument \"promotionId\"; valid arguments are promotion_id, limit, code, exact, rules, ids, \
             kind. Argument \"limit\" must be an integer from 1 to 250. Argument \"promotion_id\" is required."
        );
    }
}
