//! One job under way: what its work may use, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::bigcommerce::{ApiError, Patience};
use crate::coupons::Store;

use super::reason;
use super::{JobId, JobState, Journal, JournalError, LEASE};

/// How often a running job looks whether it shall stop.
const LOOK: Duration = Duration::from_millis(200);

/// A job under way in this process.
pub(super) struct Run {
    pub(super) id: JobId,
    pub(super) store: Arc<Store>,
    pub(super) journal: Arc<Journal>,
    /// Ends the work: cancelled, or the process stops.
    pub(super) stop: CancellationToken,
    /// Bumped whenever the journal has news.
    pub(super) changed: watch::Sender<u64>,
    /// How old a doubtful request must be before looking tells the truth.
    pub(super) settle: Duration,
    /// Whether this process begins it, instead of going on with what another one (or an earlier try) left.
    pub(super) fresh: bool,
    /// When this process began: nothing that it found in doubt is older by its clock.
    pub(super) began: Instant,
}

/// Why the work ended before it was whole.
#[derive(Debug)]
pub(super) enum Halt {
    /// It shall stop; all is as the journal says.
    Stopped,
    /// It cannot go on.
    Ended {
        /// `Failed` or `NeedsAttention`.
        state: JobState,
        /// A sentence.
        reason: String,
        /// Codes that may be the job's or somebody else's.
        unclear: Vec<(u64, String)>,
    },
    /// The journal cannot be written, or the job is somebody else's by now.
    Journal(JournalError),
}

impl From<JournalError> for Halt {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl Halt {
    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self::Ended { state: JobState::Failed, reason: reason.into(), unclear: Vec::new() }
    }

    pub(super) fn needs_attention(reason: impl Into<String>) -> Self {
        Self::unclear(reason, Vec::new())
    }

    pub(super) fn unclear(reason: impl Into<String>, unclear: Vec<(u64, String)>) -> Self {
        Self::Ended { state: JobState::NeedsAttention, reason: reason.into(), unclear }
    }
}

impl Run {
    /// Tells those who wait that there is news.
    pub(super) fn tell(&self) {
        self.changed.send_modify(|news| *news = news.wrapping_add(1));
    }

    /// Sleeps, unless the job shall stop.
    pub(super) async fn pause(&self, length: Duration) -> Result<(), Halt> {
        tokio::select! {
            () = tokio::time::sleep(length) => Ok(()),
            () = self.stop.cancelled() => Err(Halt::Stopped),
        }
    }

    /// Waits until a request that was in doubt at `doubted` cannot take effect any more.
    pub(super) async fn settle_down(&self, doubted: Instant) -> Result<(), Halt> {
        self.pause(self.settle.saturating_sub(doubted.elapsed())).await
    }

    /// Reads something that the work cannot do without: again and again where the fault may pass.
    pub(super) async fn read<T, F, R>(&self, mut read: F) -> Result<T, Halt>
    where
        F: FnMut(Patience) -> R,
        R: Future<Output = Result<T, ApiError>>,
    {
        let mut pause = Duration::from_secs(1);
        for attempt in 1_u32.. {
            let outcome = tokio::select! {
                outcome = read(Patience::of_a_job()) => outcome,
                () = self.stop.cancelled() => return Err(Halt::Stopped),
            };
            match outcome {
                Ok(read) => return Ok(read),
                Err(error) if attempt < MOST_READS && error.may_pass() => self.pause(pause).await?,
                Err(error) => return Err(Halt::failed(reason::of_api(&error))),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Err(Halt::Stopped)
    }

    /// Looks after the job while it runs: keeps it ours, and ends the work when somebody wants that. Ends when
    /// the job is somebody else's.
    pub(super) async fn watch_over(&self) -> Halt {
        let mut renewed = Instant::now();
        loop {
            tokio::time::sleep(LOOK).await;
            match self.journal.job(&self.id).await {
                Ok(Some(job)) if job.owned_elsewhere => {
                    return Halt::Journal(JournalError::NotOwner(self.id.clone()));
                }
                Ok(Some(job)) if job.cancel_requested => self.stop.cancel(),
                _ => {}
            }
            if renewed.elapsed() < LEASE / 3 {
                continue;
            }
            renewed = Instant::now();
            match self.journal.renew(&self.id).await {
                Ok(_) => {}
                Err(error @ JournalError::NotOwner(_)) => return Halt::Journal(error),
                // A moment's fault; what must be written fails by itself.
                Err(error) => {
                    tracing::warn!(%error, job_id = self.id.as_str(), "the job's lease is not renewed");
                }
            }
        }
    }

    /// Puts down how far the work has come.
    pub(super) async fn record_progress(&self, progress: &Value) -> Result<(), Halt> {
        self.journal.record_progress(&self.id, progress).await?;
        self.tell();
        Ok(())
    }
}

/// How often something that must be read is tried, a minute apart in the end: half an hour of outage.
const MOST_READS: u32 = 30;
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
