use serde_json::{Map, Value, json};

use super::*;
use crate::changes::plan::{CodeRow, Route};
use crate::policy::{CodePattern, Policy};

fn now() -> Timestamp {
    "2026-06-10T12:00:00Z".parse().unwrap()
}

fn promotion(fields: &Value) -> Promotion {
    let mut document = json!({
        "id": 1, "name": "A", "redemption_type": "COUPON", "status": "ENABLED", "max_uses": 100,
        "end_date": "2026-07-10T12:00:00Z",
        "rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "20"}}}}],
    });
    let document = document.as_object_mut().unwrap();
    document.extend(object(fields));
    Promotion::read(document.clone())
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn percent(percent: &str) -> Value {
    json!({"rules": [{"action": {"cart_value": {"discount": {"percentage_amount": percent}}}}]})
}

fn row(code: &str) -> CodeRow {
    CodeRow { id: 5, code: code.to_owned(), current_uses: 0, max_uses: 0, max_uses_per_customer: 0 }
}

fn plan(steps: Vec<Step>, resulting: Vec<Resulting>) -> Plan {
    Plan {
        order: None,
        headline: "Change it".to_owned(),
        lines: Vec::new(),
        alternative: None,
        steps,
        resulting,
        gets_codes: Vec::new(),
        asks: Vec::new(),
        warnings: Vec::new(),
    }
}

fn made(fields: &Value) -> Resulting {
    Resulting { before: None, after: Some(promotion(fields)) }
}

fn changed(before: &Value, after: &Value) -> Resulting {
    Resulting { before: Some(promotion(before)), after: Some(promotion(after)) }
}

fn create_codes(promotion: PromotionRef, codes: Vec<CodeRow>) -> Step {
    Step::CreateCodes { promotion, codes, insist: false }
}

fn delete_codes(promotion_id: u64, codes: Vec<CodeRow>) -> Step {
    Step::DeleteCodes { promotion_id, codes, route: Route::Ids }
}

fn reasons(plan: &Plan) -> Vec<String> {
    judge(plan, &Rules::default(), now()).unwrap()
}

/// The rule that the plan breaks.
fn broken(plan: &Plan, policy: Policy) -> Option<&'static str> {
    judge(plan, &Rules { policy, ..Rules::default() }, now()).err().map(|violation| violation.rule)
}

#[test]
fn an_ordinary_plan_needs_nobody() {
    let steps = vec![create_codes(PromotionRef::Made(0), vec![row("A")])];
    assert_eq!(reasons(&plan(steps, vec![made(&json!({}))])), [""; 0]);
}

#[test]
fn the_plans_own_reasons_come_first_and_then_those_of_each_promotion() {
    let mut plan = plan(
        vec![delete_codes(1, vec![row("A")])],
        vec![
            made(&percent("60")),
            Resulting { before: Some(promotion(&percent("90"))), after: None },
            changed(&json!({}), &json!({"max_uses": 201})),
            made(&json!({})),
        ],
    );
    plan.asks = vec!["it deletes 1 code".to_owned()];
    let expected = [
        "it deletes 1 code",
        "the promotion takes off 60%, more than 50%",
        "the promotion gets a cap of 201 uses in place of 100, more than 2 times as many",
    ];
    assert_eq!(reasons(&plan), expected);
}

#[test]
fn very_many_new_codes_are_asked_about() {
    let codes = |count: usize| create_codes(PromotionRef::Id(1), vec![row("A"); count]);
    assert_eq!(reasons(&plan(vec![codes(10_000)], vec![])), [""; 0]);
    assert_eq!(reasons(&plan(vec![codes(9_000), codes(1_001)], vec![])), ["it creates 10001 codes"]);
    assert_eq!(reasons(&plan(vec![delete_codes(1, vec![row("A"); 10_001])], vec![])), [""; 0]);
}

#[test]
fn a_broken_rule_is_told_before_any_question() {
    let mut plan = plan(vec![], vec![made(&percent("60"))]);
    plan.asks = vec!["it deletes a promotion".to_owned()];
    assert_eq!(
        broken(&plan, Policy { max_percent: Some(59.into()), ..Policy::default() }),
        Some("max_percent")
    );
    assert_eq!(broken(&plan, Policy { max_percent: Some(60.into()), ..Policy::default() }), None);
}

#[test]
fn the_policy_sees_all_discounts_of_a_promotion_together() {
    let shipping = json!({"action": {"shipping_discount": {"discount": {"percentage_amount": "70"}}}});
    let amount = json!({
        "action": {"cart_items": {"discount": {"fixed_amount": "12.50"}, "quantity": 1}},
        "condition": {"cart": {"minimum_spend": "50"}},
    });
    let several = json!({"rules": [percent("20")["rules"][0], shipping, amount, amount]});
    let plan = plan(vec![], vec![made(&json!({})), made(&several)]);
    let percent = |most: u32| Policy { max_percent: Some(most.into()), ..Policy::default() };
    let amount = |most: &str| Policy { max_fixed_amount: Some(most.parse().unwrap()), ..Policy::default() };
    assert_eq!(broken(&plan, percent(69)), Some("max_percent"));
    assert_eq!(broken(&plan, percent(70)), None, "20% and 2 times 12.50 of 50; shipping is no part of it");
    assert_eq!(broken(&plan, amount("24.99")), Some("max_fixed_amount"));
    assert_eq!(broken(&plan, amount("25")), None);
}

#[test]
fn what_has_no_bound_is_within_no_percentage() {
    let percent = || Policy { max_percent: Some(100.into()), ..Policy::default() };
    let with_gifts = || Policy { allow_gifts: true, ..percent() };
    let twenty = json!({"percentage_amount": "20"});
    let fixed = |amount: &str| json!({"cart_items": {"discount": {"fixed_amount": amount}}});
    for (action, is_gift) in [
        (json!({"gift_item": {"quantity": 1, "product_id": 7}}), true),
        (json!({"fixed_price_set": {"quantity": 3, "fixed_price": "0.01"}}), true),
        (json!({"cart_items": {"discount": twenty, "add_free_item": true}}), true),
        (fixed("0.01"), false),
        (json!({"cart_value": {"discount": {"fixed_amount": "5"}}}), false),
    ] {
        let plan = plan(vec![], vec![made(&json!({"rules": [{ "action": action }]}))]);
        assert_eq!(broken(&plan, percent()), Some("max_percent"), "{action}");
        assert_eq!(broken(&plan, with_gifts()), (!is_gift).then_some("max_percent"), "{action}");
        assert_eq!(broken(&plan, Policy { allow_gifts: true, ..Policy::default() }), None, "{action}");
    }
    let repeats = json!({"rules": [{
        "action": {"cart_value": {"discount": {"fixed_amount": "10"}}},
        "condition": {"cart": {"minimum_spend": "100"}}, "apply_once": false,
    }]});
    let plan = plan(vec![], vec![made(&repeats)]);
    assert_eq!(broken(&plan, percent()), Some("max_percent"));
    let amount = Policy { max_fixed_amount: Some(1_000.into()), ..Policy::default() };
    assert_eq!(broken(&plan, amount), Some("max_fixed_amount"));
}

#[test]
fn a_promotion_that_gets_codes_is_judged_by_what_each_takes_off_alone() {
    let getting = |fields: &Value| Plan {
        gets_codes: vec![promotion(fields)],
        ..plan(vec![create_codes(PromotionRef::Id(1), vec![row("A")])], vec![])
    };
    let ninety = percent("90");
    assert_eq!(reasons(&getting(&ninety)), ["the promotion takes off 90%, more than 50%"]);
    let most = || Policy { max_percent: Some(40.into()), ..Policy::default() };
    assert_eq!(broken(&getting(&ninety), most()), Some("max_percent"));
    let mut off = ninety;
    off["status"] = json!("DISABLED");
    assert_eq!((reasons(&getting(&off)).len(), broken(&getting(&off), most())), (0, None));
    // Its dates and caps are no news.
    let open = json!({"max_uses": null, "end_date": null});
    assert_eq!(reasons(&getting(&open)), [""; 0]);
    let strict = Policy { require_cap: true, require_end_date: true, ..Policy::default() };
    assert_eq!(broken(&getting(&open), strict), None);
}

#[test]
fn a_cap_that_counts_as_none_is_none_for_the_policy() {
    let strict = |below| Policy { require_cap: true, cap_counts_below: below, ..Policy::default() };
    let capped = |cap: u64| plan(vec![], vec![made(&json!({ "max_uses": cap }))]);
    assert_eq!(broken(&capped(99_999), strict(None)), None);
    assert_eq!(broken(&capped(100_000), strict(None)), Some("require_cap"));
    assert_eq!(broken(&capped(2_147_483_647), strict(None)), Some("require_cap"));
    assert_eq!(broken(&capped(100_000), strict(Some(100_001))), None);
    assert_eq!(broken(&capped(10), strict(Some(10))), Some("require_cap"));
}

#[test]
fn a_rule_that_cannot_be_read_is_within_no_limit() {
    for action in [
        json!({"free_money": {}}),
        json!({"cart_value": {"discount": {"percentage_amount": "9e1"}}}),
        json!({"cart_items": {"discount": {"percentage_amount": "1", "fixed_amount": "1"}}}),
    ] {
        let plan = plan(vec![], vec![made(&json!({"rules": [{ "action": action }]}))]);
        let percent = Policy { max_percent: Some(100.into()), ..Policy::default() };
        let amount = Policy { max_fixed_amount: Some(1_000_000.into()), ..Policy::default() };
        assert_eq!(broken(&plan, percent), Some("max_percent"), "{action}");
        assert_eq!(broken(&plan, amount), Some("max_fixed_amount"), "{action}");
        assert_eq!(broken(&plan, Policy::default()), None, "{action}");
    }
}

#[test]
fn an_end_and_a_cap_are_asked_of_what_is_live_or_new() {
    let endless = json!({"end_date": null});
    let uncapped = json!({"max_uses": 0});
    let off = json!({"status": "DISABLED", "end_date": null, "max_uses": null});
    let end = || Policy { require_end_date: true, ..Policy::default() };
    let cap = || Policy { require_cap: true, ..Policy::default() };
    let of = |resulting: Resulting| plan(vec![], vec![resulting]);
    assert_eq!(broken(&of(changed(&json!({}), &endless)), end()), Some("require_end_date"));
    assert_eq!(broken(&of(changed(&json!({}), &uncapped)), cap()), Some("require_cap"));
    assert_eq!(broken(&of(made(&off)), end()), Some("require_end_date"));
    let invalid = json!({"status": "INVALID", "end_date": null});
    assert_eq!(broken(&of(changed(&invalid, &invalid)), end()), Some("require_end_date"));
    for policy in [end(), cap()] {
        assert_eq!(broken(&of(changed(&endless, &off)), policy), None, "disabling is never refused");
    }
    assert_eq!(broken(&of(made(&json!({}))), end()), None);
    assert_eq!(broken(&of(made(&json!({}))), cap()), None);
}

#[test]
fn every_promotion_that_is_touched_must_be_allowed() {
    let allowed = || Policy { allowed_promotions: Some(vec![1, 2]), ..Policy::default() };
    let document = |id: u64| object(&json!({ "id": id }));
    let update =
        |promotion_id: u64| Step::UpdatePromotion { promotion_id, patch: Map::new(), before: Map::new() };
    let create = Step::CreatePromotion { document: Map::new(), namesakes: vec![] };
    let settings = Step::UpdateSettings { settings: Map::new(), before: Map::new() };
    for (step, is_allowed) in [
        (update(2), true),
        (update(3), false),
        (delete_codes(1, vec![row("A")]), true),
        (delete_codes(3, vec![row("A")]), false),
        (Step::DeletePromotions { documents: vec![document(1), document(2)] }, true),
        (Step::DeletePromotions { documents: vec![document(1), document(3)] }, false),
        (create_codes(PromotionRef::Id(2), vec![row("A")]), true),
        (create_codes(PromotionRef::Id(3), vec![row("A")]), false),
        (settings, true),
    ] {
        let rule = broken(&plan(vec![step.clone()], vec![]), allowed());
        assert_eq!(rule, (!is_allowed).then_some("allowed_promotions"), "{step:?}");
    }
    let new = plan(vec![create], vec![made(&json!({}))]);
    assert_eq!(broken(&new, allowed()), Some("allowed_promotions"), "a new promotion is none of the allowed");
}

#[test]
fn only_codes_that_are_made_must_match_the_pattern() {
    let policy = || Policy { code_pattern: Some(CodePattern::parse("VIP-.*").unwrap()), ..Policy::default() };
    let create =
        |codes: &[&str]| create_codes(PromotionRef::Made(0), codes.iter().map(|code| row(code)).collect());
    assert_eq!(broken(&plan(vec![create(&["VIP-1", "VIP-2"])], vec![]), policy()), None);
    assert_eq!(broken(&plan(vec![create(&["VIP-1", "SALE"])], vec![]), policy()), Some("code_pattern"));
    assert_eq!(broken(&plan(vec![delete_codes(1, vec![row("SALE")])], vec![]), policy()), None);
}

#[test]
fn a_plan_is_counted_by_its_steps_and_by_what_it_switches_on() {
    let off = json!({"status": "DISABLED"});
    let plan = plan(
        vec![
            create_codes(PromotionRef::Made(0), vec![row("A"), row("B")]),
            create_codes(PromotionRef::Id(1), vec![row("C")]),
            delete_codes(1, vec![row("D")]),
            delete_codes(2, vec![row("E"), row("F"), row("G")]),
        ],
        vec![
            made(&json!({})),
            made(&off),
            changed(&off, &json!({})),
            changed(&json!({"status": "INVALID"}), &json!({})),
            changed(&json!({}), &json!({"max_uses": 5})),
            changed(&json!({}), &off),
            Resulting { before: Some(promotion(&json!({}))), after: None },
        ],
    );
    assert_eq!(counts(&plan), Counts { codes_created: 3, codes_deleted: 4, promotions_enabled: 3 });
    let nothing = Plan { steps: vec![], resulting: vec![], ..plan };
    assert_eq!(counts(&nothing), Counts::default());
}
