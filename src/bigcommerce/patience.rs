//! How long one tool call may take, and how much of that it may spend waiting for the rate limit.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

/// Whose turn it is when not everybody can be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Priority {
    /// A job: it leaves a part of the quota to others.
    Background,
    /// A call.
    Usual,
    /// A call that stops a promotion: nothing that we only believe may hold it up.
    Urgent,
}

/// The time budget of one tool call, shared by all the requests that it makes.
///
/// Hosts give a tool about 60 s; a call that slept past that would be a time-out without a reason. So the
/// whole call ends before `deadline`, and waits for the rate limit are paid from `waiting`.
#[derive(Debug)]
pub struct Patience {
    deadline: Instant,
    waiting: Mutex<Duration>,
    priority: Priority,
    sent: AtomicBool,
}

/// A job has no host that waits for it; only a limit that no rate window comes near.
const OF_A_JOB: Duration = Duration::from_hours(12);

/// The wait asked for is longer than what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutOfPatience;

impl Patience {
    /// A call that ends within `total` and waits for the rate limit for at most `waiting` of it.
    pub fn new(total: Duration, waiting: Duration) -> Self {
        Self {
            deadline: Instant::now() + total,
            waiting: Mutex::new(waiting.min(total)),
            priority: Priority::Usual,
            sent: AtomicBool::new(false),
        }
    }

    /// The patience of a job's request: it waits for as long as the rate limit wants, and leaves a part of the
    /// quota to others.
    pub fn of_a_job() -> Self {
        Self { priority: Priority::Background, ..Self::new(OF_A_JOB, OF_A_JOB) }
    }

    /// The same budget for a call that stops a promotion.
    #[must_use]
    pub fn urgent(self) -> Self {
        Self { priority: Priority::Urgent, ..self }
    }

    /// Whether this call stops a promotion, so that it goes ahead of others.
    pub fn is_urgent(&self) -> bool {
        self.priority == Priority::Urgent
    }

    /// Whether the requests leave a part of the quota to others.
    pub(crate) fn is_background(&self) -> bool {
        self.priority == Priority::Background
    }

    /// Takes note that a request goes out; whether one had before.
    pub(crate) fn note_sent(&self) -> bool {
        self.sent.swap(true, Ordering::Relaxed)
    }

    /// Takes note that the request was surely not processed: then it is as `before`.
    pub(crate) fn note_not_processed(&self, before: bool) {
        self.sent.store(before, Ordering::Relaxed);
    }

    /// Whether any request has gone out; while none has, giving up leaves no doubt.
    pub fn has_sent(&self) -> bool {
        self.sent.load(Ordering::Relaxed)
    }

    /// What is left of the whole call.
    pub fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// What may still be spent waiting for the rate limit.
    pub fn waiting_left(&self) -> Duration {
        let waiting = *self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.min(self.time_left())
    }

    /// Sleeps for `pause`, or refuses at once when that is more than what is left.
    pub(crate) async fn sleep(&self, pause: Duration) -> Result<(), OutOfPatience> {
        if pause > self.waiting_left() {
            return Err(OutOfPatience);
        }
        tokio::time::sleep(pause).await;
        self.spend(pause);
        Ok(())
    }

    /// Awaits `event` for at most `limit` and charges the time it took. `None` when the limit came first.
    pub(crate) async fn wait_for<F: Future>(&self, event: F, limit: Duration) -> Option<F::Output> {
        let started = Instant::now();
        let outcome = timeout_at(started + limit, event).await.ok();
        self.spend(started.elapsed());
        outcome
    }

    fn spend(&self, time: Duration) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        *waiting = waiting.saturating_sub(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_add_up_and_a_longer_one_is_refused_at_once() {
        let patience = Patience::new(Duration::from_secs(45), Duration::from_secs(20));
        assert_eq!(patience.sleep(Duration::from_secs(12)).await, Ok(()));
        let before = Instant::now();
        assert_eq!(patience.sleep(Duration::from_secs(9)).await, Err(OutOfPatience));
        assert_eq!(before.elapsed(), Duration::ZERO);
        assert_eq!(patience.waiting_left(), Duration::from_secs(8));
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_bounds_the_waiting() {
        let patience = Patience::new(Duration::from_secs(10), Duration::from_secs(20));
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(patience.waiting_left(), Duration::from_secs(3));
    }
}
