//! `summarize_coupon_codes`: how a promotion's codes are used, counted without showing them.

use rmcp::model::ToolAnnotations;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::changes::{ChangeError, Desk};
use crate::coupons::CodeText;
use crate::coupons::summary::{SummaryReport, SummaryRequest};
use crate::coupons::text::count;
use crate::jobs::JobState;
use crate::jobs::spec::{SummarizeSpec, WorkSpec};

use super::job::{self, Job};
use super::{CallContext, CouponTool, Reply, ToolError, schema};

pub(super) struct SummarizeCouponCodes;

/// Codes that are asked for by their text.
const MOST_CODES: usize = 100;
const TOP: usize = 10;

/// What to count.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Id of the promotion.
    #[schemars(range(min = 1))]
    promotion_id: u64,
    /// So many of the most used codes.
    #[serde(default = "default_top")]
    #[schemars(range(min = 1, max = 100))]
    top: usize,
    /// Tell the uses of these, at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    codes: Vec<String>,
    /// Add up uses by what is before the first - or _.
    #[serde(default)]
    by_prefix: bool,
}

fn default_top() -> usize {
    TOP
}

/// What it comes to.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    /// running, done, failed or cancelled.
    status: &'static str,
    message: String,
    #[serde(flatten)]
    report: Option<SummaryReport>,
    /// As get_job answers it.
    #[schemars(with = "schema::Opaque")]
    job: Job,
}

impl CouponTool for SummarizeCouponCodes {
    const NAME: &'static str = "summarize_coupon_codes";
    const TITLE: &'static str = "Summarize coupon codes";
    const DESCRIPTION: &'static str = "Counts how the codes of one promotion are used, however many: unused, used, \
        used up, uses, the most used, given codes, by prefix. A long job goes on by itself; get_job then has the \
        summary.";
    type Input = Input;
    type Output = Output;

    fn annotations() -> ToolAnnotations {
        ToolAnnotations::with_title(Self::TITLE)
            .read_only(true)
            .destructive(false)
            .idempotent(true)
            .open_world(true)
    }

    async fn run(desk: &Desk, input: Input, context: &CallContext) -> Result<Reply<Output>, ToolError> {
        let patience = desk.store().patience();
        let arguments = json!(input);
        let request =
            SummaryRequest { top: input.top, codes: texts(&input.codes)?, by_prefix: input.by_prefix };
        let promotion = job::coupon_promotion(desk, input.promotion_id, &patience).await?;
        let work = WorkSpec::Summarize(SummarizeSpec { promotion_id: promotion.id, request });
        let record = job::begin_reading(desk, context, Some(promotion.id), arguments, work).await?;
        let followed = job::follow(desk, record, context, &patience).await;
        let record = followed.record;
        let report = job::result_of(&record, "summary").map(serde_json::from_value::<SummaryReport>);
        let report = report.transpose().map_err(|error| ToolError::internal(&error))?;
        let message = match (&report, record.state) {
            (Some(report), JobState::Done) => format!(
                "Promotion {} {} has {}: {} unused, {} used, {} of them used up; {} in all.",
                promotion.id,
                promotion.quoted_name(),
                count(report.codes, "code"),
                report.unused,
                report.used,
                report.used_up,
                count(report.uses, "use")
            ),
            _ => followed.message,
        };
        let job = Job::of(desk, &record).without_summary();
        Ok(Output { status: record.state.as_str(), message, report, job }.into())
    }
}

fn texts(codes: &[String]) -> Result<Vec<String>, ToolError> {
    if codes.len() > MOST_CODES {
        return Err(ChangeError::invalid(
            format!("codes takes at most {MOST_CODES} texts, not {}.", codes.len()),
            "export_coupon_codes writes the uses of all codes to a file.",
        )
        .into());
    }
    codes.iter().map(|code| Ok(CodeText::parse(code)?.as_str().to_owned())).collect()
}
