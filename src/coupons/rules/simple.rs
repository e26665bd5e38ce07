//! Promotions that a few flat arguments describe: a discount, a minimum spend, some targets.

use rust_decimal::Decimal;
use serde_json::Value;

use super::{
    Action, CartCondition, CartItems, CartValue, Condition, Discount, ItemMatcher, Money, Reading, Rule,
    Selection, Shipping,
};

/// A promotion of one rule that flat arguments describe in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simple {
    /// What is given.
    pub discount: SimpleDiscount,
    /// The least that the cart must cost, in the promotion's currency.
    pub minimum_spend: Option<Decimal>,
    /// What is discounted. It counts where [`SimpleDiscount::takes_target`]; an order or its shipping cannot be
    /// narrowed, so a caller refuses such a pair.
    pub target: Target,
}

/// The kinds of discount that one value describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimpleDiscount {
    /// Percent off the order.
    Percent(Decimal),
    /// An amount off the order.
    FixedAmount(Decimal),
    /// Percent off each item.
    PercentOffItems(Decimal),
    /// An amount off each item.
    FixedAmountOffItems(Decimal),
    /// Free shipping in every zone.
    FreeShipping,
}

/// What is discounted: items that any of the lists names, or everything where all are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// Category ids.
    pub categories: Vec<u64>,
    /// Product ids.
    pub products: Vec<u64>,
    /// Brand ids.
    pub brands: Vec<u64>,
}

impl SimpleDiscount {
    /// Whether it can be narrowed to a [`Target`].
    pub fn takes_target(&self) -> bool {
        matches!(self, Self::PercentOffItems(_) | Self::FixedAmountOffItems(_))
    }
}

impl Target {
    /// Whether it is everything.
    pub fn is_everything(&self) -> bool {
        self.categories.is_empty() && self.products.is_empty() && self.brands.is_empty()
    }

    fn from_items(items: Option<&Reading<ItemMatcher>>) -> Option<Self> {
        let mut target = Self::default();
        match items.map(Reading::known) {
            None => {}
            Some(Some(ItemMatcher::Or(parts))) if !parts.is_empty() => {
                for part in parts {
                    target.add(part.known()?)?;
                }
            }
            Some(matcher) => target.add(matcher?)?,
        }
        Some(target)
    }

    /// An empty list matches nothing, whereas here it would stand for no limit; so that is no target.
    fn add(&mut self, matcher: &ItemMatcher) -> Option<()> {
        let (list, ids) = match matcher {
            ItemMatcher::Categories(ids) => (&mut self.categories, ids),
            ItemMatcher::Products(ids) => (&mut self.products, ids),
            ItemMatcher::Brands(ids) => (&mut self.brands, ids),
            _ => return None,
        };
        if ids.is_empty() || !list.is_empty() {
            return None;
        }
        list.clone_from(ids);
        Some(())
    }

    fn to_items(&self) -> Option<Reading<ItemMatcher>> {
        let mut parts: Vec<_> = [
            (&self.categories, ItemMatcher::Categories as fn(Vec<u64>) -> ItemMatcher),
            (&self.products, ItemMatcher::Products),
            (&self.brands, ItemMatcher::Brands),
        ]
        .into_iter()
        .filter(|(ids, _)| !ids.is_empty())
        .map(|(ids, matcher)| Reading::Known(matcher(ids.clone())))
        .collect();
        if parts.len() > 1 { Some(Reading::Known(ItemMatcher::Or(parts))) } else { parts.pop() }
    }
}

/// The promotion in flat terms, if `rules` is one rule that they describe in full: no cap, no item condition, no
/// repetition, nothing that is not understood.
pub fn simple(rules: &[Rule]) -> Option<Simple> {
    let [rule @ Rule { apply_once: true, stop: false, .. }] = rules else { return None };
    if rule.has_raw_parts() {
        return None;
    }
    let minimum_spend = match rule.condition.as_ref().map(Reading::known) {
        None => None,
        Some(Some(Condition::Cart(CartCondition {
            items: None,
            minimum_spend: Some(Reading::Known(Money(amount))),
            minimum_quantity: None,
        }))) => Some(*amount),
        Some(_) => return None,
    };
    let everything = Target::default();
    let (discount, target) = match rule.action.known()? {
        Action::CartValue(CartValue {
            discount: Reading::Known(discount),
            maximum_allowed_discount_amount: None,
        }) => (order_discount(*discount), everything),
        Action::CartItems(action) => {
            let discount = items_discount(action, rule.condition.is_some())?;
            (discount, Target::from_items(action.items.as_ref())?)
        }
        Action::Shipping(Shipping {
            free_shipping: None | Some(true),
            zone_ids: Reading::Known(Selection::All),
        }) => (SimpleDiscount::FreeShipping, everything),
        _ => return None,
    };
    Some(Simple { discount, minimum_spend, target })
}

fn order_discount(discount: Discount) -> SimpleDiscount {
    match discount {
        Discount::Percent(percent) => SimpleDiscount::Percent(percent),
        Discount::Fixed(amount) => SimpleDiscount::FixedAmount(amount),
    }
}

/// The discount of an action that has no option set beyond its items. Whether items that the condition counted
/// are discounted matters only where there is a condition.
fn items_discount(action: &CartItems, has_condition: bool) -> Option<SimpleDiscount> {
    let CartItems {
        discount: Reading::Known(discount),
        items: _,
        quantity: None,
        strategy: None,
        as_total: None | Some(false),
        include_items_considered_by_condition,
        exclude_items_on_sale: None | Some(false),
        add_free_item: None | Some(false),
        maximum_allowed_discount_amount: None,
    } = action
    else {
        return None;
    };
    if has_condition && *include_items_considered_by_condition != Some(true) {
        return None;
    }
    Some(match discount {
        Discount::Percent(percent) => SimpleDiscount::PercentOffItems(*percent),
        Discount::Fixed(amount) => SimpleDiscount::FixedAmountOffItems(*amount),
    })
}

impl Simple {
    /// The `rules` to send. Amounts are written without trailing zeros ("5.00" as "5"), so that equal promotions
    /// are equal texts.
    pub fn to_rules(&self) -> Value {
        let action = match self.discount {
            SimpleDiscount::Percent(percent) => order_action(Discount::Percent(percent.normalize())),
            SimpleDiscount::FixedAmount(amount) => order_action(Discount::Fixed(amount.normalize())),
            SimpleDiscount::PercentOffItems(percent) => {
                self.items_action(Discount::Percent(percent.normalize()))
            }
            SimpleDiscount::FixedAmountOffItems(amount) => {
                self.items_action(Discount::Fixed(amount.normalize()))
            }
            SimpleDiscount::FreeShipping => Action::Shipping(Shipping {
                free_shipping: Some(true),
                zone_ids: Reading::Known(Selection::All),
            }),
        };
        let mut rule = Rule::new(action);
        rule.condition = self.minimum_spend.map(|amount| {
            let minimum_spend = Some(Reading::Known(Money(amount.normalize())));
            Reading::Known(Condition::Cart(CartCondition { minimum_spend, ..CartCondition::default() }))
        });
        Value::Array(vec![rule.into()])
    }

    fn items_action(&self, discount: Discount) -> Action {
        Action::CartItems(CartItems {
            discount: Reading::Known(discount),
            items: self.target.to_items(),
            quantity: None,
            strategy: None,
            as_total: Some(false),
            include_items_considered_by_condition: Some(true),
            exclude_items_on_sale: None,
            add_free_item: None,
            maximum_allowed_discount_amount: None,
        })
    }
}

fn order_action(discount: Discount) -> Action {
    Action::CartValue(CartValue { discount: Reading::Known(discount), maximum_allowed_discount_amount: None })
}
