//! The journal of the jobs: what is asked for, sent and settled, on the disk before the next step is taken.
//!
//! One `SQLite` database, `jobs.db` in the state directory or in memory. Several processes may share it: a job
//! is run by one of them at a time, its owner, and only the owner writes to it. Everything that returned is on
//! the disk. All the SQL of the jobs is in this module.

mod error;
mod holds;
mod ownership;
mod rows;
mod schema;
#[cfg(test)]
mod tests;
mod units;

use jiff::Timestamp;
use serde_json::Value;
use sqlx::SqliteConnection;
use tokio::sync::{Mutex, OnceCell};

pub use self::error::JournalError;
use self::holds::Holds;
pub use self::ownership::Renewed;
use self::rows::{clamped, job_columns};
use super::owner::{LEASE, Owner};
use super::{JobId, JobRecord, Kind, NewJob, NewUnit};
use crate::clock::Clock;
use crate::state::open::Database;
use crate::state::{Location, stored};

/// Which jobs can be forgotten.
macro_rules! prunable {
    () => {
        "($1 IS NULL OR store = $1) AND state IN ('done', 'cancelled', 'failed') AND doubtful = 0 AND ended_at < $2"
    };
}

/// Whose jobs a [`Journal`] is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Those of the store with this key: API host and store hash, or `sandbox`.
    Store(String),
    /// Those of all stores that share the directory, for reports. No job can begin.
    All,
}

/// The journal as one process uses it. Share it in an `Arc`.
///
/// The first operation that needs the database opens it. Only an operation that has something to write makes
/// the directory: until then reads answer as from an empty journal. As long as this lives, the jobs that were
/// begun, reopened or taken over through it are its own, whatever the clock says; once it is dropped, others
/// on this machine can take them over at once.
#[derive(Debug)]
pub struct Journal {
    database: Database,
    scope: Scope,
    owner: OnceCell<Owner>,
    holds: Holds,
    clock: Clock,
    /// Held while jobs are handed out that were in the journal before.
    turn: Mutex<()>,
}

impl Journal {
    /// Touches nothing yet.
    pub fn new(location: Location, scope: Scope) -> Self {
        Self {
            database: Database::new(&schema::FORMAT, location),
            scope,
            owner: OnceCell::new(),
            holds: Holds::default(),
            clock: Clock::default(),
            turn: Mutex::new(()),
        }
    }

    /// The same journal on this clock.
    #[must_use]
    pub fn on_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Writes a job down with the units known so far, as running and this process's own.
    ///
    /// # Errors
    /// [`JournalError::LaneTaken`], [`JournalError::NoStore`], or the journal cannot be written. Then there is
    /// no such job.
    pub async fn begin(&self, job: NewJob, units: Vec<NewUnit>) -> Result<JobId, JournalError> {
        let Scope::Store(store) = &self.scope else { return Err(JournalError::NoStore) };
        let connections = self.database.for_writing().await?;
        let owner = self.owner().await?;
        let id = JobId::random();
        // Before it can be seen, so that nobody in this process takes it for one that nobody runs.
        let hold = self.holds.hold(&id);
        let mut transaction = connections.begin().await.map_err(|e| self.failed(&e))?;
        if let Some(lane) = &job.lane {
            self.lane_is_free(&mut transaction, store, lane, None).await?;
        }
        let sequence: i64 = sqlx::query_scalar(
            "INSERT INTO jobs (id, store, kind, state, promotion_id, lane, caller, arguments, spec, created_at,
                               cancel_requested, requested, owner, machine, lease_until)
             VALUES ($1, $2, $3, 'running', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
             RETURNING sequence",
        )
        .bind(id.as_str())
        .bind(store)
        .bind(job.kind.as_str())
        .bind(job.promotion_id.map(clamped))
        .bind(job.lane)
        .bind(job.caller)
        .bind(job.arguments.to_string())
        .bind(job.spec.to_string())
        .bind(stored(job.at))
        .bind(false)
        .bind(clamped(job.requested))
        .bind(&owner.name)
        .bind(&owner.machine)
        .bind(self.lease_end())
        .fetch_one(&mut *transaction)
        .await
        .map_err(|error| self.failed(&error))?;
        units::plan(&mut transaction, sequence, 0, units).await.map_err(|error| self.failed(&error))?;
        transaction.commit().await.map_err(|error| self.failed(&error))?;
        hold.keep();
        Ok(id)
    }

    /// Records how far the work has come, in place of what was recorded before.
    ///
    /// # Errors
    /// [`JournalError::NotOwner`], [`JournalError::UnknownJob`], or the journal cannot be written.
    pub async fn record_progress(&self, id: &JobId, progress: &Value) -> Result<(), JournalError> {
        let update = sqlx::query("UPDATE jobs SET progress = $3 WHERE id = $1 AND owner = $2");
        let update = update.bind(id.as_str()).bind(self.owner_name());
        self.update_own(id, update.bind(progress.to_string())).await
    }

    /// Corrects how many items are to be dealt with.
    ///
    /// # Errors
    /// As [`Self::record_progress`].
    pub async fn set_requested(&self, id: &JobId, requested: u64) -> Result<(), JournalError> {
        let update = sqlx::query("UPDATE jobs SET requested = $3 WHERE id = $1 AND owner = $2");
        let update = update.bind(id.as_str()).bind(self.owner_name());
        self.update_own(id, update.bind(clamped(requested))).await
    }

    /// Replaces what is to be done.
    ///
    /// # Errors
    /// As [`Self::record_progress`].
    pub async fn set_spec(&self, id: &JobId, spec: &Value) -> Result<(), JournalError> {
        let update = sqlx::query("UPDATE jobs SET spec = $3 WHERE id = $1 AND owner = $2");
        let update = update.bind(id.as_str()).bind(self.owner_name());
        self.update_own(id, update.bind(spec.to_string())).await
    }

    /// A job.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn job(&self, id: &JobId) -> Result<Option<JobRecord>, JournalError> {
        Ok(self.row(id).await?.map(|(row, _)| row.record))
    }

    /// The last jobs, the latest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn latest(&self, most: u32) -> Result<Vec<JobRecord>, JournalError> {
        let select = sqlx::query_as(job_columns!(
            "SELECT",
            "FROM jobs WHERE $1 IS NULL OR store = $1 ORDER BY sequence DESC LIMIT $2"
        ));
        let rows = self.select(select.bind(self.store()).bind(i64::from(most))).await?;
        Ok(rows.into_iter().map(|(row, _)| row.record).collect())
    }

    /// The jobs of a kind about a promotion, the latest first, however they ended.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn jobs_of_promotion(&self, kind: Kind, promotion_id: u64) -> Result<Vec<JobId>, JournalError> {
        let Some(connections) = self.database.for_reading().await? else { return Ok(Vec::new()) };
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM jobs WHERE ($1 IS NULL OR store = $1) AND kind = $2 AND promotion_id = $3
             ORDER BY sequence DESC",
        )
        .bind(self.store())
        .bind(kind.as_str())
        .bind(clamped(promotion_id))
        .fetch_all(connections)
        .await
        .map_err(|error| self.failed(&error))?;
        let ids = ids.into_iter().map(|id| rows::id(&id)).collect::<Result<_, _>>();
        ids.map_err(|error| self.failed(&error))
    }

    /// Forgets the jobs that ended before a time, with what they did; those that run, need
    /// attention or have something in doubt are kept.
    /// How many went.
    ///
    /// # Errors
    /// The journal cannot be written: then nothing is forgotten.
    pub async fn prune(&self, before: Timestamp) -> Result<u64, JournalError> {
        let Some(connections) = self.database.for_reading().await? else { return Ok(0) };
        let mut transaction = connections.begin().await.map_err(|e| self.failed(&e))?;
        let pruned = async {
            sqlx::query(concat!(
                "DELETE FROM units WHERE job IN (SELECT sequence FROM jobs WHERE ",
                prunable!(),
                ")"
            ))
            .bind(self.store())
            .bind(stored(before))
            .execute(&mut *transaction)
            .await?;
            let gone = sqlx::query(concat!("DELETE FROM jobs WHERE ", prunable!()))
                .bind(self.store())
                .bind(stored(before))
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok(gone.rows_affected())
        };
        pruned.await.map_err(|error| self.failed(&error))
    }

    /// Lets the operations under way finish, refuses all others, and closes the database. The jobs stay this
    /// process's own until this is dropped.
    pub async fn close(&self) {
        self.database.close().await;
    }

    /// The store's key; `None` for all stores.
    fn store(&self) -> Option<&str> {
        match &self.scope {
            Scope::Store(store) => Some(store),
            Scope::All => None,
        }
    }

    /// This process as an owner of jobs, from the first job that it is to run.
    async fn owner(&self) -> Result<&Owner, JournalError> {
        Ok(self.owner.get_or_try_init(|| Owner::enter(self.database.location())).await?)
    }

    /// The present time, as the database holds it.
    fn now(&self) -> i64 {
        stored(self.clock.now())
    }

    /// The end of a lease that begins now.
    fn lease_end(&self) -> i64 {
        self.now().saturating_add(i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX))
    }

    fn failed(&self, error: &sqlx::Error) -> JournalError {
        self.database.error(error).into()
    }

    /// Checks that no job is in a lane, `but` left aside.
    async fn lane_is_free(
        &self,
        connection: &mut SqliteConnection,
        store: &str,
        lane: &str,
        but: Option<&JobId>,
    ) -> Result<(), JournalError> {
        let taken: Option<String> = sqlx::query_scalar(
            "SELECT id FROM jobs
             WHERE store = $1 AND lane = $2 AND state IN ('running', 'needs_attention')
               AND id IS DISTINCT FROM $3",
        )
        .bind(store)
        .bind(lane)
        .bind(but.map(JobId::as_str))
        .fetch_optional(connection)
        .await
        .map_err(|error| self.failed(&error))?;
        match taken.map(|id| rows::id(&id)).transpose() {
            Ok(None) => Ok(()),
            Ok(Some(id)) => Err(JournalError::LaneTaken(id)),
            Err(error) => Err(self.failed(&error)),
        }
    }
}
