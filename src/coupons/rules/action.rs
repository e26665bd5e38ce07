//! What a rule does.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{ItemMatcher, Money, Reading, money};

/// `Action` of the OpenAPI file, and `shipping_discount`, which the API has in a closed beta.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// A discount on the whole order.
    CartValue(CartValue),
    /// A discount on items in the cart.
    CartItems(CartItems),
    /// An item for nothing.
    GiftItem(GiftItem),
    /// A number of items together for a fixed price.
    FixedPriceSet(FixedPriceSet),
    /// Free shipping.
    Shipping(Shipping),
    /// A discount on shipping.
    ShippingDiscount(ShippingDiscount),
}

/// How much is taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Discount {
    /// Percent of the price: 20 is 20%.
    #[serde(rename = "percentage_amount", with = "money")]
    Percent(Decimal),
    /// An amount in the promotion's currency.
    #[serde(rename = "fixed_amount", with = "money")]
    Fixed(Decimal),
}

/// Which items are discounted first where more match than are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Strategy {
    /// From the cheapest up.
    LeastExpensive,
    /// The cheapest and no other.
    LeastExpensiveOnly,
    /// From the dearest down.
    MostExpensive,
    /// The dearest and no other.
    MostExpensiveOnly,
}

/// `"*"`, or a list of ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Selection {
    /// All that the store has.
    #[serde(rename = "*")]
    All,
    /// These.
    #[serde(untagged)]
    Ids(Vec<u64>),
}

/// A discount on the whole order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CartValue {
    /// How much.
    pub discount: Reading<Discount>,
    /// The most that is taken off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_allowed_discount_amount: Option<Reading<Money>>,
}

/// A discount on items in the cart. An absent flag is false.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CartItems {
    /// How much.
    pub discount: Reading<Discount>,
    /// The items; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Reading<ItemMatcher>>,
    /// How many of them; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u64>,
    /// Which of them first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Reading<Strategy>>,
    /// The discount is spread over the items, weighted by price, instead of taken off each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_total: Option<bool>,
    /// Items that the condition counted are discounted too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_items_considered_by_condition: Option<bool>,
    /// Items on sale keep their price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude_items_on_sale: Option<bool>,
    /// A free item is put into the cart; where that cannot be, a matching one there is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add_free_item: Option<bool>,
    /// The most that is taken off all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_allowed_discount_amount: Option<Reading<Money>>,
}

/// An item for nothing: a product or a variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GiftItem {
    /// How many.
    pub quantity: u64,
    /// The product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<u64>,
    /// The variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant_id: Option<u64>,
}

/// A number of items together for a fixed price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedPriceSet {
    /// How many items make a set.
    pub quantity: u64,
    /// What a set costs.
    pub fixed_price: Reading<Money>,
    /// The items; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Reading<ItemMatcher>>,
    /// Which of them first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Reading<Strategy>>,
    /// Items on sale are left out; absent is false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude_items_on_sale: Option<bool>,
    /// Items that the condition counted may be in the set; absent is **true**, other than in [`CartItems`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_items_considered_by_condition: Option<bool>,
}

/// Free shipping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shipping {
    /// True in every rule that the API's documents show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_shipping: Option<bool>,
    /// The shipping zones.
    pub zone_ids: Reading<Selection>,
}

/// A discount on shipping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShippingDiscount {
    /// How much.
    pub discount: Reading<Discount>,
    /// The shipping methods; `None` where the rule does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method_ids: Option<Reading<Selection>>,
    /// The most that is taken off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_allowed_discount_amount: Option<Reading<Money>>,
}

impl Action {
    /// How much is taken off, for the actions that take something off and say it in a known way.
    pub fn discount(&self) -> Option<&Discount> {
        self.discount_reading()?.known()
    }

    pub(super) fn picks_items(&self) -> bool {
        matches!(self, Self::CartItems(_) | Self::FixedPriceSet(_))
    }

    pub(super) fn has_raw_parts(&self) -> bool {
        let (items, strategy) = match self {
            Self::CartItems(action) => (action.items.as_ref(), action.strategy.as_ref()),
            Self::FixedPriceSet(action) => (action.items.as_ref(), action.strategy.as_ref()),
            _ => (None, None),
        };
        let raw_scalar = match self {
            Self::FixedPriceSet(action) => action.fixed_price.is_raw(),
            Self::Shipping(action) => action.zone_ids.is_raw(),
            Self::ShippingDiscount(action) => action.method_ids.as_ref().is_some_and(Reading::is_raw),
            Self::CartValue(_) | Self::CartItems(_) | Self::GiftItem(_) => false,
        };
        raw_scalar
            || self.discount_reading().is_some_and(Reading::is_raw)
            || self.maximum_reading().is_some_and(Reading::is_raw)
            || strategy.is_some_and(Reading::is_raw)
            || items.is_some_and(|items| items.has_raw(ItemMatcher::has_raw_parts))
    }

    fn discount_reading(&self) -> Option<&Reading<Discount>> {
        match self {
            Self::CartValue(action) => Some(&action.discount),
            Self::CartItems(action) => Some(&action.discount),
            Self::ShippingDiscount(action) => Some(&action.discount),
            Self::GiftItem(_) | Self::FixedPriceSet(_) | Self::Shipping(_) => None,
        }
    }

    fn maximum_reading(&self) -> Option<&Reading<Money>> {
        match self {
            Self::CartValue(action) => action.maximum_allowed_discount_amount.as_ref(),
            Self::CartItems(action) => action.maximum_allowed_discount_amount.as_ref(),
            Self::ShippingDiscount(action) => action.maximum_allowed_discount_amount.as_ref(),
            Self::GiftItem(_) | Self::FixedPriceSet(_) | Self::Shipping(_) => None,
        }
    }
}
