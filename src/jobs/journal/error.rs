//! Why the journal could not do what it was asked.

use crate::jobs::JobId;
use crate::state::StateError;

/// A failure of the journal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The journal cannot be read or written. The message names the file and what to do.
    #[error(transparent)]
    State(#[from] StateError),
    /// Another job of the same lane is running or needs attention.
    #[error("job {0} is in the way: it is running or needs attention; wait for its end or cancel it")]
    LaneTaken(JobId),
    /// There is no such job, or it is another store's.
    #[error("there is no job {0} in this store's journal")]
    UnknownJob(JobId),
    /// Only who runs a job may write to it, and this process does not.
    #[error("job {0} is not run by this process, or no more")]
    NotOwner(JobId),
    /// The job has no such unit.
    #[error("job {0} has no unit {1}")]
    UnknownUnit(JobId, u64),
    /// The journal is open for all stores, and a job is about one.
    #[error("a job belongs to one store, and this journal was opened for all stores")]
    NoStore,
    /// The work on the journal ended without an answer.
    #[error("the work on the journal crashed: {0}")]
    Crashed(String),
}
