use serde_json::{Value, json};

use super::*;
use crate::coupons::rules;

fn off() -> Value {
    json!({"cart_value": {"discount": {"percentage_amount": "10"}}})
}

fn rule(action: &Value, condition: &Value) -> Value {
    json!({"action": action, "condition": condition})
}

fn spend(minimum: &str) -> Value {
    json!({"cart": {"minimum_spend": minimum}})
}

fn of_brand(fields: Value) -> Value {
    let mut cart = json!({"items": {"brands": [1]}, "minimum_quantity": 1});
    let (Value::Object(all), Value::Object(fields)) = (&mut cart, fields) else { panic!("objects") };
    all.extend(fields);
    json!({ "cart": cart })
}

/// Without a subtotal, and with each of these.
fn told(rules: &Value) -> [Option<bool>; 3] {
    let rules = rules::read(rules);
    [None, Some(Decimal::from(49)), Some(Decimal::from(50))].map(|subtotal| applies(&rules, subtotal))
}

const ALWAYS: [Option<bool>; 3] = [Some(true); 3];
const FROM_50: [Option<bool>; 3] = [None, Some(false), Some(true)];
const MAYBE: [Option<bool>; 3] = [None; 3];
const MAYBE_FROM_50: [Option<bool>; 3] = [None, Some(false), None];

#[test]
fn a_rule_without_a_condition_applies_to_every_cart_that_it_can_be_about() {
    for (action, applies) in [
        (off(), ALWAYS),
        (json!({"gift_item": {"quantity": 1, "product_id": 3}}), ALWAYS),
        (json!({"shipping": {"free_shipping": true, "zone_ids": "*"}}), ALWAYS),
        (json!({"shipping": {"free_shipping": true, "zone_ids": [1]}}), MAYBE),
        (json!({"shipping_discount": {"discount": {"fixed_amount": "5"}, "method_ids": [1]}}), MAYBE),
        (json!({"cart_items": {"discount": {"fixed_amount": "5"}}}), ALWAYS),
        (json!({"cart_items": {"discount": {"fixed_amount": "5"}, "items": {"brands": [1]}}}), MAYBE),
        (json!({"cart_items": {"discount": {"fixed_amount": "5"}, "exclude_items_on_sale": true}}), MAYBE),
        (json!({"cart_items": {"discount": {"fixed_amount": "5"}, "quantity": 2}}), MAYBE),
        (json!({"fixed_price_set": {"quantity": 3, "fixed_price": "25"}}), MAYBE),
        (json!({"cart_value": {"discount": {"percentage_amount": "ten"}}}), MAYBE),
        (json!({"magic": {}}), MAYBE),
    ] {
        assert_eq!(told(&json!([{ "action": action }])), applies, "{action}");
    }
}

#[test]
fn a_condition_is_as_certain_as_its_parts() {
    let (from_50, brand, unknown) = (spend("50"), of_brand(json!({})), json!({"moon": "full"}));
    for (condition, applies) in [
        (from_50.clone(), FROM_50),
        (json!({"cart": {}}), ALWAYS),
        (json!({"cart": {"minimum_quantity": 3}}), ALWAYS),
        (brand.clone(), MAYBE),
        (of_brand(json!({"minimum_spend": "50"})), MAYBE_FROM_50),
        (spend("fifty"), MAYBE),
        (unknown.clone(), MAYBE),
        (json!({"and": [from_50, spend("20")]}), FROM_50),
        (json!({"and": [from_50, brand]}), MAYBE_FROM_50),
        (json!({"or": [from_50, spend("80")]}), FROM_50),
        (json!({"or": [from_50, unknown]}), MAYBE),
        (json!({"not": from_50}), [None, Some(true), Some(false)]),
        (json!({"not": brand}), MAYBE),
    ] {
        assert_eq!(told(&json!([rule(&off(), &condition)])), applies, "{condition}");
    }
}

#[test]
fn one_rule_that_applies_is_enough_and_none_is_none() {
    let from_50 = rule(&off(), &spend("50"));
    let from_80 = rule(&off(), &spend("80"));
    let of_brand = rule(&off(), &of_brand(json!({})));
    assert_eq!(told(&json!([from_80, from_50])), FROM_50);
    assert_eq!(told(&json!([from_50, of_brand])), [None, None, Some(true)]);
    assert_eq!(told(&json!([from_80, {"action": off()}])), ALWAYS);
    assert_eq!(told(&json!([])), [Some(false); 3]);
}

fn open(rules: &Value, subtotal: Option<u32>) -> Vec<&'static str> {
    let unchecked = unchecked(&rules::read(rules), subtotal.map(Decimal::from), Some("USD"));
    unchecked.iter().map(|unchecked| unchecked.what).collect()
}

#[test]
fn what_would_have_to_be_known_is_named() {
    let from_50 = rule(&off(), &spend("50"));
    let brand_from_50 = rule(&off(), &of_brand(json!({"minimum_spend": "50"})));
    assert_eq!(open(&json!([from_50]), None), ["minimum_spend"]);
    assert_eq!(open(&json!([brand_from_50]), None), ["minimum_spend", "cart_contents"]);
    assert_eq!(open(&json!([brand_from_50]), Some(60)), ["cart_contents"]);
    assert_eq!(
        open(&json!([{"action": {"shipping": {"free_shipping": true, "zone_ids": [1]}}}]), None),
        ["shipping_address"]
    );
    assert_eq!(open(&json!([{"action": {"magic": {}}}]), None), ["rules"]);
}

#[test]
fn every_open_question_has_a_name() {
    for rule in [
        json!({"action": {"cart_items": {"discount": {"fixed_amount": "5"}}}, "condition": spend("50")}),
        json!({"action": {"fixed_price_set": {"quantity": 3, "fixed_price": "25"}}}),
        json!({"action": off(), "condition": {"not": of_brand(json!({}))}}),
        json!({"action": off(), "condition": {"or": [spend("50"), {"moon": "full"}]}}),
        json!({"action": off(), "weather": "fine"}),
        json!({"action": {"shipping_discount": {"discount": {"fixed_amount": "5"}, "method_ids": [1]}}}),
    ] {
        for subtotal in [None, Some(60)] {
            let rules = rules::read(&json!([rule]));
            let is_open = applies(&rules, subtotal.map(Decimal::from)).is_none();
            assert_eq!(open(&json!([rule]), subtotal).is_empty(), !is_open, "{rule} at {subtotal:?}");
        }
    }
}
