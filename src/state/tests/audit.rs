use std::fs;
use std::path::Path;
#[cfg(unix)]
use std::process::Command;

use futures::future::join_all;
use serde_json::{Value, json};

use super::{HOSTILE, STORE, in_memory, new_change, noon, on_disk};
use crate::state::{AuditEntry, AuditLog, Location, State, StateError, StateSettings};

fn entry(arguments: Value) -> AuditEntry {
    AuditEntry {
        time: noon(),
        caller: "anna".to_owned(),
        tool: "update_promotion".to_owned(),
        arguments,
        before: json!({ "status": "ENABLED" }),
        after: Value::Null,
        upstream_status: Some(200),
        outcome: "done".to_owned(),
        change_id: None,
    }
}

fn logging_to(file: &Path, location: Location) -> State {
    let audit_log = AuditLog::File(file.to_owned());
    State::new(StateSettings { location, store_key: STORE.to_owned(), audit_log })
}

fn lines(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn each_call_is_one_line_after_those_before() {
    let directory = tempfile::tempdir().unwrap();
    let state = on_disk(directory.path());
    let change_id = state.begin_change(new_change("anna", "x")).await.unwrap();
    state.audit(&entry(json!({ "name": "first" }))).await.unwrap();
    let second =
        AuditEntry { upstream_status: None, change_id: Some(change_id.clone()), ..entry(json!({ "a": 2 })) };
    on_disk(directory.path()).audit(&second).await.unwrap();

    let line = |arguments: Value, status: Value, change: Value| {
        json!({
            "time": "2026-11-20T12:00:00Z",
            "store": STORE,
            "caller": "anna",
            "tool": "update_promotion",
            "arguments": arguments,
            "before": { "status": "ENABLED" },
            "after": null,
            "upstream_status": status,
            "outcome": "done",
            "change_id": change,
        })
    };
    let expected = [
        line(json!({ "name": "first" }), json!(200), Value::Null),
        line(json!({ "a": 2 }), Value::Null, json!(change_id.as_str())),
    ];
    assert_eq!(lines(&directory.path().join("audit.jsonl")), expected);
}

#[tokio::test]
async fn secrets_do_not_reach_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let arguments = json!({
        "confirmation_token": "sesame",
        "confirmation_text": "Delete 2 promotions",
        "X-Auth-Token": "sesame",
        "nested": [{ "Client Secret": { "deep": "sesame" }, "apiKey": ["sesame"], "code": "SUMMER" }],
        "PASSWORD": 1,
        "max_uses": 5,
    });
    on_disk(directory.path()).audit(&entry(arguments)).await.unwrap();
    let expected = json!({
        "confirmation_text": "Delete 2 promotions",
        "X-Auth-Token": "***",
        "nested": [{ "Client Secret": "***", "apiKey": "***", "code": "SUMMER" }],
        "PASSWORD": "***",
        "max_uses": 5,
    });
    let logged = lines(&directory.path().join("audit.jsonl"));
    assert_eq!(logged[0]["arguments"], expected);
}

#[tokio::test]
async fn hostile_text_stays_within_its_line() {
    let directory = tempfile::tempdir().unwrap();
    let state = on_disk(directory.path());
    let hostile = AuditEntry {
        caller: HOSTILE.to_owned(),
        outcome: "done\"}\n{\"forged\":1}".to_owned(),
        ..entry(json!({ HOSTILE: HOSTILE }))
    };
    state.audit(&hostile).await.unwrap();
    let logged = lines(&directory.path().join("audit.jsonl"));
    assert_eq!(logged.len(), 1);
    assert_eq!(logged[0]["caller"], HOSTILE);
    assert_eq!(logged[0]["arguments"], json!({ HOSTILE: HOSTILE }));
    assert_eq!(logged[0]["outcome"], "done\"}\n{\"forged\":1}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lines_of_two_processes_do_not_mix() {
    let directory = tempfile::tempdir().unwrap();
    let processes = [on_disk(directory.path()), on_disk(directory.path())];
    let long = "x".repeat(20_000);
    let entries: Vec<_> = (0..40).map(|number| entry(json!({ "number": number, "long": long }))).collect();
    let calls = entries.iter().enumerate().map(|(call, entry)| processes[call % 2].audit(entry));
    assert!(join_all(calls).await.iter().all(Result::is_ok));
    let logged = lines(&directory.path().join("audit.jsonl"));
    let mut numbers: Vec<_> = logged.iter().map(|line| line["arguments"]["number"].as_u64()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..40).map(Some).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_entry_that_was_cut_short_does_not_spoil_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("elsewhere.jsonl");
    fs::write(&file, "{\"time\":\"2026-").unwrap();
    logging_to(&file, Location::Memory).audit(&entry(json!({}))).await.unwrap();
    let text = fs::read_to_string(&file).unwrap();
    let (cut, whole) = text.split_once('\n').unwrap();
    assert_eq!(cut, "{\"time\":\"2026-");
    assert_eq!(serde_json::from_str::<Value>(whole).unwrap()["tool"], "update_promotion");
}

#[tokio::test]
async fn state_in_memory_has_no_log_unless_a_file_is_named() {
    let state = in_memory();
    state.audit(&entry(json!({}))).await.unwrap();
    assert!(matches!(state.check_audit().await, Err(StateError::NoAuditLog)));

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("elsewhere.jsonl");
    let state = logging_to(&file, Location::Memory);
    state.check_audit().await.unwrap();
    state.audit(&entry(json!({}))).await.unwrap();
    assert_eq!(lines(&file).len(), 1);
}

#[tokio::test]
async fn a_file_named_in_the_state_directory_makes_the_directory() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("state");
    let file = directory.join("calls.jsonl");
    logging_to(&file, Location::Directory(directory)).audit(&entry(json!({}))).await.unwrap();
    assert_eq!(lines(&file).len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn neither_a_link_nor_a_pipe_is_taken_for_the_log() {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    let folder = tempfile::tempdir().unwrap();
    let (target, link) = (folder.path().join("target"), folder.path().join("link"));
    let (dangling, fifo, socket) =
        (folder.path().join("dangling"), folder.path().join("fifo"), folder.path().join("socket"));
    fs::write(&target, "precious\n").unwrap();
    symlink(&target, &link).unwrap();
    symlink(folder.path().join("nowhere"), &dangling).unwrap();
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let _socket = UnixListener::bind(&socket).unwrap();
    // With a reader too, that could be opened.
    let _reader = fs::File::options().read(true).write(true).open(&fifo).unwrap();
    let link_told = "it is a symbolic link, which is not followed";
    for (file, told) in [
        (&link, link_told),
        (&dangling, link_told),
        (&fifo, "it is neither a file nor a terminal"),
        (&socket, "No such device or address (os error 6)"),
    ] {
        let state = logging_to(file, Location::Memory);
        for error in
            [state.check_audit().await.unwrap_err(), state.audit(&entry(json!({}))).await.unwrap_err()]
        {
            let expected = format!("the audit log {} cannot be written: {told}; ", file.display());
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
    }
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious\n");
    assert!(!folder.path().join("nowhere").exists());

    // A directory may be reached through a link.
    let through = folder.path().join("through");
    symlink(folder.path(), &through).unwrap();
    logging_to(&through.join("log"), Location::Memory).audit(&entry(json!({}))).await.unwrap();
    assert_eq!(lines(&folder.path().join("log")).len(), 1);
    logging_to(Path::new("/dev/null"), Location::Memory).audit(&entry(json!({}))).await.unwrap();
}

#[tokio::test]
async fn a_log_that_cannot_be_opened_is_told_before_and_at_the_write() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing").join("audit.jsonl");
    for file in [missing.as_path(), directory.path()] {
        let state = logging_to(file, Location::Memory);
        let checked = state.check_audit().await.unwrap_err();
        let written = state.audit(&entry(json!({}))).await.unwrap_err();
        for error in [checked, written] {
            let text = error.to_string();
            assert!(
                text.starts_with(&format!("the audit log {} cannot be written: ", file.display())),
                "{text}"
            );
            assert!(text.ends_with("or name another file with --audit-log"), "{text}");
        }
    }
}
