use serde_json::{Value, json};

use super::*;
use crate::policy::{ConfirmThresholds, Policy};

fn now() -> Timestamp {
    "2026-06-10T12:00:00Z".parse().unwrap()
}

/// So many days and seconds from now.
fn end(days: i64, seconds: i64) -> Value {
    let end = now() + SignedDuration::from_hours(days * 24) + SignedDuration::from_secs(seconds);
    json!({"end_date": end.to_string()})
}

/// An ordinary promotion (20%, capped, ending), with these fields in place of its own.
fn promotion(fields: &Value) -> Promotion {
    let mut document = json!({
        "id": 1, "name": "A", "redemption_type": "COUPON", "status": "ENABLED", "max_uses": 100,
        "end_date": "2026-07-10T12:00:00Z", "can_be_used_with_other_promotions": false,
        "rules": [percent("20")],
    });
    let document = document.as_object_mut().unwrap();
    document.extend(fields.as_object().unwrap().clone());
    Promotion::read(document.clone())
}

fn percent(percent: impl Into<Value>) -> Value {
    let discount = json!({"percentage_amount": percent.into()});
    json!({"action": {"cart_value": {"discount": discount}}})
}

fn fixed(amount: &str, minimum: Option<&str>) -> Value {
    let mut rule = json!({"action": {"cart_value": {"discount": {"fixed_amount": amount}}}});
    if let Some(minimum) = minimum {
        rule["condition"] = json!({"cart": {"minimum_spend": minimum}});
    }
    rule
}

fn action(action: &Value) -> Value {
    json!({"action": action})
}

fn rules(rules: &[Value]) -> Value {
    json!({ "rules": rules })
}

fn asked(before: Option<&Value>, after: &Value) -> Vec<String> {
    let before = before.map(promotion);
    exposure(before.as_ref(), &promotion(after), &Rules::default(), now())
}

fn assert_asked(before: Option<&Value>, after: &Value, reasons: &[&str]) {
    assert_eq!(asked(before, after), reasons, "{before:?} -> {after}");
}

const GIVES: &str = "gives an item away";
const FIXED_PRICE: &str = "sells items at a fixed price";
const ADDS: &str = "adds a free item to the cart";
const UNREADABLE: &str = "has a rule that this server cannot read, so its cost is unknown";
const ENDLESS: &str = "has no cap on uses and no end";
const LONG: &str = "has no cap on uses and ends more than 90 days from now";
const STACKS: &str = "now works beside other promotions, which it did not";

#[test]
fn a_percentage_is_asked_about_above_half() {
    let of = |percent: &str| format!("takes off {percent}%, more than 50%");
    for (percentage, reasons) in [
        (json!("20"), vec![]),
        (json!("50"), vec![]),
        (json!("50.00"), vec![]),
        (json!(50), vec![]),
        (json!("50.01"), vec![of("50.01")]),
        (json!(50.01), vec![of("50.01")]),
        (json!("100.0"), vec![of("100")]),
    ] {
        let on_items = json!({"cart_items": {"discount": {"percentage_amount": percentage}}});
        for rule in [percent(percentage), action(&on_items)] {
            assert_eq!(asked(None, &rules(std::slice::from_ref(&rule))), reasons, "{rule}");
        }
    }
}

#[test]
fn a_fixed_amount_is_asked_about_from_the_minimum_spend_on() {
    let free = |amount: &str, minimum: &str| {
        format!("takes off {amount} where an order of {minimum} is enough, so an order can be free")
    };
    for (rule, reasons) in [
        (fixed("5", Some("10")), vec![]),
        (fixed("5.00", Some("10.00")), vec![]),
        (
            fixed("5.01", Some("10")),
            vec!["takes off up to 50.1% (5.01 on an order of 10), more than 50%".to_owned()],
        ),
        (
            fixed("9.99", Some("10")),
            vec!["takes off up to 99.9% (9.99 on an order of 10), more than 50%".to_owned()],
        ),
        (fixed("10", Some("10.00")), vec![free("10", "10.00")]),
        (fixed("10.01", Some("10")), vec![free("10.01", "10")]),
        (fixed("0.01", None), vec![free("0.01", "0")]),
    ] {
        assert_eq!(asked(None, &rules(std::slice::from_ref(&rule))), reasons, "{rule}");
    }
}

#[test]
fn only_a_minimum_spend_that_every_order_reaches_counts() {
    let spend = |minimum: &str| json!({"cart": {"minimum_spend": minimum}});
    for (condition, is_asked) in [
        (json!({"and": [spend("20"), {"cart": {"minimum_quantity": 3}}]}), false),
        (json!({"or": [spend("20"), spend("30")]}), false),
        (json!({"or": [spend("20"), spend("5")]}), true),
        (json!({"or": [spend("20"), {"cart": {"minimum_quantity": 3}}]}), true),
        (json!({"not": spend("20")}), true),
        (json!({"cart": {"minimum_quantity": 3}}), true),
    ] {
        let mut rule = fixed("10", None);
        rule["condition"] = condition;
        assert_eq!(!asked(None, &rules(std::slice::from_ref(&rule))).is_empty(), is_asked, "{rule}");
    }
}

#[test]
fn what_costs_whole_items_is_always_asked_about_and_shipping_never() {
    let twenty = json!({"percentage_amount": "20"});
    for (given, reasons) in [
        (json!({"gift_item": {"quantity": 1, "product_id": 7}}), vec![GIVES]),
        (json!({"fixed_price_set": {"quantity": 3, "fixed_price": "30"}}), vec![FIXED_PRICE]),
        (json!({"cart_items": {"discount": twenty, "add_free_item": true}}), vec![ADDS]),
        (json!({"cart_items": {"discount": twenty, "add_free_item": false}}), vec![]),
        (json!({"shipping": {"free_shipping": true, "zone_ids": "*"}}), vec![]),
        (json!({"shipping_discount": {"discount": {"percentage_amount": "100"}}}), vec![]),
        (json!({"shipping_discount": {"discount": {"fixed_amount": "500"}}}), vec![]),
        (json!({"free_money": {"amount": "1"}}), vec![UNREADABLE]),
        (json!({"cart_value": {"discount": twenty, "twice": true}}), vec![UNREADABLE]),
        (json!({"cart_value": {"discount": {"percentage_amount": "9e1"}}}), vec![UNREADABLE]),
        (json!({"cart_value": {"discount": {"percentage_amount": "20%"}}}), vec![UNREADABLE]),
        (
            json!({"cart_items": {"discount": {"percentage_amount": "20", "fixed_amount": "1"}}}),
            vec![UNREADABLE],
        ),
        (json!({"cart_items": {"discount": null}}), vec![UNREADABLE]),
        (Value::Null, vec![UNREADABLE]),
    ] {
        assert_asked(None, &rules(&[action(&given)]), &reasons);
    }
}

#[test]
fn a_key_that_is_not_known_may_be_costly_too() {
    let mut rule = percent("20");
    rule["bonus"] = json!({"gift_item": {"quantity": 1, "product_id": 7}});
    assert_asked(None, &rules(&[rule]), &[UNREADABLE]);
}

#[test]
fn one_rule_of_several_is_enough_and_each_is_told() {
    let gift = action(&json!({"gift_item": {"quantity": 1, "product_id": 7}}));
    let shipping = action(&json!({"shipping": {"free_shipping": true, "zone_ids": "*"}}));
    assert_asked(None, &rules(&[percent("20"), shipping.clone(), gift.clone()]), &[GIVES]);
    let eighty = "takes off up to 80% (60% and 20% together), more than 50%";
    assert_asked(None, &rules(&[shipping, gift, percent("60"), percent("20")]), &[GIVES, eighty]);
}

#[test]
fn without_a_cap_the_end_must_be_near() {
    for (end, reasons) in [
        (end(89, 0), vec![]),
        (end(90, 0), vec![]),
        (end(90, 1), vec![LONG]),
        (end(91, 0), vec![LONG]),
        (json!({"end_date": null}), vec![ENDLESS]),
        (json!({"end_date": "someday"}), vec![ENDLESS]),
    ] {
        for cap in [Value::Null, json!(0)] {
            let mut uncapped = end.clone();
            uncapped["max_uses"] = cap;
            assert_asked(None, &uncapped, &reasons);
        }
        assert_asked(None, &end, &[]);
    }
}

#[test]
fn a_cap_may_double_and_not_grow_further_or_go() {
    let cap = |uses: u64| json!({ "max_uses": uses });
    let more = |uses: u64| format!("gets a cap of {uses} uses in place of 100, more than 2 times as many");
    for (uses, reasons) in [
        (50, vec![]),
        (100, vec![]),
        (200, vec![]),
        (201, vec![more(201)]),
        (1_000_000, vec![more(1_000_000)]),
        (0, vec!["loses its cap of 100 uses".to_owned()]),
    ] {
        assert_eq!(asked(Some(&cap(100)), &cap(uses)), reasons, "{uses}");
    }
    // A first cap only narrows.
    assert_asked(Some(&cap(0)), &cap(1_000_000), &[]);
    assert_asked(None, &cap(1_000_000), &[]);
}

#[test]
fn what_rules_take_off_together_is_asked_about() {
    let sixty = percent("60");
    let with = |mut rule: Value, field: &str, value: Value| {
        rule[field] = value;
        rule
    };
    let items = |discount: Value| action(&json!({"cart_items": {"discount": discount}}));
    let half_off_items = items(json!({"percentage_amount": "50"}));
    let each = items(json!({"fixed_amount": "40"}));
    for (given, reason) in [
        (vec![percent("50"); 2], "takes off up to 100% (50% and 50% together), more than 50%"),
        (vec![percent("50"); 11], "takes off up to 100% (11 discounts together), more than 50%"),
        (vec![percent("50"), half_off_items], "takes off up to 100% (50% and 50% together), more than 50%"),
        (
            vec![percent("25.5"), percent("25")],
            "takes off up to 50.5% (25.5% and 25% together), more than 50%",
        ),
        (
            vec![fixed("99.99", Some("100"))],
            "takes off up to 99.99% (99.99 on an order of 100), more than 50%",
        ),
        (
            vec![percent("40"), fixed("11", Some("100"))],
            "takes off up to 51% (40% and 11 together on an order of 100), more than 50%",
        ),
        (
            vec![fixed("10", Some("11")); 10],
            "takes off 100 where an order of 11 is enough, so an order can be free",
        ),
        (
            vec![with(each, "condition", json!({"cart": {"minimum_spend": "50"}}))],
            "takes off 40 from each item, however many and cheap, so an order can be free",
        ),
        (
            vec![with(fixed("10", Some("10.01")), "apply_once", json!(false))],
            "takes off 10 again and again, as a rule repeats, so an order can be free",
        ),
        (vec![with(sixty.clone(), "stop", json!(true)); 3], "takes off 60%, more than 50%"),
    ] {
        assert_asked(None, &rules(&given), &[reason]);
    }
    // At most one of these ever applies.
    assert_asked(None, &rules(&vec![with(percent("30"), "stop", json!(true)); 3]), &[]);
    assert_asked(None, &rules(&[percent("25"), percent("25")]), &[]);
    assert_asked(None, &rules(&[percent("40"), fixed("10", Some("100"))]), &[]);
}

#[test]
fn a_cap_that_is_as_large_as_none_counts_as_none() {
    let with = |cap: u64, end: Value| json!({"max_uses": cap, "end_date": end["end_date"]});
    let none = |cap: u64| format!("has no cap on uses ({cap} counts as none) and no end");
    for (cap, reasons) in
        [(99_999, vec![]), (100_000, vec![none(100_000)]), (2_147_483_647, vec![none(2_147_483_647)])]
    {
        assert_eq!(asked(None, &with(cap, json!({}))), reasons, "{cap}");
    }
    assert_asked(None, &with(100_000, end(90, 0)), &[]);
    let long = "has no cap on uses (100000 counts as none) and ends more than 90 days from now";
    assert_asked(None, &with(100_000, end(91, 0)), &[long]);
    // What grows out of being a cap is lost, and what was none has nothing to lose.
    let cap = |uses: u64| json!({ "max_uses": uses });
    let lost = "gets a cap of 100000 uses in place of 60000, which counts as none";
    assert_asked(Some(&cap(60_000)), &cap(100_000), &[lost]);
    assert_asked(Some(&cap(100_000)), &cap(1_000_000), &[]);
    assert_asked(Some(&cap(100_000)), &cap(0), &[]);

    let policy = Policy { cap_counts_below: Some(50), ..Policy::default() };
    let set = Rules { policy, ..Rules::default() };
    let asked = |cap: u64| exposure(None, &promotion(&with(cap, json!({}))), &set, now());
    assert_eq!(asked(49), [""; 0]);
    assert_eq!(asked(50), [none(50)]);
}

#[test]
fn stacking_is_asked_about_when_it_is_turned_on() {
    let stacks = |stacks: bool| json!({ "can_be_used_with_other_promotions": stacks });
    assert_asked(Some(&stacks(false)), &stacks(true), &[STACKS]);
    assert_asked(Some(&stacks(true)), &stacks(true), &[]);
    assert_asked(Some(&stacks(true)), &stacks(false), &[]);
    assert_asked(None, &stacks(true), &[]);
    // The API's default is on.
    assert_asked(Some(&stacks(false)), &json!({"can_be_used_with_other_promotions": null}), &[STACKS]);
}

#[test]
fn all_reasons_are_told_at_once() {
    let before = json!({});
    let after = json!({
        "rules": [percent("80")], "max_uses": null, "end_date": null, "can_be_used_with_other_promotions": true,
    });
    let lost = "loses its cap of 100 uses";
    assert_asked(Some(&before), &after, &["takes off 80%, more than 50%", ENDLESS, lost, STACKS]);
}

#[test]
fn what_shoppers_cannot_use_is_never_asked_about() {
    let costly = json!({"rules": [percent("90")], "max_uses": null, "end_date": null});
    let with = |name: &str, value: Value| {
        let mut after = costly.clone();
        after[name] = value;
        after
    };
    for after in [with("status", json!("DISABLED")), with("end_date", json!("2026-06-10T11:59:59Z"))] {
        assert_asked(None, &after, &[]);
        assert_asked(Some(&json!({})), &after, &[]);
    }
    // What will work later would do so with nobody asked by then; what ends this very moment still works.
    for after in [
        with("start_date", json!("2026-08-01T00:00:00Z")),
        with("status", json!("INVALID")),
        with("end_date", json!("2026-06-10T12:00:00Z")),
    ] {
        assert_ne!(asked(None, &after), [""; 0], "{after}");
    }
}

#[test]
fn enabling_is_judged_by_what_it_lets_loose() {
    let disabled = json!({"status": "DISABLED", "rules": [percent("90")]});
    let enabled = json!({"rules": [percent("90")]});
    assert_asked(Some(&disabled), &enabled, &["takes off 90%, more than 50%"]);
    assert_asked(Some(&json!({"status": "DISABLED"})), &json!({}), &[]);
}

#[test]
fn the_operator_sets_the_thresholds() {
    let confirm = ConfirmThresholds {
        percent_above: "12.5".parse().unwrap(),
        end_within_days: 7,
        cap_growth_above: "1.5".parse().unwrap(),
        ..ConfirmThresholds::default()
    };
    let set = Rules { confirm, ..Rules::default() };
    let asked = |after: Value| exposure(Some(&promotion(&json!({}))), &promotion(&after), &set, now());
    assert_eq!(asked(rules(&[percent("12.5")])), [""; 0]);
    assert_eq!(asked(rules(&[percent("12.51")])), ["takes off 12.51%, more than 12.5%"]);
    let ten = rules(&[percent("10")]);
    let with = |fields: Value| {
        let mut after = ten.clone();
        after.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        after
    };
    assert_eq!(asked(with(json!({"max_uses": 150}))), [""; 0]);
    let more = "gets a cap of 151 uses in place of 100, more than 1.5 times as many";
    assert_eq!(asked(with(json!({"max_uses": 151}))), [more]);
    let mut eight_days = end(8, 0);
    eight_days["max_uses"] = Value::Null;
    let long = "has no cap on uses and ends more than 7 days from now";
    assert_eq!(asked(with(eight_days)), [long, "loses its cap of 100 uses"]);
}
