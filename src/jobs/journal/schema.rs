//! The tables of the journal.

use crate::state::directory;
use crate::state::open::Format;

/// The journal's database.
pub(super) static FORMAT: Format =
    Format { file: directory::JOBS_DATABASE, application_id: APPLICATION_ID, migrations: &[TABLES, LEASES] };

/// "CPNJ".
const APPLICATION_ID: i64 = 0x4350_4E4A;

/// Times are milliseconds since 1970. `sequence` is the order in which jobs came. `succeeded`, `failed` and
/// `doubtful` of a job are sums over its units, in items, and are altered in the same transaction as those.
const TABLES: &str = "
CREATE TABLE jobs (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    store TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    promotion_id INTEGER,
    lane TEXT,
    caller TEXT NOT NULL,
    arguments TEXT NOT NULL,
    spec TEXT NOT NULL,
    progress TEXT,
    result TEXT,
    reason TEXT,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    cancel_requested INTEGER NOT NULL,
    requested INTEGER NOT NULL,
    succeeded INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    doubtful INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX jobs_of_store ON jobs (store, sequence);
CREATE INDEX jobs_of_promotion ON jobs (promotion_id, kind);
CREATE UNIQUE INDEX one_job_in_a_lane ON jobs (store, lane) WHERE state IN ('running', 'needs_attention');
CREATE TABLE units (
    job INTEGER NOT NULL REFERENCES jobs (sequence),
    seq INTEGER NOT NULL,
    size INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    succeeded INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    payload TEXT NOT NULL,
    result TEXT,
    PRIMARY KEY (job, seq)
) STRICT;
CREATE INDEX planned_units ON units (job, seq) WHERE state = 'planned';
CREATE INDEX doubtful_units ON units (job, seq) WHERE state IN ('sending', 'unknown');
";

/// Who runs a job, on which machine, and until when that holds unless it is renewed.
const LEASES: &str = "
ALTER TABLE jobs ADD COLUMN owner TEXT;
ALTER TABLE jobs ADD COLUMN machine TEXT;
ALTER TABLE jobs ADD COLUMN lease_until INTEGER;
CREATE INDEX jobs_by_state ON jobs (state, sequence);
";
