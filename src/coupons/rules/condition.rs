//! When a rule applies.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{ItemMatcher, Money, Reading};

/// `Condition` of the OpenAPI file, and the `or` and `not` that the API's guides show besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// What the cart must hold.
    Cart(CartCondition),
    /// All of them.
    And(Vec<Reading<Self>>),
    /// At least one of them.
    Or(Vec<Reading<Self>>),
    /// Not this one.
    Not(Box<Reading<Self>>),
}

/// What the cart must hold; every field that is there must be met.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CartCondition {
    /// The items that count; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Reading<ItemMatcher>>,
    /// The least that the counted items cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_spend: Option<Reading<Money>>,
    /// The least number of counted items. Without `items` it has no effect (OpenAPI file, `Cart Condition`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_quantity: Option<u64>,
}

impl Condition {
    pub(super) fn minimum_spend(&self) -> Option<Decimal> {
        let of_part = |part: &Reading<Self>| part.known().and_then(Self::minimum_spend);
        match self {
            Self::Cart(cart) => Some(cart.minimum_spend.as_ref()?.known()?.0),
            Self::And(parts) => parts.iter().filter_map(of_part).max(),
            Self::Or(parts) => parts.iter().map(of_part).collect::<Option<Vec<_>>>()?.into_iter().min(),
            Self::Not(_) => None,
        }
    }

    pub(super) fn asks_for_items(&self) -> bool {
        match self {
            Self::Cart(cart) => cart.items.is_some(),
            Self::And(parts) | Self::Or(parts) => parts.iter().any(|part| part.has_raw(Self::asks_for_items)),
            Self::Not(part) => part.has_raw(Self::asks_for_items),
        }
    }

    pub(super) fn has_raw_parts(&self) -> bool {
        match self {
            Self::Cart(cart) => {
                cart.items.as_ref().is_some_and(|items| items.has_raw(ItemMatcher::has_raw_parts))
                    || cart.minimum_spend.as_ref().is_some_and(Reading::is_raw)
            }
            Self::And(parts) | Self::Or(parts) => parts.iter().any(|part| part.has_raw(Self::has_raw_parts)),
            Self::Not(part) => part.has_raw(Self::has_raw_parts),
        }
    }
}
