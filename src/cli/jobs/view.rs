//! A job as it is printed.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::coupons::text::count;
use crate::jobs::spec::Spec;
use crate::jobs::{JobId, JobRecord, JobState};

/// A job as JSON.
#[derive(Debug, Serialize)]
pub(super) struct JobView<'r> {
    job_id: &'r JobId,
    store: &'r str,
    kind: &'static str,
    state: &'static str,
    requested: u64,
    succeeded: u64,
    failed: u64,
    unknown: u64,
    remaining: u64,
    promotion_id: Option<u64>,
    arguments: &'r Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'r Value>,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    owned_elsewhere: bool,
}

impl<'r> JobView<'r> {
    pub(super) fn of(record: &'r JobRecord) -> Self {
        let counts = record.standing();
        Self {
            job_id: &record.id,
            store: &record.store,
            kind: record.kind.as_str(),
            state: record.state.as_str(),
            requested: counts.requested,
            succeeded: counts.succeeded,
            failed: counts.failed,
            unknown: counts.unknown,
            remaining: counts.remaining,
            promotion_id: record.promotion_id,
            arguments: &record.arguments,
            reason: record.reason.as_deref(),
            path: path(record),
            summary: summary(record),
            created_at: record.created_at,
            ended_at: record.ended_at,
            owned_elsewhere: record.owned_elsewhere,
        }
    }
}

/// The file that an export writes.
pub(super) fn path(record: &JobRecord) -> Option<String> {
    Spec::export_path(record).map(|path| path.display().to_string())
}

/// What came of a summary.
pub(super) fn summary(record: &JobRecord) -> Option<&Value> {
    record.result.as_ref()?.get("summary")
}

/// `12 of 500, 1 failed, 2 in doubt`
pub(super) fn progress(record: &JobRecord) -> String {
    let counts = record.standing();
    let mut parts = vec![if counts.requested > 0 {
        format!("{} of {}", counts.succeeded, counts.requested)
    } else {
        counts.succeeded.to_string()
    }];
    parts.extend((counts.failed > 0).then(|| format!("{} failed", counts.failed)));
    parts.extend((counts.unknown > 0).then(|| format!("{} in doubt", counts.unknown)));
    parts.join(", ")
}

/// `generate 500 codes on promotion 7`
pub(super) fn title(record: &JobRecord) -> String {
    let codes = match record.standing().requested {
        0 => "codes".to_owned(),
        requested => count(requested, "code"),
    };
    let place = match record.promotion_id {
        Some(id) => format!(" of promotion {id}"),
        None => String::new(),
    };
    format!("{} {codes}{place}", record.kind.as_str())
}

/// `5 s`, `12 min`, `3 h` or `9 d`, rounded down; a time to come is `0 s`.
pub(super) fn age(of: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(of).max(SignedDuration::ZERO).as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// `2026-08-01T06:15:43Z`
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%FT%TZ").to_string()
}

/// What can be done about a job as it stands.
pub(super) fn next_step(record: &JobRecord) -> String {
    let id = &record.id;
    let resume = format!(
        "`coupon-mcp call control_job job_id={id} action=resume` lets it go on where it stopped, and \
         `coupon-mcp jobs run` finishes it"
    );
    let report = format!("`coupon-mcp jobs report {id}` lists each code");
    match record.state {
        JobState::Running if record.owned_elsewhere => format!(
            "another process is at it: `coupon-mcp jobs run` waits for its end, `coupon-mcp jobs cancel {id}` stops it"
        ),
        JobState::Running => format!(
            "no process is at it: `coupon-mcp jobs run` goes on with it, `coupon-mcp jobs cancel {id}` gives it up"
        ),
        JobState::Done if record.kind.writes() => report,
        JobState::Done => "nothing is left to do".to_owned(),
        JobState::Cancelled | JobState::Failed => resume,
        JobState::NeedsAttention => {
            format!("{report}, also those in doubt; look at these in the store, then {resume}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_the_largest_unit_that_says_enough() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let ago = |seconds: i64| age(now - SignedDuration::from_secs(seconds), now);
        assert_eq!(
            [-5, 0, 119, 120, 7_199, 7_200, 172_799, 172_800].map(ago),
            ["0 s", "0 s", "119 s", "2 min", "119 min", "2 h", "47 h", "2 d"]
        );
    }
}
