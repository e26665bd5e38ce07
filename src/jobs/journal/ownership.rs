//! Who runs a job: how it ends, and how it passes from one process to another.

use serde_json::Value;
use sqlx::Sqlite;
use sqlx::query::{Query, QueryAs};
use sqlx::sqlite::SqliteArguments;

use super::rows::{JobRow, job_columns};
use super::{Journal, JournalError};
use crate::jobs::{JobId, JobRecord, JobState};
use crate::state::Location;
use crate::state::directory::{self, blocking};
use crate::storage::Transaction;

/// What the owner of a job learns when it renews its lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewed {
    /// Whether somebody wants the job to stop.
    pub cancel_requested: bool,
}

/// Who runs a job now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runner {
    Nobody,
    Here,
    Elsewhere,
}

impl Journal {
    /// Ends a job in any state but running, and lets go of it; a wish to cancel it is settled by that. Whatever
    /// this answers, the job is no longer taken for one that this process runs: if it could not be written down,
    /// [`Self::take_over`] gives it out again.
    ///
    /// # Errors
    /// As [`Self::record_progress`].
    pub async fn end(
        &self,
        id: &JobId,
        state: JobState,
        reason: Option<&str>,
        result: Option<&Value>,
    ) -> Result<(), JournalError> {
        if state == JobState::Running {
            return self.abandon(id).await;
        }
        let _hold = self.holds.last(id);
        let update = sqlx::query(
            "UPDATE jobs SET state = $3, reason = $4, result = $5, ended_at = $6, cancel_requested = $7,
                             owner = NULL, machine = NULL, lease_until = NULL
             WHERE id = $1 AND owner = $2",
        );
        let update = update
            .bind(id.as_str())
            .bind(self.owner_name())
            .bind(state.as_str())
            .bind(reason)
            .bind(result.map(Value::to_string))
            .bind(self.now())
            .bind(false);
        self.update_own(id, update).await
    }

    /// Lets go of a job that stays running, for the next process to take over. As [`Self::end`], this counts
    /// whatever it answers.
    ///
    /// # Errors
    /// As [`Self::record_progress`].
    pub async fn abandon(&self, id: &JobId) -> Result<(), JournalError> {
        let _hold = self.holds.last(id);
        let update = sqlx::query(
            "UPDATE jobs SET owner = NULL, machine = NULL, lease_until = NULL WHERE id = $1 AND owner = $2",
        );
        self.update_own(id, update.bind(id.as_str()).bind(self.owner_name())).await
    }

    /// Makes a job that was cancelled, failed or needs attention run again, as this process's own; its reason
    /// and result are taken away. `false` if it is in no such state.
    ///
    /// # Errors
    /// [`JournalError::UnknownJob`], [`JournalError::LaneTaken`], or the journal cannot be written.
    pub async fn reopen(&self, id: &JobId) -> Result<bool, JournalError> {
        let Some(connections) = self.database.for_reading().await? else { return Err(unknown(id)) };
        let owner = self.owner().await?;
        let _turn = self.turn.lock().await;
        let mut transaction = connections.begin().await.map_err(|e| self.failed(&e))?;
        let found: Option<(String, Option<String>, String)> = sqlx::query_as(
            "SELECT store, lane, state FROM jobs WHERE id = $1 AND ($2 IS NULL OR store = $2)",
        )
        .bind(id.as_str())
        .bind(self.store())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(|error| self.failed(&error))?;
        let Some((store, lane, state)) = found else { return Err(unknown(id)) };
        if matches!(JobState::named(&state), None | Some(JobState::Running | JobState::Done)) {
            return Ok(false);
        }
        if let Some(lane) = &lane {
            self.lane_is_free(&mut transaction, &store, lane, Some(id)).await?;
        }
        let hold = self.holds.hold(id);
        sqlx::query(
            "UPDATE jobs SET state = 'running', reason = NULL, result = NULL, ended_at = NULL,
                             cancel_requested = $2, owner = $3, machine = $4, lease_until = $5
             WHERE id = $1",
        )
        .bind(id.as_str())
        .bind(false)
        .bind(&owner.name)
        .bind(&owner.machine)
        .bind(self.lease_end())
        .execute(&mut *transaction)
        .await
        .map_err(|error| self.failed(&error))?;
        transaction.commit().await.map_err(|error| self.failed(&error))?;
        hold.keep();
        Ok(true)
    }

    /// Asks whoever runs a job to stop. A job that nobody runs, and one that needs attention, is cancelled at
    /// once. One that has ended otherwise is left alone.
    ///
    /// # Errors
    /// [`JournalError::UnknownJob`], or the journal cannot be written.
    pub async fn request_cancel(&self, id: &JobId) -> Result<(), JournalError> {
        let connections = self.database.for_reading().await?;
        loop {
            let (Some(connections), Some((row, runner))) = (connections, self.row(id).await?) else {
                return Err(unknown(id));
            };
            let update = match (row.record.state, runner) {
                (JobState::Done | JobState::Cancelled | JobState::Failed, _) => return Ok(()),
                (JobState::NeedsAttention, _) | (JobState::Running, Runner::Nobody) => {
                    "UPDATE jobs SET state = 'cancelled', ended_at = $5, cancel_requested = FALSE,
                                     owner = NULL, machine = NULL, lease_until = NULL
                     WHERE sequence = $1 AND state = $2 AND owner IS NOT DISTINCT FROM $3
                       AND lease_until IS NOT DISTINCT FROM $4"
                }
                (JobState::Running, Runner::Here | Runner::Elsewhere) => {
                    "UPDATE jobs SET cancel_requested = TRUE
                     WHERE sequence = $1 AND state = $2 AND owner IS NOT DISTINCT FROM $3"
                }
            };
            let updated = sqlx::query(update)
                .bind(row.sequence)
                .bind(row.record.state.as_str())
                .bind(row.tenure.as_ref().map(|tenure| &tenure.owner))
                .bind(row.tenure.as_ref().map(|tenure| tenure.until))
                .bind(self.now())
                .execute(connections)
                .await
                .map_err(|error| self.failed(&error))?;
            // Otherwise somebody altered it since the look, and has come further by that.
            if updated.rows_affected() == 1 {
                return Ok(());
            }
        }
    }

    /// Extends the lease of a job by [`LEASE`](crate::jobs::LEASE) from now.
    ///
    /// # Errors
    /// As [`Self::record_progress`]; [`JournalError::NotOwner`] also when another process took it over.
    pub async fn renew(&self, id: &JobId) -> Result<Renewed, JournalError> {
        if let Some(connections) = self.database.for_reading().await? {
            // All rows, of which there is one: it comes before the statement is whole, and may yet fail.
            let renewed: Vec<bool> = sqlx::query_scalar(
                "UPDATE jobs SET lease_until = $3 WHERE id = $1 AND owner = $2 RETURNING cancel_requested",
            )
            .bind(id.as_str())
            .bind(self.owner_name())
            .bind(self.lease_end())
            .fetch_all(connections)
            .await
            .map_err(|error| self.failed(&error))?;
            if let Some(&cancel_requested) = renewed.first() {
                return Ok(Renewed { cancel_requested });
            }
        }
        Err(self.refusal(id).await)
    }

    /// Makes the running jobs that nobody runs any more this process's own, the oldest first. Of processes that
    /// try at once, one gets a job.
    ///
    /// # Errors
    /// The journal cannot be read or written: then nothing was taken over.
    pub async fn take_over(&self) -> Result<Vec<JobRecord>, JournalError> {
        self.take_over_those(|_| true).await
    }

    /// As [`Self::take_over`], but leaves the jobs alone that `may` says no to.
    ///
    /// # Errors
    /// As [`Self::take_over`].
    pub async fn take_over_those(
        &self,
        may: impl Fn(&JobRecord) -> bool,
    ) -> Result<Vec<JobRecord>, JournalError> {
        let Some(connections) = self.database.for_reading().await? else { return Ok(Vec::new()) };
        let _turn = self.turn.lock().await;
        let mut rows = self.select_running().await?;
        rows.retain(|(row, runner)| *runner == Runner::Nobody && may(&row.record));
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let owner = self.owner().await?;
        let mut transaction = connections.begin().await.map_err(|e| self.failed(&e))?;
        let mut taken = Vec::new();
        for (row, _) in rows {
            let hold = self.holds.hold(&row.record.id);
            let update = sqlx::query_as(job_columns!(
                "UPDATE jobs SET owner = $4, machine = $5, lease_until = $6
                 WHERE sequence = $1 AND state = 'running' AND owner IS NOT DISTINCT FROM $2
                   AND lease_until IS NOT DISTINCT FROM $3
                 RETURNING",
                ""
            ));
            let updated: Option<JobRow> = update
                .bind(row.sequence)
                .bind(row.tenure.as_ref().map(|tenure| &tenure.owner))
                .bind(row.tenure.as_ref().map(|tenure| tenure.until))
                .bind(&owner.name)
                .bind(&owner.machine)
                .bind(self.lease_end())
                .fetch_optional(&mut *transaction)
                .await
                .map_err(|error| self.failed(&error))?;
            taken.extend(updated.map(|updated| (updated.record, hold)));
        }
        transaction.commit().await.map_err(|error| self.failed(&error))?;
        let handed_out = taken.into_iter().map(|(record, hold)| {
            hold.keep();
            record
        });
        Ok(handed_out.collect())
    }

    /// The running jobs, whoever runs them, the oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn running(&self) -> Result<Vec<JobRecord>, JournalError> {
        Ok(self.select_running().await?.into_iter().map(|(row, _)| row.record).collect())
    }

    async fn select_running(&self) -> Result<Vec<(JobRow, Runner)>, JournalError> {
        let select = sqlx::query_as(job_columns!(
            "SELECT",
            "FROM jobs WHERE state = 'running' AND ($1 IS NULL OR store = $1) ORDER BY sequence"
        ));
        self.select(select.bind(self.store())).await
    }

    /// This process's name as an owner; before its first job one that nobody has.
    pub(super) fn owner_name(&self) -> &str {
        self.owner.get().map_or("", |owner| &owner.name)
    }

    /// A transaction on a job that this process runs, and the job's sequence.
    pub(super) async fn own(&self, id: &JobId) -> Result<(Transaction, i64), JournalError> {
        if let Some(connections) = self.database.for_reading().await? {
            let mut transaction = connections.begin().await.map_err(|e| self.failed(&e))?;
            let sequence = sqlx::query_scalar("SELECT sequence FROM jobs WHERE id = $1 AND owner = $2")
                .bind(id.as_str())
                .bind(self.owner_name())
                .fetch_optional(&mut *transaction)
                .await
                .map_err(|error| self.failed(&error))?;
            if let Some(sequence) = sequence {
                return Ok((transaction, sequence));
            }
        }
        Err(self.refusal(id).await)
    }

    /// Runs an update that is to meet a job of this process.
    pub(super) async fn update_own(
        &self,
        id: &JobId,
        update: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<(), JournalError> {
        if let Some(connections) = self.database.for_reading().await? {
            let updated = update.execute(connections).await.map_err(|error| self.failed(&error))?;
            if updated.rows_affected() == 1 {
                return Ok(());
            }
        }
        Err(self.refusal(id).await)
    }

    /// A job of the scope, and who runs it.
    pub(super) async fn row(&self, id: &JobId) -> Result<Option<(JobRow, Runner)>, JournalError> {
        let select =
            sqlx::query_as(job_columns!("SELECT", "FROM jobs WHERE id = $1 AND ($2 IS NULL OR store = $2)"));
        Ok(self.select(select.bind(id.as_str()).bind(self.store())).await?.pop())
    }

    pub(super) async fn select(
        &self,
        select: QueryAs<'_, Sqlite, JobRow, SqliteArguments>,
    ) -> Result<Vec<(JobRow, Runner)>, JournalError> {
        let Some(connections) = self.database.for_reading().await? else { return Ok(Vec::new()) };
        let rows = select.fetch_all(connections).await.map_err(|error| self.failed(&error))?;
        self.with_runners(rows).await
    }

    async fn with_runners(&self, rows: Vec<JobRow>) -> Result<Vec<(JobRow, Runner)>, JournalError> {
        let others = rows.iter().filter_map(|row| row.tenure.clone());
        let mut others: Vec<_> = others.filter(|tenure| tenure.owner != self.owner_name()).collect();
        match self.database.location() {
            Location::Directory(directory) if !others.is_empty() => {
                let (place, now) = (directory.clone(), self.now());
                let living = move || {
                    let lasting = others.into_iter().map(|tenure| Ok((tenure.lasts(&place, now)?, tenure)));
                    let lasting = lasting.collect::<Result<Vec<_>, _>>()?.into_iter();
                    Ok(lasting.filter_map(|(lasts, tenure)| lasts.then_some(tenure)).collect())
                };
                others = blocking(living, |error| directory::failed(directory, error)).await?;
            }
            // In memory nobody else can be there.
            _ => others.clear(),
        }
        let with_runners = rows.into_iter().map(|mut row| {
            let runner = match &row.tenure {
                Some(tenure) if tenure.owner == self.owner_name() && self.holds.contain(&row.record.id) => {
                    Runner::Here
                }
                Some(tenure) if others.contains(tenure) => Runner::Elsewhere,
                _ => Runner::Nobody,
            };
            row.record.owned_elsewhere = runner == Runner::Elsewhere;
            (row, runner)
        });
        Ok(with_runners.collect())
    }

    /// Why a write met no job of this process.
    async fn refusal(&self, id: &JobId) -> JournalError {
        match self.row(id).await {
            Ok(Some(_)) => JournalError::NotOwner(id.clone()),
            Ok(None) => unknown(id),
            Err(error) => error,
        }
    }
}

fn unknown(id: &JobId) -> JournalError {
    JournalError::UnknownJob(id.clone())
}
