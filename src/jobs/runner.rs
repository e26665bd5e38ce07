//! The jobs of one store in this process: begun, taken over from processes that died, watched, ended.

mod launch;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::json;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::coupons::Store;
use crate::state::State;

use super::spec::Reserved;
use super::{JobId, JobRecord, JobState, Journal, JournalError, NewJob, NewUnit};
use super::{estimate, record};

/// How long the end of the process waits for jobs to put down where they are.
const GOODBYE: Duration = Duration::from_secs(2);
/// A job that another process runs tells nothing here: it is looked at so often.
const LOOK: Duration = Duration::from_secs(1);
/// How often jobs are looked for whose process died.
const BETWEEN_LOOKS: Duration = Duration::from_secs(10);
/// News are passed on at most so often.
const BREATH: Duration = Duration::from_millis(250);

/// What an operator sets for jobs.
#[derive(Debug, Clone)]
pub struct JobSettings {
    /// How old a request whose answer was lost must be before looking tells what became of it.
    pub settle: Duration,
    /// What jobs leave of the quota to others, in percent.
    pub reserve_percent: u8,
}

impl Default for JobSettings {
    fn default() -> Self {
        Self { settle: Duration::from_secs(30), reserve_percent: 20 }
    }
}

/// How a job comes to run here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// It was begun just now.
    Fresh,
    /// It was begun before, here or elsewhere.
    Anew,
}

/// The jobs of one store. Shared by all callers.
pub struct Jobs {
    store: Arc<Store>,
    state: Arc<State>,
    journal: Arc<Journal>,
    settings: JobSettings,
    running: Mutex<HashMap<JobId, CancellationToken>>,
    tracker: TaskTracker,
    stopping: CancellationToken,
    changed: watch::Sender<u64>,
    looked: AtomicBool,
    look: Notify,
}

impl Jobs {
    /// No job is touched yet.
    pub fn new(store: Arc<Store>, state: Arc<State>, journal: Journal, settings: JobSettings) -> Self {
        Self {
            store,
            state,
            journal: Arc::new(journal),
            settings,
            running: Mutex::default(),
            tracker: TaskTracker::new(),
            stopping: CancellationToken::new(),
            changed: watch::Sender::new(0),
            looked: AtomicBool::new(false),
            look: Notify::new(),
        }
    }

    /// The store whose jobs these are.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// What is on record.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// What the operator set.
    pub fn settings(&self) -> &JobSettings {
        &self.settings
    }

    /// Puts a job down and begins it. It goes on after this returns, and after the caller is gone.
    ///
    /// # Errors
    /// Nothing was begun: the journal cannot be written, or another job is in the lane.
    pub async fn begin(
        self: &Arc<Self>,
        job: NewJob,
        units: Vec<NewUnit>,
    ) -> Result<JobRecord, JournalError> {
        let jobs = Arc::clone(self);
        // By itself, so that a caller who goes away leaves no job behind that is begun and not run.
        let begun = tokio::spawn(async move {
            let id = jobs.journal.begin(job, units).await?;
            jobs.launch_by_id(&id, Start::Fresh).await
        });
        begun.await.unwrap_or_else(|crash| Err(crashed(&crash)))
    }

    /// Runs a job that is this process's own; if it cannot be read, it is let go of, and whoever looks next goes on.
    async fn launch_by_id(self: &Arc<Self>, id: &JobId, start: Start) -> Result<JobRecord, JournalError> {
        match self.job(id).await {
            Ok(record) => {
                self.launch(record.clone(), start);
                Ok(record)
            }
            Err(error) => {
                let _ = self.journal.abandon(id).await;
                self.look_now();
                Err(error)
            }
        }
    }

    /// Whether nobody has asked this yet: then it is time to look for jobs whose process died.
    pub fn is_first_look(&self) -> bool {
        !self.looked.swap(true, Ordering::Relaxed)
    }

    /// Has whoever waits for [`Self::time_to_look`] look now.
    pub fn look_now(&self) {
        self.look.notify_one();
    }

    /// Waits until it is time to look for jobs whose process died once more; false when this process stops.
    pub async fn time_to_look(&self) -> bool {
        tokio::select! {
            () = self.look.notified() => true,
            () = tokio::time::sleep(BETWEEN_LOOKS) => true,
            () = self.stopping.cancelled() => false,
        }
    }

    /// The jobs that nobody runs and that are not at an end, the oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn orphans(&self) -> Result<Vec<JobRecord>, JournalError> {
        let mut orphans = self.journal.running().await?;
        orphans.retain(|job| !job.owned_elsewhere && !self.runs(&job.id));
        Ok(orphans)
    }

    /// Whether this process runs the job.
    pub fn runs(&self, id: &JobId) -> bool {
        self.running().contains_key(id)
    }

    /// Goes on with a job whose process died; `None` if somebody else does by now.
    ///
    /// # Errors
    /// The journal cannot be used.
    pub async fn take_over(self: &Arc<Self>, id: &JobId) -> Result<Option<JobRecord>, JournalError> {
        let taken = self.journal.take_over_those(|job| job.id == *id).await?.pop();
        if let Some(job) = &taken {
            info!(job_id = id.as_str(), "going on with a job whose process ended");
            self.launch(job.clone(), Start::Anew);
        }
        Ok(taken)
    }

    /// Ends a job whose process died as failed, for this reason.
    ///
    /// # Errors
    /// The journal cannot be used.
    pub async fn refuse(&self, id: &JobId, reason: &str) -> Result<(), JournalError> {
        let Some(before) = self.journal.take_over_those(|job| job.id == *id).await?.pop() else {
            return Ok(());
        };
        self.journal.end(id, JobState::Failed, Some(reason), None).await?;
        warn!(job_id = id.as_str(), reason, "a job whose process ended is not gone on with");
        record::ended(&self.state, &before, &self.job(id).await?, self.store.now()).await;
        Ok(())
    }

    /// Goes on with a job that was cancelled, failed, or needed attention, with what was reserved for the rest of it.
    /// False if it is in no such state.
    ///
    /// # Errors
    /// As [`Jobs::begin`].
    pub async fn resume(
        self: &Arc<Self>,
        id: &JobId,
        reservation: Option<Reserved>,
    ) -> Result<bool, JournalError> {
        let (jobs, id) = (Arc::clone(self), id.clone());
        let resumed = tokio::spawn(async move {
            if !jobs.journal.reopen(&id).await? {
                return Ok(false);
            }
            let mut spec = jobs.job(&id).await?.spec;
            if let Some(spec) = spec.as_object_mut() {
                // What was reserved before is given back already.
                spec.shift_remove("reservation");
                if let Some(reservation) = reservation {
                    spec.insert("reservation".to_owned(), json!(reservation));
                }
            }
            if let Err(error) = jobs.journal.set_spec(&id, &spec).await {
                let _ = jobs.journal.end(&id, JobState::Failed, Some("It could not be resumed."), None).await;
                return Err(error);
            }
            jobs.launch_by_id(&id, Start::Anew).await.map(|_| true)
        });
        resumed.await.unwrap_or_else(|crash| Err(crashed(&crash)))
    }

    /// Asks whoever runs the job to stop it.
    ///
    /// # Errors
    /// The journal cannot be written, or there is no such job.
    pub async fn cancel(&self, id: &JobId) -> Result<(), JournalError> {
        let before = self.job(id).await?;
        self.journal.request_cancel(id).await?;
        if let Some(stop) = self.running().get(id) {
            stop.cancel();
            return Ok(());
        }
        let after = self.job(id).await?;
        // Nobody ran it, so nobody else puts this down.
        if before.state == JobState::Running && after.state == JobState::Cancelled && !before.owned_elsewhere
        {
            record::ended(&self.state, &before, &after, self.store.now()).await;
        }
        Ok(())
    }

    /// A job of this store.
    ///
    /// # Errors
    /// [`JournalError::UnknownJob`], or the journal cannot be read.
    pub async fn job(&self, id: &JobId) -> Result<JobRecord, JournalError> {
        self.journal.job(id).await?.ok_or_else(|| JournalError::UnknownJob(id.clone()))
    }

    /// How long the rest of a job will take, from what is known of the store's quota.
    pub fn estimate(&self, record: &JobRecord) -> Duration {
        let (requests, width) = estimate::requests(record);
        estimate::duration(requests, width, self.store.client().quota(), self.settings.reserve_percent)
    }

    /// Waits until the job has ended, or for `limit`. `news` is called with what has come of it meanwhile.
    ///
    /// # Errors
    /// As [`Jobs::job`].
    pub async fn wait(
        &self,
        id: &JobId,
        limit: Duration,
        mut news: impl FnMut(&JobRecord) -> BoxFuture<'static, ()> + Send,
    ) -> Result<JobRecord, JournalError> {
        let deadline = Instant::now() + limit;
        let mut changed = self.changed.subscribe();
        loop {
            changed.mark_unchanged();
            let record = self.job(id).await?;
            if record.state != JobState::Running || Instant::now() >= deadline {
                return Ok(record);
            }
            news(&record).await;
            let breath = Instant::now() + BREATH;
            tokio::select! {
                () = tokio::time::sleep_until(deadline) => {}
                _ = tokio::time::timeout(LOOK, changed.changed()) => {
                    tokio::time::sleep_until(breath.min(deadline)).await;
                }
            }
        }
    }

    /// Waits until no job of this process is under way.
    pub async fn wait_for_all(&self) {
        self.tracker.close();
        self.tracker.wait().await;
        self.tracker.reopen();
    }

    /// Lets the jobs put down where they are; the next process goes on with them.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.tracker.close();
        if tokio::time::timeout(GOODBYE, self.tracker.wait()).await.is_err() {
            warn!("a job did not stop in time; the next process settles what is in doubt");
        }
        self.journal.close().await;
    }

    fn running(&self) -> MutexGuard<'_, HashMap<JobId, CancellationToken>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task of this process that ended without an answer.
fn crashed(crash: &tokio::task::JoinError) -> JournalError {
    JournalError::Crashed(crash.to_string())
}
