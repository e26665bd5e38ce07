//! The practice store as a process: its data file across stops and kills, and what the MCP server hides.

use std::path::Path;

use futures::StreamExt;
use futures::stream;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::http_host::HttpHost;
use crate::support::process::{PATIENCE, Server, binary};
use crate::support::sandbox::Sandbox;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

async fn stopped(mut sandbox: Sandbox, signal: &str) -> std::process::ExitStatus {
    sandbox.server.signal(signal);
    tokio::time::timeout(PATIENCE, sandbox.server.child.wait()).await.unwrap().unwrap()
}

/// How many codes of this text a copy of the data file holds, without any file that lies beside it.
async fn count_in_copy(file: &Path, code: &str) -> usize {
    let directory = tempfile::tempdir().unwrap();
    let copy = directory.path().join("copy.db");
    std::fs::copy(file, &copy).unwrap();
    Sandbox::start(&["--data", text(&copy)]).await.count(code).await
}

async fn create(sandbox: &Sandbox, code: &str) -> Value {
    sandbox.post("/promotions/1/codes", json!({"code": code})).await["status"].clone()
}

#[tokio::test]
async fn after_a_call_the_data_file_alone_has_the_code() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.db");
    let arguments = ["call", "create_coupon_code", "promotion_id=1", "code=ALONE", "--sandbox"];
    let mut call = binary(&arguments);
    let called = call.args(["--sandbox-data", text(&file)]).output().await.unwrap();
    assert!(called.status.success(), "{}", String::from_utf8_lossy(&called.stderr));

    assert_eq!(count_in_copy(&file, "ALONE").await, 1);
}

#[cfg(unix)]
#[tokio::test]
async fn after_a_stop_the_data_file_alone_has_the_codes() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.db");
    let sandbox = Sandbox::start(&["--data", text(&file)]).await;
    assert_eq!(create(&sandbox, "STOPPED").await, 201);
    assert!(stopped(sandbox, "-TERM").await.success());

    let left: Vec<_> =
        std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [file.as_path()]);
    assert_eq!(count_in_copy(&file, "STOPPED").await, 1);
}

#[cfg(unix)]
#[tokio::test]
async fn after_a_kill_every_answered_code_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.db");
    let sandbox = Sandbox::start(&["--data", text(&file), "--quota", "0"]).await;
    let codes: Vec<_> = (0..200).map(|number| format!("KILLED-{number}")).collect();
    let statuses: Vec<_> =
        stream::iter(&codes).map(|code| create(&sandbox, code)).buffer_unordered(20).collect().await;
    assert_eq!(statuses, vec![json!(201); 200]);
    assert!(!stopped(sandbox, "-KILL").await.success());

    let sandbox = Sandbox::start(&["--data", text(&file), "--quota", "0"]).await;
    for code in &codes {
        assert_eq!(sandbox.count(code).await, 1, "{code}");
    }
}

#[tokio::test]
async fn a_data_file_is_a_path_whatever_its_name() {
    for name in ["file:store.db?mode=memory", ":memory:"] {
        let directory = tempfile::tempdir().unwrap();
        let arguments = ["call", "list_coupon_codes", "promotion_id=1", "--sandbox", "--sandbox-data", name];
        let called = binary(&arguments).current_dir(directory.path()).output().await.unwrap();
        assert!(called.status.success(), "{}", String::from_utf8_lossy(&called.stderr));
        assert!(directory.path().join(name).is_file(), "{name}");
    }
}

#[tokio::test]
async fn an_unusable_data_file_is_named_once_with_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    let arguments = ["sandbox", "--listen", "127.0.0.1:0", "--data", text(directory.path())];
    let refused = binary(&arguments).output().await.unwrap();
    let sentence = format!(
        "error: the sandbox's data file {} cannot be used: unable to open database file\n",
        directory.path().display()
    );
    assert_eq!((refused.status.code(), String::from_utf8(refused.stderr).unwrap()), (Some(1), sentence));
}

#[tokio::test]
async fn the_mcp_server_shows_nothing_of_its_practice_store_on_its_port() {
    let server = Server::start(&["http", "--listen", "127.0.0.1:0", "--sandbox"]).await;
    let client = HttpHost::new(&server.url).client;
    for path in ["requests", "faults", "reset"] {
        let url = format!("{}/_sandbox/{path}", server.url);
        for request in [client.get(&url), client.post(&url), client.delete(&url)] {
            assert_eq!(request.send().await.unwrap().status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
    let api = format!("{}/stores/sandbox/v3/promotions", server.url);
    let answer = client.get(api).header("X-Auth-Token", "sandbox-token").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}
