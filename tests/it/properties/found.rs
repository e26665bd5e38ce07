//! What random sequences have found, one by one.

use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;
use crate::support::stdio_host::StdioHost;
use crate::support::store_view::StoreView;
use crate::support::tool_error;

/// A store and a server on it that obeys this policy.
async fn start(policy: &str) -> (Sandbox, StoreView, StdioHost, tempfile::TempDir) {
    let sandbox = Sandbox::start(&["--quota", "0"]).await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    std::fs::write(&config, policy).unwrap();
    let mut server = sandbox.client_of(&["stdio"]);
    server.arg("--config").arg(&config);
    let host = StdioHost::open(server).await;
    let view = StoreView::of(&sandbox);
    view.reset().await;
    (sandbox, view, host, folder)
}

/// 90 percent, in two ways that BigCommerce takes and that are not plain.
fn hidden_discounts() -> [Value; 2] {
    let rules = |discount: Value| json!([{"action": {"cart_value": {"discount": discount}}}]);
    [
        rules(json!({"percentage_amount": "90.00000000000000000000000000000000"})),
        rules(json!({"percentage_amount": "90", "fixed_amount": null})),
    ]
}

fn bounded(rules: Value) -> Value {
    json!({"name": "Plain", "rules": rules, "max_uses": 10, "ends_at": super::script::Ends(30).text()})
}

#[tokio::test]
async fn a_discount_that_cannot_be_read_is_asked_about() {
    let (_sandbox, view, mut host, _folder) = start("").await;
    let before = view.snapshot().await;
    for rules in hidden_discounts() {
        let answer = host.ok("create_promotion", bounded(rules)).await;
        assert_eq!(answer["status"], "needs_confirmation", "{answer}");
    }
    assert_eq!(view.snapshot().await, before);
}

#[tokio::test]
async fn a_discount_that_cannot_be_read_is_within_no_limit() {
    let (_sandbox, view, mut host, _folder) = start("[policy]\nmax_percent = 30").await;
    let before = view.snapshot().await;
    for rules in hidden_discounts() {
        let error = tool_error(&host.call("create_promotion", bounded(rules)).await);
        assert_eq!(error["code"], "policy_violation", "{error}");
    }
    assert_eq!(view.snapshot().await, before);
}

#[tokio::test]
async fn a_yes_to_one_promotion_is_none_to_what_somebody_made_of_it_since() {
    let (_sandbox, view, mut host, _folder) = start("").await;
    let rules =
        |percent: &str| json!([{"action": {"cart_value": {"discount": {"percentage_amount": percent}}}}]);
    let promotion = json!({
        "name": "Winter", "redemption_type": "COUPON", "coupon_type": "BULK", "rules": rules("20"),
        "status": "DISABLED",
    });
    let id = view.plant(&promotion).await;
    let enable = json!({"promotion_id": id, "status": "ENABLED"});
    let asked = host.ok("update_promotion", enable.clone()).await;
    assert_eq!(asked["status"], "needs_confirmation");
    view.send("PUT", &format!("/promotions/{id}"), Some(&json!({"rules": rules("90")}))).await;
    let mut confirmed = enable;
    for name in ["confirmation_token", "confirmation_text"] {
        confirmed[name] = asked[name].clone();
    }
    let answer = host.ok("update_promotion", confirmed).await;
    assert_eq!(answer["status"], "needs_confirmation", "{answer}");
    assert!(answer["preview"]["reasons"].to_string().contains("90%"), "{answer}");
    assert_eq!(view.snapshot().await.promotions[&id]["status"], "DISABLED");
}

#[tokio::test]
async fn a_cap_that_was_lowered_is_not_raised_again_without_asking() {
    let (_sandbox, view, mut host, _folder) = start("").await;
    let end = super::script::Ends(30).text();
    let id = view
        .plant(&json!({
            "name": "Winter", "redemption_type": "COUPON", "coupon_type": "BULK", "max_uses": 500, "end_date": end,
            "rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "20"}}}}],
        }))
        .await;
    let cap = |max_uses: u64| json!({"promotion_id": id, "max_uses": max_uses});
    assert_eq!(host.ok("update_promotion", cap(10)).await["status"], "done");
    for (tool, arguments) in
        [("update_promotion", cap(500)), ("update_promotion", cap(0)), ("undo", json!({}))]
    {
        let answer = host.ok(tool, arguments).await;
        assert_eq!(answer["status"], "needs_confirmation", "{answer}");
    }
    assert_eq!(view.snapshot().await.promotions[&id]["max_uses"], 10);
}
