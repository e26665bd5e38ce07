//! A job at work: launched, and put on record when it ends.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::{Instrument, debug_span, info, warn};

use crate::jobs::carry::carry_out;
use crate::jobs::run::{Halt, Run};
use crate::jobs::{JobRecord, JobState, JournalError, record};

use super::{Jobs, Start};

impl Jobs {
    /// Works on the job until it ends, here or because it must be put down.
    pub(super) fn launch(self: &Arc<Self>, record: JobRecord, start: Start) {
        let stop = self.stopping.child_token();
        if record.cancel_requested {
            stop.cancel();
        }
        self.running().insert(record.id.clone(), stop.clone());
        let jobs = Arc::clone(self);
        let span = debug_span!("job", job_id = record.id.as_str());
        let work = async move {
            let run = Run {
                id: record.id.clone(),
                store: Arc::clone(&jobs.store),
                journal: Arc::clone(&jobs.journal),
                stop,
                changed: jobs.changed.clone(),
                settle: jobs.settings.settle,
                fresh: start == Start::Fresh,
                began: Instant::now(),
            };
            let work = AssertUnwindSafe(carry_out(&run, &record).boxed()).catch_unwind();
            let outcome = tokio::select! {
                outcome = work => outcome.unwrap_or_else(|_| Err(Halt::failed("The job crashed; resume it."))),
                lost = run.watch_over() => Err(lost),
            };
            jobs.running().remove(&run.id);
            if let Err(error) = jobs.end(&run, &record, outcome).await {
                warn!(%error, job_id = run.id.as_str(), "the end of a job is not on record");
            }
            run.tell();
        };
        self.tracker.spawn(work.instrument(span));
    }

    async fn end(
        &self,
        run: &Run,
        record: &JobRecord,
        outcome: Result<Option<Value>, Halt>,
    ) -> Result<(), JournalError> {
        let id = &run.id;
        let (state, reason, result) = match outcome {
            Ok(result) => {
                let counts = self.job(id).await?.counts;
                let reason = if record.kind.writes() && counts.remaining + counts.unknown > 0 {
                    // It is never said to be done because nothing more came to mind.
                    Some("Some of it is not done, and it is not known why. Resume the job.".to_owned())
                } else if counts.succeeded == 0 && counts.failed > 0 {
                    Some("None of it could be done.".to_owned())
                } else {
                    None
                };
                (if reason.is_some() { JobState::Failed } else { JobState::Done }, reason, result)
            }
            Err(Halt::Stopped) if self.stopping.is_cancelled() => return self.journal.abandon(id).await,
            Err(Halt::Stopped) => {
                let counts = self.job(id).await?.counts;
                // A wish that came with the last answers cancels nothing.
                let whole =
                    record.kind.writes() && counts.succeeded > 0 && counts.succeeded == counts.requested;
                (if whole { JobState::Done } else { JobState::Cancelled }, None, None)
            }
            Err(Halt::Ended { state, reason, unclear }) => {
                let result = (!unclear.is_empty()).then(|| json!({ "unclear": unclear }));
                (state, Some(reason), result)
            }
            Err(Halt::Journal(error)) => {
                // Whoever looks for pending jobs next, goes on with it, if it is nobody else's by now.
                let _ = self.journal.abandon(id).await;
                self.look_now();
                return Err(error);
            }
        };
        self.journal.end(id, state, reason.as_deref(), result.as_ref()).await?;
        info!(job_id = id.as_str(), state = state.as_str(), "job ended");
        let ended = self.job(id).await?;
        record::ended(&self.state, record, &ended, self.store.now()).await;
        Ok(())
    }
}
