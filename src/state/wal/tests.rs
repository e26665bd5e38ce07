use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{Connection, Executor};
use tempfile::TempDir;

use super::*;

async fn open(database: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(database)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    SqliteConnection::connect_with(&options).await.unwrap()
}

/// A database in use, with so many rows in its log.
async fn in_use(folder: &TempDir, rows: usize) -> (PathBuf, SqliteConnection) {
    let database = folder.path().join("some.db");
    let mut connection = open(&database).await;
    connection.execute("CREATE TABLE rows (value TEXT)").await.unwrap();
    for _ in 0..rows {
        connection.execute("INSERT INTO rows VALUES (hex(randomblob(2000)))").await.unwrap();
    }
    (database, connection)
}

/// What is left of a database if all who use it are killed now.
fn killed(database: &Path) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join("some.db");
    for suffix in ["", "-wal", "-shm"] {
        let file = beside(database, suffix);
        if file.exists() {
            fs::copy(file, beside(&left, suffix)).unwrap();
        }
    }
    (folder, left)
}

#[tokio::test]
async fn a_log_that_is_removed_emptied_or_cut_is_missed_once() {
    let folder = tempfile::tempdir().unwrap();
    let (database, _connection) = in_use(&folder, 5).await;
    for length in [None, Some(0), Some(32), Some(5_000)] {
        let (_folder, left) = killed(&database);
        assert!(!is_lost(&left));
        let log = beside(&left, "-wal");
        match length {
            None => fs::remove_file(log).unwrap(),
            Some(length) => File::options().write(true).open(log).unwrap().set_len(length).unwrap(),
        }
        assert!(is_lost(&left), "{length:?}");
        let mut next = open(&left).await;
        let _ = next.execute("SELECT * FROM sqlite_schema").await;
        assert!(!is_lost(&left), "{length:?}: it was told once");
        next.close().await.unwrap();
        assert!(!is_lost(&left));
    }
}

#[tokio::test]
async fn nothing_is_missed_where_nothing_can_be_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (database, mut connection) = in_use(&folder, 5).await;
    assert!(!is_lost(&database), "in use");
    let mut other = open(&database).await;
    other.execute("INSERT INTO rows VALUES ('x')").await.unwrap();
    assert!(!is_lost(&database), "in use twice");
    other.close().await.unwrap();
    assert!(!is_lost(&database), "closed by one of two");

    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").await.unwrap();
    let (_folder, copied) = killed(&database);
    fs::remove_file(beside(&copied, "-wal")).unwrap();
    assert!(!is_lost(&copied), "the database has got all of it");

    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
    let (_folder, emptied) = killed(&database);
    assert!(!is_lost(&emptied), "emptied by SQLite");

    connection.close().await.unwrap();
    assert!(!is_lost(&database), "closed");
    let mut next = open(&database).await;
    assert!(!is_lost(&database), "opened again");
    next.execute("SELECT COUNT(*) FROM rows").await.unwrap();
    let (_folder, unwritten) = killed(&database);
    for suffix in ["-wal", ""] {
        fs::remove_file(beside(&unwritten, suffix)).unwrap();
        assert!(!is_lost(&unwritten), "killed before anything was written");
    }
    assert!(!is_lost(&folder.path().join("none.db")), "never there");
}

#[tokio::test]
async fn an_index_that_is_not_whole_tells_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (database, _connection) = in_use(&folder, 2).await;
    let (_folder, left) = killed(&database);
    fs::remove_file(beside(&left, "-wal")).unwrap();
    let index = beside(&left, "-shm");
    let whole = fs::read(&index).unwrap();
    for place in [0, 12, 16, 24, 44, 48, 95] {
        let mut spoilt = whole.clone();
        spoilt[place] ^= 1;
        fs::write(&index, &spoilt).unwrap();
        assert!(!is_lost(&left), "{place}");
    }
    for length in [0, 3, 99] {
        fs::write(&index, &whole[..length]).unwrap();
        assert!(!is_lost(&left), "{length}");
    }
    fs::write(&index, &whole).unwrap();
    assert!(is_lost(&left));
}
