//! Planning the import of given codes, which were checked whole before.

use serde_json::json;

use crate::bigcommerce::Patience;
use crate::coupons::import::ImportRow;
use crate::coupons::promotion::CouponType;
use crate::coupons::text::count;
use crate::jobs::spec::{ImportSpec, SingleCode, WorkSpec};
use crate::jobs::{Kind, NewUnit};

use super::generate_codes::as_codes_use_it;
use super::plan::{Order, Plan, digest};
use super::{ChangeError, Desk, create_code};

impl Desk {
    /// Plans an import. One request, and one more for a promotion of type SINGLE.
    ///
    /// # Errors
    /// A [`ChangeError`]: no such promotion, or one that takes no codes.
    pub async fn plan_import_codes(
        &self,
        promotion_id: u64,
        rows: &[ImportRow],
        export: bool,
        patience: &Patience,
    ) -> Result<Plan, ChangeError> {
        let promotion = self.load_promotion(promotion_id, patience).await?;
        self.must_take(&promotion, rows.len() as u64, rows.first().map(|row| &row.code), patience).await?;
        let mut warnings: Vec<String> =
            create_code::state_warning(&promotion, self.now()).into_iter().collect();
        let unlimited = rows.iter().filter(|row| row.limits.max_uses == 0).count();
        if unlimited > 0 && promotion.max_uses.is_none() {
            warnings.push(format!("{} can be used without limit.", count(unlimited, "code")));
        }
        let bound = (unlimited == 0)
            .then(|| rows.iter().fold(0_u64, |sum, row| sum.saturating_add(row.limits.max_uses)));
        let order = Order {
            promotion: as_codes_use_it(&promotion, bound),
            kind: Kind::Import,
            lane: None,
            work: WorkSpec::Import(ImportSpec {
                promotion_id,
                takes_one: promotion.coupon_type != Some(CouponType::Bulk),
            }),
            units: rows.iter().map(unit).collect(),
            requested: rows.len() as u64,
            digest: Some(digest(rows.iter().map(|row| unit(row).payload))),
            texts: rows.iter().map(|row| row.code.as_str().to_owned()).collect(),
            file: export.then(|| promotion.name.clone()),
        };
        Ok(Plan {
            headline: format!(
                "Import {} into promotion {promotion_id} {}",
                count(rows.len(), "code"),
                promotion.quoted_name()
            ),
            lines: vec![
                "Codes that are there already with the same limits are left as they are.".to_owned(),
                "undo with the job_id deletes those that it made and that are unused.".to_owned(),
            ],
            alternative: None,
            steps: Vec::new(),
            order: Some(Box::new(order)),
            resulting: Vec::new(),
            gets_codes: Vec::new(),
            asks: Vec::new(),
            warnings,
        })
    }
}

fn unit(row: &ImportRow) -> NewUnit {
    // Both limits were read as numbers that fit.
    let uses = |uses: u64| u32::try_from(uses).unwrap_or(u32::MAX);
    let single = SingleCode {
        code: row.code.as_str().to_owned(),
        max_uses: uses(row.limits.max_uses),
        max_uses_per_customer: uses(row.limits.max_uses_per_customer),
    };
    NewUnit { size: 1, payload: json!(single).to_string() }
}
