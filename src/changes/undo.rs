//! Planning to take a change back.

mod last;
mod left;

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Map, Value};

use crate::bigcommerce::Patience;
use crate::coupons::text::count;
use crate::coupons::{CouponError, Promotion};
use crate::jobs::{JobId, JobState, Kind};
use crate::state::{Change, ChangeId};

use super::delete_codes::{self, PlannedDeletion};
use super::inverse::{Expect, Undo};
use super::plan::{Plan, PromotionRef, Resulting, Step};
use super::run::promotions::holds;
use super::{ChangeError, Desk};

/// Codes of a promotion that are read to see which are there.
const MOST_READ: usize = 15_000;
/// A change without an end may be under way for so long; then its process is gone.
const UNDER_WAY: Duration = Duration::from_mins(1);

/// A planned undoing.
#[derive(Debug)]
pub struct PlannedUndo {
    /// The change that is taken back.
    pub change: Change,
    /// What to do; `None` when everything is as it was before the change.
    pub plan: Option<Box<Plan>>,
}

impl Desk {
    /// Plans to take back the change `id`, or this caller's last one that can be taken back.
    ///
    /// # Errors
    /// A [`ChangeError`]: no such change, undone already, edited since, or the API.
    pub async fn plan_undo(
        &self,
        id: Option<&str>,
        caller: &str,
        patience: &Patience,
    ) -> Result<PlannedUndo, ChangeError> {
        let change = self.change_to_undo(id, caller).await?;
        let Undo { steps, expects } = undo_of(&change)?;
        if let Some(tool) = steps.iter().map(tool_of).find(|tool| !self.rules().policy.offers(tool)) {
            let why = format!("the tool {tool} is not offered here");
            return Err(ChangeError::NotUndoable { id: change.id.to_string(), why });
        }
        for expect in &expects {
            self.must_be(expect, patience).await?;
        }
        let going = ids_going(&steps);
        let left = self.left_to_do(steps, &going, patience).await?;
        if left.is_empty() {
            return Ok(PlannedUndo { change, plan: None });
        }
        let resulting = self.resulting(&left, patience).await?;
        let gets_codes = self.promotions_with_codes_back(&left, patience).await?;
        let plan = plan(&change, left, resulting, gets_codes);
        Ok(PlannedUndo { change, plan: Some(Box::new(plan)) })
    }

    /// Plans to take back what a job did: the codes that it made and that nobody has used are deleted, as a job.
    ///
    /// # Errors
    /// A [`ChangeError`] that says what can be done instead: the job is under way or made no codes; the API.
    pub async fn plan_undo_job(
        &self,
        id: &JobId,
        patience: &Patience,
    ) -> Result<PlannedDeletion, ChangeError> {
        let job = self.jobs().job(id).await?;
        let not = |why: &str| ChangeError::NotUndoable { id: id.to_string(), why: why.to_owned() };
        match (job.kind, job.state) {
            (Kind::Delete, _) => {
                return Err(not(
                    "it deleted codes, which are not kept; import_coupon_codes makes them again from a file",
                ));
            }
            (Kind::Export | Kind::Summarize, _) => return Err(not("it only read")),
            (_, JobState::Running) => return Err(not("it is under way: cancel it with control_job first")),
            (Kind::Generate | Kind::Import, _) => {}
        }
        if !self.rules().policy.offers(Kind::Delete.tool()) {
            return Err(not("the tool delete_coupon_codes is not offered here"));
        }
        let Some(promotion_id) = job.promotion_id else { return Err(not("its promotion is not on record")) };
        self.plan_delete_unused_of(&job, promotion_id, patience).await
    }

    /// Whether to take this change back is to stop a promotion that it made live. Asks nothing of BigCommerce.
    pub async fn undo_stops_a_promotion(&self, id: Option<&str>, caller: &str) -> bool {
        let Ok(change) = self.change_to_undo(id, caller).await else { return false };
        undo_of(&change).is_ok_and(|undo| undo.steps.iter().any(Step::stops_a_promotion))
    }

    async fn change_to_undo(&self, id: Option<&str>, caller: &str) -> Result<Change, ChangeError> {
        let found = match id {
            None => self.state().latest_change(caller).await?,
            Some(id) => match id.trim().parse::<ChangeId>() {
                Ok(id) => self.state().change(&id).await?,
                Err(_) => None,
            },
        };
        let Some(change) = found else {
            return Err(ChangeError::UnknownChange { id: id.map(str::to_owned) });
        };
        if change.undone_by.is_some() {
            return Err(ChangeError::AlreadyUndone { id: change.id.to_string() });
        }
        let age = self.now().duration_since(change.at);
        if change.ending.is_none() && age < SignedDuration::try_from(UNDER_WAY).unwrap_or_default() {
            let why = "it is under way, or was broken off less than a minute ago".to_owned();
            return Err(ChangeError::NotUndoable { id: change.id.to_string(), why });
        }
        Ok(change)
    }

    async fn must_be(&self, expect: &Expect, patience: &Patience) -> Result<(), ChangeError> {
        match expect {
            Expect::Promotion { promotion_id, fields } => {
                let now = self.existing(*promotion_id, patience).await?;
                let edited = fields.iter().find(|(name, value)| {
                    let field = [((*name).clone(), (*value).clone())].into_iter().collect();
                    !holds(&now.document, &field)
                });
                edited.map_or(Ok(()), |(name, _)| {
                    Err(changed_since(format!("{name} of promotion {promotion_id} changed")))
                })
            }
            Expect::Codes { promotion_id, ids } => {
                let listed = self.store().codes_of(*promotion_id, MOST_READ, patience).await?;
                let other = listed.codes.iter().find(|code| !ids.contains(&code.id));
                other.map_or(Ok(()), |_| {
                    Err(changed_since(format!("promotion {promotion_id} has got codes since")))
                })
            }
            Expect::Settings { settings } => {
                let now = self.store().client().settings(patience).await?;
                if holds(&now, settings) {
                    return Ok(());
                }
                Err(changed_since("the promotion settings are others now".to_owned()))
            }
        }
    }

    async fn existing(&self, promotion_id: u64, patience: &Patience) -> Result<Promotion, ChangeError> {
        self.load_promotion(promotion_id, patience).await.map_err(|error| match error {
            ChangeError::Coupon(CouponError::UnknownPromotion { .. }) => {
                changed_since(format!("promotion {promotion_id} is gone"))
            }
            error => error,
        })
    }

    async fn resulting(&self, steps: &[Step], patience: &Patience) -> Result<Vec<Resulting>, ChangeError> {
        let mut resulting = Vec::new();
        for step in steps {
            match step {
                Step::CreatePromotion { document, .. } => {
                    resulting
                        .push(Resulting { before: None, after: Some(Promotion::read(document.clone())) });
                }
                Step::UpdatePromotion { promotion_id, patch, .. }
                    if patch.keys().any(|name| name != "name") =>
                {
                    let before = self.existing(*promotion_id, patience).await?;
                    let after = before.patched(patch);
                    let before = self.as_a_day_ago(&before).await?;
                    resulting.push(Resulting { before: Some(before), after: Some(after) });
                }
                _ => {}
            }
        }
        Ok(resulting)
    }

    /// The promotions that are there and get codes back.
    async fn promotions_with_codes_back(
        &self,
        steps: &[Step],
        patience: &Patience,
    ) -> Result<Vec<Promotion>, ChangeError> {
        let ids: BTreeSet<u64> = steps
            .iter()
            .filter_map(|step| match step {
                Step::CreateCodes { promotion: PromotionRef::Id(id), .. } => Some(*id),
                _ => None,
            })
            .collect();
        let mut promotions = Vec::new();
        for id in ids {
            promotions.push(self.existing(id, patience).await?);
        }
        Ok(promotions)
    }
}

/// The ids of the codes that the steps delete.
fn ids_going(steps: &[Step]) -> HashSet<u64> {
    let codes = steps.iter().flat_map(|step| match step {
        Step::DeleteCodes { codes, .. } => codes.as_slice(),
        _ => &[],
    });
    codes.map(|row| row.id).collect()
}

fn undo_of(change: &Change) -> Result<Undo, ChangeError> {
    let not = |why: &str| ChangeError::NotUndoable { id: change.id.to_string(), why: why.to_owned() };
    match (&change.inverse, change.ending) {
        (Some(inverse), _) => {
            serde_json::from_value(inverse.clone()).map_err(|_| not("its record cannot be read"))
        }
        (None, Some(_)) => Err(not("it left nothing to take back")),
        // The process ended in the middle of it.
        (None, None) => {
            let steps: Option<Vec<Step>> =
                change.before.get("steps").and_then(|steps| serde_json::from_value(steps.clone()).ok());
            let progress = change.progress.clone().and_then(|progress| serde_json::from_value(progress).ok());
            let undo = steps.and_then(|steps| Undo::of_broken_off(&steps, progress));
            undo.ok_or_else(|| not("its end is not on record"))
        }
    }
}

/// A field that is put back, with its value where that is a word.
fn field_in_words((name, value): (&String, &Value)) -> String {
    match (name.as_str(), value.as_str()) {
        ("status", Some(status)) => format!("status {status}"),
        _ => name.clone(),
    }
}

/// The uses that a promotion had when it was deleted.
fn uses_before(change: &Change, document: &Map<String, Value>) -> u64 {
    let before = change.before.get("before").and_then(Value::as_array).into_iter().flatten();
    let promotions = before.filter_map(|before| before.get("promotions")?.as_array()).flatten();
    let same = |deleted: &&Value| deleted.get("name") == document.get("name");
    let uses = promotions.filter(same).filter_map(|deleted| deleted.get("current_uses")?.as_u64());
    uses.max().unwrap_or_default()
}

/// The tool that does such a step, which must be offered here.
fn tool_of(step: &Step) -> &'static str {
    match step {
        Step::CreatePromotion { .. } => "create_promotion",
        Step::UpdatePromotion { .. } => "update_promotion",
        Step::DeletePromotions { .. } => "delete_promotions",
        Step::CreateCodes { .. } => "create_coupon_code",
        Step::DeleteCodes { .. } => "delete_coupon_codes",
        Step::UpdateSettings { .. } => "update_promotion_settings",
    }
}

fn changed_since(what: String) -> ChangeError {
    ChangeError::ChangedSince { what }
}

fn plan(change: &Change, steps: Vec<Step>, resulting: Vec<Resulting>, gets_codes: Vec<Promotion>) -> Plan {
    let mut lines = Vec::new();
    let mut asks = Vec::new();
    let mut warnings = Vec::new();
    for step in &steps {
        match step {
            Step::CreatePromotion { document, .. } => {
                let promotion = Promotion::read(document.clone());
                let uses = uses_before(change, document);
                if uses > 0 {
                    asks.push(format!("a promotion that had {} comes back at 0", count(uses, "use")));
                }
                lines.push(format!("Makes promotion {} again, with a new id.", promotion.quoted_name()));
                warnings
                    .push("A promotion that is made again has a new id, and its uses start at 0.".to_owned());
            }
            Step::UpdatePromotion { promotion_id, patch, .. } => {
                let fields: Vec<_> = patch.iter().map(field_in_words).collect();
                lines.push(format!("Puts {} of promotion {promotion_id} back.", fields.join(", ")));
            }
            Step::DeletePromotions { documents } => {
                let ids = documents.iter().filter_map(|document| document.get("id")).map(Value::to_string);
                let ids: Vec<_> = ids.collect();
                lines.push(format!("Deletes promotion {}.", ids.join(", ")));
                asks.push("it deletes a promotion".to_owned());
            }
            Step::CreateCodes { codes, .. } => {
                let ids = if codes.len() == 1 { "a new id" } else { "new ids" };
                lines.push(format!("Makes {} again, with {ids}.", count(codes.len(), "code")));
                let used = codes.iter().filter(|row| row.current_uses > 0).count();
                if used > 0 {
                    let uses: u64 = codes.iter().map(|row| row.current_uses).sum();
                    lines.push(format!(
                        "{} had {} in all, which {} back at 0.",
                        count(used, "code"),
                        count(uses, "use"),
                        if uses == 1 { "comes" } else { "come" }
                    ));
                    asks.push(format!(
                        "{} that {} used {} back at 0",
                        count(used, "code"),
                        if used == 1 { "was" } else { "were" },
                        if used == 1 { "comes" } else { "come" }
                    ));
                }
            }
            Step::DeleteCodes { codes, .. } => {
                lines.push(format!("Deletes {}.", count(codes.len(), "code")));
                lines.extend(delete_codes::lines(&codes.iter().collect::<Vec<_>>()));
                asks.push(format!("it deletes {}", count(codes.len(), "code")));
            }
            Step::UpdateSettings { .. } => {
                lines.push("Puts the promotion settings back.".to_owned());
                asks.push("it changes how every promotion of the store works".to_owned());
            }
        }
    }
    Plan {
        order: None,
        headline: format!("Undo {}: {}", change.id, change.summary),
        lines,
        alternative: None,
        steps,
        resulting,
        gets_codes,
        asks,
        warnings,
    }
}
