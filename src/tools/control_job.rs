//! `control_job`: a bulk job is stopped, or goes on.

use std::time::Duration;

use rmcp::model::ToolAnnotations;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::changes::{Call, ChangeError, Desk};
use crate::jobs::JobState;

use super::job::{self, Job};
use super::job_codes::JobCodes;
use super::{CallContext, CouponTool, Reply, ToolError};

pub(super) struct ControlJob;

/// How long a cancelled job may take to put down where it is.
const TO_STOP: Duration = Duration::from_secs(3);
/// A job that cannot go on often says so at once.
const TO_BEGIN: Duration = Duration::from_secs(2);

/// Which job, and what becomes of it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// The job.
    job_id: String,
    /// cancel keeps what was done; resume goes on with a job that was cancelled, failed or needs attention.
    action: Action,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    Cancel,
    Resume,
}

/// How it stands.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    message: String,
    /// As get_job answers it.
    #[schemars(with = "super::schema::Opaque")]
    job: Job,
}

impl CouponTool for ControlJob {
    const NAME: &'static str = "control_job";
    const TITLE: &'static str = "Cancel or resume a bulk job";
    const DESCRIPTION: &'static str =
        "Cancels a bulk job within a second, or lets it go on where it stopped. Nothing is done twice.";
    type Input = Input;
    type Output = Output;

    fn annotations() -> ToolAnnotations {
        ToolAnnotations::with_title(Self::TITLE)
            .read_only(false)
            .destructive(true)
            .idempotent(true)
            .open_world(true)
    }

    async fn run(desk: &Desk, input: Input, context: &CallContext) -> Result<Reply<Output>, ToolError> {
        let id = job::id(&input.job_id)?;
        let call = Call {
            caller: context.caller.clone(),
            tool: Self::NAME,
            arguments: json!(input),
            confirmed: "not_needed",
        };
        let mut nothing_to_stop = "";
        let limit = match input.action {
            Action::Cancel => {
                if desk.jobs().job(&id).await?.state == JobState::Done {
                    nothing_to_stop = "The job was done already, so nothing was cancelled. ";
                }
                desk.cancel_job(&call, &id).await?;
                TO_STOP
            }
            Action::Resume => {
                let before = desk.jobs().job(&id).await?;
                if !desk.resume_job(&call, &id, &desk.store().patience()).await?
                    && before.state == JobState::Done
                {
                    let message = format!("The job {id} is done: there is nothing left to do.");
                    return Err(ChangeError::invalid(message, "get_job shows what it did.").into());
                }
                TO_BEGIN
            }
        };
        let record = desk.jobs().job(&id).await?;
        let record = job::wait(desk, &record, limit, context).await?;
        let codes = JobCodes::of(desk, &record).await?;
        let message = format!("{nothing_to_stop}{}", job::message(desk, &record, &codes));
        Ok(Output { message, job: Job::of(desk, &record) }.into())
    }
}
