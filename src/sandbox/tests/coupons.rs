//! The coupons of both kinds, as the older API lists them.

use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Reply, Rig, coupon_promotion, send};

async fn coupons(rig: &Rig, query: &str) -> Reply {
    send(rig.v2(Method::GET, &format!("/coupons{query}"))).await
}

/// The ids of a page; 204 is the page without any.
async fn ids(rig: &Rig, query: &str) -> Vec<i64> {
    let reply = coupons(rig, query).await;
    if reply.status == 204 {
        return Vec::new();
    }
    reply.json().as_array().unwrap().iter().map(|coupon| coupon["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn the_legacy_coupon_is_found_by_its_code_whatever_the_case() {
    let rig = Rig::start().await;
    let legacy = json!([{
        "id": 1,
        "name": "Welcome 5 off",
        "type": "per_total_discount",
        "amount": "5.0000",
        "min_purchase": "0.0000",
        "expires": "",
        "enabled": true,
        "code": "WELCOME5",
        "applies_to": { "entity": "categories", "ids": [0] },
        "num_uses": 12,
        "max_uses": 0,
        "max_uses_per_customer": 1,
        "restricted_to": {},
        "shipping_methods": null,
        "date_created": "Thu, 04 Oct 2012 03:24:40 +0000",
    }]);
    for code in ["WELCOME5", "welcome5"] {
        let reply = coupons(&rig, &format!("?code={code}")).await;
        assert_eq!((reply.status, reply.json()), (200, legacy.clone()), "{code}");
    }
}

#[tokio::test]
async fn the_code_of_a_promotion_is_a_coupon_of_its_own_type_without_amounts() {
    let rig = Rig::start().await;
    let spring = |enabled: bool| {
        json!([{
            "id": 1026,
            "name": "Spring Clearance",
            "type": "promotion",
            "amount": "0.0000",
            "min_purchase": "0.0000",
            "expires": "Mon, 01 Apr 2024 00:00:00 +0000",
            "enabled": enabled,
            "code": "SPRING_2024",
            "applies_to": null,
            "num_uses": 41,
            "max_uses": 200,
            "max_uses_per_customer": 1,
            "restricted_to": [],
            "shipping_methods": null,
            "date_created": "Tue, 20 Feb 2024 08:30:00 +0000",
        }])
    };
    assert_eq!(coupons(&rig, "?code=spring_2024").await.json(), spring(true));

    rig.put("/promotions/5", &json!({ "status": "DISABLED" })).await;
    assert_eq!(coupons(&rig, "?code=SPRING_2024").await.json(), spring(false));
    assert_eq!(coupons(&rig, "?code=SUMMER_SALE_2024").await.json()[0]["expires"], "");
}

#[tokio::test]
async fn a_list_without_a_coupon_is_204_without_a_body() {
    let rig = Rig::start().await;
    for query in ["?code=NOPE", "?code=WELCOME", "?code=", "?page=22", "?code=WELCOME5&page=2"] {
        let reply = coupons(&rig, query).await;
        assert_eq!((reply.status, reply.text.as_str()), (204, ""), "{query}");
    }
}

#[tokio::test]
async fn coupons_are_paged_by_id_with_the_legacy_one_in_front() {
    let rig = Rig::start().await;

    assert_eq!(ids(&rig, "?limit=3").await, [1, 1024, 1025]);
    assert_eq!(ids(&rig, "?limit=3&page=2").await, [1026, 1027, 2001]);
    assert_eq!(ids(&rig, "?limit=1").await, [1]);
    assert_eq!(ids(&rig, "?limit=1&page=2").await, [1024]);
    assert_eq!(ids(&rig, "").await.len(), 50);

    let mut all = Vec::new();
    for page in 1..=5 {
        all.extend(ids(&rig, &format!("?limit=250&page={page}")).await);
    }
    let expected: Vec<i64> = [1].into_iter().chain(1024..=1027).chain(2001..=3000).collect();
    assert_eq!(all, expected);
}

#[tokio::test]
async fn the_code_of_the_legacy_coupon_is_taken_like_any_other() {
    let rig = Rig::start().await;
    let create = async |promotion: i64, code: &str| {
        let reply = rig.post(&format!("/promotions/{promotion}/codes"), &json!({ "code": code })).await;
        (reply.status, reply.json())
    };
    let refusal = |title: &str| (422, json!({ "errors": [{ "status": 422, "title": title }] }));

    assert_eq!(create(1, "welcome5").await, refusal("The code welcome5 already exists."));
    assert_eq!(create(4, "WELCOME5").await, refusal("The code WELCOME5 already exists."));
    let title = "A promotion with coupon_type SINGLE cannot have a second code.";
    assert_eq!(create(2, "WELCOME5").await, refusal(title));
    assert_eq!(create(3, "WELCOME5").await, refusal("An AUTOMATIC promotion cannot have codes."));
    assert_eq!(create(99, "WELCOME5").await.0, 404);

    let single = rig.post("/promotions", &coupon_promotion("SINGLE")).await.json()["data"]["id"].as_i64();
    assert_eq!(create(single.unwrap(), "Welcome5").await, refusal("The code Welcome5 already exists."));
}

#[tokio::test]
async fn the_newer_api_neither_finds_nor_deletes_the_legacy_coupon() {
    let rig = Rig::start().await;
    for path in ["/promotions/codes?code=WELCOME5", "/promotions?code=WELCOME5", "/promotions?query=WELCOME5"]
    {
        assert_eq!(rig.get(path).await.ids(), [0; 0], "{path}");
    }
    assert_eq!(rig.delete("/promotions/codes?code=WELCOME5").await.status, 204);
    assert_eq!(ids(&rig, "?code=WELCOME5").await, [1]);
}

#[tokio::test]
async fn a_code_that_is_made_or_deleted_comes_and_goes_in_the_list() {
    let rig = Rig::start().await;
    rig.post("/promotions/1/codes", &json!({ "code": "ANNA10", "max_uses": 5 })).await;
    let listed = coupons(&rig, "?code=anna10").await.json();
    assert_eq!((&listed[0]["id"], &listed[0]["max_uses"]), (&json!(3001), &json!(5)));
    assert_ne!(listed[0]["date_created"], Value::Null);

    rig.delete("/promotions/codes?code=ANNA10").await;
    assert_eq!(ids(&rig, "?code=ANNA10").await, [0; 0]);
}
