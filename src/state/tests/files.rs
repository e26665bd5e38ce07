use std::fs;
use std::path::Path;

use futures::future::join_all;
use jiff::ToSpan;
use serde_json::json;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::{binding, done, in_memory, new_change, noon, on_disk};
use crate::state::{ChangeId, Pruned, Redeemed, State, StateError};
use crate::storage::fault::set_full;

async fn write(state: &State) -> Result<ChangeId, StateError> {
    state.begin_change(new_change("anna", "x")).await
}

/// A database that something else than the state made.
async fn database(file: &Path, statements: &'static str) {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn nothing_is_on_the_disk_before_the_first_write_and_reads_answer_empty() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("state");
    let state = on_disk(&directory);
    let id: ChangeId = "chg_000000000000".parse().unwrap();
    assert_eq!(state.change(&id).await.unwrap(), None);
    assert_eq!(state.latest_change("anna").await.unwrap(), None);
    assert_eq!(state.recent_changes(5).await.unwrap(), []);
    assert_eq!(state.count("codes", noon() - 24.hours()).await.unwrap().total, 0);
    assert_eq!(state.redeem_token("x", &binding(), noon()).await.unwrap(), Redeemed::Unknown);
    assert!(matches!(state.record_progress(&id, &json!(1)).await, Err(StateError::NotUnderWay(_))));
    assert!(matches!(state.finish_change(&id, done()).await, Err(StateError::NotUnderWay(_))));
    assert!(matches!(state.mark_undone(&id, &id).await, Err(StateError::NotUndoable(_))));
    let pruned = state.prune(noon(), noon()).await.unwrap();
    let untouched = Pruned { audit_log_kept: Some(directory.join("audit.jsonl")), ..Pruned::default() };
    assert_eq!(pruned, untouched);
    assert!(!directory.exists());

    write(&state).await.unwrap();
    assert!(directory.join("state.db").is_file());
    assert_eq!(state.recent_changes(5).await.unwrap().len(), 1);
}

#[tokio::test]
async fn state_in_memory_ends_with_it() {
    let state = in_memory();
    assert_eq!(state.recent_changes(5).await.unwrap(), []);
    let id = write(&state).await.unwrap();
    assert!(state.change(&id).await.unwrap().is_some());
    assert_eq!(in_memory().change(&id).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_start_at_once_on_a_new_directory_all_get_in() {
    for _ in 0..10 {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("state");
        let starts = (0..6).map(|_| {
            let state = on_disk(&directory);
            tokio::spawn(async move { write(&state).await })
        });
        for started in join_all(starts).await {
            started.unwrap().unwrap();
        }
        assert_eq!(on_disk(&directory).recent_changes(10).await.unwrap().len(), 6);
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_one_is_told_at_reads_and_writes() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    for place in [file.clone(), file.join("below")] {
        let state = on_disk(&place);
        for error in [write(&state).await.unwrap_err(), state.recent_changes(1).await.unwrap_err()] {
            let text = error.to_string();
            let start = format!("the state directory {} cannot be used: ", place.display());
            assert!(matches!(error, StateError::Directory { .. }) && text.starts_with(&start), "{text}");
            assert!(text.ends_with("make it writable for this user or name another with --state-dir"));
        }
        assert!(state.check_audit().await.is_err());
    }
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.db");
    write(&on_disk(directory.path())).await.unwrap();
    database(&file, "PRAGMA user_version = 4").await;
    let state = on_disk(directory.path());
    for error in [write(&state).await.unwrap_err(), state.recent_changes(1).await.unwrap_err()] {
        assert_eq!(
            error.to_string(),
            format!(
                "{} has the format of a newer coupon-mcp: version 4, and this one knows version 3; update \
                 coupon-mcp or name another directory with --state-dir",
                file.display()
            )
        );
    }
    database(&file, "PRAGMA user_version = 3").await;
    assert_eq!(on_disk(directory.path()).recent_changes(5).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_of_something_else_is_refused_and_left_alone() {
    for made_by_another_program in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("state.db");
        if made_by_another_program {
            database(&file, "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)").await;
        } else {
            fs::write(&file, "not a database, and longer than the header of one".repeat(50)).unwrap();
        }
        let before = (fs::read(&file).unwrap(), fs::metadata(&file).unwrap().permissions());
        let refused = write(&on_disk(directory.path())).await;
        assert!(matches!(refused, Err(StateError::ForeignFile(named)) if named == file));
        assert_eq!((fs::read(&file).unwrap(), fs::metadata(&file).unwrap().permissions()), before);
    }
}

#[tokio::test]
async fn a_full_disk_is_told_before_anything_is_done() {
    let directory = tempfile::tempdir().unwrap();
    let state = on_disk(directory.path());
    let before = write(&state).await.unwrap();
    // To SQLite a database at its largest size is a full disk.
    let connections = state.for_writing().await.unwrap();
    set_full(connections, true).await;
    let mut large = new_change("anna", "x");
    large.before = json!("x".repeat(100_000));
    let refused = state.begin_change(large).await.unwrap_err().to_string();
    assert_eq!(
        refused,
        format!(
            "the state database {} cannot be used: database or disk is full; check its permissions and the free \
             space of its disk, or name another directory with --state-dir",
            directory.path().join("state.db").display()
        )
    );
    let kept: Vec<_> = state.recent_changes(5).await.unwrap().into_iter().map(|change| change.id).collect();
    assert_eq!(kept, [before]);
    set_full(connections, false).await;
    write(&state).await.unwrap();
}

#[tokio::test]
async fn every_commit_waits_for_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let state = on_disk(directory.path());
    let pool = state.for_writing().await.unwrap();
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
    use crate::state::AuditEntry;

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

    async fn audit(state: &State) {
        let entry = AuditEntry {
            time: noon(),
            caller: String::new(),
            tool: String::new(),
            arguments: json!({}),
            before: json!(null),
            after: json!(null),
            upstream_status: None,
            outcome: String::new(),
            change_id: None,
        };
        state.audit(&entry).await.unwrap();
    }

    #[tokio::test]
    async fn all_that_is_made_is_the_owners_alone() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("missing").join("state");
        let state = on_disk(&directory);
        write(&state).await.unwrap();
        audit(&state).await;
        assert_eq!((mode(&parent.path().join("missing")), mode(&directory)), (0o700, 0o700));
        let expected =
            ["audit.jsonl", "state.db", "state.db-shm", "state.db-wal"].map(|name| (name.to_owned(), 0o600));
        assert_eq!(modes(&directory), BTreeMap::from(expected));
    }

    #[test]
    fn a_umask_that_forbids_nothing_changes_nothing() {
        let test = "state::tests::files::permissions::all_that_is_made_is_the_owners_alone";
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
    async fn a_wider_directory_is_closed_if_it_is_the_states_alone() {
        let directory = tempfile::tempdir().unwrap();
        set_mode(directory.path(), 0o755);
        let state = on_disk(directory.path());
        write(&state).await.unwrap();
        audit(&state).await;
        assert_eq!(mode(directory.path()), 0o700);
        set_mode(directory.path(), 0o770);
        audit(&state).await;
        assert_eq!(mode(directory.path()), 0o700);
        set_mode(directory.path(), 0o777);
        assert_eq!(on_disk(directory.path()).recent_changes(5).await.unwrap().len(), 1);
        assert_eq!(mode(directory.path()), 0o700);
    }

    #[tokio::test]
    async fn a_wider_directory_with_other_files_is_refused_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("theirs"), "").unwrap();
        set_mode(directory.path(), 0o750);
        let refused = write(&on_disk(directory.path())).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!(
                "the state directory {0} is open to other users and holds other files too: close it (chmod 700 \
                 {0}) or name a directory of its own with --state-dir",
                directory.path().display()
            )
        );
        assert!(matches!(
            on_disk(directory.path()).check_audit().await,
            Err(StateError::OpenToOthers(named)) if named == directory.path()
        ));
        assert_eq!(mode(directory.path()), 0o750);
        assert_eq!(modes(directory.path()).len(), 1);

        set_mode(directory.path(), 0o700);
        write(&on_disk(directory.path())).await.unwrap();
    }

    #[tokio::test]
    async fn a_linked_database_is_refused() {
        let (directory, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let target = elsewhere.path().join("target.db");
        let link = directory.path().join("state.db");
        symlink(&target, &link).unwrap();
        let refused = write(&on_disk(directory.path())).await;
        assert!(matches!(refused, Err(StateError::Link(named)) if named == link));
        assert!(!target.exists());
    }

    #[tokio::test]
    async fn a_read_only_directory_is_told_before_anything_is_done() {
        let parent = tempfile::tempdir().unwrap();
        set_mode(parent.path(), 0o500);
        let state = on_disk(&parent.path().join("state"));
        // The superuser may write all the same, and then there is nothing to see.
        if fs::write(parent.path().join("probe"), "").is_err() {
            assert!(matches!(write(&state).await, Err(StateError::Directory { .. })));
            assert!(matches!(state.check_audit().await, Err(StateError::Directory { .. })));
            let existing = on_disk(parent.path());
            assert!(matches!(write(&existing).await, Err(StateError::Database { .. })));
        }
        set_mode(parent.path(), 0o700);
    }
}
