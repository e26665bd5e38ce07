//! Connections over HTTP: how many there may be, how long each may take, and how they end.
//!
//! hyper's own limits know neither a connection that was never used nor a peer that stops reading, and nothing
//! of HTTP/2. So the time limits are kept here, alike for all, by what comes and goes on the socket.

mod activity;
mod answer;
mod socket;

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::HttpSettings;
use super::memory::Memory;
use activity::{Activity, Limits, Pressure};
use answer::Answer;
use socket::Watched;

/// Files that connections leave to databases, to what tools read and write, and to the store's API.
const RESERVED_FILES: u64 = 64;
/// Most bytes that are buffered of one connection in either direction, and so of a request's header.
const BUFFER_BYTES: usize = 16 << 10;
/// Most requests at once on one connection of HTTP/2.
const HTTP2_STREAMS: u32 = 32;
/// How long to wait after a failed accept, which mostly means that no file is free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Between two log lines about the same trouble.
const SELDOM: Duration = Duration::from_mins(1);

type Connection = (TcpStream, std::net::SocketAddr);

/// Everything that connections share.
#[derive(Clone)]
pub(super) struct Connections {
    app: Router,
    limits: Limits,
    pressure: Arc<Pressure>,
    places: Arc<Semaphore>,
    most: usize,
    http: auto::Builder<TokioExecutor>,
}

impl Connections {
    pub(super) fn new(app: Router, settings: &HttpSettings, memory: Memory) -> Self {
        let most = settings.max_connections.min(files_allow()).clamp(1, Semaphore::MAX_PERMITS);
        let mut http = auto::Builder::new(TokioExecutor::new());
        http.http1().max_buf_size(BUFFER_BYTES);
        http.http2()
            .max_concurrent_streams(HTTP2_STREAMS)
            .initial_stream_window_size(65_535)
            .initial_connection_window_size(65_535)
            .max_send_buf_size(BUFFER_BYTES)
            .max_header_list_size(16 << 10);
        Self {
            app,
            limits: Limits::new(settings),
            pressure: Arc::new(Pressure::new(memory)),
            places: Arc::new(Semaphore::new(most)),
            most,
            http,
        }
    }

    /// Connections that are served at once.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Serves until `shutdown`, and then until the last connection has ended. Dropping this ends them all.
    pub(super) async fn serve(self, listener: TcpListener, shutdown: &CancellationToken) {
        let mut open = JoinSet::new();
        let mut notices = Notices::default();
        loop {
            let next = async {
                let connection = accept(&listener, &mut notices).await;
                let place = self.place(&mut notices).await;
                (connection, place)
            };
            tokio::select! {
                () = shutdown.cancelled() => break,
                (connection, place) = next => {
                    open.spawn(self.clone().keep(connection, place, shutdown.clone()));
                }
            }
            // Nothing waits for the ones that have ended, so this only forgets them.
            while open.try_join_next().is_some() {}
        }
        drop(listener);
        while open.join_next().await.is_some() {}
    }

    /// Waits for a place. As long as one is waited for, those who do nothing with theirs lose it sooner.
    async fn place(&self, notices: &mut Notices) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Some(place);
        }
        if notices.full.is_due() {
            tracing::warn!(
                max_connections = self.most,
                "as many connections are open as are served at once; further ones wait until one is closed \
                 (--max-connections, or the limit on open files, would let in more)"
            );
        }
        let _crowded = self.pressure.crowd();
        Arc::clone(&self.places).acquire_owned().await.ok()
    }

    /// Serves one connection until the client, a time limit, a fault or the shutdown closes it.
    async fn keep(
        self,
        (stream, peer): Connection,
        _place: Option<OwnedSemaphorePermit>,
        shutdown: CancellationToken,
    ) {
        // An answer goes out in several small writes; without this each would wait for an acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps Nagle's algorithm");
        }
        let activity = Arc::new(Activity::new(self.limits, Arc::clone(&self.pressure)));
        let io = TokioIo::new(Watched::new(stream, Arc::clone(&activity)));
        let service = service_fn(|request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            let mut app = self.app.clone();
            let under_way = Activity::begin(&activity, request.version());
            let pool = self.pressure.answers();
            async move {
                let Ok(response) = app.call(request).await;
                Ok::<_, Infallible>(Answer::wrap(response, pool, under_way))
            }
        });
        let mut connection = pin!(self.http.serve_connection(io, service));
        let closed = tokio::select! {
            closed = connection.as_mut() => closed,
            reason = activity.overdue() => {
                tracing::debug!(%peer, reason, "closed a connection");
                return;
            }
            () = shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    closed = connection.as_mut() => closed,
                    _ = activity.overdue() => return,
                }
            }
        };
        if let Err(error) = closed {
            tracing::trace!(%error, "a connection ended early");
        }
    }
}

/// Accepts a connection, however long that takes: no failure to do so ends the server.
async fn accept(listener: &TcpListener, notices: &mut Notices) -> Connection {
    loop {
        match listener.accept().await {
            Ok(connection) => return connection,
            Err(error) => {
                if notices.failed.is_due() {
                    tracing::warn!(%error, "could not accept a connection; trying again");
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// The troubles that are told seldom, though they may come with every connection.
#[derive(Debug, Default)]
struct Notices {
    full: Notice,
    failed: Notice,
}

#[derive(Debug, Default)]
struct Notice {
    said: Option<Instant>,
}

impl Notice {
    fn is_due(&mut self) -> bool {
        let due = self.said.is_none_or(|said| said.elapsed() >= SELDOM);
        if due {
            self.said = Some(Instant::now());
        }
        due
    }
}

/// Returns how many connections the limit on open files allows.
#[cfg(unix)]
fn files_allow() -> usize {
    use rustix::process::{Resource, getrlimit};
    let Some(files) = getrlimit(Resource::Nofile).current else {
        return usize::MAX;
    };
    let left = files.saturating_sub(RESERVED_FILES).max(files / 2);
    usize::try_from(left).unwrap_or(usize::MAX)
}

#[cfg(not(unix))]
fn files_allow() -> usize {
    usize::MAX
}
