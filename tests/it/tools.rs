//! The tool surface is a published contract: what hosts see of it, held by snapshots, rules and budgets.

use serde_json::{Value, json};

use crate::support::process::binary;
use crate::support::published::{assert_fits, definitions};
use crate::support::stdio_host::StdioHost;

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
fn the_list_costs_less_than_its_budgets() {
    let mut costs = Vec::new();
    let (mut total, mut total_with_outputs) = (0, 0);
    for tool in definitions() {
        let mut published = json!({
            "name": tool.name, "description": tool.description, "input_schema": tool.input_schema,
        });
        let cost = tokens(&published.to_string());
        published["output_schema"] = json!(tool.output_schema);
        let cost_with_output = tokens(&published.to_string());
        total += cost;
        total_with_outputs += cost_with_output;
        costs.push((tool.name, cost, cost_with_output));
    }
    let settings = costs.iter().find(|(name, ..)| name == "update_promotion_settings").unwrap().1;
    assert!(total <= 5_000, "the tools cost {total} tokens: {costs:?}");
    assert!(total - settings <= 4_800, "without settings they cost {}: {costs:?}", total - settings);
    assert!(total_with_outputs <= 9_500, "with output schemas {total_with_outputs}: {costs:?}");
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
    }
}

#[test]
fn every_schema_is_in_the_subset_that_all_hosts_read() {
    for tool in definitions() {
        for (schema, side) in [(tool.input_schema, Side::Input), (tool.output_schema.unwrap(), Side::Output)]
        {
            let schema = Value::Object((*schema).clone());
            assert_eq!(schema["type"], "object", "{}: the root is an object", tool.name);
            assert_portable(&schema, side, &tool.name);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Every argument is described.
    Input,
    /// A field is described where its name does not tell all.
    Output,
}

fn assert_portable(schema: &Value, side: Side, path: &str) {
    let object = schema.as_object().unwrap_or_else(|| panic!("{path}: a schema is an object, not {schema}"));
    let forbidden = [
        "$ref",
        "$defs",
        "$schema",
        "const",
        "anyOf",
        "oneOf",
        "allOf",
        "not",
        "prefixItems",
        "title",
        "additionalProperties",
        "deprecated",
    ];
    for keyword in forbidden {
        assert!(!object.contains_key(keyword), "{path}: {keyword}");
    }
    assert!(schema["type"].is_string(), "{path}: one type, not {}", schema["type"]);
    assert!(matches!(object.get("format").map(|f| f == "date-time"), None | Some(true)), "{path}: format");
    for (name, property) in object.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = format!("{path}.{name}");
        match property.get("description") {
            Some(description) => assert!(description.as_str().is_some_and(|text| !text.is_empty()), "{path}"),
            None => assert!(side == Side::Output, "{path}: description"),
        }
        assert_portable(property, side, &path);
    }
    match object.get("items") {
        Some(items) => assert_portable(items, side, &format!("{path}[]")),
        None => assert_ne!(schema["type"], "array", "{path}: items"),
    }
    if side == Side::Input && schema["type"] == "object" {
        let described =
            object.get("properties").and_then(Value::as_object).is_some_and(|all| !all.is_empty());
        // The root of a tool without arguments has none.
        assert!(described || !path.contains(['.', '[']), "{path}: an object without properties");
    }
}

#[test]
fn unlimited_is_explained_where_it_is_asked_for_and_answered() {
    let mut explained = Vec::new();
    for tool in definitions() {
        let limits: usize = [tool.input_schema, tool.output_schema.unwrap()]
            .map(|schema| assert_limits_explained(&Value::Object((*schema).clone()), &tool.name))
            .iter()
            .sum();
        if limits > 0 {
            explained.push(tool.name);
        }
    }
    let with_limits = [
        "list_promotions",
        "get_promotion",
        "list_coupon_codes",
        "check_coupon_code",
        "create_coupon_code",
        "generate_coupon_codes",
        "import_coupon_codes",
        "create_promotion",
        "update_promotion",
        "delete_coupon_codes",
        "replace_coupon_code",
    ];
    assert_eq!(explained, with_limits);
}

/// Gives the number of limits in a schema.
fn assert_limits_explained(schema: &Value, path: &str) -> usize {
    let mut explained = 0;
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        if name.starts_with("max_uses") || name == "code_max_uses" {
            let description = property["description"].as_str().unwrap();
            let says = description.contains("0 ") && description.contains("= unlimited");
            assert!(says || schema["properties"]["unlimited"].is_object(), "{path}: {description}");
            explained += 1;
        }
        explained += assert_limits_explained(property, &path);
        explained += assert_limits_explained(&property["items"], &path);
    }
    explained
}

#[tokio::test]
async fn every_answer_of_the_reading_tools_fits_its_output_schema() {
    let mut host = StdioHost::practice().await;
    for (tool, arguments) in [
        ("list_coupon_codes", json!({"promotion_id": 1})),
        ("list_coupon_codes", json!({"promotion_id": 3})),
        ("list_coupon_codes", json!({"promotion_id": 4, "limit": 250})),
        ("list_promotions", json!({})),
        ("list_promotions", json!({"kind": "all", "include_codes": true})),
        ("list_promotions", json!({"query": "nowhere"})),
        ("list_promotions", json!({"limit": 1})),
        ("get_promotion", json!({"promotion_id": 1})),
        ("get_promotion", json!({"promotion_id": 3})),
        ("get_promotion", json!({"promotion_id": 5})),
    ] {
        assert_fits(tool, &host.ok(tool, arguments).await);
    }
}

#[tokio::test]
async fn every_answer_of_the_writing_tools_fits_its_output_schema() {
    let toolsets = "read,codes,promotions,settings";
    let mut host = StdioHost::open(binary(&["stdio", "--sandbox", "--toolsets", toolsets])).await;
    let code = json!({"promotion_id": 1, "code": " ANNA10 ", "max_uses": 5});
    let ordinary = json!({
        "name": "Ordinary", "discount_type": "percent", "discount_value": 20, "max_uses": 100,
        "code": "ORDINARY", "code_max_uses": 50,
    });
    let costly = json!({"name": "Costly", "discount_type": "percent", "discount_value": 80});
    let capped = json!({"promotion_id": 7, "max_uses": 150});
    let fewer = json!({"number_of_coupons_allowed_at_checkout": 2});
    for (tool, arguments, status) in [
        ("create_coupon_code", code.clone(), "created"),
        ("create_coupon_code", code.clone(), "already_existed"),
        ("create_coupon_code", dry_run(&code), "dry_run"),
        ("create_promotion", dry_run(&ordinary), "dry_run"),
        ("create_promotion", ordinary.clone(), "done"),
        ("create_promotion", ordinary, "done"),
        ("create_promotion", costly, "confirmed"),
        ("update_promotion", capped.clone(), "done"),
        ("update_promotion", capped, "done"),
        ("update_promotion", json!({"promotion_id": 7, "discount_value": 60}), "confirmed"),
        ("replace_coupon_code", json!({"code": "ANNA10", "new_code": "BERTA10"}), "confirmed"),
        ("replace_coupon_code", json!({"code": "BERTA10", "max_uses": 9}), "confirmed"),
        ("delete_coupon_codes", json!({"codes": ["LOYAL-0001", "NOWHERE"]}), "confirmed"),
        ("delete_coupon_codes", json!({"codes": ["NOWHERE"]}), "done"),
        ("delete_coupon_codes", json!({"promotion_id": 4, "code_prefix": "LOYAL-09"}), "confirmed"),
        ("undo", json!({}), "confirmed"),
        ("delete_promotions", json!({"promotion_ids": [8, 4711]}), "confirmed"),
        ("delete_promotions", json!({"promotion_ids": [4711]}), "done"),
        ("undo", json!({}), "confirmed"),
        ("update_promotion_settings", fewer.clone(), "confirmed"),
        ("update_promotion_settings", fewer, "done"),
        ("undo", json!({}), "confirmed"),
    ] {
        let mut arguments = arguments;
        let answer = host.ok(tool, arguments.clone()).await;
        assert_fits(tool, &answer);
        let ended = if tool == "create_coupon_code" { &answer["outcome"] } else { &answer["status"] };
        if status != "confirmed" {
            assert_eq!(ended, status, "{tool} {arguments}: {answer}");
            continue;
        }
        assert_eq!(ended, "needs_confirmation", "{tool} {arguments}: {answer}");
        for name in ["confirmation_token", "confirmation_text"] {
            arguments[name] = answer[name].clone();
        }
        let answer = host.ok(tool, arguments).await;
        assert_fits(tool, &answer);
        assert_eq!(answer["status"], "done", "{tool}: {answer}");
    }
}

fn dry_run(arguments: &Value) -> Value {
    let mut arguments = arguments.clone();
    arguments["dry_run"] = json!(true);
    arguments
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
