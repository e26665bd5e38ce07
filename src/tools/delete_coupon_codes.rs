//! `delete_coupon_codes`: chosen codes go.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bigcommerce::Patience;
use crate::changes::delete_codes::{Choice, MOST_IDS, MOST_TEXTS, PlannedDeletion, Selection};
use crate::changes::{Carried, ChangeError, Desk};
use crate::coupons::CodeText;
use crate::coupons::code_filter::Uses;
use crate::coupons::text::count;

use super::change::{ChangeTool, Draft};
use super::context::CallContext;
use super::coupon_code::{CouponCode, FailedCode};
use super::error::ToolError;
use super::job::{Followed, Job};
use super::schema;

pub(super) struct DeleteCouponCodes;

/// Codes in an answer, as examples.
const EXAMPLES: usize = 5;
/// Rows of failures in an answer.
const FAILURES: usize = 10;

/// Which codes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Texts of the codes, at most 50.
    #[serde(default)]
    codes: Option<Vec<String>>,
    /// Promotion of code_ids or filter; of codes, if they must be its own.
    #[serde(default)]
    #[schemars(range(min = 1))]
    promotion_id: Option<u64>,
    /// Ids of the codes, at most 250.
    #[serde(default)]
    code_ids: Option<Vec<u64>>,
    /// By uses.
    #[serde(default)]
    filter: Option<Filter>,
    /// Made before this date or date-time.
    #[serde(default)]
    created_before: Option<String>,
    /// Texts that begin so.
    #[serde(default)]
    code_prefix: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Filter {
    Unused,
    UsedUp,
}

/// What went.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Detail {
    deleted_count: u64,
    /// The first 5, as they were.
    deleted: Vec<CouponCode>,
    /// Codes that the promotion keeps.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining_count: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_found: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<FailedCode>,
    /// Of many codes: as get_job answers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Opaque>")]
    job: Option<Job>,
}

impl ChangeTool for DeleteCouponCodes {
    const NAME: &'static str = "delete_coupon_codes";
    const TITLE: &'static str = "Delete coupon codes";
    const DESCRIPTION: &'static str = "Deletes coupon codes for good; their counts of uses are lost. Give exactly \
        one of: codes; promotion_id with code_ids; promotion_id with filter, created_before or code_prefix \
        (combined by and; any number of codes, many as a job). To stop a campaign, disable its promotion instead. Returns what went and what did not.";
    const DESTRUCTIVE: bool = true;
    type Input = Input;
    type Detail = Detail;

    async fn plan(
        desk: &Desk,
        input: Input,
        _: &CallContext,
        patience: &Patience,
    ) -> Result<Draft<Detail>, ToolError> {
        let selection = parse(input)?;
        let PlannedDeletion { not_found, stay, plan } = desk.plan_delete_codes(&selection, patience).await?;
        let remaining_count = stay.map(|stay| stay.codes);
        let detail = Detail { remaining_count, not_found, ..Detail::default() };
        let idle = "Nothing to delete: no such code is there. list_coupon_codes shows a promotion's codes."
            .to_owned();
        Ok(Draft { plan, detail, idle })
    }

    fn begun(detail: &mut Detail, desk: &Desk, followed: Followed) {
        detail.deleted_count = followed.record.counts.succeeded;
        detail.job = Some(Job::of(desk, &followed.record));
    }

    fn report(detail: &mut Detail, carried: &Carried) -> String {
        let gone = carried.codes_deleted.iter().map(|(_, row)| CouponCode::from(row));
        detail.deleted = gone.take(EXAMPLES).collect();
        detail.deleted_count = carried.codes_deleted.len() as u64;
        detail.failed = carried.codes_failed.iter().take(FAILURES).map(FailedCode::from).collect();
        let failed = carried.codes_failed.len() as u64;
        let remaining = detail.remaining_count.map(|stay| stay + failed);
        detail.remaining_count = remaining;
        let gone = match carried.codes_deleted.as_slice() {
            [(_, only)] => format!("The code {} is deleted", crate::coupons::quoted(&only.code)),
            several => format!("{} are deleted", count(several.len(), "code")),
        };
        let stay = match remaining {
            None => String::new(),
            Some(1) => "; 1 code of the promotion stays".to_owned(),
            Some(codes) => format!("; {} of the promotion stay", count(codes, "code")),
        };
        format!("{gone}{stay}. undo brings what is gone back, with new ids and 0 uses.")
    }
}

fn invalid(message: &str, hint: &str) -> ChangeError {
    ChangeError::invalid(message, hint)
}

fn parse(input: Input) -> Result<Selection, ToolError> {
    let Input { codes, promotion_id, code_ids, filter, created_before, code_prefix } = input;
    let filtered = filter.is_some() || created_before.is_some() || code_prefix.is_some();
    let given = [codes.is_some(), code_ids.is_some(), filtered].into_iter().filter(|given| *given).count();
    if given != 1 {
        let message = if given == 0 {
            "It is not said which codes to delete; there is no way to say all."
        } else {
            "More than one way of choosing codes is given."
        };
        let hint = "Give exactly one of codes, code_ids with promotion_id, or a filter (filter, created_before, \
                    code_prefix) with promotion_id. delete_promotions deletes a promotion with all its codes.";
        return Err(invalid(message, hint).into());
    }
    if let Some(codes) = codes {
        within("codes", codes.len(), MOST_TEXTS)?;
        let mut texts: Vec<CodeText> = Vec::new();
        for code in &codes {
            let text = CodeText::parse(code)?;
            if !texts.iter().any(|known| known.matches(text.as_str())) {
                texts.push(text);
            }
        }
        return Ok(Selection::Texts { texts, promotion_id });
    }
    let Some(promotion_id) = promotion_id else {
        let hint = "Give promotion_id; list_promotions shows the ids.";
        return Err(invalid("code_ids and filters need the promotion they are of.", hint).into());
    };
    if let Some(ids) = code_ids {
        within("code_ids", ids.len(), MOST_IDS)?;
        return Ok(Selection::Ids { promotion_id, ids });
    }
    let prefix = code_prefix.map(|prefix| prefix.trim().to_owned());
    let uses = filter.map(|filter| match filter {
        Filter::Unused => Uses::Unused,
        Filter::UsedUp => Uses::UsedUp,
    });
    Ok(Selection::Filter { promotion_id, filter: Choice { uses, created_before, prefix } })
}

fn within(name: &str, count: usize, most: usize) -> Result<(), ChangeError> {
    if (1..=most).contains(&count) {
        return Ok(());
    }
    Err(ChangeError::invalid(
        format!("{name} takes 1 to {most} entries, not {count}."),
        "Split them over several calls.",
    ))
}
