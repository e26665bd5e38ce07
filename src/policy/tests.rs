use std::collections::BTreeSet;

use super::*;

fn policy(toml: &str) -> Policy {
    toml::from_str(toml).unwrap()
}

fn refusal(toml: &str) -> String {
    toml::from_str::<Policy>(toml).unwrap_err().message().to_owned()
}

fn decimal(value: &str) -> Decimal {
    value.parse().unwrap()
}

/// A promotion that is enabled, gives nothing, never ends and has no cap.
fn live(id: u64) -> PromotionFacts {
    PromotionFacts { id: Some(id), live: true, ..PromotionFacts::default() }
}

fn about(promotion: PromotionFacts) -> Facts<'static> {
    Facts { promotions: vec![promotion], ..Facts::default() }
}

fn violation(toml: &str, facts: &Facts<'_>) -> Violation {
    check(&policy(toml), facts).unwrap_err()
}

#[test]
fn by_default_nothing_is_forbidden() {
    let everything = Facts {
        promotions: vec![PromotionFacts {
            percent: decimal("100"),
            unbounded: Some("gives everything away".to_owned()),
            gives_items: Some("gives an item away".to_owned()),
            fixed_amount: decimal("1000000"),
            repeats_fixed_amount: true,
            unreadable_rules: true,
            ..live(1)
        }],
        promotions_with_new_codes: vec![PromotionFacts { percent: decimal("100"), ..live(2) }],
        new_codes: vec!["ANYTHING"],
        touched_promotions: vec![2],
    };
    assert_eq!(check(&Policy::default(), &everything), Ok(()));
    assert_eq!(policy(""), Policy::default());
}

#[test]
fn every_rule_is_read() {
    let read = policy(
        r#"
        read_only = true
        toolsets = ["read", "settings"]
        max_percent = 33.3
        allow_gifts = true
        max_fixed_amount = "25.50"
        require_end_date = true
        require_cap = true
        cap_counts_below = 5000
        code_pattern = 'VIP-[0-9]+'
        allowed_promotions = [7, 8]
        max_codes_created_per_day = 0
        max_codes_deleted_per_day = 10
        max_promotions_enabled_per_day = 3
        "#,
    );
    let expected = Policy {
        read_only: true,
        toolsets: Some(vec![Toolset::Read, Toolset::Settings]),
        max_percent: Some(Decimal::new(333, 1)),
        allow_gifts: true,
        max_fixed_amount: Some(Decimal::new(255, 1)),
        require_end_date: true,
        require_cap: true,
        cap_counts_below: Some(5000),
        code_pattern: Some(CodePattern::parse("VIP-[0-9]+").unwrap()),
        allowed_promotions: Some(vec![7, 8]),
        max_codes_created_per_day: Some(0),
        max_codes_deleted_per_day: Some(10),
        max_promotions_enabled_per_day: Some(3),
    };
    assert_eq!(read, expected);
}

#[test]
fn a_limit_that_makes_no_sense_is_refused() {
    for (toml, message) in [
        ("max_percent = 101", "expected a percentage from 0 to 100"),
        ("max_percent = -0.5", "expected a percentage from 0 to 100"),
        ("max_fixed_amount = -1", "expected an amount of 0 or more"),
        ("toolsets = ['cods']", "there is no such toolset; known are read, codes, promotions, settings"),
        ("max_codes_deleted_per_day = -1", "invalid value: integer `-1`, expected u64"),
    ] {
        assert_eq!(refusal(toml), message, "{toml}");
    }
    assert!(refusal("max_percentage = 20").starts_with("unknown field `max_percentage`, expected one of"));
    assert_eq!(refusal("max_percent = nan"), "expected a percentage from 0 to 100");
    assert_eq!(refusal("code_pattern = 'VIP-('"), "expected a regular expression");
}

#[test]
fn a_discount_above_the_limit_is_named_with_the_limit() {
    let generous = PromotionFacts { percent: decimal("45.50"), ..live(12) };
    let expected = Violation {
        rule: "max_percent",
        limit: "30".to_owned(),
        message: "max_percent is 30 in this server's policy; promotion 12 would give 45.5 percent."
            .to_owned(),
        remedy: "Let it give 30 percent or less; setting its status to DISABLED is always within this rule."
            .to_owned(),
    };
    assert_eq!(violation("max_percent = 30.0", &about(generous)), expected);

    let generous = PromotionFacts { fixed_amount: decimal("25.01"), ..PromotionFacts::default() };
    let expected = Violation {
        rule: "max_fixed_amount",
        limit: "25".to_owned(),
        message: "max_fixed_amount is 25 in this server's policy; the new promotion would take off 25.01."
            .to_owned(),
        remedy: "Let it take off 25 or less.".to_owned(),
    };
    assert_eq!(violation("max_fixed_amount = 25", &about(generous)), expected);
}

#[test]
fn a_discount_at_the_limit_passes_and_each_limit_looks_at_its_own_kind() {
    let promotion = PromotionFacts { percent: decimal("30"), fixed_amount: decimal("25"), ..live(12) };
    let facts = about(promotion);
    assert_eq!(check(&policy("max_percent = 30\nmax_fixed_amount = 25"), &facts), Ok(()));
    assert_eq!(check(&policy("max_fixed_amount = 29"), &facts), Ok(()));
    assert_eq!(violation("max_fixed_amount = 24.99", &facts).rule, "max_fixed_amount");
}

#[test]
fn what_cannot_be_read_cannot_be_shown_to_be_within_a_limit() {
    let opaque = PromotionFacts { unreadable_rules: true, ..live(12) };
    let expected = Violation {
        rule: "max_percent",
        limit: "30".to_owned(),
        message: "max_percent is 30 in this server's policy; promotion 12 has a rule that this server cannot read, \
                  so it cannot be shown to be within it."
            .to_owned(),
        remedy: "Use rules of the documented kinds; setting its status to DISABLED is always within this rule."
            .to_owned(),
    };
    assert_eq!(violation("max_percent = 30", &about(opaque.clone())), expected);
    assert_eq!(violation("max_fixed_amount = 5", &about(opaque.clone())).rule, "max_fixed_amount");
    assert_eq!(check(&policy("require_cap = false"), &about(opaque)), Ok(()));
}

#[test]
fn what_cannot_be_bounded_is_told_with_what_to_do_instead() {
    let free = "takes off 5 where an order of 0 is enough, so an order can be free";
    let unbounded = PromotionFacts { unbounded: Some(free.to_owned()), ..live(12) };
    let violation = |toml: &str, promotion: &PromotionFacts| {
        let violation = violation(toml, &about(promotion.clone()));
        (violation.message, violation.remedy)
    };
    let (message, remedy) = violation("max_percent = 100", &unbounded);
    assert_eq!(message, format!("max_percent is 100 in this server's policy; promotion 12 {free}."));
    assert!(
        remedy.starts_with("Let it take off a percentage, or an amount with a minimum_spend"),
        "{remedy}"
    );
    assert_eq!(check(&policy("max_fixed_amount = 5"), &about(unbounded)), Ok(()));

    let gift = PromotionFacts { gives_items: Some("gives an item away".to_owned()), ..live(12) };
    let (message, remedy) = violation("max_percent = 40", &gift);
    assert_eq!(
        message,
        "max_percent is 40 in this server's policy; promotion 12 gives an item away, and what that takes off \
         cannot be bounded."
    );
    assert!(remedy.contains("allow_gifts"), "{remedy}");
    assert_eq!(check(&policy("max_percent = 40\nallow_gifts = true"), &about(gift)), Ok(()));

    let repeats = PromotionFacts { repeats_fixed_amount: true, ..live(12) };
    let (message, _) = violation("max_fixed_amount = 40", &repeats);
    assert!(
        message.ends_with("promotion 12 has a rule that takes off an amount again and again."),
        "{message}"
    );
}

#[test]
fn a_share_just_above_the_limit_does_not_look_as_if_it_were_within_it() {
    let just = PromotionFacts { percent: decimal("33.3333333334"), ..live(12) };
    let message = violation("max_percent = 33.33", &about(just)).message;
    assert!(message.ends_with("promotion 12 would give 33.34 percent."), "{message}");
}

#[test]
fn new_codes_are_held_against_the_amounts_of_their_promotion_only() {
    let codes = |promotion| Facts { promotions_with_new_codes: vec![promotion], ..Facts::default() };
    let ninety = PromotionFacts { percent: decimal("90"), ..live(12) };
    assert_eq!(violation("max_percent = 40", &codes(ninety.clone())).rule, "max_percent");
    let off = PromotionFacts { live: false, ..ninety };
    assert_eq!(check(&policy("max_percent = 40"), &codes(off)), Ok(()));
    assert_eq!(check(&policy("require_end_date = true\nrequire_cap = true"), &codes(live(12))), Ok(()));
}

#[test]
fn a_promotion_without_an_end_or_a_cap_is_refused_where_the_operator_asks_for_them() {
    let ends = PromotionFacts { has_end: true, ..live(12) };
    let expected = Violation {
        rule: "require_end_date",
        limit: "true".to_owned(),
        message: "require_end_date is set in this server's policy; promotion 12 would have no end."
            .to_owned(),
        remedy: "Give ends_at; setting its status to DISABLED is always within this rule.".to_owned(),
    };
    assert_eq!(violation("require_end_date = true", &about(live(12))), expected);
    assert_eq!(check(&policy("require_end_date = true"), &about(ends.clone())), Ok(()));

    let expected = Violation {
        rule: "require_cap",
        limit: "true".to_owned(),
        message: "require_cap is set in this server's policy; the new promotion would have no limit of uses."
            .to_owned(),
        remedy: "Give max_uses, 1 or more.".to_owned(),
    };
    let new = PromotionFacts { id: None, ..ends.clone() };
    assert_eq!(violation("require_end_date = true\nrequire_cap = true", &about(new)), expected);
    assert_eq!(
        check(&policy("require_cap = true"), &about(PromotionFacts { has_cap: true, ..ends })),
        Ok(())
    );
}

#[test]
fn disabling_is_never_refused_for_the_terms_of_a_promotion_but_a_new_one_is_judged_at_once() {
    let strict = policy("max_percent = 5\nmax_fixed_amount = 1\nrequire_end_date = true\nrequire_cap = true");
    let disabled = PromotionFacts {
        live: false,
        percent: decimal("90"),
        fixed_amount: decimal("500"),
        unreadable_rules: true,
        ..live(12)
    };
    assert_eq!(check(&strict, &about(disabled.clone())), Ok(()));
    let new = PromotionFacts { id: None, ..disabled };
    assert_eq!(check(&strict, &about(new)).unwrap_err().rule, "max_percent");
}

#[test]
fn every_promotion_of_a_change_is_judged() {
    let facts = Facts {
        promotions: vec![live(1), PromotionFacts { percent: decimal("31"), ..live(2) }],
        ..Facts::default()
    };
    let message = "max_percent is 30 in this server's policy; promotion 2 would give 31 percent.";
    assert_eq!(violation("max_percent = 30", &facts).message, message);
}

#[test]
fn only_the_allowed_promotions_may_be_touched() {
    let allowed = "allowed_promotions = [7, 8]";
    let touching = |ids: &[u64]| Facts { touched_promotions: ids.to_vec(), ..Facts::default() };
    assert_eq!(check(&policy(allowed), &touching(&[8, 7])), Ok(()));
    assert_eq!(check(&policy(allowed), &about(live(7))), Ok(()));
    let expected = Violation {
        rule: "allowed_promotions",
        limit: "[7, 8]".to_owned(),
        message: "allowed_promotions is [7, 8] in this server's policy; promotion 9 is not among them."
            .to_owned(),
        remedy:
            "Work with a promotion that is allowed, or ask the operator of this server to allow this one."
                .to_owned(),
    };
    assert_eq!(violation(allowed, &touching(&[7, 9])), expected);
    assert_eq!(violation(allowed, &about(PromotionFacts { live: false, ..live(9) })), expected);
    let new = "allowed_promotions is [7, 8] in this server's policy; the new promotion is not among them.";
    assert_eq!(violation(allowed, &about(PromotionFacts::default())).message, new);
    assert_eq!(violation("allowed_promotions = []", &touching(&[7])).limit, "[]");
}

#[test]
fn a_long_list_of_allowed_promotions_is_shown_in_part() {
    let ids: Vec<u64> = (1..=25).collect();
    let facts = Facts { touched_promotions: vec![99], ..Facts::default() };
    let limit = violation(&format!("allowed_promotions = {ids:?}"), &facts).limit;
    assert_eq!(limit, "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, and 5 more]");
}

#[test]
fn every_new_code_must_match_the_pattern() {
    let facts = Facts { new_codes: vec!["VIP-1", "VIP-1x"], ..Facts::default() };
    let expected = Violation {
        rule: "code_pattern",
        limit: "VIP-[0-9]".to_owned(),
        message: "code_pattern is VIP-[0-9] in this server's policy; the code \"VIP-1x\" does not match it."
            .to_owned(),
        remedy: "Choose a code that matches the whole pattern; capital and small letters differ.".to_owned(),
    };
    assert_eq!(violation("code_pattern = 'VIP-[0-9]'", &facts), expected);
    assert_eq!(check(&policy("code_pattern = '(?i)vip-\\d[xy]?'"), &facts), Ok(()));
}

#[test]
fn a_pattern_is_matched_against_the_whole_code() {
    for (pattern, code, matches) in [
        ("A|B", "B", true),
        ("A|B", "AB", false),
        ("VIP", "VIP", true),
        ("VIP", "XVIP", false),
        ("VIP", "VIPX", false),
        ("^VIP.*$", "VIP-9", true),
        ("(?m)^VIP$", "VIP\nX", false),
        ("VIP", "vip", false),
    ] {
        assert_eq!(CodePattern::parse(pattern).unwrap().matches(code), matches, "{pattern} on {code}");
    }
    for broken in ["A)|(?:B", "[", "(?x) A # a comment", "a{99999999}"] {
        assert!(CodePattern::parse(broken).is_err(), "{broken}");
    }
}

#[test]
fn a_server_that_only_reads_refuses_every_change() {
    let expected = Violation {
        rule: "read_only",
        limit: "true".to_owned(),
        message: "read_only is set in this server's policy: it changes nothing.".to_owned(),
        remedy: "Make the change in the BigCommerce control panel.".to_owned(),
    };
    assert_eq!(violation("read_only = true", &Facts::default()), expected);
}

fn every_tool() -> BTreeSet<&'static str> {
    Toolset::ALL.iter().flat_map(|toolset| toolset.tools()).copied().collect()
}

#[test]
fn the_toolsets_in_force_decide_what_is_offered() {
    let offered = |toml: &str| {
        let policy = policy(toml);
        assert_eq!(policy.offers_any(), every_tool().iter().any(|tool| policy.offers(tool)));
        every_tool().into_iter().filter(|tool| policy.offers(tool)).collect::<BTreeSet<_>>()
    };
    let reading = [
        "list_promotions",
        "get_promotion",
        "check_coupon_code",
        "get_store",
        "list_coupon_codes",
        "export_coupon_codes",
        "summarize_coupon_codes",
        "get_job",
    ];
    assert_eq!(offered("read_only = true"), BTreeSet::from(reading));
    assert_eq!(offered("toolsets = ['settings']"), BTreeSet::from(["undo", "update_promotion_settings"]));
    assert_eq!(offered("toolsets = []"), BTreeSet::new());
    assert_eq!(offered("toolsets = ['codes']\nread_only = true"), BTreeSet::new());
    let mut default = every_tool();
    default.remove("update_promotion_settings");
    assert_eq!(offered(""), default);
    assert!(!Policy::default().offers("no_such_tool"));
}

#[test]
fn there_are_nineteen_tools() {
    assert_eq!(every_tool().len(), 19);
}

#[test]
fn a_toolset_is_named_as_it_is_shown() {
    for toolset in Toolset::ALL {
        assert_eq!(format!(" {toolset} ").parse(), Ok(toolset));
    }
    for unknown in ["", "Codes", "code"] {
        assert_eq!(unknown.parse::<Toolset>(), Err(UnknownToolset));
    }
}

#[test]
fn only_ceilings_that_are_set_and_added_to_count() {
    let policy = policy("max_codes_created_per_day = 100\nmax_promotions_enabled_per_day = 0");
    let counts = Counts { codes_created: 3, codes_deleted: 4, promotions_enabled: 0 };
    let created =
        Ceiling { counter: "codes_created", rule: "max_codes_created_per_day", amount: 3, limit: 100 };
    assert_eq!(policy.ceilings(&counts).collect::<Vec<_>>(), [created]);
    let counts = Counts { promotions_enabled: 1, ..Counts::default() };
    let enabled = Ceiling {
        counter: "promotions_enabled",
        rule: "max_promotions_enabled_per_day",
        amount: 1,
        limit: 0,
    };
    assert_eq!(policy.ceilings(&counts).collect::<Vec<_>>(), [enabled]);
}

#[test]
fn the_thresholds_of_a_question_are_read_and_bounded() {
    let read = |toml: &str| toml::from_str::<ConfirmThresholds>(toml);
    assert_eq!(read("").unwrap(), ConfirmThresholds::default());
    let expected = ConfirmThresholds {
        percent_above: Decimal::new(255, 1),
        end_within_days: 0,
        cap_growth_above: Decimal::new(15, 1),
        confirm_codes_above: 0,
    };
    let toml = "percent_above = 25.5\nend_within_days = 0\ncap_growth_above = 1.5\nconfirm_codes_above = 0";
    assert_eq!(read(toml).unwrap(), expected);
    for (toml, message) in [
        ("percent_above = 100.1", "expected a percentage from 0 to 100"),
        ("end_within_days = 36501", "expected a number of days from 0 to 36500"),
        ("cap_growth_above = 0.9", "expected a multiple of 1 or more"),
    ] {
        assert_eq!(read(toml).unwrap_err().message(), message);
    }
}
