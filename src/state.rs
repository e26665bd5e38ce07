//! What the server remembers between calls: confirmation tokens, the changes made, what was used of the daily
//! ceilings, and the audit log.
//!
//! All but the audit log is one `SQLite` database, `state.db` in the state directory or in memory, and every
//! row belongs to one store at one API address. Several processes may share a directory. An operation that
//! returned is on the disk.
//!
//! On Unix the directory is the owner's alone (0700), as are the files (0600), whatever the umask. A directory
//! that exists and is wider is closed if nothing but this program's files is in it, and refused otherwise: to
//! take away others' access to their own files is not for this program to decide.

mod audit;
mod ceilings;
mod changes;
pub(crate) mod directory;
mod error;
pub(crate) mod open;
mod probe;
mod prune;
pub(crate) mod random;
mod schema;
#[cfg(test)]
mod tests;
mod tokens;
mod wal;
mod write_lock;

use std::path::PathBuf;

use etcetera::BaseStrategy;
use jiff::Timestamp;

pub use self::audit::AuditEntry;
pub use self::ceilings::{Counted, Reservation, ReservationId, WINDOW};
pub use self::changes::{Change, ChangeEnd, ChangeId, ChangeIdError, Ending, NewChange};
pub use self::error::StateError;
use self::open::Database;
pub use self::prune::Pruned;
pub use self::tokens::{Binding, Redeemed, TOKEN_LIFE, canonical};
pub use self::write_lock::WriteGuard;
use self::write_lock::WriteLock;
use crate::storage::Connections;

/// Where the state lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In the process: it ends with the [`State`].
    Memory,
    /// In this directory, which the first write makes.
    Directory(PathBuf),
}

/// Which file is the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditLog {
    /// `audit.jsonl` in the state directory; none where the state is in memory.
    Default,
    /// This file, made with 0600 if it is missing. Its directory must exist, and the mode of a file that
    /// exists is left alone.
    File(PathBuf),
}

/// What a [`State`] is made from.
#[derive(Debug, Clone)]
pub struct StateSettings {
    /// Where the state lives.
    pub location: Location,
    /// Which store's state this is: API host and store hash, `api.bigcommerce.com/abc123`, or `sandbox`.
    pub store_key: String,
    /// Where calls are recorded.
    pub audit_log: AuditLog,
}

/// The state of one store. Share it in an `Arc`.
///
/// The first operation that needs the database opens it. Only an operation that has something to write makes
/// the directory: until then reads answer as from an empty database.
#[derive(Debug)]
pub struct State {
    settings: StateSettings,
    database: Database,
    write_lock: WriteLock,
}

impl State {
    /// Touches nothing yet.
    pub fn new(settings: StateSettings) -> Self {
        let database = Database::new(&schema::FORMAT, settings.location.clone());
        Self { settings, database, write_lock: WriteLock::new() }
    }

    /// Lets the operations under way finish, refuses all others, and closes the database.
    pub async fn close(&self) {
        self.database.close().await;
    }

    /// The database, made if it is missing.
    async fn for_writing(&self) -> Result<&Connections, StateError> {
        self.database.for_writing().await
    }

    /// The database if there is one.
    async fn for_reading(&self) -> Result<Option<&Connections>, StateError> {
        self.database.for_reading().await
    }

    /// Which store's state this is: what its rows carry.
    pub fn store_key(&self) -> &str {
        &self.settings.store_key
    }

    fn database_error(&self, error: &sqlx::Error) -> StateError {
        self.database.error(error)
    }
}

/// The state directory of this platform for this user: below `$XDG_STATE_HOME` on Linux, the local
/// application data elsewhere. `None` where the platform knows no home directory.
pub fn default_directory() -> Option<PathBuf> {
    let platform = etcetera::base_strategy::choose_native_strategy().ok()?;
    Some(platform.state_dir().unwrap_or_else(|| platform.data_dir()).join("coupon-mcp"))
}

/// The file for a practice store beside the state in `directory`, which is made if it is missing.
///
/// # Errors
/// When the directory cannot be made, or others may enter it.
pub async fn practice_store(directory: PathBuf) -> Result<PathBuf, StateError> {
    let wanted = directory.clone();
    directory::blocking(
        move || directory::practice_store(&wanted),
        |error| directory::failed(&directory, error),
    )
    .await
}

/// A time as the database holds it: milliseconds since 1970.
pub(crate) fn stored(time: Timestamp) -> i64 {
    time.as_millisecond()
}

/// A time from the database; one that no calendar has becomes the nearest that one has.
pub(crate) fn restored(milliseconds: i64) -> Timestamp {
    let nearest = if milliseconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(milliseconds).unwrap_or(nearest)
}
