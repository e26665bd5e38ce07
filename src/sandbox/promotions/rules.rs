//! The rules of a promotion: `Rule` and what is below it in the vendor's OpenAPI file.

use std::ops::{Bound, RangeBounds};

use crate::sandbox::field::{Field, Invalid, is_decimal};

/// How deep `and`, `or` and `not` may nest in a condition or an item matcher.
const DEPTH: usize = 3;

/// How many custom field matchers one item matcher may hold.
const CUSTOM_FIELD_LIMIT: usize = 10;

const STRATEGIES: [&str; 4] =
    ["LEAST_EXPENSIVE", "LEAST_EXPENSIVE_ONLY", "MOST_EXPENSIVE", "MOST_EXPENSIVE_ONLY"];

const ACTIONS: [&str; 5] = ["cart_value", "cart_items", "gift_item", "fixed_price_set", "shipping"];

type Checked = Result<(), Invalid>;

/// `Rule`.
pub(super) fn check(rule: &Field<'_>) -> Checked {
    check_action(&rule.required("action")?)?;
    booleans(rule, &["apply_once", "stop"])?;
    match rule.optional("condition")? {
        Some(condition) => check_condition(&condition, DEPTH),
        None => Ok(()),
    }
}

/// Refuses a rule with an amount of money, which needs a currency. The rule must have passed [`check`].
pub(super) fn check_currency_free(rule: &Field<'_>) -> Checked {
    let (name, action) = rule.required("action")?.exactly_one(&ACTIONS)?;
    if name == "fixed_price_set" {
        return Err(action.refuse("needs a currency."));
    }
    match action.optional("discount")? {
        Some(discount) if discount.optional("fixed_amount")?.is_some() => {
            Err(discount.refuse("needs a currency."))
        }
        _ => Ok(()),
    }
}

/// `Action`.
fn check_action(action: &Field<'_>) -> Checked {
    match action.exactly_one(&ACTIONS)? {
        ("cart_value", action) => check_discount(&action),
        ("cart_items", action) => {
            check_discount(&action)?;
            check_items(&action)?;
            booleans(&action, &["as_total", "add_free_item"])?;
            quantity(action.optional("quantity")?)
        }
        ("gift_item", gift) => {
            quantity(Some(gift.required("quantity")?))?;
            let (_, id) = gift.exactly_one(&["product_id", "variant_id"])?;
            id.integer(1..=i64::MAX).map(drop)
        }
        ("fixed_price_set", action) => {
            quantity(Some(action.required("quantity")?))?;
            money(&action.required("fixed_price")?)?;
            check_items(&action)
        }
        (_, shipping) => {
            booleans(&shipping, &["free_shipping"])?;
            check_zones(&shipping.required("zone_ids")?)
        }
    }
}

/// `Discount` and `MaximumAllowedDiscountAmount`, which go together.
fn check_discount(action: &Field<'_>) -> Checked {
    match action.required("discount")?.exactly_one(&["percentage_amount", "fixed_amount"])? {
        ("percentage_amount", percentage) => {
            let range = (Bound::Excluded(0.0), Bound::Included(100.0));
            let expectation = "must be a decimal number in a string, above 0 and at most 100.";
            percentage.text_where(|text| is_within(text, range), expectation)?;
        }
        (_, amount) => money(&amount)?,
    }
    if let Some(most) = action.optional("maximum_allowed_discount_amount")? {
        let expectation = "must be a decimal number in a string, between 1 and 10000000.";
        most.text_where(|text| is_within(text, 1.0..=10_000_000.0), expectation)?;
    }
    Ok(())
}

/// What the actions on items share.
fn check_items(action: &Field<'_>) -> Checked {
    booleans(action, &["include_items_considered_by_condition", "exclude_items_on_sale"])?;
    if let Some(strategy) = action.optional("strategy")? {
        strategy.one_of(&STRATEGIES)?;
    }
    action.optional("items")?.map_or(Ok(()), |items| check_matcher(&items))
}

/// `*`, or ids that differ.
fn check_zones(zones: &Field<'_>) -> Checked {
    if zones.text().is_ok() {
        return zones.one_of(&["*"]).map(drop);
    }
    let mut ids = zones
        .items(0..=usize::MAX)?
        .iter()
        .map(|id| id.integer(1..=i64::MAX))
        .collect::<Result<Vec<_>, _>>()?;
    let sent = ids.len();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() == sent { Ok(()) } else { Err(zones.refuse("must not name a zone twice.")) }
}

/// `Condition`.
fn check_condition(condition: &Field<'_>, depth: usize) -> Checked {
    let names: &[&'static str] = if depth == 0 { &["cart"] } else { &["cart", "and", "or", "not"] };
    match condition.exactly_one(names)? {
        ("cart", cart) => check_cart(&cart),
        ("not", child) => check_condition(&child, depth.saturating_sub(1)),
        (_, children) => children.each(|child| check_condition(&child, depth.saturating_sub(1))),
    }
}

/// `CartCondition`: `minimum_quantity` is mandatory beside `items`.
fn check_cart(cart: &Field<'_>) -> Checked {
    if let Some(spend) = cart.optional("minimum_spend")? {
        money(&spend)?;
    }
    quantity(cart.optional("minimum_quantity")?)?;
    if let Some(items) = cart.optional("items")? {
        check_matcher(&items)?;
        cart.required("minimum_quantity")?;
    }
    Ok(())
}

/// `ItemMatcher`.
fn check_matcher(matcher: &Field<'_>) -> Checked {
    if check_node(matcher, DEPTH)? > CUSTOM_FIELD_LIMIT {
        return Err(matcher.refuse("must have at most 10 product_custom_field matchers."));
    }
    Ok(())
}

/// One node of an item matcher; returns how many custom field matchers it holds.
fn check_node(matcher: &Field<'_>, depth: usize) -> Result<usize, Invalid> {
    const SIMPLE: [&str; 6] =
        ["brands", "categories", "products", "variants", "product_option", "product_custom_field"];
    const ALL: [&str; 9] = [
        "brands",
        "categories",
        "products",
        "variants",
        "product_option",
        "product_custom_field",
        "and",
        "or",
        "not",
    ];
    let names: &[&'static str] = if depth == 0 { &SIMPLE } else { &ALL };
    match matcher.exactly_one(names)? {
        ("not", child) => check_node(&child, depth.saturating_sub(1)),
        ("and" | "or", children) => {
            let children = children.items(0..=usize::MAX)?;
            children.iter().map(|child| check_node(child, depth.saturating_sub(1))).sum()
        }
        ("product_option", option) => {
            option.required("type")?.one_of(&["string_match"])?;
            check_named_values(&option).map(|()| 0)
        }
        ("product_custom_field", field) => check_named_values(&field).map(|()| 1),
        (_, ids) => ids.each(|id| id.integer(0..=i64::MAX).map(drop)).map(|()| 0),
    }
}

fn check_named_values(field: &Field<'_>) -> Checked {
    field.required("name")?.text()?;
    field.required("values")?.each(|value| value.text().map(drop))
}

/// `Money`.
fn money(field: &Field<'_>) -> Checked {
    field.text_where(is_decimal, "must be a decimal number in a string, as in \"12.95\".").map(drop)
}

fn quantity(field: Option<Field<'_>>) -> Checked {
    field.map_or(Ok(()), |field| field.integer(1..=i64::MAX).map(drop))
}

fn booleans(object: &Field<'_>, names: &[&str]) -> Checked {
    for name in names {
        if let Some(field) = object.optional(name)? {
            field.boolean()?;
        }
    }
    Ok(())
}

/// Whether `text` is a decimal number within `range`.
fn is_within(text: &str, range: impl RangeBounds<f64>) -> bool {
    is_decimal(text) && text.parse().is_ok_and(|number: f64| range.contains(&number))
}
