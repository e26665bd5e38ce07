//! The units of a job: planned, claimed before they are sent, concluded when it is known what they did.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row, Sqlite};

use super::rows::{Standing, Tally, UnitRow, clamped, counted, standing, unit_columns};
use super::{Journal, JournalError};
use crate::jobs::{Conclusion, JobId, NewUnit, Unit};

/// How many units one statement carries.
const CHUNK: usize = 200;

/// What claims the first `$2` planned units of the job `$1`.
pub(super) const CLAIM: &str = unit_columns!(
    "UPDATE units SET state = 'sending', attempts = attempts + 1
     WHERE job = $1 AND seq IN
         (SELECT seq FROM units WHERE job = $1 AND state = 'planned' ORDER BY seq LIMIT $2)
     RETURNING",
    ""
);

/// Units after `$3`, at most `$4`, of the job with the id `$1` if its store is `$2`.
pub(super) const PAGE: &str = unit_columns!(
    "SELECT",
    "FROM units WHERE job = (SELECT sequence FROM jobs WHERE id = $1 AND ($2 IS NULL OR store = $2))
       AND seq > $3 ORDER BY seq LIMIT $4"
);

/// As [`PAGE`], of those that are doubtful.
pub(super) const DOUBTFUL: &str = unit_columns!(
    "SELECT",
    "FROM units WHERE job = (SELECT sequence FROM jobs WHERE id = $1 AND ($2 IS NULL OR store = $2))
       AND state IN ('sending', 'unknown') AND seq > $3 ORDER BY seq LIMIT $4"
);

impl Journal {
    /// Plans more units, after those that there are, and records how far the work has come; both or neither.
    ///
    /// # Errors
    /// As [`Self::record_progress`].
    pub async fn append(
        &self,
        id: &JobId,
        units: Vec<NewUnit>,
        progress: &Value,
    ) -> Result<(), JournalError> {
        let (mut transaction, job) = self.own(id).await?;
        let appended = async {
            let next = sqlx::query_scalar("SELECT COALESCE(MAX(seq) + 1, 0) FROM units WHERE job = $1")
                .bind(job)
                .fetch_one(&mut *transaction)
                .await?;
            plan(&mut transaction, job, next, units).await?;
            sqlx::query("UPDATE jobs SET progress = $2 WHERE sequence = $1")
                .bind(job)
                .bind(progress.to_string())
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await
        };
        appended.await.map_err(|error| self.failed(&error))
    }

    /// The first `most` units that are planned, by `seq`. They are on the disk as being sent when this returns,
    /// so they can be.
    ///
    /// # Errors
    /// As [`Self::record_progress`].
    pub async fn claim(&self, id: &JobId, most: u32) -> Result<Vec<Unit>, JournalError> {
        let (mut transaction, job) = self.own(id).await?;
        let claimed = async {
            let update = sqlx::query_as(CLAIM).bind(job).bind(i64::from(most));
            let claimed = update.fetch_all(&mut *transaction).await?;
            let mut claimed: Vec<Unit> = claimed.into_iter().map(|UnitRow(unit)| unit).collect();
            let doubtful = claimed.iter().map(|unit| Tally::of(unit.into()).doubtful).sum();
            add(&mut transaction, job, Tally { doubtful, ..Tally::default() }).await?;
            transaction.commit().await?;
            // An update answers in any order.
            claimed.sort_unstable_by_key(|unit| unit.seq);
            Ok(claimed)
        };
        claimed.await.map_err(|error| self.failed(&error))
    }

    /// Records what became of units, of all or of none. Of several conclusions for one unit the last counts.
    ///
    /// # Errors
    /// As [`Self::record_progress`], and [`JournalError::UnknownUnit`].
    pub async fn conclude(&self, id: &JobId, conclusions: Vec<Conclusion>) -> Result<(), JournalError> {
        let conclusions: BTreeMap<_, _> =
            conclusions.into_iter().map(|conclusion| (conclusion.seq, conclusion)).collect();
        let conclusions: Vec<_> = conclusions.into_values().collect();
        let (mut transaction, job) = self.own(id).await?;
        let mut change = Tally::default();
        for chunk in conclusions.chunks(CHUNK) {
            let before =
                standings(&mut transaction, job, chunk).await.map_err(|error| self.failed(&error))?;
            for conclusion in chunk {
                let missing = || JournalError::UnknownUnit(id.clone(), conclusion.seq);
                let before = *before.get(&conclusion.seq).ok_or_else(missing)?;
                let Conclusion { state, succeeded, failed, .. } = *conclusion;
                change += Tally::change(before, Standing { state, succeeded, failed, ..before });
            }
            let mut update = update(job, chunk);
            let update = update.build().persistent(chunk.len() == CHUNK);
            update.execute(&mut *transaction).await.map_err(|error| self.failed(&error))?;
        }
        add(&mut transaction, job, change).await.map_err(|error| self.failed(&error))?;
        transaction.commit().await.map_err(|error| self.failed(&error))
    }

    /// The units that were claimed and are not settled, by `seq`.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn doubtful(&self, id: &JobId) -> Result<Vec<Unit>, JournalError> {
        self.select_units(DOUBTFUL, id, None, i64::MAX).await
    }

    /// The first `most` units after the one with the given `seq`, or of all, by `seq`.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn units(&self, id: &JobId, after: Option<u64>, most: u32) -> Result<Vec<Unit>, JournalError> {
        self.select_units(PAGE, id, after, most.into()).await
    }

    async fn select_units(
        &self,
        select: &'static str,
        id: &JobId,
        after: Option<u64>,
        most: i64,
    ) -> Result<Vec<Unit>, JournalError> {
        let Some(connections) = self.database.for_reading().await? else { return Ok(Vec::new()) };
        let rows = sqlx::query_as(select)
            .bind(id.as_str())
            .bind(self.store())
            .bind(after.map_or(-1, clamped))
            .bind(most)
            .fetch_all(connections)
            .await
            .map_err(|error| self.failed(&error))?;
        Ok(rows.into_iter().map(|UnitRow(unit)| unit).collect())
    }
}

/// Writes new units of a job down, from `next` on.
pub(super) async fn plan(
    connection: &mut SqliteConnection,
    job: i64,
    next: i64,
    units: Vec<NewUnit>,
) -> Result<(), sqlx::Error> {
    let mut units = (next..).zip(units).peekable();
    while units.peek().is_some() {
        let chunk: Vec<_> = units.by_ref().take(CHUNK).collect();
        let whole = chunk.len() == CHUNK;
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO units (job, seq, size, state, payload) ");
        insert.push_values(chunk, |mut row, (seq, unit)| {
            row.push_bind(job).push_bind(seq).push_bind(i64::from(unit.size));
            row.push("'planned'").push_bind(unit.payload);
        });
        insert.build().persistent(whole).execute(&mut *connection).await?;
    }
    Ok(())
}

/// How the units that are concluded stood before.
async fn standings(
    connection: &mut SqliteConnection,
    job: i64,
    conclusions: &[Conclusion],
) -> Result<BTreeMap<u64, Standing>, sqlx::Error> {
    let mut select =
        QueryBuilder::<Sqlite>::new("SELECT seq, size, state, succeeded, failed FROM units WHERE job = ");
    select.push_bind(job).push(" AND seq IN (");
    let mut seqs = select.separated(", ");
    for conclusion in conclusions {
        seqs.push_bind(clamped(conclusion.seq));
    }
    select.push(")");
    let select = select.build().persistent(conclusions.len() == CHUNK);
    let rows = select.fetch_all(connection).await?;
    rows.iter().map(|row: &SqliteRow| Ok((counted(row.try_get("seq")?), standing(row)?))).collect()
}

/// What writes conclusions down.
pub(super) fn update(job: i64, conclusions: &[Conclusion]) -> QueryBuilder<Sqlite> {
    let mut update =
        QueryBuilder::<Sqlite>::new("WITH concluded (seq, state, succeeded, failed, payload, result) AS (");
    update.push_values(conclusions, |mut row, conclusion| {
        row.push_bind(clamped(conclusion.seq))
            .push_bind(conclusion.state.as_str())
            .push_bind(i64::from(conclusion.succeeded))
            .push_bind(i64::from(conclusion.failed))
            .push_bind(conclusion.payload.as_deref())
            .push_bind(conclusion.result.as_deref());
    });
    update
        .push(
            ") UPDATE units
             SET state = concluded.state, succeeded = concluded.succeeded, failed = concluded.failed,
                 payload = COALESCE(concluded.payload, units.payload), result = concluded.result
             FROM concluded WHERE units.seq = concluded.seq AND units.job = ",
        )
        .push_bind(job);
    update
}

/// Adds to the sums of a job.
async fn add(connection: &mut SqliteConnection, job: i64, change: Tally) -> Result<(), sqlx::Error> {
    if change == Tally::default() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE jobs SET succeeded = succeeded + $2, failed = failed + $3, doubtful = doubtful + $4
         WHERE sequence = $1",
    )
    .bind(job)
    .bind(change.succeeded)
    .bind(change.failed)
    .bind(change.doubtful)
    .execute(connection)
    .await?;
    Ok(())
}
