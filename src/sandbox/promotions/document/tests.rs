use super::*;
use crate::sandbox::seed;

/// When the requests of these tests come.
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn create(body: &Value) -> Result<Map<String, Value>, Invalid> {
    super::create(body, NOW)
}

/// A minimal body with `extra` in it.
fn body(extra: Value) -> Value {
    let mut body = json!({
        "name": "Test",
        "redemption_type": "COUPON",
        "rules": [{ "action": { "cart_value": { "discount": { "percentage_amount": "10" } } } }],
    });
    body.as_object_mut().unwrap().extend(object(extra));
    body
}

fn refusal(extra: Value) -> String {
    let body = body(extra);
    create(&body).map_or_else(|invalid| invalid.to_string(), |_| format!("accepted: {body}"))
}

fn with_rule(rule: &Value) -> String {
    refusal(json!({ "rules": [rule] }))
}

fn with_action(action: &Value) -> String {
    with_rule(&json!({ "action": action }))
}

#[test]
fn the_seeds_obey_the_rules_and_lack_nothing() {
    let seeds: Vec<Map<String, Value>> = serde_json::from_str(seed::PROMOTIONS).unwrap();
    for mut seed in seeds {
        let id = seed.shift_remove("id");
        assert_eq!(settle(seed.clone(), NOW).unwrap(), seed, "{id:?}");
    }
}

#[test]
fn the_required_fields_are_required() {
    for name in ["redemption_type", "name", "rules"] {
        assert_eq!(refusal(json!({ name: null })), format!("{name} is required."));
    }
    assert_eq!(create(&json!([])).unwrap_err().to_string(), "The request body must be an object.");
}

#[test]
fn each_field_is_checked_by_itself() {
    for (extra, sentence) in [
        (json!({ "redemption_type": "coupon" }), "redemption_type must be one of: AUTOMATIC, COUPON."),
        (json!({ "coupon_type": "MANY" }), "coupon_type must be one of: SINGLE, BULK."),
        (json!({ "name": " " }), "name must not be blank."),
        (json!({ "display_name": 1 }), "display_name must be a string."),
        (json!({ "channels": [{}] }), "channels.0.id is required."),
        (json!({ "rules": [] }), "rules must have at least 1 item(s)."),
        (json!({ "rules": vec![json!({}); 11] }), "rules must have at most 10 item(s)."),
        (json!({ "max_uses": 0 }), "max_uses must be an integer of at least 1."),
        (json!({ "status": "INVALID" }), "status must be one of: ENABLED, DISABLED."),
        (json!({ "stop": "no" }), "stop must be a boolean."),
        (json!({ "currency_code": "usd" }), "currency_code must be an ISO 4217 code or *."),
        (
            json!({ "notifications": [{ "content": "", "type": "HELLO", "locations": [] }] }),
            "notifications.0.type must be one of: UPSELL, ELIGIBLE, APPLIED.",
        ),
        (
            json!({ "shipping_address": { "countries": [{ "iso2_country_code": "USA" }] } }),
            "shipping_address.countries.0.iso2_country_code must be two capital letters.",
        ),
        (
            json!({ "customer": { "group_ids": [1], "excluded_group_ids": [-1] } }),
            "customer.excluded_group_ids.0 must be an integer of at least 0.",
        ),
        (
            json!({ "customer": { "segments": { "and": [{ "id": ["a"] }] } } }),
            "customer.segments.and must have at least 2 item(s).",
        ),
        (json!({ "schedule": { "week_frequency": 1 } }), "schedule.week_days is required."),
        (
            json!({ "schedule": {
                "week_frequency": 1,
                "week_days": ["Monday"],
                "daily_start_time": "00:00:00",
                "daily_end_time": "24:00:00",
            } }),
            "schedule.daily_end_time must be a time of day, as in 23:59:00.",
        ),
    ] {
        assert_eq!(refusal(extra), sentence);
    }
}

#[test]
fn fields_are_checked_against_each_other() {
    let date = "must be a date and time with an offset, as in 2025-12-30T01:02:03+00:00.";
    let day = "2020-01-01T00:00:00+00:00";
    for (extra, sentence) in [
        (json!({ "start_date": "tomorrow" }), format!("start_date {date}")),
        (json!({ "end_date": "2020-01-01T00:00:00" }), format!("end_date {date}")),
        (json!({ "start_date": day, "end_date": day }), "end_date must be after start_date.".to_owned()),
        (
            json!({ "start_date": day, "end_date": "2019-12-31T23:59:59+00:00" }),
            "end_date must be after start_date.".to_owned(),
        ),
        (
            json!({ "coupon_overrides_other_promotions": true }),
            "coupon_overrides_other_promotions needs can_be_used_with_other_promotions to be false."
                .to_owned(),
        ),
        (
            json!({ "redemption_type": "AUTOMATIC", "coupon_type": "BULK" }),
            "coupon_type is only for promotions with redemption_type COUPON.".to_owned(),
        ),
        (
            json!({
                "redemption_type": "AUTOMATIC",
                "can_be_used_with_other_promotions": false,
                "coupon_overrides_other_promotions": true,
            }),
            "coupon_overrides_other_promotions is only for promotions with redemption_type COUPON."
                .to_owned(),
        ),
        (
            json!({
                "redemption_type": "AUTOMATIC",
                "can_be_used_with_other_promotions": false,
                "coupon_overrides_automatic_when_offering_higher_discounts": true,
            }),
            "coupon_overrides_automatic_when_offering_higher_discounts is only for promotions with \
             redemption_type COUPON."
                .to_owned(),
        ),
        (
            json!({
                "currency_code": "*",
                "rules": [{ "action": { "cart_value": { "discount": { "fixed_amount": "5.00" } } } }],
            }),
            "currency_code can be * for percentage discounts only.".to_owned(),
        ),
    ] {
        assert_eq!(refusal(extra), sentence);
    }
    let overriding =
        json!({ "can_be_used_with_other_promotions": false, "coupon_overrides_other_promotions": true });
    assert!(create(&body(overriding)).is_ok());
    assert!(create(&body(json!({ "currency_code": "*" }))).is_ok());
}

#[test]
fn dates_are_kept_in_utc() {
    let saved = create(&body(json!({
        "start_date": "2020-01-01T00:00:00.500+02:00",
        "end_date": "2020-02-01T00:00:00Z",
    })))
    .unwrap();
    assert_eq!(saved["start_date"], "2019-12-31T22:00:00+00:00");
    assert_eq!(saved["end_date"], "2020-02-01T00:00:00+00:00");
}

#[test]
fn an_action_has_one_kind_and_its_fields() {
    let percentage = |amount: Value| json!({ "cart_value": { "discount": { "percentage_amount": amount } } });
    let range = "rules.0.action.cart_value.discount.percentage_amount must be a decimal number in a string, \
                 above 0 and at most 100.";
    for (action, sentence) in [
        (percentage(json!("0")), range),
        (percentage(json!("100.5")), range),
        (percentage(json!("10%")), range),
        (percentage(json!(10)), "rules.0.action.cart_value.discount.percentage_amount must be a string."),
        (
            json!({ "cart_value": { "discount": { "percentage_amount": "1", "fixed_amount": "1" } } }),
            "rules.0.action.cart_value.discount must have exactly one of: percentage_amount, fixed_amount.",
        ),
        (
            json!({ "cart_value": {
                "discount": { "percentage_amount": "1" },
                "maximum_allowed_discount_amount": "0.50",
            } }),
            "rules.0.action.cart_value.maximum_allowed_discount_amount must be a decimal number in a string, \
             between 1 and 10000000.",
        ),
        (
            json!({ "cart_items": { "discount": { "fixed_amount": "1" }, "strategy": "CHEAPEST" } }),
            "rules.0.action.cart_items.strategy must be one of: LEAST_EXPENSIVE, LEAST_EXPENSIVE_ONLY, \
             MOST_EXPENSIVE, MOST_EXPENSIVE_ONLY.",
        ),
        (
            json!({ "gift_item": { "quantity": 1 } }),
            "rules.0.action.gift_item must have exactly one of: product_id, variant_id.",
        ),
        (
            json!({ "fixed_price_set": { "quantity": 2, "fixed_price": 5 } }),
            "rules.0.action.fixed_price_set.fixed_price must be a string.",
        ),
        (json!({ "shipping": {} }), "rules.0.action.shipping.zone_ids is required."),
        (
            json!({ "shipping": { "zone_ids": [1, 1] } }),
            "rules.0.action.shipping.zone_ids must not name a zone twice.",
        ),
    ] {
        assert_eq!(with_action(&action), sentence);
    }
    let kinds = "rules.0.action must have exactly one of: cart_value, cart_items, gift_item, \
                 fixed_price_set, shipping.";
    assert_eq!(with_action(&json!({})), kinds);
    assert_eq!(with_rule(&json!({})), "rules.0.action is required.");
}

#[test]
fn conditions_and_matchers_are_checked_to_their_depth() {
    let rule = |items: Value| {
        json!({
            "action": { "shipping": { "zone_ids": "*" } },
            "condition": { "cart": { "items": items, "minimum_quantity": 1 } },
        })
    };
    let nested = |depth: usize| (0..depth).fold(json!({ "brands": [1] }), |child, _| json!({ "not": child }));

    assert!(with_rule(&rule(nested(3))).starts_with("accepted"));
    assert!(with_rule(&rule(nested(4))).contains("must have exactly one of: brands, categories"));
    let fields = vec![json!({ "product_custom_field": { "name": "A", "values": ["1"] } }); 11];
    assert_eq!(
        with_rule(&rule(json!({ "or": fields }))),
        "rules.0.condition.cart.items must have at most 10 product_custom_field matchers."
    );
    let mut without_quantity = rule(nested(0));
    without_quantity["condition"]["cart"].as_object_mut().unwrap().shift_remove("minimum_quantity");
    assert_eq!(with_rule(&without_quantity), "rules.0.condition.cart.minimum_quantity is required.");
}
