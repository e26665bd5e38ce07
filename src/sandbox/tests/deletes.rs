use serde_json::json;

use super::support::{Rig, coupon_promotion};

const TYPE: &str = "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes";

#[tokio::test]
async fn deleting_one_thing_answers_204_also_when_it_is_absent() {
    let rig = Rig::start().await;
    for path in [
        "/promotions/3",
        "/promotions/99",
        "/promotions/4/codes/2001",
        "/promotions/4/codes/2001",
        "/promotions/99/codes/1",
        "/promotions/codes?code=loyal-0002",
        "/promotions/codes?code=LOYAL-0002",
    ] {
        let reply = rig.delete(path).await;
        assert_eq!((reply.status, reply.text.as_str()), (204, ""), "{path}");
    }
    assert_eq!(rig.get("/promotions/3").await.status, 404);
    assert_eq!(rig.get("/promotions/4/codes?limit=1").await.ids(), [2003]);
}

#[tokio::test]
async fn a_code_is_deleted_by_id_only_below_its_own_promotion() {
    let rig = Rig::start().await;
    assert_eq!(rig.delete("/promotions/4/codes/1024").await.status, 204);
    assert!(rig.has_code("SUMMER_SALE_2024").await);
}

#[tokio::test]
async fn deleting_by_text_needs_a_text() {
    let rig = Rig::start().await;
    for path in ["/promotions/codes", "/promotions/codes?code="] {
        assert_eq!(rig.delete(path).await.status, 422);
    }
    assert_eq!(rig.get("/promotions/4/codes").await.json()["meta"]["pagination"]["total"], 1000);
}

#[tokio::test]
async fn codes_are_deleted_in_batches_of_250() {
    let rig = Rig::start().await;
    let list = |ids: std::ops::Range<i64>| ids.map(|id| id.to_string()).collect::<Vec<_>>().join(",");

    let many = rig.delete(&format!("/promotions/4/codes?id:in={}", list(2001..2252))).await;
    assert_eq!((many.status, many.title().as_str()), (422, "Parameter id:in takes at most 250 ids"));
    let encoded = list(2001..2251).replace(',', "%2C");
    assert_eq!(rig.delete(&format!("/promotions/4/codes?id%3Ain={encoded}")).await.status, 204);
    assert_eq!(rig.get("/promotions/4/codes").await.json()["meta"]["pagination"]["total"], 750);
}

#[tokio::test]
async fn a_bulk_delete_without_a_usable_list_answers_422_and_deletes_nothing() {
    let rig = Rig::start().await;
    for path in ["/promotions/4/codes", "/promotions", "/promotions?id:in="] {
        let reply = rig.delete(path).await;
        assert_eq!(reply.status, 422);
        assert_eq!(
            reply.json(),
            json!({
                "errors": [{ "status": 422, "title": "Parameter id:in is required", "type": TYPE }],
                "meta": { "total": 0, "success": 0, "failed": 0 },
            })
        );
    }
    assert_eq!(rig.delete("/promotions/4/codes?id:in=2001,abc").await.status, 422);
    assert!(rig.has_code("LOYAL-0001").await);
}

#[tokio::test]
async fn a_bulk_delete_of_codes_deletes_what_it_can_and_reports_the_rest() {
    let rig = Rig::start().await;
    let reply = rig.delete("/promotions/4/codes?id:in=1024,2001,999999,2002,1025").await;

    assert_eq!(reply.status, 422);
    assert_eq!(
        reply.json(),
        json!({
            "errors": [{
                "status": 422,
                "title": "Errors occurred in bulk delete action.",
                "type": TYPE,
                "errors": {
                    "0.constraint": "Failed for id=1024. Error: constraint reference error.",
                    "4.constraint": "Failed for id=1025. Error: constraint reference error.",
                },
            }],
            "meta": { "total": 5, "success": 3, "failed": 2 },
        })
    );
    assert_eq!(rig.get("/promotions/4/codes?limit=1").await.ids(), [2003]);
    assert!(rig.has_code("SUMMER_SALE_2024").await);
}

#[tokio::test]
async fn a_code_parameter_narrows_a_bulk_delete() {
    let rig = Rig::start().await;
    assert_eq!(rig.delete("/promotions/4/codes?id:in=2001,2002&code=loyal-0002").await.status, 204);
    assert!(rig.has_code("LOYAL-0001").await);
    assert!(!rig.has_code("LOYAL-0002").await);
}

#[tokio::test]
async fn promotions_with_codes_are_not_deleted() {
    let rig = Rig::start().await;
    let single = rig.delete("/promotions/2").await;
    assert_eq!(
        (single.status, single.title().as_str()),
        (422, "Failed for id=2. Error: some relating codes are still present.")
    );

    let bulk = rig.delete("/promotions?id:in=3,1,99").await;
    assert_eq!(bulk.status, 422);
    assert_eq!(
        bulk.json(),
        json!({
            "errors": [{
                "status": 422,
                "title": "Errors occurred in bulk delete action.",
                "type": TYPE,
                "errors": { "1.code": "Failed for id=1. Error: some relating codes are still present." },
            }],
            "meta": { "total": 3, "success": 2, "failed": 1 },
        })
    );
    assert_eq!(rig.get("/promotions").await.ids(), [1, 2, 4, 5, 6]);

    rig.delete("/promotions/codes?code=SUMMER_SALE_2024").await;
    assert_eq!(rig.delete("/promotions/1").await.status, 204);
    let created = rig.post("/promotions", &coupon_promotion("BULK")).await;
    assert_eq!(created.json()["data"]["id"], 7);
}

#[tokio::test]
async fn promotions_are_deleted_in_batches_of_50() {
    let rig = Rig::start().await;
    let ids: Vec<String> = (100..150).map(|id: i64| id.to_string()).collect();
    assert_eq!(rig.delete(&format!("/promotions?id:in={}", ids.join(","))).await.status, 204);
    assert_eq!(rig.delete(&format!("/promotions?id:in={},150", ids.join(","))).await.status, 422);
}
