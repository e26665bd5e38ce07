//! What the store holds against what the journal reports.

use std::collections::{BTreeMap, BTreeSet};

use coupon_mcp::jobs::report::Row;
use coupon_mcp::jobs::{Counts, JobRecord, JobState};

use super::stand::{Code, Codes, Stand};
use super::task::{Goal, Task};

/// Checks that the job is done, and that store and report agree with each other and with what was asked for.
/// `is_stranger` tells the codes that somebody else made or deleted; a code that the job may have made is none.
pub(super) async fn check(stand: &Stand, task: &Task, is_stranger: impl Fn(&Code) -> bool) {
    let job = stand.only_job().await.expect("a job");
    assert_eq!(job.state, JobState::Done, "{job:?}");
    let rows = stand.report(&job).await;
    let ours = |codes: Codes| -> Codes {
        codes.into_iter().filter(|(_, code)| task.fits(code) || !is_stranger(code)).collect()
    };
    let before = ours(task.before.clone());
    let after = ours(stand.codes(task.promotion).await);
    match &task.goal {
        Goal::Made { count, .. } => made(task, *count, &job, &rows, &before, &after),
        Goal::There { wanted, refused } => there(wanted, refused, &job, &rows, &before, &after),
        Goal::Gone { doomed } => gone(doomed, &job, &rows, &before, &after),
    }
}

fn made(task: &Task, count: usize, job: &JobRecord, rows: &[Row], before: &Codes, after: &Codes) {
    assert_eq!(job.counts, counts(count, count, 0));
    let new = added(before, after);
    assert_eq!(new.values().find(|code| !task.fits(code)), None, "a code of another look or limit");
    let new_texts: BTreeSet<&str> = new.values().map(|code| code.text.as_str()).collect();
    let reported: BTreeSet<&str> = rows.iter().map(|row| row.code.as_str()).collect();
    assert_eq!((rows.len(), reported.len()), (count, count), "the report names each code once");
    let missing: Vec<_> = reported.difference(&new_texts).collect();
    let unreported: Vec<_> = new_texts.difference(&reported).collect();
    assert!(missing.is_empty() && unreported.is_empty(), "missing {missing:?}, unreported {unreported:?}");
    for row in rows {
        assert!(matches!(row.outcome, "created" | "adopted"), "{row:?}");
        let text = |id: &u64| new.get(id).map(|code| code.text.as_str());
        assert!(row.id.as_ref().is_none_or(|id| text(id) == Some(&row.code)), "{row:?}");
    }
}

fn there(
    wanted: &BTreeMap<String, (u64, u64)>,
    refused: &BTreeSet<String>,
    job: &JobRecord,
    rows: &[Row],
    before: &Codes,
    after: &Codes,
) {
    assert_eq!(job.counts, counts(wanted.len() + refused.len(), wanted.len(), refused.len()));
    let stored: BTreeMap<&str, (u64, &Code)> =
        after.iter().map(|(id, code)| (code.text.as_str(), (*id, code))).collect();
    let there_before: BTreeSet<&str> = before.values().map(|code| code.text.as_str()).collect();
    let reported: BTreeSet<&str> = rows.iter().map(|row| row.code.as_str()).collect();
    assert_eq!((rows.len(), reported.len()), (wanted.len() + refused.len(), rows.len()), "each row once");
    for row in rows {
        let Some(&limits) = wanted.get(&row.code) else {
            assert!(
                refused.contains(&row.code) && row.outcome == "failed" && !row.detail.is_empty(),
                "{row:?}"
            );
            continue;
        };
        let (id, code) = stored.get(row.code.as_str()).unwrap_or_else(|| panic!("not there: {row:?}"));
        assert_eq!((code.max_uses, code.max_uses_per_customer), limits, "{row:?}");
        assert_eq!(row.id, Some(*id), "{row:?}");
        let was_there = there_before.contains(row.code.as_str());
        let truly = if was_there { row.outcome != "created" } else { row.outcome != "failed" };
        assert!(truly && row.succeeded(), "{row:?}");
    }
    for code in added(before, after).values() {
        assert!(wanted.contains_key(&code.text), "nobody asked for {code:?}");
    }
}

fn gone(doomed: &BTreeSet<u64>, job: &JobRecord, rows: &[Row], before: &Codes, after: &Codes) {
    assert_eq!(job.counts, counts(doomed.len(), doomed.len(), 0));
    let reported: BTreeSet<u64> = rows.iter().filter_map(|row| row.id).collect();
    assert_eq!((rows.len(), &reported), (doomed.len(), doomed), "each code once");
    assert_eq!(rows.iter().find(|row| row.outcome != "deleted"), None);
    let kept: Codes = before.clone().into_iter().filter(|(id, _)| !doomed.contains(id)).collect();
    assert_eq!(after, &kept);
}

/// What is there now and was not; what was there is unchanged.
fn added(before: &Codes, after: &Codes) -> Codes {
    for (id, code) in before {
        assert_eq!(after.get(id), Some(code), "a code that was there before is gone or changed");
    }
    after.clone().into_iter().filter(|(id, _)| !before.contains_key(id)).collect()
}

fn counts(requested: usize, succeeded: usize, failed: usize) -> Counts {
    let [requested, succeeded, failed] = [requested, succeeded, failed].map(|count| count as u64);
    Counts { requested, succeeded, failed, unknown: 0, remaining: 0 }
}
