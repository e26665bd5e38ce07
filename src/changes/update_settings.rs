//! Planning a change of the promotion settings of the whole store.

use serde_json::{Map, Value};

use crate::bigcommerce::Patience;

use super::plan::{Plan, Step};
use super::run::promotions::holds;
use super::{ChangeError, Desk};

/// What `PUT /promotions/settings` takes, all of it required.
const SETTINGS: [&str; 4] = [
    "promotions_apply_on_products_with_custom_product_price",
    "promotions_triggered_by_products_with_zero_product_price",
    "number_of_coupons_allowed_at_checkout",
    "promotions_applied_on_original_product_price",
];

/// A planned change of settings.
#[derive(Debug)]
pub struct PlannedSettings {
    /// The settings as they are.
    pub before: Map<String, Value>,
    /// What to do; `None` when everything is as asked for.
    pub plan: Option<Box<Plan>>,
}

impl Desk {
    /// Plans to set what is in `wanted` and to keep the rest. One request.
    ///
    /// # Errors
    /// The API's.
    pub async fn plan_update_settings(
        &self,
        wanted: &Map<String, Value>,
        patience: &Patience,
    ) -> Result<PlannedSettings, ChangeError> {
        let before = self.store().client().settings(patience).await?;
        if holds(&before, wanted) {
            return Ok(PlannedSettings { before, plan: None });
        }
        // The four that are documented, and no other that the API may add to its answer.
        let mut settings = before.clone();
        settings.retain(|name, _| SETTINGS.contains(&name.as_str()));
        settings.extend(wanted.clone());
        let changed = |(name, value): (&String, &Value)| {
            let old = before.get(name).unwrap_or(&Value::Null);
            (old != value).then(|| format!("{name}: {old} to {value}."))
        };
        let plan = Plan {
            order: None,
            headline: "Change the promotion settings of the whole store".to_owned(),
            lines: wanted.iter().filter_map(changed).collect(),
            alternative: None,
            steps: vec![Step::UpdateSettings { settings, before: before.clone() }],
            resulting: Vec::new(),
            gets_codes: Vec::new(),
            asks: vec!["it changes how every promotion of the store works".to_owned()],
            warnings: Vec::new(),
        };
        Ok(PlannedSettings { before, plan: Some(Box::new(plan)) })
    }
}
