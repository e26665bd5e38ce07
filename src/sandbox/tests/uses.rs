//! Practice redemptions by the control API.

use reqwest::Method;
use serde_json::json;

use super::support::{Rig, send};

/// The uses of a code and of its promotion.
async fn uses(rig: &Rig, code: &str, promotion: i64) -> (i64, i64) {
    let code = rig.get(&format!("/promotions/codes?code={code}")).await.json();
    let promotion = rig.get(&format!("/promotions/{promotion}")).await.json();
    let count = |value: &serde_json::Value| value["current_uses"].as_i64().unwrap();
    (count(&code["data"][0]), count(&promotion["data"]))
}

#[tokio::test]
async fn the_uses_of_a_code_are_set_and_its_promotion_moves_along() {
    let rig = Rig::start().await;
    let before = rig.get("/promotions/1").await.json();
    for (code, sent, left) in [("summer_sale_2024", 73, (73, 73)), ("SUMMER_SALE_2024", 10, (10, 10))] {
        let reply = rig.control("uses", &json!({ "code": code, "uses": sent })).await;
        assert_eq!((reply.status, reply.text.as_str()), (204, ""));
        assert_eq!(uses(&rig, "SUMMER_SALE_2024", 1).await, left);
    }
    rig.control("uses", &json!({ "code": "SUMMER_SALE_2024", "uses": 3 })).await;
    assert_eq!(rig.get("/promotions/1").await.text, before.to_string());

    // 600 uses of the promotion, none of this code.
    rig.control("uses", &json!({ "code": "LOYAL-0001", "uses": 2 })).await;
    assert_eq!(uses(&rig, "LOYAL-0001", 4).await, (2, 602));
    assert_eq!(uses(&rig, "LOYAL-0005", 4).await, (2, 602));
}

#[tokio::test]
async fn the_uses_of_a_promotion_are_set_alone_and_never_fall_below_none() {
    let rig = Rig::start().await;
    for (id, sent) in [(1, 5), (3, 0)] {
        assert_eq!(rig.control("promotion_uses", &json!({ "id": id, "uses": sent })).await.status, 204);
        let promotion = rig.get(&format!("/promotions/{id}")).await.json();
        assert_eq!(promotion["data"]["current_uses"], sent);
    }
    assert_eq!(uses(&rig, "SUMMER_SALE_2024", 1).await, (3, 5));

    rig.control("promotion_uses", &json!({ "id": 1, "uses": 2 })).await;
    rig.control("uses", &json!({ "code": "SUMMER_SALE_2024", "uses": 0 })).await;
    assert_eq!(uses(&rig, "SUMMER_SALE_2024", 1).await, (0, 0));
}

#[tokio::test]
async fn a_put_keeps_the_uses_and_a_reset_goes_back_to_the_seeded_ones() {
    let rig = Rig::start().await;
    rig.control("uses", &json!({ "code": "SPRING_2024", "uses": 200 })).await;
    rig.control("promotion_uses", &json!({ "id": 5, "uses": 7 })).await;
    rig.put("/promotions/5", &json!({ "name": "Spring", "current_uses": 1 })).await;
    assert_eq!(uses(&rig, "SPRING_2024", 5).await, (200, 7));

    assert_eq!(send(rig.bare(Method::POST, "/_sandbox/reset")).await.status, 204);
    assert_eq!(uses(&rig, "SPRING_2024", 5).await, (41, 41));
}

#[tokio::test]
async fn what_is_unknown_answers_404_and_what_is_not_understood_400() {
    let rig = Rig::start().await;
    for (name, body, status, sentence) in [
        ("uses", json!({ "code": "NOPE", "uses": 1 }), 404, "No promotion has this code."),
        ("uses", json!({ "code": "WELCOME5", "uses": 1 }), 404, "No promotion has this code."),
        ("promotion_uses", json!({ "id": 99, "uses": 1 }), 404, "There is no promotion with this id."),
        (
            "uses",
            json!({ "code": "SUMMER_SALE_2024" }),
            400,
            "The request's body is not understood: missing field `uses` at line 1 column 27.",
        ),
        (
            "promotion_uses",
            json!({ "id": 1, "uses": -1 }),
            400,
            "The request's body is not understood: invalid value: integer `-1`, expected u32 at line 1 \
             column 17.",
        ),
    ] {
        let reply = rig.control(name, &body).await;
        assert_eq!((reply.status, reply.json()), (status, json!({ "error": sentence })), "{name} {body}");
    }
    assert_eq!(uses(&rig, "SUMMER_SALE_2024", 1).await, (3, 3));
}

#[tokio::test]
async fn redemptions_have_the_rules_of_the_whole_control_api() {
    let rig = Rig::start().await;
    for name in ["uses", "promotion_uses"] {
        let path = format!("/_sandbox/{name}");
        assert_eq!(send(rig.bare(Method::GET, &path)).await.status, 405, "{name}");
        let foreign = rig.bare(Method::POST, &path).header("Host", "example.com");
        assert_eq!(send(foreign).await.status, 403, "{name}");
        let page = rig.bare(Method::POST, &path).header("Origin", "https://example.com");
        assert_eq!(send(page).await.status, 403, "{name}");
    }
    assert_eq!(rig.log().await, [""; 0]);
}
