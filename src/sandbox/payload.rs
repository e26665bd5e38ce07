//! The body of a request.

use axum::body::{Body, Bytes};
use futures::TryStreamExt;

/// The largest body that is taken, in bytes.
const LIMIT: usize = 1024 * 1024;

/// How much of a larger body is read, in bytes, so that a client which sends first and reads then gets its
/// answer instead of a broken connection.
const DRAIN_LIMIT: usize = 16 * LIMIT;

/// A body that came whole, or was not worth keeping.
#[derive(Debug)]
pub(super) enum Payload {
    Whole(Bytes),
    TooLarge,
}

impl Payload {
    /// Reads `body`.
    ///
    /// # Errors
    /// When it broke off.
    pub(super) async fn read(body: Body) -> Result<Self, axum::Error> {
        let mut chunks = body.into_data_stream();
        let mut kept = Vec::new();
        let mut length = 0;
        while length <= DRAIN_LIMIT
            && let Some(chunk) = chunks.try_next().await?
        {
            length += chunk.len();
            if length <= LIMIT {
                kept.extend_from_slice(&chunk);
            }
        }
        Ok(if length <= LIMIT { Self::Whole(kept.into()) } else { Self::TooLarge })
    }
}
