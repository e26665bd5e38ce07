//! When a rule applies.

use super::super::{CartCondition, Condition, Money, Reading};
use super::words::{Voice, item_count, joined_clauses, json, json_of};

impl Voice {
    /// "when the cart is at least 50.00 USD", "unless the cart holds at least 2 items of brand 3".
    pub(super) fn condition(&self, condition: &Reading<Condition>) -> String {
        match condition {
            Reading::Known(Condition::Not(part)) => format!("unless {}", self.clause(part, false)),
            _ => format!("when {}", self.clause(condition, false)),
        }
    }

    fn clause(&self, condition: &Reading<Condition>, is_nested: bool) -> String {
        let condition = match condition {
            Reading::Known(condition) => condition,
            Reading::Raw(raw) => return format!("the condition {} is met", json(raw)),
        };
        let (parts, word) = match condition {
            Condition::Cart(cart) => return self.cart(condition, cart),
            Condition::Not(part) => return format!("it is not true that {}", self.clause(part, true)),
            Condition::And(parts) => (parts, "and"),
            Condition::Or(parts) => (parts, "or"),
        };
        match parts.as_slice() {
            [] => format!("the condition {} is met", json_of(condition)),
            [part] => self.clause(part, is_nested),
            parts => {
                let clauses: Vec<_> = parts.iter().map(|part| self.clause(part, true)).collect();
                let clauses = joined_clauses(&clauses, word);
                if is_nested { format!("({clauses})") } else { clauses }
            }
        }
    }

    fn cart(&self, condition: &Condition, cart: &CartCondition) -> String {
        let CartCondition { items, minimum_spend, minimum_quantity } = cart;
        let spend = minimum_spend.as_ref().map(|spend| self.amount(spend));
        match (items, spend, minimum_quantity) {
            (None, None, None) => format!("the condition {} is met", json_of(condition)),
            (None, None, Some(_)) => format!(
                "the condition {} is met (a minimum quantity has no effect without items)",
                json_of(condition)
            ),
            (None, Some(spend), None) => format!("the cart is at least {spend}"),
            (None, Some(spend), Some(quantity)) => format!(
                "the cart is at least {spend} (the minimum quantity of {quantity} has no effect without items)"
            ),
            (Some(items), None, None) => format!("the cart holds items {}", self.items(items)),
            (Some(items), Some(spend), None) => {
                format!("the cart holds at least {spend} worth of items {}", self.items(items))
            }
            (Some(items), None, Some(quantity)) => {
                format!("the cart holds at least {} {}", item_count(*quantity), self.items(items))
            }
            (Some(items), Some(spend), Some(quantity)) => format!(
                "the cart holds at least {} {}, together worth at least {spend}",
                item_count(*quantity),
                self.items(items)
            ),
        }
    }

    /// An amount that may be none.
    pub(super) fn amount(&self, amount: &Reading<Money>) -> String {
        match amount {
            Reading::Known(Money(amount)) => self.money(*amount),
            Reading::Raw(raw) => json(raw),
        }
    }
}
