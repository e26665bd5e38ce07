//! Replacing a code: what the preview says is what is done.

use serde_json::json;

use crate::support::stdio_host::StdioHost;

/// Used 3 times of 100, once by each customer.
const USED: &str = "SUMMER_SALE_2024";

#[tokio::test]
async fn a_code_made_unlimited_has_no_cap_to_take_uses_off() {
    let mut host = StdioHost::practice().await;
    let asked = host.ok("replace_coupon_code", json!({"code": USED, "unlimited": true})).await;
    let details = asked["preview"]["details"].to_string();
    assert!(details.contains("-> unlimited.") && !details.contains("taken off"), "{details}");
}

#[tokio::test]
async fn the_count_of_uses_alone_can_be_started_anew() {
    let mut host = StdioHost::practice().await;
    let arguments = json!({"code": USED, "count_past_uses": false});
    let done = host.confirmed("replace_coupon_code", arguments.clone()).await;
    let new = &done["new"];
    assert_eq!(
        (&new["code"], &new["max_uses"], &new["current_uses"]),
        (&json!(USED), &json!(100), &json!(0))
    );
    // A code whose count is at 0 has nothing to start anew.
    let again = host.ok("replace_coupon_code", arguments).await;
    assert!(again["message"].as_str().unwrap().starts_with("Nothing to replace"), "{again}");
}

#[tokio::test]
async fn a_code_that_exists_with_other_limits_can_be_given_those_asked_for() {
    let mut host = StdioHost::practice().await;
    let arguments = json!({"promotion_id": 1, "code": USED, "max_uses": 5});
    let refused = host.error("create_coupon_code", arguments).await;
    assert!(refused["hint"].as_str().unwrap().contains("replace_coupon_code"), "{refused}");
    let done = host.confirmed("replace_coupon_code", json!({"code": USED, "max_uses": 5})).await;
    assert_eq!(done["status"], "done", "{done}");
}
