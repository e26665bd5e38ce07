use proptest::prelude::*;
use proptest::strategy::Strategy;
use serde_json::{Value, json};

use super::*;

fn rule(rule: &Value) -> Rule {
    let mut rules = read(&json!([rule]));
    assert_eq!(rules.len(), 1);
    rules.remove(0)
}

fn on_condition(condition: &Value) -> Rule {
    rule(&json!({"action": ten_percent(), "condition": condition}))
}

fn ten_percent() -> Value {
    json!({"cart_value": {"discount": {"percentage_amount": "10"}}})
}

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

#[test]
fn each_kind_of_action_is_read_and_written_back_as_it_came() {
    let items = json!({"or": [
        {"and": [{"brands": [1]}, {"categories": [2, 3]}]},
        {"not": {"or": [{"products": [4]}, {"not": {"variants": [5]}}]}},
        {"product_option": {"type": "string_match", "name": "Color", "values": ["Red"]}},
        {"product_custom_field": {"name": "ISBN-10", "values": ["0439538491"]}},
    ]});
    let actions = [
        json!({"cart_value": {
            "discount": {"percentage_amount": "10"}, "maximum_allowed_discount_amount": "100.00"}}),
        json!({"cart_items": {
            "discount": {"fixed_amount": "5.00"}, "items": items, "quantity": 2, "strategy": "LEAST_EXPENSIVE",
            "as_total": true, "include_items_considered_by_condition": false, "exclude_items_on_sale": true,
            "add_free_item": false, "maximum_allowed_discount_amount": "20"}}),
        json!({"gift_item": {"quantity": 1, "product_id": 77}}),
        json!({"gift_item": {"quantity": 2, "variant_id": 78}}),
        json!({"fixed_price_set": {
            "quantity": 3, "fixed_price": "25.00", "items": items, "strategy": "MOST_EXPENSIVE_ONLY",
            "exclude_items_on_sale": false, "include_items_considered_by_condition": true}}),
        json!({"shipping": {"free_shipping": true, "zone_ids": "*"}}),
        json!({"shipping": {"zone_ids": [1, 2]}}),
        json!({"shipping_discount": {
            "discount": {"fixed_amount": "3"}, "method_ids": [8], "maximum_allowed_discount_amount": "9.5"}}),
    ];
    for action in actions {
        let condition = json!({"and": [
            {"cart": {"items": items, "minimum_spend": "50.00", "minimum_quantity": 2}},
            {"or": [{"cart": {"minimum_spend": "1"}}, {"not": {"cart": {"minimum_quantity": 9}}}]},
        ]});
        let sent = json!({"action": action, "condition": condition, "apply_once": false, "stop": true});
        let rule = rule(&sent);
        assert!(!rule.has_raw_parts(), "{sent}");
        assert_eq!(Value::from(rule), sent);
    }
}

#[test]
fn the_smallest_part_of_unknown_shape_stays_json() {
    let odd = rule(&json!({
        "action": {"cart_items": {
            "discount": {"percentage_amount": "10"},
            "items": {"or": [{"brands": [1]}, {"colours": ["red"]}]},
            "strategy": "RANDOM",
            "maximum_allowed_discount_amount": "1e3",
        }},
        "condition": {"and": [{"cart": {"minimum_spend": "plenty"}}, {"customer": {"new": true}}]},
        "apply_once": "yes",
        "priority": 3,
    }));
    let expected = Rule {
        action: Reading::Known(Action::CartItems(CartItems {
            discount: Reading::Known(Discount::Percent(Decimal::TEN)),
            items: Some(Reading::Known(ItemMatcher::Or(vec![
                Reading::Known(ItemMatcher::Brands(vec![1])),
                Reading::Raw(json!({"colours": ["red"]})),
            ]))),
            quantity: None,
            strategy: Some(Reading::Raw(json!("RANDOM"))),
            as_total: None,
            include_items_considered_by_condition: None,
            exclude_items_on_sale: None,
            add_free_item: None,
            maximum_allowed_discount_amount: Some(Reading::Raw(json!("1e3"))),
        })),
        condition: Some(Reading::Known(Condition::And(vec![
            Reading::Known(Condition::Cart(CartCondition {
                minimum_spend: Some(Reading::Raw(json!("plenty"))),
                ..CartCondition::default()
            })),
            Reading::Raw(json!({"customer": {"new": true}})),
        ]))),
        apply_once: true,
        stop: false,
        other: Map::from_iter([("apply_once".to_owned(), json!("yes")), ("priority".to_owned(), json!(3))]),
    };
    assert_eq!(odd, expected);
    assert!(odd.has_raw_parts());
    assert!(!odd.is_raw());
}

#[test]
fn an_action_with_an_unknown_field_or_a_second_kind_is_not_taken_for_a_known_one() {
    for action in [
        json!({"cart_value": {"discount": {"percentage_amount": "10"}, "per_customer": true}}),
        json!({"cart_value": {"discount": {"percentage_amount": "10"}}, "gift_item": {"quantity": 1}}),
        json!({"cart_value": {}}),
        json!({"lottery": {}}),
        json!([]),
    ] {
        let rule = rule(&json!({"action": action}));
        assert_eq!(rule.action, Reading::Raw(action));
        assert!(rule.is_raw() && rule.has_raw_parts() && rule.depends_on_items());
    }
}

#[test]
fn rules_that_are_no_list_of_objects_are_still_rules() {
    assert_eq!(read(&Value::Null), []);
    assert_eq!(read(&json!([])), []);
    for value in [json!(7), json!("x"), json!(true)] {
        let raw = Rule { action: Reading::Raw(value.clone()), ..Rule::from(Value::Null) };
        assert_eq!(read(&json!([value])), read(&value));
        assert_eq!(read(&value), [raw]);
    }
    let without_action = rule(&json!({"stop": true, "apply_once": null, "condition": null}));
    assert_eq!(without_action, Rule { stop: true, ..Rule::from(Value::Null) });
}

#[test]
fn an_amount_is_digits_with_at_most_one_point_or_a_json_number() {
    let discount = |amount: Value| {
        let rule = rule(&json!({"action": {"cart_value": {"discount": {"fixed_amount": amount}}}}));
        rule.action.known().and_then(Action::discount).copied()
    };
    for (sent, read) in [
        (json!("5.00"), "5.00"),
        (json!("007"), "7"),
        (json!(5), "5"),
        (json!(12.95), "12.95"),
        (json!(0.1), "0.1"),
        (json!(u64::MAX), "18446744073709551615"),
    ] {
        assert_eq!(discount(sent), Some(Discount::Fixed(decimal(read))));
    }
    for text in [
        "",
        ".",
        "5.",
        ".5",
        "-5",
        "+5",
        " 5",
        "5 ",
        "1_000",
        "1,5",
        "1e3",
        "5%",
        "1.2.3",
        "٥",
        &"9".repeat(40),
    ] {
        assert_eq!(discount(json!(text)), None, "{text:?}");
    }
    for other in [json!(-5), json!(-0.5), json!(1e300), json!(null), json!(true), json!(["5"])] {
        assert_eq!(discount(other.clone()), None, "{other}");
    }
}

#[test]
fn the_minimum_spend_is_what_every_cart_reaches() {
    let spend = |amount: &str| json!({"cart": {"minimum_spend": amount}});
    let any_two = json!({"cart": {"items": {"brands": [1]}, "minimum_quantity": 2}});
    for (condition, minimum) in [
        (json!(null), None),
        (spend("50"), Some("50")),
        (spend("much"), None),
        (json!({"cart": {"items": {"brands": [1]}, "minimum_spend": "30"}}), Some("30")),
        (any_two.clone(), None),
        (json!({"and": [spend("50"), any_two, spend("70")]}), Some("70")),
        (json!({"and": []}), None),
        (json!({"or": [spend("50"), spend("30")]}), Some("30")),
        (json!({"or": [spend("50"), any_two]}), None),
        (json!({"or": [spend("50"), {"weather": "fine"}]}), None),
        (json!({"or": []}), None),
        (json!({"and": [{"weather": "fine"}, {"or": [spend("50"), spend("30")]}]}), Some("30")),
        (json!({"not": spend("50")}), None),
        (json!({"and": [{"not": spend("50")}, spend("20")]}), Some("20")),
    ] {
        assert_eq!(on_condition(&condition).minimum_spend(), minimum.map(decimal), "{condition}");
    }
}

#[test]
fn items_matter_to_item_conditions_and_item_actions() {
    let with_items = json!({"cart": {"items": {"brands": [1]}, "minimum_quantity": 2}});
    let spend = json!({"cart": {"minimum_spend": "50", "minimum_quantity": 2}});
    for (condition, depends) in [
        (json!(null), false),
        (spend.clone(), false),
        (with_items.clone(), true),
        (json!({"and": [spend, with_items]}), true),
        (json!({"not": with_items}), true),
        (json!({"or": [spend]}), false),
        (json!({"or": [spend, {"weather": "fine"}]}), true),
    ] {
        assert_eq!(on_condition(&condition).depends_on_items(), depends, "{condition}");
    }
    for (action, depends) in [
        (json!({"cart_items": {"discount": {"percentage_amount": "10"}}}), true),
        (json!({"fixed_price_set": {"quantity": 3, "fixed_price": "25"}}), true),
        (json!({"gift_item": {"quantity": 1, "product_id": 7}}), false),
        (json!({"shipping": {"zone_ids": "*"}}), false),
    ] {
        assert_eq!(rule(&json!({"action": action})).depends_on_items(), depends, "{action}");
    }
}

#[test]
fn flat_arguments_make_the_documented_rules() {
    let simple = Simple {
        discount: SimpleDiscount::FixedAmountOffItems(decimal("5.00")),
        minimum_spend: Some(decimal("50.00")),
        target: Target { categories: vec![12, 15], products: vec![], brands: vec![3] },
    };
    let rules = json!([{
        "action": {"cart_items": {
            "discount": {"fixed_amount": "5"},
            "items": {"or": [{"categories": [12, 15]}, {"brands": [3]}]},
            "as_total": false,
            "include_items_considered_by_condition": true,
        }},
        "condition": {"cart": {"minimum_spend": "50"}},
    }]);
    assert_eq!(simple.to_rules(), rules);

    let of_order = |discount| Simple { discount, minimum_spend: None, target: Target::default() }.to_rules();
    assert_eq!(
        of_order(SimpleDiscount::Percent(decimal("12.50"))),
        json!([{"action": {"cart_value": {"discount": {"percentage_amount": "12.5"}}}}])
    );
    assert_eq!(
        of_order(SimpleDiscount::FreeShipping),
        json!([{"action": {"shipping": {"free_shipping": true, "zone_ids": "*"}}}])
    );
}

#[test]
fn a_promotion_with_anything_more_is_not_simple() {
    let plain = json!({"action": ten_percent()});
    assert!(simple(&read(&json!([plain]))).is_some());
    let of_items = |more: Value| {
        let mut action = json!({"discount": {"percentage_amount": "10"}, "items": {"brands": [1]}});
        action.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        json!({"action": {"cart_items": action}})
    };
    assert!(simple(&read(&json!([of_items(json!({}))]))).is_some());
    for rules in [
        json!([]),
        json!([plain, plain]),
        json!([{"action": ten_percent(), "stop": true}]),
        json!([{"action": ten_percent(), "apply_once": false}]),
        json!([{"action": ten_percent(), "priority": 1}]),
        json!([{"action": ten_percent(), "condition": {"cart": {}}}]),
        json!([{"action": ten_percent(), "condition": {"cart": {"minimum_spend": "5", "minimum_quantity": 1}}}]),
        json!([{"action": ten_percent(), "condition": {"and": [{"cart": {"minimum_spend": "5"}}]}}]),
        json!([{"action": {"cart_value": {
            "discount": {"percentage_amount": "10"}, "maximum_allowed_discount_amount": "5"}}}]),
        json!([{"action": {"shipping": {"free_shipping": true, "zone_ids": [1]}}}]),
        json!([{"action": {"shipping": {"free_shipping": false, "zone_ids": "*"}}}]),
        json!([{"action": {"gift_item": {"quantity": 1, "product_id": 7}}}]),
        json!([of_items(json!({"quantity": 1}))]),
        json!([of_items(json!({"strategy": "LEAST_EXPENSIVE"}))]),
        json!([of_items(json!({"as_total": true}))]),
        json!([of_items(json!({"add_free_item": true}))]),
        json!([of_items(json!({"exclude_items_on_sale": true}))]),
        json!([of_items(json!({"maximum_allowed_discount_amount": "5"}))]),
        json!([of_items(json!({"items": {"variants": [1]}}))]),
        json!([of_items(json!({"items": {"brands": []}}))]),
        json!([of_items(json!({"items": {"or": []}}))]),
        json!([of_items(json!({"items": {"or": [{"brands": [1]}, {"brands": [2]}]}}))]),
        json!([of_items(json!({"items": {"and": [{"brands": [1]}, {"categories": [2]}]}}))]),
    ] {
        assert_eq!(simple(&read(&rules)), None, "{rules}");
    }
    // Without a condition it is all the same whether items that it counted are discounted; with one it is not.
    let mut excluded = of_items(json!({"include_items_considered_by_condition": false}));
    assert!(simple(&read(&json!([excluded]))).is_some());
    excluded["condition"] = json!({"cart": {"minimum_spend": "5"}});
    assert_eq!(simple(&read(&json!([excluded]))), None);
}

prop_compose! {
    fn amount()(digits in 0_u32.., scale in 0_u32..6) -> Decimal {
        Decimal::new(digits.into(), scale)
    }
}

fn ids() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(1_u64.., 0..15)
}

fn any_simple() -> impl Strategy<Value = Simple> {
    let of_order = prop_oneof![
        amount().prop_map(SimpleDiscount::Percent),
        amount().prop_map(SimpleDiscount::FixedAmount),
        Just(SimpleDiscount::FreeShipping),
    ]
    .prop_map(|discount| (discount, Target::default()));
    let of_items = prop_oneof![
        amount().prop_map(SimpleDiscount::PercentOffItems),
        amount().prop_map(SimpleDiscount::FixedAmountOffItems),
    ];
    let target = (ids(), ids(), ids()).prop_map(|(categories, products, brands)| Target {
        categories,
        products,
        brands,
    });
    (prop_oneof![of_order, (of_items, target)], prop::option::of(amount()))
        .prop_map(|((discount, target), minimum_spend)| Simple { discount, minimum_spend, target })
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn a_promotion_made_from_flat_arguments_is_read_back_as_the_same(made in any_simple()) {
        let rules = read(&made.to_rules());
        let read_back = simple(&rules).expect("a simple promotion");
        prop_assert_eq!(&read_back, &made);
        let again = read(&read_back.to_rules());
        prop_assert_eq!(sentences(&again, Some("USD")), sentences(&rules, Some("USD")));
        prop_assert_eq!(discount_line(&again, Some("USD")), discount_line(&rules, Some("USD")));
    }

    #[test]
    fn whatever_a_store_sends_is_told_in_visible_characters_and_a_bounded_line(
        name in any::<String>(),
        values in prop::collection::vec(any::<String>(), 0..15),
        condition in any_json(),
        more in any_json(),
    ) {
        let items = json!({"product_option": {"type": name, "name": name, "values": values}});
        let action = json!({"cart_items": {"discount": {"percentage_amount": "10"}, "items": items}});
        let rules = read(&json!([{"action": action, "condition": condition, "more": more}, more]));
        let told = sentences(&rules, Some(name.as_str()));
        prop_assert_eq!(told.len(), 2);
        for text in told.iter().chain([&discount_line(&rules, None)]) {
            prop_assert_eq!(&crate::coupons::clean(text), text);
        }
        prop_assert!(discount_line(&rules, None).chars().count() <= 300);
        let in_words = read(&json!([{"action": action}]));
        prop_assert!(discount_line(&in_words, None).chars().count() <= 160);
    }

    #[test]
    fn no_json_is_lost_between_reading_and_writing(action in any_json(), condition in any_json(), more in any_json()) {
        let sent = json!({"action": action, "condition": [condition], "more": more});
        prop_assert_eq!(Value::from(rule(&sent)), sent);
    }
}
