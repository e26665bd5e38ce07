//! How clients share the server's places for calls.

use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::http_host::{HttpHost, message};
use crate::support::process::Server;
use crate::support::sandbox::Sandbox;
use crate::support::{call, tool_error};

/// A store without a rate limit, and a server on it.
async fn start(arguments: &[&str]) -> (Sandbox, Server) {
    let sandbox = Sandbox::start(&["--quota", "0"]).await;
    let arguments: Vec<_> = ["http", "--listen", "127.0.0.1:0"].iter().chain(arguments).copied().collect();
    let server = Server::start_command(sandbox.client_of(&arguments)).await;
    (sandbox, server)
}

fn request(id: u64, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
}

fn list() -> Value {
    call("list_coupon_codes", json!({"promotion_id": 1}))
}

/// Has the store hold so many lists of codes.
async fn hold_lists(sandbox: &Sandbox, times: u64) {
    sandbox.fault(json!({"method": "GET", "path": "/codes", "times": times, "hold": "before_commit"})).await;
}

#[tokio::test]
async fn one_client_never_takes_all_places() {
    let (sandbox, server) = start(&[]).await;
    hold_lists(&sandbox, 1_000).await;
    let greedy = HttpHost::open(&server.url, "2025-11-25").await;
    let other = HttpHost::open(&server.url, "2025-11-25").await;
    let all = join_all((10..74).map(|id| greedy.post(request(id, list()), &[])));
    let answers = async {
        let answers = join_all(all.await.into_iter().map(message)).await;
        answers.into_iter().filter(|answer| answer["result"]["isError"] == true).collect::<Vec<_>>()
    };
    let meanwhile = async {
        sandbox.holds(8).await;
        let found = other.call("list_promotions", json!({})).await;
        assert_ne!(found["isError"], true, "{found}");
        // A place of the same kind of request, too: it comes in beside the eight.
        let same = other.post(request(8, list()), &[]);
        let released = async {
            sandbox.holds(9).await;
            sandbox.clear_faults().await;
            sandbox.release().await;
        };
        message(tokio::join!(same, released).0).await
    };
    let (refused, same) = tokio::join!(answers, meanwhile);
    assert_eq!(same["result"]["structuredContent"]["total"], 1, "{same}");
    for answer in refused {
        let error = tool_error(&answer["result"]);
        assert_eq!((&error["code"], &error["retry_after_s"]), (&json!("busy"), &json!(2)));
    }
}

#[tokio::test]
async fn a_client_beyond_its_limits_is_busy_and_others_are_served() {
    let (sandbox, server) = start(&["--max-calls-per-client", "1", "--max-waiting-per-client", "0"]).await;
    hold_lists(&sandbox, 1).await;
    let greedy = HttpHost::open(&server.url, "2025-11-25").await;
    let other = HttpHost::open(&server.url, "2025-11-25").await;
    let work = async {
        sandbox.holds(1).await;
        assert_eq!(tool_error(&greedy.call("list_promotions", json!({})).await)["code"], "busy");
        assert_ne!(other.call("list_promotions", json!({})).await["isError"], true);
        // What stops something is never refused for other calls.
        let stop = json!({"promotion_id": 1, "status": "DISABLED"});
        let stopped = greedy.call("update_promotion", stop).await;
        assert_ne!(stopped["isError"], true, "{stopped}");
        let cancelled = greedy.call("control_job", json!({"job_id": "job_0000", "action": "cancel"})).await;
        assert_ne!(tool_error(&cancelled)["code"], "busy");
        sandbox.clear_faults().await;
        sandbox.release().await;
    };
    let (held, ()) = tokio::join!(async { message(greedy.post(request(70, list()), &[]).await).await }, work);
    assert_eq!(held["result"]["structuredContent"]["total"], 1, "{held}");
    assert_ne!(greedy.call("list_promotions", json!({})).await["isError"], true);
}

#[tokio::test]
async fn without_a_session_the_address_is_the_client() {
    let (sandbox, server) = start(&["--max-calls-per-client", "1", "--max-waiting-per-client", "0"]).await;
    hold_lists(&sandbox, 1_000).await;
    let greedy = HttpHost::new(&server.url);
    let work = async {
        sandbox.holds(1).await;
        let find = || call("list_promotions", json!({}));
        let again = HttpHost::new(&server.url).with_session("an invented one");
        let refused = message(again.modern("tools/call", find()).await).await;
        assert_eq!(tool_error(&refused["result"])["code"], "busy");
        // Elsewhere loopback is one address.
        if cfg!(target_os = "linux") {
            let other = HttpHost::from_address(&server.url, "127.0.0.2");
            let found = message(other.modern("tools/call", find()).await).await;
            assert_ne!(found["result"]["isError"], true, "{found}");
        }
        sandbox.clear_faults().await;
        sandbox.release().await;
    };
    let (held, ()) = tokio::join!(greedy.modern("tools/call", list()), work);
    assert_eq!(held.status(), StatusCode::OK);
}

#[tokio::test]
async fn waits_for_a_job_hold_no_place() {
    let (sandbox, server) = start(&["--max-calls-per-client", "1"]).await;
    sandbox.fault(json!({"method": "POST", "path": "/codes", "times": 100, "hold": "before_commit"})).await;
    let host = HttpHost::open(&server.url, "2025-11-25").await;
    let promotion = sandbox.bulk_promotion("Bulk").await;
    let codes: Vec<_> = (0..20).map(|number| format!("NEWS{number}")).collect();
    let import = json!({"promotion_id": promotion, "codes": codes, "max_uses": 1});
    let begun = host.post(request(99, call("import_coupon_codes", import)), &[]).await;
    sandbox.holds(1).await;
    let other = HttpHost::open(&server.url, "2025-11-25").await;
    let jobs = other.call("get_job", json!({})).await["structuredContent"]["jobs"].clone();
    let job = jobs[0]["job_id"].as_str().unwrap_or_else(|| panic!("{jobs}"));
    let wait = |id| {
        let params = call("get_job", json!({"job_id": job, "wait_seconds": 45}));
        host.post(request(id, params), &[])
    };
    let waits = [wait(100).await, wait(101).await];
    // It is fourth in line.
    let found = host.call("list_promotions", json!({})).await;
    assert_ne!(found["isError"], true, "{found}");
    let cancelled = host.call("control_job", json!({"job_id": job, "action": "cancel"}));
    let released = async {
        sandbox.holds(1).await;
        sandbox.clear_faults().await;
        sandbox.release().await;
    };
    tokio::join!(cancelled, released);
    let begun = message(begun).await["result"]["structuredContent"].clone();
    assert_eq!(begun["job"]["job_id"], job, "{begun}");
    for wait in waits {
        let answer = message(wait).await;
        assert_eq!(answer["result"]["structuredContent"]["job"]["job_id"], job, "{answer}");
    }
}
