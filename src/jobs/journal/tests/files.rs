use std::fs;

use futures::future::join_all;
use serde_json::json;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::*;
use crate::jobs::{Counts, JobState};
use crate::state::open::{Database, Format};
use crate::state::{AuditLog, Binding, State, StateError, StateSettings};
use crate::storage::fault::set_full;

use super::super::schema::FORMAT;

/// A database that something else than the journal alters.
async fn alter(file: &Path, statements: &'static str) {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

fn state_on(directory: &Path) -> State {
    State::new(StateSettings {
        location: Location::Directory(directory.to_owned()),
        store_key: STORE.to_owned(),
        audit_log: AuditLog::Default,
    })
}

#[tokio::test]
async fn nothing_is_on_the_disk_before_the_first_job_and_reads_answer_empty() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("state");
    let journal = on_disk(&directory);
    let id: JobId = "job_000000000000".parse().unwrap();
    assert_eq!(journal.job(&id).await.unwrap(), None);
    assert_eq!(journal.latest(10).await.unwrap(), []);
    assert_eq!(journal.units(&id, None, 10).await.unwrap(), []);
    assert_eq!(journal.doubtful(&id).await.unwrap(), []);
    assert_eq!(journal.jobs_of_promotion(Kind::Generate, 7).await.unwrap(), []);
    assert_eq!(journal.take_over().await.unwrap(), []);
    assert!(is_unknown(journal.request_cancel(&id).await, &id));
    assert!(is_unknown(journal.reopen(&id).await, &id));
    assert!(is_unknown(journal.renew(&id).await, &id));
    assert!(!directory.exists());

    begin(&journal).await;
    assert!(directory.join("jobs.db").is_file());
    // To look on makes no owner.
    let onlooker = on_disk(&directory);
    assert_eq!(onlooker.latest(10).await.unwrap().len(), 1);
    assert_eq!(onlooker.take_over().await.unwrap(), []);
    assert_eq!(fs::read_dir(directory.join("owners")).unwrap().count(), 1);
}

#[tokio::test]
async fn a_journal_in_memory_ends_with_it() {
    let journal = in_memory();
    assert_eq!(journal.latest(10).await.unwrap(), []);
    let id = begin(&journal).await;
    assert_eq!(journal.job(&id).await.unwrap().unwrap().id, id);
    assert_eq!(in_memory().job(&id).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_start_at_once_on_a_new_directory_all_get_in() {
    for _ in 0..10 {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("state");
        let starts = (0..6).map(|_| {
            let journal = on_disk(&directory);
            tokio::spawn(async move { begin(&journal).await })
        });
        for started in join_all(starts).await {
            started.unwrap();
        }
        assert_eq!(on_disk(&directory).latest(10).await.unwrap().len(), 6);
    }
}

#[tokio::test]
async fn a_journal_of_version_1_is_migrated_with_what_is_in_it() {
    static VERSION_1: Format = Format { migrations: FORMAT.migrations.split_at(1).0, ..FORMAT };
    let directory = tempfile::tempdir().unwrap();
    let old = Database::new(&VERSION_1, Location::Directory(directory.path().to_owned()));
    sqlx::raw_sql(
        "INSERT INTO jobs (id, store, kind, state, promotion_id, lane, caller, arguments, spec, created_at,
                           cancel_requested, requested, succeeded, doubtful)
         VALUES ('job_000000000000', 'api.bigcommerce.com/abc123', 'import', 'running', 7, 'x', 'anna', '{}',
                 '[1]', 1000, 0, 500, 250, 250);
         INSERT INTO units (job, seq, size, state, attempts, succeeded, payload)
         VALUES (1, 0, 250, 'done', 1, 250, 'a'), (1, 1, 250, 'sending', 2, 0, 'b')",
    )
    .execute(old.for_writing().await.unwrap())
    .await
    .unwrap();
    old.close().await;

    let journal = on_disk(directory.path());
    let id: JobId = "job_000000000000".parse().unwrap();
    let expected = JobRecord {
        id: id.clone(),
        store: STORE.to_owned(),
        kind: Kind::Import,
        state: JobState::Running,
        promotion_id: Some(7),
        caller: "anna".to_owned(),
        arguments: json!({}),
        spec: json!([1]),
        progress: None,
        result: None,
        reason: None,
        requested: 500,
        created_at: Timestamp::from_second(1).unwrap(),
        ended_at: None,
        cancel_requested: false,
        counts: Counts { requested: 500, succeeded: 250, failed: 0, unknown: 250, remaining: 0 },
        owned_elsewhere: false,
    };
    assert_eq!(journal.job(&id).await.unwrap(), Some(expected.clone()));
    assert_eq!(journal.take_over().await.unwrap(), [expected]);
    let doubtful = journal.doubtful(&id).await.unwrap();
    let left = Unit { attempts: 2, state: UnitState::Sending, payload: "b".to_owned(), ..planned(1) };
    assert_eq!(doubtful, [left]);
    assert_eq!(lane_taken(journal.begin(in_lane("x"), Vec::new()).await), Some(id.clone()));

    // The older program knows that it does not know this one.
    let old = Database::new(&VERSION_1, Location::Directory(directory.path().to_owned()));
    assert!(matches!(old.for_writing().await, Err(StateError::NewerFile { found: 2, known: 1, .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_meet_an_old_journal_at_once_migrate_it_once() {
    static VERSION_1: Format = Format { migrations: FORMAT.migrations.split_at(1).0, ..FORMAT };
    for _ in 0..10 {
        let directory = tempfile::tempdir().unwrap();
        let old = Database::new(&VERSION_1, Location::Directory(directory.path().to_owned()));
        old.for_writing().await.unwrap();
        old.close().await;
        let starts = (0..6).map(|_| {
            let journal = on_disk(directory.path());
            tokio::spawn(async move { begin(&journal).await })
        });
        for started in join_all(starts).await {
            started.unwrap();
        }
    }
}

#[tokio::test]
async fn a_journal_of_a_newer_program_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("jobs.db");
    begin(&on_disk(directory.path())).await;
    alter(&file, "PRAGMA user_version = 3").await;
    let journal = on_disk(directory.path());
    for error in
        [journal.begin(new_job(), Vec::new()).await.unwrap_err(), journal.latest(1).await.unwrap_err()]
    {
        assert_eq!(
            error.to_string(),
            format!(
                "{} has the format of a newer coupon-mcp: version 3, and this one knows version 2; update \
                 coupon-mcp or name another directory with --state-dir",
                file.display()
            )
        );
    }
    alter(&file, "PRAGMA user_version = 2").await;
    assert_eq!(on_disk(directory.path()).latest(5).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_of_something_else_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("jobs.db");
    // A state is something else too.
    let binding = Binding::new("a_tool", &json!({}), "anna", "");
    state_on(directory.path()).issue_token(&binding, noon()).await.unwrap();
    fs::copy(directory.path().join("state.db"), &file).unwrap();
    let before = fs::read(&file).unwrap();
    let refused = on_disk(directory.path()).begin(new_job(), Vec::new()).await;
    assert!(matches!(refused, Err(JournalError::State(StateError::ForeignFile(named))) if named == file));
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn a_full_disk_is_told_and_leaves_no_job_behind() {
    let directory = tempfile::tempdir().unwrap();
    let journal = on_disk(directory.path());
    let before = begin(&journal).await;
    // To SQLite a database at its largest size is a full disk.
    let connections = journal.database.for_writing().await.unwrap();
    set_full(connections, true).await;
    let refused = journal.begin(new_job(), new_units(5000)).await.unwrap_err().to_string();
    assert_eq!(
        refused,
        format!(
            "the state database {} cannot be used: database or disk is full; check its permissions and the free \
             space of its disk, or name another directory with --state-dir",
            directory.path().join("jobs.db").display()
        )
    );
    assert!(journal.append(&before, new_units(5000), &json!(1)).await.is_err());
    set_full(connections, false).await;
    let kept: Vec<_> = journal.latest(5).await.unwrap();
    assert_eq!(kept, [job(&journal, &before).await]);
    assert_eq!((kept[0].progress.clone(), journal.units(&before, None, 9).await.unwrap().len()), (None, 3));
    assert_eq!(taken_over(&journal).await, []);
    journal.append(&before, new_units(5000), &json!(1)).await.unwrap();
    journal.begin(new_job(), new_units(5000)).await.unwrap();
}

#[tokio::test]
async fn every_commit_waits_for_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let journal = on_disk(directory.path());
    let pool = journal.database.for_writing().await.unwrap();
    let settings: (i64, String) =
        sqlx::query_as("SELECT synchronous, journal_mode FROM pragma_synchronous, pragma_journal_mode")
            .fetch_one(pool)
            .await
            .unwrap();
    assert_eq!(settings, (2, "wal".to_owned()));
}

#[cfg(unix)]
mod permissions {
    use std::collections::BTreeMap;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn modes(directory: &Path) -> BTreeMap<String, u32> {
        let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
        entries.map(|entry| (entry.file_name().into_string().unwrap(), mode(&entry.path()))).collect()
    }

    #[tokio::test]
    async fn all_that_is_made_is_the_owners_alone() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("state");
        let journal = on_disk(&directory);
        begin(&journal).await;
        let expected =
            [("jobs.db", 0o600), ("jobs.db-shm", 0o600), ("jobs.db-wal", 0o600), ("owners", 0o700)]
                .map(|(name, mode)| (name.to_owned(), mode));
        assert_eq!((mode(&directory), modes(&directory)), (0o700, BTreeMap::from(expected)));
        assert_eq!(modes(&directory.join("owners")).into_values().collect::<Vec<_>>(), [0o600]);
    }

    #[test]
    fn a_umask_that_forbids_nothing_changes_nothing() {
        let test = "jobs::journal::tests::files::permissions::all_that_is_made_is_the_owners_alone";
        let ran = Command::new("sh")
            .args(["-c", "umask 000 && exec \"$0\" --exact \"$1\""])
            .arg(std::env::current_exe().unwrap())
            .arg(test)
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success() && output.contains("1 passed"), "{output}");
    }

    #[tokio::test]
    async fn a_wider_directory_is_closed_if_only_state_and_jobs_are_in_it() {
        let directory = tempfile::tempdir().unwrap();
        let journal = on_disk(directory.path());
        begin(&journal).await;
        for theirs in [directory.path().join("owners/theirs"), directory.path().join("jobs.db.backup")] {
            fs::write(&theirs, "").unwrap();
            set_mode(directory.path(), 0o755);
            let refused = on_disk(directory.path()).latest(1).await;
            assert!(matches!(refused, Err(JournalError::State(StateError::OpenToOthers(_)))));
            assert_eq!(mode(directory.path()), 0o755);
            fs::remove_file(theirs).unwrap();
        }
        state_on(directory.path()).recent_changes(1).await.unwrap();
        assert_eq!(on_disk(directory.path()).latest(5).await.unwrap().len(), 1);
        assert_eq!(mode(directory.path()), 0o700);
    }

    #[tokio::test]
    async fn a_linked_journal_is_refused() {
        let (directory, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let target = elsewhere.path().join("target.db");
        let link = directory.path().join("jobs.db");
        symlink(&target, &link).unwrap();
        let refused = on_disk(directory.path()).begin(new_job(), Vec::new()).await;
        assert!(matches!(refused, Err(JournalError::State(StateError::Link(named))) if named == link));
        assert!(!target.exists());
    }

    #[tokio::test]
    async fn a_read_only_directory_is_told_and_nothing_is_left_behind() {
        let parent = tempfile::tempdir().unwrap();
        set_mode(parent.path(), 0o500);
        // The superuser may write all the same, and then there is nothing to see.
        if fs::write(parent.path().join("probe"), "").is_err() {
            let below = on_disk(&parent.path().join("state")).begin(new_job(), Vec::new()).await;
            assert!(matches!(below, Err(JournalError::State(StateError::Directory { .. }))));
            let existing = on_disk(parent.path()).begin(new_job(), Vec::new()).await;
            assert!(matches!(existing, Err(JournalError::State(StateError::Database { .. }))));
            assert_eq!(modes(parent.path()), BTreeMap::new());
        }
        set_mode(parent.path(), 0o700);
    }

    /// As a read-only directory, and one that the superuser cannot write to either.
    #[tokio::test]
    async fn a_lock_that_cannot_be_had_is_told_and_leaves_no_job_behind() {
        let directory = tempfile::tempdir().unwrap();
        let owners = directory.path().join("owners");
        fs::write(&owners, "").unwrap();
        set_mode(directory.path(), 0o700);
        let journal = on_disk(directory.path());
        let refused = journal.begin(new_job(), new_units(1)).await.unwrap_err().to_string();
        assert!(
            refused.starts_with(&format!("the state directory {} cannot be used: ", owners.display())),
            "{refused}"
        );
        assert!(refused.ends_with("make it writable for this user or name another with --state-dir"));
        assert_eq!(journal.latest(5).await.unwrap(), []);
    }
}
