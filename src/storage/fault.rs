//! Faults of a database, for tests of what comes after them.

use sqlx::AssertSqlSafe;

use super::Connections;

/// What happens to each write to a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The statement fails, and `SQLite` has ended the transaction by itself, as it does when the disk is full.
    Statement,
    /// The commit fails, and the transaction stays open.
    Commit,
}

pub(crate) const FAULTS: [Fault; 2] = [Fault::Statement, Fault::Commit];

const EVENTS: [&str; 3] = ["INSERT", "UPDATE", "DELETE"];

impl Fault {
    /// From here on each write to the tables fails.
    pub(crate) async fn begin(self, connections: &Connections, tables: &[&str]) {
        run(
            connections,
            "CREATE TABLE IF NOT EXISTS parents (id INTEGER PRIMARY KEY);
             CREATE TABLE IF NOT EXISTS orphans (id INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)"
                .to_owned(),
        )
        .await;
        let what = match self {
            Self::Statement => "SELECT RAISE(ROLLBACK, 'the disk is full')",
            Self::Commit => "INSERT INTO orphans VALUES (1)",
        };
        for (table, event) in all(tables) {
            let trigger =
                format!("CREATE TRIGGER {table}_{event} AFTER {event} ON {table} BEGIN {what}; END");
            run(connections, trigger).await;
        }
    }

    /// From here on all is well.
    pub(crate) async fn end(connections: &Connections, tables: &[&str]) {
        for (table, event) in all(tables) {
            run(connections, format!("DROP TRIGGER {table}_{event}")).await;
        }
    }
}

/// To `SQLite` a database at its largest size is a full disk, whichever connection it has.
pub(crate) async fn set_full(connections: &Connections, is_full: bool) {
    let most = if is_full { "1" } else { "1000000" };
    let options = connections.pool.connect_options().as_ref().clone().pragma("max_page_count", most);
    connections.pool.set_connect_options(options);
    run(connections, format!("PRAGMA max_page_count = {most}")).await;
}

fn all<'t>(tables: &[&'t str]) -> impl Iterator<Item = (&'t str, &'static str)> {
    tables.iter().flat_map(|table| EVENTS.map(|event| (*table, event)))
}

async fn run(connections: &Connections, statements: String) {
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(connections).await.unwrap();
}
