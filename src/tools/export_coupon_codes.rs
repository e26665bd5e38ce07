//! `export_coupon_codes`: codes to a file, as a job. The rows never go through the model.

use std::path::PathBuf;

use futures::{StreamExt, TryStreamExt, stream};
use rmcp::model::ToolAnnotations;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::bigcommerce::Patience;
use crate::changes::{ChangeError, Desk};
use crate::coupons::CouponError;
use crate::coupons::code_filter::{CodeFilter, Uses};
use crate::coupons::text::count;
use crate::jobs::export::{self, COLUMNS, FileText};
use crate::jobs::spec::{ExportSpec, Spec, WorkSpec};
use crate::jobs::{JobRecord, JobState, Kind};

use super::job::{self, Job};
use super::{CallContext, CouponTool, Reply, ToolError, schema};

pub(super) struct ExportCouponCodes;

/// How the address of an export's resource begins; the id of its job follows.
pub const EXPORTS: &str = "coupons://exports/";
/// A longer file is not handed out as a resource.
const MOST_BYTES: u64 = 1 << 20;

/// The file of an export as a resource.
#[derive(Debug)]
pub struct ExportText {
    /// The file, or where it is if it is long.
    pub text: String,
    /// What the text is.
    pub mime_type: &'static str,
}

/// Promotions that are named one by one.
const MOST_PROMOTIONS: usize = 100;
/// Promotions that are read at once.
const READ_AT_ONCE: usize = 8;

/// Which codes.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// At most 100; default all coupon promotions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    promotion_ids: Vec<u64>,
    /// Codes to write.
    #[serde(default)]
    filter: Filter,
    /// Only those that this job made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    job_id: Option<String>,
    /// Only texts that begin so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code_prefix: Option<String>,
    /// Only those made on this date or time, or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_after: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Filter {
    #[default]
    All,
    Unused,
    Used,
    UsedUp,
}

impl From<Filter> for CodeFilter {
    fn from(filter: Filter) -> Self {
        let uses = match filter {
            Filter::All => None,
            Filter::Unused => Some(Uses::Unused),
            Filter::Used => Some(Uses::Used),
            Filter::UsedUp => Some(Uses::UsedUp),
        };
        Self { uses, ..Self::default() }
    }
}

/// Where they are.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    /// running, done, failed or cancelled.
    status: &'static str,
    message: String,
    /// Absolute; the file is there when the status is done.
    path: PathBuf,
    /// The file as an MCP resource.
    resource: String,
    /// Codes written.
    rows: u64,
    columns: [&'static str; COLUMNS.len()],
    /// As get_job answers it.
    #[schemars(with = "schema::Opaque")]
    job: Job,
}

impl CouponTool for ExportCouponCodes {
    const NAME: &'static str = "export_coupon_codes";
    const TITLE: &'static str = "Export coupon codes";
    const DESCRIPTION: &'static str = "Writes coupon codes, however many, with promotion, uses and limits to a \
        CSV file on the server's machine. Returns the path, never the rows. A long job goes on by itself; follow it \
        with get_job.";
    type Input = Input;
    type Output = Output;

    fn annotations() -> ToolAnnotations {
        ToolAnnotations::with_title(Self::TITLE)
            .read_only(true)
            .destructive(false)
            .idempotent(false)
            .open_world(true)
    }

    async fn run(desk: &Desk, input: Input, context: &CallContext) -> Result<Reply<Output>, ToolError> {
        desk.exports_directory()?;
        let patience = desk.store().patience();
        let made_by = match &input.job_id {
            Some(id) => Some(job_that_made_codes(desk, id).await?),
            None => None,
        };
        let ids = promotion_ids(&input, made_by.as_ref())?;
        let promotions = promotions(desk, &ids, &patience).await?;
        let only = if let [(id, _)] = promotions.as_slice() { Some(*id) } else { None };
        let filter = filter(desk, &input, &patience).await?;
        let path = desk.reserve_file().await?;
        let job = made_by.map(|record| record.id);
        let spec = ExportSpec { promotions, filter, job, path: path.clone() };
        let begun = job::begin_reading(desk, context, only, json!(input), WorkSpec::Export(spec)).await;
        let record = match begun {
            Ok(record) => record,
            Err(error) => {
                export::discard(&path);
                return Err(error);
            }
        };
        let followed = job::follow(desk, record, context, &patience).await;
        let record = followed.record;
        let rows = record.counts.succeeded;
        let message = match record.state {
            JobState::Done => {
                let are = if rows == 1 { "is" } else { "are" };
                format!("{} {are} written to {}.", count(rows, "code"), path.display())
            }
            _ => followed.message,
        };
        let output = Output {
            status: record.state.as_str(),
            message,
            path,
            resource: format!("{EXPORTS}{}", record.id),
            rows,
            columns: COLUMNS,
            job: Job::of(desk, &record),
        };
        Ok(output.into())
    }
}

/// The file of a finished export.
pub(super) async fn read(desk: &Desk, job_id: &str) -> Result<ExportText, ToolError> {
    let record = desk.jobs().job(&job::id(job_id)?).await?;
    let Some(path) = Spec::export_path(&record).filter(|_| record.state == JobState::Done) else {
        return Err(ChangeError::invalid(
            format!("The job {} is no export that is done.", record.id),
            "get_job shows how a job stands.",
        )
        .into());
    };
    let reading = path.clone();
    let file = tokio::task::spawn_blocking(move || export::read(&reading, MOST_BYTES)).await;
    let file = file.map_err(|error| ToolError::internal(&error))?;
    let missing = |fault| {
        ChangeError::invalid(format!("The export cannot be read: {fault}."), "Export the codes again.")
    };
    Ok(match file.map_err(missing)? {
        FileText::Whole(text) => ExportText { text, mime_type: "text/csv" },
        FileText::TooLong(bytes) => ExportText {
            text: format!(
                "This export is {bytes} bytes long, more than is handed out here (1 MB). It is the file {} on the \
                 machine on which this server runs; copy it from there.",
                path.display()
            ),
            mime_type: "text/plain",
        },
    })
}

/// Ids and names of the promotions, each once.
async fn promotions(desk: &Desk, ids: &[u64], patience: &Patience) -> Result<Vec<(u64, String)>, ToolError> {
    let mut promotions: Vec<(u64, String)> = if ids.is_empty() {
        let all = desk.store().coupon_promotions(patience).await.map_err(CouponError::from)?;
        all.into_iter().map(|promotion| (promotion.id, promotion.name)).collect()
    } else if ids.len() > MOST_PROMOTIONS {
        return Err(ChangeError::invalid(
            format!("promotion_ids takes at most {MOST_PROMOTIONS} ids, not {}.", ids.len()),
            "Without promotion_ids, all coupon promotions are exported.",
        )
        .into());
    } else {
        let named = ids.iter().map(|&id| named(desk, id, patience));
        stream::iter(named.collect::<Vec<_>>()).buffered(READ_AT_ONCE).try_collect().await?
    };
    let mut seen = std::collections::HashSet::new();
    promotions.retain(|(id, _)| seen.insert(*id));
    Ok(promotions)
}

async fn named(desk: &Desk, id: u64, patience: &Patience) -> Result<(u64, String), ToolError> {
    Ok((id, job::coupon_promotion(desk, id, patience).await?.name))
}

/// The job whose codes are wanted.
async fn job_that_made_codes(desk: &Desk, id: &str) -> Result<JobRecord, ToolError> {
    let record = desk.jobs().job(&job::id(id)?).await?;
    if matches!(record.kind, Kind::Generate | Kind::Import) {
        return Ok(record);
    }
    Err(ChangeError::invalid(
        format!("The job {} made no codes.", record.id),
        "Give the job_id of a generate_coupon_codes or import_coupon_codes; get_job without an id lists the latest jobs.",
    )
    .into())
}

/// A job's codes are all of one promotion.
fn promotion_ids(input: &Input, made_by: Option<&JobRecord>) -> Result<Vec<u64>, ToolError> {
    let Some(record) = made_by else { return Ok(input.promotion_ids.clone()) };
    let Some(promotion_id) = record.promotion_id else { return Ok(input.promotion_ids.clone()) };
    if input.promotion_ids.iter().any(|id| *id != promotion_id) {
        return Err(ChangeError::invalid(
            format!("The job {} made codes of promotion {promotion_id} only.", record.id),
            "Leave promotion_ids out.",
        )
        .into());
    }
    Ok(vec![promotion_id])
}

async fn filter(desk: &Desk, input: &Input, patience: &Patience) -> Result<CodeFilter, ToolError> {
    Ok(CodeFilter {
        prefix: input.code_prefix.as_deref().map(|prefix| prefix.trim().to_owned()),
        created_after: desk.instant("created_after", input.created_after.as_deref(), patience).await?,
        ..input.filter.into()
    })
}
