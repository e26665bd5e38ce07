//! `update_promotion`: stop, restart, extend or change a promotion.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bigcommerce::Patience;
use crate::changes::update_promotion::{PlannedEdit, PromotionEdit};
use crate::changes::{Carried, ChangeError, Desk};
use crate::coupons::{Promotion, rules, store_time};

use super::change::{ChangeTool, Draft};
use super::context::CallContext;
use super::error::ToolError;
use super::schema;

pub(super) struct UpdatePromotion;

/// What to change.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Id of the promotion.
    #[schemars(range(min = 1))]
    promotion_id: u64,
    /// Internal name.
    #[serde(default)]
    name: Option<String>,
    /// DISABLED stops all its codes at once.
    #[serde(default)]
    status: Option<Status>,
    /// Date (start of day) or date-time.
    #[serde(default)]
    starts_at: Option<String>,
    /// Date (end of day), date-time, or never.
    #[serde(default)]
    ends_at: Option<String>,
    /// Uses in all; 0 = unlimited.
    #[serde(default)]
    #[schemars(range(max = 2_147_483_647))]
    max_uses: Option<u64>,
    /// Whether others apply beside it.
    #[serde(default)]
    can_be_used_with_other_promotions: Option<bool>,
    /// For one simple rule: percent or amount.
    #[serde(default)]
    #[schemars(with = "Option<f64>", range(min = 0.01))]
    discount_value: Option<Decimal>,
    /// For one simple rule; 0 = none.
    #[serde(default)]
    #[schemars(with = "Option<f64>")]
    minimum_spend: Option<Decimal>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    Enabled,
    Disabled,
}

/// A promotion's terms.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(description = "")]
struct Terms {
    name: String,
    effective_state: String,
    discount: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_at: Option<String>,
    /// Absent = never.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends: Option<String>,
    /// 0 = unlimited.
    max_uses: u64,
    can_be_used_with_other_promotions: bool,
}

impl Terms {
    fn at(now: Timestamp, promotion: &Promotion, zone: Option<&TimeZone>) -> Self {
        Self {
            name: promotion.name.clone(),
            effective_state: promotion.state(now, zone).as_str().to_owned(),
            discount: rules::discount_line(&promotion.rules, promotion.currency.as_deref()),
            starts_at: promotion.starts.map(|start| store_time::text(start, zone)),
            ends_at: promotion.ends.map(|end| store_time::text(end, zone)),
            ends: promotion.ends.map(|end| store_time::say(end, zone)),
            max_uses: promotion.max_uses.unwrap_or_default(),
            can_be_used_with_other_promotions: promotion.stacks,
        }
    }
}

/// Before and after.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Detail {
    promotion_id: u64,
    /// When the change was planned.
    #[serde(skip)]
    at: Timestamp,
    #[serde(skip)]
    zone: Option<TimeZone>,
    /// Of the shape of after.
    #[schemars(with = "schema::Opaque")]
    before: Terms,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Terms>,
    #[serde(skip_serializing_if = "Option::is_none")]
    codes_affected: Option<u64>,
    /// What changed, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<String>,
}

impl ChangeTool for UpdatePromotion {
    const NAME: &'static str = "update_promotion";
    const TITLE: &'static str = "Change a promotion";
    const DESCRIPTION: &'static str = "Changes a promotion: stop it (status DISABLED, which is instant and can be \
        taken back), restart, extend, cap. What is left out stays. All its codes follow. Returns it before and \
        after.";
    const DESTRUCTIVE: bool = true;
    type Input = Input;
    type Detail = Detail;

    async fn is_urgent(_: &Desk, input: &Input, _: &CallContext) -> bool {
        input.status == Some(Status::Disabled)
    }

    async fn plan(
        desk: &Desk,
        input: Input,
        _: &CallContext,
        patience: &Patience,
    ) -> Result<Draft<Detail>, ToolError> {
        let name = input.name.map(|name| name.trim().to_owned());
        if name.as_ref().is_some_and(String::is_empty) {
            let hint = "Give a name, or leave it out.";
            return Err(ChangeError::invalid("A promotion cannot be without a name.", hint).into());
        }
        let edit = PromotionEdit {
            name,
            status: input.status.map(|status| match status {
                Status::Enabled => "ENABLED",
                Status::Disabled => "DISABLED",
            }),
            starts_at: input.starts_at,
            ends_at: input.ends_at,
            max_uses: input.max_uses,
            can_be_used_with_other_promotions: input.can_be_used_with_other_promotions,
            discount_value: input.discount_value,
            minimum_spend: input.minimum_spend,
        };
        let PlannedEdit { before, codes, zone, plan } =
            desk.plan_update_promotion(input.promotion_id, &edit, patience).await?;
        let detail = Detail {
            promotion_id: before.id,
            at: desk.now(),
            before: Terms::at(desk.now(), &before, zone.as_ref()),
            zone,
            after: None,
            codes_affected: codes,
            changes: plan.as_ref().map(|plan| plan.lines.clone()).unwrap_or_default(),
        };
        Ok(Draft { plan, detail, idle: "Nothing to change: the promotion is like that already.".to_owned() })
    }

    fn report(detail: &mut Detail, carried: &Carried) -> String {
        let Some(promotion) = carried.updated.first() else { return "Nothing was changed.".to_owned() };
        detail.after = Some(Terms::at(detail.at, promotion, detail.zone.as_ref()));
        format!("Promotion {} {} was changed.", promotion.id, promotion.quoted_name())
    }
}
