//! `undo`: a change is taken back.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bigcommerce::Patience;
use crate::changes::delete_codes::PlannedDeletion;
use crate::changes::undo::PlannedUndo;
use crate::changes::{Carried, ChangeError, Desk, Done};
use crate::jobs::JobId;
use crate::state::ChangeId;

use super::change::{ChangeTool, Draft};
use super::context::CallContext;
use super::error::ToolError;
use super::job::{self, Followed, Job};
use super::promotion_row::PromotionRow;
use super::schema;

pub(super) struct Undo;

/// Which change.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Default: your last change or job.
    #[serde(default)]
    change_id: Option<String>,
    /// Or: a job that made codes; those that are unused go.
    #[serde(default)]
    job_id: Option<String>,
}

/// What was taken back.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Detail {
    /// Its change_id or job_id.
    undone: String,
    summary: String,
    /// New ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    promotions_restored: Vec<u64>,
    /// As they are now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<schema::Opaque>")]
    promotions: Vec<PromotionRow>,
    #[serde(skip_serializing_if = "is_zero")]
    codes_restored: u64,
    #[serde(skip_serializing_if = "is_zero")]
    codes_deleted: u64,
    /// The deletion of a job's codes, as get_job answers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Opaque>")]
    job: Option<Job>,
    #[serde(skip)]
    at: Timestamp,
    #[serde(skip)]
    zone: Option<TimeZone>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Detail {
    fn of(desk: &Desk, undone: String, summary: String) -> Self {
        Self {
            undone,
            summary,
            promotions_restored: Vec::new(),
            promotions: Vec::new(),
            codes_restored: 0,
            codes_deleted: 0,
            job: None,
            at: desk.now(),
            zone: desk.store().known_zone(),
        }
    }
}

impl ChangeTool for Undo {
    const NAME: &'static str = "undo";
    const TITLE: &'static str = "Undo a change";
    const DESCRIPTION: &'static str = "Takes back a change made through this server, or deletes the unused codes \
        that a job made. What was deleted comes back with new ids and 0 uses. Refuses changed_since if somebody edited \
        it after.";
    const DESTRUCTIVE: bool = true;
    type Input = Input;
    type Detail = Detail;

    async fn is_urgent(desk: &Desk, input: &Input, context: &CallContext) -> bool {
        input.job_id.is_none()
            && desk.undo_stops_a_promotion(input.change_id.as_deref(), &context.caller).await
    }

    fn check(desk: &Desk, input: &Input) -> Result<(), ToolError> {
        if input.job_id.is_some() {
            return Ok(());
        }
        let id = input.change_id.clone();
        if desk.state().is_unused() { Err(ChangeError::UnknownChange { id }.into()) } else { Ok(()) }
    }

    async fn plan(
        desk: &Desk,
        input: Input,
        context: &CallContext,
        patience: &Patience,
    ) -> Result<Draft<Detail>, ToolError> {
        let (change_id, job_id) = match which(input)? {
            (None, None) => (None, desk.last_job_to_undo(&context.caller).await?),
            named => named,
        };
        if let Some(id) = job_id {
            let PlannedDeletion { plan, .. } = desk.plan_undo_job(&id, patience).await?;
            let detail = Detail::of(desk, id.to_string(), format!("Codes of the job {id}"));
            let idle = "Nothing to undo: no unused code of this job is there any more.".to_owned();
            return Ok(Draft { plan, detail, idle });
        }
        let PlannedUndo { change, plan } =
            desk.plan_undo(change_id.as_deref(), &context.caller, patience).await?;
        let mut detail = Detail::of(desk, change.id.to_string(), change.summary);
        detail.zone = desk.zone_soon(patience).await;
        Ok(Draft { plan, detail, idle: "Nothing to undo: everything is as it was before.".to_owned() })
    }

    fn begun(detail: &mut Detail, desk: &Desk, followed: Followed) {
        detail.codes_deleted = followed.record.counts.succeeded;
        detail.job = Some(Job::of(desk, &followed.record));
    }

    fn report(detail: &mut Detail, carried: &Carried) -> String {
        detail.promotions_restored = carried.made.iter().map(|promotion| promotion.id).collect();
        let now = carried.updated.iter().chain(&carried.made);
        detail.promotions =
            now.map(|promotion| PromotionRow::new(promotion, detail.at, detail.zone.as_ref())).collect();
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

/// A change, or a job. Some give a job's id as that of a change.
fn which(input: Input) -> Result<(Option<String>, Option<JobId>), ToolError> {
    let is_job = |id: &String| id.trim().parse::<JobId>().is_ok();
    match (input.change_id, input.job_id) {
        (Some(id), None) if is_job(&id) => Ok((None, Some(job::id(&id)?))),
        (Some(_), Some(_)) => {
            Err(ChangeError::invalid("Both change_id and job_id are given.", "Give one of them.").into())
        }
        (change_id, job_id) => Ok((change_id, job_id.as_deref().map(job::id).transpose()?)),
    }
}
