//! Arguments as hosts send them, made to fit the schema that was published.
//!
//! Models and hosts send `null`, `""`, `[]` or `{}` for what they leave out, `"10"` for 10, an id as a string,
//! objects as JSON text, and one value where a list is asked for. All of that is unambiguous, so it is accepted.
//! What is left over (a missing argument, one that does not exist, a value of the wrong kind or out of range) is
//! reported, all of it at once.

mod value;

use std::fmt;

use rmcp::model::JsonObject;
use serde_json::Value;

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

/// Arguments that fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// What was given.
    pub arguments: JsonObject,
    /// The names of those that were there and empty, and count as left out.
    pub empty: Vec<String>,
    /// The names of codes, or lists of them, that had white space at their ends.
    pub trimmed: Vec<String>,
}

/// Makes `arguments` fit the object schema `schema`.
///
/// # Errors
/// An [`ArgumentFault`] with all that does not fit.
pub fn fit(arguments: JsonObject, schema: &JsonObject) -> Result<Fitted, ArgumentFault> {
    let none = JsonObject::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let mut fault = ArgumentFault::default();
    let mut fitted = Fitted { arguments: JsonObject::new(), empty: Vec::new(), trimmed: Vec::new() };
    for (name, value) in arguments {
        if CODES.contains(&name.as_str()) && has_white_space(&value) {
            fitted.trimmed.push(name.clone());
        }
        match properties.get(&name).and_then(Value::as_object) {
            None => fault.add(&name, unknown(&name, properties)),
            Some(_) if value.is_null() => {}
            Some(property) if !is_required(&name, schema) && value::is_empty(&value, property) => {
                fitted.empty.push(name);
            }
            Some(_) if JSON_TEXTS.contains(&name.as_str()) && (value.is_array() || value.is_object()) => {
                fitted.arguments.insert(name, Value::String(value.to_string()));
            }
            Some(property) if let Some(problem) = length_problem(&name, &value, property) => {
                fault.add(&name, problem);
            }
            Some(property) => match value::fit(value, property) {
                Ok(value) => {
                    fitted.arguments.insert(name, value);
                }
                Err(misfit) => fault.add(&name, misfit.of(&name)),
            },
        }
    }
    for name in required(schema) {
        if !fitted.arguments.contains_key(name) && !fault.concerns(name) {
            fault.add(name, format!("Argument \"{name}\" is required."));
        }
    }
    if fault.problems.is_empty() { Ok(fitted) } else { Err(fault) }
}

fn is_required(name: &str, schema: &JsonObject) -> bool {
    required(schema).any(|required| required == name)
}

/// Arguments that are codes, or begin codes.
const CODES: [&str; 6] = ["code", "codes", "new_code", "code_prefix", "prefix", "suffix"];

/// Whether a text, or one in a list, has white space at its ends.
fn has_white_space(value: &Value) -> bool {
    match value {
        Value::String(text) => text.trim().len() != text.len() && !text.trim().is_empty(),
        Value::Array(items) => items.iter().any(has_white_space),
        _ => false,
    }
}

/// Most characters of a text argument, a name first of all: codes, dates and ids are shorter by far.
const LONGEST_TEXT: usize = MAX_NAME;
/// Text arguments that hold JSON, and may as well come as what they hold: an object without properties is more than
/// some hosts take in a schema.
const JSON_TEXTS: [&str; 1] = ["rules"];
/// Text arguments that may be longer.
const LONGER: [(&str, usize); 7] = [
    // The tool itself says what a cursor is.
    ("after", usize::MAX),
    ("before", usize::MAX),
    ("rules", 1 << 18),
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

#[cfg(test)]
mod tests;
