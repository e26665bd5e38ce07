//! Streamable HTTP at `/mcp`: rmcp's service, with sessions that live for hours and a cap on their number.

mod form;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use rmcp::ServerHandler;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::HttpSettings;
use super::memory::{Memory, collect};
use super::openings::{self, Openings};
use super::sessions::{ARRIVAL, Arrival, CappedSessions, Refusal};

pub(super) fn router<H>(
    handler: H,
    settings: &HttpSettings,
    openings: Arc<Openings>,
    memory: &Memory,
    close: &CancellationToken,
) -> Router
where
    H: ServerHandler + Clone,
{
    let sessions = Arc::new(CappedSessions::new(settings, openings));
    let (kept, closed) = (Arc::clone(&sessions), close.clone());
    tokio::spawn(async move { closed.run_until_cancelled(kept.forget_idle()).await });
    // Host and Origin are checked by our own guard, for all routes alike.
    let config = StreamableHttpServerConfig::default()
        .with_cancellation_token(close.child_token())
        .with_json_response(true)
        .with_sse_keep_alive(Some(Duration::from_secs(15)))
        .with_max_request_body_bytes(settings.max_body_bytes)
        .disable_allowed_hosts()
        .disable_allowed_origins();
    let known = Arc::clone(&sessions);
    let service = StreamableHttpService::new(move || Ok(handler.clone()), sessions, config);
    let bodies = memory.bodies(settings);
    Router::new()
        .nest_service("/mcp", service)
        .layer(from_fn_with_state(settings.calls.clone(), arrive))
        .layer(from_fn_with_state(known, form::read))
        .layer(from_fn_with_state(bodies, collect))
}

/// Answers a request that gets no session as what it is, where rmcp would answer 500. A stop waits until what was
/// posted is answered.
async fn arrive(State(calls): State<TaskTracker>, request: Request, next: Next) -> Response {
    let call = (request.method() == Method::POST).then(|| calls.token());
    let arrival = Arrival::new(openings::address(&request));
    let ends = request.method() == Method::DELETE;
    let answered = async {
        let mut response = next.run(request).await;
        if let Some(call) = call {
            // The connection keeps it until the answer has been sent.
            response.extensions_mut().insert(Arc::new(call));
        }
        // There is nothing left that could be done later, and the Python SDK takes 202 for a failure.
        if ends && response.status() == StatusCode::ACCEPTED {
            *response.status_mut() = StatusCode::NO_CONTENT;
        }
        ARRIVAL.with(Arrival::refusal).map_or(response, |refusal| answer(&refusal))
    };
    ARRIVAL.scope(arrival, answered).await
}

fn answer(refusal: &Refusal) -> Response {
    let sentence = refusal.to_string();
    match refusal {
        Refusal::TooFast(wait) => openings::too_fast(*wait),
        Refusal::Full => {
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], sentence).into_response()
        }
        Refusal::Gone => (StatusCode::NOT_FOUND, sentence).into_response(),
    }
}
