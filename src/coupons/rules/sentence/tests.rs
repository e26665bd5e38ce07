use std::collections::HashMap;

use serde_json::{Value, json};

use super::super::read;
use super::*;

/// Every rule with its sentences, and its line in a list where that is another text.
fn told(rules: &[Value]) -> String {
    let mut table = Vec::new();
    for rule in rules {
        let rules = read(&json!([rule]));
        let sentences = sentences(&rules, Some("USD")).join("\n");
        let line = discount_line(&rules, Some("USD"));
        let line = if line == sentences { String::new() } else { format!("\n  list: {line}") };
        table.push(format!("{rule}\n  {sentences}{line}"));
    }
    table.join("\n\n")
}

fn sentence(rule: &Value) -> String {
    sentences(&read(&json!([rule])), Some("USD")).join("\n")
}

fn line(rules: &Value) -> String {
    discount_line(&read(rules), Some("USD"))
}

/// `object` with the fields of `more`.
fn with(object: &Value, more: &Value) -> Value {
    let fields = [object, more].map(|object| object.as_object().expect("an object").clone());
    Value::Object(fields.into_iter().flatten().collect())
}

fn ten_percent() -> Value {
    json!({"cart_value": {"discount": {"percentage_amount": "10"}}})
}

fn buy_two() -> Value {
    json!({"cart": {"items": {"brands": [3]}, "minimum_quantity": 2}})
}

fn discounting_items(more: &Value) -> Value {
    json!({"cart_items": with(&json!({"discount": {"percentage_amount": "20"}}), more)})
}

fn fixed_price(more: &Value) -> Value {
    json!({"fixed_price_set": with(&json!({"quantity": 3, "fixed_price": "25.00"}), more)})
}

fn orders_and_shipping() -> Vec<Value> {
    [
        ten_percent(),
        json!({"cart_value": {"discount": {"percentage_amount": "12.50"}}}),
        json!({"cart_value": {"discount": {"fixed_amount": "5"}}}),
        json!({"cart_value": {"discount": {"fixed_amount": 0.125}}}),
        json!({"cart_value": {"discount": {"percentage_amount": "10"}, "maximum_allowed_discount_amount": "100"}}),
        json!({"shipping": {"free_shipping": true, "zone_ids": "*"}}),
        json!({"shipping": {"free_shipping": true, "zone_ids": [4]}}),
        json!({"shipping": {"free_shipping": true, "zone_ids": [1, 2]}}),
        json!({"shipping": {"free_shipping": true, "zone_ids": []}}),
        json!({"shipping": {"free_shipping": false, "zone_ids": [1, 2]}}),
        json!({"shipping_discount": {"discount": {"percentage_amount": "50"}}}),
        json!({"shipping_discount": {"discount": {"percentage_amount": "50"}, "method_ids": "*"}}),
        json!({"shipping_discount": {
            "discount": {"fixed_amount": "3.00"}, "method_ids": [8, 9], "maximum_allowed_discount_amount": "9.00"}}),
    ]
    .map(|action| json!({"action": action}))
    .to_vec()
}

fn gifts_and_sets() -> Vec<Value> {
    let nine = json!({"categories": [9]});
    [
        json!({"gift_item": {"quantity": 1, "product_id": 77}}),
        json!({"gift_item": {"quantity": 2, "variant_id": 78}}),
        json!({"gift_item": {"quantity": 1, "product_id": 77, "variant_id": 78}}),
        json!({"gift_item": {"quantity": 1}}),
        fixed_price(&json!({})),
        fixed_price(&json!({"quantity": 1, "items": nine})),
        fixed_price(&json!({"items": nine})),
        fixed_price(&json!({"items": nine, "strategy": "LEAST_EXPENSIVE"})),
        fixed_price(&json!({"items": nine, "strategy": "LEAST_EXPENSIVE_ONLY"})),
        fixed_price(&json!({"items": nine, "strategy": "MOST_EXPENSIVE"})),
        fixed_price(
            &json!({"items": nine, "strategy": "MOST_EXPENSIVE_ONLY", "exclude_items_on_sale": true}),
        ),
    ]
    .map(|action| json!({"action": action}))
    .to_vec()
}

fn items_in_the_cart() -> Vec<Value> {
    let twelve = json!({"categories": [12]});
    [
        discounting_items(&json!({})),
        discounting_items(&json!({"items": twelve})),
        discounting_items(&json!({"items": twelve, "discount": {"fixed_amount": "5.00"}})),
        discounting_items(&json!({"items": twelve, "exclude_items_on_sale": true})),
        discounting_items(&json!({"items": twelve, "quantity": 1})),
        discounting_items(&json!({"items": twelve, "quantity": 2, "strategy": "LEAST_EXPENSIVE"})),
        discounting_items(&json!({"items": twelve, "quantity": 2, "strategy": "LEAST_EXPENSIVE_ONLY"})),
        discounting_items(&json!({"items": twelve, "quantity": 2, "strategy": "MOST_EXPENSIVE"})),
        discounting_items(&json!({"items": twelve, "strategy": "MOST_EXPENSIVE_ONLY"})),
        discounting_items(&json!({"as_total": true})),
        discounting_items(&json!({"as_total": true, "items": twelve, "discount": {"fixed_amount": "10.00"}})),
        discounting_items(&json!({"as_total": true, "items": twelve, "quantity": 2})),
        discounting_items(&json!({"items": twelve, "maximum_allowed_discount_amount": "30.00"})),
        discounting_items(&json!({
            "items": twelve, "quantity": 1, "add_free_item": true, "discount": {"percentage_amount": "100"}})),
        discounting_items(&json!({
            "items": {"or": [{"categories": [12, 15]}, {"brands": [3]}]}, "quantity": 4, "exclude_items_on_sale": true,
            "strategy": "LEAST_EXPENSIVE", "maximum_allowed_discount_amount": "30.00"})),
    ]
    .map(|action| json!({"action": action}))
    .to_vec()
}

fn matchers() -> Vec<Value> {
    let color =
        json!({"product_option": {"type": "string_match", "name": "Color", "values": ["Red", "Blue"]}});
    let isbn = json!({"product_custom_field": {"name": "ISBN-10", "values": ["0439538491"]}});
    [
        json!({"brands": [3]}),
        json!({"brands": [1, 2, 3]}),
        json!({"categories": [12]}),
        json!({"categories": [12, 15]}),
        json!({"categories": []}),
        json!({"products": [7]}),
        json!({"products": [7, 8]}),
        json!({"variants": [5]}),
        json!({"variants": [5, 6]}),
        color.clone(),
        json!({"product_option": {"type": "regex", "name": "Size", "values": ["X?L"]}}),
        json!({"product_option": {"type": "string_match", "name": "Size", "values": []}}),
        isbn.clone(),
        json!({"not": {"brands": [3]}}),
        json!({"not": {"categories": [12, 15]}}),
        json!({"not": {"products": [7]}}),
        json!({"not": {"variants": [5]}}),
        json!({"not": color}),
        json!({"not": isbn}),
        json!({"not": {"made_in": ["FR"]}}),
        json!({"and": [{"categories": [12]}, {"brands": [3]}]}),
        json!({"and": [{"categories": [12, 15]}, {"not": {"brands": [3]}}]}),
        json!({"or": [{"categories": [12]}, {"products": [7]}, {"variants": [5]}]}),
        json!({"or": [{"categories": [12, 15, 18]}, {"products": [7, 8]}, color]}),
        json!({"and": [{"variants": [1]}]}),
        json!({"or": []}),
        json!({"not": {"and": []}}),
        json!({"and": [{"categories": [12]}, {"or": [{"brands": [3]}, isbn]}]}),
        json!({"or": [{"products": [7]}, {"and": [{"categories": [12]}, {"not": {"brands": [3]}}]}]}),
        json!({"not": {"or": [{"brands": [3]}, {"brands": [4]}]}}),
        json!({"not": {"not": {"brands": [3]}}}),
        json!({"and": [{"or": [{"not": {"products": [7]}}, {"and": [{"brands": [3]}, {"variants": [5]}]}]}, color]}),
        json!({"not": {"and": [{"categories": [12]}, {"or": [{"brands": [3]}, {"not": {"products": [7]}}]}]}}),
        json!({"or": [{"brands": [3]}, {"made_in": ["FR"]}]}),
    ]
    .map(|items| json!({"action": discounting_items(&json!({"items": items}))}))
    .to_vec()
}

fn conditions() -> Vec<Value> {
    let spend = json!({"cart": {"minimum_spend": "50.00"}});
    [
        spend.clone(),
        json!({"cart": {"minimum_spend": "50.00", "minimum_quantity": 2}}),
        json!({"cart": {"minimum_quantity": 2}}),
        json!({"cart": {}}),
        json!({"cart": {"items": {"brands": [3]}}}),
        json!({"cart": {"items": {"brands": [3]}, "minimum_quantity": 1}}),
        buy_two(),
        json!({"cart": {"items": {"brands": [3]}, "minimum_spend": "30"}}),
        json!({"cart": {"items": {"categories": [1, 2]}, "minimum_spend": "30", "minimum_quantity": 2}}),
        json!({"and": [spend, buy_two()]}),
        json!({"and": [spend, buy_two(), {"cart": {"items": {"products": [1, 2]}, "minimum_quantity": 1}}]}),
        json!({"and": [buy_two()]}),
        json!({"and": []}),
        json!({"or": [spend, buy_two()]}),
        json!({"not": buy_two()}),
        json!({"not": {"or": [spend, buy_two()]}}),
        json!({"and": [spend, {"not": buy_two()}]}),
        json!({"or": [spend, {"and": [buy_two(), {"not": {"and": [spend, {"weather": "fine"}]}}]}]}),
        json!({"weather": "fine"}),
    ]
    .map(|condition| json!({"action": ten_percent(), "condition": condition}))
    .to_vec()
}

fn caps_repetition_and_stops() -> Vec<Value> {
    let capped = json!({"cart_value": {
        "discount": {"percentage_amount": "10"}, "maximum_allowed_discount_amount": "100.00"}});
    let spend = json!({"cart": {"minimum_spend": "50.00"}});
    let gift = json!({"gift_item": {"quantity": 1, "product_id": 77}});
    vec![
        json!({"action": capped, "condition": spend}),
        json!({"action": ten_percent(), "stop": true}),
        json!({"action": ten_percent(), "apply_once": false}),
        json!({"action": capped, "condition": spend, "apply_once": false, "stop": true}),
        json!({"action": gift, "condition": buy_two(), "apply_once": false}),
        json!({"action": gift, "condition": buy_two()}),
    ]
}

/// Whether the items of the condition count: both senses for both actions.
fn items_of_the_condition() -> Vec<Value> {
    let items = json!({"categories": [9]});
    let mut rules = Vec::new();
    for include in [true, false] {
        let options = json!({"items": items, "include_items_considered_by_condition": include});
        rules.push(json!({"action": discounting_items(&options), "condition": buy_two()}));
        rules.push(json!({"action": fixed_price(&options), "condition": buy_two()}));
    }
    rules.push(json!({
        "action": discounting_items(&json!({"items": items, "quantity": 1, "add_free_item": true})),
        "condition": buy_two(), "apply_once": false, "stop": true}));
    rules
}

fn parts_without_words() -> Vec<Value> {
    let capped =
        |cap: Value| json!({"discount": {"percentage_amount": "10"}, "maximum_allowed_discount_amount": cap});
    vec![
        json!({}),
        json!(7),
        json!({"action": {"lottery": {"odds": "1:100"}}}),
        json!({"action": {"cart_value": {"discount": {"percentage_amount": "10"}, "per_customer": true}}}),
        json!({"action": {"cart_value": {"discount": {"percentage_amount": "ten"}}}}),
        json!({"action": {"cart_value": capped(json!("much"))}}),
        json!({"action": {"cart_items": capped(json!(-1))}}),
        json!({"action": discounting_items(&json!({"items": {"made_in": ["FR"]}, "strategy": "RANDOM"}))}),
        json!({"action": fixed_price(&json!({"fixed_price": "cheap"}))}),
        json!({"action": {"shipping": {"zone_ids": {"not": [1]}}}}),
        json!({"action": {"shipping_discount": {"discount": {"free": 1}, "method_ids": "some"}}}),
        json!({"action": ten_percent(), "condition": {"cart": {"minimum_spend": "much"}}}),
        json!({"action": ten_percent(), "condition": {"cart": {"items": {"made_in": ["FR"]}, "minimum_quantity": 1}}}),
        json!({"action": ten_percent(), "condition": {"cart": {"maximum_spend": "9"}}}),
        json!({"action": ten_percent(), "priority": 3, "stop": "maybe"}),
    ]
}

#[test]
fn an_order_and_its_shipping() {
    insta::assert_snapshot!(told(&orders_and_shipping()));
}

#[test]
fn free_gifts_and_sets_for_a_fixed_price() {
    insta::assert_snapshot!(told(&gifts_and_sets()));
}

#[test]
fn discounts_on_items() {
    insta::assert_snapshot!(told(&items_in_the_cart()));
}

#[test]
fn which_items() {
    insta::assert_snapshot!(told(&matchers()));
}

#[test]
fn when_a_rule_applies() {
    insta::assert_snapshot!(told(&conditions()));
}

#[test]
fn how_much_and_how_often() {
    insta::assert_snapshot!(told(&caps_repetition_and_stops()));
}

#[test]
fn whether_the_items_of_the_condition_count() {
    insta::assert_snapshot!(told(&items_of_the_condition()));
}

#[test]
fn what_has_no_words() {
    insta::assert_snapshot!(told(&parts_without_words()));
}

#[test]
fn two_rules_that_differ_never_sound_alike() {
    let mut heard = HashMap::new();
    let shapes = [
        orders_and_shipping(),
        gifts_and_sets(),
        items_in_the_cart(),
        matchers(),
        conditions(),
        caps_repetition_and_stops(),
        items_of_the_condition(),
        parts_without_words(),
    ];
    for rule in shapes.concat() {
        // The one shape that says the same as another.
        if rule["condition"] == json!({"and": [buy_two()]}) {
            continue;
        }
        if let Some(other) = heard.insert(sentence(&rule), rule.clone()) {
            assert_eq!(rule, other);
        }
    }
}

/// `value` with one of its texts, numbers or flags changed, for each of them.
fn changed_in_one_place(value: &Value) -> Vec<Value> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, field)| {
                changed_in_one_place(field)
                    .into_iter()
                    .map(|changed| with(value, &json!({(key.as_str()): changed})))
            })
            .collect(),
        Value::Array(items) => (0..items.len())
            .flat_map(|index| {
                changed_in_one_place(&items[index]).into_iter().map(move |changed| {
                    let mut items = items.clone();
                    items[index] = changed;
                    Value::Array(items)
                })
            })
            .collect(),
        Value::String(text) => vec![json!(format!("9{text}"))],
        Value::Number(number) => vec![json!(number.as_u64().expect("an id or a count") + 1)],
        Value::Bool(flag) => vec![json!(!flag)],
        Value::Null => vec![],
    }
}

#[test]
fn every_single_value_of_a_rule_is_heard() {
    let items = json!({"or": [
        {"and": [{"brands": [1]}, {"not": {"categories": [2, 3]}}]},
        {"not": {"or": [{"products": [4]}, {"not": {"variants": [5]}}]}},
        {"product_option": {"type": "string_match", "name": "Color", "values": ["Red", "Blue"]}},
        {"not": {"product_custom_field": {"name": "ISBN-10", "values": ["0439538491"]}}},
    ]});
    let condition = json!({"or": [
        {"cart": {"items": items, "minimum_spend": "50.00", "minimum_quantity": 2}},
        {"and": [{"cart": {"minimum_spend": "70"}}, {"not": {"cart": {"minimum_quantity": 9}}}]},
    ]});
    let options = json!({
        "items": items, "strategy": "LEAST_EXPENSIVE", "exclude_items_on_sale": true,
        "include_items_considered_by_condition": true, "quantity": 2});
    let capped =
        json!({"discount": {"percentage_amount": "10"}, "maximum_allowed_discount_amount": "100.00"});
    let mut heard = 0;
    for action in [
        json!({"cart_value": capped}),
        discounting_items(&with(&with(&options, &capped), &json!({"as_total": true, "add_free_item": true}))),
        json!({"gift_item": {"quantity": 1, "product_id": 77, "variant_id": 78}}),
        fixed_price(&options),
        json!({"shipping": {"free_shipping": true, "zone_ids": [1, 2]}}),
        json!({"shipping": {"free_shipping": true, "zone_ids": "*"}}),
        json!({"shipping_discount": with(&capped, &json!({"method_ids": [8, 9]}))}),
    ] {
        let rule = json!({
            "action": action, "condition": condition, "apply_once": false, "stop": true, "priority": 3});
        let as_it_is = sentence(&rule);
        for changed in changed_in_one_place(&rule) {
            assert_ne!(sentence(&changed), as_it_is, "{changed}");
            heard += 1;
        }
    }
    assert!(heard > 100, "only {heard} were changed");
}

#[test]
fn a_default_sounds_like_the_absence_that_stands_for_it() {
    let of_items = |more: Value| json!({"action": discounting_items(&more), "condition": buy_two()});
    let of_set = |more: Value| json!({"action": fixed_price(&more), "condition": buy_two()});
    for (spelt_out, absent) in [
        (of_items(json!({"include_items_considered_by_condition": false})), of_items(json!({}))),
        (of_items(json!({"as_total": false, "add_free_item": false})), of_items(json!({}))),
        (of_items(json!({"exclude_items_on_sale": false, "quantity": null})), of_items(json!({}))),
        (of_set(json!({"include_items_considered_by_condition": true})), of_set(json!({}))),
        (of_set(json!({"exclude_items_on_sale": false, "strategy": null})), of_set(json!({}))),
        (
            json!({"action": ten_percent(), "apply_once": true, "stop": false}),
            json!({"action": ten_percent()}),
        ),
    ] {
        assert_eq!(sentence(&spelt_out), sentence(&absent));
    }
    let without_condition =
        json!({"action": discounting_items(&json!({"include_items_considered_by_condition": true}))});
    assert_eq!(sentence(&without_condition), "20% off each item.");
}

#[test]
fn an_amount_takes_the_currency_unless_there_is_none_or_any() {
    let five_off = read(&json!([{"action": {"cart_value": {"discount": {"fixed_amount": "5"}}}}]));
    for (currency, line) in [
        (Some("EUR"), "5.00 EUR off the order."),
        (Some("*"), "5.00 off the order."),
        (Some(""), "5.00 off the order."),
        (Some("E\u{202E}UR"), "5.00 EUR off the order."),
        (None, "5.00 off the order."),
    ] {
        assert_eq!(discount_line(&five_off, currency), line);
        assert_eq!(sentences(&five_off, currency), [line]);
    }
}

#[test]
fn text_of_the_store_is_cleaned_quoted_and_bounded() {
    let option = |name: &str, value: &str| {
        let items = json!({"product_option": {"type": "string_match", "name": name, "values": [value]}});
        sentence(&json!({"action": discounting_items(&json!({"items": items}))}))
    };
    assert_eq!(
        option("Col\u{202E}or\n", r#"Red" \ 90% off "all"#),
        r#"20% off each item with the option "Color " set to "Red\" \\ 90% off \"all"."#
    );
    let long = "x".repeat(200);
    assert_eq!(
        option("Color", &long),
        format!("20% off each item with the option \"Color\" set to \"{}…\".", "x".repeat(79))
    );
    let raw = json!({"action": {"lot\u{200B}tery": "a\nb\u{202E}c"}});
    assert_eq!(sentence(&raw), r#"An action that has no words here: {"lottery":"a\nbc"}."#);
}

#[test]
fn the_line_of_a_list_counts_long_lists_and_the_sentences_tell_them() {
    let ids: Vec<u64> = (1..=16).collect();
    let rules = json!([{"action": discounting_items(&json!({"items": {"categories": ids}}))}]);
    assert_eq!(line(&rules), "20% off each item in categories 1, 2, ... and 14 more.");
    assert_eq!(
        sentences(&read(&rules), None),
        ["20% off each item in categories 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 and 16."]
    );
    let ten: Vec<u64> = (1..=10).collect();
    let rules = json!([{"action": discounting_items(&json!({"items": {"brands": ten}}))}]);
    assert_eq!(line(&rules), "20% off each item of brands 1, 2, 3, 4, 5, 6, 7, 8, 9 and 10.");
}

#[test]
fn the_line_of_a_list_tells_the_first_rule_and_counts_the_others() {
    let rule = json!({"action": ten_percent(), "stop": true});
    assert_eq!(line(&json!([])), "No rules.");
    assert_eq!(line(&json!([rule])), "10% off the order.");
    assert_eq!(line(&json!([rule, rule])), "10% off the order, and 1 more rule.");
    assert_eq!(line(&json!([rule, rule, rule])), "10% off the order, and 2 more rules.");
    assert_eq!(sentences(&[], None), Vec::<String>::new());
}

#[test]
fn the_line_of_a_list_has_an_end() {
    let values: Vec<String> = (0..9).map(|number| format!("Deep ocean blue number {number}")).collect();
    let items = json!({"product_option": {"type": "string_match", "name": "Color", "values": values}});
    let wordy = json!({"action": discounting_items(&json!({"items": items}))});
    insta::assert_snapshot!(
        line(&json!([wordy, wordy])),
        @r#"20% off each item with the option "Color" set to "Deep ocean blue number 0", "Deep ocean blue number 1", "Deep ocean blue number 2", "Deep…", and 1 more rule."#
    );
    assert!(line(&json!([wordy, wordy])).chars().count() <= LINE_LENGTH);

    let ids: Vec<u64> = (0..10).map(|number| u64::MAX - number).collect();
    let long = discounting_items(&json!({"items": {"categories": ids}, "exclude_items_on_sale": true}));
    insta::assert_snapshot!(
        line(&json!([{"action": long}])),
        @"20% off each item in categories 18446744073709551615, 18446744073709551614, 18446744073709551613, 18446744073709551612, 18446744073709551611…"
    );

    let ends_in_a_quotation = line(&json!([{"action": {"lottery": r#"a "b" \"#.repeat(99)}}, wordy]));
    assert!(ends_in_a_quotation.ends_with("…\", and 1 more rule."), "{ends_in_a_quotation}");

    let raw = json!({"action": {"lottery": "x".repeat(500)}});
    let line = line(&json!([raw]));
    assert_eq!(line.chars().count(), LINE_LENGTH_WITH_JSON);
    assert!(line.ends_with("xxx…\".") && sentence(&raw).contains(&"x".repeat(500)));
}
