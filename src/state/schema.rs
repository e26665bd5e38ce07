//! The tables of the state.

use super::directory;
use super::open::Format;

/// The state's database.
pub(super) static FORMAT: Format = Format {
    file: directory::STATE_DATABASE,
    application_id: APPLICATION_ID,
    migrations: &[TABLES, CHANGES_IN_TIME, WHAT_A_TOKEN_WAS_FOR],
};

/// "CPNT".
const APPLICATION_ID: i64 = 0x4350_4E54;

/// Times are milliseconds since 1970. `sequence` is the order in which rows came.
const TABLES: &str = "
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

/// A guard looks at what was done to one promotion within a day, however much was done to others.
const CHANGES_IN_TIME: &str = "CREATE INDEX changes_in_time ON changes (store, at);";

/// So that a refused confirmation can say which argument differs.
const WHAT_A_TOKEN_WAS_FOR: &str = "ALTER TABLE tokens ADD COLUMN arguments TEXT;";
