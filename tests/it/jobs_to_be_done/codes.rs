//! Jobs about codes.

use serde_json::{Value, json};

use super::session::{Ceiling, Session, influencers, nothing, tokens};

#[tokio::test]
async fn add_a_code_to_the_influencer_promotion() {
    let mut session = Session::about(influencers).await;
    let listed = session.call("list_promotions", json!({"query": "influencer"})).await;
    let promotion = &listed["promotions"][0]["id"];
    let code = json!({"promotion_id": promotion, "code": "CARLA10", "max_uses": 100});
    let made = session.call("create_coupon_code", code).await;
    session
        .end("3 Add code CARLA10 to the influencer promotion", Ceiling { calls: 2, tokens: 200, requests: 5 })
        .await;
    assert_eq!(made["outcome"], "created");
    assert_eq!(made.get("warnings"), None, "{made}");
    assert_eq!(session.sandbox.count("CARLA10").await, 1);
}

#[tokio::test]
async fn a_code_takes_two_requests_one_of_them_to_read_its_promotion() {
    let mut session = Session::about(influencers).await;
    let mut seen = Vec::new();
    for code in ["DORA10", "EMIL10"] {
        session.call("create_coupon_code", json!({"promotion_id": 7, "code": code})).await;
        seen.push(session.requests().await);
    }
    assert_eq!(seen, [2, 4]);
}

#[tokio::test]
async fn why_does_this_code_not_work() {
    let mut session = Session::about(nothing).await;
    let check = session.call("check_coupon_code", json!({"code": "spring_2024"})).await;
    session.end("6 Why does SPRING_2024 not work?", Ceiling { calls: 1, tokens: 300, requests: 4 }).await;
    assert_eq!(check["verdict"], "does_not_work");
    let reasons: Vec<_> = check["reasons"].as_array().unwrap().iter().map(|reason| &reason["code"]).collect();
    assert_eq!(reasons, ["expired"]);
    assert_eq!(check["promotion"]["id"], 5);
}

#[tokio::test]
async fn is_this_code_valid_for_this_order() {
    let mut session = Session::about(nothing).await;
    let order =
        json!({"code": "FIRST_ORDER_10", "cart_subtotal": 30, "currency_code": "USD", "channel_id": 1});
    let check = session.call("check_coupon_code", order).await;
    session
        .end("6 Is FIRST_ORDER_10 valid for a cart of 30?", Ceiling { calls: 1, tokens: 400, requests: 4 })
        .await;
    let reasons: Vec<_> = check["reasons"].as_array().unwrap().iter().map(|reason| &reason["code"]).collect();
    assert_eq!(reasons, ["minimum_spend"]);
}

#[tokio::test]
async fn how_did_each_influencer_code_do() {
    let mut session = Session::about(influencers).await;
    let listed = session.call("list_promotions", json!({"query": "influencer"})).await;
    let promotion = &listed["promotions"][0]["id"];
    let codes = session.call("list_coupon_codes", json!({"promotion_id": promotion, "limit": 250})).await;
    session.end("8 How did each influencer code do?", Ceiling { calls: 2, tokens: 250, requests: 4 }).await;
    let rows: Vec<_> = codes["coupon_codes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!([row["code"], row["current_uses"], row["max_uses"]]))
        .collect();
    assert_eq!(rows, [json!(["ANNA10", 73, 100]), json!(["BEN10", 0, 100])]);
}

#[tokio::test]
async fn delete_the_codes_that_nobody_used() {
    let mut session = Session::about(nothing).await;
    let listed = session.call("list_promotions", json!({"query": "loyalty"})).await;
    let unused = json!({"promotion_id": listed["promotions"][0]["id"], "filter": "unused", "dry_run": true});
    let (asked, done) = session.call_and_confirm("delete_coupon_codes", unused).await;
    session
        .end("10 Clean up: delete 600 unused codes", Ceiling { calls: 2, tokens: 700, requests: 20 })
        .await;
    assert_eq!(asked["preview"]["headline"], "Delete 600 codes of promotion 4 \"Loyalty Rewards\"");
    assert!(asked["preview"]["details"].to_string().contains("does not mean never sent"), "{asked}");
    assert_eq!(done["deleted_count"], 600);
    assert!(tokens(&done.to_string()) < 600, "{done}");
    let left = session.sandbox.get("/promotions/4/codes?limit=1").await;
    assert_eq!(left["meta"]["pagination"]["total"], 400);
}

#[tokio::test]
async fn replace_a_leaked_code() {
    let mut session = Session::about(influencers).await;
    let replace = json!({"code": "ANNA10", "new_code": "ANNA-VIP"});
    let (asked, done) = session.call_and_confirm("replace_coupon_code", replace).await;
    session.end("11 Replace a leaked code", Ceiling { calls: 1, tokens: 500, requests: 11 }).await;
    assert!(asked["preview"]["details"].to_string().contains("It had 73 uses"), "{asked}");
    assert_eq!(done["old_deleted"], true);
    assert_eq!(limits(&session, "ANNA-VIP").await, json!([27, 0, 0]));
    assert_eq!(session.sandbox.count("ANNA10").await, 0);
}

#[tokio::test]
async fn change_a_code_s_limit_to_200() {
    let mut session = Session::about(influencers).await;
    let (_, done) =
        session.call_and_confirm("replace_coupon_code", json!({"code": "ANNA10", "max_uses": 200})).await;
    session.end("12 Change ANNA10's limit to 200", Ceiling { calls: 1, tokens: 500, requests: 7 }).await;
    assert_eq!(done["new"]["max_uses"], 127);
    assert_eq!(limits(&session, "ANNA10").await, json!([127, 0, 0]));
}

#[tokio::test]
async fn give_me_a_link_that_applies_the_code() {
    let mut session = Session::about(influencers).await;
    let check = session.call("check_coupon_code", json!({"code": "ANNA10"})).await;
    session.end("14 A link that applies ANNA10", Ceiling { calls: 1, tokens: 200, requests: 4 }).await;
    let link = "https://practice-store.example/cart.php?action=add&product_id={PRODUCT_ID}&couponcode=ANNA10";
    assert_eq!(check["link_template"], link);
}

/// `max_uses`, `max_uses_per_customer` and uses of a code that the store has.
async fn limits(session: &Session, code: &str) -> Value {
    let found = session.sandbox.get(&format!("/promotions/codes?code={code}")).await["data"][0].clone();
    json!([found["max_uses"], found["max_uses_per_customer"], found["current_uses"]])
}
