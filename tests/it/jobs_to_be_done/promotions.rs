//! Jobs about promotions.

use jiff::{Timestamp, ToSpan, Zoned};
use serde_json::{Value, json};

use super::session::{Ceiling, Session, nothing};
use crate::support::now;
use crate::support::sandbox::Sandbox;

/// The day after so many, as a model reckons it from what the store's clocks say.
fn day_after(store: &Value, days: i64) -> String {
    let now: Timestamp = store["store_time_now"]["at"].as_str().unwrap().parse().unwrap();
    let now: Zoned = now.in_tz(store["time_zone"].as_str().unwrap()).unwrap();
    (now + days.days()).date().to_string()
}

#[tokio::test]
async fn what_coupons_are_running() {
    let mut session = Session::about(nothing).await;
    let list = json!({"effective_state": "active", "include_codes": true});
    let listed = session.call("list_promotions", list).await;
    session.end("1 What coupons are running?", Ceiling { calls: 1, tokens: 300, requests: 6 }).await;
    let rows = listed["promotions"].as_array().unwrap();
    let shown: Vec<_> = rows
        .iter()
        .map(|row| {
            json!([row["name"], row["discount"], row["codes"]["count"], row["current_uses"], row["max_uses"]])
        })
        .collect();
    let expected = [
        json!(["Loyalty Rewards", "15% off the order.", 1000, 600, 5000]),
        json!(["First Order", "10.00 USD off the order when the cart is at least 50.00 USD.", 1, 12, 500]),
        json!(["Summer Sale", "20% off the order.", 1, 3, 0]),
    ];
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn make_a_code_that_ends_on_sunday() {
    let mut session = Session::about(nothing).await;
    let store = session.call("get_store", json!({})).await;
    let sunday = day_after(&store, 6);
    let promotion = json!({
        "name": "Summer 20", "discount_type": "percent", "discount_value": 20, "ends_at": sunday, "max_uses": 500,
        "code": "SUMMER20", "max_uses_per_customer": 1,
    });
    let made = session.call("create_promotion", promotion).await;
    session
        .end(
            "2 Make SUMMER20, 20% off, ends Sunday, 500 uses",
            Ceiling { calls: 2, tokens: 450, requests: 8 },
        )
        .await;
    assert_eq!(made["status"], "done");
    assert_eq!(made["discount"], "20% off the order.");
    let terms = made["terms"].as_array().unwrap();
    assert!(terms.iter().any(|term| term.as_str().unwrap().contains("23:59:59 America/New_York")), "{made}");
    let stored = session.sandbox.get(&format!("/promotions/{}", made["promotion_id"])).await["data"].clone();
    assert_eq!(json!([stored["status"], stored["max_uses"]]), json!(["ENABLED", 500]));
    let end: Timestamp = stored["end_date"].as_str().unwrap().parse().unwrap();
    assert_eq!(end.in_tz("America/New_York").unwrap().datetime().to_string(), format!("{sunday}T23:59:59"));
    let codes = session.sandbox.codes_of(made["promotion_id"].as_u64().unwrap()).await;
    let codes: Vec<_> =
        codes.iter().map(|code| json!([code["code"], code["max_uses_per_customer"]])).collect();
    assert_eq!(codes, [json!(["SUMMER20", 1])]);
}

#[tokio::test]
async fn stop_the_campaign_now() {
    let mut session = Session::about(nothing).await;
    let listed = session.call("list_promotions", json!({"query": "summer sale"})).await;
    let id = &listed["promotions"][0]["id"];
    let stopped = session.call("update_promotion", json!({"promotion_id": id, "status": "DISABLED"})).await;
    session.end("9 Stop the campaign now", Ceiling { calls: 2, tokens: 350, requests: 6 }).await;
    assert_eq!(stopped["status"], "done");
    assert_eq!(stopped["after"]["effective_state"], "disabled");
    assert_eq!(stopped["codes_affected"], 1);
    assert_eq!(session.sandbox.get("/promotions/1").await["data"]["status"], "DISABLED");
}

#[tokio::test]
async fn extend_it_to_monday() {
    let campaign = async |sandbox: &Sandbox| {
        let promotion = json!({
            "name": "Winter Week", "redemption_type": "COUPON", "coupon_type": "BULK", "max_uses": 300,
            "rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "20"}}}}],
            "end_date": (now() + 24.hours()).to_string(),
        });
        assert_eq!(sandbox.post("/promotions", promotion).await["status"], 201);
    };
    let mut session = Session::about(campaign).await;
    let listed = session.call("list_promotions", json!({"query": "winter week"})).await;
    let store = session.call("get_store", json!({})).await;
    let monday = day_after(&store, 4);
    let extend = json!({"promotion_id": listed["promotions"][0]["id"], "ends_at": monday});
    let extended = session.call("update_promotion", extend).await;
    session.end("9 Extend it to Monday", Ceiling { calls: 3, tokens: 600, requests: 7 }).await;
    assert_eq!(extended["status"], "done");
    let end = extended["after"]["ends_at"].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert_eq!(end.in_tz("America/New_York").unwrap().datetime().to_string(), format!("{monday}T23:59:59"));
}

#[tokio::test]
async fn delete_what_is_expired() {
    let mut session = Session::about(nothing).await;
    let listed = session.call("list_promotions", json!({"effective_state": "expired"})).await;
    let ids: Vec<_> = listed["promotions"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
    assert_eq!(ids, [5]);
    let (asked, done) = session.call_and_confirm("delete_promotions", json!({"promotion_ids": ids})).await;
    session
        .end("10 Clean up: delete expired promotions", Ceiling { calls: 2, tokens: 500, requests: 11 })
        .await;
    assert_eq!(asked["preview"]["headline"], "Delete promotion 5 \"Spring Clearance\" with 1 code");
    assert_eq!(done["promotions"][0]["outcome"], "deleted");
    assert_eq!(session.sandbox.get("/promotions?id=5").await["data"], json!([]));
    assert_eq!(session.sandbox.count("SPRING_2024").await, 0);
}

#[tokio::test]
async fn duplicate_last_year_s_promotion_with_new_dates() {
    let last_year = async |sandbox: &Sandbox| {
        let promotion = json!({
            "name": "Black Friday 2025", "redemption_type": "COUPON", "coupon_type": "BULK", "max_uses": 900,
            "rules": [{
                "action": {"cart_items": {"discount": {"percentage_amount": "30"}, "items": {"categories": [18, 21]}}},
            }],
            "customer": {"group_ids": [3]}, "channels": [{"id": 1}], "can_be_used_with_other_promotions": false,
            "start_date": "2025-11-28T00:00:00-05:00", "end_date": "2025-11-28T23:59:59-05:00",
        });
        assert_eq!(sandbox.post("/promotions", promotion).await["status"], 201);
    };
    let mut session = Session::about(last_year).await;
    let listed = session.call("list_promotions", json!({"query": "black friday"})).await;
    let source = listed["promotions"][0]["id"].as_u64().unwrap();
    let soon = now().in_tz("America/New_York").unwrap() + 20.days();
    let copy = json!({
        "name": "Black Friday 2026", "copy_from_promotion_id": source, "starts_at": soon.date().to_string(),
        "ends_at": soon.date().to_string(), "max_uses": 900, "code": "BLACK26",
    });
    let made = session.call("create_promotion", copy).await;
    session
        .end("15 Duplicate last year's Black Friday", Ceiling { calls: 2, tokens: 400, requests: 10 })
        .await;
    assert_eq!(made["status"], "done", "{made}");
    let old = session.sandbox.get(&format!("/promotions/{source}")).await["data"].clone();
    let new = session.sandbox.get(&format!("/promotions/{}", made["promotion_id"])).await["data"].clone();
    for copied in ["rules", "customer", "channels", "can_be_used_with_other_promotions", "currency_code"] {
        assert_eq!(new[copied], old[copied], "{copied}");
    }
    let day = soon.date();
    for (edge, time) in [("start_date", "00:00:00"), ("end_date", "23:59:59")] {
        let moment: Timestamp = new[edge].as_str().unwrap().parse().unwrap();
        let there = moment.in_tz("America/New_York").unwrap().datetime().to_string();
        assert_eq!(there, format!("{day}T{time}"));
    }
    assert_eq!(session.sandbox.codes_of(source).await, [Value::Null; 0]);
}
