//! `get_store`, from outside.

use coupon_mcp::policy::Policy;
use coupon_mcp::tools::{ErrorCode, ToolError, Toolbox};
use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;
use crate::support::stage::start_wired;
use crate::support::stdio_host::StdioHost;
use crate::support::wire::Act;

const STORE: &str = "get_store";

fn fits_the_schema(answer: &Value) {
    let tools = Toolbox::new(Err(ToolError::lasting(ErrorCode::NotConfigured, "", "")), &Policy::default());
    let schema = tools.definition(STORE).unwrap().output_schema.clone().unwrap();
    let schema = Value::Object((*schema).clone());
    jsonschema::validate(&schema, answer).unwrap_or_else(|error| panic!("{error} in {answer}"));
}

#[tokio::test]
async fn the_store_tells_who_it_is_what_time_it_has_and_what_is_left_of_its_quota() {
    let sandbox = Sandbox::start(&["--quota", "150"]).await;
    let mut host = StdioHost::open(sandbox.client_of(&["stdio"])).await;
    let mut store = host.ok(STORE, json!({})).await;
    fits_the_schema(&store);
    let time = store["store_time_now"].take();
    let now: jiff::Timestamp = time["at"].as_str().unwrap().parse().unwrap();
    assert!(crate::support::now().duration_since(now).as_secs() < 60, "{time}");
    assert!(
        time["at"].as_str().unwrap().ends_with("-05:00") || time["at"].as_str().unwrap().ends_with("-04:00")
    );
    let resets_in_s = store["rate_budget"]["resets_in_s"].take().as_u64().unwrap();
    assert!((1..=30).contains(&resets_in_s), "{resets_in_s}");
    // Two requests are under way at once, and their answers come in either order.
    let requests_left = store["rate_budget"]["requests_left"].take().as_u64().unwrap();
    assert!((148..=149).contains(&requests_left), "{requests_left}");
    let expected = json!({
        "name": "Practice Store", "url": "https://practice-store.example", "currency": "USD",
        "plan": "Enterprise Test", "time_zone": "America/New_York", "store_time_now": null,
        "promotion_settings": {
            "number_of_coupons_allowed_at_checkout": 1,
            "promotions_applied_on_original_product_price": true,
            "promotions_apply_on_products_with_custom_product_price": false,
            "promotions_triggered_by_products_with_zero_product_price": false,
        },
        "rate_budget": {"requests_quota": 150, "requests_left": null, "resets_in_s": null},
        "write_access": "unknown until the first write",
        "recent_changes": [],
    });
    assert_eq!(store, expected);
}

#[tokio::test]
async fn the_store_is_asked_once_and_its_settings_every_time() {
    let (_sandbox, wire, mut host) = start_wired(|_| Act::Pass).await;
    for _ in 0..2 {
        host.ok(STORE, json!({})).await;
    }
    let mut lines = wire.lines();
    lines.sort();
    assert_eq!(lines, ["GET /promotions/settings", "GET /promotions/settings", "GET /v2/store"]);
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_the_rest_is_told() {
    let (_sandbox, _wire, mut host) = start_wired(|exchange| {
        if exchange.path == "/v2/store" { Act::json("403 Forbidden", &json!({})) } else { Act::Pass }
    })
    .await;
    let store = host.ok(STORE, json!({})).await;
    fits_the_schema(&store);
    let missing: Vec<_> =
        store["could_not_read"].as_array().unwrap().iter().map(|part| &part["what"]).collect();
    assert_eq!(missing, ["name, url, currency, plan", "time_zone, store_time_now"]);
    assert_eq!(store["promotion_settings"]["number_of_coupons_allowed_at_checkout"], 1);

    let (_sandbox, _wire, mut host) = start_wired(|exchange| {
        if exchange.path == "/promotions/settings" {
            Act::json("403 Forbidden", &json!({}))
        } else {
            Act::Pass
        }
    })
    .await;
    let store = host.ok(STORE, json!({})).await;
    fits_the_schema(&store);
    assert_eq!(store["name"], "Practice Store");
    assert_eq!(store["could_not_read"][0]["what"], "promotion_settings");
    assert!(store["could_not_read"][0]["why"].as_str().unwrap().contains("403"), "{store}");
}

#[tokio::test]
async fn after_a_write_the_right_to_write_and_the_change_are_known() {
    let mut host = StdioHost::practice().await;
    let code = json!({"promotion_id": 1, "code": "ANNA10"});
    let created = host.ok("create_coupon_code", code).await;
    let store = host.ok(STORE, json!({})).await;
    fits_the_schema(&store);
    assert_eq!(store["write_access"], "granted: a write was carried out");
    let changes = store["recent_changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{store}");
    let change = &changes[0];
    assert_eq!(
        (&change["tool"], &change["status"], &change["change_id"]),
        (&json!("create_coupon_code"), &json!("done"), &created["change_id"])
    );
    assert!(change["summary"].as_str().unwrap().contains("promotion 1"), "{change}");
}

#[tokio::test]
async fn where_nothing_can_be_read_that_is_the_error() {
    for (status, code) in [("401 Unauthorized", "unauthorized"), ("403 Forbidden", "forbidden")] {
        let (_sandbox, _wire, mut host) = start_wired(move |_| Act::json(status, &json!({}))).await;
        assert_eq!(host.error(STORE, json!({})).await["code"], code);
    }
}

#[tokio::test]
async fn there_is_nothing_to_choose() {
    let (_sandbox, wire, mut host) = start_wired(|_| Act::Pass).await;
    let error = host.error(STORE, json!({"store": "other"})).await;
    assert_eq!(error["code"], "invalid_arguments");
    assert_eq!(wire.lines(), Vec::<String>::new());
}
