//! Around every change: room below the daily ceilings, the journal that makes undo possible, the audit log.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tracing::{error, warn};

use crate::bigcommerce::Patience;
use crate::policy::{Ceiling, Counts};
use crate::state::{AuditEntry, ChangeEnd, ChangeId, Ending, NewChange, Reservation, ReservationId, WINDOW};

use super::inverse::{Progress, Undo};
use super::plan::Plan;
use super::run::{self, Carried};
use super::{Call, ChangeError, Desk, gate};

/// A change that was tried.
#[derive(Debug)]
pub struct Done {
    /// What became of it.
    pub carried: Carried,
    /// What it can be undone by, if anything was changed.
    pub change_id: Option<ChangeId>,
    /// What could not be put on record.
    pub warnings: Vec<String>,
}

impl Desk {
    /// Carries a judged and confirmed plan out, and puts it on record before and after.
    ///
    /// # Errors
    /// A [`ChangeError`] when nothing was sent: a ceiling is reached, or the record cannot be kept.
    pub async fn carry_out(
        &self,
        call: &Call,
        plan: &Plan,
        patience: &Patience,
    ) -> Result<Done, ChangeError> {
        let reserved = self.enter(&gate::counts(plan)).await?;
        let change_id = match self.begin(call, &plan.headline, plan.before_and_steps()).await {
            Ok(change_id) => change_id,
            Err(error) => {
                self.give_back(reserved, &Counts::default()).await;
                return Err(error);
            }
        };
        if let Err(error) = self.announce(call, || plan.before(), Some(&change_id)).await {
            let end = ChangeEnd { ending: Ending::Failed, after: Value::Null, inverse: None };
            self.end(&change_id, end, &mut Vec::new()).await;
            self.give_back(reserved, &Counts::default()).await;
            return Err(error);
        }
        let carried = self.take_steps(plan, &change_id, patience).await;
        self.learn(&carried.statuses);
        self.give_back(reserved, &counts_of(&carried, plan)).await;
        let mut warnings = Vec::new();
        let end = ChangeEnd {
            ending: ending_of(&carried),
            after: after_of(&carried),
            inverse: Undo::of(&carried, plan).map(|undo| json!(undo)),
        };
        let status = end.ending.as_str();
        let after = end.after.clone();
        self.end(&change_id, end, &mut warnings).await;
        let entry = AuditEntry {
            time: self.now(),
            caller: call.caller.clone(),
            tool: call.tool.to_owned(),
            arguments: audited(call),
            before: plan.before(),
            after,
            upstream_status: status_of(&carried),
            outcome: status.to_owned(),
            change_id: Some(change_id.clone()),
        };
        self.audit(&entry, &mut warnings).await;
        let nothing =
            carried.is_nothing() && !carried.failure.as_ref().is_some_and(|failure| failure.in_doubt);
        Ok(Done { change_id: (!nothing).then_some(change_id), carried, warnings })
    }

    /// Does the steps, and keeps after each how to take back what is done, should the process end before all are.
    async fn take_steps(&self, plan: &Plan, change_id: &ChangeId, patience: &Patience) -> Carried {
        let mut carried = Carried::default();
        let last = plan.steps.len().saturating_sub(1);
        for index in 0..plan.steps.len() {
            let whole = run::step(self.store(), plan, index, patience, &mut carried).await;
            self.stop_what_is_beyond(plan, &mut carried, patience).await;
            if whole && !carried.stopped.is_empty() {
                carried.leave(plan.steps.iter().skip(index + 1));
            }
            if !carried.is_whole() || index == last {
                break;
            }
            let progress = Progress { done: index + 1, undo: Undo::of(&carried, plan) };
            if let Err(error) = self.state().record_progress(change_id, &json!(progress)).await {
                warn!(%error, change_id = change_id.as_str(), "the progress of a change is not on record");
            }
        }
        carried
    }

    /// Where the operator requires the audit log, a change (or a job) is in it before it is sent: its end may never be.
    pub(super) async fn announce(
        &self,
        call: &Call,
        before: impl FnOnce() -> Value,
        change_id: Option<&ChangeId>,
    ) -> Result<(), ChangeError> {
        if !self.rules().audit_required {
            return Ok(());
        }
        let entry = AuditEntry {
            time: self.now(),
            caller: call.caller.clone(),
            tool: call.tool.to_owned(),
            arguments: audited(call),
            before: before(),
            after: Value::Null,
            upstream_status: None,
            outcome: "begun".to_owned(),
            change_id: change_id.cloned(),
        };
        self.state().audit(&entry).await.map_err(ChangeError::Audit)
    }

    /// Whether there is room below the ceilings now; nothing is taken. Nobody should be asked in vain.
    ///
    /// # Errors
    /// [`ChangeError::DailyCeiling`], or the counts cannot be read.
    pub async fn has_room(&self, counts: &Counts) -> Result<(), ChangeError> {
        let ceilings: Vec<Ceiling> = self.rules().policy.ceilings(counts).collect();
        for Ceiling { counter, rule, amount, limit } in ceilings {
            let since = self.now().checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
            let counted = self.state().count(counter, since).await?;
            if counted.total.saturating_add(amount) > limit {
                let needed = counted.total.saturating_add(amount) - limit;
                let frees_at = if amount > limit { None } else { counted.frees_at(needed) };
                return Err(ChangeError::DailyCeiling {
                    rule,
                    limit,
                    used: counted.total,
                    amount,
                    frees: self.with_wait(frees_at),
                });
            }
        }
        Ok(())
    }

    /// A time that is to come, and how long it is until then.
    fn with_wait(&self, at: Option<Timestamp>) -> Option<(Timestamp, Duration)> {
        at.map(|at| (at, at.duration_since(self.now()).try_into().unwrap_or_default()))
    }

    /// Takes room below the ceilings and makes sure that the record can be kept.
    pub(super) async fn enter(&self, counts: &Counts) -> Result<Vec<(Ceiling, ReservationId)>, ChangeError> {
        if self.rules().audit_required {
            self.state().check_audit().await.map_err(ChangeError::Audit)?;
        }
        let mut reserved = Vec::new();
        let ceilings: Vec<Ceiling> = self.rules().policy.ceilings(counts).collect();
        for ceiling in ceilings {
            let Ceiling { counter, rule, amount, limit } = ceiling;
            match self.state().reserve(counter, amount, limit, self.now()).await {
                Ok(Reservation::Granted(id)) => reserved.push((ceiling, id)),
                Ok(Reservation::Refused { used, frees_at }) => {
                    self.give_back(reserved, &Counts::default()).await;
                    let frees = self.with_wait(frees_at);
                    return Err(ChangeError::DailyCeiling { rule, limit, used, amount, frees });
                }
                Err(error) => {
                    self.give_back(reserved, &Counts::default()).await;
                    return Err(error.into());
                }
            }
        }
        Ok(reserved)
    }

    /// Gives back what was reserved and not used.
    pub(super) async fn give_back(&self, reserved: Vec<(Ceiling, ReservationId)>, used: &Counts) {
        for (ceiling, id) in reserved {
            let used = match ceiling.counter {
                "codes_created" => used.codes_created,
                "codes_deleted" => used.codes_deleted,
                _ => used.promotions_enabled,
            };
            if let Err(error) = self.state().release(id, ceiling.amount.saturating_sub(used)).await {
                warn!(%error, counter = ceiling.counter, "a daily count stays higher than it should");
            }
        }
    }

    pub(super) async fn begin(
        &self,
        call: &Call,
        summary: &str,
        before: Value,
    ) -> Result<ChangeId, ChangeError> {
        let new = NewChange {
            caller: call.caller.clone(),
            tool: call.tool.to_owned(),
            at: self.now(),
            summary: summary.to_owned(),
            before,
        };
        Ok(self.state().begin_change(new).await?)
    }

    pub(super) async fn end(&self, id: &ChangeId, end: ChangeEnd, warnings: &mut Vec<String>) {
        if let Err(error) = self.state().finish_change(id, end).await {
            error!(%error, change_id = id.as_str(), "the end of a change is not on record");
            warnings.push(format!("The change was made, but its end could not be put on record: {error}"));
        }
    }

    pub(super) async fn audit(&self, entry: &AuditEntry, warnings: &mut Vec<String>) {
        if let Err(error) = self.state().audit(entry).await {
            error!(%error, "a change is not in the audit log");
            warnings.push(format!("This is not in the audit log: {error}"));
        }
    }

    /// Puts on record that a change was asked about and not wanted.
    pub async fn declined(&self, call: &Call) {
        let entry = AuditEntry {
            time: self.now(),
            caller: call.caller.clone(),
            tool: call.tool.to_owned(),
            arguments: audited(call),
            before: Value::Null,
            after: Value::Null,
            upstream_status: None,
            outcome: call.confirmed.to_owned(),
            change_id: None,
        };
        self.audit(&entry, &mut Vec::new()).await;
    }
}

/// The arguments, with how the yes was given.
pub(super) fn audited(call: &Call) -> Value {
    let mut arguments = call.arguments.clone();
    if let Value::Object(arguments) = &mut arguments {
        arguments.insert("confirmed".to_owned(), call.confirmed.into());
    }
    arguments
}

fn ending_of(carried: &Carried) -> Ending {
    match (carried.is_whole(), carried.is_nothing()) {
        (true, _) => Ending::Done,
        (false, false) => Ending::Partial,
        (false, true) => Ending::Failed,
    }
}

/// The status that decided the outcome: of the step that failed, or else of the last write.
fn status_of(carried: &Carried) -> Option<u16> {
    let failed = carried.failure.as_ref().and_then(|failure| failure.error.status());
    failed.or(carried.statuses.last().copied())
}

fn counts_of(carried: &Carried, plan: &Plan) -> Counts {
    let promotions_changed = !carried.made.is_empty() || !carried.updated.is_empty();
    // What is in doubt may have been done, so it counts.
    let in_doubt = carried.failure.as_ref().is_some_and(|failure| failure.in_doubt);
    if in_doubt {
        return gate::counts(plan);
    }
    Counts {
        codes_created: carried.codes_created.len() as u64,
        codes_deleted: carried.codes_deleted.len() as u64,
        promotions_enabled: if promotions_changed { gate::counts(plan).promotions_enabled } else { 0 },
    }
}

fn after_of(carried: &Carried) -> Value {
    let documents = |promotions: &[crate::coupons::Promotion]| -> Vec<Value> {
        promotions.iter().map(|promotion| json!(promotion.document)).collect()
    };
    json!({
        "promotions_created": documents(&carried.made),
        "promotions_updated": documents(&carried.updated),
        "codes_created": carried.codes_created,
        "codes_deleted": carried.codes_deleted,
        "promotions_deleted":
            carried.promotions_deleted.iter().map(|document| document.get("id")).collect::<Vec<_>>(),
        "settings": carried.settings,
        "failure": carried.failure.as_ref().map(|failure| failure.error.to_string()),
    })
}
