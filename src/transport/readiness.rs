//! Whether the server can answer calls, as `/readyz` tells it.

use std::fmt;
use std::sync::Arc;

use axum::http::StatusCode;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

/// Why no call can be answered.
type Check = dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync;

/// Finds out whether calls can be answered.
#[derive(Clone)]
pub struct Readiness(Arc<Check>);

impl Readiness {
    /// Ready while `check` finds no reason why not.
    pub fn new(check: impl Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(check))
    }

    /// The answer to `/readyz`: 200, or 503 with the reason.
    pub(super) async fn answer(self, shutdown: CancellationToken) -> (StatusCode, String) {
        if shutdown.is_cancelled() {
            return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned());
        }
        match (self.0)().await {
            Ok(()) => (StatusCode::OK, String::new()),
            Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
        }
    }
}

impl Default for Readiness {
    /// Always ready.
    fn default() -> Self {
        Self::new(|| Box::pin(async { Ok(()) }))
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readiness").finish_non_exhaustive()
    }
}
