//! JSON Schemas that every host takes, made in one place for all tools.
//!
//! What schemars derives is valid JSON Schema and yet makes hosts drop tools: `$ref`, nullable unions, type
//! arrays, `const`, boolean subschemas and formats such as `uint32`. Here these are rewritten to the plain
//! subset that all of them read.

use std::sync::Arc;

use rmcp::model::JsonObject;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

/// The schema of a tool's arguments.
pub fn of_input<T: JsonSchema>() -> Arc<JsonObject> {
    root::<T>(settings().for_deserialize())
}

/// The schema of a tool's structured result.
pub fn of_output<T: JsonSchema>() -> Arc<JsonObject> {
    root::<T>(settings().for_serialize())
}

fn settings() -> SchemaSettings {
    SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        })
        .with_transform(RecursiveTransform(portable))
}

fn root<T: JsonSchema>(settings: SchemaSettings) -> Arc<JsonObject> {
    let schema = SchemaGenerator::new(settings).into_root_schema_for::<T>();
    let mut object = match Value::from(schema) {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    // The root's own description is the Rust type's; the tool has a better one.
    object.remove("description");
    object.entry("type").or_insert_with(|| json!("object"));
    object.entry("properties").or_insert_with(|| json!({}));
    Arc::new(object)
}

/// Rewrites one (sub)schema to the portable subset.
fn portable(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    object.remove("title");
    for combinator in ["anyOf", "oneOf"] {
        if let Some(Value::Array(alternatives)) = object.remove(combinator) {
            merge(object, combinator, alternatives);
        }
    }
    if let Some(Value::Array(kinds)) = object.get("type")
        && let [only] = kinds.iter().filter(|kind| *kind != "null").collect::<Vec<_>>().as_slice()
    {
        let only = (*only).clone();
        object.insert("type".to_owned(), only);
    }
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(value) = object.remove("const") {
        object.insert("enum".to_owned(), json!([value]));
    }
    if object.get("format").is_some_and(|format| format != "date-time") {
        object.remove("format");
    }
    if object.get("additionalProperties") == Some(&Value::Bool(true)) {
        object.remove("additionalProperties");
    }
    if object.get("default") == Some(&Value::Null) {
        object.remove("default");
    }
}

/// `[T, null]` is T, and a list of constants is an enum whose variants' docs go to the description.
fn merge(object: &mut Map<String, Value>, combinator: &str, mut alternatives: Vec<Value>) {
    alternatives.retain(|alternative| alternative.get("type") != Some(&json!("null")));
    if let [Value::Object(only)] = alternatives.as_slice() {
        for (key, value) in only.clone() {
            object.entry(key).or_insert(value);
        }
        return;
    }
    let constants: Option<Vec<Value>> = alternatives
        .iter()
        .map(|alternative| match (alternative.get("const"), alternative.get("enum")) {
            (Some(value), _) => Some(vec![value.clone()]),
            (None, Some(Value::Array(values))) => Some(values.clone()),
            _ => None,
        })
        .collect::<Option<Vec<_>>>()
        .map(|values| values.concat());
    let Some(constants) = constants else {
        object.insert(combinator.to_owned(), Value::Array(alternatives));
        return;
    };
    let docs: Vec<String> = alternatives
        .iter()
        .filter_map(|alternative| {
            let name = alternative.get("const")?.as_str()?;
            Some(format!("{name}: {}", alternative.get("description")?.as_str()?))
        })
        .collect();
    let own = object.get("description").and_then(Value::as_str).map(str::to_owned);
    let description: Vec<String> = own.into_iter().chain(docs).collect();
    object.insert("type".to_owned(), json!("string"));
    object.insert("enum".to_owned(), Value::Array(constants));
    if !description.is_empty() {
        object.insert("description".to_owned(), json!(description.join(" ")));
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    /// A kind.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        /// With a code.
        Coupon,
        /// Without one.
        Automatic,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        /// How many.
        count: u32,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        /// An id.
        id: u64,
        /// Which kind.
        kind: Option<Kind>,
        /// What is inside.
        inner: Option<Inner>,
        /// A share.
        share: Option<f64>,
    }

    #[test]
    fn the_portable_form_has_no_trace_of_rust() {
        let expected = json!({
            "type": "object",
            "properties": {
                "id": {"description": "An id.", "type": "integer", "minimum": 0},
                "kind": {
                    "description": "Which kind. coupon: With a code. automatic: Without one.",
                    "type": "string", "enum": ["coupon", "automatic"],
                },
                "inner": {
                    "description": "What is inside.", "type": "object",
                    "properties": {"count": {"description": "How many.", "type": "integer", "minimum": 0}},
                    "additionalProperties": false, "required": ["count"],
                },
                "share": {"description": "A share.", "type": "number"},
            },
            "additionalProperties": false,
            "required": ["id"],
        });
        assert_eq!(Value::Object((*of_input::<Outer>()).clone()), expected);
    }
}
