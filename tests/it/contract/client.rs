//! Each function of the client by itself.

use coupon_mcp::bigcommerce::operation::Operation;
use coupon_mcp::bigcommerce::wire::{NewBatch, NewCouponCode};
use coupon_mcp::bigcommerce::{ApiError, Client, CodePage, CodeQuery, Position, PromotionQuery};
use serde_json::{Map, Value, json};

use super::{Contract, client, patience, start};

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(object) = value else { panic!("no object: {value}") };
    object
}

async fn list(client: &Client, position: Position) -> CodePage {
    let query = CodeQuery { position, ..CodeQuery::first(5) };
    client.list_codes(4, &query, &patience()).await.unwrap()
}

#[tokio::test]
async fn every_operation_of_the_client_keeps_to_the_vendors_files() {
    let (_sandbox, wire) = start().await;
    let client = client(&wire);
    codes(&client).await;
    promotions(&client).await;
    batches(&client).await;
    deletions(&client).await;
    whole_store(&client).await;

    let contract = Contract::load();
    let exchanges = wire.exchanges();
    assert_eq!(contract.check(&exchanges), contract.operation_ids());
    for exchange in &exchanges {
        assert_eq!(exchange.headers["accept"], "application/json");
        assert!(exchange.headers["user-agent"].starts_with("coupon-mcp/"));
    }
}

async fn codes(client: &Client) {
    let patience = patience();
    let new = NewCouponCode { code: "Contract 1_a-Z", max_uses: 7, max_uses_per_customer: 0 };
    let created = client.create_code(1, &new, &patience).await.unwrap();
    assert_eq!((created.code.as_str(), created.max_uses), ("Contract 1_a-Z", Some(7)));

    let first = client.list_codes(4, &CodeQuery::first(5), &patience).await.unwrap();
    let after = Position::After(first.end_cursor.unwrap());
    let second = list(client, after).await;
    assert_eq!(second.codes[0].code, "LOYAL-0006");
    let before = Position::Before(second.start_cursor.unwrap());
    assert_eq!(list(client, before).await.codes, first.codes);
    assert_eq!(list(client, Position::Page(2)).await.codes, second.codes);
    let filtered = CodeQuery { code: Some("LOYAL-0042".to_owned()), ..CodeQuery::first(250) };
    assert_eq!(client.list_codes(4, &filtered, &patience).await.unwrap().codes[0].id, 2042);

    let found = client.find_code("contract 1_a-z", &patience).await.unwrap();
    assert_eq!(found, [created]);
    assert_eq!(client.find_code("NOT-THERE", &patience).await.unwrap(), []);
    let owners = client.promotions_with_code("Contract 1_a-Z", &patience).await.unwrap();
    assert_eq!(owners.iter().map(|promotion| promotion.id).collect::<Vec<_>>(), [1]);
}

async fn promotions(client: &Client) {
    let patience = patience();
    let newest = client.newest_coupon_promotions(3, &patience).await.unwrap();
    assert_eq!(newest.iter().map(|promotion| promotion.id).collect::<Vec<_>>(), [6, 5, 4]);
    let every_filter = PromotionQuery {
        query: Some("Sale".to_owned()),
        code: Some("SUMMER_SALE_2024".to_owned()),
        name: Some("Summer Sale".to_owned()),
        redemption_type: Some("coupon"),
        currency_code: Some("USD".to_owned()),
        channel: Some(1),
        newest_first: true,
        page: Some(1),
        limit: Some(250),
    };
    client.list_promotions(&every_filter, &patience).await.unwrap();
    assert_eq!(client.get_promotion(3, &patience).await.unwrap().name.unwrap(), "Free Shipping Over 100");
    let missing = client.get_promotion(4711, &patience).await.unwrap_err();
    assert!(matches!(missing, ApiError::Refused { status, .. } if status == 404));

    let rules = json!([{"action": {"cart_value": {"discount": {"percentage_amount": "15"}}}}]);
    let document = object(json!({
        "name": "Contract", "redemption_type": "COUPON", "coupon_type": "BULK", "rules": rules, "max_uses": 9,
    }));
    let made = client.create_promotion(&document, &patience).await.unwrap();
    assert_eq!((made.status.as_u16(), made.value.id), (201, 7));
    let patch = object(json!({"status": "DISABLED", "max_uses": null, "end_date": null}));
    let updated = client.update_promotion(7, &patch, &patience).await.unwrap();
    assert_eq!((updated.status.as_u16(), &updated.value.rest["status"]), (200, &json!("DISABLED")));
    let missing = client.update_promotion(4711, &patch, &patience).await.unwrap_err();
    assert!(matches!(missing, ApiError::Refused { status, .. } if status == 404));
}

async fn batches(client: &Client) {
    let plain = NewBatch {
        batch_size: 250,
        max_uses: 0,
        max_uses_per_customer: 1,
        prefix: None,
        suffix: None,
        delimiter: None,
        exclude_characters: &[],
        code_length: 16,
    };
    let codes = client.generate_codes(1, &plain, &patience()).await.unwrap();
    assert_eq!(codes.len(), 250);
    let shaped = NewBatch {
        batch_size: 1,
        prefix: Some("VIP"),
        suffix: Some("26"),
        delimiter: Some("-"),
        exclude_characters: &['O', '0'],
        code_length: 6,
        ..plain.clone()
    };
    let codes = client.generate_codes(1, &shaped, &patience()).await.unwrap();
    assert!(codes[0].starts_with("VIP-") && codes[0].ends_with("-26"), "{codes:?}");
    for (promotion, status) in [(2, 405), (3, 405), (4711, 404)] {
        let refused = client.generate_codes(promotion, &plain, &patience()).await.unwrap_err();
        assert_eq!(refused.status().unwrap().as_u16(), status);
    }
}

async fn deletions(client: &Client) {
    let patience = patience();
    let done = [
        client.delete_code(4, 2001, &patience).await,
        client.delete_code_by_text("loyal-0002", &patience).await,
        client.delete_codes(4, &[2003, 2004], &patience).await,
        client.delete_promotion(7, &patience).await,
        client.delete_promotions(&[3], &patience).await,
    ];
    for deleted in done {
        assert_eq!(deleted.unwrap().status.as_u16(), 204);
    }
    assert_eq!(list(client, Position::Start).await.codes[0].id, 2005);
    // A promotion that has codes stays, and so does a code that is none of this promotion.
    for refused in
        [client.delete_promotions(&[1, 2], &patience).await, client.delete_codes(4, &[1024], &patience).await]
    {
        assert!(matches!(refused.unwrap_err(), ApiError::Refused { status, .. } if status == 422));
    }
}

async fn whole_store(client: &Client) {
    let patience = patience();
    let mut settings = client.settings(&patience).await.unwrap();
    settings.insert("number_of_coupons_allowed_at_checkout".to_owned(), json!(3));
    let updated = client.update_settings(&settings, &patience).await.unwrap();
    assert_eq!((updated.status.as_u16(), updated.value), (200, settings));

    let store = client.store_information(&patience).await.unwrap();
    assert_eq!(store.timezone.name.unwrap(), "America/New_York");
    let legacy = client.find_legacy_coupons("WELCOME5", &patience).await.unwrap();
    assert_eq!(legacy[0].kind.as_deref(), Some("per_total_discount"));
    let code = client.find_legacy_coupons("SUMMER_SALE_2024", &patience).await.unwrap();
    assert_eq!(code[0].kind.as_deref(), Some("promotion"));
    assert_eq!(client.find_legacy_coupons("NOT-THERE", &patience).await.unwrap(), []);
}

#[tokio::test]
async fn the_practice_store_sends_the_pagination_that_the_position_asks_for() {
    let (_sandbox, wire) = start().await;
    let client = client(&wire);
    let first = list(&client, Position::Start).await;
    let end = first.end_cursor.unwrap();
    for (position, expected) in [
        (Position::Start, &["pagination", "cursor_pagination"] as &[_]),
        (Position::After(end.clone()), &["cursor_pagination"]),
        (Position::Before(end), &["cursor_pagination"]),
        (Position::Page(2), &["pagination"]),
    ] {
        let what = format!("{position:?}");
        list(&client, position).await;
        let exchanges = wire.exchanges();
        let meta = exchanges.last().unwrap().answer["meta"].as_object().unwrap();
        let names: Vec<_> = meta.keys().map(String::as_str).collect();
        assert_eq!(names, expected, "{what}");
    }
}

#[test]
fn the_caps_on_concurrent_requests_are_the_vendors() {
    let contract = Contract::load();
    let operations = [
        (Operation::ListPromotions, "/promotions"),
        (Operation::GetPromotion, "/promotions/1"),
        (Operation::CreatePromotion, "/promotions"),
        (Operation::UpdatePromotion, "/promotions/1"),
        (Operation::DeletePromotion, "/promotions/1"),
        (Operation::DeletePromotions, "/promotions"),
        (Operation::ListCodes, "/promotions/1/codes"),
        (Operation::CreateCode, "/promotions/1/codes"),
        (Operation::GenerateCodes, "/promotions/1/codegen"),
        (Operation::DeleteCodes, "/promotions/1/codes"),
        (Operation::DeleteCode, "/promotions/1/codes/2"),
        (Operation::FindCode, "/promotions/codes"),
        (Operation::DeleteCodeByText, "/promotions/codes"),
        (Operation::GetSettings, "/promotions/settings"),
        (Operation::UpdateSettings, "/promotions/settings"),
        (Operation::GetStore, "/v2/store"),
        (Operation::FindLegacyCoupon, "/v2/coupons"),
    ];
    assert_eq!(operations.len(), contract.operation_ids().len());
    for (operation, path) in operations {
        let index = contract.operation(operation.method().as_str(), path).unwrap();
        // The settings' file and those of v2 name none.
        let cap = contract.document["operations"][index].get("concurrency").unwrap_or(&json!(40)).clone();
        assert_eq!(cap, operation.concurrency(), "{operation:?}");
    }
}
