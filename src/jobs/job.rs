//! What a job is.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::state::random;

const PREFIX: &str = "job_";
const ID_LENGTH: usize = 12;

/// The name of a job: `job_` and 12 small letters and digits, none of `i`, `l`, `o`, `u`; 60 random bits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct JobId(String);

/// A text that is no [`JobId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a job id is job_ and 12 letters and digits, as the answer to the call that started the job gave it")]
pub struct JobIdError;

impl JobId {
    pub(super) fn random() -> Self {
        Self(format!("{PREFIX}{}", random::speakable(ID_LENGTH)))
    }

    /// `job_...`
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for JobId {
    type Err = JobIdError;

    /// Takes capitals and blanks at the ends too, and an `o` for 0 or an `i` or `l` for 1: people type these.
    fn from_str(text: &str) -> Result<Self, JobIdError> {
        random::read_aloud(PREFIX, ID_LENGTH, text).map(Self).ok_or(JobIdError)
    }
}

impl TryFrom<String> for JobId {
    type Error = JobIdError;

    fn try_from(text: String) -> Result<Self, JobIdError> {
        text.parse()
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Makes new codes.
    Generate,
    /// Creates codes that the caller has.
    Import,
    /// Deletes codes.
    Delete,
    /// Writes codes to a file.
    Export,
    /// Counts codes and their uses.
    Summarize,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Generate, Self::Import, Self::Delete, Self::Export, Self::Summarize];

    /// `generate`, `import`, `delete`, `export` or `summarize`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generate => "generate",
            Self::Import => "import",
            Self::Delete => "delete",
            Self::Export => "export",
            Self::Summarize => "summarize",
        }
    }

    /// The tool that begins it.
    pub fn tool(self) -> &'static str {
        match self {
            Self::Generate => "generate_coupon_codes",
            Self::Import => "import_coupon_codes",
            Self::Delete => "delete_coupon_codes",
            Self::Export => "export_coupon_codes",
            Self::Summarize => "summarize_coupon_codes",
        }
    }

    /// Whether it alters the store.
    pub fn writes(self) -> bool {
        matches!(self, Self::Generate | Self::Import | Self::Delete)
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobState {
    /// Under way, or to be taken up by the next process if its own is gone.
    Running,
    /// All of it was settled.
    Done,
    /// Stopped at somebody's wish; it can be resumed.
    Cancelled,
    /// Stopped by a failure; it can be resumed.
    Failed,
    /// Stopped because it cannot tell what became of some of it. It keeps its lane until a person decides.
    NeedsAttention,
}

impl JobState {
    const ALL: [Self; 5] = [Self::Running, Self::Done, Self::Cancelled, Self::Failed, Self::NeedsAttention];

    /// `running`, `done`, `cancelled`, `failed` or `needs_attention`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::NeedsAttention => "needs_attention",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// Where a unit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnitState {
    /// Not sent, or sent and surely without effect.
    Planned,
    /// About to be sent, or sent and not answered.
    Sending,
    /// Settled. Single items of it may have failed.
    Done,
    /// Settled: it has no effect and will not be tried again.
    Failed,
    /// Sent, and its answer did not say what it did.
    Unknown,
}

impl UnitState {
    const ALL: [Self; 5] = [Self::Planned, Self::Sending, Self::Done, Self::Failed, Self::Unknown];

    /// `planned`, `sending`, `done`, `failed` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sending => "sending",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it is known what became of it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// A job about to begin.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// What it does.
    pub kind: Kind,
    /// The promotion whose codes it is about, if it is one.
    pub promotion_id: Option<u64>,
    /// Of the jobs of a store with the same lane, one at a time is running or needs attention.
    pub lane: Option<String>,
    /// Who asked for it.
    pub caller: String,
    /// What was asked for, as the call gave it.
    pub arguments: Value,
    /// What is to be done; the shape is the kind's own.
    pub spec: Value,
    /// How many items are to be dealt with, as far as that is known.
    pub requested: u64,
    /// When.
    pub at: Timestamp,
}

/// A unit to be planned: what one request will carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUnit {
    /// How many items it holds.
    pub size: u32,
    /// What to send; the shape is the kind's own, JSON for instance.
    pub payload: String,
}

/// What one request carries, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its place in the job, counted from 0.
    pub seq: u64,
    /// How many items it holds.
    pub size: u32,
    /// Where it stands.
    pub state: UnitState,
    /// How often it was claimed.
    pub attempts: u32,
    /// How many of its items are as they were asked for.
    pub succeeded: u32,
    /// How many of its items are known not to be.
    pub failed: u32,
    /// What to send.
    pub payload: String,
    /// What was answered; the shape is the kind's own.
    pub result: Option<String>,
}

/// What became of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    /// Which unit.
    pub seq: u64,
    /// Where it stands now; [`UnitState::Planned`] puts it back, to be claimed again.
    pub state: UnitState,
    /// How many of its items are as they were asked for.
    pub succeeded: u32,
    /// How many of its items are known not to be.
    pub failed: u32,
    /// Takes the place of the unit's payload; `None` leaves it.
    pub payload: Option<String>,
    /// Takes the place of the unit's result; `None` takes that away.
    pub result: Option<String>,
}

impl Conclusion {
    /// Where a unit stands, without anything to count or to keep.
    pub fn of(seq: u64, state: UnitState) -> Self {
        Self { seq, state, succeeded: 0, failed: 0, payload: None, result: None }
    }
}

/// How far a job has come, in items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// What was asked for.
    pub requested: u64,
    /// What is as it was asked for.
    pub succeeded: u64,
    /// What is known not to be.
    pub failed: u64,
    /// What is sent or about to be, and not settled.
    pub unknown: u64,
    /// The rest.
    pub remaining: u64,
}

/// A job as the journal tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRecord {
    /// Its name.
    pub id: JobId,
    /// Which store it is about: API host and store hash, or `sandbox`.
    pub store: String,
    /// What it does.
    pub kind: Kind,
    /// Where it stands.
    pub state: JobState,
    /// The promotion whose codes it is about, if it is one.
    pub promotion_id: Option<u64>,
    /// Who asked for it.
    pub caller: String,
    /// What was asked for, as the call gave it.
    pub arguments: Value,
    /// What is to be done; the shape is the kind's own.
    pub spec: Value,
    /// How far the work has come, as last recorded; the shape is the kind's own.
    pub progress: Option<Value>,
    /// What came of it; `None` until it ended.
    pub result: Option<Value>,
    /// Why it stands where it stands, for people.
    pub reason: Option<String>,
    /// What was asked for, in items.
    pub requested: u64,
    /// When it was begun, in whole milliseconds.
    pub created_at: Timestamp,
    /// When it ended, in whole milliseconds; `None` while it is running.
    pub ended_at: Option<Timestamp>,
    /// Whether somebody wants it to stop.
    pub cancel_requested: bool,
    /// How far it has come, in items.
    pub counts: Counts,
    /// Whether another process runs it.
    pub owned_elsewhere: bool,
}

impl JobRecord {
    /// Unused codes that the promotion had before a generation, where they were counted.
    pub fn unused_before(&self) -> Option<u64> {
        self.progress.as_ref()?.get("baseline")?.get("unused")?.as_u64()
    }

    /// How far the job has come, for people: of a running one, what is on its way or being looked up is not done
    /// yet, and nothing to worry about.
    pub fn standing(&self) -> Counts {
        let counts = self.counts;
        match self.state {
            JobState::Running => {
                Counts { unknown: 0, remaining: counts.remaining + counts.unknown, ..counts }
            }
            _ => counts,
        }
    }
}
