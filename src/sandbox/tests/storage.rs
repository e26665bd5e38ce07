use std::path::Path;

use serde_json::json;

use super::support::{Rig, options};
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
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&other).create_if_missing(true);
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
