//! What a promotion does: its `rules`, read from the API's JSON and said in plain English.
//!
//! Nothing that a store sends is lost. What has the shape of the OpenAPI file is typed; the smallest part that
//! has not stays as JSON ([`Reading::Raw`]), so that a promotion with one unknown field can still be shown,
//! and never looks simpler than it is. [`Rule`] is the root, [`simple()`] the promotions that a few flat
//! arguments describe, [`sentences`] the English.

mod action;
mod condition;
mod items;
mod money;
mod sentence;
mod simple;
#[cfg(test)]
mod tests;
mod worst_case;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use action::{
    Action, CartItems, CartValue, Discount, FixedPriceSet, GiftItem, Selection, Shipping, ShippingDiscount,
    Strategy,
};
pub use condition::{CartCondition, Condition};
pub use items::{CustomField, ItemMatcher, ProductOption};
pub use money::Money;
pub use sentence::{discount_line, sentences};
pub use simple::{Simple, SimpleDiscount, Target, simple};
pub use worst_case::{Gives, Largest, WorstCase, worst_case};

/// A part of a rule: typed, or as it came where it is of no known shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reading<T> {
    /// Of a known shape.
    Known(T),
    /// Of any other.
    Raw(Value),
}

impl<T> Reading<T> {
    /// The typed value, if it is one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(known) => Some(known),
            Self::Raw(_) => None,
        }
    }

    /// Whether it is not of a known shape.
    pub fn is_raw(&self) -> bool {
        matches!(self, Self::Raw(_))
    }

    /// Whether it is not, or a part of it that `within` looks for is not.
    fn has_raw(&self, within: impl FnOnce(&T) -> bool) -> bool {
        self.known().is_none_or(within)
    }
}

/// `Rule` of the OpenAPI file: one action, and when it is taken.
///
/// Every JSON value can be read as a rule. Writing gives the value back, except that `apply_once` and `stop` at
/// their defaults, and nulls for what is optional, are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Value", into = "Value")]
pub struct Rule {
    /// What it does. A null where the rule has no action; the whole value where it is no object.
    pub action: Reading<Action>,
    /// What must hold first; `None` for always.
    pub condition: Option<Reading<Condition>>,
    /// `false`: it repeats for every match of the condition ("1 free X for every Y").
    pub apply_once: bool,
    /// No later rule of the promotion runs once this one has been applied.
    pub stop: bool,
    /// Any other key, and `apply_once` or `stop` where that is neither true, false nor null.
    pub other: Map<String, Value>,
}

impl Rule {
    /// A rule that does `action`, always and once.
    pub fn new(action: Action) -> Self {
        Self {
            action: Reading::Known(action),
            condition: None,
            apply_once: true,
            stop: false,
            other: Map::new(),
        }
    }

    /// Whether nothing is known of what it does.
    pub fn is_raw(&self) -> bool {
        self.action.is_raw()
    }

    /// Whether any part of it, however small, is not of a known shape.
    pub fn has_raw_parts(&self) -> bool {
        !self.other.is_empty()
            || self.action.has_raw(Action::has_raw_parts)
            || self.condition.as_ref().is_some_and(|condition| condition.has_raw(Condition::has_raw_parts))
    }

    /// An amount that every cart reaches to which the rule applies; `None` where none is certain.
    ///
    /// All parts of an `and` hold, so the largest of theirs; one part of an `or` does, so the smallest of
    /// theirs, if each has one. A `not` and what is not understood promise nothing.
    pub fn minimum_spend(&self) -> Option<Decimal> {
        self.condition.as_ref()?.known()?.minimum_spend()
    }

    /// Whether it matters which items a cart holds: the condition asks for some, or the action picks some. What
    /// is not understood may, and counts.
    pub fn depends_on_items(&self) -> bool {
        !self.other.is_empty()
            || self.action.known().is_none_or(Action::picks_items)
            || self.condition.as_ref().is_some_and(|condition| condition.has_raw(Condition::asks_for_items))
    }
}

impl From<Value> for Rule {
    fn from(value: Value) -> Self {
        let mut other = match value {
            Value::Object(object) => object,
            action => Map::from_iter([("action".to_owned(), action)]),
        };
        Self {
            action: other.shift_remove("action").map_or(Reading::Raw(Value::Null), reading),
            condition: other.shift_remove("condition").filter(|condition| !condition.is_null()).map(reading),
            apply_once: take_flag(&mut other, "apply_once").unwrap_or(true),
            stop: take_flag(&mut other, "stop").unwrap_or(false),
            other,
        }
    }
}

impl From<Rule> for Value {
    fn from(rule: Rule) -> Self {
        let mut object = Map::new();
        object.insert("action".to_owned(), written(rule.action));
        if let Some(condition) = rule.condition {
            object.insert("condition".to_owned(), written(condition));
        }
        if !rule.apply_once {
            object.insert("apply_once".to_owned(), Self::Bool(false));
        }
        if rule.stop {
            object.insert("stop".to_owned(), Self::Bool(true));
        }
        object.extend(rule.other);
        Self::Object(object)
    }
}

/// Reads the `rules` of a promotion. It never fails: null is no rule, and anything else that is no array is one
/// rule of which nothing is known.
pub fn read(rules: &Value) -> Vec<Rule> {
    match rules {
        Value::Null => Vec::new(),
        Value::Array(rules) => rules.iter().cloned().map(Rule::from).collect(),
        other => vec![Rule::from(other.clone())],
    }
}

/// Takes a flag out of `object`; a value that is no flag stays there.
fn take_flag(object: &mut Map<String, Value>, key: &str) -> Option<bool> {
    match object.get(key)? {
        Value::Bool(flag) => {
            let flag = *flag;
            object.shift_remove(key);
            Some(flag)
        }
        Value::Null => {
            object.shift_remove(key);
            None
        }
        _ => None,
    }
}

fn reading<T: serde::de::DeserializeOwned>(value: Value) -> Reading<T> {
    match T::deserialize(&value) {
        Ok(known) => Reading::Known(known),
        Err(_) => Reading::Raw(value),
    }
}

/// The JSON of a part. The parts are strings, numbers, lists and objects with string keys, which all have one.
fn written<T: Serialize>(part: Reading<T>) -> Value {
    match part {
        Reading::Known(known) => serde_json::to_value(known).unwrap_or_default(),
        Reading::Raw(value) => value,
    }
}
