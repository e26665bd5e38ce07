//! Opening the database and its schema.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqlitePool};
use tokio::time::Instant;

use super::directory::{self, DATABASE, blocking};
use super::{Location, StateError};

/// Marks a database file as a state ("CPNT").
const APPLICATION_ID: i64 = 0x4350_4E54;

/// The version of the schema below, kept in the file.
const VERSION: i64 = 1;

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Times are milliseconds since 1970. `sequence` is the order in which rows came.
const SCHEMA: &str = "
CREATE TABLE tokens (
    digest BLOB PRIMARY KEY,
    store TEXT NOT NULL,
    binding BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE TABLE changes (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    store TEXT NOT NULL,
    caller TEXT NOT NULL,
    tool TEXT NOT NULL,
    at INTEGER NOT NULL,
    summary TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'done', 'partial', 'failed')),
    before TEXT NOT NULL,
    progress TEXT,
    after TEXT,
    inverse TEXT,
    undone_by TEXT
) STRICT;
CREATE INDEX changes_of_store ON changes (store, sequence);
CREATE TABLE counter_events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    store TEXT NOT NULL,
    counter TEXT NOT NULL,
    at INTEGER NOT NULL,
    amount INTEGER NOT NULL
) STRICT;
CREATE INDEX counter_events_in_time ON counter_events (store, counter, at);
";

/// The database file as messages name it.
pub(super) fn database_file(location: &Location) -> PathBuf {
    match location {
        Location::Memory => PathBuf::from(":memory:"),
        Location::Directory(directory) => directory.join(DATABASE),
    }
}

/// Whether the directory has a database.
pub(super) fn exists(directory: &Path) -> Result<bool, StateError> {
    match fs::symlink_metadata(directory.join(DATABASE)) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(directory::failed(directory, error)),
    }
}

/// Opens the database, and makes what is missing.
pub(super) async fn open(location: &Location) -> Result<SqlitePool, StateError> {
    let file = database_file(location);
    let failed = |error: &sqlx::Error| StateError::database(&file, error);
    match location {
        Location::Memory => {
            let options =
                SqliteConnectOptions::from_str("sqlite::memory:").map_err(|error| failed(&error))?;
            let pool = connect(options).await.map_err(|error| failed(&error))?;
            prepare(&pool, &file).await?;
            Ok(pool)
        }
        Location::Directory(directory) => {
            let wanted = directory.clone();
            blocking(move || enter(&wanted), |error| directory::failed(directory, error)).await?;
            let pool = connect(file_options(&file)?).await.map_err(|error| failed(&error))?;
            prepare(&pool, &file).await?;
            // SQLite makes the file by the umask, and gives the files beside it the mode that it then has.
            directory::restrict(&file).map_err(|error| failed(&sqlx::Error::Io(error)))?;
            write_ahead(&pool).await.map_err(|error| failed(&error))?;
            Ok(pool)
        }
    }
}

/// Makes the directory, and refuses a linked database: `SQLite` keeps its journal beside the link's target,
/// in a directory that may be anybody's.
fn enter(directory: &Path) -> Result<(), StateError> {
    directory::ensure(directory)?;
    let file = directory.join(DATABASE);
    match fs::symlink_metadata(&file) {
        Ok(found) if found.is_symlink() => Err(StateError::Link(file)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(directory::failed(directory, error)),
        _ => Ok(()),
    }
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

/// One connection that never ends: an in-memory database lives and dies with its connection, and writes are
/// serial anyway.
async fn connect(options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    SqlitePoolOptions::new()
        .min_connections(1)
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options.disable_statement_logging())
        .await
}

/// Creates the tables of a new database, and refuses one that is not a state.
async fn prepare(pool: &SqlitePool, file: &Path) -> Result<(), StateError> {
    let failed = |error: sqlx::Error| StateError::database(file, &error);
    // A look first: of many processes that open one file, those that find it new wait for each other.
    let mut connection = pool.acquire().await.map_err(failed)?;
    if is_prepared(&mut connection, file).await? {
        return Ok(());
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    if !is_prepared(&mut transaction, file).await? {
        let marks = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}");
        sqlx::raw_sql(SCHEMA).execute(&mut *transaction).await.map_err(failed)?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(marks)).execute(&mut *transaction).await.map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}

/// Turns the write-ahead log on. Not among the options of a connection, because it is written into the file,
/// which must first be known as ours.
async fn write_ahead(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    const PAUSE: Duration = Duration::from_millis(10);
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match sqlx::query("PRAGMA journal_mode = WAL").execute(pool).await {
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

/// Whether the database is a state already; if not, it is empty.
async fn is_prepared(connection: &mut SqliteConnection, file: &Path) -> Result<bool, StateError> {
    let (application, version, tables): (i64, i64, i64) = sqlx::query_as(
        "SELECT application_id, user_version, (SELECT COUNT(*) FROM sqlite_schema)
         FROM pragma_application_id, pragma_user_version",
    )
    .fetch_one(connection)
    .await
    .map_err(|error| StateError::database(file, &error))?;
    match (application, version, tables) {
        (APPLICATION_ID, ..=VERSION, _) => Ok(true),
        (APPLICATION_ID, found, _) => {
            Err(StateError::NewerFile { path: file.to_owned(), found, known: VERSION })
        }
        (0, _, 0) => Ok(false),
        _ => Err(StateError::ForeignFile(file.to_owned())),
    }
}
