//! Whether what a change would lead to is within the operator's policy.

use std::fmt;

use rust_decimal::Decimal;

use super::Policy;

/// What a change leads to, as far as the policy asks.
#[derive(Debug, Clone, Default)]
pub struct Facts<'a> {
    /// Each promotion whose terms the change sets, as it is after it.
    pub promotions: Vec<PromotionFacts>,
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
    /// The percentage of every discount of its rules, 0-100.
    pub percents: Vec<Decimal>,
    /// The fixed amount of every discount of its rules, in its currency.
    pub fixed_amounts: Vec<Decimal>,
    /// Whether a rule holds a discount that could not be read.
    pub unreadable_rules: bool,
    /// Whether it has an end.
    pub has_end: bool,
    /// Whether it stops after a number of uses.
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
/// Each discount is judged by itself. Gifts and fixed prices have no limit here.
///
/// # Errors
/// The [`Violation`].
pub fn check(policy: &Policy, facts: &Facts<'_>) -> Result<(), Violation> {
    may_write(policy)?;
    within_scope(policy, facts)?;
    for promotion in facts.promotions.iter().filter(|promotion| promotion.live || promotion.id.is_none()) {
        for limit in Limit::of(policy, promotion) {
            limit.check(promotion)?;
        }
        bounded(policy, promotion)?;
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

/// A limit of the policy on the amounts of a promotion's discounts.
struct Limit<'a> {
    rule: &'static str,
    most: Option<Decimal>,
    found: &'a [Decimal],
    /// "give 30 percent"
    effect: fn(Decimal) -> String,
}

impl Limit<'_> {
    fn of<'a>(policy: &Policy, promotion: &'a PromotionFacts) -> [Limit<'a>; 2] {
        [
            Limit {
                rule: "max_percent",
                most: policy.max_percent,
                found: &promotion.percents,
                effect: |percent| format!("give {} percent", percent.normalize()),
            },
            Limit {
                rule: "max_fixed_amount",
                most: policy.max_fixed_amount,
                found: &promotion.fixed_amounts,
                effect: |amount| format!("take off {}", amount.normalize()),
            },
        ]
    }

    fn check(&self, promotion: &PromotionFacts) -> Result<(), Violation> {
        let Some(most) = self.most else { return Ok(()) };
        let (finding, remedy) = match self.found.iter().copied().max().filter(|&highest| highest > most) {
            Some(highest) => {
                let remedy = format!("Let it {} or less", (self.effect)(most));
                (format!("would {}", (self.effect)(highest)), remedy)
            }
            None if promotion.unreadable_rules => (
                "has a rule that this server cannot read, so it cannot be shown to be within it".to_owned(),
                "Use rules of the documented kinds".to_owned(),
            ),
            None => return Ok(()),
        };
        let (rule, limit, subject) = (self.rule, most.normalize().to_string(), Subject(promotion.id));
        Err(Violation {
            rule,
            message: format!("{rule} is {limit} in this server's policy; {subject} {finding}."),
            limit,
            remedy: or_disable(&remedy, promotion),
        })
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
