//! The checks themselves: what the API would refuse or would not send, they see.

use coupon_mcp::bigcommerce::wire::NewCouponCode;
use coupon_mcp::bigcommerce::{CodeQuery, Position};
use serde_json::{Value, json};

use super::{Contract, client, patience, start};
use crate::support::wire::Exchange;

type Spoil = fn(&mut Exchange);

/// One exchange by each way of asking: list, code, promotion, patch, deletion, settings, legacy coupons.
async fn good() -> [Exchange; 7] {
    let (_sandbox, wire) = start().await;
    let (client, patience) = (client(&wire), patience());
    let query = CodeQuery { position: Position::Page(1), ..CodeQuery::first(5) };
    client.list_codes(4, &query, &patience).await.unwrap();
    let new = NewCouponCode { code: "GOOD", max_uses: 0, max_uses_per_customer: 0 };
    client.create_code(1, &new, &patience).await.unwrap();
    let document = json!({
        "name": "Good", "redemption_type": "COUPON",
        "rules": [{
            "action": {"cart_value": {"discount": {"fixed_amount": "10"}}},
            "condition": {"cart": {"items": {"brands": [1]}, "minimum_quantity": 1}},
        }],
    });
    client.create_promotion(document.as_object().unwrap(), &patience).await.unwrap();
    let patch = json!({"name": "Better", "max_uses": null});
    client.update_promotion(7, patch.as_object().unwrap(), &patience).await.unwrap();
    client.delete_codes(4, &[2001, 2002], &patience).await.unwrap();
    let settings = json!({
        "promotions_apply_on_products_with_custom_product_price": false,
        "promotions_triggered_by_products_with_zero_product_price": false,
        "number_of_coupons_allowed_at_checkout": 5,
        "promotions_applied_on_original_product_price": true,
    });
    client.update_settings(settings.as_object().unwrap(), &patience).await.unwrap();
    client.find_legacy_coupons("WELCOME5", &patience).await.unwrap();
    wire.exchanges().try_into().unwrap()
}

#[tokio::test]
async fn the_contract_sees_what_the_api_would_refuse() {
    let contract = Contract::load();
    let good = good().await;
    for exchange in &good {
        assert_eq!(contract.faults(exchange), [""; 0]);
    }
    let [listed, code, made, patched, deleted, settings, legacy] = &good;
    let spoilt: [(&Exchange, Spoil); 36] = [
        (listed, |it| it.query.push(("offset".to_owned(), "5".to_owned()))),
        (listed, |it| it.query.push(("limit".to_owned(), "5".to_owned()))),
        (listed, |it| it.query.push(("after".to_owned(), "x".to_owned()))),
        (listed, |it| it.query[0].1 = "251".to_owned()),
        (listed, |it| it.path = "/promotions/one/codes".to_owned()),
        (listed, |it| it.path = "/promotions/codes".to_owned()),
        (listed, |it| drop(it.headers.remove("accept"))),
        (listed, |it| drop(it.headers.remove("x-auth-token"))),
        (listed, |it| it.answer["data"][0]["id"] = json!("2001")),
        (listed, |it| it.answer["data"][0]["created"] = json!("yesterday")),
        (listed, |it| it.answer["data"] = Value::Null),
        (code, |it| drop(it.headers.remove("content-type"))),
        (code, |it| it.body = json!({"code": "10 %"})),
        (code, |it| it.body["uses"] = json!(1)),
        (code, |it| it.status = 202),
        (made, |it| it.body["rules"][0]["action"]["cart_value"]["discount"]["fixed_amount"] = json!(10)),
        (made, |it| it.body["rules"][0]["action"]["cart_value"]["amount"] = json!("10")),
        (made, |it| it.body["rules"][0]["condition"]["cart"]["items"]["colours"] = json!([1])),
        (made, |it| drop(it.body.as_object_mut().unwrap().remove("rules"))),
        (made, |it| it.body["redemption_type"] = json!("coupon")),
        (made, |it| it.body["current_uses"] = json!(0)),
        (made, |it| it.body["created_from"] = json!("api")),
        (made, |it| it.answer["data"]["channels"] = Value::Null),
        (patched, |it| it.body["id"] = json!(7)),
        (patched, |it| it.body["redemption_type"] = json!("COUPON")),
        (patched, |it| it.body["max_uses"] = json!("5")),
        (patched, |it| it.body["stacks"] = json!(true)),
        (patched, |it| it.method = "PATCH".to_owned()),
        (deleted, |it| it.query.clear()),
        (deleted, |it| it.query[0].1 = String::new()),
        (deleted, |it| it.query[0].1 = "2001,LOYAL-0002".to_owned()),
        (deleted, |it| it.body = json!([2001])),
        (deleted, |it| it.answer = json!({"data": []})),
        (settings, |it| it.body["number_of_coupons_allowed_at_checkout"] = json!(6)),
        (settings, |it| drop(it.body["promotions_applied_on_original_product_price"].take())),
        (legacy, |it| it.answer[0]["type"] = json!("voucher")),
    ];
    for (number, (good, spoil)) in spoilt.into_iter().enumerate() {
        let mut bad = good.clone();
        spoil(&mut bad);
        assert!(!contract.faults(&bad).is_empty(), "{number}: {}", bad.line());
    }
}
