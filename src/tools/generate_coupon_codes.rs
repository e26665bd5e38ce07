//! `generate_coupon_codes`: any number of random codes, as a job.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bigcommerce::Patience;
use crate::changes::generate_codes::{Amount, Generation};
use crate::changes::{Carried, ChangeError, Desk};
use crate::coupons::code_shape::ShapeRequest;
use crate::jobs::JobState;
use crate::jobs::spec::{Spec, WorkSpec};

use super::change::{ChangeTool, Draft};
use super::context::CallContext;
use super::coupon_code::unless_forced;
use super::error::ToolError;
use super::job::{self, Followed, Job};
use super::job_codes::JobCodes;
use super::schema;

pub(super) struct GenerateCouponCodes;

/// How many, and how they look.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Promotion of type BULK.
    #[schemars(range(min = 1))]
    promotion_id: u64,
    /// Codes to make.
    #[serde(default)]
    #[schemars(range(min = 1, max = 250_000))]
    count: Option<u64>,
    /// Or: make what is missing to so many unused codes.
    #[serde(default)]
    #[schemars(range(min = 1, max = 250_000))]
    until_unused: Option<u64>,
    /// Before the random part.
    #[serde(default)]
    prefix: Option<String>,
    /// Behind it.
    #[serde(default)]
    suffix: Option<String>,
    /// Between them: - or _
    #[serde(default)]
    delimiter: Option<String>,
    /// Characters of the random part; default 16.
    #[serde(default)]
    #[schemars(range(min = 1, max = 50))]
    code_length: Option<u32>,
    /// Left out of the random part, such as O0I1.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    exclude_characters: Option<Characters>,
    /// Uses per code; default 1.
    #[serde(default)]
    #[schemars(range(max = 2_147_483_647))]
    max_uses: Option<u32>,
    /// Default 1.
    #[serde(default)]
    #[schemars(range(max = 2_147_483_647))]
    max_uses_per_customer: Option<u32>,
    /// No limit where max_uses or max_uses_per_customer is left out.
    #[serde(default)]
    unlimited: bool,
    /// Repeat the pattern and limits of this job.
    #[serde(default)]
    like_job_id: Option<String>,
    /// Also write them to a CSV file.
    #[serde(default)]
    export: bool,
}

/// Characters in one text.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct Characters(String);

/// The codes.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Detail {
    /// As get_job answers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Opaque>")]
    job: Option<Job>,
    #[serde(flatten)]
    codes: JobCodes,
    /// Of each code; 0 = unlimited.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_uses: Option<u64>,
    /// 0 = unlimited.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_uses_per_customer: Option<u64>,
    /// Unused codes of the promotion, where they were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    unused_before: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unused_after: Option<u64>,
}

impl ChangeTool for GenerateCouponCodes {
    const NAME: &'static str = "generate_coupon_codes";
    const TITLE: &'static str = "Generate coupon codes";
    const DESCRIPTION: &'static str = "Makes up to 250,000 random codes on a coupon promotion, exactly as many as \
        asked for: give count or until_unused. A long job goes on by itself; follow it with get_job. Returns the \
        codes if they are 50 or fewer; with export, the path of a file with exactly these codes. until_unused follows the \
        pattern of the codes that are there.";
    const DESTRUCTIVE: bool = false;
    const IDEMPOTENT: bool = false;
    type Input = Input;
    type Detail = Detail;

    async fn plan(
        desk: &Desk,
        input: Input,
        _: &CallContext,
        patience: &Patience,
    ) -> Result<Draft<Detail>, ToolError> {
        let plan = desk.plan_generate_codes(parse(input)?, patience).await?;
        Ok(Draft { plan: Some(Box::new(plan)), detail: Detail::default(), idle: String::new() })
    }

    fn report(_: &mut Detail, _: &Carried) -> String {
        String::new()
    }

    fn begun(detail: &mut Detail, desk: &Desk, followed: Followed) {
        let Followed { record, codes, .. } = followed;
        if let Ok(Spec { work: WorkSpec::Generate(spec), .. }) = Spec::read(&record) {
            detail.max_uses = Some(spec.limits.max_uses);
            detail.max_uses_per_customer = Some(spec.limits.max_uses_per_customer);
        }
        detail.unused_before = record.unused_before();
        let ended = record.state != JobState::Running;
        detail.unused_after =
            detail.unused_before.filter(|_| ended).map(|before| before + record.counts.succeeded);
        detail.job = Some(Job::of(desk, &record));
        detail.codes = codes;
    }
}

fn parse(input: Input) -> Result<Generation, ToolError> {
    let amount = match (input.count, input.until_unused) {
        (Some(count), None) => Amount::Count(count),
        (None, Some(target)) => Amount::UntilUnused(target),
        _ => {
            return Err(ChangeError::invalid(
                "Give exactly one of count and until_unused.",
                "count makes so many codes, until_unused what is missing to so many unused ones.",
            )
            .into());
        }
    };
    let limit = |given: Option<u32>| unless_forced(given, input.unlimited);
    let (max_uses, max_uses_per_customer) = (limit(input.max_uses), limit(input.max_uses_per_customer));
    Ok(Generation {
        promotion_id: input.promotion_id,
        amount,
        shape: ShapeRequest {
            prefix: input.prefix,
            suffix: input.suffix,
            delimiter: input.delimiter,
            code_length: input.code_length,
            exclude_characters: input.exclude_characters.map(|given| given.0).into_iter().collect(),
        },
        max_uses,
        max_uses_per_customer,
        like: input.like_job_id.as_deref().map(job::id).transpose()?,
        export: input.export,
    })
}
