use serde_json::{Map, Value, json};

use super::*;
use crate::coupons::promotion_list::CodeGlimpse;

const NOW: &str = "2026-06-10T12:00:00Z";

fn document(fields: Value) -> Map<String, Value> {
    let mut document = json!({
        "id": 7, "redemption_type": "COUPON", "name": "Summer Sale", "channels": [],
        "customer": {"group_ids": [], "minimum_order_count": 0, "excluded_group_ids": [], "segments": null},
        "rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "20"}}}, "apply_once": true}],
        "current_uses": 3, "max_uses": null, "status": "ENABLED", "start_date": "2026-06-01T00:00:00+00:00",
        "end_date": null, "stop": false, "can_be_used_with_other_promotions": true, "currency_code": "USD",
        "notifications": [], "shipping_address": null, "schedule": null, "coupon_type": "BULK",
        "coupon_overrides_other_promotions": false,
    });
    let (Value::Object(document), Value::Object(fields)) = (&mut document, fields) else { panic!("objects") };
    document.extend(fields);
    document.clone()
}

fn glimpse(code: &str) -> CodeGlimpse {
    CodeGlimpse { code: code.to_owned(), current_uses: 0 }
}

fn viewed(fields: Value) -> PromotionView {
    let codes = CodesGlimpse { count: Some(2), examples: vec![glimpse("ANNA10"), glimpse("BEN10")] };
    view(&Promotion::read(document(fields)), Some(codes), None, NOW.parse().unwrap())
}

#[test]
fn a_plain_promotion_is_told_in_full_and_nothing_is_left_over() {
    let start = Moment::new("2026-06-01T00:00:00Z".parse().unwrap(), None);
    let expected = json!({
        "id": 7, "name": "Summer Sale", "effective_state": "active", "status": "ENABLED", "kind": "coupon",
        "coupon_type": "BULK", "rules": ["20% off the order."], "current_uses": 3, "max_uses": 0,
        "start": start, "stacking": ["It applies beside other promotions."], "customers": ["All customers."],
        "channels": "All channels.", "currency": "USD",
        "codes": {"count": 2, "examples": [{"code": "ANNA10", "current_uses": 0}, {"code": "BEN10", "current_uses": 0}]},
    });
    assert_eq!(json!(viewed(json!({}))), expected);
}

#[test]
fn who_can_use_it_is_told_and_group_0_by_its_meaning() {
    let told = |customer: Value| viewed(json!({"customer": customer})).customers;
    assert_eq!(
        told(json!({"group_ids": [0, 3], "minimum_order_count": 2})),
        [
            "Only customer groups 0 (guests and customers without a group), 3.",
            "Only customers with at least 2 earlier orders.",
        ]
    );
    assert_eq!(told(json!({"excluded_group_ids": [4]})), ["Not customer groups 4."]);
    assert_eq!(
        told(json!({"segments": {"id": ["ccec121a"]}, "age": 18})),
        [r#"Only customer segments {"id":["ccec121a"]}."#, r#"Customers as in {"age":18}."#]
    );
    assert_eq!(told(json!({"group_ids": ["3"]})), [r#"Customers as in {"group_ids":["3"]}."#]);
    assert_eq!(told(json!(null)), ["All customers."]);
}

#[test]
fn where_it_can_be_used_is_told() {
    let channels = |channels: Value| viewed(json!({"channels": channels})).channels;
    assert_eq!(channels(json!([{"id": 1}, {"id": 3}])), "Only channels 1, 3.");
    assert_eq!(channels(json!([{"id": "x"}, 4])), "Only channels \"x\", 4.");
    let address = |address: Value| viewed(json!({"shipping_address": address})).shipping_address;
    let countries = json!({"countries": [{"iso2_country_code": "US"}, {"iso2_country_code": "CA"}]});
    assert_eq!(address(countries.clone()).as_deref(), Some("Only to US, CA."));
    assert_eq!(address(json!({"not": countries})).as_deref(), Some("Not to US, CA."));
    assert_eq!(
        address(json!({"countries": [{"iso2_country_code": "US", "states": ["NY"]}]})).as_deref(),
        Some(r#"Only to addresses that match {"countries":[{"iso2_country_code":"US","states":["NY"]}]}."#)
    );
}

#[test]
fn how_it_goes_with_others_is_told() {
    let stacking = |fields: Value| viewed(fields).stacking;
    let alone = "It does not apply beside other promotions.";
    assert_eq!(stacking(json!({"can_be_used_with_other_promotions": false})), [alone]);
    let replacing =
        json!({"can_be_used_with_other_promotions": false, "coupon_overrides_other_promotions": true});
    assert_eq!(stacking(replacing), ["It does not apply beside other promotions: its coupon replaces them."]);
    assert_eq!(
        stacking(json!({"stop": true, "coupon_overrides_automatic_when_offering_higher_discounts": true})),
        [
            "It applies beside other promotions.",
            "Its coupon replaces automatic promotions where it takes off more.",
            "Promotions of lower priority are skipped after it.",
        ]
    );
}

#[test]
fn notifications_are_told_whole() {
    let notifications = json!([
        {"type": "APPLIED", "locations": ["CART_PAGE", "CHECKOUT_PAGE"], "content": "You save \u{202e}20%"},
        {"type": "APPLIED", "content": "x"},
    ]);
    assert_eq!(
        viewed(json!({"notifications": notifications})).notifications,
        [r#"APPLIED on CART_PAGE, CHECKOUT_PAGE: "You save 20%""#, r#"{"type":"APPLIED","content":"x"}"#]
    );
}

#[test]
fn what_has_no_words_is_left_as_json_and_hides_nothing() {
    let view = viewed(json!({
        "created_from": "api", "is_archived": true, "max_uses": "many", "end_date": "soon",
        "status": "SLEEPING\u{200b}", "coupon_type": "TRIPLE", "schedule": null, "promotion_category": null,
    }));
    assert_eq!(
        view.other.as_deref(),
        Some(
            r#"{"max_uses":"many","status":"SLEEPING","end_date":"soon","coupon_type":"TRIPLE","created_from":"api","is_archived":true}"#
        )
    );
    assert_eq!((view.status, view.effective_state), ("INVALID", "invalid"));
}

#[test]
fn every_field_of_a_document_is_told_or_left_over() {
    let marked = json!({"a": "mark"});
    for name in document(json!({})).keys() {
        let view = json!(viewed(json!({ name: marked })));
        assert!(view.to_string().contains("mark"), "{name}: {view}");
    }
}

#[test]
fn what_is_wrong_is_warned_of() {
    let percent = json!({"action": {"cart_value": {"discount": {"percentage_amount": "1"}}}});
    let mut repeated = percent.clone();
    repeated["apply_once"] = json!(false);
    for (fields, warning) in [
        (json!({"status": "INVALID"}), "marked it INVALID"),
        (json!({"rules": []}), "no rules"),
        (json!({"customer": {"group_ids": [1], "excluded_group_ids": [2]}}), "gives it to nobody"),
        (json!({"rules": [repeated]}), "repeats for every match"),
        (json!({"coupon_overrides_other_promotions": true}), "excludes each other"),
        (json!({"end_date": "2026-05-01T00:00:00Z"}), "ends before it starts"),
        (json!({"rules": vec![percent; 11]}), "It has 11 rules"),
    ] {
        let warnings = viewed(fields.clone()).warnings;
        assert!(matches!(warnings.as_slice(), [only] if only.contains(warning)), "{fields}: {warnings:?}");
    }
    let without_code = view(
        &Promotion::read(document(json!({}))),
        Some(CodesGlimpse { count: Some(0), examples: Vec::new() }),
        None,
        NOW.parse().unwrap(),
    );
    assert!(without_code.warnings[0].contains("create_coupon_code"), "{:?}", without_code.warnings);
}

#[test]
fn an_empty_list_for_an_object_says_nothing_and_is_not_sent_back() {
    let rules = json!([{
        "action": {"cart_value": {"discount": {"percentage_amount": "20"}}}, "condition": [], "apply_once": true,
    }]);
    let odd = json!({"customer": [], "shipping_address": [], "schedule": [], "rules": rules});
    let view = viewed(odd.clone());
    assert_eq!(view.rules, ["20% off the order."]);
    assert_eq!((view.customers, view.shipping_address), (vec!["All customers.".to_owned()], None));
    let document = json!(Promotion::read(document(odd)).document).to_string();
    for name in ["customer", "shipping_address", "schedule", "condition"] {
        assert!(!document.contains(&format!("\"{name}\"")), "{document}");
    }
}

#[test]
fn a_date_that_cannot_be_read_makes_the_state_unknown_and_is_shown() {
    for (field, argument) in [("end_date", "ends_at"), ("start_date", "starts_at")] {
        let view = viewed(json!({field: "2026-07-01 00:00:00"}));
        assert_eq!(view.effective_state, "unknown", "{field}");
        let warning = format!("Its {field} \"2026-07-01 00:00:00\" is no time with an offset");
        let warned = view.warnings.iter().find(|told| told.starts_with(&warning));
        assert!(warned.is_some_and(|told| told.contains(argument)), "{:?}", view.warnings);
    }
    let over = viewed(json!({"start_date": "soon", "end_date": "2026-06-09T00:00:00Z"}));
    assert_eq!(over.effective_state, "expired", "what is known is told");
    assert_eq!(viewed(json!({"end_date": "soon", "status": "DISABLED"})).effective_state, "disabled");
}
