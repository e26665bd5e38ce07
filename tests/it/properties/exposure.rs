//! What makes a promotion costly, read from its raw JSON and from the published rules alone: nothing of the server's
//! own judgement is used here.

use crate::support::now;
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// A reason to ask a person, with the figures that make it this one and no other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exposure {
    /// More than 50 percent.
    Percent(String),
    /// A fixed amount at or above the minimum spend.
    Fixed { amount: String, minimum: String },
    /// Any gift.
    Gift,
    /// Any fixed price.
    FixedPrice,
    /// No cap, with an end more than 90 days off or none.
    Unbounded,
    /// A cap that more than doubles, or goes.
    Cap { from: u64, to: Option<u64> },
    /// Stacking turned on where it was off.
    Stacking,
}

impl Exposure {
    /// Words of which one must stand in a true account of it.
    pub(super) fn words(&self) -> Vec<String> {
        let words: &[&str] = match self {
            Self::Percent(percent) => {
                let plain =
                    if percent.contains('.') { percent.trim_end_matches(['0', '.']) } else { percent };
                return vec![format!("{plain}%"), "cannot read".to_owned()];
            }
            Self::Cap { to: Some(to), .. } => return vec![to.to_string()],
            Self::Cap { to: None, .. } => &["loses its cap"],
            Self::Fixed { .. } => &["takes off", "cannot read"],
            Self::Gift => &["gives an item", "free item", "cannot read"],
            Self::FixedPrice => &["fixed price", "cannot read"],
            Self::Unbounded => &["no cap"],
            Self::Stacking => &["beside other promotions"],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }
}

/// Whether shoppers can use it now or later without anybody's doing.
pub(super) fn is_live(promotion: &Value) -> bool {
    promotion["status"] == "ENABLED" && end_of(promotion).is_none_or(|end| end >= now())
}

pub(super) fn end_of(promotion: &Value) -> Option<Timestamp> {
    promotion["end_date"].as_str().map(|end| end.parse().unwrap())
}

/// Everything that is costly about `after` and was not so about `before`.
pub(super) fn new_exposures(before: Option<&Value>, after: &Value) -> BTreeSet<Exposure> {
    if !is_live(after) {
        return BTreeSet::new();
    }
    let old = before.filter(|before| is_live(before)).map(standing).unwrap_or_default();
    let mut new: BTreeSet<_> = standing(after).difference(&old).cloned().collect();
    if let Some(before) = before {
        let (from, to) = (before["max_uses"].as_u64(), after["max_uses"].as_u64());
        if let Some(from) = from
            && to.is_none_or(|to| to > 2 * from)
        {
            new.insert(Exposure::Cap { from, to });
        }
        let stacks = |promotion: &Value| promotion["can_be_used_with_other_promotions"] == true;
        if stacks(after) && !stacks(before) {
            new.insert(Exposure::Stacking);
        }
    }
    new
}

/// What is costly about a live promotion by itself.
fn standing(promotion: &Value) -> BTreeSet<Exposure> {
    let mut found = BTreeSet::new();
    for rule in promotion["rules"].as_array().into_iter().flatten() {
        let action = &rule["action"];
        if !action["gift_item"].is_null() || action["cart_items"]["add_free_item"] == true {
            found.insert(Exposure::Gift);
        }
        if !action["fixed_price_set"].is_null() {
            found.insert(Exposure::FixedPrice);
        }
        for discount in discounts(rule) {
            match discount {
                Discount::Percent(text, percent) if percent > 50.0 => {
                    found.insert(Exposure::Percent(text.to_owned()));
                }
                Discount::Fixed(text, amount) => {
                    let minimum = minimum_spend(&rule["condition"]).unwrap_or(0.0);
                    if amount >= minimum {
                        let (amount, minimum) = (text.to_owned(), minimum.to_string());
                        found.insert(Exposure::Fixed { amount, minimum });
                    }
                }
                Discount::Percent(..) => {}
            }
        }
    }
    let horizon = now() + SignedDuration::from_hours(90 * 24);
    if promotion["max_uses"].is_null() && end_of(promotion).is_none_or(|end| end > horizon) {
        found.insert(Exposure::Unbounded);
    }
    found
}

/// A discount as it is written, and its value.
pub(super) enum Discount<'a> {
    Percent(&'a str, f64),
    Fixed(&'a str, f64),
}

pub(super) fn discounts(rule: &Value) -> Vec<Discount<'_>> {
    let mut found = Vec::new();
    for action in ["cart_value", "cart_items"] {
        let discount = &rule["action"][action]["discount"];
        if let Some(text) = discount["percentage_amount"].as_str() {
            found.push(Discount::Percent(text, text.parse().unwrap()));
        }
        if let Some(text) = discount["fixed_amount"].as_str() {
            found.push(Discount::Fixed(text, text.parse().unwrap()));
        }
    }
    found
}

/// The least that every cart costs to which the condition lets a rule apply.
fn minimum_spend(condition: &Value) -> Option<f64> {
    if let Some(parts) = condition["and"].as_array() {
        return parts.iter().filter_map(minimum_spend).reduce(f64::max);
    }
    if let Some(parts) = condition["or"].as_array() {
        return parts.iter().map(minimum_spend).collect::<Option<Vec<_>>>()?.into_iter().reduce(f64::min);
    }
    condition["cart"]["minimum_spend"].as_str().map(|text| text.parse().unwrap())
}
