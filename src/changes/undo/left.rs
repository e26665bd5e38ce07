//! What of an undoing is left to do: an earlier try may have done some of it, and somebody may have edited since.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::bigcommerce::Patience;
use crate::changes::plan::{CodeRow, PromotionRef, Step};
use crate::changes::run::promotions::{holds, namesakes_of};
use crate::changes::{ChangeError, Desk};
use crate::coupons::{CodeText, CouponCode, quoted};

use super::{MOST_READ, changed_since};

/// Codes to be made again that are looked up in the whole store.
const MOST_LOOKED_UP: usize = 25;

impl Desk {
    /// What of the steps is not as it shall be yet. A promotion that an earlier undoing has made again is not
    /// made a second time: the codes go to that one.
    pub(super) async fn left_to_do(
        &self,
        steps: Vec<Step>,
        going: &HashSet<u64>,
        patience: &Patience,
    ) -> Result<Vec<Step>, ChangeError> {
        let mut left = Vec::new();
        let mut made = Vec::new();
        for step in steps {
            let step = match step {
                Step::CreatePromotion { document, .. } => {
                    let name = document.get("name").and_then(Value::as_str).unwrap_or_default();
                    let namesakes = namesakes_of(self.store(), name, patience).await?;
                    let twin = namesakes.iter().find(|namesake| holds(&namesake.document, &document));
                    if let Some(twin) = twin {
                        made.push(PromotionRef::Id(twin.id));
                        continue;
                    }
                    let to_make = made.iter().filter(|made| matches!(made, PromotionRef::Made(_))).count();
                    made.push(PromotionRef::Made(to_make));
                    let namesakes = namesakes.iter().map(|namesake| namesake.id).collect();
                    Step::CreatePromotion { document, namesakes }
                }
                Step::CreateCodes { promotion: PromotionRef::Made(index), codes, insist } => {
                    let promotion = made.get(index).copied().unwrap_or(PromotionRef::Made(index));
                    Step::CreateCodes { promotion, codes, insist }
                }
                step => step,
            };
            left.extend(self.still_to_do(step, going, patience).await?);
        }
        Ok(left)
    }

    /// What of a step is not as it shall be yet: an earlier undoing may have done some of it.
    async fn still_to_do(
        &self,
        step: Step,
        going: &HashSet<u64>,
        patience: &Patience,
    ) -> Result<Option<Step>, ChangeError> {
        Ok(match step {
            Step::CreateCodes { promotion, codes, insist } => {
                let codes = self.missing(promotion, codes, going, patience).await?;
                (!codes.is_empty()).then_some(Step::CreateCodes { promotion, codes, insist })
            }
            Step::DeleteCodes { promotion_id, codes, route } => {
                let mut left = Vec::new();
                for row in codes {
                    if let Some(now) = self.code_as_it_is(&row, patience).await? {
                        left.push(now);
                    }
                }
                (!left.is_empty()).then_some(Step::DeleteCodes { promotion_id, codes: left, route })
            }
            Step::UpdatePromotion { promotion_id, patch, before } => {
                let now = self.existing(promotion_id, patience).await?;
                let edited = patch.keys().find(|name| {
                    let is = |fields: &Map<String, Value>| {
                        let value = fields.get(*name).cloned().unwrap_or(Value::Null);
                        holds(&now.document, &Map::from_iter([((*name).clone(), value)]))
                    };
                    !is(&patch) && !is(&before)
                });
                if let Some(name) = edited {
                    return Err(changed_since(format!("{name} of promotion {promotion_id} changed")));
                }
                (!holds(&now.document, &patch)).then_some(Step::UpdatePromotion {
                    promotion_id,
                    patch,
                    before,
                })
            }
            step => Some(step),
        })
    }

    /// The codes that are to be made again; `going` are those that the undoing itself deletes.
    async fn missing(
        &self,
        promotion: PromotionRef,
        codes: Vec<CodeRow>,
        going: &HashSet<u64>,
        patience: &Patience,
    ) -> Result<Vec<CodeRow>, ChangeError> {
        let mut there = Vec::new();
        if let PromotionRef::Id(id) = promotion {
            self.existing(id, patience).await?;
            there = self.store().codes_of(id, MOST_READ, patience).await?.codes;
            there.retain(|code| !going.contains(&code.id));
        }
        let mut missing = Vec::new();
        for row in codes {
            match there.iter().find(|code| code.code.eq_ignore_ascii_case(&row.code)) {
                None => missing.push(row),
                Some(code) if is_as_it_was(code, &row) => {}
                Some(_) => {
                    return Err(changed_since(format!("the code {} is another one now", quoted(&row.code))));
                }
            }
        }
        // Of more, the API's refusal is told code by code.
        for row in missing.iter().take(MOST_LOOKED_UP) {
            let Ok(text) = CodeText::parse(&row.code) else { continue };
            let found = self.store().find_code(&text, patience).await?;
            if found.is_some_and(|found| !going.contains(&found.id)) {
                return Err(changed_since(format!("the code {} is taken elsewhere now", quoted(&row.code))));
            }
        }
        Ok(missing)
    }

    /// The code with its present uses; `None` when it is gone.
    async fn code_as_it_is(
        &self,
        row: &CodeRow,
        patience: &Patience,
    ) -> Result<Option<CodeRow>, ChangeError> {
        let Ok(text) = CodeText::parse(&row.code) else { return Ok(None) };
        let found = self.store().find_code(&text, patience).await?;
        Ok(found.filter(|found| found.id == row.id).map(CodeRow::from))
    }
}

fn is_as_it_was(code: &CouponCode, row: &CodeRow) -> bool {
    let limits = (code.limits.max_uses, code.limits.max_uses_per_customer);
    code.code == row.code && limits == (row.max_uses, row.max_uses_per_customer)
}
