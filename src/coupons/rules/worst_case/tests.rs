use serde_json::{Value, json};

use super::super::read;
use super::*;

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn percent(percent: &str) -> Value {
    json!({"action": {"cart_value": {"discount": {"percentage_amount": percent}}}})
}

fn fixed(amount: &str, minimum: &str) -> Value {
    json!({
        "action": {"cart_value": {"discount": {"fixed_amount": amount}}},
        "condition": {"cart": {"minimum_spend": minimum}},
    })
}

/// An amount off items from 50 on, with these fields besides.
fn off_items(amount: &str, fields: &Value) -> Value {
    let mut items = json!({"discount": {"fixed_amount": amount}});
    items.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({"action": {"cart_items": items}, "condition": {"cart": {"minimum_spend": "50"}}})
}

fn with(mut rule: Value, field: &str, value: Value) -> Value {
    rule[field] = value;
    rule
}

fn of(rules: &[Value]) -> WorstCase {
    worst_case(&read(&json!(rules)))
}

#[track_caller]
fn assert_share(rules: &[Value], share: Option<&str>) {
    assert_eq!(of(rules).share(), share.map(decimal), "{rules:?}");
}

#[test]
fn no_rule_and_no_discount_take_nothing_off() {
    assert_share(&[], Some("0"));
    assert_share(&[percent("0"), fixed("0", "0")], Some("0"));
    let repeated = with(percent("0"), "apply_once", json!(false));
    assert_share(&[repeated], Some("0"));
    assert_share(&[json!({"action": {"shipping": {"zone_ids": "*"}}})], Some("0"));
}

#[test]
fn shares_add_up_on_the_order_that_hurts_most() {
    assert_share(&[percent("20")], Some("20"));
    assert_share(&[percent("20"), percent("30.5")], Some("50.5"));
    assert_share(&vec![percent("50"); 10], Some("100"));
    assert_share(&[percent("150")], Some("100"));
    assert_share(&[fixed("10", "100")], Some("10"));
    assert_share(&[fixed("99.99", "100")], Some("99.99"));
    assert_share(&[fixed("10", "30")], Some("33.3333333334"));
    assert_share(&vec![fixed("10", "60"); 3], Some("50"));
    // 10 of 20 is more than 12 of 100, and 10 + 90 of 100 is more than both.
    assert_share(&[fixed("10", "20"), fixed("2", "100")], Some("50"));
    assert_share(&[fixed("10", "20"), fixed("90", "100")], Some("100"));
    assert_share(&[fixed("10", "20"), fixed("60", "100"), percent("5")], Some("75"));
}

#[test]
fn an_amount_without_a_least_order_has_no_bound() {
    assert_share(&[json!({"action": {"cart_value": {"discount": {"fixed_amount": "0.01"}}}})], None);
    assert_share(&[fixed("5", "0.00")], None);
    let spend = |minimum: &str| json!({"cart": {"minimum_spend": minimum}});
    for (condition, share) in [
        (json!({"and": [spend("20"), {"cart": {"minimum_quantity": 9}}]}), Some("25")),
        (json!({"or": [spend("20"), spend("50")]}), Some("25")),
        (json!({"or": [spend("20"), {"cart": {"minimum_quantity": 9}}]}), None),
        (json!({"not": spend("20")}), None),
        (json!({"and": [{"not": spend("20")}, spend("10")]}), Some("50")),
        (json!({"cart": {"items": {"brands": [1]}, "minimum_quantity": 3}}), None),
    ] {
        assert_share(&[with(fixed("5", "0"), "condition", condition)], share);
    }
}

#[test]
fn amounts_off_items_are_bounded_by_a_number_of_items_or_a_maximum() {
    for (fields, share) in [
        (json!({}), None),
        (json!({"strategy": "LEAST_EXPENSIVE_ONLY"}), None),
        (json!({"exclude_items_on_sale": true, "include_items_considered_by_condition": true}), None),
        (json!({"quantity": 0}), None),
        (json!({"quantity": 1}), Some("10")),
        (json!({"quantity": 3}), Some("30")),
        (json!({"quantity": 11}), Some("100")),
        (json!({"quantity": u64::MAX}), Some("100")),
        (json!({"as_total": true}), Some("10")),
        (json!({"as_total": true, "quantity": 3}), Some("10")),
        (json!({"maximum_allowed_discount_amount": "20"}), Some("40")),
        (json!({"maximum_allowed_discount_amount": "0"}), None),
        (json!({"maximum_allowed_discount_amount": "20", "quantity": 2}), Some("20")),
    ] {
        assert_share(&[off_items("5", &fields)], share);
    }
}

#[test]
fn a_maximum_bounds_a_percentage_on_dear_orders_only() {
    let capped = |minimum: &str| {
        let discount = json!({"percentage_amount": "80"});
        let action = json!({"cart_value": {"discount": discount, "maximum_allowed_discount_amount": "10"}});
        json!({"action": action, "condition": {"cart": {"minimum_spend": minimum}}})
    };
    assert_share(&[capped("0")], Some("80"));
    assert_share(&[capped("5")], Some("80"));
    assert_share(&[capped("50")], Some("20"));
    assert_share(&[capped("50"), fixed("10", "40")], Some("40"));
}

#[test]
fn of_rules_that_stop_the_others_one_applies() {
    let last = |rule: Value| with(rule, "stop", json!(true));
    assert_share(&[last(percent("30")), last(percent("20")), last(percent("10"))], Some("30"));
    // In which order they run is not documented.
    assert_share(&[last(percent("30")), percent("20")], Some("50"));
    assert_share(&[percent("20"), last(percent("30"))], Some("50"));
    let tiers = [last(fixed("60", "200")), last(fixed("20", "100")), last(fixed("5", "50"))];
    assert_share(&tiers, Some("30"));
}

#[test]
fn what_repeats_gives_items_or_cannot_be_read_has_no_bound() {
    assert_share(&[with(percent("1"), "apply_once", json!(false))], None);
    assert_share(&[with(fixed("1", "1000"), "apply_once", json!(false))], None);
    assert_share(&[percent("10"), json!({"action": {"lottery": {}}})], None);
    assert_share(&[with(percent("10"), "bonus", json!(1))], None);
    assert_share(&[with(percent("10"), "condition", json!({"weather": "fine"}))], None);
    for (action, gives) in [
        (json!({"gift_item": {"quantity": 1, "product_id": 7}}), Gives::Gift),
        (json!({"fixed_price_set": {"quantity": 3, "fixed_price": "9999"}}), Gives::FixedPrice),
        (
            json!({"cart_items": {"discount": {"percentage_amount": "10"}, "add_free_item": true}}),
            Gives::FreeItem,
        ),
    ] {
        let rules = [json!({ "action": action }), json!({ "action": action }), fixed("20", "100")];
        let worst = of(&rules);
        assert_eq!((worst.share(), &worst.gives), (None, &vec![gives]), "{action}");
        let discounts = if gives == Gives::FreeItem { "40" } else { "20" };
        assert_eq!(worst.share_beside_gifts(), Some(decimal(discounts)), "{action}");
    }
}

#[test]
fn amounts_beyond_counting_are_all_of_an_order() {
    let most = "9".repeat(28);
    assert_share(&[fixed(&most, &most), fixed(&most, &most)], Some("100"));
    assert_share(&[fixed("1", &most), percent("1")], Some("1.0000000001"));
    assert_share(&[off_items(&most, &json!({"quantity": 9}))], None);
    assert_eq!(of(&vec![fixed(&most, "1"); 12]).fixed_amount, None);
}

#[test]
fn fixed_amounts_are_added_up_as_they_are_written() {
    let shipping = json!({"action": {"shipping_discount": {"discount": {"fixed_amount": "3"}}}});
    let sum = |rules: &[Value]| of(rules).fixed_amount;
    assert_eq!(sum(&[percent("10")]), Some(Decimal::ZERO));
    assert_eq!(sum(&[fixed("40", "100"), fixed("40", "90")]), Some(decimal("80")));
    assert_eq!(sum(&[off_items("5", &json!({"quantity": 3})), shipping]), Some(decimal("8")));
    let maximum = json!({"maximum_allowed_discount_amount": "4"});
    assert_eq!(sum(&[off_items("5", &maximum)]), Some(decimal("4")));
    let last = |amount: &str| with(fixed(amount, "100"), "stop", json!(true));
    assert_eq!(sum(&[last("40"), last("30"), fixed("1", "9")]), Some(decimal("41")));
    assert_eq!(sum(&[with(fixed("1", "100"), "apply_once", json!(false))]), None);
    assert_eq!(sum(&[with(percent("1"), "apply_once", json!(false))]), Some(Decimal::ZERO));
}
