//! The state: one `SQLite` database, in memory or in a file.
//!
//! There is one connection at a time, as writes are serial anyway; other processes may use the same file at the
//! same time.
//!
//! A file keeps a rollback journal, not a write-ahead log: the file alone then holds every write that was
//! answered, so it can be copied, and a process may end at any time. No write waits for the disk, which would
//! take most of the time and keep other processes out meanwhile; what a power cut spoils is practice data.

mod codes;
mod coupons;
mod promotions;
mod settings;
mod uses;

use std::path::Path;
use std::time::Duration;

use sqlx::SqliteExecutor;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};

pub(super) use self::codes::{Batch, CouponCode, Inserted, NewCodes};
pub(super) use self::coupons::PromotionCoupon;
pub(super) use self::promotions::{Filter, Kind, Order};
use super::{SandboxError, seed};
use crate::storage::Connections;

/// Marks a database file as a sandbox's ("CPNS").
const APPLICATION_ID: i64 = 0x4350_4E53;

/// The version of the schema below, kept in the file. Files without one (0) have the same schema.
const VERSION: i64 = 1;

/// How long a statement waits for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A whole page or batch of rows, so that the thread that reads them does not wait in between for the one that
/// takes them.
const ROW_BUFFER: usize = 256;

/// A promotion is the JSON document that the API sends, without its id; the columns that queries need are
/// generated from it. Codes compare without case, and ids are never used twice.
const SCHEMA: &str = "
CREATE TABLE promotions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document TEXT NOT NULL,
    redemption_type TEXT NOT NULL GENERATED ALWAYS AS (document ->> '$.redemption_type') STORED,
    coupon_type TEXT GENERATED ALWAYS AS (document ->> '$.coupon_type') STORED,
    name TEXT NOT NULL COLLATE NOCASE GENERATED ALWAYS AS (document ->> '$.name') STORED,
    status TEXT NOT NULL COLLATE NOCASE GENERATED ALWAYS AS (document ->> '$.status') STORED,
    currency_code TEXT NOT NULL COLLATE NOCASE
        GENERATED ALWAYS AS (document ->> '$.currency_code') STORED,
    start_date TEXT NOT NULL GENERATED ALWAYS AS (document ->> '$.start_date') STORED
) STRICT;
CREATE TABLE codes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    promotion_id INTEGER NOT NULL REFERENCES promotions (id),
    code TEXT NOT NULL COLLATE NOCASE UNIQUE,
    current_uses INTEGER NOT NULL DEFAULT 0,
    max_uses INTEGER NOT NULL,
    max_uses_per_customer INTEGER NOT NULL,
    created TEXT NOT NULL
) STRICT;
CREATE INDEX codes_of_promotion ON codes (promotion_id, id);
CREATE TABLE settings (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    document TEXT NOT NULL
) STRICT;
";

/// Empties every table and starts the ids again.
const EMPTY: &str = "
DELETE FROM codes;
DELETE FROM promotions;
DELETE FROM settings;
DELETE FROM sqlite_sequence;
";

/// The store's data. Clones share the connection.
#[derive(Clone, Debug)]
pub(super) struct Store {
    connections: Connections,
}

impl Store {
    /// Opens the database file at `data`, or a new one in memory, and seeds it if it is new.
    pub(super) async fn open(data: Option<&Path>) -> Result<Self, SandboxError> {
        let Some(path) = data else {
            let opened = async {
                Self::prepared(Connections::to_memory(|options| options.row_buffer_size(ROW_BUFFER)).await?)
                    .await
            };
            return opened.await.map_err(|error| error.at(Path::new(":memory:")));
        };
        check_directory(path)?;
        Self::open_file(path).await.map_err(|error| error.at(path))
    }

    async fn open_file(path: &Path) -> Result<Self, OpenError> {
        // Whole, because SQLite takes "file:x.db" for a URI and ":memory:" for no file.
        let path = std::path::absolute(path).map_err(sqlx::Error::Io)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .busy_timeout(BUSY_TIMEOUT)
            .synchronous(SqliteSynchronous::Off)
            .row_buffer_size(ROW_BUFFER);
        let store = Self::prepared(Connections::to_file(options).await?).await?;
        // Files without a version kept a write-ahead log. Not among the options, because it is written into
        // the file, which must first be known as a sandbox's.
        sqlx::query("PRAGMA journal_mode = DELETE").execute(&store.connections).await?;
        Ok(store)
    }

    /// Lets the statement that is under way finish, refuses all others, and closes the database.
    pub(super) async fn close(&self) {
        self.connections.close().await;
    }

    /// The store, with the tables of a new database created and seeded; one that is not a sandbox's is refused.
    async fn prepared(connections: Connections) -> Result<Self, OpenError> {
        let store = Self { connections };
        // A look first: of many processes that open one file, those that find it new wait for each other.
        if is_prepared(&store.connections).await? {
            return Ok(store);
        }
        let mut transaction = store.connections.begin().await?;
        if !is_prepared(&mut *transaction).await? {
            create(&mut transaction).await?;
        }
        transaction.commit().await?;
        Ok(store)
    }

    /// Goes back to the seeds.
    pub(super) async fn reset(&self) -> Result<(), sqlx::Error> {
        let mut transaction = self.connections.begin().await?;
        sqlx::raw_sql(EMPTY).execute(&mut *transaction).await?;
        fill(&mut transaction).await?;
        transaction.commit().await
    }
}

/// Why a database cannot be used.
#[derive(Debug)]
enum OpenError {
    /// It has tables, but not a sandbox's mark, or is no database at all.
    Foreign,
    /// It has a later version of the schema.
    Newer(i64),
    Database(sqlx::Error),
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        /// `SQLITE_NOTADB`.
        const NOT_A_DATABASE: &str = "26";
        match &error {
            sqlx::Error::Database(cause) if cause.code().is_some_and(|code| code == NOT_A_DATABASE) => {
                Self::Foreign
            }
            _ => Self::Database(error),
        }
    }
}

impl OpenError {
    /// The error for the caller, with the path that they gave.
    fn at(self, path: &Path) -> SandboxError {
        let path = path.to_owned();
        match self {
            Self::Foreign => SandboxError::ForeignFile(path),
            Self::Newer(found) => SandboxError::NewerFile { path, found, known: VERSION },
            Self::Database(sqlx::Error::Database(cause)) => {
                SandboxError::Database { path, reason: cause.message().to_owned() }
            }
            Self::Database(error) => SandboxError::Database { path, reason: error.to_string() },
        }
    }
}

fn check_directory(path: &Path) -> Result<(), SandboxError> {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() && !directory.is_dir() => {
            Err(SandboxError::MissingDirectory(directory.to_owned()))
        }
        _ => Ok(()),
    }
}

/// Whether the database is a sandbox's already; if not, it is empty.
async fn is_prepared(executor: impl SqliteExecutor<'_>) -> Result<bool, OpenError> {
    let (application, version, tables): (i64, i64, i64) = sqlx::query_as(
        "SELECT application_id, user_version, (SELECT COUNT(*) FROM sqlite_schema)
         FROM pragma_application_id, pragma_user_version",
    )
    .fetch_one(executor)
    .await?;
    match (application, version, tables) {
        (APPLICATION_ID, ..=VERSION, _) => Ok(true),
        (APPLICATION_ID, ..) => Err(OpenError::Newer(version)),
        (0, _, 0) => Ok(false),
        _ => Err(OpenError::Foreign),
    }
}

async fn create(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(SCHEMA).execute(&mut *connection).await?;
    let marks = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(marks)).execute(&mut *connection).await?;
    fill(connection).await
}

async fn fill(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    promotions::seed(connection, seed::PROMOTIONS).await?;
    codes::seed(connection, &seed::codes()).await?;
    settings::seed(connection, seed::SETTINGS).await
}

/// A stored JSON document that does not parse: only a hand in the file can have done that.
fn decode_document<T: serde::de::DeserializeOwned>(document: &str) -> Result<T, sqlx::Error> {
    serde_json::from_str(document).map_err(|error| sqlx::Error::Decode(error.into()))
}

#[cfg(test)]
mod tests;
