//! The tool surface is a published contract: what hosts see of it, held by snapshots, rules and budgets.

use coupon_mcp::tools::{ErrorCode, ToolError, Toolbox};
use rmcp::model::Tool;
use serde_json::{Value, json};

use crate::support::stdio_host::StdioHost;

fn definitions() -> Vec<Tool> {
    Toolbox::new(Err(ToolError::lasting(ErrorCode::NotConfigured, "", ""))).definitions()
}

fn tokens(text: &str) -> usize {
    tiktoken_rs::o200k_base_singleton().encode_ordinary(text).len()
}

#[test]
fn every_definition_is_as_published() {
    for tool in definitions() {
        insta::assert_json_snapshot!(tool.name.as_ref(), tool);
    }
}

#[test]
fn the_list_costs_less_than_its_budget() {
    let costs: Vec<(String, usize)> = definitions()
        .iter()
        .map(|tool| {
            let cost = json!({
                "name": tool.name, "description": tool.description, "input_schema": tool.input_schema,
            });
            (tool.name.to_string(), tokens(&cost.to_string()))
        })
        .collect();
    let total: usize = costs.iter().map(|(_, cost)| cost).sum();
    assert!(total < 900, "the tools cost {total} tokens: {costs:?}");
}

#[test]
fn every_tool_says_what_hosts_ask_for() {
    for tool in definitions() {
        let name = tool.name.as_ref();
        assert!(name.len() <= 32 && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
        assert!(tool.title.is_some() && tool.description.is_some() && tool.output_schema.is_some(), "{name}");
        let annotations = tool.annotations.unwrap();
        assert_eq!(annotations.title, tool.title, "{name}");
        let hints = [
            annotations.read_only_hint,
            annotations.destructive_hint,
            annotations.idempotent_hint,
            annotations.open_world_hint,
        ];
        assert!(hints.iter().all(Option::is_some), "{name}: {hints:?}");
        assert_eq!(tool.input_schema["additionalProperties"], false, "{name}");
    }
}

#[test]
fn every_schema_is_in_the_subset_that_all_hosts_read() {
    for tool in definitions() {
        for schema in [tool.input_schema, tool.output_schema.unwrap()] {
            let schema = Value::Object((*schema).clone());
            assert_eq!(schema["type"], "object", "{}: the root is an object", tool.name);
            assert_portable(&schema, &tool.name);
        }
    }
}

fn assert_portable(schema: &Value, path: &str) {
    let object = schema.as_object().unwrap_or_else(|| panic!("{path}: a schema is an object, not {schema}"));
    let forbidden =
        ["$ref", "$defs", "$schema", "const", "anyOf", "oneOf", "allOf", "not", "prefixItems", "title"];
    for keyword in forbidden {
        assert!(!object.contains_key(keyword), "{path}: {keyword}");
    }
    assert!(schema["type"].is_string(), "{path}: one type, not {}", schema["type"]);
    assert!(matches!(object.get("format").map(|f| f == "date-time"), None | Some(true)), "{path}: format");
    for (name, property) in object.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = format!("{path}.{name}");
        assert!(property["description"].as_str().is_some_and(|text| !text.is_empty()), "{path}: description");
        assert_portable(property, &path);
    }
    match object.get("items") {
        Some(items) => assert_portable(items, &format!("{path}[]")),
        None => assert_ne!(schema["type"], "array", "{path}: items"),
    }
    if let Some(additional) = object.get("additionalProperties") {
        assert_eq!(*additional, false, "{path}: additionalProperties");
    }
}

#[test]
fn unlimited_is_explained_where_it_is_asked_for_and_answered() {
    let mut explained = 0;
    for tool in definitions() {
        for schema in [tool.input_schema, tool.output_schema.unwrap()] {
            explained += assert_limits_explained(&Value::Object((*schema).clone()));
        }
    }
    assert_eq!(explained, 6, "both limits, where they are asked for and twice where they are answered");
}

fn assert_limits_explained(schema: &Value) -> usize {
    let mut explained = 0;
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if name.starts_with("max_uses") {
            let description = property["description"].as_str().unwrap();
            assert!(
                description.contains("0 ") && description.contains("= unlimited"),
                "{name}: {description}"
            );
            explained += 1;
        }
        explained += assert_limits_explained(property) + assert_limits_explained(&property["items"]);
    }
    explained
}

#[tokio::test]
async fn every_answer_fits_its_output_schema() {
    let mut host = StdioHost::practice().await;
    let new = json!({"promotion_id": 1, "code": " ANNA10 ", "max_uses": 5});
    for (tool, arguments) in [
        ("create_coupon_code", new.clone()),
        ("create_coupon_code", new),
        ("list_coupon_codes", json!({"promotion_id": 1})),
        ("list_coupon_codes", json!({"promotion_id": 3})),
        ("list_coupon_codes", json!({"promotion_id": 4, "limit": 250})),
    ] {
        let answer = host.ok(tool, arguments).await;
        let definition = definitions().into_iter().find(|definition| definition.name == tool).unwrap();
        let schema = Value::Object((*definition.output_schema.unwrap()).clone());
        jsonschema::validate(&schema, &answer).unwrap_or_else(|error| panic!("{tool}: {error} in {answer}"));
    }
}

#[tokio::test]
async fn a_full_page_costs_less_than_its_budget() {
    let mut host = StdioHost::practice().await;
    let result = host.call("list_coupon_codes", json!({"promotion_id": 4, "limit": 250})).await;
    let rows = result["structuredContent"]["coupon_codes"].as_array().unwrap().len();
    assert_eq!(rows, 250);
    let structured = tokens(&result["structuredContent"].to_string());
    let text = tokens(result["content"][0]["text"].as_str().unwrap());
    assert!(structured + text < 25_000, "{structured} structured and {text} in text");
}
