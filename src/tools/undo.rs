//! `undo`: a change is taken back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bigcommerce::Patience;
use crate::changes::undo::PlannedUndo;
use crate::changes::{Carried, ChangeError, Desk, Done};
use crate::state::ChangeId;

use super::change::{ChangeTool, Draft};
use super::context::CallContext;
use super::error::ToolError;

pub(super) struct Undo;

/// Which change.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Default: your last change.
    #[serde(default)]
    change_id: Option<String>,
}

/// What was taken back.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Detail {
    /// Its change_id.
    undone: String,
    summary: String,
    /// New ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    promotions_restored: Vec<u64>,
    codes_restored: u64,
    codes_deleted: u64,
}

impl ChangeTool for Undo {
    const NAME: &'static str = "undo";
    const TITLE: &'static str = "Undo a change";
    const DESCRIPTION: &'static str = "Takes back a change made through this server. What was deleted comes back \
        with new ids and 0 uses. Refuses changed_since if somebody edited it after.";
    const DESTRUCTIVE: bool = true;
    type Input = Input;
    type Detail = Detail;

    async fn is_urgent(desk: &Desk, input: &Input, context: &CallContext) -> bool {
        desk.undo_stops_a_promotion(input.change_id.as_deref(), &context.caller).await
    }

    fn check(desk: &Desk, input: &Input) -> Result<(), ToolError> {
        let id = input.change_id.clone();
        if desk.state().is_unused() { Err(ChangeError::UnknownChange { id }.into()) } else { Ok(()) }
    }

    async fn plan(
        desk: &Desk,
        input: Input,
        context: &CallContext,
        patience: &Patience,
    ) -> Result<Draft<Detail>, ToolError> {
        let PlannedUndo { change, plan } =
            desk.plan_undo(input.change_id.as_deref(), &context.caller, patience).await?;
        let detail = Detail {
            undone: change.id.to_string(),
            summary: change.summary,
            promotions_restored: Vec::new(),
            codes_restored: 0,
            codes_deleted: 0,
        };
        Ok(Draft { plan, detail, idle: "Nothing to undo: everything is as it was before.".to_owned() })
    }

    fn report(detail: &mut Detail, carried: &Carried) -> String {
        detail.promotions_restored = carried.made.iter().map(|promotion| promotion.id).collect();
        detail.codes_restored = carried.codes_created.len() as u64;
        detail.codes_deleted = carried.codes_deleted.len() as u64;
        format!("Undone: {}.", detail.summary)
    }

    async fn settle(desk: &Desk, detail: &Detail, done: &Done) {
        if !done.carried.is_whole() {
            return;
        }
        let (Ok(undone), Some(by)) = (detail.undone.parse::<ChangeId>(), &done.change_id) else { return };
        if let Err(error) = desk.state().mark_undone(&undone, by).await {
            tracing::warn!(%error, change_id = detail.undone, "an undone change is not marked as such");
        }
    }
}
