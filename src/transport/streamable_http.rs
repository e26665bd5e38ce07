//! Streamable HTTP at `/mcp`: rmcp's service, with sessions that live for hours and a cap on their number.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use rmcp::ServerHandler;
use rmcp::model::ProtocolVersion;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

use super::HttpSettings;

const SESSION_ID: &str = "mcp-session-id";
const PROTOCOL_VERSION: &str = "mcp-protocol-version";

#[derive(Clone)]
struct SessionCap {
    sessions: Arc<LocalSessionManager>,
    most: usize,
}

pub(super) fn router<H>(handler: H, settings: &HttpSettings, shutdown: &CancellationToken) -> Router
where
    H: ServerHandler + Clone,
{
    let mut manager = LocalSessionManager::default();
    manager.session_config.keep_alive = Some(settings.session_idle);
    let sessions = Arc::new(manager);
    // Host and Origin are checked by our own guard, for all routes alike.
    let config = StreamableHttpServerConfig::default()
        .with_cancellation_token(shutdown.child_token())
        .with_json_response(true)
        .with_sse_keep_alive(Some(Duration::from_secs(15)))
        .with_max_request_body_bytes(settings.max_body_bytes)
        .disable_allowed_hosts()
        .disable_allowed_origins();
    let service = StreamableHttpService::new(move || Ok(handler.clone()), Arc::clone(&sessions), config);
    let cap = SessionCap { sessions, most: settings.max_sessions };
    Router::new().nest_service("/mcp", service).layer(from_fn_with_state(cap, check))
}

/// A request that would open one session too many is answered 503; sessions that exist go on.
async fn check(State(cap): State<SessionCap>, request: Request, next: Next) -> Response {
    if may_open_a_session(&request) && cap.sessions.sessions.read().await.len() >= cap.most {
        tracing::warn!(max_sessions = cap.most, "refused a session: there are as many as are kept");
        let retry = [(header::RETRY_AFTER, "60")];
        return (StatusCode::SERVICE_UNAVAILABLE, retry, "Too many sessions.").into_response();
    }
    next.run(request).await
}

/// Only a POST without a session can be an `initialize`; requests of 2026-07-28 never open a session.
fn may_open_a_session(request: &Request) -> bool {
    let modern = request
        .headers()
        .get(PROTOCOL_VERSION)
        .is_some_and(|version| version.as_bytes() >= ProtocolVersion::V_2026_07_28.as_str().as_bytes());
    request.method() == Method::POST && !request.headers().contains_key(SESSION_ID) && !modern
}
