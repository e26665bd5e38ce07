//! Whether a promotion's rules apply to a cart of which little is known.
//!
//! Everything here is `Some(true)`, `Some(false)`, or `None` for what the cart would have to tell.

use rust_decimal::Decimal;

use crate::coupons::rules::{
    Action, CartCondition, CartItems, Condition, Reading, Rule, Selection, sentences,
};

use super::Unchecked;

/// Whether at least one rule applies to a cart that costs `subtotal`.
pub(super) fn applies(rules: &[Rule], subtotal: Option<Decimal>) -> Option<bool> {
    any(rules.iter().map(|rule| rule_applies(rule, subtotal)))
}

/// What would have to be known of the cart, for rules of which it is not known whether they apply.
pub(super) fn unchecked(rules: &[Rule], subtotal: Option<Decimal>, currency: Option<&str>) -> Vec<Unchecked> {
    let open: Vec<_> = rules.iter().filter(|rule| rule_applies(rule, subtotal).is_none()).cloned().collect();
    let told = || sentences(&open, currency).join(" ");
    let spend_matters =
        subtotal.is_none() && applies(&open, Some(Decimal::ZERO)) != applies(&open, Some(Decimal::MAX));
    let items_matter = open.iter().any(|rule| !rule.has_raw_parts() && rule.depends_on_items());
    let checks = [
        (spend_matters, "minimum_spend", "cart_subtotal was not given"),
        (items_matter, "cart_contents", "What is in the cart matters"),
        (open.iter().any(has_destinations), "shipping_address", "Where the order goes to matters"),
        (open.iter().any(Rule::has_raw_parts), "rules", "Some of the rules have no known form"),
    ];
    let unchecked = checks.into_iter().filter(|(holds, ..)| *holds);
    unchecked.map(|(_, what, why)| Unchecked { what, why: format!("{why}: {}", told()) }).collect()
}

fn rule_applies(rule: &Rule, subtotal: Option<Decimal>) -> Option<bool> {
    let condition = rule.condition.as_ref().map_or(Some(true), |condition| holds(condition, subtotal));
    all([condition, gives(rule)].into_iter())
}

fn holds(condition: &Reading<Condition>, subtotal: Option<Decimal>) -> Option<bool> {
    match condition.known()? {
        Condition::Cart(cart) => cart_holds(cart, subtotal),
        Condition::And(parts) => all(parts.iter().map(|part| holds(part, subtotal))),
        Condition::Or(parts) => any(parts.iter().map(|part| holds(part, subtotal))),
        Condition::Not(part) => holds(part, subtotal).map(|holds| !holds),
    }
}

/// The items that count cost no more than the whole cart; how many of them there are is never known.
fn cart_holds(cart: &CartCondition, subtotal: Option<Decimal>) -> Option<bool> {
    let spend = match &cart.minimum_spend {
        None => Some(true),
        Some(minimum) => subtotal.zip(minimum.known()).map(|(subtotal, minimum)| subtotal >= minimum.0),
    };
    all([spend, cart.items.is_none().then_some(true)].into_iter())
}

/// Whether there is something in any cart that the action can be about.
fn gives(rule: &Rule) -> Option<bool> {
    let is_certain = match rule.action.known()? {
        Action::CartValue(_) | Action::GiftItem(_) => true,
        Action::CartItems(action) => rule.condition.is_none() && is_about_any_item(action),
        Action::FixedPriceSet(_) => false,
        Action::Shipping(_) | Action::ShippingDiscount(_) => !has_destinations(rule),
    };
    (is_certain && !rule.has_raw_parts()).then_some(true)
}

fn is_about_any_item(action: &CartItems) -> bool {
    let CartItems { items, quantity, exclude_items_on_sale, add_free_item, .. } = action;
    items.is_none()
        && quantity.is_none_or(|quantity| quantity <= 1)
        && *exclude_items_on_sale != Some(true)
        && *add_free_item != Some(true)
}

/// Whether the action is for some shipping zones or methods only.
fn has_destinations(rule: &Rule) -> bool {
    let selection = match rule.action.known() {
        Some(Action::Shipping(action)) => action.zone_ids.known(),
        Some(Action::ShippingDiscount(action)) => action.method_ids.as_ref().and_then(Reading::known),
        _ => None,
    };
    matches!(selection, Some(Selection::Ids(_)))
}

fn all(mut parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut is_known = true;
    let is_refuted = parts.any(|part| {
        is_known &= part.is_some();
        part == Some(false)
    });
    if is_refuted { Some(false) } else { is_known.then_some(true) }
}

fn any(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    all(parts.map(|part| part.map(|holds| !holds))).map(|none| !none)
}

#[cfg(test)]
mod tests;
