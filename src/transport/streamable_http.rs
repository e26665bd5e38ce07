//! Streamable HTTP at `/mcp`: rmcp's service, with sessions that live for hours and a cap on their number.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use rmcp::ServerHandler;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

use super::HttpSettings;
use super::memory::{Memory, collect};
use super::sessions::CappedSessions;

pub(super) fn router<H>(
    handler: H,
    settings: &HttpSettings,
    memory: &Memory,
    close: &CancellationToken,
) -> Router
where
    H: ServerHandler + Clone,
{
    let sessions = Arc::new(CappedSessions::new(settings.max_sessions, settings.session_idle));
    // Host and Origin are checked by our own guard, for all routes alike.
    let config = StreamableHttpServerConfig::default()
        .with_cancellation_token(close.child_token())
        .with_json_response(true)
        .with_sse_keep_alive(Some(Duration::from_secs(15)))
        .with_max_request_body_bytes(settings.max_body_bytes)
        .disable_allowed_hosts()
        .disable_allowed_origins();
    let service = StreamableHttpService::new(move || Ok(handler.clone()), sessions, config);
    let bodies = memory.bodies(settings);
    Router::new().nest_service("/mcp", service).layer(from_fn_with_state(bodies, collect))
}
