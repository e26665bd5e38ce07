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
    pub(super) opens_at: Option<Instant>,
    pub(super) in_flight: u64,
    length: Option<Duration>,
    /// When a request goes through although the window is thought to be shut.
    probe_at: Option<Instant>,
    /// When the clock opened this window, before any answer of it.
    opened: Option<Instant>,
    /// Whether any answer has come, with rate headers or without.
    answered: bool,
}

/// When a request was let out, and against what belief.
#[derive(Debug, Clone, Copy)]
pub(super) struct Admission {
    at: Instant,
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
        Admission { at: now, spent: self.left == Some(0) }
    }

    /// Begins a new window when the last one is over: as large as that one until an answer tells more.
    fn turn_over(&mut self, now: Instant) {
        if self.opens_at.is_some_and(|opens_at| opens_at <= now) {
            self.left = self.quota;
            self.opens_at = self.quota.map(|_| now + self.length());
            self.probe_at = None;
            self.opened = Some(now);
        }
    }

    fn is_used_up(&self, reserve: Option<u8>) -> bool {
        let kept =
            reserve.map_or(0, |percent| self.quota.unwrap_or(0).saturating_mul(u64::from(percent)) / 100);
        // `left` was told before the requests now under way were counted, so they are taken off.
        self.left.is_some_and(|left| left <= self.in_flight + kept)
    }

    /// Takes note of an answer to the request that was let out as `admission` says.
    pub(super) fn learn(&mut self, rate: &RateHeaders, limited: bool, admission: Admission, now: Instant) {
        self.answered = true;
        self.quota = rate.quota.or(self.quota);
        self.length = rate.window.or(self.length);
        let refuted = admission.spent && !limited;
        // What was sent in an earlier window may tell of that one.
        let is_current = self.opened.is_none_or(|opened| admission.at >= opened);
        match (rate.left, rate.reset) {
            (Some(left), Some(reset)) if is_current => {
                let left = if refuted { left } else { self.lowest(left, now + reset) };
                self.believe(left, reset, now);
            }
            _ if refuted => (self.left, self.opens_at, self.probe_at) = (None, None, None),
            _ => {}
        }
        // A 429 without a count still shuts the window for everybody, for as long as it says.
        if limited
            && rate.left.unwrap_or(0) == 0
            && let Some(wait) = rate.wait(1)
        {
            self.believe(0, wait, now);
        }
    }

    fn believe(&mut self, left: u64, reset: Duration, now: Instant) {
        self.left = Some(left);
        self.opens_at = Some(now + reset);
        self.probe_at = (reset > self.length()).then(|| now + self.length());
    }

    /// What is left by the latest news: answers overtake each other, so within one window the lowest count is
    /// the latest, unless another is higher by more than that explains.
    fn lowest(&self, told: u64, opens_at: Instant) -> u64 {
        let half = self.length() / 2;
        let (Some(known), Some(known_opens_at)) = (self.left, self.opens_at) else { return told };
        let apart = known_opens_at.max(opens_at) - known_opens_at.min(opens_at);
        if apart < half && told > known && told - known <= OVERTAKEN_BY { known } else { told }
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
        Admission { at, spent: false }
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
        let opened = now + Duration::from_secs(1);
        assert_eq!(window.shut_for(opened, None), None);
        window.learn(&rate(1, 10), false, admission(now), opened);
        assert_eq!(window.left, Some(150));
    }
}
