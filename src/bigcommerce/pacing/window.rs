//! What is believed of the store's quota window.

use std::time::Duration;

use tokio::time::Instant;

use super::headers::{RateHeaders, USUAL_WINDOW};

/// By how many requests one answer can overtake another: more than are ever under way at one endpoint.
const OVERTAKEN_BY: u64 = 64;

/// How soon a job that waits for the first answer looks again.
const FIRST_ANSWER: Duration = Duration::from_secs(1);

/// The window by the latest answers.
///
/// A belief heals by itself: while the window is thought to be shut for longer than a window lasts, one
/// request goes through in each, and its answer decides.
#[derive(Debug, Default)]
pub(super) struct Window {
    pub(super) quota: Option<u64>,
    pub(super) left: Option<u64>,
    /// When the window ends at the latest.
    pub(super) opens_at: Option<Instant>,
    /// When it ends at the earliest, as far as answers tell.
    ends_after: Option<Instant>,
    pub(super) in_flight: u64,
    /// Requests let out that `left` cannot have counted. It may have counted the others under way or not.
    uncounted: u64,
    length: Option<Duration>,
    /// When a request goes through although the window is thought to be shut.
    probe_at: Option<Instant>,
    /// When the clock opened this window, until an answer tells of it.
    opened: Option<Instant>,
    /// How many windows were known before this one.
    number: u64,
    /// Whether any answer has come, with rate headers or without.
    answered: bool,
}

/// When a request was let out, and against what belief.
#[derive(Debug, Clone, Copy)]
pub(super) struct Admission {
    at: Instant,
    /// The number of the window then.
    window: u64,
    /// No request was thought to be left, so that an answer that is no 429 is better news.
    spent: bool,
}

impl Window {
    /// How long a window lasts.
    pub(super) fn length(&self) -> Duration {
        self.length.unwrap_or(USUAL_WINDOW)
    }

    /// For how long no further request may go out, if it has to leave `reserve` percent of the quota.
    pub(super) fn shut_for(&mut self, now: Instant, reserve: Option<u8>) -> Option<Duration> {
        self.turn_over(now);
        // Before the first answer nobody knows the quota, and a job could run into it with forty requests.
        if reserve.is_some() && !self.answered && self.in_flight > 0 {
            return Some(FIRST_ANSWER);
        }
        let opens_at = self.opens_at.filter(|_| self.is_used_up(reserve))?;
        let next = self.probe_at.map_or(opens_at, |probe_at| probe_at.min(opens_at));
        (next > now).then(|| next - now)
    }

    /// Takes one request from the window, unless it is shut.
    pub(super) fn take(&mut self, now: Instant, reserve: Option<u8>) -> Option<Admission> {
        self.shut_for(now, reserve).is_none().then(|| self.let_out(now, reserve))
    }

    /// Takes one request from the window, shut or not.
    pub(super) fn take_at_once(&mut self, now: Instant) -> Admission {
        self.turn_over(now);
        self.let_out(now, None)
    }

    fn let_out(&mut self, now: Instant, reserve: Option<u8>) -> Admission {
        // Whatever goes out against what is believed is this window's probe.
        if self.is_used_up(reserve) && self.probe_at.is_some() {
            self.probe_at = Some(now + self.length());
        }
        self.in_flight += 1;
        self.uncounted += 1;
        Admission { at: now, window: self.number, spent: self.left == Some(0) }
    }

    /// Begins a new window when the last one is over: as large as that one until an answer tells more.
    fn turn_over(&mut self, now: Instant) {
        if self.opens_at.is_some_and(|opens_at| opens_at <= now) {
            self.number += 1;
            self.ends_after = self.ends_after.map(|ended| ended + self.length());
            (self.left, self.uncounted) = (self.quota, 0);
            self.opens_at = self.quota.map(|_| now + self.length());
            self.probe_at = None;
            self.opened = Some(now);
        }
    }

    /// Whether nothing is left for a request that has to leave `reserve` percent of the quota.
    ///
    /// A call may use all that can still be left. A job has to keep clear of its reserve, so what may or may
    /// not be counted is taken off too.
    fn is_used_up(&self, reserve: Option<u8>) -> bool {
        let taken = reserve.map_or(self.uncounted, |percent| {
            let kept = self.quota.unwrap_or(0).saturating_mul(u64::from(percent)) / 100;
            self.in_flight.max(self.uncounted) + kept
        });
        self.left.is_some_and(|left| left <= taken)
    }

    /// Takes note that a request ended without an answer: it may never have been counted.
    pub(super) fn give_back(&mut self, admission: Admission) {
        if admission.window == self.number {
            self.uncounted = self.uncounted.saturating_sub(1);
        }
    }

    /// Takes note of an answer to the request that was let out as `admission` says.
    pub(super) fn learn(&mut self, rate: &RateHeaders, limited: bool, admission: Admission, now: Instant) {
        self.turn_over(now);
        self.answered = true;
        self.quota = rate.quota.or(self.quota);
        self.length = rate.window.or(self.length);
        let refuted = admission.spent && !limited;
        match (rate.left, rate.reset) {
            (Some(left), Some(reset)) if refuted => self.begin(left, reset, admission.at, now),
            (Some(left), Some(reset)) => self.hear(left, reset, admission.at, now),
            _ if refuted => (self.left, self.opens_at, self.probe_at) = (None, None, None),
            _ => {}
        }
        // A 429 without a count still shuts the window for everybody, for as long as it says.
        if limited
            && rate.left.unwrap_or(0) == 0
            && let Some(wait) = rate.wait(1)
        {
            self.believe(0, now + wait, now);
        }
    }

    /// Takes note that at some moment since `sent`, `left` requests were left of a window that then had
    /// `reset` to go.
    ///
    /// Answers overtake each other, and a busy machine reads them late, so each only says between which
    /// moments its window ends. Within one window the lowest count is the latest, unless another is higher by
    /// more than that explains. What tells of an earlier window is no news.
    fn hear(&mut self, left: u64, reset: Duration, sent: Instant, now: Instant) {
        let (Some(known), Some(opens_at)) = (self.left, self.opens_at) else {
            return self.begin(left, reset, sent, now);
        };
        let (earliest, latest) = (sent + reset, now + reset);
        let (half, inexact) = (self.length() / 2, self.length() / 25);
        // Of a window that the clock opened, the end is a guess until the first answer of that window.
        let is_guess = self.opened.is_some();
        let is_first = self.opened.is_some_and(|opened| sent.max(earliest) >= opened);
        let is_early = |by: Duration| self.ends_after.is_some_and(|ends_after| latest + by < ends_after);
        if is_early(inexact) && !is_first && opens_at <= now + self.length() {
            return;
        }
        if !is_guess && earliest > opens_at + inexact || left > known.saturating_add(OVERTAKEN_BY) {
            return self.begin(left, reset, sent, now);
        }
        // What was under way for long, or tells of a window that is over, may be of an earlier one.
        let is_vague = is_guess || reset.is_zero() || is_early(Duration::ZERO) || now - sent > half;
        let (opens_at, ends_after) = match (is_first, is_vague) {
            (true, _) => (latest, Some(earliest)),
            (false, true) => (opens_at.max(earliest), self.ends_after.max(Some(earliest))),
            (false, false) => (opens_at.min(latest).max(earliest), self.ends_after.max(Some(earliest))),
        };
        let at_most = left.min(known.saturating_sub(self.uncounted));
        let left = left.min(known);
        (self.uncounted, self.ends_after) = (left - at_most, ends_after);
        self.believe(left, opens_at, now);
    }

    /// Begins a window that an answer tells of.
    fn begin(&mut self, left: u64, reset: Duration, sent: Instant, now: Instant) {
        self.number += 1;
        (self.uncounted, self.ends_after) = (0, Some(sent + reset));
        self.believe(left, now + reset, now);
    }

    fn believe(&mut self, left: u64, opens_at: Instant, now: Instant) {
        self.left = Some(left);
        self.opens_at = Some(opens_at);
        self.opened = None;
        self.probe_at = (opens_at > now + self.length()).then(|| now + self.length());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(left: u64, reset_ms: u64) -> RateHeaders {
        let reset = Some(Duration::from_millis(reset_ms));
        RateHeaders { quota: Some(150), left: Some(left), reset, ..RateHeaders::default() }
    }

    fn admission(at: Instant) -> Admission {
        Admission { at, window: 0, spent: false }
    }

    fn after_ms(now: Instant, ms: u64) -> Instant {
        now + Duration::from_millis(ms)
    }

    #[test]
    fn an_answer_that_was_overtaken_gives_no_requests_back() {
        let now = Instant::now();
        let mut window = Window::default();
        for told in [100, 97, 99, 98] {
            window.learn(&rate(told, 20_000), false, admission(now), now);
        }
        assert_eq!(window.left, Some(97));
        window.learn(&rate(150, 20_000), false, admission(now), now);
        assert_eq!(window.left, Some(97));
        let later = now + Duration::from_secs(21);
        window.learn(&rate(149, 30_000), false, admission(later), later);
        assert_eq!(window.left, Some(149));
    }

    #[test]
    fn an_answer_from_the_last_window_says_nothing_of_this_one() {
        let now = Instant::now();
        let mut window = Window::default();
        window.learn(&rate(3, 1_000), false, admission(now), now);
        let opened = after_ms(now, 1_000);
        assert_eq!(window.shut_for(opened, None), None);
        window.learn(&rate(1, 10), false, admission(now), opened);
        assert_eq!(window.left, Some(150));
        // Nor after an answer has told of this one.
        window.learn(&rate(120, 29_000), false, admission(opened), opened);
        window.learn(&rate(2, 20), false, admission(now), opened);
        assert_eq!((window.left, window.opens_at), (Some(120), Some(after_ms(now, 30_000))));
    }

    #[test]
    fn an_answer_that_comes_a_whole_window_late_does_not_end_this_one() {
        let now = Instant::now();
        let mut window = Window::default();
        window.learn(&rate(40, 1_000), false, admission(now), now);
        let opened = after_ms(now, 1_200);
        window.learn(&rate(49, 29_900), false, admission(after_ms(now, 1_000)), opened);
        let nearly_over = after_ms(opened, 28_000);
        window.learn(&rate(11, 0), false, admission(now), nearly_over);
        assert_eq!(window.opens_at, Some(after_ms(opened, 29_900)));
    }

    #[test]
    fn a_request_of_the_last_window_may_be_counted_in_this_one() {
        let now = Instant::now();
        let mut window = Window::default();
        window.learn(&rate(3, 1_000), false, admission(now), now);
        let opened = after_ms(now, 1_000);
        assert_eq!(window.shut_for(opened, None), None);
        window.learn(&rate(140, 29_900), false, admission(now), opened);
        assert_eq!(window.left, Some(140));
    }

    #[test]
    fn an_answer_that_is_read_late_does_not_begin_a_window() {
        let now = Instant::now();
        let mut window = Window::default();
        window.learn(&rate(12, 20_000), false, admission(now), now);
        window.learn(&rate(40, 19_500), false, admission(now), after_ms(now, 19_000));
        assert_eq!((window.left, window.opens_at), (Some(12), Some(after_ms(now, 20_000))));
    }

    #[test]
    fn the_wait_after_a_429_is_no_end_of_a_window() {
        let now = Instant::now();
        let mut window = Window::default();
        let limited = RateHeaders { retry_after: Some(Duration::from_secs(20)), ..rate(0, 1_000) };
        window.learn(&limited, true, admission(now), now);
        assert_eq!(window.opens_at, Some(after_ms(now, 20_000)));
        window.learn(&rate(0, 1_000), false, admission(now), after_ms(now, 10));
        assert_eq!(window.opens_at, Some(after_ms(now, 1_010)), "an answer may still tell of a nearer end");
    }

    #[test]
    fn a_window_that_the_clock_guessed_ends_when_an_answer_says() {
        let now = Instant::now();
        let mut window = Window::default();
        window.learn(&rate(3, 1_000), false, admission(now), now);
        let later = after_ms(now, 200_000);
        assert_eq!(window.shut_for(later, None), None);
        window.learn(&rate(90, 4_000), false, admission(later), later);
        assert_eq!((window.left, window.opens_at), (Some(90), Some(after_ms(now, 204_000))));
    }
}
