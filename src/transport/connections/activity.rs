//! What happens on one connection, and by when something must.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Version;
use tokio::time::{Instant, sleep_until};

use crate::transport::HttpSettings;
use crate::transport::memory::{Memory, Pool};

/// Where places or memory are wanted, a connection that does nothing has this part of the usual time.
const SHARE_UNDER_PRESSURE: u32 = 5;
/// A connection looks at its time so many times during the shortest limit.
const LOOKS: u32 = 4;

/// The time limits of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    header: Duration,
    idle: Duration,
    unread: Duration,
}

impl Limits {
    pub(super) fn new(settings: &HttpSettings) -> Self {
        Self { header: settings.header_time, idle: settings.idle_time, unread: settings.unread_time }
    }

    fn look_every(&self) -> Duration {
        let shortest = self.header.min(self.idle).min(self.unread);
        (shortest / LOOKS).max(Duration::from_millis(1))
    }
}

/// Whether something that connections take is scarce.
pub(super) struct Pressure {
    memory: Memory,
    /// Connections that wait for a place.
    waiting: AtomicUsize,
}

impl Pressure {
    pub(super) fn new(memory: Memory) -> Self {
        Self { memory, waiting: AtomicUsize::new(0) }
    }

    /// Notes that a connection waits for a place, as long as the value lives.
    pub(super) fn crowd(&self) -> impl Drop {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(&self.waiting)
    }

    pub(super) fn answers(&self) -> Pool {
        self.memory.answers()
    }

    fn is_crowded(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The doings of one connection.
pub(super) struct Activity {
    limits: Limits,
    pressure: Arc<Pressure>,
    state: Mutex<State>,
}

struct State {
    /// Requests that came and are not fully answered.
    open: usize,
    asked: bool,
    http2: bool,
    /// Since when there is nothing to do.
    idle_since: Instant,
    /// When the first byte of a header came that is not complete yet.
    header_since: Option<Instant>,
    /// Since when the peer takes nothing of what is to be written.
    unread_since: Option<Instant>,
}

impl Activity {
    pub(super) fn new(limits: Limits, pressure: Arc<Pressure>) -> Self {
        let state = State {
            open: 0,
            asked: false,
            http2: false,
            idle_since: Instant::now(),
            header_since: None,
            unread_since: None,
        };
        Self { limits, pressure, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request; it is under way as long as the value lives.
    pub(super) fn begin(activity: &Arc<Self>, version: Version) -> UnderWay {
        let mut state = activity.state();
        state.open += 1;
        state.asked = true;
        state.http2 = version >= Version::HTTP_2;
        state.header_since = None;
        drop(state);
        UnderWay { activity: Arc::clone(activity), http2: version >= Version::HTTP_2 }
    }

    /// Notes that bytes came.
    pub(super) fn read(&self) {
        let mut state = self.state();
        // What comes between two requests of HTTP/1 can only be the next header; HTTP/2 also pings.
        if state.open == 0 && state.asked && !state.http2 {
            state.header_since.get_or_insert_with(Instant::now);
        }
    }

    /// Notes that the peer took bytes, or did not.
    pub(super) fn wrote(&self, taken: bool) {
        let mut state = self.state();
        if !taken {
            state.unread_since.get_or_insert_with(Instant::now);
            return;
        }
        state.unread_since = None;
        // The rest of an answer that is on its way to a slow reader.
        if state.open == 0 && !state.http2 {
            state.idle_since = Instant::now();
        }
    }

    /// Completes when the connection has used up its time; says at what.
    pub(super) async fn overdue(&self) -> &'static str {
        loop {
            let now = Instant::now();
            let next_look = now + self.limits.look_every();
            match self.deadline() {
                Some((deadline, reason)) if deadline <= now => return reason,
                Some((deadline, _)) => sleep_until(deadline.min(next_look)).await,
                None => sleep_until(next_look).await,
            }
        }
    }

    fn deadline(&self) -> Option<(Instant, &'static str)> {
        let Limits { header, idle, unread } = self.limits;
        let state = self.state();
        let hurried = |limit: Duration| limit.min(header / SHARE_UNDER_PRESSURE);
        if let Some(since) = state.unread_since {
            let limit = if self.pressure.memory.answers().is_short() { hurried(unread) } else { unread };
            return Some((since + limit, "the peer does not read"));
        }
        if state.open > 0 {
            return None;
        }
        let (since, limit, reason) = if !state.asked {
            (state.idle_since, header, "no request came")
        } else if let Some(since) = state.header_since {
            (since, header, "a request's header was not completed")
        } else {
            (state.idle_since, idle, "no further request came")
        };
        let limit = if self.pressure.is_crowded() { hurried(limit) } else { limit };
        Some((since + limit, reason))
    }
}

/// A request that is not fully answered.
pub(super) struct UnderWay {
    activity: Arc<Activity>,
    /// Whether it came over HTTP/2, where one connection carries many requests.
    pub(super) http2: bool,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.open = state.open.saturating_sub(1);
        if state.open == 0 {
            state.idle_since = Instant::now();
        }
    }
}
