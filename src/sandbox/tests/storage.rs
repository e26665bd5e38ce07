use std::path::Path;

use futures::StreamExt;
use futures::future::join_all;
use futures::stream;
use reqwest::Method;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;

use super::support::{Rig, options, send};
use crate::sandbox::store::{Batch, Kind, NewCodes, Store};
use crate::sandbox::{Sandbox, SandboxError, SandboxOptions};

fn in_file(path: &Path) -> SandboxOptions {
    SandboxOptions { data: Some(path.to_owned()), ..options() }
}

#[tokio::test]
async fn a_file_keeps_the_state_across_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let rig = Rig::with(in_file(&path)).await;
    rig.post("/promotions/1/codes", &json!({ "code": "KEPT" })).await;
    rig.delete("/promotions/codes?code=SUMMER_SALE_2024").await;
    rig.stop().await;

    let rig = Rig::with(in_file(&path)).await;
    assert!(rig.has_code("KEPT").await);
    assert!(!rig.has_code("SUMMER_SALE_2024").await);
    let next = rig.post("/promotions/1/codes", &json!({ "code": "NEXT" })).await;
    assert_eq!(next.json()["data"]["id"], 3002);
}

#[tokio::test]
async fn two_sandboxes_may_share_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let (one, other) = tokio::join!(Rig::with(in_file(&path)), Rig::with(in_file(&path)));
    one.post("/promotions/1/codes", &json!({ "code": "SHARED" })).await;
    assert!(other.has_code("SHARED").await);
}

#[tokio::test]
async fn stores_in_memory_are_apart() {
    let (one, other) = tokio::join!(Rig::start(), Rig::start());
    one.post("/promotions/1/codes", &json!({ "code": "MINE" })).await;
    assert!(!other.has_code("MINE").await);
}

#[tokio::test]
async fn a_missing_directory_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let error = Sandbox::open(in_file(&missing.join("store.db"))).await.err().unwrap();

    assert!(matches!(&error, SandboxError::MissingDirectory(path) if *path == missing));
    let sentence = format!("the directory {} for the sandbox's data does not exist", missing.display());
    assert_eq!(error.to_string(), sentence);
}

#[tokio::test]
async fn a_file_of_another_kind_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("notes.txt");
    std::fs::write(&text, "not a database, but long enough to be read as the header of one".repeat(4))
        .unwrap();
    let error = Sandbox::open(in_file(&text)).await.err().unwrap();
    assert!(matches!(&error, SandboxError::ForeignFile(path) if *path == text), "{error:?}");
    assert!(std::fs::read_to_string(&text).unwrap().starts_with("not a database"));

    let other = directory.path().join("other.db");
    let options = SqliteConnectOptions::new().filename(&other).create_if_missing(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::query("CREATE TABLE guests (name TEXT)").execute(&pool).await.unwrap();
    pool.close().await;
    let before = std::fs::read(&other).unwrap();
    let error = Sandbox::open(in_file(&other)).await.err().unwrap();
    assert!(matches!(&error, SandboxError::ForeignFile(path) if *path == other), "{error:?}");
    assert!(std::fs::read(&other).unwrap() == before);
}

#[tokio::test]
async fn a_shutdown_ends_the_service_even_with_an_idle_connection() {
    let rig = Rig::start().await;
    let address = rig.address;
    rig.get("/promotions/1").await;
    rig.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn many_may_open_one_new_file_at_once() {
    for _ in 0..5 {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let opened = join_all((0..16).map(|_| Sandbox::open(in_file(&path)))).await;
        for sandbox in opened {
            assert!(sandbox.is_ok(), "{}", sandbox.err().unwrap());
        }
    }
}

#[tokio::test]
async fn the_file_alone_holds_every_answered_write() {
    let directory = tempfile::tempdir().unwrap();
    let (path, copy) = (directory.path().join("store.db"), directory.path().join("copy.db"));
    let rig = Rig::with(in_file(&path)).await;
    assert_eq!(rig.post("/promotions/1/codes", &json!({ "code": "ANSWERED" })).await.status, 201);
    std::fs::copy(&path, &copy).unwrap();

    assert!(Rig::with(in_file(&copy)).await.has_code("ANSWERED").await);
}

#[tokio::test]
async fn two_sandboxes_may_write_to_one_file_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let (one, other) = tokio::join!(Rig::with(in_file(&path)), Rig::with(in_file(&path)));
    let write = async |rig: &Rig, name: &str| {
        let codes = (0..200).map(|number| json!({ "code": format!("{name}-{number}") }));
        let replies = codes.map(|code| async move { rig.post("/promotions/1/codes", &code).await.status });
        stream::iter(replies).buffer_unordered(20).collect::<Vec<_>>().await
    };
    let (mine, theirs) = tokio::join!(write(&one, "ONE"), write(&other, "OTHER"));

    assert_eq!((mine, theirs), (vec![201; 200], vec![201; 200]));
    assert_eq!(one.get("/promotions/1/codes").await.json()["meta"]["pagination"]["total"], 401);
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_with_its_path_and_the_versions() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    Sandbox::open(in_file(&path)).await.unwrap().close().await;
    let pool = sqlx::SqlitePool::connect_with(SqliteConnectOptions::new().filename(&path)).await.unwrap();
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&pool).await.unwrap();
    assert_eq!(version, 1);
    sqlx::query("PRAGMA user_version = 2").execute(&pool).await.unwrap();
    pool.close().await;

    let error = Sandbox::open(in_file(&path)).await.err().unwrap();
    let sentence = format!(
        "the sandbox's data file {} has the format of a newer program: version 2, and this one knows \
         version 1",
        path.display()
    );
    assert_eq!(error.to_string(), sentence);
}

#[tokio::test]
async fn a_file_without_a_version_is_still_read_and_its_write_ahead_log_ends() {
    let directory = tempfile::tempdir().unwrap();
    let (path, copy) = (directory.path().join("store.db"), directory.path().join("copy.db"));
    Sandbox::open(in_file(&path)).await.unwrap().close().await;
    let pool = sqlx::SqlitePool::connect_with(SqliteConnectOptions::new().filename(&path)).await.unwrap();
    sqlx::raw_sql("PRAGMA user_version = 0; PRAGMA journal_mode = WAL").execute(&pool).await.unwrap();
    pool.close().await;
    let rig = Rig::with(in_file(&path)).await;
    assert_eq!(rig.post("/promotions/1/codes", &json!({ "code": "LATER" })).await.status, 201);
    std::fs::copy(&path, &copy).unwrap();

    assert!(Rig::with(in_file(&copy)).await.has_code("LATER").await);
}

#[tokio::test]
async fn a_file_that_has_the_code_of_the_legacy_coupon_already_keeps_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    Sandbox::open(in_file(&path)).await.unwrap().close().await;
    let pool = sqlx::SqlitePool::connect_with(SqliteConnectOptions::new().filename(&path)).await.unwrap();
    sqlx::query("UPDATE codes SET code = 'welcome5' WHERE id = 1024").execute(&pool).await.unwrap();
    pool.close().await;

    let rig = Rig::with(in_file(&path)).await;
    assert_eq!(rig.get("/promotions/codes?code=WELCOME5").await.ids(), [1024]);
    let both = send(rig.v2(Method::GET, "/coupons?code=WELCOME5")).await.json();
    assert_eq!((&both[0]["id"], &both[1]["id"]), (&json!(1), &json!(1024)));
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_named_with_the_reason_once() {
    let directory = tempfile::tempdir().unwrap();
    let error = Sandbox::open(in_file(directory.path())).await.err().unwrap();
    let file = directory.path().display();
    let sentence = format!("the sandbox's data file {file} cannot be used: unable to open database file");

    assert_eq!(format!("{:#}", anyhow::Error::from(error)), sentence);
}

#[tokio::test]
async fn a_batch_draws_again_for_the_code_of_the_legacy_coupon() {
    let store = Store::open(None).await.unwrap();
    let new = NewCodes { promotion: 1, max_uses: 1, max_uses_per_customer: 1, created: "now".to_owned() };
    let mut rounds = vec![vec!["DRAWN1"], vec!["WELCOME5", "DRAWN0"]];
    let draw = |count| {
        let texts: Vec<String> = rounds.pop().unwrap().into_iter().map(str::to_owned).collect();
        assert_eq!(texts.len(), count);
        texts
    };

    let batch = store.insert_batch(&new, 2, 2, draw).await.unwrap();
    assert!(matches!(&batch, Batch::Done(codes) if *codes == ["DRAWN0", "DRAWN1"]), "{batch:?}");
}

#[tokio::test]
async fn a_batch_for_a_promotion_that_was_just_deleted_is_not_taken() {
    let store = Store::open(None).await.unwrap();
    let mut new =
        NewCodes { promotion: 99, max_uses: 1, max_uses_per_customer: 1, created: "now".to_owned() };
    let draw = |count| (0..count).map(|number| format!("DRAWN{number}")).collect();

    let missing = store.insert_batch(&new, 2, 1, draw).await;
    assert!(matches!(missing, Ok(Batch::NotTaken(None))), "{missing:?}");
    new.promotion = 2;
    let single = store.insert_batch(&new, 2, 1, draw).await;
    assert!(matches!(single, Ok(Batch::NotTaken(Some(Kind::Single)))), "{single:?}");
}
