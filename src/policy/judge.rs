//! Whether what a change would lead to is within the operator's policy.

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};

use super::Policy;

/// What a change leads to, as far as the policy asks.
#[derive(Debug, Clone, Default)]
pub struct Facts<'a> {
    /// Each promotion whose terms the change sets, as it is after it.
    pub promotions: Vec<PromotionFacts>,
    /// Each promotion that gets codes and stays as it is: every code gives away what it gives.
    pub promotions_with_new_codes: Vec<PromotionFacts>,
    /// The texts of the codes it creates.
    pub new_codes: Vec<&'a str>,
    /// The promotions it touches in any way, such as by adding or deleting codes; those of `promotions` count
    /// without being named again.
    pub touched_promotions: Vec<u64>,
}

/// One promotion after a change.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each named where it is set")]
pub struct PromotionFacts {
    /// Its identifier; `None` for one that is created.
    pub id: Option<u64>,
    /// Whether it is `ENABLED`, whatever its dates say.
    pub live: bool,
    /// The largest percentage of an order that it takes off, of what can be bounded, 0-100.
    pub percent: Decimal,
    /// Why what it takes off cannot be bounded, as a sentence without its subject; `None` where it can.
    pub unbounded: Option<String>,
    /// How it gives whole items, in the same form; `None` where it does not.
    pub gives_items: Option<String>,
    /// The fixed amounts of its discounts, added up, in its currency.
    pub fixed_amount: Decimal,
    /// Whether a fixed amount is taken off again and again.
    pub repeats_fixed_amount: bool,
    /// Whether a rule holds a discount that could not be read.
    pub unreadable_rules: bool,
    /// Whether it has an end.
    pub has_end: bool,
    /// Whether it stops after a number of uses that counts as a cap.
    pub has_cap: bool,
}

/// A rule of the operator that a change would break.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Violation {
    /// The rule: the name of the field of [`Policy`].
    pub rule: &'static str,
    /// Its value, as the operator would write it.
    pub limit: String,
    /// One sentence with the rule, its value and what was found.
    pub message: String,
    /// What the caller can do instead.
    pub remedy: String,
}

/// Judges what a change leads to; the first broken rule is the answer.
///
/// Limits on a promotion's terms hold for one that is live and for one that is new, enabled or not. One that is
/// there and not live gives nothing, and enabling it is judged again: so disabling is never refused for them.
/// What all its discounts take off together is judged. Codes add nothing to the terms of a promotion, so where only
/// they are new, dates and caps are left alone.
///
/// # Errors
/// The [`Violation`].
pub fn check(policy: &Policy, facts: &Facts<'_>) -> Result<(), Violation> {
    may_write(policy)?;
    within_scope(policy, facts)?;
    for promotion in facts.promotions.iter().filter(|promotion| promotion.live || promotion.id.is_none()) {
        within_amounts(policy, promotion)?;
        bounded(policy, promotion)?;
    }
    for promotion in facts.promotions_with_new_codes.iter().filter(|promotion| promotion.live) {
        within_amounts(policy, promotion)?;
    }
    well_formed(policy, &facts.new_codes)
}

fn may_write(policy: &Policy) -> Result<(), Violation> {
    if !policy.read_only {
        return Ok(());
    }
    Err(Violation {
        rule: "read_only",
        limit: true.to_string(),
        message: "read_only is set in this server's policy: it changes nothing.".to_owned(),
        remedy: "Make the change in the BigCommerce control panel.".to_owned(),
    })
}

fn within_scope(policy: &Policy, facts: &Facts<'_>) -> Result<(), Violation> {
    let Some(allowed) = &policy.allowed_promotions else { return Ok(()) };
    let named = facts.touched_promotions.iter().map(|&id| Some(id));
    let mut touched = named.chain(facts.promotions.iter().map(|promotion| promotion.id));
    let Some(outside) = touched.find(|id| id.is_none_or(|id| !allowed.contains(&id))) else { return Ok(()) };
    let limit = listed(allowed);
    Err(Violation {
        rule: "allowed_promotions",
        message: format!(
            "allowed_promotions is {limit} in this server's policy; {} is not among them.",
            Subject(outside)
        ),
        limit,
        remedy:
            "Work with a promotion that is allowed, or ask the operator of this server to allow this one."
                .to_owned(),
    })
}

fn within_amounts(policy: &Policy, promotion: &PromotionFacts) -> Result<(), Violation> {
    if let Some(most) = policy.max_percent {
        within_percent(policy, most, promotion)?;
    }
    policy.max_fixed_amount.map_or(Ok(()), |most| within_fixed_amount(most, promotion))
}

fn within_percent(policy: &Policy, most: Decimal, promotion: &PromotionFacts) -> Result<(), Violation> {
    let (finding, remedy) = if promotion.percent > most {
        // Rounded so that it does not look as if it were within the limit.
        let percent = promotion.percent.round_dp_with_strategy(2, RoundingStrategy::ToPositiveInfinity);
        (format!("would {}", give(percent)), let_it(&give(most)))
    } else if promotion.unreadable_rules {
        unreadable()
    } else if let Some(unbounded) = &promotion.unbounded {
        let remedy =
            "Let it take off a percentage, or an amount with a minimum_spend of which it is a small part";
        (unbounded.clone(), remedy.to_owned())
    } else if let Some(gives) = promotion.gives_items.as_ref().filter(|_| !policy.allow_gifts) {
        let remedy = "Give a discount instead, or ask the operator of this server for allow_gifts";
        (format!("{gives}, and what that takes off cannot be bounded"), remedy.to_owned())
    } else {
        return Ok(());
    };
    Err(beyond("max_percent", most, promotion, &finding, &remedy))
}

fn within_fixed_amount(most: Decimal, promotion: &PromotionFacts) -> Result<(), Violation> {
    let remedy = let_it(&take_off(most));
    let (finding, remedy) = if promotion.fixed_amount > most {
        (format!("would {}", take_off(promotion.fixed_amount)), remedy)
    } else if promotion.repeats_fixed_amount {
        ("has a rule that takes off an amount again and again".to_owned(), remedy)
    } else if promotion.unreadable_rules {
        unreadable()
    } else {
        return Ok(());
    };
    Err(beyond("max_fixed_amount", most, promotion, &finding, &remedy))
}

fn give(percent: Decimal) -> String {
    format!("give {} percent", percent.normalize())
}

fn take_off(amount: Decimal) -> String {
    format!("take off {}", amount.normalize())
}

fn let_it(effect: &str) -> String {
    format!("Let it {effect} or less")
}

fn unreadable() -> (String, String) {
    (
        "has a rule that this server cannot read, so it cannot be shown to be within it".to_owned(),
        "Use rules of the documented kinds".to_owned(),
    )
}

fn beyond(
    rule: &'static str,
    most: Decimal,
    promotion: &PromotionFacts,
    finding: &str,
    remedy: &str,
) -> Violation {
    let (limit, subject) = (most.normalize().to_string(), Subject(promotion.id));
    Violation {
        rule,
        message: format!("{rule} is {limit} in this server's policy; {subject} {finding}."),
        limit,
        remedy: or_disable(remedy, promotion),
    }
}

fn bounded(policy: &Policy, promotion: &PromotionFacts) -> Result<(), Violation> {
    let (rule, lack, remedy) = if policy.require_end_date && !promotion.has_end {
        ("require_end_date", "no end", "Give ends_at")
    } else if policy.require_cap && !promotion.has_cap {
        ("require_cap", "no limit of uses", "Give max_uses, 1 or more")
    } else {
        return Ok(());
    };
    Err(Violation {
        rule,
        limit: true.to_string(),
        message: format!(
            "{rule} is set in this server's policy; {} would have {lack}.",
            Subject(promotion.id)
        ),
        remedy: or_disable(remedy, promotion),
    })
}

fn well_formed(policy: &Policy, codes: &[&str]) -> Result<(), Violation> {
    let Some(pattern) = &policy.code_pattern else { return Ok(()) };
    let Some(code) = codes.iter().find(|code| !pattern.matches(code)) else { return Ok(()) };
    let pattern = pattern.as_str();
    Err(Violation {
        rule: "code_pattern",
        limit: pattern.to_owned(),
        message: format!(
            "code_pattern is {pattern} in this server's policy; the code {code:?} does not match it."
        ),
        remedy: "Choose a code that matches the whole pattern; capital and small letters differ.".to_owned(),
    })
}

/// A promotion that is there can always be made harmless instead.
fn or_disable(remedy: &str, promotion: &PromotionFacts) -> String {
    match promotion.id {
        Some(_) => format!("{remedy}; setting its status to DISABLED is always within this rule."),
        None => format!("{remedy}."),
    }
}

/// The promotion as the subject of a sentence.
struct Subject(Option<u64>);

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(id) => write!(f, "promotion {id}"),
            None => f.write_str("the new promotion"),
        }
    }
}

/// The first ids of a list that may be long.
fn listed(ids: &[u64]) -> String {
    const SHOWN: usize = 20;
    let mut shown: Vec<String> = ids.iter().take(SHOWN).map(u64::to_string).collect();
    if ids.len() > SHOWN {
        shown.push(format!("and {} more", ids.len() - SHOWN));
    }
    format!("[{}]", shown.join(", "))
}
