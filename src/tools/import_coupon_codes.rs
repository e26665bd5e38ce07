//! `import_coupon_codes`: given codes, checked whole and then created as a job.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bigcommerce::Patience;
use crate::changes::generate_codes::MOST_CODES;
use crate::changes::{Carried, ChangeError, Desk};
use crate::coupons::import::{self, Defaults, Import, ImportFault};

use super::change::{ChangeTool, Draft};
use super::context::CallContext;
use super::error::ToolError;
use super::job::{Followed, Job};
use super::job_codes::JobCodes;
use super::schema;

pub(super) struct ImportCouponCodes;

/// Rows of codes or csv_text: what a model can send.
const MOST_ROWS: usize = 1_000;

/// The codes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Promotion that gets them.
    #[schemars(range(min = 1))]
    promotion_id: u64,
    /// Texts, at most 1,000.
    #[serde(default)]
    codes: Option<Vec<String>>,
    /// Or: CSV with the header code,max_uses,max_uses_per_customer, at most 1,000 rows.
    #[serde(default)]
    csv_text: Option<String>,
    /// Or: such a file on the server's machine.
    #[serde(default)]
    path: Option<String>,
    /// For rows without one; 0 = unlimited.
    #[serde(default)]
    #[schemars(range(max = 2_147_483_647))]
    max_uses: Option<u32>,
    /// For rows without one; default 0 = unlimited.
    #[serde(default)]
    #[schemars(range(max = 2_147_483_647))]
    max_uses_per_customer: Option<u32>,
    /// Also write them to a CSV file.
    #[serde(default)]
    export: bool,
}

/// What came of it.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Detail {
    /// Columns of the CSV that were not read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignored_columns: Vec<String>,
    /// Codes in rows with white space at their ends, which was left out.
    #[serde(skip_serializing_if = "is_zero")]
    trimmed_codes: usize,
    /// As get_job answers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Opaque>")]
    job: Option<Job>,
    #[serde(flatten)]
    codes: JobCodes,
}

impl ChangeTool for ImportCouponCodes {
    const NAME: &'static str = "import_coupon_codes";
    const TITLE: &'static str = "Import coupon codes";
    const DESCRIPTION: &'static str = "Creates given codes on a coupon promotion: codes, csv_text or path. All are \
        checked first, and nothing is sent if one is wrong. Every code needs max_uses, in its row or in the call. A \
        repeat is safe. Tells how many were created and which were there already. A long job goes on by itself; follow it with get_job.";
    const DESTRUCTIVE: bool = false;
    type Input = Input;
    type Detail = Detail;

    async fn plan(
        desk: &Desk,
        input: Input,
        context: &CallContext,
        patience: &Patience,
    ) -> Result<Draft<Detail>, ToolError> {
        let promotion_id = input.promotion_id;
        let export = input.export;
        let Import { rows, ignored_columns, trimmed } = read(desk, input, context).await?;
        let plan = desk.plan_import_codes(promotion_id, &rows, export, patience).await?;
        let detail = Detail { ignored_columns, trimmed_codes: trimmed, ..Detail::default() };
        Ok(Draft { plan: Some(Box::new(plan)), detail, idle: String::new() })
    }

    fn report(_: &mut Detail, _: &Carried) -> String {
        String::new()
    }

    fn begun(detail: &mut Detail, desk: &Desk, followed: Followed) {
        detail.job = Some(Job::of(desk, &followed.record));
        detail.codes = followed.codes;
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

async fn read(desk: &Desk, input: Input, context: &CallContext) -> Result<Import, ToolError> {
    let defaults = Defaults { max_uses: input.max_uses, max_uses_per_customer: input.max_uses_per_customer };
    let read = match (input.codes, input.csv_text, input.path) {
        (Some(codes), None, None) if codes.len() > MOST_ROWS => return Err(too_many(codes.len())),
        (Some(codes), None, None) => import::from_codes(&codes, &defaults),
        (None, Some(text), None) => import::from_csv(text.as_bytes(), MOST_ROWS, &defaults),
        (None, None, Some(path)) => return from_file(desk, path, defaults, context).await,
        _ => {
            return Err(ChangeError::invalid(
                "Give exactly one of codes, csv_text and path.",
                "codes is a list of texts, csv_text the CSV itself, path a file on the server's machine.",
            )
            .into());
        }
    };
    Ok(read.map_err(ChangeError::from)?)
}

fn too_many(codes: usize) -> ToolError {
    ChangeError::invalid(
        format!("codes takes at most {MOST_ROWS} texts, not {codes}."),
        "Import a CSV file with path.",
    )
    .into()
}

async fn from_file(
    desk: &Desk,
    path: String,
    defaults: Defaults,
    context: &CallContext,
) -> Result<Import, ToolError> {
    if !context.local {
        return Err(ChangeError::invalid(
            "path works only where the host started this server itself, not over HTTP.",
            "Send the rows as csv_text.",
        )
        .into());
    }
    let allowed = desk.rules().files.readable.clone();
    let most_rows = usize::try_from(MOST_CODES).unwrap_or(usize::MAX);
    let read = move || {
        let file = import::open(Path::new(&path), &allowed)?;
        import::from_csv(file, most_rows, &defaults)
    };
    let read: Result<Import, ImportFault> =
        tokio::task::spawn_blocking(read).await.map_err(|error| ToolError::internal(&error))?;
    Ok(read.map_err(ChangeError::from)?)
}
