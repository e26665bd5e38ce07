//! How much of an order a promotion can take off at its worst.
//!
//! Its rules are judged together, on whatever cart hurts most of those that the conditions let in. BigCommerce does
//! not say in which order rules run, nor whether a later one counts from the reduced price; added up from the full
//! price they take off most, so that is what counts here. Shipping is no part of the order.

use rust_decimal::{Decimal, RoundingStrategy};

use super::{Action, CartItems, Discount, Money, Reading, Rule};

/// Digits of a share behind the point; the last is rounded up.
const DIGITS: u32 = 10;

/// What the rules of a promotion take off at worst. What has no bound is kept apart from what has one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorstCase {
    /// A rule, or a part of one, is not understood: nothing is certain.
    pub unreadable: bool,
    /// How whole items are given, each way once.
    pub gives: Vec<Gives>,
    /// Discounts of rules that repeat. How often is not known: BigCommerce does not say what a repetition uses up.
    pub repeated: Vec<Discount>,
    /// Amounts off each of any number of items: enough cheap items are free.
    pub off_each_item: Vec<Decimal>,
    /// The percentages alone.
    pub percentages: Largest,
    /// The amounts alone.
    pub amounts: Largest,
    /// Percentages and amounts together.
    pub together: Largest,
    /// All fixed amounts added up, those on shipping too; `None` where one repeats.
    pub fixed_amount: Option<Decimal>,
}

/// A way to give whole items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// A gift.
    Gift,
    /// A fixed price, however dear the items are.
    FixedPrice,
    /// A free item that is put into the cart.
    FreeItem,
}

/// The largest share of an order that some discounts take off together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Largest {
    /// 0-100.
    pub percent: Decimal,
    /// What such an order costs before it.
    pub spend: Decimal,
    /// The discounts that it is made of.
    pub parts: Vec<Discount>,
}

/// A discount whose share of an order has a bound, or would have one on a dear enough order.
#[derive(Debug, Clone, Copy)]
struct Part {
    /// 0-100 of the order.
    percent: Decimal,
    /// The most in money; `None` for any.
    most: Option<Decimal>,
    /// The least that the cart costs.
    minimum: Decimal,
    /// Nothing else runs after it.
    stops: bool,
    is_amount: bool,
}

impl WorstCase {
    /// The largest share of the order that can be taken off, 0-100; `None` where it cannot be bounded.
    pub fn share(&self) -> Option<Decimal> {
        if self.gives.is_empty() { self.share_beside_gifts() } else { None }
    }

    /// The same of whatever does not give whole items.
    pub fn share_beside_gifts(&self) -> Option<Decimal> {
        let is_bounded = !self.unreadable
            && self.repeated.is_empty()
            && self.off_each_item.is_empty()
            && !(self.is_free() && self.amounts.spend.is_zero());
        is_bounded.then_some(self.together.percent)
    }

    /// Whether the amounts alone can make an order free.
    pub fn is_free(&self) -> bool {
        self.amounts.percent >= Decimal::ONE_HUNDRED
    }
}

/// Returns what `rules` take off at worst.
pub fn worst_case(rules: &[Rule]) -> WorstCase {
    let mut worst = WorstCase::default();
    let mut parts = Vec::new();
    for rule in rules {
        // A part that is not understood may be the discount itself.
        let (Some(action), false) = (rule.action.known(), rule.has_raw_parts()) else {
            worst.unreadable = true;
            continue;
        };
        if let Some(gives) = gives(action)
            && !worst.gives.contains(&gives)
        {
            worst.gives.push(gives);
        }
        let discount = match action {
            Action::CartValue(action) => action.discount.known(),
            Action::CartItems(action) => action.discount.known(),
            _ => None,
        };
        let Some(discount) = discount.copied().filter(|discount| !is_nothing(*discount)) else { continue };
        match (rule.apply_once, part(rule, action, discount)) {
            (false, _) => worst.repeated.push(discount),
            (true, Some(part)) => parts.push(part),
            (true, None) => worst.off_each_item.extend(amount_of(discount)),
        }
    }
    let of_kind = |is_amount| parts.iter().copied().filter(move |part| part.is_amount == is_amount);
    worst.percentages = largest(&of_kind(false).collect::<Vec<_>>());
    worst.amounts = largest(&of_kind(true).collect::<Vec<_>>());
    worst.together = largest(&parts);
    worst.fixed_amount = fixed_amount(rules);
    worst
}

fn gives(action: &Action) -> Option<Gives> {
    match action {
        Action::GiftItem(_) => Some(Gives::Gift),
        Action::FixedPriceSet(_) => Some(Gives::FixedPrice),
        Action::CartItems(items) if items.add_free_item == Some(true) => Some(Gives::FreeItem),
        Action::CartItems(_) | Action::CartValue(_) | Action::Shipping(_) | Action::ShippingDiscount(_) => {
            None
        }
    }
}

fn is_nothing(discount: Discount) -> bool {
    let (Discount::Percent(amount) | Discount::Fixed(amount)) = discount;
    amount.is_zero()
}

fn amount_of(discount: Discount) -> Option<Decimal> {
    if let Discount::Fixed(amount) = discount { Some(amount) } else { None }
}

/// `None` for an amount off each of any number of items.
fn part(rule: &Rule, action: &Action, discount: Discount) -> Option<Part> {
    let maximum = maximum(action);
    let (percent, most) = match discount {
        Discount::Percent(percent) => (percent.min(Decimal::ONE_HUNDRED), maximum),
        Discount::Fixed(amount) => {
            let most = match action {
                Action::CartItems(items) => off_items(items, amount),
                _ => Some(amount),
            };
            let most = most.into_iter().chain(maximum).min()?;
            (Decimal::ONE_HUNDRED, Some(most))
        }
    };
    let minimum = rule.minimum_spend().unwrap_or_default();
    let is_amount = amount_of(discount).is_some();
    Some(Part { percent, most, minimum, stops: rule.stop, is_amount })
}

/// What an amount off items comes to for all of them; `None` for any number of items.
fn off_items(items: &CartItems, amount: Decimal) -> Option<Decimal> {
    if items.as_total == Some(true) {
        return Some(amount);
    }
    items.quantity.filter(|&quantity| quantity > 0).and_then(|quantity| amount.checked_mul(quantity.into()))
}

/// The most that the action takes off. The API takes no 0 for it.
fn maximum(action: &Action) -> Option<Decimal> {
    let maximum = match action {
        Action::CartValue(action) => action.maximum_allowed_discount_amount.as_ref(),
        Action::CartItems(action) => action.maximum_allowed_discount_amount.as_ref(),
        Action::ShippingDiscount(action) => action.maximum_allowed_discount_amount.as_ref(),
        Action::GiftItem(_) | Action::FixedPriceSet(_) | Action::Shipping(_) => None,
    };
    maximum.and_then(Reading::known).map(|Money(most)| *most).filter(|most| !most.is_zero())
}

/// The share of an order falls as it gets dearer, until it is dear enough for one more rule: so only the orders
/// that just reach a minimum need to be looked at.
fn largest(parts: &[Part]) -> Largest {
    let mut spends: Vec<_> = parts.iter().map(|part| part.minimum).collect();
    spends.sort_unstable();
    spends.dedup();
    let mut largest = Largest::default();
    for order in spends.into_iter().map(|spend| on_order(parts, spend)) {
        if order.percent > largest.percent {
            largest = order;
        }
    }
    largest
}

/// What the parts take off an order that costs `spend`, or next to nothing where that is 0. Of the rules after
/// which no other runs at most one applies, whatever the order in which they are tried.
fn on_order(parts: &[Part], spend: Decimal) -> Largest {
    let (last, mut applied): (Vec<_>, Vec<_>) =
        parts.iter().filter(|part| part.minimum <= spend).partition(|part| part.stops);
    let by_share = |one: &&&Part, other: &&&Part| share(&[**one], spend).cmp(&share(&[**other], spend));
    applied.extend(last.iter().max_by(by_share));
    let parts = applied.iter().map(|part| match part.most {
        Some(most) if part.is_amount || part.is_bound_at(most, spend) => Discount::Fixed(most),
        _ => Discount::Percent(part.percent),
    });
    Largest { percent: share(&applied, spend), spend, parts: parts.collect() }
}

/// The percentage of the order that all of `parts` take off.
fn share(parts: &[&Part], spend: Decimal) -> Decimal {
    let all = Decimal::ONE_HUNDRED;
    let (mut percent, mut amount) = (Decimal::ZERO, Some(Decimal::ZERO));
    for part in parts {
        match part.most {
            Some(most) if part.is_bound_at(most, spend) => {
                amount = amount.and_then(|amount| amount.checked_add(most));
            }
            _ => percent = (percent + part.percent).min(all),
        }
    }
    let amount = match amount {
        Some(amount) if amount.is_zero() => Some(Decimal::ZERO),
        Some(amount) => amount.checked_mul(all).and_then(|amount| amount.checked_div(spend)),
        None => None,
    };
    // What is too large to be counted is more than all of it.
    let sum = amount.and_then(|amount| percent.checked_add(amount)).unwrap_or(all);
    sum.min(all).round_dp_with_strategy(DIGITS, RoundingStrategy::ToPositiveInfinity)
}

impl Part {
    /// Whether `most` is less than the percentage of such an order.
    fn is_bound_at(&self, most: Decimal, spend: Decimal) -> bool {
        match (most.checked_mul(Decimal::ONE_HUNDRED), self.percent.checked_mul(spend)) {
            (Some(most), Some(percent)) => most < percent,
            (by_most, _) => by_most.is_some(),
        }
    }
}

/// All fixed amounts added up, as they are written: one off each item counts once.
fn fixed_amount(rules: &[Rule]) -> Option<Decimal> {
    let (mut sum, mut last) = (Decimal::ZERO, Decimal::ZERO);
    for rule in rules {
        let Some(action) = rule.action.known() else { continue };
        let Some(amount) = action.discount().copied().and_then(amount_of) else { continue };
        if amount.is_zero() {
            continue;
        }
        if !rule.apply_once {
            return None;
        }
        let amount = maximum(action).map_or(amount, |most| most.min(amount));
        if rule.stop {
            last = last.max(amount);
        } else {
            sum = sum.checked_add(amount)?;
        }
    }
    sum.checked_add(last)
}

#[cfg(test)]
mod tests;
