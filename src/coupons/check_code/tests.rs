use serde_json::{Value, json};

use super::*;
use crate::coupons::UseLimits;

const NOW: &str = "2026-06-10T12:00:00Z";

fn promotion(fields: Value) -> Promotion {
    let mut document = json!({
        "id": 7, "redemption_type": "COUPON", "name": "Summer Sale", "channels": [], "current_uses": 3,
        "rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "20"}}}}], "max_uses": null,
        "status": "ENABLED", "start_date": "2026-06-01T00:00:00+00:00", "end_date": null,
        "can_be_used_with_other_promotions": true, "currency_code": "USD", "coupon_type": "BULK",
    });
    let (Value::Object(document), Value::Object(fields)) = (&mut document, fields) else { panic!("objects") };
    document.extend(fields);
    Promotion::read(document.clone())
}

fn code(current_uses: u64, max_uses: u64, max_uses_per_customer: u64) -> CouponCode {
    let limits = UseLimits { max_uses, max_uses_per_customer };
    CouponCode { id: 1, code: "SUMMER20".to_owned(), current_uses, limits, created: None }
}

fn circumstances() -> Circumstances {
    Circumstances { at: NOW.parse().unwrap(), channel: None, currency: None, group: None, subtotal: None }
}

const SURROUNDINGS: Surroundings<'static> =
    Surroundings { zone: None, store_currency: Some("USD"), coupons_at_checkout: None };

fn judged(code: &CouponCode, fields: Value, circumstances: &Circumstances) -> Findings {
    judge(code, &promotion(fields), circumstances, &SURROUNDINGS)
}

/// The verdict with the codes of the reasons and the names of what was not checked.
fn sum(findings: &Findings) -> (Verdict, Vec<ReasonCode>, Vec<&'static str>) {
    (
        verdict(&findings.reasons, &findings.unchecked),
        findings.reasons.iter().map(|reason| reason.code).collect(),
        findings.unchecked.iter().map(|unchecked| unchecked.what).collect(),
    )
}

fn refused(findings: &Findings) -> ReasonCode {
    match (sum(findings), findings.reasons.as_slice()) {
        ((Verdict::DoesNotWork, _, _), [only]) => only.code,
        _ => panic!("{findings:?}"),
    }
}

fn open(findings: &Findings) -> &'static str {
    match (sum(findings), findings.unchecked.as_slice()) {
        ((Verdict::Depends, reasons, _), [only]) if reasons.is_empty() => only.what,
        _ => panic!("{findings:?}"),
    }
}

fn works(findings: &Findings) -> bool {
    sum(findings) == (Verdict::Works, Vec::new(), Vec::new())
}

#[test]
fn a_code_works_when_nothing_speaks_against_it_and_nothing_is_open() {
    assert!(works(&judged(&code(3, 0, 0), json!({}), &circumstances())));
    assert!(works(&judged(&code(3, 4, 0), json!({"max_uses": 4}), &circumstances())));
}

#[test]
fn every_certain_reason_is_found_and_names_the_next_tool() {
    let with = |change: fn(&mut Circumstances)| {
        let mut circumstances = circumstances();
        change(&mut circumstances);
        circumstances
    };
    let now = circumstances();
    let minimum = json!([{
        "action": {"cart_value": {"discount": {"fixed_amount": "5"}}},
        "condition": {"cart": {"minimum_spend": "50"}},
    }]);
    let groups = |customer: Value| json!({ "customer": customer });
    for (reason, fix, findings) in [
        (ReasonCode::Disabled, "status ENABLED", judged(&code(0, 0, 0), json!({"status": "DISABLED"}), &now)),
        (ReasonCode::Invalid, "get_promotion", judged(&code(0, 0, 0), json!({"status": "INVALID"}), &now)),
        (ReasonCode::Invalid, "create_promotion", judged(&code(0, 0, 0), json!({"rules": []}), &now)),
        (
            ReasonCode::Expired,
            "ends_at",
            judged(&code(0, 0, 0), json!({"end_date": "2026-06-10T11:59:59Z"}), &now),
        ),
        (
            ReasonCode::NotStarted,
            "starts_at",
            judged(&code(0, 0, 0), json!({"start_date": "2026-06-10T12:00:01Z"}), &now),
        ),
        (ReasonCode::CodeUsedUp, "replace_coupon_code", judged(&code(5, 5, 0), json!({}), &now)),
        (
            ReasonCode::PromotionUsedUp,
            "max_uses above 9 opens",
            judged(&code(5, 0, 0), json!({"max_uses": 9, "current_uses": 9}), &now),
        ),
        (
            ReasonCode::PromotionUsedUp,
            "and status ENABLED",
            judged(&code(5, 0, 0), json!({"max_uses": 9, "current_uses": 9, "status": "DISABLED"}), &now),
        ),
        (
            ReasonCode::WrongChannel,
            "control panel",
            judged(&code(0, 0, 0), json!({"channels": [{"id": 2}]}), &with(|now| now.channel = Some(1))),
        ),
        (
            ReasonCode::WrongCurrency,
            "create_promotion",
            judged(&code(0, 0, 0), json!({}), &with(|now| now.currency = Some("EUR".to_owned()))),
        ),
        (
            ReasonCode::WrongCustomerGroup,
            "customer_group_ids",
            judged(&code(0, 0, 0), groups(json!({"group_ids": [3]})), &with(|now| now.group = Some(0))),
        ),
        (
            ReasonCode::WrongCustomerGroup,
            "customer_group_ids",
            judged(
                &code(0, 0, 0),
                groups(json!({"excluded_group_ids": [0]})),
                &with(|now| now.group = Some(0)),
            ),
        ),
        (
            ReasonCode::NeverFires,
            "control panel",
            judged(&code(0, 0, 0), groups(json!({"group_ids": [1], "excluded_group_ids": [2]})), &now),
        ),
        (
            ReasonCode::MinimumSpend,
            "minimum_spend",
            judged(
                &code(0, 0, 0),
                json!({ "rules": minimum }),
                &with(|now| now.subtotal = Some(Decimal::new(4999, 2))),
            ),
        ),
    ] {
        assert_eq!(refused(&findings), reason);
        assert!(findings.reasons[0].fix.contains(fix), "{findings:?}");
    }
}

#[test]
fn the_message_tells_what_is() {
    let message = |findings: Findings| findings.reasons[0].message.clone();
    assert_eq!(
        message(judged(&code(12, 12, 0), json!({}), &circumstances())),
        "The code \"SUMMER20\" is used up: 12 of 12 uses recorded by BigCommerce."
    );
    let rules = json!([{
        "action": {"cart_value": {"discount": {"fixed_amount": "5"}}},
        "condition": {"cart": {"minimum_spend": "50"}},
    }]);
    let circumstances = Circumstances { subtotal: Some(Decimal::new(4999, 2)), ..circumstances() };
    assert_eq!(
        message(judged(&code(0, 0, 0), json!({ "rules": rules }), &circumstances)),
        "Promotion 7 \"Summer Sale\" is for carts of at least 50.00 USD, and this one has 49.99."
    );
}

#[test]
fn all_reasons_are_told_at_once() {
    let findings = judged(
        &code(5, 5, 1),
        json!({"status": "DISABLED", "end_date": "2026-06-02T00:00:00Z"}),
        &circumstances(),
    );
    let reasons = vec![ReasonCode::Disabled, ReasonCode::Expired, ReasonCode::CodeUsedUp];
    assert_eq!(sum(&findings), (Verdict::DoesNotWork, reasons, vec![]));
}

#[test]
fn what_cannot_be_known_is_left_open() {
    let now = circumstances();
    for (what, findings) in [
        ("customer_group", judged(&code(0, 0, 0), json!({"customer": {"group_ids": [1]}}), &now)),
        ("customer_group", judged(&code(0, 0, 0), json!({"customer": {"excluded_group_ids": [1]}}), &now)),
        ("earlier_orders", judged(&code(0, 0, 0), json!({"customer": {"minimum_order_count": 1}}), &now)),
        ("customer_segments", judged(&code(0, 0, 0), json!({"customer": {"segments": {"id": ["x"]}}}), &now)),
        ("channel", judged(&code(0, 0, 0), json!({"channels": [{"id": 1}]}), &now)),
        ("currency", judged(&code(0, 0, 0), json!({"currency_code": "EUR"}), &now)),
        ("shipping_address", judged(&code(0, 0, 0), json!({"shipping_address": {"countries": []}}), &now)),
        ("stacking", judged(&code(0, 0, 0), json!({"can_be_used_with_other_promotions": false}), &now)),
        ("rules", judged(&code(0, 0, 0), json!({"rules": [{"action": {"magic": {}}}]}), &now)),
    ] {
        assert_eq!(open(&findings), what);
    }
}

#[test]
fn a_limit_per_customer_is_a_note_and_no_doubt() {
    let findings = judged(&code(0, 0, 1), json!({}), &circumstances());
    assert_eq!(sum(&findings), (Verdict::Works, vec![], vec![]));
    assert!(findings.notes[0].starts_with("A customer may use the code once;"), "{findings:?}");
}

#[test]
fn a_date_that_cannot_be_read_is_left_open() {
    let findings = judged(&code(0, 0, 0), json!({"end_date": "2026-06-30 23:59:59"}), &circumstances());
    assert_eq!(
        (verdict(&findings.reasons, &findings.unchecked), open(&findings)),
        (Verdict::Depends, "dates")
    );
}

#[test]
fn what_is_told_of_the_order_is_open_no_more() {
    let told = Circumstances {
        channel: Some(1),
        currency: Some("EUR".to_owned()),
        group: Some(0),
        ..circumstances()
    };
    let fields = json!({
        "channels": [{"id": 1}], "currency_code": "EUR", "customer": {"group_ids": [0, 4]},
    });
    assert!(works(&judged(&code(0, 0, 0), fields, &told)));
    assert!(works(&judged(&code(0, 0, 0), json!({"currency_code": "*"}), &told)));
    assert!(works(&judged(
        &code(0, 0, 0),
        json!({"currency_code": "EUR", "customer": {"excluded_group_ids": [1]}}),
        &told
    )));
}

#[test]
fn a_coupon_that_replaces_other_promotions_does_not_depend_on_them() {
    let fields =
        json!({"can_be_used_with_other_promotions": false, "coupon_overrides_other_promotions": true});
    assert!(works(&judged(&code(0, 0, 0), fields, &circumstances())));
}

#[test]
fn how_many_coupons_a_checkout_takes_is_a_note_and_no_condition() {
    let surroundings = Surroundings { coupons_at_checkout: Some(1), ..SURROUNDINGS };
    let findings = judge(&code(0, 0, 0), &promotion(json!({})), &circumstances(), &surroundings);
    assert!(works(&findings));
    assert!(matches!(findings.notes.as_slice(), [only] if only.contains("one coupon")), "{findings:?}");
}

#[test]
fn a_currency_that_is_not_given_is_the_store_s() {
    let surroundings = Surroundings { store_currency: None, ..SURROUNDINGS };
    let findings = judge(&code(0, 0, 0), &promotion(json!({})), &circumstances(), &surroundings);
    assert_eq!(open(&findings), "currency");
}

#[test]
fn a_legacy_coupon_may_work_and_a_text_that_may_be_one_may_too() {
    let code = CodeText::parse("WELCOME5").unwrap();
    let findings = of_legacy_coupon(&code, Some("Welcome"));
    assert_eq!(sum(&findings), (Verdict::Depends, vec![ReasonCode::LegacyCoupon], vec!["legacy_coupon"]));
    let not_found = Reason { code: ReasonCode::NotFound, message: String::new(), fix: String::new() };
    assert_eq!(verdict(std::slice::from_ref(&not_found), &[]), Verdict::DoesNotWork);
    let unread = Unchecked { what: "legacy_coupon", why: String::new() };
    assert_eq!(verdict(&[not_found], &[unread]), Verdict::Depends);
}

#[test]
fn a_link_has_the_storefront_the_code_and_a_place_for_the_product() {
    assert_eq!(
        link_template(Some("https://shop.example/"), "ANNA 10"),
        "https://shop.example/cart.php?action=add&product_id={PRODUCT_ID}&couponcode=ANNA+10"
    );
    for unusable in [None, Some(""), Some("javascript:alert(1)"), Some("shop.example")] {
        assert_eq!(
            link_template(unusable, "A&b=1"),
            "https://YOUR-STORE/cart.php?action=add&product_id={PRODUCT_ID}&couponcode=A%26b%3D1"
        );
    }
}
