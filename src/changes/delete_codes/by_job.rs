//! Planning the deletion of more codes than one call reads or deletes: as a job.

use crate::coupons::code_filter::{CodeFilter, Uses};
use crate::coupons::text::count;
use crate::coupons::{Promotion, quoted};
use crate::jobs::spec::{DeleteSpec, WorkSpec};
use crate::jobs::{JobId, Kind, units};

use super::super::generate_codes::MOST_CODES;
use super::super::plan::{CodeRow, Order, Plan, digest};
use super::found::alternative;
use super::{Fitting, MOST_READ, PlannedDeletion, lines as lines_of};

/// The plan of a job that deletes what fits.
///
/// `made_by` is the job whose codes go, with how many it made; all others stay.
pub(super) fn plan(
    promotion: &Promotion,
    filter: CodeFilter,
    made_by: Option<(&JobId, u64)>,
    fitting: &Fitting,
) -> PlannedDeletion {
    let on = format!("promotion {} {}", promotion.id, promotion.quoted_name());
    let mut what = in_words(&filter);
    if let Some((job, _)) = made_by {
        what = format!("{what} that the job {job} made");
    }
    let (headline, mut lines, requested) = match fitting {
        Fitting::Read(codes, stay) => {
            let rows: Vec<CodeRow> = codes.iter().cloned().map(CodeRow::from).collect();
            let headline = match made_by {
                Some((job, made)) => {
                    format!(
                        "Delete {} of the {made} that the job {job} made on {on}",
                        count(codes.len(), "code")
                    )
                }
                None => format!("Delete {} of {on}", count(codes.len(), "code")),
            };
            let mut lines = lines_of(&rows.iter().collect::<Vec<_>>());
            lines.push(stay.sentence());
            (headline, lines, codes.len() as u64)
        }
        Fitting::Among(total) => {
            let total_in_words = total.map_or_else(
                || format!("more than {}", count(MOST_READ, "code")),
                |total| count(total, "code"),
            );
            let found =
                format!("It has {total_in_words}; how many of them go is found out while they are read.");
            let most = match (&filter.ids, made_by) {
                (Some(ids), _) => ids.len() as u64,
                (None, Some((_, made))) => made,
                (None, None) => total.unwrap_or(MOST_CODES),
            };
            (format!("Delete {what} of {on}"), vec![found], most)
        }
    };
    lines.push(format!(
        "The job deletes {what}. undo does not bring them back: export_coupon_codes keeps them in a file that \
         import_coupon_codes takes."
    ));
    let (units, given, read) = match fitting {
        Fitting::Read(codes, _) => {
            let ids = digest(codes.iter().map(|code| code.id.to_string()));
            (units::of_deletion(codes), Some(ids), true)
        }
        Fitting::Among(_) => (Vec::new(), None, false),
    };
    let order = Order {
        promotion: promotion.clone(),
        kind: Kind::Delete,
        lane: Some(format!("delete:{}", promotion.id)),
        work: WorkSpec::Delete(DeleteSpec {
            promotion_id: promotion.id,
            filter,
            read,
            most: Some(requested),
            made_by: made_by.map(|(job, _)| job.clone()),
        }),
        units,
        requested,
        digest: given,
        texts: Vec::new(),
        file: None,
    };
    let plan = Plan {
        headline,
        lines,
        alternative: Some(alternative()),
        steps: Vec::new(),
        order: Some(Box::new(order)),
        resulting: Vec::new(),
        gets_codes: Vec::new(),
        asks: vec![format!("it deletes {what}")],
        warnings: Vec::new(),
    };
    let stay = if let Fitting::Read(_, stay) = fitting { Some(*stay) } else { None };
    PlannedDeletion { not_found: Vec::new(), stay, plan: Some(Box::new(plan)) }
}

/// `all unused codes that begin with "VIP-"`, `250 codes`
fn in_words(filter: &CodeFilter) -> String {
    let uses = match filter.uses {
        None => "",
        Some(Uses::Unused) => "unused ",
        Some(Uses::Used) => "used ",
        Some(Uses::UsedUp) => "used-up ",
    };
    let prefix = filter
        .prefix
        .as_ref()
        .map_or_else(String::new, |prefix| format!(" that begin with {}", quoted(prefix)));
    let before = filter.created_before.map_or_else(String::new, |before| format!(" made before {before}"));
    match &filter.ids {
        Some(ids) => count(ids.len(), "code"),
        None => format!("all {uses}codes{prefix}{before}"),
    }
}
