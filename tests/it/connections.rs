//! Time limits on connections, and how many there may be.

use std::time::Duration;

use coupon_mcp::transport::HttpSettings;
use rmcp::ServerHandler;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::support::http_host::HttpHost;
use crate::support::process::{Server, binary};
use crate::support::raw::{Raw, Served};

/// A limit that a test waits for.
const SHORT: Duration = Duration::from_millis(100);
/// A limit that no test waits for.
const NEVER: Duration = Duration::from_hours(1);

#[derive(Clone)]
struct Nobody;

impl ServerHandler for Nobody {}

fn patient() -> HttpSettings {
    HttpSettings {
        header_time: NEVER,
        body_time: NEVER,
        idle_time: NEVER,
        unread_time: NEVER,
        ..HttpSettings::default()
    }
}

#[tokio::test]
async fn a_silent_connection_is_closed_and_others_are_served() {
    let server = Served::start(Nobody, HttpSettings { header_time: SHORT, ..patient() }).await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(server.connect().await);
    }
    assert!(server.connect().await.is_served().await);
    for connection in &mut silent {
        assert_eq!(connection.read_to_end().await, "");
    }
    assert!(server.connect().await.is_served().await);
}

/// Sends a header without an end, bit by bit, until the server closes.
async fn trickle(connection: Raw, opening: &str) -> String {
    let (read, mut write) = connection.0.into_split();
    write.write_all(opening.as_bytes()).await.unwrap();
    let trickling = tokio::spawn(async move {
        while write.write_all(b"x").await.is_ok() {
            tokio::time::sleep(SHORT / 10).await;
        }
    });
    let mut connection = read;
    let mut came = Vec::new();
    let reading = tokio::io::AsyncReadExt::read_to_end(&mut connection, &mut came);
    let _ = tokio::time::timeout(crate::support::process::PATIENCE, reading).await.expect("not closed");
    trickling.abort();
    String::from_utf8_lossy(&came).into_owned()
}

#[tokio::test]
async fn a_header_that_trickles_is_given_up() {
    let server = Served::start(Nobody, HttpSettings { header_time: SHORT, ..patient() }).await;
    for opening in ["", "GET /hea", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: "] {
        let came = trickle(server.connect().await, opening).await;
        assert!(!came.contains(" 200 "), "{came}");
    }
}

#[tokio::test]
async fn a_later_header_that_trickles_is_given_up() {
    let server = Served::start(Nobody, HttpSettings { header_time: SHORT, ..patient() }).await;
    let mut connection = server.connect().await;
    assert!(connection.is_served().await);
    assert_eq!(trickle(connection, "GET /healthz HTTP/1.1\r\n").await, "");
}

#[tokio::test]
async fn an_http2_connection_without_a_request_is_closed() {
    let server = Served::start(Nobody, HttpSettings { header_time: SHORT, ..patient() }).await;
    let mut connection = server.connect().await;
    connection.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    connection.0.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
    connection.read_to_end().await;
}

#[tokio::test]
async fn a_connection_is_kept_between_requests_but_not_for_ever() {
    let server = Served::start(Nobody, HttpSettings { idle_time: SHORT, ..patient() }).await;
    let mut connection = server.connect().await;
    assert!(connection.is_served().await && connection.is_served().await);
    assert_eq!(connection.read_to_end().await, "");
    let mut refused = server.connect().await;
    refused.send("GET /mcp HTTP/1.1\r\nHost: evil.example\r\n\r\n").await;
    assert!(refused.read_to_end().await.starts_with("HTTP/1.1 403"));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let server = Served::start(Nobody, HttpSettings { body_time: SHORT, ..patient() }).await;
    let mut stream = server.connect().await;
    stream.get("/sse").await;
    let opened = stream.read_until("\n\n").await;
    let messages = opened.rsplit("data: ").next().unwrap().trim().to_owned();
    for path in ["/mcp", messages.as_str()] {
        for part in ["", "{\"jsonrpc\":"] {
            let mut connection = server.connect().await;
            connection.begin_post(path, 100, part).await;
            let came = connection.read_to_end().await;
            assert!(came.starts_with("HTTP/1.1 408"), "{path}: {came}");
        }
    }
}

#[tokio::test]
async fn an_open_stream_is_not_idle() {
    let settings = HttpSettings { header_time: SHORT, idle_time: SHORT, ..patient() };
    let server = Served::start(Nobody, settings).await;
    let mut stream = server.connect().await;
    stream.get("/sse").await;
    let opened = stream.read_until("/messages?sessionId=").await;
    assert!(opened.starts_with("HTTP/1.1 200"));
    // Others come, idle and are closed meanwhile.
    for _ in 0..3 {
        let mut other = server.connect().await;
        assert!(other.is_served().await);
        other.read_to_end().await;
    }
    let rest = stream.read_until("\n\n").await;
    let id = format!("{opened}{rest}")
        .rsplit("sessionId=")
        .next()
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .to_owned();
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string();
    let mut other = server.connect().await;
    other.begin_post(&format!("/messages?sessionId={id}"), ping.len(), &ping).await;
    assert!(other.read_until("\r\n\r\n").await.starts_with("HTTP/1.1 202"));
    stream.read_until("\"id\":1").await;
}

#[tokio::test]
async fn those_who_do_nothing_make_room_for_those_who_ask() {
    let settings = HttpSettings { max_connections: 2, header_time: SHORT * 5, ..patient() };
    let server = Served::start(Nobody, settings).await;
    let mut idle = server.connect().await;
    assert!(idle.is_served().await);
    let _silent = server.connect().await;
    let mut third = server.connect().await;
    assert!(third.is_served().await);
    let mut fourth = server.connect().await;
    assert!(fourth.is_served().await);
}

#[tokio::test]
async fn open_streams_keep_their_places_until_they_end() {
    let settings = HttpSettings { max_connections: 1, header_time: SHORT, idle_time: SHORT, ..patient() };
    let server = Served::start(Nobody, settings).await;
    let mut stream = server.connect().await;
    stream.get("/sse").await;
    stream.read_until("/messages?sessionId=").await;
    let mut next = server.connect().await;
    next.get("/healthz").await;
    drop(stream);
    assert!(next.read_until("\r\n\r\n").await.starts_with("HTTP/1.1 200"));
}

#[cfg(unix)]
#[tokio::test]
async fn few_files_lock_nobody_out() {
    let program = binary(&[]);
    let mut command = tokio::process::Command::new("sh");
    for (name, value) in program.as_std().get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.args(["-c", "ulimit -n 256 && exec \"$0\" \"$@\""]).arg(program.as_std().get_program());
    command.args(["http", "--listen", "127.0.0.1:0", "--sandbox"]).kill_on_drop(true);
    let server = Server::start_command(command).await;
    let address = server.url.strip_prefix("http://").unwrap().parse().unwrap();
    let mut silent = Vec::new();
    for _ in 0..280 {
        silent.push(Raw::connect(address).await);
    }
    let host = HttpHost::open(&server.url, "2025-11-25").await;
    let listed = host.call("list_coupon_codes", json!({"promotion_id": 1})).await;
    assert_eq!(listed["structuredContent"]["total"], 1, "{listed}");
    let created = host.call("create_coupon_code", json!({"promotion_id": 1, "code": "FEWFILES"})).await;
    assert_eq!(created["structuredContent"]["outcome"], "created", "{created}");
    let log = server.logged("--max-connections").await;
    assert_eq!(log.matches("--max-connections").count(), 1, "{log}");
}
