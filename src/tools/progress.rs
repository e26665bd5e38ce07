//! Telling a host how far a call is, where it asked to be told.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::BoxFuture;

type Notify = dyn Fn(u64, Option<u64>) -> BoxFuture<'static, ()> + Send + Sync;

/// Where notifications of progress go. They only ever increase (MCP, "Progress").
#[derive(Clone)]
pub struct Progress {
    notify: Arc<Notify>,
    told: Arc<AtomicU64>,
}

impl Progress {
    /// A sink: `notify` gets what is done, and the total where it is known.
    pub fn new(notify: impl Fn(u64, Option<u64>) -> BoxFuture<'static, ()> + Send + Sync + 'static) -> Self {
        Self { notify: Arc::new(notify), told: Arc::new(AtomicU64::new(0)) }
    }

    /// Tells that `done` of `total` (0 = not known) is done, unless that was told before.
    pub async fn tell(&self, done: u64, total: u64) {
        if self.told.fetch_max(done, Ordering::Relaxed) < done {
            (self.notify)(done, (total > 0).then_some(total)).await;
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").field("told", &self.told).finish_non_exhaustive()
    }
}
