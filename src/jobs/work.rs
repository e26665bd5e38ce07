//! Doing units: claimed in the journal, sent many at once, put down, and looked up where in doubt.

pub(super) mod codegen;
pub(super) mod deletion;
mod pass;
pub(super) mod settle;
pub(super) mod singles;

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::time::Instant;

use crate::bigcommerce::Patience;

use super::run::{Halt, Run};
use super::{Conclusion, Unit};
use pass::Pass;

/// So many rounds in which nothing came of anything end the job; it can be resumed.
const MOST_IDLE_ROUNDS: u32 = 12;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// What one kind of job does with its units.
pub(super) trait Work: Send + Sync + 'static {
    /// Requests at once, as far as is known by now.
    fn width(&self) -> usize;

    /// Does one unit.
    fn send(&self, unit: &Unit, patience: &Patience) -> impl Future<Output = Verdict> + Send;

    /// Finds out what became of units in doubt; what was not done is planned again. No unit of this job is under
    /// way, and the last doubt is older than `--settle-ms`.
    fn settle(
        &self,
        run: &Run,
        doubtful: Vec<Unit>,
    ) -> impl Future<Output = Result<Vec<Conclusion>, Halt>> + Send;
}

/// What came of sending a unit.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It is known what became of it.
    Concluded(Conclusion),
    /// It is known, and the job cannot go on.
    Final(Conclusion, Halt),
    /// It may have been done.
    Doubtful(String),
    /// It was surely not done, and may be later.
    Later(String),
    /// It was surely not done, and none of the others will be.
    Stop(Halt),
}

/// Does all units of a job.
///
/// # Errors
/// The [`Halt`] that came before.
pub(super) async fn through<W: Work>(run: &Run, work: &Arc<W>) -> Result<(), Halt> {
    let mut idle_rounds = 0;
    let mut pause = FIRST_PAUSE;
    let mut doubted = run.began;
    loop {
        let pass = Pass::new(run, work).go().boxed().await?;
        if let Some(latest) = pass.doubted {
            doubted = doubted.max(latest);
        }
        let doubtful = run.journal.doubtful(&run.id).await?;
        if doubtful.is_empty() && !pass.left {
            return Ok(());
        }
        let in_doubt = !doubtful.is_empty();
        let mut settled = 0;
        if in_doubt {
            run.settle_down(doubted).await?;
            let conclusions = tokio::select! {
                settled = work.settle(run, doubtful) => settled?,
                () = run.stop.cancelled() => return Err(Halt::Stopped),
            };
            settled = conclusions.iter().filter(|conclusion| conclusion.state.is_final()).count();
            run.journal.conclude(&run.id, conclusions).await?;
            run.tell();
            // What is found in doubt from here on is not older than this.
            doubted = Instant::now();
        }
        if pass.concluded > 0 || settled > 0 {
            (idle_rounds, pause) = (0, FIRST_PAUSE);
            continue;
        }
        idle_rounds += 1;
        if idle_rounds >= MOST_IDLE_ROUNDS {
            let cause = pass.cause.unwrap_or_else(|| "Nothing was done any more.".to_owned());
            return Err(Halt::failed(format!("{cause} It was tried {MOST_IDLE_ROUNDS} times.")));
        }
        run.pause(pause).await?;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
