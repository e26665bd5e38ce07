//! Opening a database in the state directory, and bringing its tables up to date.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::SqliteExecutor;
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::directory::{self, blocking};
use super::wal::{self, beside};
use super::{Location, StateError};
use crate::storage::Connections;

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// What a database of this program looks like.
#[derive(Debug)]
pub(crate) struct Format {
    /// The name of its file in the state directory, known to [`directory`].
    pub(crate) file: &'static str,
    /// Marks the file as this one; 31 bits.
    pub(crate) application_id: i64,
    /// What makes the tables, the oldest first. The version of a file, which it keeps, is the number of those
    /// that were applied to it. So none may ever change once it was released.
    pub(crate) migrations: &'static [&'static str],
}

/// A database in the state directory or in memory.
///
/// The first operation that needs it opens it. Only one that has something to write makes the directory and
/// the file.
#[derive(Debug)]
pub(crate) struct Database {
    format: &'static Format,
    location: Location,
    connections: OnceCell<Connections>,
}

impl Database {
    /// Touches nothing yet.
    pub(crate) fn new(format: &'static Format, location: Location) -> Self {
        Self { format, location, connections: OnceCell::new() }
    }

    /// Where it lives.
    pub(crate) fn location(&self) -> &Location {
        &self.location
    }

    /// The database, made if it is missing.
    pub(crate) async fn for_writing(&self) -> Result<&Connections, StateError> {
        self.connections.get_or_try_init(|| self.format.open(&self.location)).await
    }

    /// The database if there is one.
    pub(crate) async fn for_reading(&self) -> Result<Option<&Connections>, StateError> {
        if self.exists()? { self.for_writing().await.map(Some) } else { Ok(None) }
    }

    /// Whether there is one.
    pub(crate) fn exists(&self) -> Result<bool, StateError> {
        match &self.location {
            _ if self.connections.initialized() => Ok(true),
            Location::Memory => Ok(false),
            Location::Directory(directory) => match fs::symlink_metadata(directory.join(self.format.file)) {
                Ok(_) => Ok(true),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
                Err(error) => Err(directory::failed(directory, error)),
            },
        }
    }

    /// Lets the operations under way finish, refuses all others, and closes the database.
    pub(crate) async fn close(&self) {
        if let Some(connections) = self.connections.get() {
            connections.close().await;
        }
    }

    /// A failure of this database.
    pub(crate) fn error(&self, error: &sqlx::Error) -> StateError {
        StateError::database(&self.format.path(&self.location), error)
    }
}

impl Format {
    /// The file as messages name it.
    fn path(&self, location: &Location) -> PathBuf {
        match location {
            Location::Memory => PathBuf::from(":memory:"),
            Location::Directory(directory) => directory.join(self.file),
        }
    }

    /// Opens the database, and makes what is missing.
    async fn open(&self, location: &Location) -> Result<Connections, StateError> {
        let file = self.path(location);
        let failed = |error: &sqlx::Error| StateError::database(&file, error);
        match location {
            Location::Memory => {
                let connections =
                    Connections::to_memory(|options| options).await.map_err(|error| failed(&error))?;
                self.migrate(&connections, &file).await?;
                Ok(connections)
            }
            Location::Directory(directory) => {
                let (wanted, wanted_file) = (directory.clone(), file.clone());
                let enter = move || enter(&wanted, &wanted_file);
                blocking(enter, |error| directory::failed(directory, error)).await?;
                let connections = Connections::to_file(file_options(&file)?).await;
                let connections = connections.map_err(|error| failed(&error))?;
                self.migrate(&connections, &file).await?;
                // SQLite makes the file by the umask, and gives the files beside it the mode that it then has.
                directory::restrict(&file).map_err(|error| failed(&sqlx::Error::Io(error)))?;
                write_ahead(&connections).await.map_err(|error| failed(&error))?;
                Ok(connections)
            }
        }
    }

    /// Makes the tables of a new database or those that an older one lacks, and refuses what is not ours.
    async fn migrate(&self, connections: &Connections, file: &Path) -> Result<(), StateError> {
        let failed = |error: sqlx::Error| StateError::database(file, &error);
        // A look first: of many processes that open one file, those that find it old wait for each other.
        if self.missing(connections, file).await?.is_empty() {
            return Ok(());
        }
        let mut transaction = connections.begin().await.map_err(failed)?;
        for migration in self.missing(&mut *transaction, file).await? {
            sqlx::raw_sql(*migration).execute(&mut *transaction).await.map_err(failed)?;
        }
        let marks = format!(
            "PRAGMA application_id = {}; PRAGMA user_version = {}",
            self.application_id,
            self.migrations.len()
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(marks)).execute(&mut *transaction).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    /// The migrations that were not yet applied: all of them for an empty file.
    async fn missing(
        &self,
        executor: impl SqliteExecutor<'_>,
        file: &Path,
    ) -> Result<&'static [&'static str], StateError> {
        let (application, version, tables): (i64, i64, i64) = sqlx::query_as(
            "SELECT application_id, user_version, (SELECT COUNT(*) FROM sqlite_schema)
             FROM pragma_application_id, pragma_user_version",
        )
        .fetch_one(executor)
        .await
        .map_err(|error| StateError::database(file, &error))?;
        if (application, tables) == (0, 0) {
            return Ok(self.migrations);
        }
        let applied = usize::try_from(version).ok().filter(|_| application == self.application_id);
        let Some(applied) = applied else { return Err(StateError::ForeignFile(file.to_owned())) };
        self.migrations.get(applied..).ok_or_else(|| StateError::NewerFile {
            path: file.to_owned(),
            found: version,
            known: i64::try_from(self.migrations.len()).unwrap_or(i64::MAX),
        })
    }
}

/// Makes the directory, and refuses a linked database: `SQLite` keeps its journal beside the link's target,
/// in a directory that may be anybody's. The files of the journal may be no links either.
fn enter(directory: &Path, file: &Path) -> Result<(), StateError> {
    directory::ensure(directory)?;
    for file in [file.to_owned(), beside(file, "-wal"), beside(file, "-shm"), beside(file, "-journal")] {
        match fs::symlink_metadata(&file) {
            Ok(found) if found.is_symlink() => return Err(StateError::Link(file)),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(directory::failed(directory, error));
            }
            _ => {}
        }
    }
    if wal::is_lost(file) {
        tracing::warn!(
            file = %beside(file, "-wal").display(),
            "The file is missing or cut short, though {} was not closed: what was written last is lost, so changes \
             and jobs may have been made that are not on record here. Look in the store's control panel. Move or \
             copy such files together, and never remove one.",
            file.display()
        );
    }
    Ok(())
}

fn file_options(file: &Path) -> Result<SqliteConnectOptions, StateError> {
    // Whole, because SQLite takes "file:x" for a URI.
    let whole =
        std::path::absolute(file).map_err(|error| StateError::database(file, &sqlx::Error::Io(error)))?;
    Ok(SqliteConnectOptions::new()
        .filename(whole)
        .create_if_missing(true)
        .busy_timeout(BUSY_TIMEOUT)
        .synchronous(SqliteSynchronous::Full))
}

/// Turns the write-ahead log on. Not among the options of a connection, because it is written into the file,
/// which must first be known as ours.
async fn write_ahead(connections: &Connections) -> Result<(), sqlx::Error> {
    const PAUSE: Duration = Duration::from_millis(10);
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match sqlx::query("PRAGMA journal_mode = WAL").execute(connections).await {
            // Of processes that open a new file at once, SQLite sends some away without the busy timeout.
            Err(error) if is_busy(&error) && Instant::now() < deadline => tokio::time::sleep(PAUSE).await,
            outcome => return outcome.map(|_| ()),
        }
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    /// The lowest byte of all kinds of `SQLITE_BUSY`.
    const BUSY: i64 = 5;
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<i64>().ok());
    code.is_some_and(|code| code & 0xff == BUSY)
}
