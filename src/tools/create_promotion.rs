//! `create_promotion`: a promotion, with its first code.

use jiff::Timestamp;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bigcommerce::Patience;
use crate::changes::create_promotion::{NewPromotion, Planned};
use crate::changes::discount_value::{amount, percent};
use crate::changes::{Carried, ChangeError, Desk};
use crate::coupons::rules::{self, Simple, SimpleDiscount, Target};
use crate::coupons::{CodeText, Promotion, UseLimits};

use super::change::{ChangeTool, Draft};
use super::context::CallContext;
use super::coupon_code::CouponCode;
use super::currency_code;
use super::error::ToolError;
use super::schema;

pub(super) struct CreatePromotion;

const RULES_SUCH_AS: &str =
    r#"Such as [{"action": {"cart_value": {"discount": {"percentage_amount": "10"}}}}]."#;

/// The new promotion.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Internal name.
    name: String,
    /// Needed unless rules or copy_from_promotion_id is given.
    #[serde(default)]
    discount_type: Option<DiscountType>,
    /// 20 = 20% or 20.00.
    #[serde(default)]
    #[schemars(with = "Option<f64>", range(min = 0.01))]
    discount_value: Option<Decimal>,
    /// Order amount from which it applies.
    #[serde(default)]
    #[schemars(with = "Option<f64>")]
    minimum_spend: Option<Decimal>,
    /// Only items of these categories.
    #[serde(default)]
    category_ids: Vec<u64>,
    /// Only these products.
    #[serde(default)]
    product_ids: Vec<u64>,
    /// Only items of these brands.
    #[serde(default)]
    brand_ids: Vec<u64>,
    /// Date (start of that day in the store) or date-time; default now.
    #[serde(default)]
    starts_at: Option<String>,
    /// Date (end of that day in the store) or date-time; default never.
    #[serde(default)]
    ends_at: Option<String>,
    /// Uses in all; default 0 = unlimited.
    #[serde(default)]
    #[schemars(range(max = 2_147_483_647))]
    max_uses: Option<u64>,
    /// BULK (default) takes many codes, SINGLE one.
    #[serde(default)]
    coupon_type: CouponType,
    /// ISO 4217, or * for any (percent only); default the store's.
    #[serde(default)]
    currency_code: Option<String>,
    /// Only customers of these groups.
    #[serde(default)]
    customer_group_ids: Vec<u64>,
    /// Default true.
    #[serde(default)]
    can_be_used_with_other_promotions: Option<bool>,
    /// First code.
    #[serde(default)]
    code: Option<String>,
    /// Uses of the code in all; default 0 = unlimited.
    #[serde(default)]
    #[schemars(range(max = 2_147_483_647))]
    code_max_uses: Option<u64>,
    /// Uses of the code per customer; default 0 = unlimited.
    #[serde(default)]
    #[schemars(range(max = 2_147_483_647))]
    max_uses_per_customer: Option<u64>,
    /// BigCommerce's rules as a JSON array, for every other shape.
    #[serde(default)]
    rules: Option<String>,
    /// Copy rules, targets, groups, channels, schedule and stacking of it.
    #[serde(default)]
    #[schemars(range(min = 1))]
    copy_from_promotion_id: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum DiscountType {
    Percent,
    FixedAmount,
    PercentOffItems,
    FixedAmountOffItems,
    FreeShipping,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum CouponType {
    #[default]
    Bulk,
    Single,
}

/// What was made.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Detail {
    #[serde(skip_serializing_if = "Option::is_none")]
    promotion_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    discount: Option<String>,
    /// Dates and caps in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    terms: Vec<String>,
    /// When it was planned.
    #[serde(skip)]
    at: Option<Timestamp>,
    /// Its first code, as in list_coupon_codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Opaque>")]
    coupon_code: Option<CouponCode>,
}

impl ChangeTool for CreatePromotion {
    const NAME: &'static str = "create_promotion";
    const TITLE: &'static str = "Create a promotion";
    const DESCRIPTION: &'static str = "Creates an enabled coupon promotion, with its first code if one is given. \
        Repeating a call makes no second one. Returns the promotion's id and what it does, in words.";
    const DESTRUCTIVE: bool = false;
    type Input = Input;
    type Detail = Detail;

    async fn plan(
        desk: &Desk,
        input: Input,
        _: &CallContext,
        patience: &Patience,
    ) -> Result<Draft<Detail>, ToolError> {
        let code_limits = UseLimits {
            max_uses: input.code_max_uses.unwrap_or_default(),
            max_uses_per_customer: input.max_uses_per_customer.unwrap_or_default(),
        };
        let new = parse(input, code_limits)?;
        Ok(match desk.plan_create_promotion(&new, patience).await? {
            Planned::Plan(plan) => {
                let detail = Detail { terms: plan.lines.clone(), at: Some(desk.now()), ..Detail::default() };
                Draft { plan: Some(plan), detail, idle: String::new() }
            }
            Planned::Exists(promotion) => Draft {
                plan: None,
                idle: format!("This promotion is there already: id {}.", promotion.id),
                detail: Detail::of(&promotion, desk.now()),
            },
        })
    }

    fn report(detail: &mut Detail, carried: &Carried) -> String {
        let terms = std::mem::take(&mut detail.terms);
        if let Some(promotion) = carried.made.first() {
            let now = detail.at.unwrap_or_default();
            *detail = Detail { terms, ..Detail::of(promotion, now) };
        }
        let code = carried.codes_created.first().map(|(promotion_id, row)| {
            detail.promotion_id.get_or_insert(*promotion_id);
            detail.coupon_code = Some(row.into());
            format!(" with code {}", row.code)
        });
        let code = code.unwrap_or_default();
        match (carried.made.first(), &detail.promotion_id) {
            (Some(promotion), _) => {
                format!("Promotion {} {} was made{code}.", promotion.id, promotion.quoted_name())
            }
            (None, Some(id)) => format!("Promotion {id} was there already and is now{code}."),
            (None, None) => "Nothing was made.".to_owned(),
        }
    }
}

impl Detail {
    fn of(promotion: &Promotion, now: Timestamp) -> Self {
        Self {
            promotion_id: Some(promotion.id),
            effective_state: Some(promotion.state(now, None).as_str()),
            at: Some(now),
            discount: Some(rules::discount_line(&promotion.rules, promotion.currency.as_deref())),
            terms: Vec::new(),
            coupon_code: None,
        }
    }
}

fn parse(input: Input, code_limits: UseLimits) -> Result<NewPromotion, ToolError> {
    let name = input.name.trim().to_owned();
    if name.is_empty() || crate::coupons::clean(&name).trim().is_empty() {
        return Err(
            invalid("A promotion needs a name.", "Give a name that the merchant will recognise.").into()
        );
    }
    if input.code.is_none() && (code_limits.max_uses, code_limits.max_uses_per_customer) != (0, 0) {
        return Err(invalid(
            "code_max_uses and max_uses_per_customer are limits of a code, and no code is given.",
            "Give code as well, or max_uses for the whole promotion.",
        )
        .into());
    }
    let simple = simple(&input)?;
    if simple.is_none() && input.rules.is_none() && input.copy_from_promotion_id.is_none() {
        return Err(invalid(
            "It is not said what the promotion gives.",
            "Give discount_type and discount_value, or rules, or copy_from_promotion_id.",
        )
        .into());
    }
    Ok(NewPromotion {
        name,
        simple,
        rules: input.rules.as_deref().map(raw_rules).transpose()?,
        copy_from: input.copy_from_promotion_id,
        starts_at: input.starts_at,
        ends_at: input.ends_at,
        max_uses: input.max_uses,
        coupon_type: match input.coupon_type {
            CouponType::Bulk => "BULK",
            CouponType::Single => "SINGLE",
        },
        currency_code: input.currency_code.as_deref().map(currency).transpose()?,
        customer_group_ids: input.customer_group_ids,
        can_be_used_with_other_promotions: input.can_be_used_with_other_promotions,
        code: input.code.as_deref().map(CodeText::parse).transpose()?,
        code_limits,
    })
}

fn invalid(message: &str, hint: &str) -> ChangeError {
    ChangeError::invalid(message, hint)
}

/// The flat arguments as a rule.
fn simple(input: &Input) -> Result<Option<Simple>, ChangeError> {
    let target = Target {
        categories: input.category_ids.clone(),
        products: input.product_ids.clone(),
        brands: input.brand_ids.clone(),
    };
    let Some(kind) = input.discount_type else {
        if input.discount_value.is_some() || input.minimum_spend.is_some() || !target.is_everything() {
            return Err(invalid(
                "discount_value, minimum_spend and the ids of items belong to a discount_type.",
                "Give discount_type, or leave them out: rules and copy_from_promotion_id bring their own.",
            ));
        }
        return Ok(None);
    };
    if input.rules.is_some() {
        return Err(invalid("Both discount_type and rules are given.", "Give one of them."));
    }
    let value = || {
        input.discount_value.ok_or_else(|| {
            invalid(
                "discount_value is missing.",
                "Give it: 20 is 20% or an amount of 20, as discount_type says.",
            )
        })
    };
    let discount = match kind {
        DiscountType::Percent => SimpleDiscount::Percent(percent(value()?)?),
        DiscountType::FixedAmount => SimpleDiscount::FixedAmount(amount(value()?)?),
        DiscountType::PercentOffItems => SimpleDiscount::PercentOffItems(percent(value()?)?),
        DiscountType::FixedAmountOffItems => SimpleDiscount::FixedAmountOffItems(amount(value()?)?),
        DiscountType::FreeShipping if input.discount_value.is_some() => {
            return Err(invalid("Free shipping has no discount_value.", "Leave discount_value out."));
        }
        DiscountType::FreeShipping => SimpleDiscount::FreeShipping,
    };
    if !target.is_everything() && !discount.takes_target() {
        return Err(invalid(
            "Categories, products and brands narrow a discount on items, not one on the order or on shipping.",
            "Give discount_type percent_off_items or fixed_amount_off_items.",
        ));
    }
    if input.minimum_spend.is_some_and(|minimum| minimum < Decimal::ZERO) {
        return Err(invalid("minimum_spend is below 0.", "Give an amount, such as 50."));
    }
    let minimum_spend = input.minimum_spend.filter(|minimum| *minimum > Decimal::ZERO);
    Ok(Some(Simple { discount, minimum_spend, target }))
}

/// BigCommerce's rules; one alone stands for a list of one.
fn raw_rules(text: &str) -> Result<Vec<Value>, ChangeError> {
    let rules = match serde_json::from_str(text) {
        Ok(Value::Array(rules)) => rules,
        Ok(rule @ Value::Object(_)) => vec![rule],
        _ => return Err(invalid("rules is no JSON array of objects.", RULES_SUCH_AS)),
    };
    let complete = |rule: &Value| rule.get("action").is_some_and(Value::is_object);
    if rules.is_empty() || !rules.iter().all(complete) {
        return Err(invalid("Each of rules needs an action.", RULES_SUCH_AS));
    }
    Ok(rules)
}

/// One currency, or any.
fn currency(code: &str) -> Result<String, ToolError> {
    if code.trim() == "*" { Ok("*".to_owned()) } else { currency_code::parse(code) }
}
