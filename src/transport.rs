//! How hosts reach the server: stdio, Streamable HTTP at `/mcp`, and the older HTTP+SSE at `/sse` + `/messages`.

mod authority;
mod batch;
mod connections;
mod cors;
pub mod guard;
mod in_flight;
mod memory;
mod message;
pub mod opening;
mod openings;
mod readiness;
mod sessions;
pub mod sse;
pub mod stdio;
pub mod streamable_http;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use rmcp::ServerHandler;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use connections::Connections;
use memory::Memory;
use openings::Openings;
pub use readiness::Readiness;

/// After a signal, or the end of stdin, calls under way get so long to be answered.
const FINISH_WITHIN: Duration = Duration::from_secs(2);
/// From then on, what is still open gets so long to close before it is cut.
const CLOSE_WITHIN: Duration = Duration::from_millis(500);

/// Settings of the HTTP transports.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Names that the `Host` header may hold: `name` (any port) or `name:port`.
    pub allowed_hosts: Vec<String>,
    /// Origins that browsers may call from: `scheme://host:port`, the port `*` for any.
    pub allowed_origins: Vec<String>,
    /// Until an idle session is forgotten. Many hosts never open a new one after a 404, so: hours.
    pub session_idle: Duration,
    /// Sessions at once, per transport. On Streamable HTTP one too many closes the one that was idle longest
    /// and is refused if none is idle; on HTTP+SSE, where each has a connection, it is refused.
    pub max_sessions: usize,
    /// Sessions that one address may open in a minute, both transports together; more are refused with 429.
    pub sessions_per_minute: usize,
    /// Most bytes of a request body.
    pub max_body_bytes: usize,
    /// Connections at once; further ones wait. The limit on open files may allow fewer.
    pub max_connections: usize,
    /// Time in which a connection must have sent the whole header of its first request, and any later one from
    /// its first byte on.
    pub header_time: Duration,
    /// Time in which the whole body of a request must have come.
    pub body_time: Duration,
    /// Time that a connection may be idle between two requests.
    pub idle_time: Duration,
    /// Time that a client may leave what is written to it unread before its connection is cut.
    pub unread_time: Duration,
    /// Bytes of unfinished bodies and of unread answers, all clients together.
    pub memory_bytes: usize,
    /// After a stop, time in which the calls under way are answered.
    pub finish_time: Duration,
    /// The calls that are not answered yet, which a stop waits for.
    pub calls: TaskTracker,
    /// What `/readyz` tells.
    pub readiness: Readiness,
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
            sessions_per_minute: 1_200,
            max_body_bytes: 4 << 20,
            max_connections: 4_096,
            header_time: Duration::from_secs(10),
            body_time: Duration::from_secs(30),
            idle_time: Duration::from_secs(75),
            unread_time: Duration::from_secs(30),
            memory_bytes: 64 << 20,
            finish_time: FINISH_WITHIN,
            calls: TaskTracker::new(),
            readiness: Readiness::default(),
        }
    }
}

/// Serves `handler` over HTTP on `listener` until `shutdown`; then takes no more connections, lets the calls
/// under way finish, and closes everything within 3 s.
///
/// # Errors
/// When the listener has no address.
pub async fn serve_http<H>(
    listener: TcpListener,
    handler: H,
    settings: HttpSettings,
    shutdown: CancellationToken,
) -> io::Result<()>
where
    H: ServerHandler + Clone,
{
    let close = CancellationToken::new();
    let memory = Memory::new(settings.memory_bytes);
    let app = app(handler, &settings, &memory, &shutdown, &close);
    let connections = Connections::new(app, &settings, memory);
    let address = listener.local_addr()?;
    tracing::debug!(%address, max_connections = connections.most(), "serving HTTP");
    let stopping = async {
        shutdown.cancelled().await;
        let deadline = tokio::time::Instant::now() + settings.finish_time + CLOSE_WITHIN;
        settings.calls.close();
        let _ = tokio::time::timeout(settings.finish_time, settings.calls.wait()).await;
        close.cancel();
        tokio::time::sleep_until(deadline).await;
    };
    tokio::select! {
        () = connections.serve(listener, &shutdown) => {}
        () = stopping => {}
    }
    Ok(())
}

fn app<H: ServerHandler + Clone>(
    handler: H,
    settings: &HttpSettings,
    memory: &Memory,
    shutdown: &CancellationToken,
    close: &CancellationToken,
) -> Router {
    let (readiness, stopping) = (settings.readiness.clone(), shutdown.clone());
    let openings = Arc::new(Openings::new(settings.sessions_per_minute));
    let routes = Router::new()
        .merge(streamable_http::router(handler.clone(), settings, Arc::clone(&openings), memory, close))
        .merge(sse::router(handler, settings, openings, memory, close))
        .route("/healthz", get(|| async { StatusCode::OK }))
        .route("/readyz", get(move || readiness.answer(stopping)));
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
