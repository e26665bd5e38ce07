//! How often and how many at once: the request quota of the store and the concurrency of each endpoint.

use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::routes::Route;
use super::wire_error::WireError;

const WINDOW_MS: HeaderName = HeaderName::from_static("x-rate-limit-time-window-ms");
const RESET_MS: HeaderName = HeaderName::from_static("x-rate-limit-time-reset-ms");
const REQUESTS_QUOTA: HeaderName = HeaderName::from_static("x-rate-limit-requests-quota");
const REQUESTS_LEFT: HeaderName = HeaderName::from_static("x-rate-limit-requests-left");
const RETRY_AFTER: HeaderName = HeaderName::from_static("x-retry-after");

/// The request quota: `limit` requests in each `window`.
#[derive(Debug)]
pub(super) struct Quota {
    limit: u32,
    window: Duration,
    use_of_window: Mutex<Option<WindowUse>>,
}

#[derive(Clone, Copy, Debug)]
struct WindowUse {
    start: Instant,
    used: u32,
}

/// The quota as one request found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// Whether the request had a unit left for it.
    pub(super) admitted: bool,
    limit: u32,
    left: u32,
    window: Duration,
    start: Instant,
}

impl Quota {
    /// `limit` 0 means no quota.
    pub(super) fn new(limit: u32, window: Duration) -> Self {
        Self { limit, window, use_of_window: Mutex::new(None) }
    }

    /// Takes one unit at `now`; `None` when there is no quota.
    pub(super) fn take(&self, now: Instant) -> Option<Reading> {
        if self.limit == 0 {
            return None;
        }
        let mut slot = self.use_of_window.lock().unwrap_or_else(PoisonError::into_inner);
        let mut current = slot
            .filter(|current| now.saturating_duration_since(current.start) < self.window)
            .unwrap_or(WindowUse { start: now, used: 0 });
        let admitted = current.used < self.limit;
        current.used += u32::from(admitted);
        *slot = Some(current);
        Some(Reading {
            admitted,
            limit: self.limit,
            left: self.limit - current.used,
            window: self.window,
            start: current.start,
        })
    }
}

impl Reading {
    /// Writes the rate headers of the API documentation's rate limit page: the window and the time until it
    /// ends in milliseconds, the quota and what is left of it in requests; on a request that was not
    /// admitted also the seconds to wait. The time counts from `now`, when the answer is sent.
    pub(super) fn write(&self, headers: &mut HeaderMap, now: Instant) {
        let reset = self.reset(now);
        headers.insert(WINDOW_MS, whole_millis(self.window));
        headers.insert(RESET_MS, whole_millis(reset));
        headers.insert(REQUESTS_QUOTA, HeaderValue::from(self.limit));
        headers.insert(REQUESTS_LEFT, HeaderValue::from(self.left));
        if !self.admitted {
            let seconds = reset.as_millis().div_ceil(1000).max(1);
            headers.insert(RETRY_AFTER, number(seconds));
        }
    }

    /// How long the window lasts after `now`.
    fn reset(&self, now: Instant) -> Duration {
        self.window.saturating_sub(now.saturating_duration_since(self.start))
    }
}

/// Rounded up, so that a client that waits as long as it is told finds the next window open.
fn whole_millis(duration: Duration) -> HeaderValue {
    number(duration.as_micros().div_ceil(1000))
}

fn number(value: u128) -> HeaderValue {
    HeaderValue::from(u64::try_from(value).unwrap_or(u64::MAX))
}

/// How many requests each endpoint is working on.
#[derive(Debug, Default)]
pub(super) struct Concurrency {
    busy: Mutex<HashMap<Discriminant<Route>, usize>>,
}

/// One request's place at its endpoint, given back on drop.
#[derive(Debug)]
pub(super) struct Place<'c> {
    concurrency: &'c Concurrency,
    endpoint: Discriminant<Route>,
}

impl Concurrency {
    /// Takes a place at the endpoint of `route`, or answers 429 when all are taken.
    pub(super) fn enter(&self, route: Route) -> Result<Place<'_>, WireError> {
        let endpoint = discriminant(&route);
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let count = busy.entry(endpoint).or_default();
        if *count >= route.concurrency() {
            return Err(WireError::too_many_requests());
        }
        *count += 1;
        Ok(Place { concurrency: self, endpoint })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut busy = self.concurrency.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = busy.get_mut(&self.endpoint) {
            *count = count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_starts_with_its_first_request_and_ends_after_its_length() {
        let window = Duration::from_secs(30);
        let quota = Quota::new(2, window);
        let start = Instant::now();
        let at = |seconds| {
            let now = start + Duration::from_secs(seconds);
            let reading = quota.take(now).unwrap();
            (reading.admitted, reading.left, reading.reset(now))
        };

        assert_eq!(at(0), (true, 1, window));
        assert_eq!(at(10), (true, 0, Duration::from_secs(20)));
        assert_eq!(at(29), (false, 0, Duration::from_secs(1)));
        assert_eq!(at(30), (true, 1, window));
    }

    #[test]
    fn a_quota_of_zero_is_no_quota() {
        assert_eq!(Quota::new(0, Duration::from_secs(30)).take(Instant::now()), None);
    }

    #[test]
    fn a_request_that_was_not_admitted_is_told_the_whole_seconds_to_wait() {
        let quota = Quota::new(1, Duration::from_millis(1500));
        let start = Instant::now();
        quota.take(start);
        let mut headers = HeaderMap::new();
        let refused = quota.take(start + Duration::from_millis(50)).unwrap();
        refused.write(&mut headers, start + Duration::from_millis(100));

        assert_eq!(headers.get("x-rate-limit-time-window-ms").unwrap(), "1500");
        assert_eq!(headers.get("x-rate-limit-time-reset-ms").unwrap(), "1400");
        assert_eq!(headers.get("x-rate-limit-requests-quota").unwrap(), "1");
        assert_eq!(headers.get("x-rate-limit-requests-left").unwrap(), "0");
        assert_eq!(headers.get("x-retry-after").unwrap(), "2");
    }

    #[test]
    fn each_endpoint_has_its_own_places_and_gets_them_back() {
        let concurrency = Concurrency::default();
        let places: Vec<_> = (0..10).map(|id| concurrency.enter(Route::ListCodes(id)).unwrap()).collect();

        assert!(concurrency.enter(Route::ListCodes(99)).is_err());
        assert!(concurrency.enter(Route::GenerateCodes(1)).is_ok());
        drop(places);
        assert!(concurrency.enter(Route::ListCodes(99)).is_ok());
    }
}
