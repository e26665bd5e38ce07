//! The one object per store that decides when a request may go out: quota window and endpoint concurrency.
//!
//! BigCommerce shares one quota among all apps of a store and says in each answer how much of it is left and
//! when the window opens again (API documentation, "Rate limits"), so the limiter follows these headers
//! instead of a fixed rate. Each endpoint also has a cap on concurrent requests (OpenAPI file).

mod headers;
mod window;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use enum_map::EnumMap;
use serde::Serialize;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::error::ApiError;
use super::operation::Operation;
use super::patience::Patience;
pub use headers::RateHeaders;
use window::{Admission, Window};

/// What is known of the store's quota, for reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct QuotaReport {
    /// Requests that one window allows.
    pub requests_quota: u64,
    /// Requests left in the current window.
    pub requests_left: u64,
    /// Milliseconds until the window opens again.
    pub resets_in_ms: u64,
}

/// Paces the requests to one store, whoever makes them.
#[derive(Debug)]
pub struct Pacing {
    window: Mutex<Window>,
    answered: Notify,
    places: EnumMap<Operation, Semaphore>,
    /// What jobs leave of the quota to others.
    reserve_percent: u8,
}

/// Leave to send one request; given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot<'a> {
    pacing: &'a Pacing,
    admission: Admission,
    answered: bool,
    /// `None` for an urgent request that found no place.
    _permit: Option<SemaphorePermit<'a>>,
}

impl Pacing {
    /// No request has been made yet. Of each window, jobs leave `reserve_percent` to everybody else.
    pub fn new(reserve_percent: u8) -> Self {
        Self {
            window: Mutex::default(),
            answered: Notify::new(),
            places: EnumMap::from_fn(|operation: Operation| Semaphore::new(operation.concurrency())),
            reserve_percent,
        }
    }

    /// Waits until a request of this kind may go out.
    ///
    /// The wait for the window is made without a place at the endpoint, so that nobody queues for a place
    /// behind callers who only wait for the clock. An urgent request waits for neither: what is believed of the
    /// window is a guess, and BigCommerce itself may refuse it.
    ///
    /// # Errors
    /// [`ApiError::RateLimited`] at once when the wait is known to be longer than the call's patience, or when
    /// that patience ends; [`ApiError::Congested`] when the endpoint's places stay taken.
    pub(crate) async fn admit(
        &self,
        operation: Operation,
        patience: &Patience,
    ) -> Result<Slot<'_>, ApiError> {
        if patience.is_urgent() {
            let permit = self.places[operation].try_acquire().ok();
            let admission = self.window().take_at_once(Instant::now());
            return Ok(self.slot(admission, permit));
        }
        loop {
            self.wait_until_open(patience).await?;
            let permit = self.permit(operation, patience).await?;
            // The window may have shut while this call waited for its place.
            let admission = self.window().take(Instant::now(), self.reserve(patience));
            if let Some(admission) = admission {
                return Ok(self.slot(admission, Some(permit)));
            }
        }
    }

    fn slot<'a>(&'a self, admission: Admission, permit: Option<SemaphorePermit<'a>>) -> Slot<'a> {
        Slot { pacing: self, admission, answered: false, _permit: permit }
    }

    async fn wait_until_open(&self, patience: &Patience) -> Result<(), ApiError> {
        loop {
            let answered = self.answered.notified();
            let (shut_for, in_flight) = {
                let mut window = self.window();
                (window.shut_for(Instant::now(), self.reserve(patience)), window.in_flight)
            };
            let Some(shut_for) = shut_for else { return Ok(()) };
            let left = patience.waiting_left();
            // Requests under way may bring better news than the estimate; without them only the clock helps.
            if left.is_zero() || (in_flight == 0 && shut_for > left) {
                return Err(ApiError::RateLimited { retry_after: shut_for, overloaded: false });
            }
            patience.wait_for(answered, shut_for.min(left)).await;
        }
    }

    /// How long one of the store's windows lasts.
    pub(crate) fn window_length(&self) -> Duration {
        self.window().length()
    }

    /// What the last answers said of the quota; `None` before the first answer or without rate headers.
    pub fn report(&self) -> Option<QuotaReport> {
        let window = self.window();
        let resets_in = window.opens_at?.saturating_duration_since(Instant::now());
        Some(QuotaReport {
            requests_quota: window.quota?,
            requests_left: window.left?,
            resets_in_ms: u64::try_from(resets_in.as_millis()).unwrap_or(u64::MAX),
        })
    }

    async fn permit(
        &self,
        operation: Operation,
        patience: &Patience,
    ) -> Result<SemaphorePermit<'_>, ApiError> {
        let slots = &self.places[operation];
        if let Ok(permit) = slots.try_acquire() {
            return Ok(permit);
        }
        match tokio::time::timeout(patience.time_left(), slots.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => match self.window().shut_for(Instant::now(), self.reserve(patience)) {
                Some(shut_for) => Err(ApiError::RateLimited { retry_after: shut_for, overloaded: false }),
                None => Err(ApiError::Congested),
            },
        }
    }

    /// What a request must leave of the quota, in percent; `None` for one that may use all of it.
    fn reserve(&self, patience: &Patience) -> Option<u8> {
        patience.is_background().then_some(self.reserve_percent)
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot<'_> {
    /// Tells the pacing what the answer said.
    pub(crate) fn settle(mut self, rate: &RateHeaders, limited: bool) {
        self.answered = true;
        self.pacing.window().learn(rate, limited, self.admission, Instant::now());
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut window = self.pacing.window();
        window.in_flight = window.in_flight.saturating_sub(1);
        if !self.answered {
            window.give_back(self.admission);
        }
        drop(window);
        self.pacing.answered.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
