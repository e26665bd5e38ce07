//! The one object per store that decides when a request may go out: quota window and endpoint concurrency.
//!
//! BigCommerce shares one quota among all apps of a store and says in each answer how much of it is left and
//! when the window opens again (API documentation, "Rate limits"), so the limiter follows these headers
//! instead of a fixed rate. Each endpoint also has a cap on concurrent requests (OpenAPI file).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use enum_map::EnumMap;
use http::HeaderMap;
use serde::Serialize;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::error::ApiError;
use super::operation::Operation;
use super::patience::Patience;

/// A header that asks for a longer wait is not taken at its word.
const LONGEST: Duration = Duration::from_hours(24);

/// Length of a window that has not told its own (API documentation).
const USUAL_WINDOW: Duration = Duration::from_secs(30);

/// The rate headers of one answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateHeaders {
    /// `X-Rate-Limit-Requests-Quota`: requests that the window allows.
    pub quota: Option<u64>,
    /// `X-Rate-Limit-Requests-Left`: requests left in the window.
    pub left: Option<u64>,
    /// `X-Rate-Limit-Time-Window-Ms`: length of the window.
    pub window: Option<Duration>,
    /// `X-Rate-Limit-Time-Reset-Ms`: until the window opens again.
    pub reset: Option<Duration>,
    /// `X-Retry-After`, seconds, on a 429.
    pub retry_after: Option<Duration>,
}

impl RateHeaders {
    /// Reads the headers; what is absent or not a number stays unknown.
    pub fn read(headers: &HeaderMap) -> Self {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        let milliseconds = |name| number(name).map(|ms| Duration::from_millis(ms).min(LONGEST));
        Self {
            quota: number("x-rate-limit-requests-quota"),
            left: number("x-rate-limit-requests-left"),
            window: milliseconds("x-rate-limit-time-window-ms"),
            reset: milliseconds("x-rate-limit-time-reset-ms"),
            retry_after: number("x-retry-after")
                .or_else(|| number("retry-after"))
                .map(|s| Duration::from_secs(s).min(LONGEST)),
        }
    }

    /// How long to wait after the 429 that ended try number `attempt` (from 1); `None` without headers.
    ///
    /// A window that is used up stays shut until it is reset. A 429 while requests are left is about
    /// concurrency: that passes sooner, so the wait starts at a second and doubles, up to the reset.
    pub fn wait(&self, attempt: u32) -> Option<Duration> {
        match (self.left, self.retry_after, self.reset) {
            (Some(1..), Some(retry_after), _) => Some(retry_after),
            (Some(1..), None, Some(reset)) => {
                let growing = Duration::from_secs(1) * 2_u32.saturating_pow(attempt.saturating_sub(1));
                Some(reset.min(growing))
            }
            (_, retry_after, reset) => retry_after.max(reset),
        }
    }
}

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

#[derive(Debug, Default)]
struct Window {
    quota: Option<u64>,
    left: Option<u64>,
    opens_at: Option<Instant>,
    length: Option<Duration>,
    in_flight: u64,
}

/// Paces the requests to one store, whoever makes them.
#[derive(Debug)]
pub struct Pacing {
    window: Mutex<Window>,
    answered: Notify,
    places: EnumMap<Operation, Semaphore>,
}

/// Leave to send one request; given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot<'a> {
    pacing: &'a Pacing,
    _permit: SemaphorePermit<'a>,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            window: Mutex::default(),
            answered: Notify::new(),
            places: EnumMap::from_fn(|operation: Operation| Semaphore::new(operation.concurrency())),
        }
    }
}

impl Pacing {
    /// Waits until a request of this kind may go out.
    ///
    /// The wait for the window is made without a place at the endpoint, so that nobody queues for a place
    /// behind callers who only wait for the clock.
    ///
    /// # Errors
    /// [`ApiError::RateLimited`] at once when the wait is known to be longer than the call's patience, or when
    /// that patience ends; [`ApiError::Congested`] when the endpoint's places stay taken.
    pub(crate) async fn admit(
        &self,
        operation: Operation,
        patience: &Patience,
    ) -> Result<Slot<'_>, ApiError> {
        loop {
            self.wait_until_open(patience).await?;
            let permit = self.permit(operation, patience).await?;
            // The window may have shut while this call waited for its place.
            if self.window().take(Instant::now()) {
                return Ok(Slot { pacing: self, _permit: permit });
            }
        }
    }

    async fn wait_until_open(&self, patience: &Patience) -> Result<(), ApiError> {
        loop {
            let answered = self.answered.notified();
            let (shut_for, in_flight) = {
                let mut window = self.window();
                (window.shut_for(Instant::now()), window.in_flight)
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
            _ => match self.window().shut_for(Instant::now()) {
                Some(shut_for) => Err(ApiError::RateLimited { retry_after: shut_for, overloaded: false }),
                None => Err(ApiError::Congested),
            },
        }
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    /// For how long no further request may go out.
    fn shut_for(&mut self, now: Instant) -> Option<Duration> {
        if self.opens_at.is_some_and(|opens_at| opens_at <= now) {
            // A new window: as large as the last one until an answer tells more.
            self.left = self.quota;
            self.opens_at = self.quota.map(|_| now + self.length.unwrap_or(USUAL_WINDOW));
        }
        match (self.left, self.opens_at) {
            // `left` was told before the requests now under way were counted, so they are taken off.
            (Some(left), Some(opens_at)) if left <= self.in_flight => Some(opens_at - now),
            _ => None,
        }
    }

    /// Takes one request from the window, unless it is shut.
    fn take(&mut self, now: Instant) -> bool {
        let open = self.shut_for(now).is_none();
        self.in_flight += u64::from(open);
        open
    }

    fn learn(&mut self, rate: &RateHeaders, limited: bool, now: Instant) {
        self.quota = rate.quota.or(self.quota);
        self.length = rate.window.or(self.length);
        if let (Some(left), Some(reset)) = (rate.left, rate.reset) {
            self.left = Some(left);
            self.opens_at = Some(now + reset);
        }
        // A 429 without a count still shuts the window for everybody, for as long as it says.
        if limited
            && rate.left.unwrap_or(0) == 0
            && let Some(wait) = rate.wait(1)
        {
            self.left = Some(0);
            self.opens_at = Some(now + wait);
        }
    }
}

impl Slot<'_> {
    /// Tells the pacing what the answer said.
    pub(crate) fn settle(self, rate: &RateHeaders, limited: bool) {
        self.pacing.window().learn(rate, limited, Instant::now());
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut window = self.pacing.window();
        window.in_flight = window.in_flight.saturating_sub(1);
        drop(window);
        self.pacing.answered.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENT: Duration = Duration::from_secs(20);

    fn patience() -> Patience {
        Patience::new(Duration::from_secs(45), PATIENT)
    }

    fn rate(left: u64, reset_ms: u64) -> RateHeaders {
        let reset = Some(Duration::from_millis(reset_ms));
        RateHeaders { quota: Some(150), left: Some(left), reset, ..RateHeaders::default() }
    }

    async fn send(pacing: &Pacing, answer: &RateHeaders) {
        pacing.admit(Operation::ListCodes, &patience()).await.unwrap().settle(answer, false);
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_window_is_waited_out() {
        let pacing = Pacing::default();
        send(&pacing, &rate(0, 5_000)).await;
        let started = Instant::now();
        send(&pacing, &rate(149, 30_000)).await;
        assert_eq!(started.elapsed(), Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_window_is_answered_at_once_with_its_length() {
        let pacing = Pacing::default();
        send(&pacing, &rate(0, 28_000)).await;
        let started = Instant::now();
        let refused = pacing.admit(Operation::CreateCode, &patience()).await;
        assert_eq!(started.elapsed(), Duration::ZERO);
        let Err(ApiError::RateLimited { retry_after, overloaded: false }) = refused else { panic!() };
        assert_eq!(retry_after, Duration::from_secs(28));
    }

    #[tokio::test(start_paused = true)]
    async fn requests_under_way_are_taken_off_what_is_left() {
        let pacing = Pacing::default();
        send(&pacing, &rate(2, 8_000)).await;
        let first = pacing.admit(Operation::FindCode, &patience()).await.unwrap();
        let second = pacing.admit(Operation::FindCode, &patience()).await.unwrap();
        let started = Instant::now();
        let _third = pacing.admit(Operation::FindCode, &patience()).await.unwrap();
        assert_eq!(started.elapsed(), Duration::from_secs(8));
        drop((first, second));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_with_quota_frees_the_waiting() {
        let pacing = Pacing::default();
        send(&pacing, &rate(1, 10_000)).await;
        let under_way = pacing.admit(Operation::FindCode, &patience()).await.unwrap();
        let patience = patience();
        let waiting = pacing.admit(Operation::FindCode, &patience);
        let answer = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            under_way.settle(&rate(140, 9_000), false);
        };
        let started = Instant::now();
        let (admitted, ()) = tokio::join!(waiting, answer);
        assert!(admitted.is_ok());
        assert_eq!(started.elapsed(), Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn listing_runs_ten_at_a_time() {
        let pacing = Pacing::default();
        let mut slots = Vec::new();
        for _ in 0..10 {
            slots.push(pacing.admit(Operation::ListCodes, &patience()).await.unwrap());
        }
        let eleventh = pacing.admit(Operation::ListCodes, &patience()).await;
        assert!(matches!(eleventh, Err(ApiError::Congested)));
        slots.pop();
        assert!(pacing.admit(Operation::ListCodes, &patience()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_keeps_to_the_quota_of_each_window_and_nobody_waits_past_the_patience() {
        let pacing = Pacing::default();
        let window = Some(Duration::from_secs(9));
        let small = |left, reset_ms| RateHeaders { quota: Some(2), window, ..rate(left, reset_ms) };
        send(&pacing, &small(0, 9_000)).await;
        let started = Instant::now();
        let call = || async {
            let patience = patience();
            let slot = pacing.admit(Operation::ListCodes, &patience).await.map_err(|_| started.elapsed())?;
            // The answer takes half a second and says what is left of the window then.
            tokio::time::sleep(Duration::from_millis(500)).await;
            let into_window = started.elapsed().as_millis() % 9_000;
            let reset = 9_000 - u64::try_from(into_window).unwrap();
            slot.settle(&small(0, reset), false);
            Ok::<_, Duration>(started.elapsed())
        };
        let outcomes = futures::future::join_all((0..50).map(|_| call())).await;
        let sent = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(sent, 4, "two windows of two requests open within the patience");
        let latest = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).max();
        assert!(latest.is_some_and(|latest| *latest <= PATIENT), "{latest:?}");
    }

    #[test]
    fn a_429_with_requests_left_passes_sooner_than_a_used_up_window() {
        let seconds = |n| Some(Duration::from_secs(n));
        let used_up = RateHeaders {
            left: Some(0),
            reset: seconds(25),
            retry_after: seconds(1),
            ..RateHeaders::default()
        };
        assert_eq!(used_up.wait(1), seconds(25));
        let told = RateHeaders { left: Some(35), ..used_up.clone() };
        assert_eq!(told.wait(3), seconds(1));
        let untold = RateHeaders { left: Some(35), retry_after: None, ..used_up };
        let waits: Vec<_> =
            (1..=7).filter_map(|attempt| untold.wait(attempt)).map(|wait| wait.as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 25, 25]);
        assert_eq!(RateHeaders::default().wait(1), None);
    }
}
