//! One pass over the planned units: as many at once as the endpoint takes, the journal always ahead.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};

use crate::bigcommerce::Patience;

use super::{Verdict, Work};
use crate::jobs::JournalError;
use crate::jobs::run::{Halt, Run};
use crate::jobs::{Conclusion, Unit, UnitState};

/// Results are put down together, this often or when there are many.
const FLUSH: Duration = Duration::from_millis(100);
const MANY: usize = 250;
/// So many bad outcomes in a row end the pass: something is wrong that a pause may heal.
const BAD_STREAK: usize = 5;
/// How long what is under way may still take when the job shall stop.
const GRACE: Duration = Duration::from_millis(500);

/// What a pass came to.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// Units whose end is known.
    pub(super) concluded: u64,
    /// When the last unit came into doubt.
    pub(super) doubted: Option<Instant>,
    /// Whether units are left that can be tried again.
    pub(super) left: bool,
    /// What went wrong last.
    pub(super) cause: Option<String>,
}

struct UnderWay {
    /// The unit without what it carries.
    unit: Standing,
    patience: Arc<Patience>,
    abort: AbortHandle,
}

/// Which unit, and what of it is done already: a unit of deletion may be planned again for its rest.
#[derive(Debug, Clone, Copy)]
struct Standing {
    seq: u64,
    succeeded: u32,
    failed: u32,
}

impl Standing {
    fn of(unit: &Unit) -> Self {
        Self { seq: unit.seq, succeeded: unit.succeeded, failed: unit.failed }
    }

    /// The unit in another state, and nothing else new of it.
    fn now(self, state: UnitState) -> Conclusion {
        let Self { seq, succeeded, failed } = self;
        Conclusion { succeeded, failed, ..Conclusion::of(seq, state) }
    }
}

/// Why a pass begins nothing further.
#[derive(Debug)]
enum Ending {
    /// The job is over.
    Halt(Halt),
    /// Something is wrong that a pause may heal.
    Pause,
}

type Journaled<T> = BoxFuture<'static, Result<T, JournalError>>;

pub(super) struct Pass<'r, W> {
    run: &'r Run,
    work: &'r Arc<W>,
    queue: VecDeque<Unit>,
    sends: JoinSet<(Unit, Verdict)>,
    under_way: HashMap<Id, UnderWay>,
    conclusions: Vec<Conclusion>,
    passed: Passed,
    streak: usize,
    /// Nothing further is begun.
    halt: Option<Ending>,
    exhausted: bool,
}

impl<'r, W: Work> Pass<'r, W> {
    pub(super) fn new(run: &'r Run, work: &'r Arc<W>) -> Self {
        Self {
            run,
            work,
            queue: VecDeque::new(),
            sends: JoinSet::new(),
            under_way: HashMap::new(),
            conclusions: Vec::new(),
            passed: Passed::default(),
            streak: 0,
            halt: None,
            exhausted: false,
        }
    }

    /// Sends every planned unit.
    pub(super) async fn go(mut self) -> Result<Passed, Halt> {
        let mut claim: Option<Journaled<Vec<Unit>>> = None;
        let mut flush: Option<Journaled<()>> = None;
        let mut ticker = tokio::time::interval(FLUSH);
        ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut due = false;
        let mut stopping = false;
        let mut deadline: Option<Instant> = None;
        loop {
            self.begin_what_fits();
            if claim.is_none() && self.wants_more() {
                claim = Some(self.claim());
            }
            let resting = self.sends.is_empty() && claim.is_none();
            if flush.is_none()
                && !self.conclusions.is_empty()
                && (due || resting || self.conclusions.len() >= MANY)
            {
                flush = Some(self.flush());
                due = false;
            }
            if resting && flush.is_none() {
                break;
            }
            tokio::select! {
                claimed = pending(&mut claim), if claim.is_some() => {
                    claim = None;
                    let units = claimed?;
                    self.exhausted = units.is_empty();
                    self.queue.extend(units);
                }
                flushed = pending(&mut flush), if flush.is_some() => {
                    flush = None;
                    flushed?;
                    self.run.tell();
                }
                Some(sent) = self.sends.join_next_with_id(), if !self.sends.is_empty() => match sent {
                    Ok((id, (unit, verdict))) => {
                        self.under_way.remove(&id);
                        self.take(Standing::of(&unit), verdict);
                    }
                    Err(gone) => self.lose(gone.id()),
                },
                _ = ticker.tick() => due = true,
                () = self.run.stop.cancelled(), if !stopping => {
                    stopping = true;
                    deadline = Some(Instant::now() + GRACE);
                    self.halt.get_or_insert(Ending::Halt(Halt::Stopped));
                    self.abort_unsent();
                }
                () = until(deadline), if deadline.is_some() => {
                    deadline = None;
                    self.sends.abort_all();
                }
            }
        }
        self.put_back().await?;
        match self.halt {
            Some(Ending::Halt(halt)) => Err(halt),
            _ => Ok(self.passed),
        }
    }

    fn begin_what_fits(&mut self) {
        while self.halt.is_none() && self.sends.len() < self.work.width() {
            let Some(unit) = self.queue.pop_front() else { return };
            let patience = Arc::new(Patience::of_a_job());
            let (standing, watched) = (Standing::of(&unit), Arc::clone(&patience));
            let work = Arc::clone(self.work);
            let abort = self.sends.spawn(async move {
                let verdict = work.send(&unit, &patience).await;
                (unit, verdict)
            });
            self.under_way.insert(abort.id(), UnderWay { unit: standing, patience: watched, abort });
        }
    }

    fn wants_more(&self) -> bool {
        !self.exhausted && self.halt.is_none() && self.queue.len() < self.work.width()
    }

    fn claim(&self) -> Journaled<Vec<Unit>> {
        let (journal, id) = (Arc::clone(&self.run.journal), self.run.id.clone());
        let most = u32::try_from(self.work.width()).unwrap_or(1).max(1);
        async move { journal.claim(&id, most).await }.boxed()
    }

    fn flush(&mut self) -> Journaled<()> {
        let (journal, id) = (Arc::clone(&self.run.journal), self.run.id.clone());
        let conclusions = std::mem::take(&mut self.conclusions);
        async move { journal.conclude(&id, conclusions).await }.boxed()
    }

    fn take(&mut self, unit: Standing, verdict: Verdict) {
        match verdict {
            Verdict::Concluded(conclusion) => self.conclude(conclusion),
            Verdict::Final(conclusion, halt) => {
                self.conclude(conclusion);
                self.halt.get_or_insert(Ending::Halt(halt));
            }
            Verdict::Doubtful(cause) => {
                self.passed.doubted = Some(Instant::now());
                self.stumble(cause);
                self.conclusions.push(unit.now(UnitState::Unknown));
            }
            Verdict::Later(cause) => {
                self.passed.left = true;
                self.stumble(cause);
                self.conclusions.push(unit.now(UnitState::Planned));
            }
            Verdict::Stop(halt) => {
                self.conclusions.push(unit.now(UnitState::Planned));
                self.halt.get_or_insert(Ending::Halt(halt));
            }
        }
    }

    fn conclude(&mut self, conclusion: Conclusion) {
        self.passed.concluded += u64::from(conclusion.state.is_final());
        // A unit that is planned anew, such as with another text, is the next pass's.
        self.passed.left |= !conclusion.state.is_final();
        self.streak = 0;
        self.conclusions.push(conclusion);
    }

    fn stumble(&mut self, cause: String) {
        self.passed.cause = Some(cause);
        self.streak += 1;
        if self.streak >= BAD_STREAK && self.halt.is_none() {
            self.passed.left = true;
            self.halt = Some(Ending::Pause);
        }
    }

    /// A send that ended without a verdict: aborted, or it panicked.
    fn lose(&mut self, id: Id) {
        let Some(UnderWay { unit, patience, .. }) = self.under_way.remove(&id) else { return };
        let state = if patience.has_sent() { UnitState::Unknown } else { UnitState::Planned };
        self.passed.doubted = Some(Instant::now());
        self.passed.left |= state == UnitState::Planned;
        self.conclusions.push(unit.now(state));
    }

    /// What has not gone out yet needs no grace.
    fn abort_unsent(&self) {
        for under_way in self.under_way.values().filter(|under_way| !under_way.patience.has_sent()) {
            under_way.abort.abort();
        }
    }

    /// What was claimed and not begun is planned again.
    async fn put_back(&mut self) -> Result<(), Halt> {
        self.passed.left |= !self.queue.is_empty();
        let unsent: Vec<_> =
            self.queue.drain(..).map(|unit| Standing::of(&unit).now(UnitState::Planned)).collect();
        if !unsent.is_empty() {
            self.run.journal.conclude(&self.run.id, unsent).await?;
        }
        Ok(())
    }
}

/// The future in `slot`, or none that ever ends.
async fn pending<T>(slot: &mut Option<Journaled<T>>) -> Result<T, JournalError> {
    match slot {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
