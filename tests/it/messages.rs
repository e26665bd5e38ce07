//! Messages out of form, on every transport: each request is answered by its id, with what is wrong with it.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::sse::SseHost;
use crate::support::http_host::{HttpHost, message};
use crate::support::process::{Server, binary};
use crate::support::sandbox::Sandbox;
use crate::support::stdio_host::StdioHost;
use crate::support::{call, initialize};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const PRACTICE: [&str; 4] = ["http", "--listen", "127.0.0.1:0", "--sandbox"];

/// A text, the id of its answer, the code, and what the answer says.
struct Bad {
    text: String,
    id: Value,
    code: i64,
    says: &'static str,
}

fn bad(text: impl ToString, id: Value, code: i64, says: &'static str) -> Bad {
    Bad { text: text.to_string(), id, code, says }
}

/// A call with arguments that are not JSON.
fn with_arguments(arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{{"name":"get_store","arguments":{arguments}}}}}"#
    )
}

fn bad_messages() -> Vec<Bad> {
    let deep = format!("{}1{}", r#"{"a":"#.repeat(200), "}".repeat(200));
    let request =
        |method: &str, params: Value| json!({"jsonrpc": "2.0", "id": 4, "method": method, "params": params});
    let mut all = vec![
        bad("no json", Value::Null, -32700, "JSON"),
        bad(r#"{"jsonrpc":"2.0","id":"#, Value::Null, -32700, "JSON"),
        bad("5", Value::Null, -32600, "object"),
        bad(json!({"jsonrpc": "2.0", "id": 4}), json!(4), -32600, "method"),
        bad(json!({"jsonrpc": "2.0", "id": 4, "method": 7}), json!(4), -32600, "method"),
        bad(json!({"jsonrpc": "1.0", "id": 4, "method": "ping"}), json!(4), -32600, "jsonrpc"),
        bad(json!({"id": "x", "method": "ping"}), json!("x"), -32600, "jsonrpc"),
        bad(json!({"jsonrpc": "2.0", "id": null, "method": "ping"}), Value::Null, -32600, "id"),
        bad(json!({"jsonrpc": "2.0", "id": {}, "method": "ping"}), Value::Null, -32600, "id"),
        bad(request("tools/list", json!([1])), json!(4), -32602, "params"),
        bad(request("tools/list", json!("x")), json!(4), -32602, "params"),
        bad(request("tools/call", json!({})), json!(4), -32602, "params.name"),
        bad(request("tools/call", json!({"name": 5})), json!(4), -32602, "params.name"),
        bad(
            request("tools/call", json!({"name": "get_store", "arguments": 5})),
            json!(4),
            -32602,
            "params.arguments",
        ),
        bad(request("resources/read", json!({})), json!(4), -32602, "params.uri"),
        bad(request("prompts/get", json!({"name": []})), json!(4), -32602, "params.name"),
        bad(
            request("initialize", json!({"protocolVersion": "2025-11-25"})),
            json!(4),
            -32602,
            "params.capabilities",
        ),
        bad(request("no/such/method", json!({})), json!(4), -32601, "tools/call"),
        bad(request("logging/setLevel", json!({"level": "info"})), json!(4), -32601, "tools/call"),
    ];
    let broken = [r#""\ud800""#, "NaN", "1e400", &deep];
    all.extend(broken.map(|arguments| bad(with_arguments(arguments), json!("a"), -32700, "JSON")));
    all
}

impl Bad {
    fn judge(&self, answer: &Value) {
        assert_eq!(answer["jsonrpc"], "2.0", "{}: {answer}", self.text);
        assert_eq!(answer["id"], self.id, "{}: {answer}", self.text);
        assert_eq!(answer["error"]["code"], self.code, "{}: {answer}", self.text);
        let sentence = answer["error"]["message"].as_str().unwrap();
        assert!(sentence.contains(self.says), "{}: {sentence}", self.text);
    }
}

#[tokio::test]
async fn each_bad_message_on_stdio_is_answered() {
    let mut host = StdioHost::practice().await;
    for bad in bad_messages() {
        host.send_raw(format!("{}\n", bad.text).as_bytes()).await;
        bad.judge(&host.receive().await);
    }
    assert_eq!(host.request("ping", json!({})).await, json!({}));
}

#[tokio::test]
async fn each_bad_message_over_http_is_answered_as_json_rpc() {
    let server = Server::start(&PRACTICE).await;
    let host = HttpHost::open(&server.url, "2025-11-25").await;
    for bad in bad_messages() {
        let answer = host.post_raw(bad.text.clone().into_bytes(), JSON).await;
        // A method that is not there is found out within the session, whose answers come on a stream.
        let status = if bad.code == -32601 { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        assert_eq!(answer.status(), status, "{}", bad.text);
        bad.judge(&message(answer).await);
    }
}

#[tokio::test]
async fn each_bad_message_on_the_older_transport_is_answered() {
    let server = Server::start(&PRACTICE).await;
    let mut host = SseHost::connect(&server).await;
    host.request(1, "initialize", initialize("2024-11-05")).await;
    for bad in bad_messages() {
        let answer = host.post_raw(bad.text.clone()).await;
        if bad.code != -32601 {
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{}", bad.text);
            bad.judge(&answer.json().await.unwrap());
        }
        if !bad.id.is_null() {
            bad.judge(&host.next_message().await);
        }
    }
}

#[tokio::test]
async fn a_notification_is_never_answered() {
    let notifications = [
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": 5}),
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": {}}}),
        json!({"jsonrpc": "2.0", "method": "notifications/no_such_thing", "params": {}}),
        json!({"jsonrpc": "2.0", "method": "tools/call", "params": {}}),
    ];
    let mut host = StdioHost::practice().await;
    for notification in &notifications {
        host.send(notification.clone()).await;
    }
    let id = host.start("ping", json!({})).await;
    assert_eq!(host.receive().await, json!({"jsonrpc": "2.0", "id": id, "result": {}}));

    let server = Server::start(&PRACTICE).await;
    let host = HttpHost::open(&server.url, "2025-11-25").await;
    for notification in notifications {
        let answer = host.post(notification, &[]).await;
        assert_eq!(answer.text().await.unwrap(), "");
    }
}

/// What a host in PHP sends.
fn php_initialize() -> Value {
    let mut params = initialize("2025-06-18");
    params["capabilities"] = json!([]);
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})
}

#[tokio::test]
async fn an_empty_list_is_an_empty_object_wherever_one_is_expected() {
    let calls = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": []}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "get_store", "arguments": []}}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "get_store", "_meta": []}}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}),
    ];
    let mut host = StdioHost::spawn(binary(&["stdio", "--sandbox"]));
    host.send(php_initialize()).await;
    assert_eq!(host.receive().await["result"]["protocolVersion"], "2025-06-18");
    host.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized", "params": []})).await;
    for call in &calls {
        host.send(call.clone()).await;
        let answer = host.receive().await;
        assert!(answer["result"].is_object(), "{call}: {answer}");
    }

    let server = Server::start(&PRACTICE).await;
    let opened = HttpHost::new(&server.url).post(php_initialize(), &[]).await;
    let session = opened.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    let host = HttpHost::new(&server.url).with_session(&session);
    for call in calls {
        let answer = message(host.post(call.clone(), &[]).await).await;
        assert!(answer["result"].is_object(), "{call}: {answer}");
    }
}

#[tokio::test]
async fn a_byte_order_mark_is_skipped() {
    let ping = "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";
    let mut host = StdioHost::practice().await;
    host.send_raw(ping.as_bytes()).await;
    assert_eq!(host.receive().await["result"], json!({}));
    let server = Server::start(&PRACTICE).await;
    let host = HttpHost::open(&server.url, "2025-11-25").await;
    assert_eq!(message(host.post_raw(ping.into(), JSON).await).await["result"], json!({}));
}

#[tokio::test]
async fn only_what_is_not_json_by_its_headers_is_an_unsupported_media_type() {
    let server = Server::start(&PRACTICE).await;
    let host = HttpHost::open(&server.url, "2025-11-25").await;
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string().into_bytes();
    for headers in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "application/jsonl")],
        &[("content-type", "application/json"), ("content-encoding", "gzip")],
    ] {
        let answer = host.post_raw(ping.clone(), headers).await;
        assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{headers:?}");
    }
    for headers in [
        &[("content-type", "application/json; charset=utf-8")][..],
        &[("content-type", "Application/JSON")],
        &[("content-type", "application/json"), ("content-encoding", "identity")],
    ] {
        let answer = host.post_raw(ping.clone(), headers).await;
        assert_eq!(answer.status(), StatusCode::OK, "{headers:?}");
    }
}

fn batch() -> Value {
    json!([
        {"jsonrpc": "2.0", "id": 1, "method": "ping"},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": "b", "method": "tools/call", "params": call("get_store", json!({}))},
        {"jsonrpc": "2.0", "id": 3, "method": 5},
        {"jsonrpc": "2.0", "id": 4, "method": "initialize", "params": initialize("2025-03-26")},
    ])
}

/// Whether these are the answers to [`batch`], in any order.
fn judge_batch(answers: &[Value]) {
    assert_eq!(answers.len(), 4, "{answers:?}");
    let by_id = |id: Value| answers.iter().find(|answer| answer["id"] == id).unwrap();
    assert_eq!(by_id(json!(1))["result"], json!({}));
    assert_eq!(by_id(json!("b"))["result"]["structuredContent"]["currency"], "USD");
    assert_eq!(by_id(json!(3))["error"]["code"], -32600);
    assert_eq!(by_id(json!(4))["error"]["code"], -32600);
}

#[tokio::test]
async fn a_batch_of_2025_03_26_is_answered_together() {
    let mut host = StdioHost::spawn(binary(&["stdio", "--sandbox"]));
    host.request("initialize", initialize("2025-03-26")).await;
    host.send(batch()).await;
    judge_batch(host.receive().await.as_array().unwrap());

    let server = Server::start(&PRACTICE).await;
    let host = HttpHost::open(&server.url, "2025-03-26").await;
    let answer = host.post(batch(), &[]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let text = answer.text().await.unwrap();
    let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let answers: Vec<Value> = events.filter_map(|data| serde_json::from_str(data).ok()).collect();
    judge_batch(&answers);
    let only_notifications = json!([{"jsonrpc": "2.0", "method": "notifications/initialized"}]);
    assert_eq!(host.post(only_notifications, &[]).await.status(), StatusCode::ACCEPTED);

    let mut host = SseHost::connect(&server).await;
    host.request(1, "initialize", initialize("2025-03-26")).await;
    assert_eq!(host.post_raw(batch().to_string()).await.status(), StatusCode::ACCEPTED);
    judge_batch(host.next_message().await.as_array().unwrap());
}

#[tokio::test]
async fn a_batch_is_refused_where_it_is_not_agreed_or_of_no_use() {
    let many = Value::Array(vec![json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}); 101]);
    let server = Server::start(&PRACTICE).await;
    for (version, batch) in [
        ("2024-11-05", batch()),
        ("2025-06-18", batch()),
        ("2025-11-25", batch()),
        ("2025-03-26", json!([])),
        ("2025-03-26", many),
    ] {
        let refused = bad(&batch, Value::Null, -32600, "atch");
        let mut host = StdioHost::spawn(binary(&["stdio", "--sandbox"]));
        host.request("initialize", initialize(version)).await;
        host.send(batch.clone()).await;
        refused.judge(&host.receive().await);
        let answer = HttpHost::open(&server.url, version).await.post(batch, &[]).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        refused.judge(&message(answer).await);
    }
    // Without a session there is no version to go by.
    let answer = HttpHost::new(&server.url).post(batch(), &[("mcp-protocol-version", "2025-03-26")]).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_batch_is_complete_without_what_is_cancelled() {
    let sandbox = Sandbox::start(&[]).await;
    sandbox.fault(json!({"method": "GET", "path": "/codes", "times": 1, "hold": "before_commit"})).await;
    let mut host = StdioHost::spawn(sandbox.client_of(&["stdio"]));
    host.request("initialize", initialize("2025-03-26")).await;
    let slow = call("list_coupon_codes", json!({"promotion_id": 1}));
    host.send(json!([
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": slow},
        {"jsonrpc": "2.0", "id": 2, "method": "ping"},
    ]))
    .await;
    sandbox.holds(1).await;
    host.send(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}))
        .await;
    assert_eq!(host.receive().await, json!([{"jsonrpc": "2.0", "id": 2, "result": {}}]));
}
