//! Whether a person must be asked before a promotion may be as it will be.
//!
//! What counts is the result and not the verb: creating, enabling, extending and undoing lead to the same
//! states. An ordinary promotion (20 percent, capped, ending) is no question, or people learn to click them
//! away.

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use crate::coupons::Promotion;
use crate::coupons::rules::{Action, Discount, Rule};
use crate::policy::ConfirmThresholds;

/// The reasons to ask about `after`, in sentences without a subject (`takes off 60%, more than 50%`); empty for
/// an ordinary promotion and for one that shoppers cannot use.
///
/// `before` is the promotion as it is, if there is one: it shows what is let loose.
pub fn exposure(
    before: Option<&Promotion>,
    after: &Promotion,
    thresholds: &ConfirmThresholds,
    now: Timestamp,
) -> Vec<String> {
    if !after.is_live(now) {
        return Vec::new();
    }
    let mut reasons: Vec<String> = after.rules.iter().flat_map(|rule| of_rule(rule, thresholds)).collect();
    reasons.extend(of_cap(before, after, thresholds, now));
    if before.is_some_and(|before| !before.stacks) && after.stacks {
        reasons.push("now works beside other promotions, which it did not".to_owned());
    }
    reasons
}

fn of_rule(rule: &Rule, thresholds: &ConfirmThresholds) -> Vec<String> {
    // A part that is not understood may be the discount itself.
    let (Some(action), false) = (rule.action.known(), rule.has_raw_parts()) else {
        return vec!["has a rule that this server cannot read, so its cost is unknown".to_owned()];
    };
    let mut reasons = Vec::new();
    match action {
        Action::GiftItem(_) => reasons.push("gives an item away".to_owned()),
        Action::FixedPriceSet(_) => reasons.push("sells items at a fixed price".to_owned()),
        Action::CartItems(items) if items.add_free_item == Some(true) => {
            reasons.push("adds a free item to the cart".to_owned());
        }
        // Free or cheaper shipping is bounded by what shipping costs.
        Action::Shipping(_) | Action::ShippingDiscount(_) => return reasons,
        Action::CartValue(_) | Action::CartItems(_) => {}
    }
    match action.discount() {
        Some(Discount::Percent(percent)) if *percent > thresholds.percent_above => {
            reasons.push(format!(
                "takes off {}%, more than {}%",
                percent.normalize(),
                thresholds.percent_above
            ));
        }
        Some(Discount::Fixed(amount)) => {
            let minimum = rule.minimum_spend().unwrap_or(Decimal::ZERO);
            if *amount >= minimum {
                reasons.push(format!(
                    "takes off {amount} where an order of {minimum} is enough, so an order can be free"
                ));
            }
        }
        _ => {}
    }
    reasons
}

fn of_cap(
    before: Option<&Promotion>,
    after: &Promotion,
    thresholds: &ConfirmThresholds,
    now: Timestamp,
) -> Vec<String> {
    let mut reasons = Vec::new();
    let days = thresholds.end_within_days;
    let horizon = now.checked_add(SignedDuration::from_hours(i64::from(days) * 24)).unwrap_or(Timestamp::MAX);
    if after.max_uses.is_none() {
        match after.ends {
            None => reasons.push("has no cap on uses and no end".to_owned()),
            Some(end) if end > horizon => {
                reasons.push(format!("has no cap on uses and ends more than {days} days from now"));
            }
            Some(_) => {}
        }
    }
    if let Some(cap) = before.and_then(|before| before.max_uses) {
        let most = Decimal::from(cap) * thresholds.cap_growth_above;
        match after.max_uses {
            None => reasons.push(format!("loses its cap of {cap} uses")),
            Some(new) if Decimal::from(new) > most => {
                reasons.push(format!(
                    "gets a cap of {new} uses in place of {cap}, more than {} times as many",
                    thresholds.cap_growth_above
                ));
            }
            Some(_) => {}
        }
    }
    reasons
}

#[cfg(test)]
mod tests;
