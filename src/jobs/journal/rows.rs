//! Jobs and units as the database holds them.

use std::ops::AddAssign;

use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use crate::jobs::owner::Tenure;
use crate::jobs::reading::Reading;
use crate::jobs::{Counts, JobId, JobRecord, JobState, Kind, Unit, UnitState};
use crate::state::restored;

/// A job as its row tells it.
#[derive(Debug)]
pub(super) struct JobRow {
    pub(super) sequence: i64,
    pub(super) record: JobRecord,
    /// `None` if nobody runs it.
    pub(super) tenure: Option<Tenure>,
}

/// The columns of a [`JobRow`], in a statement that goes on as the argument says.
macro_rules! job_columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " sequence, id, store, kind, state, promotion_id, caller, arguments, spec, progress, result, reason,
              created_at, ended_at, cancel_requested, requested, succeeded, failed, doubtful, owner, machine,
              lease_until ",
            $after
        )
    };
}

/// The columns of a [`UnitRow`], as above.
macro_rules! unit_columns {
    ($before:literal, $after:literal) => {
        concat!($before, " seq, size, state, attempts, succeeded, failed, payload, result ", $after)
    };
}

pub(super) use {job_columns, unit_columns};

impl FromRow<'_, SqliteRow> for JobRow {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let tenure = match (row.try_get("owner")?, row.try_get("machine")?, row.try_get("lease_until")?) {
            (Some(owner), Some(machine), Some(until)) => Some(Tenure { owner, machine, until }),
            _ => None,
        };
        let kind = known("kind", row.try_get("kind")?, Kind::named)?;
        let progress = row.try_get::<Option<&str>, _>("progress")?.map(decode).transpose()?;
        let counts = match Reading::of(kind, progress.as_ref()) {
            Some(reading) => reading.counts(),
            None => sums(row)?,
        };
        Ok(Self {
            sequence: row.try_get("sequence")?,
            record: JobRecord {
                id: id(row.try_get("id")?)?,
                store: row.try_get("store")?,
                kind,
                state: known("state", row.try_get("state")?, JobState::named)?,
                promotion_id: row.try_get::<Option<i64>, _>("promotion_id")?.map(counted),
                caller: row.try_get("caller")?,
                arguments: decode(row.try_get("arguments")?)?,
                spec: decode(row.try_get("spec")?)?,
                progress,
                result: row.try_get::<Option<&str>, _>("result")?.map(decode).transpose()?,
                reason: row.try_get("reason")?,
                requested: counts.requested,
                created_at: restored(row.try_get("created_at")?),
                ended_at: row.try_get::<Option<i64>, _>("ended_at")?.map(restored),
                cancel_requested: row.try_get("cancel_requested")?,
                counts,
                owned_elsewhere: false,
            },
            tenure,
        })
    }
}

/// The counts of a job with units.
fn sums(row: &SqliteRow) -> Result<Counts, sqlx::Error> {
    let sum = |column| Ok::<_, sqlx::Error>(counted(row.try_get(column)?));
    let (requested, succeeded) = (sum("requested")?, sum("succeeded")?);
    let (failed, unknown) = (sum("failed")?, sum("doubtful")?);
    let remaining = requested.saturating_sub(succeeded).saturating_sub(failed).saturating_sub(unknown);
    Ok(Counts { requested, succeeded, failed, unknown, remaining })
}

/// A unit as its row tells it.
#[derive(Debug)]
pub(super) struct UnitRow(pub(super) Unit);

impl FromRow<'_, SqliteRow> for UnitRow {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let Standing { size, state, succeeded, failed } = standing(row)?;
        Ok(Self(Unit {
            seq: counted(row.try_get("seq")?),
            size,
            state,
            attempts: small(row.try_get("attempts")?)?,
            succeeded,
            failed,
            payload: row.try_get("payload")?,
            result: row.try_get("result")?,
        }))
    }
}

/// As much of a unit as the sums of its job depend on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub(super) size: u32,
    pub(super) state: UnitState,
    pub(super) succeeded: u32,
    pub(super) failed: u32,
}

/// What units add to the sums of their job, in items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) succeeded: i64,
    pub(super) failed: i64,
    pub(super) doubtful: i64,
}

impl Tally {
    /// What a unit adds as it stands.
    pub(super) fn of(unit: Standing) -> Self {
        let (succeeded, failed) = (i64::from(unit.succeeded), i64::from(unit.failed));
        let unsettled = matches!(unit.state, UnitState::Sending | UnitState::Unknown);
        let doubtful = if unsettled { (i64::from(unit.size) - succeeded - failed).max(0) } else { 0 };
        Self { succeeded, failed, doubtful }
    }

    /// What a unit adds more in its new standing than it did before.
    pub(super) fn change(before: Standing, after: Standing) -> Self {
        let (before, after) = (Self::of(before), Self::of(after));
        Self {
            succeeded: after.succeeded - before.succeeded,
            failed: after.failed - before.failed,
            doubtful: after.doubtful - before.doubtful,
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.succeeded += more.succeeded;
        self.failed += more.failed;
        self.doubtful += more.doubtful;
    }
}

impl From<&Unit> for Standing {
    fn from(unit: &Unit) -> Self {
        Self { size: unit.size, state: unit.state, succeeded: unit.succeeded, failed: unit.failed }
    }
}

/// A number as the database can hold it. No store has that many codes.
pub(super) fn clamped(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number from the database.
pub(super) fn counted(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

pub(super) fn id(text: &str) -> Result<JobId, sqlx::Error> {
    text.parse().map_err(undecodable)
}

// What follows fails only where a hand was in the file.

pub(super) fn standing(row: &SqliteRow) -> Result<Standing, sqlx::Error> {
    Ok(Standing {
        size: small(row.try_get("size")?)?,
        state: known("state", row.try_get("state")?, UnitState::named)?,
        succeeded: small(row.try_get("succeeded")?)?,
        failed: small(row.try_get("failed")?)?,
    })
}

fn small(number: i64) -> Result<u32, sqlx::Error> {
    number.try_into().map_err(undecodable)
}

fn decode(document: &str) -> Result<Value, sqlx::Error> {
    serde_json::from_str(document).map_err(undecodable)
}

fn known<T>(column: &str, name: &str, named: fn(&str) -> Option<T>) -> Result<T, sqlx::Error> {
    named(name).ok_or_else(|| undecodable(format!("{column} {name:?} is unknown")))
}

fn undecodable(error: impl Into<sqlx::error::BoxDynError>) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}
