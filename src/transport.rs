//! How hosts reach the server: stdio, Streamable HTTP at `/mcp`, and the older HTTP+SSE at `/sse` + `/messages`.

pub mod guard;
pub mod opening;
pub mod sse;
pub mod stdio;
pub mod streamable_http;

use std::io;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use rmcp::ServerHandler;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// After a signal, whatever is still open is closed within this time.
const STOP_WITHIN: Duration = Duration::from_millis(2_500);

/// Settings of the HTTP transports.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Names that the `Host` header may hold: `name` (any port) or `name:port`.
    pub allowed_hosts: Vec<String>,
    /// Origins that browsers may call from: `scheme://host:port`, the port `*` for any.
    pub allowed_origins: Vec<String>,
    /// Until an idle session is forgotten. Many hosts never open a new one after a 404, so: hours.
    pub session_idle: Duration,
    /// Sessions at once, per transport.
    pub max_sessions: usize,
    /// Most bytes of a request body.
    pub max_body_bytes: usize,
}

impl Default for HttpSettings {
    fn default() -> Self {
        let loopback = ["localhost", "127.0.0.1", "[::1]"];
        let origins =
            loopback.iter().flat_map(|host| [format!("http://{host}:*"), format!("https://{host}:*")]);
        Self {
            allowed_hosts: loopback.map(str::to_owned).to_vec(),
            allowed_origins: origins.collect(),
            session_idle: Duration::from_hours(8),
            max_sessions: 1_000,
            max_body_bytes: 4 << 20,
        }
    }
}

/// Serves `handler` over HTTP on `listener` until `shutdown`, then closes everything within 3 s.
///
/// # Errors
/// When the listener fails.
pub async fn serve_http<H>(
    listener: TcpListener,
    handler: H,
    settings: HttpSettings,
    shutdown: CancellationToken,
) -> io::Result<()>
where
    H: ServerHandler + Clone,
{
    let app = app(handler, &settings, &shutdown);
    let stop = shutdown.clone().cancelled_owned();
    let serving = axum::serve(listener, app).with_graceful_shutdown(stop);
    let deadline = async {
        shutdown.cancelled().await;
        tokio::time::sleep(STOP_WITHIN).await;
    };
    tokio::select! {
        served = serving => served,
        () = deadline => Ok(()),
    }
}

fn app<H: ServerHandler + Clone>(
    handler: H,
    settings: &HttpSettings,
    shutdown: &CancellationToken,
) -> Router {
    let ready = shutdown.clone();
    let readiness = move || async move {
        if ready.is_cancelled() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
    };
    let routes = Router::new()
        .merge(streamable_http::router(handler.clone(), settings, shutdown))
        .merge(sse::router(handler, settings, shutdown))
        .route("/healthz", get(|| async { StatusCode::OK }))
        .route("/readyz", get(readiness));
    guard::protect(routes, settings)
}

/// Completes at SIGTERM or SIGINT (Ctrl-C).
pub async fn stop_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupt => {}
        () = terminate() => {}
    }
}

#[cfg(unix)]
async fn terminate() {
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminate() {
    std::future::pending().await
}
