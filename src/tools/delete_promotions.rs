//! `delete_promotions`: promotions go, with their codes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bigcommerce::Patience;
use crate::bigcommerce::promotions::MAX_DELETED_PROMOTIONS;
use crate::changes::delete_promotions::PlannedDeletions;
use crate::changes::{Carried, ChangeError, Desk, Step};
use crate::coupons::clean;

use super::change::{ChangeTool, Draft};
use super::context::CallContext;
use super::error::ToolError;

pub(super) struct DeletePromotions;

/// Which promotions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Ids of 1-50 promotions.
    promotion_ids: Vec<u64>,
}

/// One promotion that was asked for.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Row {
    promotion_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    outcome: Outcome,
    codes_deleted: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// It is gone.
    Deleted,
    /// It was not there.
    NotFound,
    /// It is still there.
    Failed,
    /// It was not tried.
    NotTried,
}

/// A row for each.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Detail {
    promotions: Vec<Row>,
}

impl ChangeTool for DeletePromotions {
    const NAME: &'static str = "delete_promotions";
    const TITLE: &'static str = "Delete promotions";
    const DESCRIPTION: &'static str = "Deletes promotions with all their codes, for good. To stop them, prefer \
        update_promotion with status DISABLED, which can be taken back. Returns a row for each.";
    const DESTRUCTIVE: bool = true;
    type Input = Input;
    type Detail = Detail;

    async fn plan(
        desk: &Desk,
        input: Input,
        _: &CallContext,
        patience: &Patience,
    ) -> Result<Draft<Detail>, ToolError> {
        let ids = input.promotion_ids;
        if !(1..=MAX_DELETED_PROMOTIONS).contains(&ids.len()) {
            let message =
                format!("promotion_ids takes 1 to {MAX_DELETED_PROMOTIONS} ids, not {}.", ids.len());
            return Err(ChangeError::invalid(message, "list_promotions shows the ids.").into());
        }
        let PlannedDeletions { not_found, plan } = desk.plan_delete_promotions(&ids, patience).await?;
        let row =
            |promotion_id, name, outcome| Row { promotion_id, name, outcome, codes_deleted: 0, why: None };
        let mut promotions: Vec<Row> =
            not_found.into_iter().map(|id| row(id, None, Outcome::NotFound)).collect();
        for step in plan.iter().flat_map(|plan| &plan.steps) {
            if let Step::DeletePromotions { documents } = step {
                promotions.extend(documents.iter().map(|document| {
                    let id = document.get("id").and_then(Value::as_u64).unwrap_or_default();
                    row(id, document.get("name").and_then(Value::as_str).map(clean), Outcome::NotTried)
                }));
            }
        }
        let idle = "Nothing to delete: this store has none of these promotions. list_promotions shows those that \
                    are there.";
        Ok(Draft { plan, detail: Detail { promotions }, idle: idle.to_owned() })
    }

    fn report(detail: &mut Detail, carried: &Carried) -> String {
        for row in &mut detail.promotions {
            let is_gone = carried
                .promotions_deleted
                .iter()
                .any(|document| document.get("id").and_then(Value::as_u64) == Some(row.promotion_id));
            if is_gone {
                row.outcome = Outcome::Deleted;
            }
            if let Some((_, why)) = carried.promotions_failed.iter().find(|(id, _)| *id == row.promotion_id) {
                row.outcome = Outcome::Failed;
                row.why = Some(why.clone());
            }
            let codes = carried.codes_deleted.iter().filter(|(id, _)| *id == row.promotion_id);
            row.codes_deleted = codes.count() as u64;
        }
        let (promotions, codes) = (carried.promotions_deleted.len(), carried.codes_deleted.len());
        format!(
            "{promotions} {} deleted, with {codes} {}.",
            if promotions == 1 { "promotion is" } else { "promotions are" },
            if codes == 1 { "code" } else { "codes" }
        )
    }
}
