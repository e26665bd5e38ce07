use jiff::Timestamp;
use serde_json::{Value, json};

use super::support::{Rig, coupon_promotion};
use crate::clock::Clock;

#[tokio::test]
async fn a_promotion_is_saved_with_every_required_field() {
    let rig = Rig::start().await;
    let reply = rig.post("/promotions", &coupon_promotion("BULK")).await;
    let mut body = reply.json();
    let start: Timestamp = body["data"]["start_date"].take().as_str().unwrap().parse().unwrap();

    assert_eq!(reply.status, 201);
    assert!((0..60).contains(&Clock::system().now().duration_since(start).as_secs()));
    assert_eq!(
        body,
        json!({
            "data": {
                "id": 7,
                "redemption_type": "COUPON",
                "name": "Test",
                "display_name": "",
                "created_from": "api",
                "channels": [],
                "customer": {
                    "group_ids": [],
                    "minimum_order_count": 0,
                    "excluded_group_ids": [],
                    "segments": null,
                },
                "rules": [{
                    "action": { "cart_value": { "discount": { "percentage_amount": "10" } } },
                    "apply_once": true,
                    "stop": false,
                }],
                "current_uses": 0,
                "max_uses": null,
                "status": "ENABLED",
                "start_date": null,
                "end_date": null,
                "stop": false,
                "can_be_used_with_other_promotions": true,
                "currency_code": "USD",
                "notifications": [],
                "shipping_address": null,
                "schedule": null,
                "coupon_type": "BULK",
                "coupon_overrides_other_promotions": false,
                "coupon_overrides_automatic_when_offering_higher_discounts": false,
                "multiple_codes": { "has_multiple_codes": true },
            },
            "meta": {},
        })
    );
    let mut got = rig.get("/promotions/7").await.json();
    got["data"]["start_date"].take();
    assert_eq!(got, body);
}

#[tokio::test]
async fn the_coupon_type_is_single_by_default_and_an_automatic_promotion_has_none() {
    let rig = Rig::start().await;
    let mut body = coupon_promotion("BULK");
    body.as_object_mut().unwrap().remove("coupon_type");
    let saved = rig.post("/promotions", &body).await.json()["data"].take();
    assert_eq!(saved["coupon_type"], "SINGLE");
    assert_eq!(saved["multiple_codes"]["has_multiple_codes"], false);

    body["redemption_type"] = json!("AUTOMATIC");
    let saved = rig.post("/promotions", &body).await.json()["data"].take();
    assert!(saved.as_object().unwrap().keys().all(|key| !key.starts_with("coupon_")), "{saved}");
}

#[tokio::test]
async fn a_put_changes_only_what_it_sends() {
    let rig = Rig::start().await;
    let mut expected = rig.get("/promotions/1").await.json();
    expected["data"]["status"] = json!("DISABLED");
    expected["data"]["max_uses"] = json!(500);
    expected["data"]["end_date"] = json!("2025-06-30T22:00:00+00:00");
    let patch = json!({
        "id": 99,
        "current_uses": 0,
        "created_from": "api",
        "unknown": true,
        "coupon_type": "BULK",
        "redemption_type": "COUPON",
        "status": "DISABLED",
        "max_uses": 500,
        "end_date": "2025-07-01T00:00:00+02:00",
    });

    let reply = rig.put("/promotions/1", &patch).await;
    assert_eq!((reply.status, reply.json()), (200, expected.clone()));
    assert_eq!(rig.get("/promotions/1").await.json(), expected);

    let reply = rig.put("/promotions/1", &json!({ "max_uses": null, "end_date": null })).await.json();
    assert_eq!((&reply["data"]["max_uses"], &reply["data"]["end_date"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn the_types_of_a_promotion_cannot_change() {
    let rig = Rig::start().await;
    for (id, patch) in [
        (1, json!({ "redemption_type": "AUTOMATIC" })),
        (1, json!({ "coupon_type": "SINGLE" })),
        (2, json!({ "coupon_type": "BULK" })),
        (3, json!({ "redemption_type": "COUPON" })),
        (3, json!({ "coupon_type": "SINGLE" })),
    ] {
        assert_eq!(rig.put(&format!("/promotions/{id}"), &patch).await.status, 422, "{id} {patch}");
    }
    assert_eq!(rig.put("/promotions/99", &json!({})).await.status, 404);
    assert_eq!(
        rig.put("/promotions/1", &json!({ "coupon_type": "SINGLE" })).await.title(),
        "coupon_type cannot change; it is BULK."
    );
}

#[tokio::test]
async fn a_refused_put_changes_nothing() {
    let rig = Rig::start().await;
    let before = rig.get("/promotions/1").await.json();
    let patch = json!({ "name": "New", "end_date": "2024-05-01T00:00:00+00:00" });
    let reply = rig.put("/promotions/1", &patch).await;

    assert_eq!((reply.status, reply.title().as_str()), (422, "end_date must be after start_date."));
    assert_eq!(rig.get("/promotions/1").await.json(), before);
}

#[tokio::test]
async fn a_put_of_nothing_changes_nothing() {
    let rig = Rig::start().await;
    let before = rig.get("/promotions/2").await.json();
    let reply = rig.put("/promotions/2", &json!({})).await;

    assert_eq!((reply.status, reply.json()), (200, before.clone()));
    assert_eq!(rig.get("/promotions/2").await.json(), before);
}

#[tokio::test]
async fn a_put_is_checked_together_with_what_it_keeps() {
    let rig = Rig::start().await;
    let overriding = json!({ "coupon_overrides_other_promotions": true });
    let stacking = json!({ "can_be_used_with_other_promotions": true });
    let any_currency = json!({ "currency_code": "*" });
    let override_refusal =
        "coupon_overrides_other_promotions needs can_be_used_with_other_promotions to be false.";
    let put = async |id: i64, patch: &Value| {
        let reply = rig.put(&format!("/promotions/{id}"), patch).await;
        (reply.status, if reply.status == 200 { String::new() } else { reply.title() })
    };

    // Promotion 1 gives a percentage and may be combined, promotion 2 gives an amount and may not.
    assert_eq!(put(1, &overriding).await, (422, override_refusal.to_owned()));
    assert_eq!(put(2, &overriding).await, (200, String::new()));
    assert_eq!(put(2, &stacking).await, (422, override_refusal.to_owned()));
    assert_eq!(put(1, &any_currency).await, (200, String::new()));
    let refusal = "currency_code can be * for percentage discounts only.";
    assert_eq!(put(2, &any_currency).await, (422, refusal.to_owned()));
    let amount =
        json!({ "rules": [{ "action": { "cart_value": { "discount": { "fixed_amount": "5" } } } }] });
    assert_eq!(put(1, &amount).await, (422, refusal.to_owned()));
    let excess =
        json!({ "rules": [{ "action": { "cart_value": { "discount": { "percentage_amount": "101" } } } }] });
    assert_eq!(put(2, &excess).await.0, 422);
}

#[tokio::test]
async fn both_lists_of_customer_groups_are_kept() {
    let rig = Rig::start().await;
    let customer = json!({
        "group_ids": [1, 2],
        "minimum_order_count": 0,
        "excluded_group_ids": [2, 3],
        "segments": null,
    });
    let mut body = coupon_promotion("BULK");
    body["customer"] = json!({ "group_ids": [1, 2], "excluded_group_ids": [2, 3] });
    let created = rig.post("/promotions", &body).await;
    assert_eq!((created.status, &created.json()["data"]["customer"]), (201, &customer));

    let changed = rig.put("/promotions/1", &json!({ "customer": customer.clone() })).await;
    assert_eq!((changed.status, &changed.json()["data"]["customer"]), (200, &customer));
}

#[tokio::test]
async fn promotions_are_listed_by_id_with_offset_pagination_only() {
    let rig = Rig::start().await;
    let reply = rig.get("/promotions?limit=4&page=2").await;

    assert_eq!(reply.ids(), [5, 6]);
    assert_eq!(
        reply.json()["meta"],
        json!({ "pagination": {
            "total": 6,
            "count": 2,
            "per_page": 4,
            "current_page": 2,
            "total_pages": 2,
            "links": { "previous": "?page=1&limit=4", "current": "?page=2&limit=4" },
        } })
    );
    for parameter in ["after", "before"] {
        assert_eq!(rig.get(&format!("/promotions?{parameter}=eyJpZCI6IjEifQ==")).await.status, 422);
    }
}

#[tokio::test]
async fn promotions_are_filtered_and_sorted_as_documented() {
    let rig = Rig::start().await;
    rig.put("/promotions/5", &json!({ "channels": [{ "id": 1 }, { "id": 7 }] })).await;
    rig.put("/promotions/6", &json!({ "channels": [{ "id": 2 }], "currency_code": "EUR" })).await;

    for (query, ids) in [
        ("id=3", vec![3]),
        ("id=99", vec![]),
        ("name=summer%20sale", vec![1]),
        ("name=summer", vec![]),
        ("code=loyal-0500", vec![4]),
        ("code=LOYAL", vec![]),
        ("currency_code=EUR", vec![6]),
        ("redemption_type=automatic", vec![3]),
        ("redemption_type=coupon", vec![1, 2, 4, 5, 6]),
        ("redemption_type=", vec![1, 2, 3, 4, 5, 6]),
        ("status=DISABLED", vec![6]),
        ("status=enabled", vec![1, 2, 3, 4, 5]),
        ("status=UNKNOWN", vec![]),
        ("channels=1,2", vec![1, 2, 3, 4, 5, 6]),
        ("channels=7", vec![1, 2, 3, 4, 5]),
        ("channels=3", vec![1, 2, 3, 4]),
        ("query=order", vec![2]),
        ("query=spring_", vec![5]),
        ("status=ENABLED&redemption_type=coupon&query=loyal", vec![4]),
        ("sort=name", vec![6, 2, 3, 4, 5, 1]),
        ("sort=start_date&direction=desc", vec![4, 6, 1, 5, 2, 3]),
        ("sort=priority&direction=desc", vec![6, 5, 4, 3, 2, 1]),
        ("sort=&direction=", vec![1, 2, 3, 4, 5, 6]),
    ] {
        let reply = rig.get(&format!("/promotions?{query}")).await;
        assert_eq!(
            (reply.ids(), &reply.json()["meta"]["pagination"]["total"]),
            (ids.clone(), &json!(ids.len())),
            "{query}"
        );
    }
    for query in ["id=x", "redemption_type=COUPON", "sort=status", "direction=up", "channels=a", "limit=0"] {
        assert_eq!(rig.get(&format!("/promotions?{query}")).await.status, 422, "{query}");
    }
}

#[tokio::test]
async fn a_new_store_has_six_promotions() {
    let rig = Rig::start().await;
    let body = rig.get("/promotions").await.json();
    let summary: Vec<String> = body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|promotion| {
            let keys = [
                "id",
                "name",
                "redemption_type",
                "coupon_type",
                "status",
                "start_date",
                "end_date",
                "max_uses",
            ];
            keys.map(|key| promotion[key].to_string().replace('"', "")).join(" | ")
        })
        .collect();

    assert_eq!(
        summary,
        [
            "1 | Summer Sale | COUPON | BULK | ENABLED | 2024-05-01T00:00:00+00:00 | null | null",
            "2 | First Order | COUPON | SINGLE | ENABLED | 2024-01-15T09:00:00+00:00 | null | 500",
            "3 | Free Shipping Over 100 | AUTOMATIC | null | ENABLED | 2024-01-01T00:00:00+00:00 | null \
             | null",
            "4 | Loyalty Rewards | COUPON | BULK | ENABLED | 2025-01-15T00:00:00+00:00 | null | 5000",
            "5 | Spring Clearance | COUPON | SINGLE | ENABLED | 2024-03-01T00:00:00+00:00 \
             | 2024-04-01T00:00:00+00:00 | null",
            "6 | Autumn Preview | COUPON | SINGLE | DISABLED | 2024-08-15T00:00:00+00:00 | null | 100",
        ]
    );
    assert_eq!(
        body["data"][0]["rules"][0]["action"],
        json!({ "cart_value": { "discount": { "percentage_amount": "20" } } })
    );
}
