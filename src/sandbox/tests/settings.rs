use serde_json::json;

use super::support::Rig;

#[tokio::test]
async fn settings_are_read_and_replaced_without_an_envelope() {
    let rig = Rig::start().await;
    let mut settings = json!({
        "promotions_triggered_by_products_with_zero_product_price": false,
        "promotions_apply_on_products_with_custom_product_price": false,
        "promotions_applied_on_original_product_price": true,
        "number_of_coupons_allowed_at_checkout": 1,
    });
    assert_eq!(rig.get("/promotions/settings").await.json(), settings);

    settings["number_of_coupons_allowed_at_checkout"] = json!(5);
    let reply = rig.put("/promotions/settings", &settings).await;
    assert_eq!((reply.status, reply.json()), (200, settings.clone()));
    assert_eq!(rig.get("/promotions/settings").await.json(), settings);
}

#[tokio::test]
async fn invalid_settings_are_refused_field_by_field() {
    let rig = Rig::start().await;
    let settings = json!({
        "promotions_triggered_by_products_with_zero_product_price": "yes",
        "promotions_applied_on_original_product_price": true,
        "number_of_coupons_allowed_at_checkout": 6,
    });
    let reply = rig.put("/promotions/settings", &settings).await;

    assert_eq!(reply.status, 422);
    assert_eq!(
        reply.json(),
        json!({
            "status": 422,
            "title": "Invalid promotion setting(s).",
            "errors": [
                {
                    "field": "promotions_triggered_by_products_with_zero_product_price",
                    "message": "must be a boolean.",
                },
                {
                    "field": "promotions_apply_on_products_with_custom_product_price",
                    "message": "is required.",
                },
                {
                    "field": "number_of_coupons_allowed_at_checkout",
                    "message": "must be an integer between 1 and 5.",
                },
            ],
        })
    );
}
