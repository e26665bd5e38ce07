use serde_json::json;

use super::*;
use crate::clock::Clock;
use crate::jobs::{Counts, JobIdError, JobState};

#[tokio::test]
async fn a_job_is_told_as_it_was_begun() {
    let journal = in_memory();
    let id = begin(&journal).await;
    let expected = JobRecord {
        id: id.clone(),
        store: STORE.to_owned(),
        kind: Kind::Generate,
        state: JobState::Running,
        promotion_id: Some(7),
        caller: "anna".to_owned(),
        arguments: json!({ "count": 5000 }),
        spec: json!({ "length": 8 }),
        progress: None,
        result: None,
        reason: None,
        requested: 5000,
        created_at: noon(),
        ended_at: None,
        cancel_requested: false,
        counts: Counts { requested: 5000, remaining: 5000, ..Counts::default() },
        owned_elsewhere: false,
    };
    assert_eq!(journal.job(&id).await.unwrap(), Some(expected));
    assert_eq!(journal.units(&id, None, 10).await.unwrap(), [planned(0), planned(1), planned(2)]);
}

#[tokio::test]
async fn a_job_ends_in_each_state_with_reason_and_result() {
    let journal = in_memory();
    for state in [JobState::Done, JobState::Cancelled, JobState::Failed, JobState::NeedsAttention] {
        let id = begin(&journal).await;
        let before = Clock::system().now();
        journal.end(&id, state, Some("because"), Some(&json!({ "rows": 7 }))).await.unwrap();
        let ended = job(&journal, &id).await;
        assert_eq!(
            (ended.state, ended.reason.as_deref(), ended.result),
            (state, Some("because"), Some(json!({ "rows": 7 })))
        );
        let ended_at = ended.ended_at.unwrap().as_millisecond();
        assert!((before.as_millisecond()..=Clock::system().now().as_millisecond()).contains(&ended_at));
        assert!(is_not_owner(journal.end(&id, JobState::Done, None, None).await, &id));
        assert_eq!(job(&journal, &id).await.state, state);
    }
}

#[tokio::test]
async fn a_job_that_is_ended_as_running_waits_for_the_next_process() {
    let journal = in_memory();
    let id = begin(&journal).await;
    journal.end(&id, JobState::Running, Some("stopping"), None).await.unwrap();
    let left = job(&journal, &id).await;
    assert_eq!((left.state, left.ended_at, left.reason), (JobState::Running, None, None));
    assert_eq!(taken_over(&journal).await, [id]);
}

#[tokio::test]
async fn what_a_job_is_about_can_be_put_right_while_it_runs() {
    let journal = in_memory();
    let (id, other) = (begin(&journal).await, begin(&journal).await);
    journal.record_progress(&id, &json!({ "cursor": "a" })).await.unwrap();
    journal.record_progress(&id, &json!({ "cursor": "b" })).await.unwrap();
    journal.set_requested(&id, 750).await.unwrap();
    journal.set_spec(&id, &json!({ "length": 9 })).await.unwrap();
    let found = job(&journal, &id).await;
    assert_eq!(
        (found.progress, found.requested, found.counts.remaining, found.spec),
        (Some(json!({ "cursor": "b" })), 750, 750, json!({ "length": 9 }))
    );
    let untouched = job(&journal, &other).await;
    assert_eq!(
        (untouched.progress, untouched.requested, untouched.spec),
        (None, 5000, json!({ "length": 8 }))
    );
}

#[tokio::test]
async fn the_latest_jobs_come_first_whatever_their_times_say() {
    let journal = in_memory();
    let mut ids = Vec::new();
    for hours in [0, 5, 2] {
        let at = noon() - jiff::SignedDuration::from_hours(hours);
        ids.push(journal.begin(NewJob { at, ..new_job() }, Vec::new()).await.unwrap());
    }
    ids.reverse();
    let listed = |jobs: Vec<JobRecord>| jobs.into_iter().map(|job| job.id).collect::<Vec<_>>();
    assert_eq!(listed(journal.latest(10).await.unwrap()), ids);
    assert_eq!(listed(journal.latest(2).await.unwrap()), ids[..2]);
    assert_eq!(listed(journal.latest(0).await.unwrap()), []);
}

#[tokio::test]
async fn the_jobs_of_a_promotion_are_found_by_kind() {
    let journal = in_memory();
    let mut ids = Vec::new();
    for (kind, promotion_id) in [
        (Kind::Generate, Some(7)),
        (Kind::Generate, Some(8)),
        (Kind::Import, Some(7)),
        (Kind::Generate, None),
        (Kind::Generate, Some(7)),
    ] {
        let id = journal.begin(NewJob { kind, promotion_id, ..new_job() }, Vec::new()).await.unwrap();
        journal.end(&id, JobState::Done, None, None).await.unwrap();
        ids.push(id);
    }
    let found = journal.jobs_of_promotion(Kind::Generate, 7).await.unwrap();
    assert_eq!(found, [ids[4].clone(), ids[0].clone()]);
    assert_eq!(journal.jobs_of_promotion(Kind::Import, 7).await.unwrap(), [ids[2].clone()]);
    assert_eq!(journal.jobs_of_promotion(Kind::Export, 7).await.unwrap(), []);
}

#[tokio::test]
async fn a_store_neither_sees_nor_alters_anothers_jobs() {
    let directory = tempfile::tempdir().unwrap();
    let journal = on_disk(directory.path());
    let other = scoped(directory.path(), Scope::Store("api.bigcommerce.com/other".to_owned()));
    let running = begin(&journal).await;
    let ended = begin(&journal).await;
    journal.end(&ended, JobState::Failed, None, None).await.unwrap();
    let theirs = begin(&other).await;

    assert_eq!(other.job(&running).await.unwrap(), None);
    assert_eq!(other.units(&running, None, 10).await.unwrap(), []);
    assert_eq!(other.doubtful(&running).await.unwrap(), []);
    assert_eq!(other.latest(10).await.unwrap().len(), 1);
    assert_eq!(other.jobs_of_promotion(Kind::Generate, 7).await.unwrap(), [theirs]);
    assert!(is_unknown(other.request_cancel(&running).await, &running));
    assert!(is_unknown(other.reopen(&ended).await, &ended));
    assert!(is_unknown(other.claim(&running, 1).await, &running));
    journal.abandon(&running).await.unwrap();
    assert_eq!(taken_over(&other).await, []);
    assert_eq!(taken_over(&journal).await, [running]);
}

#[tokio::test]
async fn a_journal_of_all_stores_sees_each_and_begins_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let journal = on_disk(directory.path());
    let id = begin(&journal).await;
    let all = scoped(directory.path(), Scope::All);
    let seen = all.latest(10).await.unwrap();
    assert_eq!(seen, [JobRecord { owned_elsewhere: true, ..job(&journal, &id).await }]);
    assert_eq!(all.units(&id, None, 10).await.unwrap().len(), 3);
    assert_eq!(all.jobs_of_promotion(Kind::Generate, 7).await.unwrap(), std::slice::from_ref(&id));
    assert!(matches!(all.begin(new_job(), Vec::new()).await, Err(JournalError::NoStore)));
    all.request_cancel(&id).await.unwrap();
    assert!(job(&journal, &id).await.cancel_requested);
}

#[tokio::test]
async fn of_a_lane_one_job_runs_or_needs_attention() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, elsewhere) = (on_disk(directory.path()), on_disk(directory.path()));
    let other_store = scoped(directory.path(), Scope::Store("sandbox".to_owned()));
    let first = journal.begin(in_lane("codegen:7"), Vec::new()).await.unwrap();
    assert_eq!(lane_taken(elsewhere.begin(in_lane("codegen:7"), new_units(1)).await), Some(first.clone()));
    for free in [in_lane("codegen:8"), new_job(), new_job()] {
        journal.begin(free, Vec::new()).await.unwrap();
    }
    other_store.begin(in_lane("codegen:7"), Vec::new()).await.unwrap();

    journal.end(&first, JobState::NeedsAttention, None, None).await.unwrap();
    assert_eq!(lane_taken(elsewhere.begin(in_lane("codegen:7"), Vec::new()).await), Some(first.clone()));
    // Its own lane is not in its way.
    assert!(journal.reopen(&first).await.unwrap());
    journal.end(&first, JobState::Failed, None, None).await.unwrap();
    let second = elsewhere.begin(in_lane("codegen:7"), Vec::new()).await.unwrap();
    assert_eq!(lane_taken(journal.reopen(&first).await), Some(second));
    assert_eq!(job(&journal, &first).await.state, JobState::Failed);
    assert_eq!(journal.latest(20).await.unwrap().len(), 5);
}

#[tokio::test]
async fn hostile_texts_are_kept_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let journal = scoped(directory.path(), Scope::Store(HOSTILE.to_owned()));
    let new = NewJob {
        lane: Some(HOSTILE.to_owned()),
        caller: HOSTILE.to_owned(),
        arguments: json!({ HOSTILE: [HOSTILE, 1.5, u64::MAX, null] }),
        spec: json!(HOSTILE),
        ..new_job()
    };
    let unit = NewUnit { size: u32::MAX, payload: HOSTILE.to_owned() };
    let id = journal.begin(new.clone(), vec![unit]).await.unwrap();
    journal.record_progress(&id, &json!([HOSTILE])).await.unwrap();
    let claimed = journal.claim(&id, 1).await.unwrap();
    assert_eq!((claimed[0].size, claimed[0].payload.as_str()), (u32::MAX, HOSTILE));
    let result = Some(HOSTILE.to_owned());
    journal.conclude(&id, vec![Conclusion { payload: result.clone(), result, ..done(0) }]).await.unwrap();
    let units = journal.units(&id, None, 1).await.unwrap();
    assert_eq!((units[0].payload.as_str(), units[0].result.as_deref()), (HOSTILE, Some(HOSTILE)));
    journal.end(&id, JobState::Done, Some(HOSTILE), Some(&json!(HOSTILE))).await.unwrap();
    let found = job(&journal, &id).await;
    assert_eq!(
        (found.store.as_str(), found.caller.as_str(), found.arguments, found.spec),
        (HOSTILE, HOSTILE, new.arguments, new.spec)
    );
    assert_eq!(
        (found.progress, found.result, found.reason.as_deref()),
        (Some(json!([HOSTILE])), Some(json!(HOSTILE)), Some(HOSTILE))
    );
}

#[test]
fn an_id_is_taken_as_people_type_it_and_travels_as_a_text() {
    let id = JobId::random();
    assert_eq!(id.as_str().parse(), Ok(id.clone()));
    assert_eq!(format!("  {} ", id.to_string().to_uppercase()).parse(), Ok(id.clone()));
    assert_eq!("job_OiL0123456zz".parse::<JobId>().unwrap().as_str(), "job_0110123456zz");
    assert_eq!(json!(id), json!(id.as_str()));
    assert_eq!(serde_json::from_value::<JobId>(json!(id)).unwrap(), id);
    assert!(serde_json::from_value::<JobId>(json!("job_")).is_err());
    for text in ["", "job_", "job_0123456789a", "job_0123456789abc", "chg_0123456789ab", HOSTILE] {
        assert_eq!(text.parse::<JobId>(), Err(JobIdError), "{text}");
    }
}

#[test]
fn three_kinds_write_to_the_store() {
    let kinds = [Kind::Generate, Kind::Import, Kind::Delete, Kind::Export, Kind::Summarize];
    assert_eq!(kinds.map(Kind::writes), [true, true, true, false, false]);
}

#[tokio::test]
async fn only_jobs_that_ended_long_ago_are_forgotten() {
    let journal = in_memory();
    let [done, attention, running] = [begin(&journal).await, begin(&journal).await, begin(&journal).await];
    journal.end(&done, JobState::Done, None, None).await.unwrap();
    journal.end(&attention, JobState::NeedsAttention, None, None).await.unwrap();
    assert_eq!(journal.prune(noon()).await.unwrap(), 0, "it ended later");
    let later = Clock::system().now() + jiff::SignedDuration::from_hours(1);
    assert_eq!(journal.prune(later).await.unwrap(), 1);
    assert_eq!(journal.job(&done).await.unwrap(), None);
    assert_eq!(journal.units(&running, None, 10).await.unwrap().len(), 3);
    assert_eq!(journal.units(&attention, None, 10).await.unwrap().len(), 3);
}
