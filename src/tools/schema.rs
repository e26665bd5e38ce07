//! JSON Schemas that every host takes, made in one place for all tools.
//!
//! What schemars derives is valid JSON Schema and yet makes hosts drop tools: `$ref`, nullable unions, type
//! arrays, `const`, `additionalProperties`, boolean subschemas and formats such as `uint32`. Here these are rewritten to the plain
//! subset that all of them read.
//!
//! Every conversation pays for the schemas, so what a model learns nothing from is left out: the doc of an
//! enum's variant, a default that is nothing, and of a result what only a validator would ask for. A field of a
//! result has a doc where its name does not tell all, because that doc is published; the doc of its type would be
//! in its place, which `#[schemars(description = "")]` prevents.

use std::sync::Arc;

use rmcp::model::JsonObject;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

/// A field of a result of which it is published that it is an object, and not what is in it: what a model reads
/// when it is there and need not know before.
pub(super) type Opaque = Map<String, Value>;

/// The schema of a tool's arguments.
pub fn of_input<T: JsonSchema>() -> Arc<JsonObject> {
    root::<T>(settings().for_deserialize())
}

/// The schema of a tool's structured result.
pub fn of_output<T: JsonSchema>() -> Arc<JsonObject> {
    root::<T>(settings().with_transform(RecursiveTransform(terse)).for_serialize())
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
    // Some hosts drop a tool for it. That an argument does not exist is found where arguments are made to fit.
    object.remove("additionalProperties");
    if object.get("default").is_some_and(is_nothing) {
        object.remove("default");
    }
    // The element of a list is checked where it is parsed, and that an id is not negative goes without saying.
    if let Some(Value::Object(items)) = object.get_mut("items")
        && items.get("minimum") == Some(&json!(0))
    {
        items.remove("minimum");
    }
}

/// Whether a default is what a model takes for granted when it leaves an argument out.
fn is_nothing(default: &Value) -> bool {
    match default {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Array(values) => values.is_empty(),
        _ => false,
    }
}

/// Leaves out of one (sub)schema of a result what a reader of the result sees anyway: that a count is not
/// negative, and what is always there in an object inside it.
fn terse(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    object.remove("minimum");
    if let Some(Value::Object(items)) = object.get_mut("items") {
        items.remove("required");
        // It is the doc of the Rust type; what the list is of is said at the list.
        items.remove("description");
    }
    for property in object.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        if let (_, Value::Object(property)) = property {
            property.remove("required");
        }
    }
}

/// `[T, null]` is T, and a list of constants is an enum.
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
    object.insert("type".to_owned(), json!("string"));
    object.insert("enum".to_owned(), Value::Array(constants));
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

    /// A list of them.
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Many {
        /// Each of them.
        all: Vec<Inner>,
        ids: Vec<u64>,
        /// The one that counts.
        #[schemars(with = "Option<Opaque>")]
        #[serde(skip_serializing_if = "Option::is_none")]
        one: Option<Inner>,
        #[serde(default)]
        more: bool,
    }

    #[test]
    fn the_portable_form_has_no_trace_of_rust() {
        let expected = json!({
            "type": "object",
            "properties": {
                "id": {"description": "An id.", "type": "integer", "minimum": 0},
                "kind": {
                    "description": "Which kind.", "type": "string", "enum": ["coupon", "automatic"],
                },
                "inner": {
                    "description": "What is inside.", "type": "object",
                    "properties": {"count": {"description": "How many.", "type": "integer", "minimum": 0}},
                    "required": ["count"],
                },
                "share": {"description": "A share.", "type": "number"},
            },
            "required": ["id"],
        });
        assert_eq!(Value::Object((*of_input::<Outer>()).clone()), expected);
    }

    #[test]
    fn an_argument_has_no_default_that_is_nothing_and_a_list_of_ids_no_bounds() {
        let schema = of_input::<Many>();
        let properties = &schema["properties"];
        assert_eq!(properties["more"], json!({"type": "boolean"}));
        assert_eq!(properties["ids"], json!({"type": "array", "items": {"type": "integer"}}));
        assert_eq!(properties["all"]["items"]["required"], json!(["count"]));
    }

    #[test]
    fn a_result_requires_at_its_root_alone_and_says_nothing_of_what_is_opaque() {
        let expected = json!({
            "type": "object",
            "properties": {
                "all": {
                    "description": "Each of them.", "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"count": {"description": "How many.", "type": "integer"}},
                    },
                },
                "ids": {"type": "array", "items": {"type": "integer"}},
                "one": {"description": "The one that counts.", "type": "object"},
                "more": {"type": "boolean"},
            },
            "required": ["all", "ids", "more"],
        });
        assert_eq!(Value::Object((*of_output::<Many>()).clone()), expected);
    }
}
