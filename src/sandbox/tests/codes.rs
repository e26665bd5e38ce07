use serde_json::{Value, json};

use super::support::{Rig, coupon_promotion};
use crate::clock::Clock;

#[tokio::test]
async fn a_new_code_is_unlimited_unused_and_numbered_above_the_seeds() {
    let rig = Rig::start().await;
    let reply = rig.post("/promotions/1/codes", &json!({ "code": "Anna 10_-" })).await;
    let mut body = reply.json();
    let created = body["data"]["created"].take();

    assert_eq!(reply.status, 201);
    assert_eq!(
        body,
        json!({
            "data": {
                "id": 3001,
                "code": "Anna 10_-",
                "current_uses": 0,
                "created": null,
                "max_uses": 0,
                "max_uses_per_customer": 0,
            },
            "meta": {},
        })
    );
    let created = created.as_str().unwrap();
    assert!(created.ends_with("+00:00") && created.len() == 25, "{created}");
    let age = Clock::system().now().duration_since(created.parse().unwrap());
    assert!((0..60).contains(&age.as_secs()), "{created}");
}

#[tokio::test]
async fn a_code_keeps_its_caps_and_null_means_unlimited() {
    let rig = Rig::start().await;
    let capped = json!({ "code": "CAPPED", "max_uses": 5, "max_uses_per_customer": 1 });
    rig.post("/promotions/1/codes", &capped).await;
    let open = json!({ "code": "OPEN", "max_uses": null, "max_uses_per_customer": null });
    rig.post("/promotions/1/codes", &open).await;

    let caps = async |code: &str| {
        let code = rig.get(&format!("/promotions/codes?code={code}")).await.json()["data"][0].take();
        (code["max_uses"].as_i64().unwrap(), code["max_uses_per_customer"].as_i64().unwrap())
    };
    assert_eq!(caps("CAPPED").await, (5, 1));
    assert_eq!(caps("OPEN").await, (0, 0));
}

#[tokio::test]
async fn a_code_is_unique_in_the_whole_store_whatever_its_case() {
    let rig = Rig::start().await;
    for (promotion, code) in [(1, "SUMMER_SALE_2024"), (1, "Summer_Sale_2024"), (4, "summer_sale_2024")] {
        let reply = rig.post(&format!("/promotions/{promotion}/codes"), &json!({ "code": code })).await;
        assert_eq!(reply.status, 422);
        assert_eq!(
            reply.json(),
            json!({ "errors": [{ "status": 422, "title": format!("The code {code} already exists.") }] })
        );
    }
}

#[tokio::test]
async fn a_deleted_code_may_be_made_again_with_a_new_id() {
    let rig = Rig::start().await;
    rig.post("/promotions/1/codes", &json!({ "code": "AGAIN" })).await;
    assert_eq!(rig.delete("/promotions/codes?code=again").await.status, 204);
    let reply = rig.post("/promotions/4/codes", &json!({ "code": "AGAIN" })).await;
    assert_eq!((reply.status, reply.json()["data"]["id"].as_i64()), (201, Some(3002)));
}

#[tokio::test]
async fn a_body_that_breaks_a_rule_of_codes_answers_422() {
    let rig = Rig::start().await;
    let longest = "A".repeat(50);
    assert_eq!(rig.post("/promotions/1/codes", &json!({ "code": longest })).await.status, 201);

    let bodies: [Value; 11] = [
        json!({}),
        json!({ "code": null }),
        json!({ "code": "" }),
        json!({ "code": "  " }),
        json!({ "code": 7 }),
        json!({ "code": "A".repeat(51) }),
        json!({ "code": "A\tB" }),
        json!({ "code": "RÉDUCTION" }),
        json!({ "code": "A", "max_uses": -1 }),
        json!({ "code": "A", "max_uses": 1.5 }),
        json!({ "code": "A", "max_uses_per_customer": "1" }),
    ];
    for body in bodies {
        let reply = rig.post("/promotions/1/codes", &body).await;
        assert_eq!(reply.status, 422, "{body}");
        assert_eq!(reply.json()["errors"][0]["status"], 422, "{body}");
    }
}

#[tokio::test]
async fn a_promotion_takes_as_many_codes_as_its_type_allows() {
    let rig = Rig::start().await;
    let create = async |promotion: i64, code: &str| {
        rig.post(&format!("/promotions/{promotion}/codes"), &json!({ "code": code })).await
    };

    let second = create(2, "SECOND").await;
    assert_eq!(
        (second.status, second.title().as_str()),
        (422, "A promotion with coupon_type SINGLE cannot have a second code.")
    );
    let automatic = create(3, "AUTO").await;
    assert_eq!(
        (automatic.status, automatic.title().as_str()),
        (422, "An AUTOMATIC promotion cannot have codes.")
    );
    assert_eq!(create(99, "NOWHERE").await.status, 404);

    let single = rig.post("/promotions", &coupon_promotion("SINGLE")).await.json()["data"]["id"].as_i64();
    assert_eq!(create(single.unwrap(), "FIRST").await.status, 201);
    assert_eq!(create(single.unwrap(), "OTHER").await.status, 422);
}

#[tokio::test]
async fn only_one_of_many_simultaneous_creations_of_a_code_succeeds() {
    let rig = Rig::start().await;
    let body = json!({ "code": "RACE" });
    let replies = futures::future::join_all((0..20).map(|_| rig.post("/promotions/4/codes", &body))).await;
    let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();

    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 19);
}

#[tokio::test]
async fn a_code_is_found_by_its_text_and_a_miss_is_an_empty_list() {
    let rig = Rig::start().await;
    assert_eq!(rig.get("/promotions/codes?code=first_order_10").await.ids(), [1025]);
    let miss = rig.get("/promotions/codes?code=NOPE").await;
    assert_eq!((miss.status, miss.ids()), (200, vec![]));
    for query in ["", "?code="] {
        let reply = rig.get(&format!("/promotions/codes{query}")).await;
        assert_eq!((reply.status, reply.title().as_str()), (422, "Parameter code is required"));
    }
}

#[tokio::test]
async fn the_codes_of_an_unknown_promotion_answer_404() {
    let rig = Rig::start().await;
    let reply = rig.get("/promotions/99/codes").await;
    assert_eq!(reply.status, 404);
    assert_eq!(reply.json(), json!({ "errors": [{ "status": 404, "title": "Promotion not found." }] }));
}

#[tokio::test]
async fn every_seeded_promotion_has_its_codes() {
    let rig = Rig::start().await;
    let mut loyalty = Vec::new();
    for page in 1..=4 {
        let reply = rig.get(&format!("/promotions/4/codes?limit=250&page={page}")).await.json();
        loyalty.extend(reply["data"].as_array().unwrap().clone());
    }
    let with_uses = |uses: i64| loyalty.iter().filter(|code| code["current_uses"] == uses).count();

    assert_eq!(loyalty.len(), 1000);
    assert_eq!((with_uses(0), with_uses(1), with_uses(2)), (600, 200, 200));
    assert_eq!(
        loyalty[4],
        json!({
            "id": 2005,
            "code": "LOYAL-0005",
            "current_uses": 2,
            "created": "2025-01-15T09:00:00+00:00",
            "max_uses": 2,
            "max_uses_per_customer": 2,
        })
    );
    for (promotion, id) in [(2, 1025), (5, 1026), (6, 1027)] {
        assert_eq!(rig.get(&format!("/promotions/{promotion}/codes")).await.ids(), [id]);
    }
    assert_eq!(rig.get("/promotions/3/codes").await.ids(), [0; 0]);
}
