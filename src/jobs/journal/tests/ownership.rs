use serde_json::json;

use super::*;
use crate::clock::Clock;
use crate::jobs::{JobState, LEASE, Renewed};
use crate::state::stored;

async fn lease_of(journal: &Journal, id: &JobId) -> i64 {
    let pool = journal.database.for_writing().await.unwrap();
    let select = sqlx::query_scalar("SELECT lease_until FROM jobs WHERE id = $1");
    select.bind(id.as_str()).fetch_one(pool).await.unwrap()
}

/// Every write that is the owner's alone.
async fn refusals(journal: &Journal, id: &JobId, refused: fn(Result<(), JournalError>, &JobId) -> bool) {
    assert!(refused(journal.append(id, new_units(1), &json!(1)).await, id));
    assert!(refused(journal.claim(id, 1).await.map(drop), id));
    assert!(refused(journal.conclude(id, vec![done(0)]).await, id));
    assert!(refused(journal.record_progress(id, &json!(1)).await, id));
    assert!(refused(journal.set_requested(id, 1).await, id));
    assert!(refused(journal.set_spec(id, &json!(1)).await, id));
    assert!(refused(journal.end(id, JobState::Done, None, None).await, id));
    assert!(refused(journal.abandon(id).await, id));
    assert!(refused(journal.renew(id).await.map(drop), id));
}

#[tokio::test]
async fn only_the_owner_of_a_job_writes_to_it() {
    let directory = tempfile::tempdir().unwrap();
    let (owner, other) = (on_disk(directory.path()), on_disk(directory.path()));
    let id = begin(&owner).await;
    let before = (job(&owner, &id).await, owner.units(&id, None, 10).await.unwrap());
    refusals(&other, &id, is_not_owner).await;
    // As one that runs a job of its own, too.
    begin(&other).await;
    refusals(&other, &id, is_not_owner).await;
    assert_eq!((job(&owner, &id).await, owner.units(&id, None, 10).await.unwrap()), before);
    assert_eq!(owner.renew(&id).await.unwrap(), Renewed { cancel_requested: false });
}

#[tokio::test]
async fn an_ended_job_is_nobodys_to_write_to() {
    let journal = in_memory();
    let id = begin(&journal).await;
    journal.end(&id, JobState::Done, None, None).await.unwrap();
    refusals(&journal, &id, is_not_owner).await;
}

#[tokio::test]
async fn a_job_that_is_not_there_is_told_so() {
    let (empty, journal) = (in_memory(), in_memory());
    begin(&journal).await;
    let id: JobId = "job_000000000000".parse().unwrap();
    for journal in [empty, journal] {
        refusals(&journal, &id, is_unknown).await;
        assert!(is_unknown(journal.reopen(&id).await, &id));
        assert!(is_unknown(journal.request_cancel(&id).await, &id));
        assert_eq!(journal.job(&id).await.unwrap(), None);
        assert_eq!(journal.units(&id, None, 10).await.unwrap(), []);
        assert_eq!(journal.doubtful(&id).await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_lease_is_extended_from_now() {
    let journal = in_memory();
    let id = begin(&journal).await;
    sqlx::query("UPDATE jobs SET lease_until = 0")
        .execute(journal.database.for_writing().await.unwrap())
        .await
        .unwrap();
    let before = Clock::system().now();
    journal.renew(&id).await.unwrap();
    let expected = stored(before + LEASE)..=stored(Clock::system().now() + LEASE);
    assert!(expected.contains(&lease_of(&journal, &id).await));
}

#[tokio::test]
async fn a_job_that_stopped_short_of_its_end_runs_again_as_ones_own() {
    let directory = tempfile::tempdir().unwrap();
    let (first, second) = (on_disk(directory.path()), on_disk(directory.path()));
    for state in [JobState::Cancelled, JobState::Failed, JobState::NeedsAttention] {
        let id = begin(&first).await;
        first.claim(&id, 1).await.unwrap();
        let begun = job(&first, &id).await;
        first.end(&id, state, Some("because"), Some(&json!(1))).await.unwrap();
        assert!(second.reopen(&id).await.unwrap());
        assert_eq!(job(&second, &id).await, begun);
        assert!(job(&first, &id).await.owned_elsewhere);
        assert_eq!(second.doubtful(&id).await.unwrap().len(), 1);
        assert!(!first.reopen(&id).await.unwrap());
        second.end(&id, JobState::Done, None, None).await.unwrap();
        assert!(!first.reopen(&id).await.unwrap());
        assert_eq!(job(&first, &id).await.state, JobState::Done);
    }
}

#[tokio::test]
async fn whoever_runs_a_job_learns_that_it_is_to_stop() {
    let directory = tempfile::tempdir().unwrap();
    let (owner, other) = (on_disk(directory.path()), on_disk(directory.path()));
    let (id, own) = (begin(&owner).await, begin(&owner).await);
    other.request_cancel(&id).await.unwrap();
    owner.request_cancel(&own).await.unwrap();
    for id in [id, own] {
        assert_eq!(job(&owner, &id).await.state, JobState::Running);
        assert_eq!(owner.renew(&id).await.unwrap(), Renewed { cancel_requested: true });
        owner.end(&id, JobState::Cancelled, None, None).await.unwrap();
        assert!(!job(&other, &id).await.cancel_requested);
        assert!(owner.reopen(&id).await.unwrap());
        assert_eq!(owner.renew(&id).await.unwrap(), Renewed { cancel_requested: false });
    }
}

#[tokio::test]
async fn a_job_that_nobody_runs_is_cancelled_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let (owner, other) = (on_disk(directory.path()), on_disk(directory.path()));
    let abandoned = begin(&owner).await;
    owner.abandon(&abandoned).await.unwrap();
    let doubtful = begin(&owner).await;
    owner.end(&doubtful, JobState::NeedsAttention, Some("2 batches"), None).await.unwrap();
    let orphaned = begin(&owner).await;
    drop(owner);
    for id in [abandoned, doubtful, orphaned] {
        other.request_cancel(&id).await.unwrap();
        let cancelled = job(&other, &id).await;
        assert_eq!((cancelled.state, cancelled.cancel_requested), (JobState::Cancelled, false));
        assert!(cancelled.ended_at.is_some());
    }
    assert_eq!(taken_over(&other).await, []);
}

#[tokio::test]
async fn a_wish_to_cancel_comes_too_late_for_a_job_that_ended() {
    let journal = in_memory();
    for state in [JobState::Done, JobState::Failed, JobState::Cancelled] {
        let id = begin(&journal).await;
        journal.end(&id, state, None, None).await.unwrap();
        let ended = job(&journal, &id).await;
        journal.request_cancel(&id).await.unwrap();
        assert_eq!(job(&journal, &id).await, ended);
    }
}
