//! Bulk jobs as the tools show them, and how a call waits for one.

use std::time::Duration;

use futures::FutureExt;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::bigcommerce::Patience;
use crate::changes::{ChangeError, Desk};
use crate::coupons::text::count;
use crate::coupons::{Promotion, promotion, quoted};
use crate::jobs::spec::{Spec, WorkSpec};
use crate::jobs::{JobId, JobIdError, JobRecord, JobState, Kind, NewJob};

use super::context::CallContext;
use super::error::ToolError;
use super::job_codes::JobCodes;
use super::schema;

/// A job that takes longer than the call may fail at once, which is better told now than later.
const FIRST_LOOK: Duration = Duration::from_secs(2);
/// What a call keeps for saying how it went.
const TO_ANSWER: Duration = Duration::from_secs(3);

/// A bulk job.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "")]
pub(super) struct Job {
    #[serde(rename = "job_id")]
    id: String,
    /// generate, import, delete, export or summarize.
    kind: &'static str,
    /// running, done, cancelled, failed or needs_attention.
    state: &'static str,
    /// Codes asked for.
    requested: u64,
    /// Created, there already, adopted, deleted or written.
    succeeded: u64,
    failed: u64,
    /// In doubt: they are looked up.
    unknown: u64,
    remaining: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    check_again_in_s: Option<u64>,
    #[schemars(with = "schema::Opaque")]
    arguments: Value,
    /// Of an export.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// Why it did not end well.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Of a summary.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Opaque>")]
    summary: Option<Value>,
}

impl Job {
    /// The job as it is.
    pub(super) fn of(desk: &Desk, record: &JobRecord) -> Self {
        let counts = record.standing();
        let running = record.state == JobState::Running;
        Self {
            id: record.id.to_string(),
            kind: record.kind.as_str(),
            state: record.state.as_str(),
            requested: counts.requested,
            succeeded: counts.succeeded,
            failed: counts.failed,
            unknown: counts.unknown,
            remaining: counts.remaining,
            check_again_in_s: running.then(|| check_again_in_s(desk, record)),
            arguments: abridged(&record.arguments),
            path: Spec::export_path(record).map(|path| path.display().to_string()),
            reason: record.reason.clone(),
            summary: result_of(record, "summary"),
        }
    }

    /// The same for an answer that has the summary elsewhere.
    pub(super) fn without_summary(self) -> Self {
        Self { summary: None, ..self }
    }
}

/// What the job came to, besides its codes.
pub(super) fn result_of(record: &JobRecord, key: &str) -> Option<Value> {
    record.result.as_ref()?.get(key).cloned()
}

fn check_again_in_s(desk: &Desk, record: &JobRecord) -> u64 {
    const LONGEST: u64 = 600;
    desk.jobs().estimate(record).as_secs().clamp(1, LONGEST)
}

/// A job as an answer: how it stands, in words too, and the codes where they are few.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) record: JobRecord,
    pub(super) message: String,
    pub(super) codes: JobCodes,
}

/// A promotion whose codes can be read. What a listing of an automatic one's codes answers is not documented.
pub(super) async fn coupon_promotion(
    desk: &Desk,
    id: u64,
    patience: &Patience,
) -> Result<Promotion, ToolError> {
    let promotion = desk.load_promotion(id, patience).await?;
    if promotion.kind == promotion::Kind::Coupon {
        return Ok(promotion);
    }
    Err(ChangeError::invalid(
        format!("Promotion {id} {} is automatic: it has no codes.", promotion.quoted_name()),
        "Choose a coupon promotion; list_promotions shows them.",
    )
    .into())
}

/// Begins a job that only reads: nothing is judged or asked, and no other job is in its way.
pub(super) async fn begin_reading(
    desk: &Desk,
    context: &CallContext,
    promotion_id: Option<u64>,
    arguments: Value,
    work: WorkSpec,
) -> Result<JobRecord, ToolError> {
    let job = NewJob {
        kind: if matches!(work, WorkSpec::Export(_)) { Kind::Export } else { Kind::Summarize },
        promotion_id,
        lane: None,
        caller: context.caller.clone(),
        arguments,
        spec: json!(Spec::of(work)),
        requested: 0,
        at: desk.now(),
    };
    Ok(desk.jobs().begin(job, Vec::new()).await?)
}

/// Waits for a job that will end within the call; one that takes longer is only looked at. Whatever goes wrong with
/// looking, the job is told: a caller who heard of an error only would begin it again.
pub(super) async fn follow(
    desk: &Desk,
    record: JobRecord,
    context: &CallContext,
    patience: &Patience,
) -> Followed {
    let record = wait_within(desk, &record, context, patience).await.unwrap_or(record);
    let codes = JobCodes::of(desk, &record).await.unwrap_or_default();
    Followed { message: message(desk, &record, &codes), codes, record }
}

async fn wait_within(
    desk: &Desk,
    record: &JobRecord,
    context: &CallContext,
    patience: &Patience,
) -> Result<JobRecord, ToolError> {
    let left = || patience.time_left().saturating_sub(TO_ANSWER);
    // Jobs that only read learn from their first page how much there is.
    let looked = record.requested == 0;
    let record =
        if looked { wait(desk, record, left().min(FIRST_LOOK), context).await? } else { record.clone() };
    let limit = match desk.jobs().estimate(&record) {
        estimate if estimate <= left() => left(),
        _ if looked => Duration::ZERO,
        _ => left().min(FIRST_LOOK),
    };
    wait(desk, &record, limit, context).await
}

/// A job's id as an argument.
pub(super) fn id(given: &str) -> Result<JobId, ToolError> {
    given.parse().map_err(|error: JobIdError| {
        ChangeError::invalid(
            format!("{} is no job id: {error}.", quoted(given)),
            "get_job without an id lists the latest jobs.",
        )
        .into()
    })
}

/// The arguments of a job without what is too long to show.
fn abridged(arguments: &Value) -> Value {
    const LONGEST: usize = 200;
    const MOST: usize = 20;
    match arguments {
        Value::String(text) if text.len() > LONGEST => {
            json!(format!("({} characters)", text.chars().count()))
        }
        Value::Array(items) if items.len() > MOST => json!(format!("({})", count(items.len(), "item"))),
        Value::Object(members) => {
            let shown = |name: &str, value: &Value| match value {
                // What was imported is told by what came of it.
                Value::String(text) if name == "csv_text" => {
                    json!(format!("({})", count(text.trim().lines().count(), "line")))
                }
                other => abridged(other),
            };
            members.iter().map(|(name, value)| (name.clone(), shown(name, value))).collect()
        }
        other => other.clone(),
    }
}

/// Waits for at most `limit`, with notifications of progress on the way.
pub(super) async fn wait(
    desk: &Desk,
    record: &JobRecord,
    limit: Duration,
    context: &CallContext,
) -> Result<JobRecord, ToolError> {
    if let Some(place) = context.place.as_ref().filter(|_| !limit.is_zero()) {
        place.give_back();
    }
    let progress = context.progress.clone();
    let news = move |record: &JobRecord| {
        let (progress, counts, kind) = (progress.clone(), record.counts, record.kind);
        let tell = async move {
            if let Some(progress) = progress {
                let done = counts.succeeded + counts.failed;
                let codes = match counts.requested {
                    0 => count(done, "code"),
                    requested => format!("{done} of {}", count(requested, "code")),
                };
                let message = format!("{codes} {}", so_far_word(kind));
                progress.tell(done, counts.requested, message).await;
            }
        };
        tell.boxed()
    };
    Ok(desk.jobs().wait(&record.id, limit, news).await?)
}

/// `40 s`, `12 min`
fn in_words(estimate: Duration) -> String {
    match estimate.as_secs() {
        seconds @ ..120 => format!("{} s", seconds.max(1)),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

/// How the job stands, for the user.
pub(super) fn message(desk: &Desk, record: &JobRecord, codes: &JobCodes) -> String {
    let counts = record.standing();
    let id = &record.id;
    let existed = codes.existed();
    let done = match record.kind {
        Kind::Import if record.state != JobState::Running => "created",
        kind => so_far_word(kind),
    };
    let of = if counts.requested > 0 { format!(" of {}", counts.requested) } else { String::new() };
    let made = counts.succeeded.saturating_sub(existed);
    let of_one = if counts.requested == 1 || (counts.requested == 0 && made == 1) { "code" } else { "codes" };
    let were = match existed {
        0 => String::new(),
        1 => ", 1 was there already".to_owned(),
        several => format!(", {several} were there already"),
    };
    let so_far = format!("{made}{of} {of_one} {done}{were}");
    let failed = if counts.failed > 0 { format!(", {} failed", counts.failed) } else { String::new() };
    let unknown = if counts.unknown > 0 { format!(", {} in doubt", counts.unknown) } else { String::new() };
    let reason = record.reason.as_deref().map_or_else(String::new, |reason| format!(" {reason}"));
    let report = format!("`coupon-mcp jobs report {id}` lists each code");
    let is_left = counts.remaining + counts.unknown > 0 || !record.kind.writes();
    let resume = if is_left { " control_job resumes it." } else { "" };
    match record.state {
        JobState::Running => format!(
            "The job {id} goes on: {so_far}{failed}. It needs about {} and goes on even if this call or the host ends; \
             look again with get_job, stop it with control_job.",
            in_words(desk.jobs().estimate(record))
        ),
        JobState::Done if counts.failed > 0 => format!("{so_far}{failed}; {report}."),
        JobState::Done => format!("{so_far}.{}", where_they_are(record, made)),
        JobState::Cancelled => {
            format!("The job {id} is cancelled: {so_far}{failed}{unknown}.{resume}")
        }
        JobState::Failed => {
            format!("The job {id} failed: {so_far}{failed}{unknown}.{reason}{resume}")
        }
        JobState::NeedsAttention => {
            format!("The job {id} needs a person: {so_far}{failed}{unknown}.{reason} {report}.")
        }
    }
}

/// What is done with a code by now.
fn so_far_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Generate => "created",
        Kind::Import => "dealt with",
        Kind::Delete => "deleted",
        Kind::Export => "written",
        Kind::Summarize => "read",
    }
}

/// How to get exactly the codes of a job that made many.
fn where_they_are(record: &JobRecord, made: u64) -> String {
    const MANY: u64 = 50;
    match (record.kind, Spec::export_path(record)) {
        (Kind::Generate | Kind::Import, Some(path)) => {
            format!(" They are in the file {} on the server's machine.", path.display())
        }
        (Kind::Generate | Kind::Import, None) if made > MANY => {
            format!(" export_coupon_codes with job_id {} writes exactly these to a file.", record.id)
        }
        _ => String::new(),
    }
}
