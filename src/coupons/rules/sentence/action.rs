//! What a rule does.

use super::super::{
    Action, CartItems, Discount, FixedPriceSet, GiftItem, Reading, Rule, Selection, Shipping, Strategy,
};
use super::words::{Voice, item_count, json, percent};

impl Voice {
    /// "20% off the order", "A free gift: 1 x product 77".
    pub(super) fn action(&self, action: &Action) -> String {
        match action {
            Action::CartValue(action) => format!("{} the order", self.discount(&action.discount)),
            Action::CartItems(action) => self.cart_items(action),
            Action::GiftItem(action) => gift_item(action),
            Action::FixedPriceSet(action) => self.fixed_price_set(action),
            Action::Shipping(action) => self.shipping(action),
            Action::ShippingDiscount(action) => {
                let methods = action.method_ids.as_ref().map(|methods| match methods {
                    Reading::Known(Selection::All) => " by any method".to_owned(),
                    Reading::Known(Selection::Ids(ids)) => {
                        format!(" by {}", self.ids("method", "methods", ids))
                    }
                    Reading::Raw(raw) => format!(" by the methods {}", json(raw)),
                });
                format!("{} shipping{}", self.discount(&action.discount), methods.unwrap_or_default())
            }
        }
    }

    /// ", at most 100.00 USD off"; nothing where there is no such limit.
    pub(super) fn cap(&self, action: &Action) -> String {
        let (cap, scope) = match action {
            Action::CartValue(action) => (&action.maximum_allowed_discount_amount, ""),
            Action::CartItems(action) => (&action.maximum_allowed_discount_amount, " in all"),
            Action::ShippingDiscount(action) => (&action.maximum_allowed_discount_amount, ""),
            Action::GiftItem(_) | Action::FixedPriceSet(_) | Action::Shipping(_) => return String::new(),
        };
        cap.as_ref().map(|cap| format!(", at most {} off{scope}", self.amount(cap))).unwrap_or_default()
    }

    /// "20% off", for "the order" to follow.
    fn discount(&self, discount: &Reading<Discount>) -> String {
        match discount {
            Reading::Known(Discount::Percent(amount)) => format!("{} off", percent(*amount)),
            Reading::Known(Discount::Fixed(amount)) => format!("{} off", self.money(*amount)),
            Reading::Raw(raw) => format!("A discount of {} off", json(raw)),
        }
    }

    fn cart_items(&self, action: &CartItems) -> String {
        let discount = self.discount(&action.discount);
        let which = self.of_items(action.items.as_ref());
        let spread = action.as_total == Some(true);
        let takes_one_price = matches!(
            action.strategy,
            Some(Reading::Known(Strategy::LeastExpensiveOnly | Strategy::MostExpensiveOnly))
        );
        let reach = match (spread, action.quantity) {
            (false, None) if takes_one_price => "items".to_owned(),
            (false, None) => "each item".to_owned(),
            (false, Some(1)) => "1 item".to_owned(),
            (false, Some(quantity)) => format!("each of up to {}", item_count(quantity)),
            (true, None) => "in total, shared among all items".to_owned(),
            (true, Some(quantity)) => format!("in total, shared among up to {}", item_count(quantity)),
        };
        let sale = on_sale(action.exclude_items_on_sale);
        format!("{discount} {reach}{which}{sale}{}", order(action.strategy.as_ref()))
    }

    fn fixed_price_set(&self, action: &FixedPriceSet) -> String {
        let count = item_count(action.quantity);
        let which = self.of_items(action.items.as_ref());
        let sale = on_sale(action.exclude_items_on_sale);
        let price = self.amount(&action.fixed_price);
        format!("Any {count}{which}{sale} for {price}{}", order(action.strategy.as_ref()))
    }

    fn shipping(&self, action: &Shipping) -> String {
        let what = match action.free_shipping {
            None | Some(true) => "Free shipping",
            Some(false) => "Shipping that is not free (free_shipping is false)",
        };
        let zones = match &action.zone_ids {
            Reading::Known(Selection::All) => "every zone".to_owned(),
            Reading::Known(Selection::Ids(ids)) => self.ids("zone", "zones", ids),
            Reading::Raw(raw) => format!("the zones {}", json(raw)),
        };
        format!("{what} in {zones}")
    }
}

/// What an action does that needs a sentence of its own.
pub(super) fn notes(action: &Action, rule: &Rule) -> Vec<&'static str> {
    let mut notes = Vec::new();
    // Without a condition no items count towards one.
    if rule.condition.is_some() {
        notes.extend(match action {
            Action::CartItems(action) => {
                Some(if action.include_items_considered_by_condition.unwrap_or(false) {
                    "Items that count towards the condition are discounted too."
                } else {
                    "Items that count towards the condition are not discounted."
                })
            }
            Action::FixedPriceSet(action) => {
                Some(if action.include_items_considered_by_condition.unwrap_or(true) {
                    "Items that count towards the condition may be part of the set."
                } else {
                    "Items that count towards the condition cannot be part of the set."
                })
            }
            _ => None,
        });
    }
    if let Action::CartItems(CartItems { add_free_item: Some(true), .. }) = action {
        notes.push(
            "A matching item is put into the cart for free; where that cannot be done, one that is already there \
             is free.",
        );
    }
    notes
}

fn gift_item(action: &GiftItem) -> String {
    let GiftItem { quantity, product_id, variant_id } = action;
    let what = match (product_id, variant_id) {
        (Some(product), None) => format!("product {product}"),
        (None, Some(variant)) => format!("variant {variant}"),
        (Some(product), Some(variant)) => format!("variant {variant} of product {product}"),
        (None, None) => "an item that the rule does not name".to_owned(),
    };
    let kind = if *quantity == 1 { "A free gift" } else { "Free gifts" };
    format!("{kind}: {quantity} x {what}")
}

fn on_sale(excluded: Option<bool>) -> &'static str {
    if excluded == Some(true) { " (items already on sale excluded)" } else { "" }
}

fn order(strategy: Option<&Reading<Strategy>>) -> String {
    match strategy {
        None => String::new(),
        Some(Reading::Known(strategy)) => match strategy {
            Strategy::LeastExpensive => ", the least expensive first",
            Strategy::LeastExpensiveOnly => ", the least expensive only",
            Strategy::MostExpensive => ", the most expensive first",
            Strategy::MostExpensiveOnly => ", the most expensive only",
        }
        .to_owned(),
        Some(Reading::Raw(raw)) => format!(", picked by {}", json(raw)),
    }
}
