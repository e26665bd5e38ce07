//! Connections to an `SQLite` database, of which none is used again once it has failed.
//!
//! After a full disk, for one, nobody can say whether a connection is still inside a transaction. Whatever fails
//! on a connection closes it, which rolls back what was not committed, and the next operation opens a new one. So
//! does a transaction that is given up half-way, as by a call that nobody waits for any more.

#[cfg(test)]
pub(crate) mod fault;

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use sqlx::error::ErrorKind;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqlitePoolOptions, SqliteQueryResult, SqliteRow, SqliteStatement,
    SqliteTypeInfo,
};
use sqlx::{ConnectOptions, Either, Error, Execute, Executor, SqlStr, Sqlite, SqlitePool};

/// One connection at a time: writes are serial anyway. Clones share it. Run a query on a reference to this, or on a
/// [`Transaction`].
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    pool: SqlitePool,
    /// Does nothing but be there: a database in memory ends with its last connection.
    _anchor: Option<Arc<SqliteConnection>>,
}

impl Connections {
    /// Connects to a database in a file.
    pub(crate) async fn to_file(options: SqliteConnectOptions) -> Result<Self, Error> {
        Ok(Self { pool: connect(options).await?, _anchor: None })
    }

    /// Connects to a new database in memory, which ends with the last clone of this.
    pub(crate) async fn to_memory(
        adjust: impl FnOnce(SqliteConnectOptions) -> SqliteConnectOptions,
    ) -> Result<Self, Error> {
        // A name of its own, by which all its connections find it.
        let options = adjust("sqlite::memory:".parse()?);
        let anchor = options.connect().await?;
        Ok(Self { pool: connect(options).await?, _anchor: Some(Arc::new(anchor)) })
    }

    /// Begins a transaction that writes.
    pub(crate) async fn begin(&self) -> Result<Transaction, Error> {
        let connection = self.pool.acquire().await?;
        let mut transaction = Transaction { connection, is_open: true };
        sqlx::query("BEGIN IMMEDIATE").execute(&mut *transaction).await?;
        Ok(transaction)
    }

    /// Lets the operations under way finish, refuses all others, and closes the database.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    /// Runs `work` on a connection, which is closed if that fails.
    async fn with<T>(
        self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut connection = self.pool.acquire().await?;
        let outcome = work(&mut connection).await;
        if outcome.as_ref().is_err_and(|error| !is_an_answer(error)) {
            connection.close_on_drop();
        }
        outcome
    }
}

async fn connect(options: SqliteConnectOptions) -> Result<SqlitePool, Error> {
    SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options.disable_statement_logging())
        .await
}

/// Whether the database answered what it was asked: that there is such a row already, for one.
fn is_an_answer(error: &Error) -> bool {
    error.as_database_error().is_some_and(|error| !matches!(error.kind(), ErrorKind::Other))
}

impl<'c> Executor<'c> for &'c Connections {
    type Database = Sqlite;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<SqliteQueryResult, SqliteRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        let connections = self.clone();
        let fetched = async move {
            let all = connections
                .with(async |connection| connection.fetch_many(query).try_collect::<Vec<_>>().await)
                .await?;
            Ok::<_, Error>(stream::iter(all.into_iter().map(Ok)))
        };
        stream::once(fetched).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<SqliteRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        let connections = self.clone();
        Box::pin(
            async move { connections.with(async |connection| connection.fetch_optional(query).await).await },
        )
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [SqliteTypeInfo],
    ) -> BoxFuture<'e, Result<SqliteStatement, Error>>
    where
        'c: 'e,
    {
        let connections = self.clone();
        let prepared = async move {
            connections.with(async |connection| connection.prepare_with(sql, parameters).await).await
        };
        Box::pin(prepared)
    }
}

/// A transaction that writes. One that is dropped before it ended takes its connection with it, and nothing of it
/// stays.
#[derive(Debug)]
pub(crate) struct Transaction {
    connection: PoolConnection<Sqlite>,
    is_open: bool,
}

impl Transaction {
    /// Makes what was done last.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        self.end("COMMIT").await
    }

    /// Takes back what was done.
    pub(crate) async fn rollback(self) -> Result<(), Error> {
        self.end("ROLLBACK").await
    }

    async fn end(mut self, statement: &'static str) -> Result<(), Error> {
        sqlx::query(statement).execute(&mut *self).await?;
        self.is_open = false;
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.is_open {
            self.connection.close_on_drop();
        }
    }
}

impl Deref for Transaction {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}
