//! What a reset forgets beside the data, and the fence that keeps older requests out of what comes after it.

use std::sync::Arc;

use tokio::sync::RwLock;
use tokio_util::sync::CancellationToken;

use super::SandboxOptions;
use super::faults::Faults;
use super::held::Held;
use super::rate_limit::{Concurrency, Quota};
use super::request_log::RequestLog;

/// The time between two resets. Every request belongs to the one in which it arrived.
#[derive(Debug)]
pub(super) struct Era {
    pub(super) quota: Quota,
    pub(super) concurrency: Concurrency,
    pub(super) faults: Faults,
    pub(super) held: Held,
    pub(super) log: RequestLog,
    /// Cancelled at its end: what waits in it need not wait any longer.
    pub(super) over: CancellationToken,
}

impl Era {
    fn new(options: &SandboxOptions) -> Self {
        Self {
            quota: Quota::new(options.quota, options.window),
            concurrency: Concurrency::default(),
            faults: Faults::default(),
            held: Held::default(),
            log: RequestLog::default(),
            over: CancellationToken::new(),
        }
    }
}

/// The present era, and the way to the next one.
#[derive(Debug)]
pub(super) struct Eras {
    current: RwLock<Arc<Era>>,
}

impl Eras {
    pub(super) fn new(options: &SandboxOptions) -> Self {
        Self { current: RwLock::new(Arc::new(Era::new(options))) }
    }

    pub(super) async fn current(&self) -> Arc<Era> {
        Arc::clone(&*self.current.read().await)
    }

    /// Does `work` in `era`, which does not end meanwhile; `None` if it is over.
    pub(super) async fn within<T>(&self, era: &Era, work: impl Future<Output = T>) -> Option<T> {
        let _stays = self.current.read().await;
        if era.over.is_cancelled() { None } else { Some(work.await) }
    }

    /// Begins the next era when `reset` has succeeded, with no work under way.
    pub(super) async fn begin<E>(
        &self,
        options: &SandboxOptions,
        reset: impl Future<Output = Result<(), E>>,
    ) -> Result<(), E> {
        let mut current = self.current.write().await;
        reset.await?;
        current.over.cancel();
        *current = Arc::new(Era::new(options));
        Ok(())
    }
}
