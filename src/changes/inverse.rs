//! Turning a change round: the steps that take it back, and what must still be as it left it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::coupons::Promotion;

use super::plan::{CodeRow, Plan, PromotionRef, Route, Step};
use super::run::Carried;

/// How to take a change back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Undo {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// What must be as the change left it; otherwise somebody edited it since.
    pub expects: Vec<Expect>,
}

/// How far a change has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Steps that are done.
    pub done: usize,
    /// How to take them back.
    pub undo: Option<Undo>,
}

/// Something that a change left behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// A promotion with these fields.
    Promotion {
        /// Which one.
        promotion_id: u64,
        /// Some of its fields.
        fields: Map<String, Value>,
    },
    /// These codes and no others.
    Codes {
        /// In this promotion.
        promotion_id: u64,
        /// Their ids.
        ids: Vec<u64>,
    },
    /// These settings.
    Settings {
        /// All of them.
        settings: Map<String, Value>,
    },
}

/// Fields of a promotion that the API sets; they are not sent, and say nothing of an edit.
const READ_ONLY: [&str; 8] = [
    "id",
    "current_uses",
    "created_from",
    "codes",
    "multiple_codes",
    "number_of_codes",
    "number_of_used_codes",
    "is_archived",
];

/// What people set of a promotion.
pub(super) fn terms_of(document: &Map<String, Value>) -> Map<String, Value> {
    let mut terms = document.clone();
    terms.retain(|name, _| !READ_ONLY.contains(&name.as_str()));
    terms
}

/// Terms that people edit later.
const EDITED: [&str; 6] = ["max_uses", "end_date", "schedule", "customer", "channels", "shipping_address"];

/// Fields that `POST /promotions` takes (OpenAPI file).
const WRITABLE: [&str; 19] = [
    "name",
    "display_name",
    "redemption_type",
    "coupon_type",
    "channels",
    "customer",
    "rules",
    "max_uses",
    "status",
    "start_date",
    "end_date",
    "stop",
    "can_be_used_with_other_promotions",
    "coupon_overrides_other_promotions",
    "coupon_overrides_automatic_when_offering_higher_discounts",
    "currency_code",
    "notifications",
    "shipping_address",
    "schedule",
];

/// A promotion's document as `POST /promotions` takes it.
pub(super) fn to_create(document: &Map<String, Value>) -> Map<String, Value> {
    let mut document = document.clone();
    document.retain(|name, value| WRITABLE.contains(&name.as_str()) && !value.is_null());
    writable_status(&mut document);
    document
}

/// INVALID can be read and not written.
fn writable_status(fields: &mut Map<String, Value>) {
    if fields.get("status").is_some_and(|status| status != "ENABLED" && status != "DISABLED") {
        fields.insert("status".to_owned(), "DISABLED".into());
    }
}

impl Undo {
    /// What takes back what was carried out; `None` if nothing was.
    pub fn of(carried: &Carried, plan: &Plan) -> Option<Self> {
        let mut undo = Self { steps: Vec::new(), expects: Vec::new() };
        undo.take_back_settings(carried, plan);
        undo.take_back_creations(carried, plan);
        undo.take_back_updates(carried, plan);
        undo.take_back_deletions(carried, plan);
        (!undo.steps.is_empty()).then_some(undo)
    }

    /// What takes back a change whose end is not on record: what is known to be done, and before it the rest of
    /// the steps.
    pub fn of_broken_off(steps: &[Step], progress: Option<Progress>) -> Option<Self> {
        let Progress { done, undo } = progress.unwrap_or(Progress { done: 0, undo: None });
        let rest = Self::of_unfinished(steps.get(done..).unwrap_or_default());
        match (rest, undo) {
            (Some(mut rest), Some(undo)) => {
                rest.steps.extend(undo.steps);
                rest.expects.extend(undo.expects);
                Some(rest)
            }
            (rest, undo) => rest.or(undo),
        }
    }

    /// What takes back steps of which it is not known whether they were done, as if all that destroys had been:
    /// what turns out to be there is left alone when the time comes. What they may have created is left alone
    /// too, as no id of it is known.
    fn of_unfinished(steps: &[Step]) -> Option<Self> {
        let mut undo = Self { steps: Vec::new(), expects: Vec::new() };
        let mut codes = Vec::new();
        let mut documents = Vec::new();
        for step in steps.iter().rev() {
            match step {
                Step::DeleteCodes { promotion_id, codes: rows, .. } => {
                    codes.extend(rows.iter().map(|row| (*promotion_id, row.clone())));
                }
                Step::DeletePromotions { documents: gone } => documents.extend(gone.iter().cloned()),
                step => undo.steps.extend(back(step)),
            }
        }
        undo.make_again(&documents, &codes, false);
        (!undo.steps.is_empty()).then_some(undo)
    }

    fn take_back_settings(&mut self, carried: &Carried, plan: &Plan) {
        let Some(now) = &carried.settings else { return };
        for step in &plan.steps {
            if let Step::UpdateSettings { before, .. } = step {
                self.steps.push(Step::UpdateSettings { settings: before.clone(), before: now.clone() });
                self.expects.push(Expect::Settings { settings: now.clone() });
            }
        }
    }

    fn take_back_creations(&mut self, carried: &Carried, plan: &Plan) {
        for (promotion_id, codes) in by_promotion(&carried.codes_created) {
            let route = if codes.len() == 1 { Route::Id } else { Route::Ids };
            self.steps.push(Step::DeleteCodes { promotion_id, codes, route });
        }
        if carried.made.is_empty() {
            return;
        }
        let documents = plan.steps.iter().filter_map(|step| match step {
            Step::CreatePromotion { document, .. } => Some(document),
            _ => None,
        });
        for (promotion, document) in carried.made.iter().zip(documents) {
            // Of what was not sent, only what a merchant edits says that somebody did.
            let mut fields = fields_of(promotion, document.keys());
            fields.extend(fields_of(promotion, EDITED.map(str::to_owned).iter()));
            self.expects.push(Expect::Promotion { promotion_id: promotion.id, fields });
            let made = carried.codes_created.iter().filter(|(id, _)| *id == promotion.id);
            let ids = made.map(|(_, row)| row.id).collect();
            self.expects.push(Expect::Codes { promotion_id: promotion.id, ids });
        }
        let documents = carried.made.iter().map(|promotion| promotion.document.clone()).collect();
        self.steps.push(Step::DeletePromotions { documents });
    }

    fn take_back_updates(&mut self, carried: &Carried, plan: &Plan) {
        for step in &plan.steps {
            let Step::UpdatePromotion { promotion_id, patch, before } = step else { continue };
            let Some(now) = carried.updated.iter().find(|promotion| promotion.id == *promotion_id) else {
                continue;
            };
            let fields = fields_of(now, patch.keys());
            let mut before = before.clone();
            writable_status(&mut before);
            self.steps.push(Step::UpdatePromotion {
                promotion_id: *promotion_id,
                patch: before,
                before: fields.clone(),
            });
            self.expects.push(Expect::Promotion { promotion_id: *promotion_id, fields });
        }
    }

    /// What is gone, and what may be: the step of which it is not known whether it was done.
    fn take_back_deletions(&mut self, carried: &Carried, plan: &Plan) {
        let mut codes = carried.codes_deleted.clone();
        let mut documents = carried.promotions_deleted.clone();
        let doubtful = carried.failure.as_ref().filter(|failure| failure.in_doubt);
        match doubtful.and_then(|failure| plan.steps.get(failure.step)) {
            Some(Step::DeleteCodes { promotion_id, codes: rows, .. }) => {
                let known = |row: &&CodeRow| !carried.codes_deleted.iter().any(|(_, gone)| gone.id == row.id);
                codes.extend(rows.iter().filter(known).map(|row| (*promotion_id, row.clone())));
            }
            Some(Step::DeletePromotions { documents: all }) => {
                let known = |document: &&Map<String, Value>| !carried.promotions_deleted.contains(document);
                documents.extend(all.iter().filter(known).cloned());
            }
            Some(step) => self.steps.extend(back(step)),
            None => {}
        }
        // The text may just have been deleted by an earlier step of the undoing.
        self.make_again(&documents, &codes, !carried.codes_created.is_empty());
    }

    /// Promotions with their codes, then the codes of promotions that are there.
    fn make_again(&mut self, documents: &[Map<String, Value>], codes: &[(u64, CodeRow)], insist: bool) {
        let id =
            |document: &Map<String, Value>| document.get("id").and_then(Value::as_u64).unwrap_or_default();
        let codes = by_promotion(codes);
        for (index, document) in documents.iter().enumerate() {
            self.steps.push(Step::CreatePromotion { document: to_create(document), namesakes: Vec::new() });
            for (_, codes) in codes.iter().filter(|(of, _)| *of == id(document)) {
                let promotion = PromotionRef::Made(index);
                self.steps.push(Step::CreateCodes { promotion, codes: codes.clone(), insist: false });
            }
        }
        for (promotion_id, codes) in codes {
            if !documents.iter().any(|document| id(document) == promotion_id) {
                let promotion = PromotionRef::Id(promotion_id);
                self.steps.push(Step::CreateCodes { promotion, codes, insist });
            }
        }
    }
}

/// The step that takes back an edit of which only the plan is known.
fn back(step: &Step) -> Option<Step> {
    match step {
        Step::UpdatePromotion { promotion_id, patch, before } => {
            let mut before = before.clone();
            writable_status(&mut before);
            let promotion_id = *promotion_id;
            Some(Step::UpdatePromotion { promotion_id, patch: before, before: patch.clone() })
        }
        Step::UpdateSettings { settings, before } => {
            Some(Step::UpdateSettings { settings: before.clone(), before: settings.clone() })
        }
        Step::CreatePromotion { .. }
        | Step::DeletePromotions { .. }
        | Step::CreateCodes { .. }
        | Step::DeleteCodes { .. } => None,
    }
}

/// These fields of a promotion; what it has not is null.
pub(super) fn fields_of<'a>(
    promotion: &Promotion,
    names: impl Iterator<Item = &'a String>,
) -> Map<String, Value> {
    names.map(|name| (name.clone(), promotion.document.get(name).cloned().unwrap_or(Value::Null))).collect()
}

fn by_promotion(rows: &[(u64, CodeRow)]) -> Vec<(u64, Vec<CodeRow>)> {
    let mut grouped: Vec<(u64, Vec<CodeRow>)> = Vec::new();
    for (promotion_id, row) in rows {
        match grouped.iter_mut().find(|(id, _)| id == promotion_id) {
            Some((_, codes)) => codes.push(row.clone()),
            None => grouped.push((*promotion_id, vec![row.clone()])),
        }
    }
    grouped
}

#[cfg(test)]
mod tests;
