//! Beginning a job: judged and confirmed like every change, on record before anything is sent.

use std::path::PathBuf;
use std::sync::Arc;

use futures::FutureExt;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tracing::warn;

use crate::bigcommerce::Patience;
use crate::coupons::{CouponError, Promotion};
use crate::jobs::spec::{CodesFile, Reserved, Spec};
use crate::jobs::{JobId, JobRecord, JobState, JournalError, Kind, NewJob};
use crate::jobs::{export, reason};
use crate::policy::{self, Ceiling, Counts, Facts};
use crate::state::{AuditEntry, ReservationId};

use super::exposure::exposure;
use super::generate_codes::as_codes_use_it;
use super::inverse::terms_of;
use super::plan::{Order, digest};
use super::{Call, ChangeError, Desk};

/// How long a yes to a deletion covers what fits.
const DELETION_GOOD_FOR: SignedDuration = SignedDuration::from_hours(1);
const NO_EXPORTS: &str =
    "The operator must name a directory that this server can write to with --export-dir.";

impl Desk {
    /// Begins the job of a judged and confirmed plan. It goes on after this returns.
    ///
    /// # Errors
    /// A [`ChangeError`] when nothing was begun: a ceiling is reached, the record cannot be kept, or another job is
    /// in the lane ([`ChangeError::JobUnderWay`]).
    pub async fn begin_job(&self, call: &Call, order: Order) -> Result<JobRecord, ChangeError> {
        let mut reserved = self.enter(&order.counts()).await?;
        let reservation = reserved.pop();
        let announced = self.announce(call, || Value::Null, None).await;
        let begun = match announced {
            Ok(()) => {
                let room = reservation.as_ref().map(|(ceiling, id)| room(ceiling, *id, 0));
                self.put_down(call, order, room).await
            }
            Err(error) => Err(error),
        };
        if begun.is_err() {
            self.give_back(reservation.into_iter().chain(reserved).collect(), &Counts::default()).await;
        }
        begun
    }

    async fn put_down(
        &self,
        call: &Call,
        order: Order,
        reservation: Option<Reserved>,
    ) -> Result<JobRecord, ChangeError> {
        let file = match order.file {
            Some(promotion) => Some(CodesFile { path: self.reserve_file().await?, promotion }),
            None => None,
        };
        let path = file.as_ref().map(|file| file.path.clone());
        let job = NewJob {
            kind: order.kind,
            promotion_id: Some(order.promotion.id),
            lane: order.lane,
            caller: call.caller.clone(),
            arguments: call.arguments.clone(),
            spec: json!(Spec {
                work: order.work,
                reservation,
                terms: Some(terms(&order.promotion)),
                cap: order.promotion.max_uses,
                confirmed: Some(call.confirmed.to_owned()),
                file,
            }),
            requested: order.requested,
            at: self.now(),
        };
        let begun = self.jobs().begin(job, order.units).await;
        if begun.is_err()
            && let Some(path) = path
        {
            export::discard(&path);
        }
        Ok(begun?)
    }

    /// Where exports go.
    ///
    /// # Errors
    /// [`ChangeError::Invalid`]: nowhere.
    pub fn exports_directory(&self) -> Result<PathBuf, ChangeError> {
        self.rules().files.exports.clone().ok_or_else(|| {
            let message = "There is no directory for exports, because this server's user has no home.";
            ChangeError::invalid(message, NO_EXPORTS)
        })
    }

    /// A new file in the directory for exports, which nobody else has.
    ///
    /// # Errors
    /// There is no such directory, or nothing can be written there.
    pub async fn reserve_file(&self) -> Result<PathBuf, ChangeError> {
        let directory = self.exports_directory()?;
        let now = self.now();
        let reserved = tokio::task::spawn_blocking(move || export::reserve(&directory, now)).await;
        match reserved {
            Ok(Ok(path)) => Ok(path),
            Ok(Err(fault)) => {
                Err(ChangeError::invalid(format!("Nothing can be exported: {fault}."), NO_EXPORTS))
            }
            Err(crash) => Err(ChangeError::invalid(format!("Nothing can be exported: {crash}."), NO_EXPORTS)),
        }
    }

    /// From the first call of this process on, goes on with jobs whose process died, beside the calls: a start by
    /// itself does nothing.
    pub fn sweep_from_now_on(self: &Arc<Self>) {
        if !self.jobs().is_first_look() {
            return;
        }
        let desk = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                if let Err(error) = desk.take_over_jobs().boxed().await {
                    warn!(%error, "pending jobs cannot be looked for");
                }
                if !desk.jobs().time_to_look().await {
                    return;
                }
            }
        });
    }

    /// Goes on with the jobs whose process died, as far as the operator permits them and somebody's yes still covers
    /// them; these, the oldest first. One that no yes covers any more is ended.
    ///
    /// # Errors
    /// The journal cannot be used.
    pub async fn take_over_jobs(&self) -> Result<Vec<JobRecord>, ChangeError> {
        let mut taken = Vec::new();
        for orphan in self.jobs().orphans().await? {
            if self.may_go_on(&orphan).is_err() {
                continue;
            }
            match self.is_still_agreed_to(&orphan, &self.store().patience()).await {
                Ok(()) | Err(ChangeError::Coupon(CouponError::UnknownPromotion { .. })) => {
                    taken.extend(self.jobs().take_over(&orphan.id).await?);
                }
                Err(error) => {
                    if let Some(reason) = why_it_ends(&error) {
                        self.jobs().refuse(&orphan.id, &reason).await?;
                    } else {
                        // BigCommerce cannot be asked now; there is a next time.
                        warn!(%error, job_id = orphan.id.as_str(), "a pending job must wait");
                    }
                }
            }
        }
        Ok(taken)
    }

    /// Goes on with a job that was cancelled, failed or needed attention; false if it is in no such state. What is
    /// left of it must find room below the ceilings again.
    ///
    /// # Errors
    /// As [`Desk::begin_job`].
    pub async fn resume_job(
        &self,
        call: &Call,
        id: &JobId,
        patience: &Patience,
    ) -> Result<bool, ChangeError> {
        let record = self.jobs().job(id).await?;
        self.may_go_on(&record)?;
        if matches!(record.state, JobState::Running | JobState::Done) {
            return Ok(false);
        }
        self.is_still_agreed_to(&record, patience).await?;
        let counts = record.counts;
        let before = counts.succeeded + counts.unknown;
        let left = counts.requested.saturating_sub(before);
        let mut reserved = self.enter(&counts_of(record.kind, left)).await?;
        let reservation = reserved.pop();
        let room = reservation.as_ref().map(|(ceiling, id)| room(ceiling, *id, before));
        let resumed = self.jobs().resume(id, room).await;
        if !matches!(resumed, Ok(true)) {
            self.give_back(reservation.into_iter().collect(), &Counts::default()).await;
        }
        self.record_control(call, &record).await;
        Ok(resumed?)
    }

    /// Stops a job; what was done is kept.
    ///
    /// # Errors
    /// There is no such job, or the journal cannot be written.
    pub async fn cancel_job(&self, call: &Call, id: &JobId) -> Result<(), ChangeError> {
        let record = self.jobs().job(id).await?;
        self.jobs().cancel(id).await?;
        self.record_control(call, &record).await;
        Ok(())
    }

    /// Puts into the audit log that somebody stopped a job or let it go on.
    async fn record_control(&self, call: &Call, record: &JobRecord) {
        let entry = AuditEntry {
            time: self.now(),
            caller: call.caller.clone(),
            tool: call.tool.to_owned(),
            arguments: call.arguments.clone(),
            before: json!({ "job_id": record.id, "state": record.state.as_str() }),
            after: Value::Null,
            upstream_status: None,
            outcome: "done".to_owned(),
            change_id: None,
        };
        self.audit(&entry, &mut Vec::new()).await;
    }

    /// Whether what was agreed to when a job began is still what it does. A yes to a deletion is good for an hour, as
    /// other codes fit later; and who agreed to codes that take off 20% did not agree to codes that take off 90%.
    async fn is_still_agreed_to(&self, record: &JobRecord, patience: &Patience) -> Result<(), ChangeError> {
        let (Some(promotion_id), true) = (record.promotion_id, record.kind.writes()) else { return Ok(()) };
        if record.kind == Kind::Delete && self.now().duration_since(record.created_at) > DELETION_GOOD_FOR {
            return Err(ChangeError::invalid(
                format!(
                    "The job {} was agreed to more than an hour ago, and other codes may fit by now.",
                    record.id
                ),
                "Call delete_coupon_codes anew.",
            ));
        }
        let spec = Spec::read(record).ok();
        let (agreed, cap) = spec.map_or((None, None), |spec| (spec.terms, spec.cap));
        let promotion = self.load_promotion(promotion_id, patience).await?;
        if record.kind == Kind::Delete {
            return Ok(());
        }
        self.may_have_codes(&promotion)?;
        if agreed == Some(terms(&promotion)) {
            return Ok(());
        }
        let promotion = as_codes_use_it(&promotion, cap);
        match exposure(Some(&promotion), &promotion, self.rules(), self.now()).as_slice() {
            [] => Ok(()),
            reasons => Err(ChangeError::invalid(
                format!(
                    "The terms of promotion {promotion_id} have changed since the job {} began, and it {}.",
                    record.id,
                    reasons.join(", and it ")
                ),
                "Call the tool that began the job anew for what is left; a person is asked then.",
            )),
        }
    }

    /// Whether the operator still permits what the job does.
    ///
    /// # Errors
    /// [`ChangeError::Policy`].
    pub fn may_go_on(&self, record: &JobRecord) -> Result<(), ChangeError> {
        if !record.kind.writes() {
            return Ok(());
        }
        let facts =
            Facts { touched_promotions: record.promotion_id.into_iter().collect(), ..Facts::default() };
        Ok(policy::check(&self.rules().policy, &facts)?)
    }
}

/// What stands for the terms of a promotion.
fn terms(promotion: &Promotion) -> String {
    digest([json!(terms_of(&promotion.document)).to_string()])
}

fn room(ceiling: &Ceiling, id: ReservationId, before: u64) -> Reserved {
    Reserved { id, amount: ceiling.amount, before }
}

/// What a job of this kind adds to the counts of a day.
pub(super) fn counts_of(kind: Kind, codes: u64) -> Counts {
    let amount = |applies: bool| if applies { codes } else { 0 };
    Counts {
        codes_created: amount(matches!(kind, Kind::Generate | Kind::Import)),
        codes_deleted: amount(kind == Kind::Delete),
        promotions_enabled: 0,
    }
}

impl From<JournalError> for ChangeError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::LaneTaken(id) | JournalError::NotOwner(id) => {
                Self::JobUnderWay { id: id.to_string() }
            }
            JournalError::UnknownJob(id) => Self::UnknownJob { id: id.to_string() },
            JournalError::State(error) => Self::State(error),
            error @ (JournalError::UnknownUnit(..) | JournalError::NoStore | JournalError::Crashed(_)) => {
                Self::Journal(error)
            }
        }
    }
}

/// Why a pending job is not gone on with, now or later; `None` if it may be later.
fn why_it_ends(error: &ChangeError) -> Option<String> {
    match error {
        ChangeError::Invalid { message, hint } => Some(format!("{message} {hint}")),
        ChangeError::Policy(violation) => Some(violation.message.clone()),
        // The job's own requests would be answered so as well, and it would end.
        ChangeError::Coupon(error @ CouponError::Api(cause)) if !cause.may_pass() => {
            Some(reason::of_coupon(error))
        }
        _ => None,
    }
}
