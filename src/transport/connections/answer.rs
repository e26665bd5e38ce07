//! An answer on its way to the client, paid for in memory until it is written.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body as AppBody;
use http::Response;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio_util::sync::PollSemaphore;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::transport::memory::{Charge, FREE_BYTES, Pool};

use super::activity::UnderWay;

/// The body of an answer. It hands a part on only once there is memory for it, and the part keeps that memory
/// until the socket has taken it.
pub(super) struct Answer {
    body: AppBody,
    /// The part that waits for memory.
    part: Option<Bytes>,
    pool: Pool,
    memory: PollSemaphore,
    under_way: UnderWay,
    /// What the request's own body takes.
    _asked: Option<Arc<Charge>>,
    /// What a stop waits for.
    _call: Option<Arc<TaskTrackerToken>>,
}

impl Answer {
    /// Makes the answer of `response` pay from `pool`.
    pub(super) fn wrap(response: Response<AppBody>, pool: Pool, under_way: UnderWay) -> Response<Self> {
        let (mut parts, body) = response.into_parts();
        let (asked, call) = (parts.extensions.remove(), parts.extensions.remove());
        let answer =
            Self { body, part: None, memory: pool.poll(), pool, under_way, _asked: asked, _call: call };
        Response::from_parts(parts, answer)
    }

    /// Small parts are the connection's own business.
    fn is_free(&self, part: &Bytes) -> bool {
        !self.under_way.http2 && part.len() <= FREE_BYTES
    }

    fn poll_memory(&mut self, context: &mut Context<'_>) -> Poll<Option<Frame<Bytes>>> {
        let wanted = self.part.as_ref().map_or(0, |part| self.pool.cost(part.len()));
        let charge = ready!(self.memory.poll_acquire_many(context, wanted)).map(Charge::new);
        let part = self.part.take().unwrap_or_default();
        Poll::Ready(charge.map(|charge| Frame::data(Bytes::from_owner(Paid { part, _charge: charge }))))
    }
}

/// Bytes and the memory that they take.
struct Paid {
    part: Bytes,
    _charge: Charge,
}

impl AsRef<[u8]> for Paid {
    fn as_ref(&self) -> &[u8] {
        &self.part
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.part.is_none() {
            let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(context)?) else {
                return Poll::Ready(None);
            };
            match frame.into_data() {
                Ok(part) if !self.is_free(&part) => self.part = Some(part),
                Ok(part) => return Poll::Ready(Some(Ok(Frame::data(part)))),
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            }
        }
        self.poll_memory(context).map(|frame| frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.part.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.part {
            None => self.body.size_hint(),
            Some(_) => SizeHint::default(),
        }
    }
}
