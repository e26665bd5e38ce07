//! Whether a person must be asked before a promotion may be as it will be.
//!
//! What counts is the result and not the verb: creating, enabling, extending and undoing lead to the same
//! states. An ordinary promotion (20 percent, capped, ending) is no question, or people learn to click them
//! away.

use jiff::{SignedDuration, Timestamp};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::coupons::Promotion;
use crate::coupons::rules::{Discount, Gives, Largest, WorstCase, worst_case};
use crate::coupons::text::count;

use super::Rules;

/// Discounts that are named one by one where several come together.
const NAMED: usize = 10;

/// The reasons to ask about `after`, in sentences without a subject (`takes off 60%, more than 50%`); empty for
/// an ordinary promotion and for one that shoppers cannot use.
///
/// `before` is the promotion as it is, if there is one: it shows what is let loose.
pub fn exposure(before: Option<&Promotion>, after: &Promotion, rules: &Rules, now: Timestamp) -> Vec<String> {
    if !after.is_live(now) {
        return Vec::new();
    }
    let mut reasons = discount_exposure(after, rules, now);
    reasons.extend(of_cap(before, after, rules, now));
    if before.is_some_and(|before| !before.stacks) && after.stacks {
        reasons.push("now works beside other promotions, which it did not".to_owned());
    }
    reasons
}

/// The reasons that lie in what each use of a promotion takes off, whoever may use it and how often.
pub fn discount_exposure(promotion: &Promotion, rules: &Rules, now: Timestamp) -> Vec<String> {
    if !promotion.is_live(now) {
        return Vec::new();
    }
    let worst = worst_case(&promotion.rules);
    let mut reasons: Vec<String> = unreadable(&worst).into_iter().chain(gifts(&worst)).collect();
    reasons.extend(above(&worst, rules.confirm.percent_above));
    reasons.extend(without_bound(&worst));
    reasons
}

/// Why the share of the order that can be taken off has no bound, whole items left aside; the first reason.
pub(super) fn why_unbounded(worst: &WorstCase) -> Option<String> {
    if worst.share_beside_gifts().is_some() {
        return None;
    }
    unreadable(worst).or_else(|| without_bound(worst).into_iter().next())
}

/// How it gives whole items.
pub(super) fn gifts(worst: &WorstCase) -> Vec<String> {
    let in_words = |gives: &Gives| match gives {
        Gives::Gift => "gives an item away",
        Gives::FixedPrice => "sells items at a fixed price",
        Gives::FreeItem => "adds a free item to the cart",
    };
    worst.gives.iter().map(|gives| in_words(gives).to_owned()).collect()
}

fn unreadable(worst: &WorstCase) -> Option<String> {
    let sentence = "has a rule that this server cannot read, so its cost is unknown";
    worst.unreadable.then(|| sentence.to_owned())
}

/// The share that is above the threshold: of the percentages alone if it is theirs, else of all together, unless
/// the amounts make an order free, which is told by itself.
fn above(worst: &WorstCase, threshold: Decimal) -> Option<String> {
    let told = if worst.percentages.percent > threshold {
        &worst.percentages
    } else if worst.together.percent > threshold && !worst.is_free() {
        &worst.together
    } else {
        return None;
    };
    Some(format!("takes off {}, more than {threshold}%", share_in_words(told)))
}

/// `60%`, `up to 75% (50% and 25% together)`, `up to 80% (40 off an order of 50)`
fn share_in_words(largest: &Largest) -> String {
    let share = rounded_up(largest.percent);
    let parts: Vec<_> = largest.parts.iter().map(|part| discount_in_words(*part)).collect();
    let together = match parts.as_slice() {
        [_] if matches!(largest.parts.as_slice(), [Discount::Percent(_)]) => return format!("{share}%"),
        [only] => only.clone(),
        [first @ .., last] if parts.len() <= NAMED => format!("{} and {last} together", first.join(", ")),
        many => format!("{} discounts together", many.len()),
    };
    let is_of_order = largest.parts.iter().any(|part| matches!(part, Discount::Fixed(_)));
    let order = if is_of_order { format!(" on an order of {}", largest.spend) } else { String::new() };
    format!("up to {share}% ({together}{order})")
}

fn discount_in_words(discount: Discount) -> String {
    match discount {
        Discount::Percent(percent) => format!("{}%", percent.normalize()),
        Discount::Fixed(amount) => amount.to_string(),
    }
}

/// A percentage for people. One above a threshold must not look as if it were not.
pub(super) fn rounded_up(percent: Decimal) -> Decimal {
    percent.round_dp_with_strategy(2, RoundingStrategy::ToPositiveInfinity).normalize()
}

/// What takes off so much that an order can be free, by no percentage.
fn without_bound(worst: &WorstCase) -> Vec<String> {
    let mut reasons = Vec::new();
    if worst.is_free() {
        let mut amounts = worst.amounts.parts.iter().filter_map(|part| match part {
            Discount::Fixed(amount) => Some(*amount),
            Discount::Percent(_) => None,
        });
        let sum = amounts.try_fold(Decimal::ZERO, Decimal::checked_add);
        let sum = sum.map_or_else(|| "more than can be counted".to_owned(), |sum| sum.to_string());
        let spend = worst.amounts.spend;
        reasons.push(format!("takes off {sum} where an order of {spend} is enough, so an order can be free"));
    }
    let each = worst.off_each_item.iter().map(|amount| {
        format!("takes off {amount} from each item, however many and cheap, so an order can be free")
    });
    let repeated = worst.repeated.iter().map(|discount| {
        let discount = discount_in_words(*discount);
        format!("takes off {discount} again and again, as a rule repeats, so an order can be free")
    });
    reasons.extend(each.chain(repeated));
    reasons
}

fn of_cap(before: Option<&Promotion>, after: &Promotion, rules: &Rules, now: Timestamp) -> Vec<String> {
    let thresholds = &rules.confirm;
    let cap_of = |promotion: &Promotion| promotion.max_uses.filter(|&cap| rules.policy.counts_as_cap(cap));
    let mut reasons = Vec::new();
    let days = thresholds.end_within_days;
    let horizon = now.checked_add(SignedDuration::from_hours(i64::from(days) * 24)).unwrap_or(Timestamp::MAX);
    if cap_of(after).is_none() {
        let lack = match after.max_uses {
            Some(cap) => format!("has no cap on uses ({cap} counts as none)"),
            None => "has no cap on uses".to_owned(),
        };
        match after.ends {
            None => reasons.push(format!("{lack} and no end")),
            Some(end) if end > horizon => {
                reasons.push(format!("{lack} and ends more than {days} days from now"));
            }
            Some(_) => {}
        }
    }
    if let Some(cap) = before.and_then(cap_of) {
        let most = Decimal::from(cap) * thresholds.cap_growth_above;
        match after.max_uses {
            None => reasons.push(format!("loses its cap of {}", count(cap, "use"))),
            Some(new) if Decimal::from(new) > most => {
                reasons.push(format!(
                    "gets a cap of {} in place of {cap}, more than {} times as many",
                    count(new, "use"),
                    thresholds.cap_growth_above
                ));
            }
            Some(new) if !rules.policy.counts_as_cap(new) => {
                reasons.push(format!(
                    "gets a cap of {} in place of {cap}, which counts as none",
                    count(new, "use")
                ));
            }
            Some(_) => {}
        }
    }
    reasons
}

#[cfg(test)]
mod tests;
