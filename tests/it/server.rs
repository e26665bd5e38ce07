//! The caps on calls, on the server as a library: an API that never answers, and one that makes us crash.

use std::sync::Arc;
use std::time::Duration;

use coupon_mcp::bigcommerce::{Client, ClientSettings, Connect, Endpoint};
use coupon_mcp::changes::{Desk, Rules};
use coupon_mcp::coupons::{CallLimits, Store};
use coupon_mcp::jobs::{JobSettings, Jobs, Journal, Scope};
use coupon_mcp::policy::Policy;
use coupon_mcp::server::{CallCaps, CouponServer};
use coupon_mcp::state::{AuditLog, Location, State, StateSettings};
use coupon_mcp::tools::Toolbox;
use rmcp::model::{CallToolRequestParams, CallToolResult, ErrorCode};
use rmcp::service::{RoleClient, RunningService, ServiceError};
use rmcp::{ErrorData, ServiceExt};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

use crate::support::TOOLS;
use crate::support::process::PATIENCE;

type Host = RunningService<RoleClient, ()>;

async fn host(connect: Connect, caps: CallCaps) -> Host {
    let limits = CallLimits { total: Duration::from_secs(45), rate_limit_wait: Duration::from_secs(20) };
    let store = Arc::new(Store::new(Client::new(connect, ClientSettings::default()), limits));
    let settings = StateSettings {
        location: Location::Memory,
        store_key: "sandbox".to_owned(),
        audit_log: AuditLog::Default,
    };
    let state = Arc::new(State::new(settings));
    let journal = Journal::new(Location::Memory, Scope::Store("sandbox".to_owned()));
    let jobs = Jobs::new(Arc::clone(&store), Arc::clone(&state), journal, JobSettings::default());
    let desk = Desk::new(store, state, Arc::new(jobs), Rules::default(), "test".to_owned());
    let server = CouponServer::new(Toolbox::new(Ok(Arc::new(desk)), &Policy::default()), false, caps);
    let (near, far) = tokio::io::duplex(1 << 16);
    tokio::spawn(async move { server.serve(far).await.unwrap().waiting().await });
    ().serve(near).await.unwrap()
}

/// An API that takes connections and never answers.
async fn silent() -> (TcpListener, Connect) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let connect: Connect = Arc::new(move || {
        let endpoint = Endpoint::new(&api, "abc", "token".into());
        Box::pin(async { endpoint })
    });
    (listener, connect)
}

fn list() -> CallToolRequestParams {
    let arguments = json!({"promotion_id": 1});
    CallToolRequestParams::new("list_coupon_codes").with_arguments(arguments.as_object().cloned().unwrap())
}

fn code(result: &CallToolResult) -> Value {
    let json = &result.content[1].as_text().unwrap().text;
    serde_json::from_str::<Value>(json).unwrap()["code"].clone()
}

#[tokio::test]
async fn one_call_too_many_is_told_that_the_server_is_busy() {
    let (listener, connect) = silent().await;
    let caps = CallCaps { concurrent: 1, queue: Duration::ZERO, ..CallCaps::default() };
    let host = Arc::new(host(connect, caps).await);
    let first = tokio::spawn({
        let host = Arc::clone(&host);
        async move { host.call_tool(list()).await }
    });
    let _under_way = tokio::time::timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    assert_eq!(code(&host.call_tool(list()).await.unwrap()), "busy");
    first.abort();
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_given_up() {
    let (_listener, connect) = silent().await;
    let caps = CallCaps { timeout: Duration::from_millis(50), ..CallCaps::default() };
    let host = host(connect, caps).await;
    assert_eq!(code(&host.call_tool(list()).await.unwrap()), "timeout");
}

#[tokio::test]
async fn a_tool_that_panics_answers_an_error_and_the_server_lives() {
    let host = host(Arc::new(|| panic!("a detail that nobody should see")), CallCaps::default()).await;
    for _ in 0..2 {
        let crashed = host.call_tool(list()).await.unwrap_err();
        let ServiceError::McpError(ErrorData { code, message, .. }) = crashed else { panic!("{crashed}") };
        assert_eq!(code, ErrorCode::INTERNAL_ERROR);
        assert_eq!(message, "The tool list_coupon_codes crashed; the server goes on.");
    }
    let tools = host.list_all_tools().await.unwrap();
    assert_eq!(tools.iter().map(|tool| tool.name.as_ref()).collect::<Vec<_>>(), TOOLS);
}
