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

/// By how many requests one answer can overtake another: more than are ever under way at one endpoint.
const OVERTAKEN_BY: u64 = 64;

/// How soon a job that waits for the first answer looks again.
const FIRST_ANSWER: Duration = Duration::from_secs(1);

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
    /// When the clock opened this window, before any answer of it.
    opened: Option<Instant>,
    /// Whether any answer has come, with rate headers or without.
    answered: bool,
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
    admitted: Instant,
    _permit: SemaphorePermit<'a>,
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
            let admitted = Instant::now();
            if self.window().take(admitted, self.reserve(patience)) {
                return Ok(Slot { pacing: self, admitted, _permit: permit });
            }
        }
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

impl Window {
    /// For how long no further request may go out, if it has to leave `reserve` percent of the quota.
    fn shut_for(&mut self, now: Instant, reserve: Option<u8>) -> Option<Duration> {
        if self.opens_at.is_some_and(|opens_at| opens_at <= now) {
            // A new window: as large as the last one until an answer tells more.
            self.left = self.quota;
            self.opens_at = self.quota.map(|_| now + self.length.unwrap_or(USUAL_WINDOW));
            self.opened = Some(now);
        }
        // Before the first answer nobody knows the quota, and a job could run into it with forty requests.
        if reserve.is_some() && !self.answered && self.in_flight > 0 {
            return Some(FIRST_ANSWER);
        }
        let kept =
            reserve.map_or(0, |percent| self.quota.unwrap_or(0).saturating_mul(u64::from(percent)) / 100);
        match (self.left, self.opens_at) {
            // `left` was told before the requests now under way were counted, so they are taken off.
            (Some(left), Some(opens_at)) if left <= self.in_flight + kept => Some(opens_at - now),
            _ => None,
        }
    }

    /// Takes one request from the window, unless it is shut.
    fn take(&mut self, now: Instant, reserve: Option<u8>) -> bool {
        let open = self.shut_for(now, reserve).is_none();
        self.in_flight += u64::from(open);
        open
    }

    /// Takes note of an answer to the request that was admitted at `admitted`.
    fn learn(&mut self, rate: &RateHeaders, limited: bool, admitted: Instant, now: Instant) {
        self.answered = true;
        self.quota = rate.quota.or(self.quota);
        self.length = rate.window.or(self.length);
        // What was sent in an earlier window may tell of that one.
        let is_current = self.opened.is_none_or(|opened| admitted >= opened);
        if let (Some(left), Some(reset), true) = (rate.left, rate.reset, is_current) {
            self.left = Some(self.lowest(left, now + reset));
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

    /// What is left by the latest news: answers overtake each other, so within one window the lowest count is
    /// the latest, unless another is higher by more than that explains.
    fn lowest(&self, told: u64, opens_at: Instant) -> u64 {
        let half = self.length.unwrap_or(USUAL_WINDOW) / 2;
        let (Some(known), Some(known_opens_at)) = (self.left, self.opens_at) else { return told };
        let apart = known_opens_at.max(opens_at) - known_opens_at.min(opens_at);
        if apart < half && told > known && told - known <= OVERTAKEN_BY { known } else { told }
    }
}

impl Slot<'_> {
    /// Tells the pacing what the answer said.
    pub(crate) fn settle(self, rate: &RateHeaders, limited: bool) {
        self.pacing.window().learn(rate, limited, self.admitted, Instant::now());
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
        let pacing = Pacing::new(20);
        send(&pacing, &rate(0, 5_000)).await;
        let started = Instant::now();
        send(&pacing, &rate(149, 30_000)).await;
        assert_eq!(started.elapsed(), Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_window_is_answered_at_once_with_its_length() {
        let pacing = Pacing::new(20);
        send(&pacing, &rate(0, 28_000)).await;
        let started = Instant::now();
        let refused = pacing.admit(Operation::CreateCode, &patience()).await;
        assert_eq!(started.elapsed(), Duration::ZERO);
        let Err(ApiError::RateLimited { retry_after, overloaded: false }) = refused else { panic!() };
        assert_eq!(retry_after, Duration::from_secs(28));
    }

    #[tokio::test(start_paused = true)]
    async fn requests_under_way_are_taken_off_what_is_left() {
        let pacing = Pacing::new(20);
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
        let pacing = Pacing::new(20);
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
        let pacing = Pacing::new(20);
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
        let pacing = Pacing::new(20);
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

    #[tokio::test(start_paused = true)]
    async fn a_job_leaves_a_part_of_the_quota_to_others() {
        let pacing = Pacing::new(20);
        send(&pacing, &rate(32, 9_000)).await;
        let job = Patience::of_a_job();
        let under_way = [
            pacing.admit(Operation::CreateCode, &job).await.unwrap(),
            pacing.admit(Operation::CreateCode, &job).await.unwrap(),
        ];
        let started = Instant::now();
        let interactive = pacing.admit(Operation::CreateCode, &patience()).await.unwrap();
        assert_eq!(started.elapsed(), Duration::ZERO);
        let third = pacing.admit(Operation::CreateCode, &job).await;
        assert!(third.is_ok());
        assert_eq!(started.elapsed(), Duration::from_secs(9));
        drop((under_way, interactive));
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_sends_one_request_until_it_knows_the_quota() {
        let pacing = Pacing::new(20);
        let job = Patience::of_a_job();
        let first = pacing.admit(Operation::CreateCode, &job).await.unwrap();
        let others = async {
            futures::future::join_all((0..5).map(|_| pacing.admit(Operation::CreateCode, &job))).await
        };
        let answer = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            let quota = Some(10);
            first.settle(&RateHeaders { quota, ..rate(5, 20_000) }, false);
        };
        let started = Instant::now();
        let (others, ()) = tokio::join!(tokio::time::timeout(Duration::from_secs(10), others), answer);
        assert!(others.is_err(), "three of ten requests may go before the window opens again");
        assert_eq!(started.elapsed(), Duration::from_secs(10));
    }

    #[test]
    fn an_answer_that_was_overtaken_gives_no_requests_back() {
        let now = Instant::now();
        let mut window = Window::default();
        for told in [100, 97, 99, 98] {
            window.learn(&rate(told, 20_000), false, now, now);
        }
        assert_eq!(window.left, Some(97));
        window.learn(&rate(150, 20_000), false, now, now);
        assert_eq!(window.left, Some(97));
        let later = now + Duration::from_secs(21);
        window.learn(&rate(149, 30_000), false, later, later);
        assert_eq!(window.left, Some(149));
    }

    #[test]
    fn an_answer_from_the_last_window_says_nothing_of_this_one() {
        let now = Instant::now();
        let mut window = Window::default();
        window.learn(&rate(3, 1_000), false, now, now);
        let opened = now + Duration::from_secs(1);
        assert_eq!(window.shut_for(opened, None), None);
        window.learn(&rate(1, 10), false, now, opened);
        assert_eq!(window.left, Some(150));
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
