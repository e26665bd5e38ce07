//! The memory that callers can make the server hold: bodies that are not complete, answers that are not read.
//!
//! Both are paid for from a pool of their own, so that neither kind of waste hinders the other. What a
//! connection may hold without paying (`FREE_BYTES`) is bounded by the number of connections: small requests
//! go on being served while the pools are empty.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::PollSemaphore;

use super::HttpSettings;

/// Bytes in either direction that a connection may hold without paying. At the usual cap on connections they
/// make a quarter of the whole.
pub(super) const FREE_BYTES: usize = 4 << 10;
/// How long a body waits for memory before its request is refused. Bodies that wait for each other end so.
const WAIT_FOR_MEMORY: Duration = Duration::from_secs(2);
/// The rest of a refused body is read for so long, so that its sender gets to read the refusal.
const READ_OUT: Duration = Duration::from_secs(1);
/// A body that is too large is read out up to this many times the limit.
const READ_OUT_TIMES: usize = 4;

/// The pools of all connections.
#[derive(Clone)]
pub(super) struct Memory {
    bodies: Pool,
    answers: Pool,
}

impl Memory {
    /// Divides `bytes`: a quarter is what connections hold without paying.
    pub(super) fn new(bytes: usize) -> Self {
        Self { bodies: Pool::new(bytes / 8 * 3), answers: Pool::new(bytes / 8 * 3) }
    }

    pub(super) fn answers(&self) -> Pool {
        self.answers.clone()
    }

    pub(super) fn bodies(&self, settings: &HttpSettings) -> Bodies {
        Bodies { pool: self.bodies.clone(), most: settings.max_body_bytes, time: settings.body_time }
    }
}

/// An amount of memory, counted in KiB.
#[derive(Clone)]
pub(super) struct Pool {
    free: Arc<Semaphore>,
    size: u32,
}

impl Pool {
    fn new(bytes: usize) -> Self {
        let size = u32::try_from(bytes / 1024).unwrap_or(u32::MAX).max(1);
        let size = size.min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
        Self { free: Arc::new(Semaphore::new(usize::try_from(size).unwrap_or(1))), size }
    }

    /// Returns what so many bytes cost. Nothing costs more than there is.
    pub(super) fn cost(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).min(self.size)
    }

    /// Whether less than half is left.
    pub(super) fn is_short(&self) -> bool {
        self.free.available_permits() < usize::try_from(self.size / 2).unwrap_or_default()
    }

    /// Takes memory for so many bytes if there is enough.
    pub(super) fn try_take(&self, bytes: usize) -> Option<Charge> {
        Arc::clone(&self.free).try_acquire_many_owned(self.cost(bytes)).ok().map(Charge::new)
    }

    /// Takes memory for so many bytes once there is enough.
    pub(super) async fn take(&self, bytes: usize) -> Option<Charge> {
        Arc::clone(&self.free).acquire_many_owned(self.cost(bytes)).await.ok().map(Charge::new)
    }

    /// Returns the pool for use where nothing can be awaited.
    pub(super) fn poll(&self) -> PollSemaphore {
        PollSemaphore::new(Arc::clone(&self.free))
    }
}

/// Memory that is taken, until the value is dropped.
pub(super) struct Charge(OwnedSemaphorePermit);

impl Charge {
    pub(super) fn new(permit: OwnedSemaphorePermit) -> Self {
        Self(permit)
    }
}

/// How bodies are read.
#[derive(Clone)]
pub(super) struct Bodies {
    pool: Pool,
    most: usize,
    time: Duration,
}

/// A body in memory, and what was paid for it.
struct Collected {
    bytes: Vec<u8>,
    charges: Option<Charge>,
}

enum Refused {
    TooLarge,
    TooMuchAtOnce,
    Broken,
}

/// Reads the body of a POST before the request is handed on, within the limits on time and memory. What it
/// takes is given back when the answer has been sent.
pub(super) async fn collect(State(bodies): State<Bodies>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let free = if parts.version < Version::HTTP_2 { FREE_BYTES } else { 0 };
    match timeout(bodies.time, bodies.read(body, free)).await {
        Ok(Ok(Collected { bytes, charges })) => {
            let mut response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
            if let Some(charges) = charges {
                // The connection keeps it until the answer has been sent.
                response.extensions_mut().insert(Arc::new(charges));
            }
            response
        }
        Ok(Err(refused)) => refused.into_response(),
        Err(_) => {
            (StatusCode::REQUEST_TIMEOUT, [(header::CONNECTION, "close")], "The body took too long to come.")
                .into_response()
        }
    }
}

impl Bodies {
    async fn read(&self, body: Body, free: usize) -> Result<Collected, Refused> {
        let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        let mut parts = body.into_data_stream();
        let mut collected = Collected { bytes: Vec::new(), charges: None };
        let mut refused = (announced > self.most).then_some(Refused::TooLarge);
        while refused.is_none() {
            let Some(part) = parts.next().await else { return Ok(collected) };
            let part = part.map_err(|_| Refused::Broken)?;
            refused = self.add(&mut collected, &part, free).await.err();
        }
        // What was read is of no use, and the memory may be wanted.
        drop(collected);
        let refused = refused.unwrap_or(Refused::Broken);
        let read_out = async {
            let mut left = self.most.saturating_mul(READ_OUT_TIMES);
            while let Some(Ok(part)) = parts.next().await {
                left = left.saturating_sub(part.len());
                if left == 0 {
                    break;
                }
            }
        };
        match refused {
            Refused::TooLarge => read_out.await,
            _ => drop(timeout(READ_OUT, read_out).await),
        }
        Err(refused)
    }

    async fn add(&self, collected: &mut Collected, part: &Bytes, free: usize) -> Result<(), Refused> {
        let before = collected.bytes.len();
        let after = before + part.len();
        if after > self.most {
            return Err(Refused::TooLarge);
        }
        let paid = |bytes: usize| if bytes > free { self.pool.cost(bytes) } else { 0 };
        let due = usize::try_from(paid(after) - paid(before)).unwrap_or_default() * 1024;
        if due > 0 {
            let charge = timeout(WAIT_FOR_MEMORY, self.pool.take(due)).await;
            let Ok(Some(charge)) = charge else { return Err(Refused::TooMuchAtOnce) };
            match &mut collected.charges {
                Some(Charge(charges)) => charges.merge(charge.0),
                none => *none = Some(charge),
            }
        }
        collected.bytes.extend_from_slice(part);
        Ok(())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The message is too large.").into_response(),
            Self::TooMuchAtOnce => (
                StatusCode::SERVICE_UNAVAILABLE,
                [(header::RETRY_AFTER, "5")],
                "Too many large messages at once; nothing was done. Send it again later.",
            )
                .into_response(),
            Self::Broken => (StatusCode::BAD_REQUEST, "The body did not arrive whole.").into_response(),
        }
    }
}
