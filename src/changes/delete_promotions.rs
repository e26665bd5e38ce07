//! Planning the deletion of promotions, with their codes.

use crate::bigcommerce::Patience;
use crate::coupons::promotion::Kind;
use crate::coupons::text::count;
use crate::coupons::{CouponError, Promotion};

use super::delete_codes::MOST_DELETED;
use super::plan::{CodeRow, Plan, Resulting, Route, Step};
use super::{ChangeError, Desk};

/// A planned deletion.
#[derive(Debug)]
pub struct PlannedDeletions {
    /// Ids that no promotion has.
    pub not_found: Vec<u64>,
    /// What to do; `None` when none of them is there.
    pub plan: Option<Box<Plan>>,
}

impl Desk {
    /// Plans to delete promotions: first their codes, then themselves. One request for each promotion and one
    /// for every 250 codes.
    ///
    /// # Errors
    /// A [`ChangeError`]: more codes than one change deletes, or the API.
    pub async fn plan_delete_promotions(
        &self,
        ids: &[u64],
        patience: &Patience,
    ) -> Result<PlannedDeletions, ChangeError> {
        let mut found: Vec<(Promotion, Vec<CodeRow>)> = Vec::new();
        let mut not_found = Vec::new();
        let mut room = MOST_DELETED;
        for &id in ids {
            if found.iter().any(|(known, _)| known.id == id) || not_found.contains(&id) {
                continue;
            }
            let promotion = match self.load_promotion(id, patience).await {
                Ok(promotion) => promotion,
                Err(ChangeError::Coupon(CouponError::UnknownPromotion { .. })) => {
                    not_found.push(id);
                    continue;
                }
                Err(error) => return Err(error),
            };
            // An automatic promotion has no codes, and how a listing of them is answered is not documented.
            let codes = match promotion.kind {
                Kind::Automatic => Vec::new(),
                Kind::Coupon => {
                    let listed = self.store().codes_of(id, room + 1, patience).await?;
                    if !listed.complete || listed.codes.len() > room {
                        return Err(too_many(&promotion));
                    }
                    listed.codes
                }
            };
            room -= codes.len();
            found.push((promotion, codes.into_iter().map(CodeRow::from).collect()));
        }
        let plan = if found.is_empty() { None } else { Some(Box::new(plan(found))) };
        Ok(PlannedDeletions { not_found, plan })
    }
}

fn too_many(promotion: &Promotion) -> ChangeError {
    ChangeError::invalid(
        format!(
            "Promotion {} {} has more codes than one call deletes ({MOST_DELETED} in all).",
            promotion.id,
            promotion.quoted_name()
        ),
        "Stop it with update_promotion (status DISABLED), which is instant and can be taken back; or delete its \
         codes first with delete_coupon_codes.",
    )
}

fn plan(found: Vec<(Promotion, Vec<CodeRow>)>) -> Plan {
    let codes: Vec<&CodeRow> = found.iter().flat_map(|(_, codes)| codes).collect();
    let with_codes =
        if codes.is_empty() { String::new() } else { format!(" with {}", count(codes.len(), "code")) };
    let headline = match found.as_slice() {
        [(only, _)] => format!("Delete promotion {} {}{with_codes}", only.id, only.quoted_name()),
        several => format!("Delete {}{with_codes}", count(several.len(), "promotion")),
    };
    let mut lines: Vec<String> = found
        .iter()
        .map(|(promotion, codes)| {
            let uses = promotion.current_uses;
            format!(
                "{} {}: {}, {uses} {}.",
                promotion.id,
                promotion.quoted_name(),
                count(codes.len(), "code"),
                if uses == 1 { "use" } else { "uses" }
            )
        })
        .collect();
    if !codes.is_empty() {
        lines.extend(super::delete_codes::lines(&codes));
    }
    lines.push("undo makes them again, under new ids and with 0 uses.".to_owned());
    let asks = vec![format!(
        "it deletes {}{with_codes}",
        if found.len() == 1 { "a promotion".to_owned() } else { count(found.len(), "promotion") }
    )];
    let mut steps = Vec::new();
    let mut documents = Vec::new();
    let mut resulting = Vec::new();
    for (promotion, codes) in found {
        if !codes.is_empty() {
            let route = if codes.len() == 1 { Route::Id } else { Route::Ids };
            steps.push(Step::DeleteCodes { promotion_id: promotion.id, codes, route });
        }
        documents.push(promotion.document.clone());
        resulting.push(Resulting { before: Some(promotion), after: None });
    }
    steps.push(Step::DeletePromotions { documents });
    Plan {
        order: None,
        headline,
        lines,
        alternative: Some(
            "Disabling instead (status DISABLED) stops all codes at once and can be taken back.".to_owned(),
        ),
        steps,
        resulting,
        gets_codes: Vec::new(),
        asks,
        warnings: Vec::new(),
    }
}
