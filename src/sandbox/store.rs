//! The state: one `SQLite` database, in memory or in a file.
//!
//! There is one connection. An in-memory database lives and dies with its connection, and in both forms
//! writes are serial anyway; other processes may use the same file at the same time.

mod codes;
mod promotions;
mod settings;

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

pub(super) use self::codes::{CouponCode, Inserted, NewCodes};
pub(super) use self::promotions::{Filter, Kind, Order};
use super::{SandboxError, seed};

/// Marks a database file as a sandbox's ("CPNS").
const APPLICATION_ID: i64 = 0x4350_4E53;

/// How long a statement waits for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

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
    pool: SqlitePool,
}

impl Store {
    /// Opens the database file at `data`, or a new one in memory, and seeds it if it is new.
    pub(super) async fn open(data: Option<&Path>) -> Result<Self, SandboxError> {
        let Some(path) = data else {
            return Ok(Self::connect(SqliteConnectOptions::from_str("sqlite::memory:")?).await?);
        };
        check_directory(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .busy_timeout(BUSY_TIMEOUT)
            .synchronous(SqliteSynchronous::Normal);
        let store = Self::connect(options).await.map_err(|error| match error {
            error if is_foreign(&error) => SandboxError::ForeignFile(path.to_owned()),
            error => error.into(),
        })?;
        // Not among the options: it is written into the file, which must first be known as a sandbox's.
        sqlx::query("PRAGMA journal_mode = WAL").execute(&store.pool).await?;
        Ok(store)
    }

    async fn connect(options: SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        let pool = SqlitePoolOptions::new()
            .min_connections(1)
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options.disable_statement_logging())
            .await?;
        let store = Self { pool };
        store.prepare().await?;
        Ok(store)
    }

    /// Creates and seeds the tables of a new database, and refuses one that is not a sandbox's.
    async fn prepare(&self) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let (application, tables): (i64, i64) = sqlx::query_as(
            "SELECT application_id, (SELECT COUNT(*) FROM sqlite_schema) FROM pragma_application_id",
        )
        .fetch_one(&mut *transaction)
        .await?;
        match (application, tables) {
            (APPLICATION_ID, _) => {}
            (0, 0) => create(&mut transaction).await?,
            _ => return Err(sqlx::Error::Configuration(Box::new(NotASandbox))),
        }
        transaction.commit().await
    }

    /// Goes back to the seeds.
    pub(super) async fn reset(&self) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::raw_sql(EMPTY).execute(&mut *transaction).await?;
        fill(&mut transaction).await?;
        transaction.commit().await
    }
}

/// The database has tables, but not a sandbox's mark.
#[derive(Debug, thiserror::Error)]
#[error("the database is not a sandbox's")]
struct NotASandbox;

fn check_directory(path: &Path) -> Result<(), SandboxError> {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() && !directory.is_dir() => {
            Err(SandboxError::MissingDirectory(directory.to_owned()))
        }
        _ => Ok(()),
    }
}

/// Whether the file is another program's database, or no database at all.
fn is_foreign(error: &sqlx::Error) -> bool {
    /// `SQLITE_NOTADB`.
    const NOT_A_DATABASE: &str = "26";
    match error {
        sqlx::Error::Configuration(cause) => cause.is::<NotASandbox>(),
        sqlx::Error::Database(cause) => cause.code().is_some_and(|code| code == NOT_A_DATABASE),
        _ => false,
    }
}

async fn create(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(SCHEMA).execute(&mut *connection).await?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("PRAGMA application_id = {APPLICATION_ID}")))
        .execute(&mut *connection)
        .await?;
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
