//! What is told beside a new code, what it costs, and the preview.

use serde_json::{Value, json};

use super::{CREATE, UNLIMITED};
use crate::support::in_days;
use crate::support::published::assert_fits;
use crate::support::sandbox::Sandbox;
use crate::support::stage::{start, start_wired};
use crate::support::wire::Act;

const ENDED: &str = "The promotion is expired: its codes do not work.";
const NOT_STARTED: &str = "The promotion has not started yet: its codes do not work until then.";
const DISABLED: &str = "The promotion is disabled: its codes do not work until it is enabled.";

/// A new promotion with these fields besides; gives its id.
async fn promotion(sandbox: &Sandbox, fields: Value) -> u64 {
    let mut promotion = json!({
        "name": "New", "redemption_type": "COUPON", "coupon_type": "BULK",
        "rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "10"}}}}],
    });
    promotion.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let made = sandbox.post("/promotions", promotion).await;
    made["body"]["data"]["id"].as_u64().unwrap_or_else(|| panic!("{made}"))
}

#[tokio::test]
async fn a_code_that_is_not_capped_or_will_not_work_says_so() {
    let (sandbox, mut host) = start().await;
    let past = json!({"start_date": "2024-01-01T00:00:00+00:00", "end_date": "2024-02-01T00:00:00+00:00"});
    for (number, (fields, max_uses, warnings)) in [
        (json!({}), 5, json!(null)),
        (json!({}), 0, json!([UNLIMITED])),
        (json!({"max_uses": 10}), 0, json!(null)),
        (past, 5, json!([ENDED])),
        (json!({"start_date": in_days(1)}), 5, json!([NOT_STARTED])),
        (json!({"status": "DISABLED"}), 5, json!([DISABLED])),
        (json!({"status": "DISABLED"}), 0, json!([UNLIMITED, DISABLED])),
    ]
    .into_iter()
    .enumerate()
    {
        let id = promotion(&sandbox, fields.clone()).await;
        let code = format!("WARNED-{number}");
        let created = host.ok(CREATE, json!({"promotion_id": id, "code": code, "max_uses": max_uses})).await;
        assert_eq!(created["outcome"], "created", "{fields}");
        assert_eq!(created.get("warnings").unwrap_or(&Value::Null), &warnings, "{fields}");
    }
}

#[tokio::test]
async fn the_promotion_is_read_before_each_code() {
    let (_sandbox, wire, mut host) = start_wired(|_| Act::Pass).await;
    for code in ["FIRST", "SECOND"] {
        let created = host.ok(CREATE, json!({"promotion_id": 1, "code": code})).await;
        assert_eq!(created["warnings"], json!([UNLIMITED]), "{code}");
    }
    let (get, post) = ("GET /promotions/1", "POST /promotions/1/codes");
    assert_eq!(wire.lines(), [get, post, get, post]);
}

#[tokio::test]
async fn a_dry_run_warns_and_sends_nothing_but_reads() {
    let (sandbox, wire, mut host) = start_wired(|_| Act::Pass).await;
    let id = promotion(&sandbox, json!({"status": "DISABLED"})).await;
    let arguments = json!({"promotion_id": id, "code": " PREVIEW ", "dry_run": true});
    let preview = host.ok(CREATE, arguments).await;
    let trimmed = "White space at the ends of code was left out.";
    let warnings = json!([UNLIMITED, DISABLED, trimmed]);
    assert_eq!(preview, json!({"promotion_id": id, "outcome": "dry_run", "warnings": warnings}));
    assert_fits(CREATE, &preview);
    assert_eq!(wire.lines(), [format!("GET /promotions/{id}")]);
    assert_eq!(sandbox.count("PREVIEW").await, 0);

    let nowhere = host.error(CREATE, json!({"promotion_id": 4711, "code": "A", "dry_run": true})).await;
    assert_eq!(nowhere["code"], "unknown_promotion");
}
