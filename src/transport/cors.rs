//! What browsers ask for before a page of another origin may call (CORS).
//!
//! A page may call exactly if its origin is let through by the guard, so one list decides both. Nothing is
//! ever sent with the browser's own credentials.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::guard::Gate;

/// Headers of MCP that a page may send.
const SENT: [HeaderName; 5] = [
    HeaderName::from_static("mcp-session-id"),
    HeaderName::from_static("mcp-protocol-version"),
    HeaderName::from_static("mcp-method"),
    HeaderName::from_static("mcp-name"),
    HeaderName::from_static("last-event-id"),
];
/// Headers of an answer that a page may read.
const READ: [HeaderName; 2] = [HeaderName::from_static("mcp-session-id"), header::WWW_AUTHENTICATE];

/// Time for which a browser need not ask again.
const REMEMBERED: Duration = Duration::from_mins(10);

/// Returns the layer that answers preflights and marks all answers, errors included.
pub(super) fn layer(gate: Arc<Gate>) -> CorsLayer {
    let admitted = move |origin: &HeaderValue| origin.to_str().is_ok_and(|origin| gate.admits_origin(origin));
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| admitted(origin)))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers(
            [header::CONTENT_TYPE, header::AUTHORIZATION].into_iter().chain(SENT).collect::<Vec<_>>(),
        )
        .expose_headers(READ)
        .max_age(REMEMBERED)
        .vary([header::ORIGIN])
}
