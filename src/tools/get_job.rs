//! `get_job`: how bulk jobs stand.

use std::time::Duration;

use rmcp::model::ToolAnnotations;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::changes::Desk;

use super::job::{self, Job};
use super::job_codes::JobCodes;
use super::{CallContext, CouponTool, Reply, ToolError};

pub(super) struct GetJob;

/// The latest jobs in an answer without an id.
const LATEST: u32 = 10;

/// Which job.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Without it: the ten latest jobs.
    #[serde(default)]
    job_id: Option<String>,
    /// Wait so long for its end.
    #[serde(default)]
    #[schemars(range(max = 45))]
    wait_seconds: u64,
}

/// How they stand.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<Job>,
    /// The latest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<super::schema::Opaque>>")]
    jobs: Option<Vec<Job>>,
    #[serde(flatten)]
    codes: JobCodes,
}

impl CouponTool for GetJob {
    const NAME: &'static str = "get_job";
    const TITLE: &'static str = "Get a bulk job";
    const DESCRIPTION: &'static str = "Tells how a bulk job stands (generate, import, delete, export, summarize), \
        waiting for its end if asked to. Returns its counts, and its result once it is done.";
    type Input = Input;
    type Output = Output;

    fn annotations() -> ToolAnnotations {
        ToolAnnotations::with_title(Self::TITLE)
            .read_only(true)
            .destructive(false)
            .idempotent(true)
            .open_world(false)
    }

    async fn run(desk: &Desk, input: Input, context: &CallContext) -> Result<Reply<Output>, ToolError> {
        desk.jobs().look_now();
        let Some(id) = input.job_id else { return latest(desk).await.map(Reply::from) };
        let record = desk.jobs().job(&job::id(&id)?).await?;
        let record = job::wait(desk, &record, Duration::from_secs(input.wait_seconds), context).await?;
        let codes = JobCodes::of(desk, &record).await?;
        let output = Output {
            message: job::message(desk, &record, &codes),
            codes,
            job: Some(Job::of(desk, &record)),
            jobs: None,
        };
        Ok(output.into())
    }
}

async fn latest(desk: &Desk) -> Result<Output, ToolError> {
    let records = desk.jobs().journal().latest(LATEST).await?;
    let message = match records.len() {
        0 => "There is no job yet.".to_owned(),
        1 => "There is one job.".to_owned(),
        several => format!("The {several} latest jobs."),
    };
    let jobs = records.iter().map(|record| Job::of(desk, record)).collect();
    Ok(Output { message, job: None, jobs: Some(jobs), codes: JobCodes::default() })
}
