//! Connections: accepting, keeping alive, closing.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::exchange::Exchange;

/// How long open connections may take to finish after the shutdown.
const GRACE: Duration = Duration::from_secs(1);

/// How long to wait after a failed accept, which mostly means that no file descriptor is free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// No answer is to be sent: hyper closes a connection whose service fails, without a byte of HTTP.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed without an answer")]
struct NoAnswer;

/// Serves `exchange` on `listener` until `shutdown` is cancelled.
pub(super) async fn serve(
    exchange: Arc<Exchange>,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    tracing::debug!(%address, "sandbox serving");
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(keep(Arc::clone(&exchange), stream, shutdown.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "sandbox could not accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    if timeout(GRACE, finished).await.is_err() {
        tracing::debug!("sandbox cut off connections that did not finish in time");
    }
    Ok(())
}

/// Serves one connection until the client, a fault or the shutdown closes it.
async fn keep(exchange: Arc<Exchange>, stream: TcpStream, shutdown: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "sandbox connection keeps Nagle's algorithm");
    }
    let service = service_fn(|request| respond(Arc::clone(&exchange), request));
    let mut connection = pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    let closed = tokio::select! {
        closed = connection.as_mut() => closed,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = closed {
        tracing::trace!(%error, "sandbox connection ended early");
    }
}

/// Answers one request in a task of its own, so that it is carried out even if its client has gone.
async fn respond(exchange: Arc<Exchange>, request: Request<Incoming>) -> Result<Response<Body>, NoAnswer> {
    let work = tokio::spawn(async move { exchange.answer(request.map(Body::new)).await });
    let answer = work.await.map_err(|error| {
        tracing::error!(%error, "sandbox request ended without an answer");
        NoAnswer
    })?;
    answer.map(Response::from).ok_or(NoAnswer)
}
