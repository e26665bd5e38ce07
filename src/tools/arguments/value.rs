//! One value, made to fit its schema.

use rmcp::model::JsonObject;
use serde_json::{Number, Value};

/// A value that cannot be made to fit: where it is below its argument, such as `[0]`, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    place: String,
    expected: String,
}

impl Misfit {
    fn at_root(expected: String) -> Self {
        Self { place: String::new(), expected }
    }

    fn below(self, place: &str) -> Self {
        Self { place: format!("{place}{}", self.place), ..self }
    }

    /// The problem in words.
    pub(super) fn of(&self, argument: &str) -> String {
        let Self { place, expected } = self;
        match place.as_str() {
            "" => format!("Argument \"{argument}\" must be {expected}."),
            place => format!("Argument {argument}{place} must be {expected}."),
        }
    }
}

/// Whether a value says nothing, as it comes from hosts that must fill in every argument: a blank text, an empty
/// list or object, and 0 where 0 is out of range.
pub(super) fn is_empty(value: &Value, schema: &JsonObject) -> bool {
    let starts_above_0 = schema.get("minimum").and_then(Value::as_f64).is_some_and(|minimum| minimum > 0.0);
    match value {
        Value::Null => true,
        Value::String(text) if text.trim().is_empty() => true,
        Value::String(text) => starts_above_0 && text.trim().parse() == Ok(0.0),
        Value::Number(number) => starts_above_0 && number.as_f64() == Some(0.0),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) => false,
    }
}

/// The value as the schema wants it.
pub(super) fn fit(value: Value, schema: &JsonObject) -> Result<Value, Misfit> {
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default();
    let fitted = match (kind, value) {
        ("array", value) => return list(value, schema),
        ("integer", Value::Number(number)) => integer(&number),
        ("integer", Value::String(text)) => text.trim().parse().ok().and_then(|number| integer(&number)),
        ("number", Value::String(text)) => text.trim().parse().ok().map(Value::Number),
        ("boolean", Value::String(text)) => text.trim().to_ascii_lowercase().parse().ok().map(Value::Bool),
        ("string", Value::Number(number)) => Some(Value::String(number.to_string())),
        ("string", Value::String(text)) => Some(Value::String(listed(text, schema))),
        ("object", Value::String(text)) => serde_json::from_str(&text).ok().filter(Value::is_object),
        ("object", Value::Array(items)) if items.is_empty() => Some(Value::Object(JsonObject::new())),
        (_, value) => is_kind(&value, kind).then_some(value),
    };
    fitted
        .filter(|value| in_range(value, schema) && is_listed(value, schema))
        .ok_or_else(|| Misfit::at_root(expected(kind, schema)))
}

/// A list, a list as JSON text, or a lone value, which stands for a list of one.
fn list(value: Value, schema: &JsonObject) -> Result<Value, Misfit> {
    let written = value.as_str().and_then(|text| serde_json::from_str(text).ok()).filter(Value::is_array);
    let items = match written.unwrap_or(value) {
        Value::Array(items) => items,
        lone => vec![lone],
    };
    let Some(each) = schema.get("items").and_then(Value::as_object) else { return Ok(Value::Array(items)) };
    let fitted = items.into_iter().enumerate();
    let fitted =
        fitted.map(|(index, item)| fit(item, each).map_err(|misfit| misfit.below(&format!("[{index}]"))));
    fitted.collect::<Result<_, _>>().map(Value::Array)
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

fn values(schema: &JsonObject) -> Option<&Vec<Value>> {
    schema.get("enum").and_then(Value::as_array)
}

fn is_listed(value: &Value, schema: &JsonObject) -> bool {
    values(schema).is_none_or(|values| values.contains(value))
}

/// The one of the listed values that this is, in whatever case and with whatever between its words.
fn listed(text: String, schema: &JsonObject) -> String {
    let bare = |text: &str| -> String {
        let letters = text.trim().chars().filter(|letter| !matches!(letter, ' ' | '-' | '_'));
        letters.flat_map(char::to_lowercase).collect()
    };
    let known = values(schema).into_iter().flatten().filter_map(Value::as_str);
    match known.clone().find(|known| *known == text).or_else(|| {
        let mut alike = known.filter(|known| bare(known) == bare(&text));
        alike.next().filter(|_| alike.next().is_none())
    }) {
        Some(known) => known.to_owned(),
        None => text,
    }
}

/// In JSON's words.
fn expected(kind: &str, schema: &JsonObject) -> String {
    if let Some(values) = values(schema) {
        let values: Vec<_> = values.iter().map(Value::to_string).collect();
        return format!("one of {}", values.join(", "));
    }
    let article = if matches!(kind, "integer" | "array" | "object") { "an" } else { "a" };
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(minimum), Some(maximum)) => format!("{article} {kind} from {minimum} to {maximum}"),
        (Some(minimum), None) => format!("{article} {kind} of at least {minimum}"),
        (None, Some(maximum)) => format!("{article} {kind} of at most {maximum}"),
        (None, None) if kind == "integer" => "an integer, such as 12".to_owned(),
        (None, None) if kind == "number" => "a number, such as 12.5".to_owned(),
        (None, None) if kind == "boolean" => "true or false".to_owned(),
        (None, None) => format!("{article} {kind}"),
    }
}
