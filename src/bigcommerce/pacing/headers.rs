//! What an answer says of the rate limit, as far as it can be believed.

use std::ops::RangeInclusive;
use std::time::Duration;

use http::HeaderMap;

/// Length of a window that has not told its own (API documentation).
pub(super) const USUAL_WINDOW: Duration = Duration::from_secs(30);

/// Lengths that a window can have; what says otherwise is no length. BigCommerce's is 30 s, the practice
/// store's may be a fraction of a second.
const SANE_WINDOW: RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_mins(10);

/// For how many windows an answer can shut the store: the clocks of both sides, and a store that counts a few
/// windows together, have room in that.
const BELIEVED_WINDOWS: u32 = 3;

/// Requests that a window can allow. No plan comes near the highest, and of a window that allows none nothing
/// would ever be answered.
const SANE_QUOTA: RangeInclusive<u64> = 1..=10_000_000;

/// The rate headers of one answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateHeaders {
    /// `X-Rate-Limit-Requests-Quota`: requests that the window allows.
    pub quota: Option<u64>,
    /// `X-Rate-Limit-Requests-Left`: requests left in the window.
    pub left: Option<u64>,
    /// `X-Rate-Limit-Time-Window-Ms`: length of the window.
    pub window: Option<Duration>,
    /// `X-Rate-Limit-Time-Reset-Ms`: until the window opens again, at most three windows.
    pub reset: Option<Duration>,
    /// `X-Retry-After`, seconds, on a 429; at most three windows.
    pub retry_after: Option<Duration>,
}

impl RateHeaders {
    /// Reads the headers of an answer, a 429 if `limited`. A window is `known_window` long unless they tell.
    ///
    /// What is absent, not a number or at odds with the rest stays unknown: a quota of 0, more left than the
    /// quota, a window of no length. A 429 does say that the store is shut, but not for longer than three
    /// windows; on any other answer a longer reset is at odds with the answer itself.
    pub fn read(headers: &HeaderMap, limited: bool, known_window: Duration) -> Self {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        let window = number("x-rate-limit-time-window-ms").map(Duration::from_millis);
        let window = window.filter(|window| SANE_WINDOW.contains(window));
        let longest = window.unwrap_or(known_window) * BELIEVED_WINDOWS;
        let reset = number("x-rate-limit-time-reset-ms").map(Duration::from_millis);
        let retry_after = number("x-retry-after").or_else(|| number("retry-after"));
        let (quota, left) = counts(
            headers.contains_key("x-rate-limit-requests-quota"),
            number("x-rate-limit-requests-quota"),
            number("x-rate-limit-requests-left"),
        );
        Self {
            quota,
            left,
            window,
            reset: reset.filter(|reset| limited || *reset <= longest).map(|reset| reset.min(longest)),
            retry_after: retry_after.map(|seconds| Duration::from_secs(seconds).min(longest)),
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

/// The quota and what is left of it, where both can be true. What is left of an impossible quota says nothing.
fn counts(told: bool, quota: Option<u64>, left: Option<u64>) -> (Option<u64>, Option<u64>) {
    match (quota.filter(|quota| SANE_QUOTA.contains(quota)), left) {
        (Some(quota), Some(left)) if left > quota => (None, None),
        (None, _) if told => (None, None),
        counts => counts,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const TEN_YEARS_MS: u64 = 10 * 365 * 24 * 3_600 * 1_000;

    fn read(limited: bool, told: &[(&'static str, &str)]) -> RateHeaders {
        let mut headers = HeaderMap::new();
        for (name, value) in told {
            headers.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        RateHeaders::read(&headers, limited, USUAL_WINDOW)
    }

    const QUOTA: &str = "x-rate-limit-requests-quota";
    const LEFT: &str = "x-rate-limit-requests-left";
    const WINDOW: &str = "x-rate-limit-time-window-ms";
    const RESET: &str = "x-rate-limit-time-reset-ms";
    const RETRY: &str = "x-retry-after";

    #[test]
    fn counts_that_cannot_be_true_are_unknown() {
        for (quota, left) in [
            ("0", "0"),
            ("0", "5"),
            ("10", "11"),
            ("-5", "0"),
            ("many", "0"),
            ("18446744073709551615", "3"),
            ("99999999999999999999", "3"),
            ("", "0"),
        ] {
            let rate = read(false, &[(QUOTA, quota), (LEFT, left), (RESET, "20000")]);
            assert_eq!((rate.quota, rate.left), (None, None), "{quota} {left}");
        }
        assert_eq!(read(false, &[(LEFT, "-1")]).left, None);
        let rate = read(false, &[(QUOTA, "450"), (LEFT, "0")]);
        assert_eq!((rate.quota, rate.left), (Some(450), Some(0)));
        assert_eq!(read(false, &[(LEFT, "0")]).left, Some(0), "a quota may be left out");
    }

    #[test]
    fn a_window_of_an_impossible_length_is_unknown() {
        for length in ["0", "1", "-30000", "600001", "18446744073709551615", "soon"] {
            assert_eq!(read(false, &[(WINDOW, length)]).window, None, "{length}");
        }
        for length in [50, 300, 30_000, 90_000, 600_000] {
            let window = read(false, &[(WINDOW, &length.to_string())]).window;
            assert_eq!(window, Some(Duration::from_millis(length)));
        }
    }

    #[test]
    fn a_wait_is_believed_for_at_most_three_windows() {
        let ten_years = TEN_YEARS_MS.to_string();
        for (window, longest) in [("30000", 90_000), ("400", 1_200), ("0", 90_000), ("no", 90_000)] {
            let told = [(WINDOW, window), (RESET, ten_years.as_str()), (RETRY, "315360000")];
            let longest = Some(Duration::from_millis(longest));
            let limited = read(true, &told);
            assert_eq!((limited.reset, limited.retry_after), (longest, longest), "{window}");
            assert_eq!(read(false, &told).reset, None, "an answer shows that the window is open: {window}");
        }
        let within = read(false, &[(RESET, "90000"), (RETRY, "90")]);
        assert_eq!((within.reset, within.retry_after), (Some(USUAL_WINDOW * 3), Some(USUAL_WINDOW * 3)));
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
