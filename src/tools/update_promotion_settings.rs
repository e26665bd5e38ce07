//! `update_promotion_settings`: how promotions work in the whole store.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::bigcommerce::Patience;
use crate::changes::update_settings::PlannedSettings;
use crate::changes::{Carried, ChangeError, Desk};

use super::change::{ChangeTool, Draft};
use super::context::CallContext;
use super::error::ToolError;
use super::promotion_settings::PromotionSettings;
use super::schema;

pub(super) struct UpdatePromotionSettings;

/// What to set.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Coupons per order.
    #[serde(default)]
    #[schemars(range(min = 1, max = 5))]
    number_of_coupons_allowed_at_checkout: Option<u64>,
    /// Each from the original price, not in turn.
    #[serde(default)]
    promotions_applied_on_original_product_price: Option<bool>,
    /// Also custom-priced items.
    #[serde(default)]
    promotions_apply_on_products_with_custom_product_price: Option<bool>,
    /// Also by zero-priced items.
    #[serde(default)]
    promotions_triggered_by_products_with_zero_product_price: Option<bool>,
}

const NUMBER: &str = "number_of_coupons_allowed_at_checkout";
const ORIGINAL: &str = "promotions_applied_on_original_product_price";
const CUSTOM: &str = "promotions_apply_on_products_with_custom_product_price";
const ZERO: &str = "promotions_triggered_by_products_with_zero_product_price";

/// Before and after.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Detail {
    /// By the names of the arguments.
    #[schemars(with = "schema::Opaque")]
    before: PromotionSettings,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Opaque>")]
    after: Option<PromotionSettings>,
}

impl ChangeTool for UpdatePromotionSettings {
    const NAME: &'static str = "update_promotion_settings";
    const TITLE: &'static str = "Change the promotion settings";
    const DESCRIPTION: &'static str = "Changes how all promotions of the store work; all but the original price \
        needs an Enterprise plan. Returns the settings before and after.";
    const DESTRUCTIVE: bool = true;
    type Input = Input;
    type Detail = Detail;

    async fn plan(
        desk: &Desk,
        input: Input,
        _: &CallContext,
        patience: &Patience,
    ) -> Result<Draft<Detail>, ToolError> {
        let given = [
            (NUMBER, input.number_of_coupons_allowed_at_checkout.map(Value::from)),
            (ORIGINAL, input.promotions_applied_on_original_product_price.map(Value::from)),
            (CUSTOM, input.promotions_apply_on_products_with_custom_product_price.map(Value::from)),
            (ZERO, input.promotions_triggered_by_products_with_zero_product_price.map(Value::from)),
        ];
        let wanted: Map<String, Value> =
            given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        if wanted.is_empty() {
            let hint = "Give at least one of them; get_store shows them as they are.";
            return Err(ChangeError::invalid("No setting is given.", hint).into());
        }
        let PlannedSettings { before, plan } = desk.plan_update_settings(&wanted, patience).await?;
        let detail = Detail { before: before.into(), after: None };
        Ok(Draft { plan, detail, idle: "Nothing to change: the settings are like that already.".to_owned() })
    }

    fn report(detail: &mut Detail, carried: &Carried) -> String {
        detail.after = carried.settings.clone().map(PromotionSettings::from);
        "The promotion settings of the store were changed.".to_owned()
    }
}
