//! No promotion takes off more than the server says: rules of every action and condition of the vendor's file,
//! evaluated by an independent checkout in every reading of what its documents leave open.

use std::cell::Cell;

use coupon_mcp::coupons::rules::{Rule, WorstCase, read, worst_case};
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};

use super::checkout::{Item, Reading, checkout};
use super::runner;

const RULE_SETS: u32 = 2_500;
/// Of each set, so that there are 10,000 pairs.
const CARTS: usize = 4;

/// A cart, and whose minimum spend it just reaches.
#[derive(Debug, Clone)]
struct Cart {
    items: Vec<Item>,
    reaches: Option<usize>,
    gift_price: f64,
}

#[derive(Debug, Clone)]
struct Case {
    rules: Vec<Value>,
    carts: Vec<Cart>,
}

fn cases() -> impl Strategy<Value = Case> {
    let rules = prop::collection::vec(rule(), 1..=3);
    let carts = prop::collection::vec(cart(), CARTS);
    (rules, carts).prop_map(|(rules, carts)| Case { rules, carts })
}

fn cart() -> impl Strategy<Value = Cart> {
    let price = prop_oneof![
        3 => (1..20_000_u32).prop_map(|cents| f64::from(cents) / 100.0),
        1 => Just(0.01),
        1 => Just(1.0),
    ];
    let items = prop::collection::vec((1..4_u64, price, prop::bool::weighted(0.2)), 1..8);
    let item = |(kind, price, on_sale)| Item { kind, price, on_sale };
    let items = items.prop_map(move |items| items.into_iter().map(item).collect());
    (items, weighted(0.7, 0..6_usize), select(vec![0.5, 30.0, 5_000.0]))
        .prop_map(|(items, reaches, gift_price)| Cart { items, reaches, gift_price })
}

fn percent() -> impl Strategy<Value = Value> {
    let percent = prop_oneof![6 => 1..40_u32, 2 => 40..=100_u32, 1 => Just(150_u32), 1 => Just(0)];
    percent.prop_map(|percent| json!({ "percentage_amount": percent.to_string() }))
}

fn discount() -> impl Strategy<Value = Value> {
    let fixed = select(vec!["0", "0.01", "1", "5.00", "10", "40", "99.99"]);
    prop_oneof![2 => percent(), 1 => fixed.prop_map(|amount| json!({ "fixed_amount": amount }))]
}

fn maximum() -> impl Strategy<Value = Option<&'static str>> {
    weighted(0.25, select(vec!["1", "5", "20.50"]))
}

fn action() -> impl Strategy<Value = Value> {
    let cart_value = (discount(), maximum()).prop_map(|(discount, maximum)| {
        json!({"cart_value": {"discount": discount, "maximum_allowed_discount_amount": maximum}})
    });
    let strategies = ["LEAST_EXPENSIVE", "LEAST_EXPENSIVE_ONLY", "MOST_EXPENSIVE", "MOST_EXPENSIVE_ONLY"];
    let flag = || weighted(0.3, any::<bool>());
    let choice =
        move || (weighted(0.5, matcher()), weighted(0.3, select(strategies.to_vec())), flag(), flag());
    let free = weighted(0.1, any::<bool>());
    let cart_items = (discount(), maximum(), choice(), weighted(0.5, 1..4_u64), flag(), free).prop_map(
        |(discount, maximum, (items, strategy, on_sale, included), quantity, as_total, free)| {
            json!({"cart_items": {
                "discount": discount, "maximum_allowed_discount_amount": maximum, "items": items,
                "strategy": strategy, "exclude_items_on_sale": on_sale, "quantity": quantity,
                "include_items_considered_by_condition": included, "as_total": as_total, "add_free_item": free,
            }})
        },
    );
    let set = (1..4_u64, select(vec!["0.01", "25.00"]), choice()).prop_map(
        |(quantity, price, (items, strategy, on_sale, included))| {
            json!({"fixed_price_set": {
                "quantity": quantity, "fixed_price": price, "items": items, "strategy": strategy,
                "exclude_items_on_sale": on_sale, "include_items_considered_by_condition": included,
            }})
        },
    );
    let gift = (1..3_u64, any::<bool>()).prop_map(|(quantity, variant)| {
        let item = if variant { "variant_id" } else { "product_id" };
        json!({"gift_item": {"quantity": quantity, item: 77}})
    });
    let zones = prop_oneof![Just(json!("*")), Just(json!([1, 2]))];
    let shipping = zones.prop_map(|zones| json!({"shipping": {"free_shipping": true, "zone_ids": zones}}));
    let off_shipping = (discount(), maximum()).prop_map(|(discount, maximum)| {
        json!({"shipping_discount": {
            "discount": discount, "method_ids": "*", "maximum_allowed_discount_amount": maximum}})
    });
    prop_oneof![8 => cart_value, 10 => cart_items, 1 => set, 1 => gift, 1 => shipping, 1 => off_shipping]
        .prop_map(without_nulls)
}

fn matcher() -> impl Strategy<Value = Value> {
    let ids = prop::collection::vec(1..4_u64, 1..3);
    let names = ["brands", "categories", "products", "variants"];
    let simple = (select(names.to_vec()), ids.clone()).prop_map(|(name, ids)| json!({ name: ids }));
    let texts = ids.prop_map(|ids| ids.iter().map(u64::to_string).collect::<Vec<_>>());
    let option = texts.clone().prop_map(
        |values| json!({"product_option": {"type": "string_match", "name": "Colour", "values": values}}),
    );
    let field = texts.prop_map(|values| json!({"product_custom_field": {"name": "Line", "values": values}}));
    prop_oneof![4 => simple, 1 => option, 1 => field].prop_recursive(2, 6, 2, |inner| {
        let several = prop::collection::vec(inner.clone(), 1..3);
        prop_oneof![
            several.clone().prop_map(|parts| json!({ "and": parts })),
            several.prop_map(|parts| json!({ "or": parts })),
            inner.prop_map(|part| json!({ "not": part })),
        ]
    })
}

fn condition() -> impl Strategy<Value = Value> {
    let spend = weighted(0.8, select(vec!["0.01", "10.01", "50", "100.00", "11"]));
    let cart = (weighted(0.3, matcher()), spend, weighted(0.3, 1..4_u64)).prop_map(
        |(items, spend, quantity)| {
            json!({"cart": {"items": items, "minimum_spend": spend, "minimum_quantity": quantity}})
        },
    );
    cart.prop_recursive(2, 5, 2, |inner| {
        let several = prop::collection::vec(inner.clone(), 1..3);
        prop_oneof![
            3 => several.clone().prop_map(|parts| json!({ "and": parts })),
            2 => several.prop_map(|parts| json!({ "or": parts })),
            1 => inner.prop_map(|part| json!({ "not": part })),
        ]
    })
    .prop_map(without_nulls)
}

fn rule() -> impl Strategy<Value = Value> {
    let condition = weighted(0.8, condition());
    (action(), condition, prop::bool::weighted(0.9), prop::bool::weighted(0.2)).prop_map(
        |(action, condition, once, stop)| {
            without_nulls(json!({"action": action, "condition": condition, "apply_once": once, "stop": stop}))
        },
    )
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            fields.map(|(name, value)| (name, without_nulls(value))).collect()
        }
        Value::Array(parts) => parts.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

/// Every amount that a condition of the rules asks for.
fn minimum_spends(value: &Value) -> Vec<f64> {
    let own = value["minimum_spend"].as_str().map(|text| text.parse().unwrap());
    let within = value.as_object().into_iter().flat_map(|fields| fields.values());
    let within = within.chain(value.as_array().into_iter().flatten());
    own.into_iter().chain(within.flat_map(minimum_spends)).collect()
}

/// The items, priced so that together they cost the minimum that they shall reach.
fn items_of(cart: &Cart, spends: &[f64]) -> Vec<Item> {
    let mut items = cart.items.clone();
    if let (Some(which), false) = (cart.reaches, spends.is_empty()) {
        let sum: f64 = items.iter().map(|item| item.price).sum();
        // A hair more, as sums of fractions fall short.
        let factor = spends[which % spends.len()] / sum * (1.0 + 1e-9);
        for item in &mut items {
            item.price *= factor;
        }
    }
    items
}

fn readings(rules: usize) -> Vec<Reading> {
    let orders: Vec<Vec<usize>> = match rules {
        1 => vec![vec![0]],
        2 => vec![vec![0, 1], vec![1, 0]],
        _ => [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]].map(Vec::from).to_vec(),
    };
    let mut readings = Vec::new();
    for order in orders {
        for answers in 0..8_u8 {
            let is_set = |bit: u8| answers & bit != 0;
            readings.push(Reading {
                order: order.clone(),
                of_full_price: is_set(1),
                spends_full_price: is_set(2),
                repeats_on_the_same: is_set(4),
            });
        }
    }
    readings
}

/// How the pairs came out, for the test of the test.
#[derive(Debug, Default)]
struct Seen {
    pairs: Cell<u32>,
    /// Bounded below the whole order.
    bounded: Cell<u32>,
    /// And taken off to within a thousandth of the bound.
    tight: Cell<u32>,
}

fn count(cell: &Cell<u32>) {
    cell.set(cell.get() + 1);
}

/// Asserts of one set of rules that no cart gets more off than `judge` says, in any reading.
fn holds(case: &Case, judge: impl Fn(&[Rule]) -> WorstCase, seen: &Seen) -> Result<(), String> {
    let rules = read(&Value::from(case.rules.clone()));
    if let Some(raw) = rules.iter().find(|rule| rule.has_raw_parts()) {
        return Err(format!("not read: {raw:?}"));
    }
    let worst = judge(&rules);
    let percent = |share: Option<rust_decimal::Decimal>| share.map(|share| share.to_f64().unwrap() / 100.0);
    let (share, beside_gifts) = (percent(worst.share()), percent(worst.share_beside_gifts()));
    let spends: Vec<f64> = case.rules.iter().flat_map(minimum_spends).collect();
    for cart in &case.carts {
        let items = items_of(cart, &spends);
        let mut most = 0.0_f64;
        for reading in readings(case.rules.len()) {
            let taken = checkout(&case.rules, &items, cart.gift_price, &reading);
            let of_all = |part: f64| part / taken.full_price;
            let beyond =
                |share: Option<f64>, part: f64| share.is_some_and(|share| of_all(part) > share + 1e-6);
            if beyond(share, taken.off + taken.given) || beyond(beside_gifts, taken.off) {
                return Err(format!("{taken:?} of {items:?} by {reading:?}, and {worst:?} was said"));
            }
            most = most.max(of_all(taken.off + taken.given));
        }
        count(&seen.pairs);
        if let Some(share) = share.filter(|share| *share < 1.0) {
            count(&seen.bounded);
            if share > 0.0 && most > share - 0.001 {
                count(&seen.tight);
            }
        }
    }
    Ok(())
}

#[test]
fn no_promotion_takes_off_more_than_is_said() {
    let seen = Seen::default();
    let (mut runner, seed) = runner(RULE_SETS);
    let outcome = runner.run(&cases(), |case| holds(&case, worst_case, &seen).map_err(TestCaseError::fail));
    if let Err(failure) = outcome {
        panic!("PROPTEST_RNG_SEED={seed}: {failure}");
    }
    // What is said of everything would hold of itself: in much of it there is a bound, and it is reached.
    let (pairs, bounded, tight) = (seen.pairs.get(), seen.bounded.get(), seen.tight.get());
    assert!(bounded > pairs / 4 && tight > pairs / 20, "{seen:?}");
}

#[test]
fn a_judgement_that_ignores_one_rule_is_caught() {
    let without_first = |rules: &[Rule]| worst_case(&rules[1..]);
    let without_last = |rules: &[Rule]| worst_case(&rules[..rules.len() - 1]);
    let without_dearest = |rules: &[Rule]| {
        let alone = |index: &usize| worst_case(&rules[*index..=*index]).share();
        let dearest = (0..rules.len()).max_by_key(alone).unwrap();
        worst_case(&[&rules[..dearest], &rules[dearest + 1..]].concat())
    };
    let mutants: [fn(&[Rule]) -> WorstCase; 3] = [without_first, without_last, without_dearest];
    for (number, mutant) in mutants.into_iter().enumerate() {
        // Only where a rule is left to be judged.
        let several = cases().prop_filter("one rule", |case| case.rules.len() > 1);
        let (mut runner, _) = runner(RULE_SETS);
        let seen = Seen::default();
        let outcome = runner.run(&several, |case| holds(&case, mutant, &seen).map_err(TestCaseError::fail));
        assert!(outcome.is_err(), "mutant {number} was not caught: {seen:?}");
    }
}
