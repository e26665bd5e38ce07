//! Why the state could not be read or written.

use std::path::{Path, PathBuf};

use super::ChangeId;

/// A failure of the state. The messages name the file and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The state directory is not there and cannot be made, or cannot be looked into.
    #[error(
        "the state directory {} cannot be used: {source}; make it writable for this user or name another \
         with --state-dir",
        path.display()
    )]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Other users may enter the directory, and it holds files that are not the state's.
    #[error(
        "the state directory {path} is open to other users and holds other files too: close it (chmod 700 \
         {path}) or name a directory of its own with --state-dir",
        path = .0.display()
    )]
    OpenToOthers(PathBuf),
    /// The database file is a symbolic link.
    #[error(
        "{} is a symbolic link: name the directory that holds the file itself with --state-dir, or remove the \
         link",
        .0.display()
    )]
    Link(PathBuf),
    /// The database file was not written by this program.
    #[error(
        "{} is not a state database of coupon-mcp: move it away or name another directory with --state-dir",
        .0.display()
    )]
    ForeignFile(PathBuf),
    /// The database was written by a later version of this program.
    #[error(
        "{} has the format of a newer coupon-mcp: version {found}, and this one knows version {known}; update \
         coupon-mcp or name another directory with --state-dir",
        path.display()
    )]
    NewerFile {
        /// The database file.
        path: PathBuf,
        /// The version of its format.
        found: i64,
        /// The latest version that can be read.
        known: i64,
    },
    /// The database refused: a full disk, a read-only file, another process that does not let go.
    #[error(
        "the state database {} cannot be used: {reason}; check its permissions and the free space of its disk, \
         or name another directory with --state-dir",
        path.display()
    )]
    Database {
        /// The database file; `:memory:` without one.
        path: PathBuf,
        /// What SQLite or the operating system says.
        reason: String,
    },
    /// The audit log cannot be opened or written.
    #[error(
        "the audit log {} cannot be written: {source}; check its directory, its permissions and the free space \
         of its disk, or name another file with --audit-log",
        path.display()
    )]
    Audit {
        /// The audit log.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The state is in memory, and no file was named for the audit log.
    #[error("there is no audit log while the state is in memory: name a file with --audit-log")]
    NoAuditLog,
    /// A change that is to go on or to end is not under way in this store.
    #[error("no change {0} is under way in this store")]
    NotUnderWay(ChangeId),
    /// A change that is to be marked as undone has not ended in this store, or is undone already.
    #[error("no change {0} of this store can be marked as undone: it has not ended or is undone already")]
    NotUndoable(ChangeId),
}

impl StateError {
    pub(super) fn database(path: &Path, error: &sqlx::Error) -> Self {
        /// `SQLITE_NOTADB`.
        const NOT_A_DATABASE: &str = "26";
        let path = path.to_owned();
        match error {
            sqlx::Error::Database(cause) if cause.code().is_some_and(|code| code == NOT_A_DATABASE) => {
                Self::ForeignFile(path)
            }
            sqlx::Error::Database(cause) => Self::Database { path, reason: cause.message().to_owned() },
            other => Self::Database { path, reason: other.to_string() },
        }
    }
}
