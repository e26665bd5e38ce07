//! Which requests are sent again, and after what pause: one table, without a clock.
//!
//! | what came back                    | GET, PUT, DELETE           | POST                      |
//! |-----------------------------------|----------------------------|---------------------------|
//! | 2xx with a usable body            | answer                     | answer                    |
//! | 2xx with a broken body            | 3 tries, backoff           | answer (caller looks up)  |
//! | 3xx                               | answer                     | answer                    |
//! | 429 with rate headers             | wait for the window        | wait for the window       |
//! | 429 without them                  | longer wait                | longer wait               |
//! | 408, 499, 5xx                     | 3 tries, backoff           | answer (caller looks up)  |
//! | 503 "The store is suspended"      | answer                     | answer                    |
//! | other 4xx                         | answer                     | answer                    |
//! | no connection                     | 3 tries, backoff           | 3 tries, backoff          |
//! | time-out, connection lost         | 3 tries, backoff           | answer (caller looks up)  |
//!
//! A 429 was not processed (API documentation, "Rate limits"), so it may be repeated whatever the method; how
//! often is a matter of the call's patience, not of a count. PUT and DELETE say what shall be, so they may be
//! repeated as a GET may (a DELETE of what is gone answers 204 as well). A POST whose outcome is in doubt is never sent
//! again from here: codes carry no idempotency key, so the caller looks the outcome up.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use http::{Method, StatusCode};

use super::pacing::RateHeaders;

/// What may be repeated is sent at most so many times.
pub const MAX_TRIES: u32 = 3;

/// What came back, reduced to what the decision needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// An HTTP answer. `broken` = a success whose body cannot be used; `suspended` = the store is suspended.
    Answer {
        /// The HTTP status.
        status: StatusCode,
        /// The rate headers that came with it.
        rate: RateHeaders,
        /// A success whose body cannot be used.
        broken: bool,
        /// BigCommerce says that the store is suspended.
        suspended: bool,
    },
    /// No connection was made.
    NotSent,
    /// The request went out, the answer did not come (time-out or broken connection).
    Lost,
}

impl Signal {
    /// The HTTP status, if an answer came.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Answer { status, .. } => Some(*status),
            Self::NotSent | Self::Lost => None,
        }
    }

    /// A 429.
    pub fn is_limited(&self) -> bool {
        matches!(self, Self::Answer { status, .. } if *status == StatusCode::TOO_MANY_REQUESTS)
    }
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Give this to the caller, be it good or bad.
    Answer,
    /// Send the same request again after the pause.
    Retry(Pause),
}

/// How long to pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pause {
    /// A short, growing, jittered pause.
    Backoff,
    /// Until the rate window opens again.
    Window(Duration),
    /// The platform is at its limit: a longer, growing, jittered pause.
    Overload,
}

/// The table. `times` counts, from 1, how often such an answer came: a 429 or anything else, each by itself,
/// so that waits for the window do not use up the tries.
pub fn decide(method: &Method, signal: &Signal, times: u32) -> Decision {
    let repeatable = method.is_idempotent();
    let again = |allowed: bool| {
        if allowed && times < MAX_TRIES { Decision::Retry(Pause::Backoff) } else { Decision::Answer }
    };
    match signal {
        Signal::NotSent => again(true),
        Signal::Lost => again(repeatable),
        Signal::Answer { suspended: true, .. } => Decision::Answer,
        Signal::Answer { status, rate, .. } if *status == StatusCode::TOO_MANY_REQUESTS => {
            Decision::Retry(rate.wait(times).map_or(Pause::Overload, |wait| {
                // A limit that stays is met with a longer wait each time.
                Pause::Window(wait + Duration::from_millis(250) * (times - 1))
            }))
        }
        Signal::Answer { status, broken, .. } => {
            let transient = status.is_server_error() || matches!(status.as_u16(), 408 | 499);
            again(repeatable && (transient || *broken))
        }
    }
}

/// The pauses of one request, in order: jittered, so that callers do not come back in step.
#[derive(Debug)]
pub(crate) struct Pauses {
    backoff: backon::ExponentialBackoff,
    overload: backon::ExponentialBackoff,
}

impl Pauses {
    pub(crate) fn new() -> Self {
        let growing = |from, to| {
            ExponentialBuilder::default()
                .with_min_delay(from)
                .with_max_delay(to)
                .with_jitter()
                .without_max_times()
                .build()
        };
        Self {
            backoff: growing(Duration::from_millis(200), Duration::from_secs(2)),
            overload: growing(Duration::from_secs(2), Duration::from_secs(15)),
        }
    }

    pub(crate) fn length_of(&mut self, pause: &Pause) -> Duration {
        match pause {
            Pause::Window(wait) => *wait,
            Pause::Backoff => self.backoff.next().unwrap_or_default(),
            Pause::Overload => self.overload.next().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16) -> Signal {
        let status = StatusCode::from_u16(status).unwrap();
        Signal::Answer { status, rate: RateHeaders::default(), broken: false, suspended: false }
    }

    const EVERY_STATUS: [u16; 26] = [
        200, 201, 204, 301, 302, 307, 308, 400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 422, 423, 429,
        499, 500, 501, 502, 503, 504,
    ];

    fn retried(method: &Method, attempt: u32) -> Vec<u16> {
        let retried = |status: &u16| decide(method, &answer(*status), attempt) != Decision::Answer;
        EVERY_STATUS.into_iter().filter(retried).collect()
    }

    #[test]
    fn a_get_is_retried_on_transient_statuses_until_the_third_try() {
        assert_eq!(retried(&Method::GET, 1), [408, 429, 499, 500, 501, 502, 503, 504]);
        assert_eq!(retried(&Method::GET, 2), [408, 429, 499, 500, 501, 502, 503, 504]);
        assert_eq!(retried(&Method::GET, 3), [429]);
    }

    #[test]
    fn a_put_and_a_delete_are_retried_like_a_get() {
        for method in [Method::PUT, Method::DELETE] {
            assert_eq!(retried(&method, 1), retried(&Method::GET, 1), "{method}");
            assert_eq!(decide(&method, &Signal::Lost, 2), Decision::Retry(Pause::Backoff), "{method}");
            assert_eq!(decide(&method, &Signal::Lost, 3), Decision::Answer, "{method}");
        }
    }

    #[test]
    fn a_post_is_repeated_only_when_it_was_surely_not_processed() {
        assert_eq!(retried(&Method::POST, 1), [429]);
        assert_eq!(decide(&Method::POST, &Signal::Lost, 1), Decision::Answer);
        assert_eq!(decide(&Method::POST, &Signal::NotSent, 1), Decision::Retry(Pause::Backoff));
        assert_eq!(decide(&Method::POST, &Signal::NotSent, 3), Decision::Answer);
    }

    #[test]
    fn a_broken_body_is_asked_for_again_by_get_only() {
        let broken = Signal::Answer {
            status: StatusCode::OK,
            rate: RateHeaders::default(),
            broken: true,
            suspended: false,
        };
        assert_eq!(decide(&Method::GET, &broken, 1), Decision::Retry(Pause::Backoff));
        assert_eq!(decide(&Method::POST, &broken, 1), Decision::Answer);
    }

    #[test]
    fn a_suspended_store_is_not_asked_again() {
        let suspended = Signal::Answer {
            status: StatusCode::SERVICE_UNAVAILABLE,
            rate: RateHeaders::default(),
            broken: false,
            suspended: true,
        };
        assert_eq!(decide(&Method::GET, &suspended, 1), Decision::Answer);
    }

    #[test]
    fn a_429_waits_for_its_window_and_without_headers_for_longer() {
        let status = StatusCode::TOO_MANY_REQUESTS;
        let rate = RateHeaders { reset: Some(Duration::from_millis(700)), ..RateHeaders::default() };
        let limited = Signal::Answer { status, rate, broken: false, suspended: false };
        for (attempt, wait) in [(1, 700), (2, 950), (9, 2_700)] {
            let expected = Decision::Retry(Pause::Window(Duration::from_millis(wait)));
            assert_eq!(decide(&Method::POST, &limited, attempt), expected);
        }
        assert_eq!(decide(&Method::POST, &answer(429), 7), Decision::Retry(Pause::Overload));
    }

    #[test]
    fn an_overload_is_waited_out_longer_than_a_fault() {
        let mut pauses = Pauses::new();
        let shortest_overload = Duration::from_secs(2);
        for _ in 0..10 {
            assert!(pauses.length_of(&Pause::Backoff) <= Duration::from_secs(4));
            assert!(pauses.length_of(&Pause::Overload) >= shortest_overload);
        }
    }
}
