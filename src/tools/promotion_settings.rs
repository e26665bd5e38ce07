//! The promotion settings of a store as the tools show them.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::coupons::clean;

/// The global promotion settings.
#[derive(Debug, Clone, Serialize)]
pub(super) struct PromotionSettings {
    /// How many coupons a checkout takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    number_of_coupons_allowed_at_checkout: Option<u64>,
    /// Whether discounts are computed from the price before other discounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    promotions_applied_on_original_product_price: Option<bool>,
    /// Whether promotions apply to products with a custom price.
    #[serde(skip_serializing_if = "Option::is_none")]
    promotions_apply_on_products_with_custom_product_price: Option<bool>,
    /// Whether products that cost nothing trigger promotions.
    #[serde(skip_serializing_if = "Option::is_none")]
    promotions_triggered_by_products_with_zero_product_price: Option<bool>,
    /// Every other setting that BigCommerce sent, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<String>,
}

impl From<Map<String, Value>> for PromotionSettings {
    fn from(mut settings: Map<String, Value>) -> Self {
        let mut flag = |name: &str| {
            let flag = settings.get(name)?.as_bool()?;
            settings.shift_remove(name);
            Some(flag)
        };
        let (original, custom, zero) = (
            flag("promotions_applied_on_original_product_price"),
            flag("promotions_apply_on_products_with_custom_product_price"),
            flag("promotions_triggered_by_products_with_zero_product_price"),
        );
        let coupons = "number_of_coupons_allowed_at_checkout";
        let number = settings.get(coupons).and_then(Value::as_u64);
        if number.is_some() {
            settings.shift_remove(coupons);
        }
        Self {
            number_of_coupons_allowed_at_checkout: number,
            promotions_applied_on_original_product_price: original,
            promotions_apply_on_products_with_custom_product_price: custom,
            promotions_triggered_by_products_with_zero_product_price: zero,
            other: (!settings.is_empty()).then(|| clean(&Value::Object(settings).to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_keep_what_is_not_known_of_them() {
        let settings = json!({
            "number_of_coupons_allowed_at_checkout": 2,
            "promotions_applied_on_original_product_price": true,
            "promotions_apply_on_products_with_custom_product_price": "sometimes",
            "something_new": [1],
        });
        let told = PromotionSettings::from(settings.as_object().unwrap().clone());
        let expected = json!({
            "number_of_coupons_allowed_at_checkout": 2,
            "promotions_applied_on_original_product_price": true,
            "other": "{\"promotions_apply_on_products_with_custom_product_price\":\"sometimes\",\"something_new\":[1]}",
        });
        assert_eq!(json!(told), expected);
    }
}
