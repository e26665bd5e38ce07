//! The journal as its users see it; "another process" is another [`Journal`] on the same directory: the lock of
//! a file belongs to who opened it.

mod faults;
mod files;
mod jobs;
mod ownership;
mod takeover;
mod units;

use std::path::Path;

use jiff::Timestamp;
use serde_json::json;

use super::{Journal, JournalError, Scope};
use crate::jobs::{Conclusion, JobId, JobRecord, Kind, NewJob, NewUnit, Unit, UnitState};
use crate::state::Location;

const STORE: &str = "api.bigcommerce.com/abc123";

/// Texts as a hostile store may hold them.
const HOSTILE: &str = "'); DROP TABLE jobs; --\u{0}\n\r\u{202e}\u{200b}\"{}\\u0041 $1 ?1 \u{1f600}";

fn scoped(directory: &Path, scope: Scope) -> Journal {
    Journal::new(Location::Directory(directory.to_owned()), scope)
}

fn on_disk(directory: &Path) -> Journal {
    scoped(directory, Scope::Store(STORE.to_owned()))
}

fn in_memory() -> Journal {
    Journal::new(Location::Memory, Scope::Store(STORE.to_owned()))
}

fn noon() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn new_job() -> NewJob {
    NewJob {
        kind: Kind::Generate,
        promotion_id: Some(7),
        lane: None,
        caller: "anna".to_owned(),
        arguments: json!({ "count": 5000 }),
        spec: json!({ "length": 8 }),
        requested: 5000,
        at: noon(),
    }
}

fn in_lane(lane: &str) -> NewJob {
    NewJob { lane: Some(lane.to_owned()), ..new_job() }
}

/// Units of 250, as many as asked for.
fn new_units(count: usize) -> Vec<NewUnit> {
    (0..count).map(|n| NewUnit { size: 250, payload: format!("{{\"batch\":{n}}}") }).collect()
}

/// A unit of [`new_units`] as it is planned.
fn planned(seq: u64) -> Unit {
    Unit {
        seq,
        size: 250,
        state: UnitState::Planned,
        attempts: 0,
        succeeded: 0,
        failed: 0,
        payload: format!("{{\"batch\":{seq}}}"),
        result: None,
    }
}

fn conclusion(seq: u64, state: UnitState, succeeded: u32, failed: u32) -> Conclusion {
    Conclusion { seq, state, succeeded, failed, payload: None, result: None }
}

fn done(seq: u64) -> Conclusion {
    conclusion(seq, UnitState::Done, 250, 0)
}

async fn begin(journal: &Journal) -> JobId {
    journal.begin(new_job(), new_units(3)).await.unwrap()
}

async fn job(journal: &Journal, id: &JobId) -> JobRecord {
    journal.job(id).await.unwrap().unwrap()
}

async fn taken_over(journal: &Journal) -> Vec<JobId> {
    journal.take_over().await.unwrap().into_iter().map(|job| job.id).collect()
}

fn is_not_owner<T>(outcome: Result<T, JournalError>, id: &JobId) -> bool {
    matches!(outcome, Err(JournalError::NotOwner(refused)) if refused == *id)
}

fn is_unknown<T>(outcome: Result<T, JournalError>, id: &JobId) -> bool {
    matches!(outcome, Err(JournalError::UnknownJob(refused)) if refused == *id)
}

fn lane_taken<T>(outcome: Result<T, JournalError>) -> Option<JobId> {
    match outcome {
        Err(JournalError::LaneTaken(id)) => Some(id),
        _ => None,
    }
}
