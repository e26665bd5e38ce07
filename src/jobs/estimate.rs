//! How long a job will take, from what is known of the store's quota.

use std::time::Duration;

use crate::bigcommerce::pacing::QuotaReport;

use super::spec::{Spec, WorkSpec};
use super::{JobRecord, Kind};

/// What a request takes when nothing is in its way: an answer of BigCommerce, with a margin.
const A_REQUEST: Duration = Duration::from_millis(400);
/// Length of a window (API documentation).
const WINDOW: Duration = Duration::from_secs(30);

/// How long `requests` take, `width` at once, when `reserve_percent` of the quota are left to others.
pub(super) fn duration(
    requests: u64,
    width: u64,
    quota: Option<QuotaReport>,
    reserve_percent: u8,
) -> Duration {
    let rounds = u32::try_from(requests.div_ceil(width.max(1))).unwrap_or(u32::MAX);
    let working = A_REQUEST.saturating_mul(rounds);
    let Some(quota) = quota else { return working };
    let kept = quota.requests_quota.saturating_mul(u64::from(reserve_percent)) / 100;
    let now = quota.requests_left.saturating_sub(kept);
    let per_window = quota.requests_quota.saturating_sub(kept).max(1);
    let Some(later) = requests.checked_sub(now).filter(|later| *later > 0) else { return working };
    // The window that opens next takes the first of them; each further one opens a window's length later.
    let windows = u32::try_from((later - 1) / per_window).unwrap_or(u32::MAX);
    let waiting = Duration::from_millis(quota.resets_in_ms).saturating_add(WINDOW.saturating_mul(windows));
    waiting.max(working)
}

/// The requests that are left of a job, and how many of them go at once.
pub(super) fn requests(record: &JobRecord) -> (u64, u64) {
    const PAGE: u64 = 250;
    let left = record.standing().remaining;
    match record.kind {
        Kind::Generate | Kind::Import if in_batches(record) => (left.div_ceil(PAGE), 10),
        Kind::Generate | Kind::Import => (left, 40),
        // Read first, deleted then.
        Kind::Delete => (2 * left.div_ceil(PAGE), 4),
        Kind::Export | Kind::Summarize => (left.div_ceil(PAGE), 1),
    }
}

fn in_batches(record: &JobRecord) -> bool {
    let work = Spec::read(record).map(|spec| spec.work);
    matches!(work, Ok(WorkSpec::Generate(spec)) if spec.by_codegen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(left: u64, resets_in_ms: u64) -> QuotaReport {
        QuotaReport { requests_quota: 150, requests_left: left, resets_in_ms }
    }

    #[test]
    fn what_fits_into_the_window_takes_its_own_time_only() {
        assert_eq!(duration(20, 10, Some(quota(150, 30_000)), 20), Duration::from_millis(800));
        assert_eq!(duration(400, 10, None, 20), Duration::from_secs(16));
        assert_eq!(duration(0, 10, Some(quota(0, 9_000)), 20), Duration::ZERO);
    }

    #[test]
    fn what_does_not_waits_for_as_many_windows_as_it_needs() {
        for (requests, seconds) in [(121, 9), (240, 9), (241, 39), (10_000, 9 + 82 * 30)] {
            assert_eq!(
                duration(requests, 40, Some(quota(150, 9_000)), 20),
                Duration::from_secs(seconds),
                "{requests}"
            );
        }
    }
}
