//! Bulk work: jobs that outlive a call and a process.
//!
//! The promise is exactly what was asked for, once, whatever happens. So a job is written down before the first
//! request goes out, and each of its units (a code or a batch) before it is sent. What was under way when a
//! process died is known then, and settled by looking at the store, never by sending again.

mod carry;
mod estimate;
pub mod export;
mod job;
mod journal;
mod owner;
mod reading;
pub(crate) mod reason;
mod record;
pub mod report;
mod run;
mod runner;
pub mod spec;
mod summarize;
pub mod units;
mod walk;
mod work;

pub use self::job::{
    Conclusion, Counts, JobId, JobIdError, JobRecord, JobState, Kind, NewJob, NewUnit, Unit, UnitState,
};
pub use self::journal::{Journal, JournalError, Renewed, Scope};
pub use self::owner::LEASE;
pub use self::runner::{JobSettings, Jobs};
