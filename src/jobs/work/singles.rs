//! Codes created one by one. A code's text is unique in the store, so a repeat makes no second one, and a lost
//! answer is settled by looking the text up.

use std::sync::Arc;

use futures::StreamExt;
use serde_json::json;

use crate::bigcommerce::Patience;
use crate::coupons::code_shape::CodeShape;
use crate::coupons::text::count;
use crate::coupons::{CodeText, CouponError, Created, NewCode, Outcome, Store};

use super::{Verdict, Work};
use crate::jobs::reason;
use crate::jobs::run::{Halt, Run};
use crate::jobs::spec::{SingleCode, SingleMade};
use crate::jobs::{Conclusion, Unit, UnitState};

/// Requests at once: the API's limit for this endpoint.
const WIDTH: usize = 40;
/// Look-ups at once.
const LOOKUPS: usize = 10;
/// So many refusals in a row say that it is not about the single codes.
const MOST_REFUSED: u64 = 20;

/// The work.
pub(in crate::jobs) struct Singles {
    pub(in crate::jobs) store: Arc<Store>,
    pub(in crate::jobs) promotion_id: u64,
    /// Whether the promotion may refuse a second code.
    pub(in crate::jobs) takes_one: bool,
    /// Where the texts are this program's own: another is drawn for one that is taken.
    pub(in crate::jobs) drawn: Option<CodeShape>,
    pub(in crate::jobs) tally: Tally,
}

/// What the first answers say of all.
#[derive(Debug, Default)]
pub(in crate::jobs) struct Tally {
    made: std::sync::atomic::AtomicU64,
    refused: std::sync::atomic::AtomicU64,
}

impl Work for Singles {
    fn width(&self) -> usize {
        let made = self.tally.made.load(std::sync::atomic::Ordering::Relaxed);
        // Where a second code may be refused, the second one is tried alone.
        if self.takes_one && made < 2 { 1 } else { WIDTH }
    }

    async fn send(&self, unit: &Unit, patience: &Patience) -> Verdict {
        let new = match self.read(unit) {
            Ok(new) => new,
            Err(halt) => return Verdict::Stop(halt),
        };
        match self.store.create_code(&new, patience).await {
            Ok(created) => self.created(unit, &created),
            Err(error) => self.not_created(unit, &error),
        }
    }

    async fn settle(&self, run: &Run, doubtful: Vec<Unit>) -> Result<Vec<Conclusion>, Halt> {
        let lookups = doubtful.into_iter().map(|unit| async move {
            let new = self.read(&unit)?;
            let patience = Patience::of_a_job();
            Ok(match self.store.look_up_created(&new, &patience).await {
                Ok(Some(created)) => {
                    // Whether it was there before or by a request of this job, nobody can tell any more.
                    made(&unit, &created, "adopted")
                }
                Ok(None) => Conclusion::of(unit.seq, UnitState::Planned),
                Err(error @ CouponError::Conflict { .. }) => self.taken(&unit, &error),
                Err(CouponError::Api(error)) if error.may_pass() => {
                    Conclusion::of(unit.seq, UnitState::Unknown)
                }
                Err(error) => return Err(Halt::failed(reason::of_coupon(&error))),
            })
        });
        let settled = futures::stream::iter(lookups).buffer_unordered(LOOKUPS).collect::<Vec<_>>();
        tokio::select! {
            settled = settled => settled.into_iter().collect(),
            () = run.stop.cancelled() => Err(Halt::Stopped),
        }
    }
}

impl Singles {
    fn read(&self, unit: &Unit) -> Result<NewCode, Halt> {
        let unreadable = || Halt::failed("The journal holds a code that cannot be one.");
        let single: SingleCode = serde_json::from_str(&unit.payload).map_err(|_| unreadable())?;
        Ok(NewCode {
            promotion_id: self.promotion_id,
            code: CodeText::parse(&single.code).map_err(|_| unreadable())?,
            max_uses: single.max_uses,
            max_uses_per_customer: single.max_uses_per_customer,
        })
    }

    fn created(&self, unit: &Unit, created: &Created) -> Verdict {
        let outcome = match (created.outcome, created.ours) {
            (Outcome::Created, _) => "created",
            (Outcome::AlreadyExisted, true) => "adopted",
            // Of a text that was drawn before a crash, the code may well be this job's own.
            (Outcome::AlreadyExisted, false) if unit.attempts > 1 => "adopted",
            (Outcome::AlreadyExisted, false) if self.drawn.is_some() => {
                return Verdict::Concluded(self.redrawn(unit));
            }
            (Outcome::AlreadyExisted, false) => "already_existed",
        };
        self.tally.made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.tally.refused.store(0, std::sync::atomic::Ordering::Relaxed);
        Verdict::Concluded(made(unit, created, outcome))
    }

    fn not_created(&self, unit: &Unit, error: &CouponError) -> Verdict {
        let why = reason::of_coupon(error);
        match error {
            CouponError::OutcomeUnknown { .. }
            | CouponError::NotCreated { .. }
            | CouponError::Rejected { lookup: Some(_), .. } => Verdict::Doubtful(why),
            CouponError::Conflict { .. } | CouponError::LegacyCoupon { .. } => {
                Verdict::Concluded(self.taken(unit, error))
            }
            CouponError::Rejected { lookup: None, .. } => self.refused(unit, why),
            CouponError::InProgress | CouponError::OutOfTime => Verdict::Later(why),
            CouponError::Api(cause) if cause.may_pass() => Verdict::Later(why),
            CouponError::Api(_) | CouponError::UnknownPromotion { .. } | CouponError::UnknownCode { .. } => {
                Verdict::Stop(Halt::failed(why))
            }
        }
    }

    fn refused(&self, unit: &Unit, why: String) -> Verdict {
        let relaxed = std::sync::atomic::Ordering::Relaxed;
        let refused = self.tally.refused.fetch_add(1, relaxed) + 1;
        if self.takes_one {
            let reason = format!("{why} The promotion is of type SINGLE, which takes one code only.");
            return Verdict::Final(failed(unit, why), Halt::failed(reason));
        }
        if refused >= MOST_REFUSED {
            let reason = format!("{why} {} in a row were refused.", count(refused, "code"));
            return Verdict::Final(failed(unit, why), Halt::failed(reason));
        }
        Verdict::Concluded(failed(unit, why))
    }

    /// Somebody else's code has the text.
    fn taken(&self, unit: &Unit, error: &CouponError) -> Conclusion {
        if self.drawn.is_some() { self.redrawn(unit) } else { failed(unit, reason::of_coupon(error)) }
    }

    /// The unit with another text.
    fn redrawn(&self, unit: &Unit) -> Conclusion {
        let mut conclusion = Conclusion::of(unit.seq, UnitState::Planned);
        if let (Some(shape), Ok(single)) = (&self.drawn, serde_json::from_str::<SingleCode>(&unit.payload)) {
            let single = SingleCode { code: shape.draw().as_str().to_owned(), ..single };
            conclusion.payload = Some(json!(single).to_string());
        }
        conclusion
    }
}

fn made(unit: &Unit, created: &Created, outcome: &str) -> Conclusion {
    let result = SingleMade {
        id: Some(created.code.id),
        outcome: outcome.to_owned(),
        uses: (outcome == "already_existed").then_some(created.code.current_uses),
        detail: None,
    };
    Conclusion {
        succeeded: 1,
        result: Some(json!(result).to_string()),
        ..Conclusion::of(unit.seq, UnitState::Done)
    }
}

fn failed(unit: &Unit, why: String) -> Conclusion {
    let result = SingleMade { id: None, outcome: "failed".to_owned(), uses: None, detail: Some(why) };
    Conclusion {
        failed: 1,
        result: Some(json!(result).to_string()),
        ..Conclusion::of(unit.seq, UnitState::Failed)
    }
}
