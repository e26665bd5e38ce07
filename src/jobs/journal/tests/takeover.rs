use std::fs;

use futures::future::join_all;

use super::*;
use crate::clock::Clock;
use crate::jobs::{JobState, LEASE};
use crate::state::stored;

/// Makes the owner of all jobs one of another machine, whose lease ends at `until`.
async fn move_to_another_machine(journal: &Journal, until: Timestamp) {
    sqlx::query("UPDATE jobs SET machine = 'elsewhere', lease_until = $1")
        .bind(stored(until))
        .execute(journal.database.for_writing().await.unwrap())
        .await
        .unwrap();
}

fn locks(directory: &Path) -> usize {
    fs::read_dir(directory.join("owners")).unwrap().count()
}

#[tokio::test]
async fn the_jobs_of_a_dead_process_are_taken_over_as_far_as_they_came() {
    let directory = tempfile::tempdir().unwrap();
    let died = on_disk(directory.path());
    let (id, ended) = (begin(&died).await, begin(&died).await);
    died.end(&ended, JobState::Done, None, None).await.unwrap();
    died.claim(&id, 2).await.unwrap();
    let as_it_was = job(&died, &id).await;
    let next = on_disk(directory.path());
    assert!(job(&next, &id).await.owned_elsewhere);
    assert_eq!(taken_over(&next).await, []);

    drop(died);
    assert!(!job(&next, &id).await.owned_elsewhere);
    assert_eq!(next.take_over().await.unwrap(), [as_it_was]);
    assert_eq!(taken_over(&next).await, []);
    assert_eq!(next.doubtful(&id).await.unwrap().len(), 2);
    next.conclude(&id, vec![done(0), done(1)]).await.unwrap();
}

#[tokio::test]
async fn an_abandoned_job_is_taken_over_by_whoever_comes_next() {
    let directory = tempfile::tempdir().unwrap();
    for journal in [in_memory(), on_disk(directory.path())] {
        let id = begin(&journal).await;
        assert_eq!(taken_over(&journal).await, []);
        journal.abandon(&id).await.unwrap();
        let left = job(&journal, &id).await;
        assert_eq!((left.state, left.owned_elsewhere), (JobState::Running, false));
        assert_eq!(taken_over(&journal).await, [id]);
    }
}

#[tokio::test]
async fn jobs_are_taken_over_in_the_order_of_their_beginning() {
    let directory = tempfile::tempdir().unwrap();
    let died = on_disk(directory.path());
    let ids = [begin(&died).await, begin(&died).await, begin(&died).await];
    drop(died);
    assert_eq!(taken_over(&on_disk(directory.path())).await, ids);
}

#[tokio::test]
async fn what_was_cancelled_while_nobody_saw_is_known_to_the_next_owner() {
    let directory = tempfile::tempdir().unwrap();
    let (died, next) = (on_disk(directory.path()), on_disk(directory.path()));
    let id = begin(&died).await;
    next.request_cancel(&id).await.unwrap();
    drop(died);
    assert!(next.take_over().await.unwrap()[0].cancel_requested);
    assert!(next.renew(&id).await.unwrap().cancel_requested);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_processes_that_try_at_once_one_gets_each_job() {
    for _ in 0..10 {
        let directory = tempfile::tempdir().unwrap();
        let died = on_disk(directory.path());
        let mut ids = [begin(&died).await, begin(&died).await, begin(&died).await];
        ids.sort();
        died.abandon(&ids[0]).await.unwrap();
        drop(died);
        let journals: Vec<_> = (0..6).map(|_| std::sync::Arc::new(on_disk(directory.path()))).collect();
        // Two calls in each process.
        let tries = journals.iter().chain(&journals).cloned();
        let tries = tries.map(|journal| tokio::spawn(async move { taken_over(&journal).await }));
        let mut taken: Vec<_> = join_all(tries).await.into_iter().flat_map(Result::unwrap).collect();
        taken.sort();
        assert_eq!(taken, ids);
        let mut owners = 0;
        for journal in &journals {
            owners += usize::from(journal.renew(&ids[0]).await.is_ok());
        }
        assert_eq!(owners, 1);
    }
}

#[tokio::test]
async fn no_clock_takes_a_job_from_a_living_process_of_the_same_machine() {
    let directory = tempfile::tempdir().unwrap();
    let (owner, other) = (on_disk(directory.path()), on_disk(directory.path()));
    let id = begin(&owner).await;
    sqlx::query("UPDATE jobs SET lease_until = 0")
        .execute(owner.database.for_writing().await.unwrap())
        .await
        .unwrap();
    assert!(job(&other, &id).await.owned_elsewhere);
    assert_eq!(taken_over(&other).await, []);
    // Not even when the machine has got another name meanwhile.
    move_to_another_machine(&owner, Timestamp::UNIX_EPOCH).await;
    assert!(job(&other, &id).await.owned_elsewhere);
    assert_eq!(taken_over(&other).await, []);
    owner.renew(&id).await.unwrap();
}

#[tokio::test]
async fn no_lease_keeps_a_job_for_a_dead_process_of_the_same_machine() {
    let directory = tempfile::tempdir().unwrap();
    let died = on_disk(directory.path());
    let id = begin(&died).await;
    sqlx::query("UPDATE jobs SET lease_until = $1")
        .bind(i64::MAX)
        .execute(died.database.for_writing().await.unwrap())
        .await
        .unwrap();
    drop(died);
    assert_eq!(taken_over(&on_disk(directory.path())).await, [id]);
}

#[tokio::test]
async fn a_job_of_another_machine_is_taken_over_once_its_lease_is_past() {
    let directory = tempfile::tempdir().unwrap();
    let elsewhere = on_disk(directory.path());
    let id = begin(&elsewhere).await;
    move_to_another_machine(&elsewhere, Clock::system().now() + LEASE).await;
    drop(elsewhere);
    let next = on_disk(directory.path());
    assert!(job(&next, &id).await.owned_elsewhere);
    assert_eq!(taken_over(&next).await, []);
    next.request_cancel(&id).await.unwrap();
    assert!(job(&next, &id).await.cancel_requested);

    move_to_another_machine(&next, Clock::system().now()).await;
    assert!(!job(&next, &id).await.owned_elsewhere);
    assert_eq!(taken_over(&next).await, [id]);
}

#[tokio::test]
async fn an_owner_whose_job_was_taken_over_can_write_no_more() {
    let directory = tempfile::tempdir().unwrap();
    let (slow, next) = (on_disk(directory.path()), on_disk(directory.path()));
    let id = begin(&slow).await;
    // What another machine's lock looks like from here where locks are not shared between machines.
    move_to_another_machine(&slow, Timestamp::UNIX_EPOCH).await;
    let lock = fs::read_dir(directory.path().join("owners")).unwrap().next().unwrap().unwrap().path();
    fs::remove_file(lock).unwrap();
    assert_eq!(taken_over(&next).await, std::slice::from_ref(&id));

    assert!(is_not_owner(slow.renew(&id).await, &id));
    assert!(is_not_owner(slow.claim(&id, 1).await, &id));
    assert!(is_not_owner(slow.end(&id, JobState::Done, None, None).await, &id));
    assert_eq!(taken_over(&slow).await, []);
    // Later it may become its owner again.
    drop(next);
    assert_eq!(taken_over(&slow).await, [id]);
}

#[tokio::test]
async fn a_job_whose_call_was_dropped_before_it_answered_is_given_out_again() {
    let journal = in_memory();
    let id = begin(&journal).await;
    assert_eq!(taken_over(&journal).await, []);
    // What is left of such a call: a job of this process that no runner was given.
    drop(journal.holds.last(&id));
    assert_eq!(taken_over(&journal).await, std::slice::from_ref(&id));
    assert_eq!(taken_over(&journal).await, []);

    drop(journal.holds.last(&id));
    journal.request_cancel(&id).await.unwrap();
    assert_eq!(job(&journal, &id).await.state, JobState::Cancelled);
}

#[tokio::test]
async fn a_late_release_does_not_let_go_of_a_job_that_was_given_out_again() {
    let journal = in_memory();
    let id = begin(&journal).await;
    let late = journal.holds.last(&id);
    journal.end(&id, JobState::Failed, None, None).await.unwrap();
    assert!(journal.reopen(&id).await.unwrap());
    drop(late);
    assert_eq!(taken_over(&journal).await, []);
}

#[tokio::test]
async fn a_call_that_is_dropped_anywhere_leaves_a_job_that_runs_on_or_none() {
    let directory = tempfile::tempdir().unwrap();
    let journal = on_disk(directory.path());
    begin(&journal).await;
    for polls in 0..60 {
        let before = journal.latest(1000).await.unwrap().len();
        let mut begun = Box::pin(journal.begin(new_job(), new_units(300)));
        let mut answered = false;
        for _ in 0..polls {
            answered |= futures::poll!(&mut begun).is_ready();
            if answered {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(begun);
        let written = journal.latest(1000).await.unwrap().len() - before;
        let taken = taken_over(&journal).await;
        assert_eq!(taken.len(), if answered { 0 } else { written });
        for id in taken {
            assert_eq!(journal.units(&id, None, 1000).await.unwrap().len(), 300);
        }
    }
}

#[tokio::test]
async fn the_lock_goes_with_its_process() {
    let directory = tempfile::tempdir().unwrap();
    let (first, second) = (on_disk(directory.path()), on_disk(directory.path()));
    begin(&first).await;
    begin(&first).await;
    assert_eq!(second.latest(10).await.unwrap().len(), 2);
    assert_eq!(locks(directory.path()), 1);
    begin(&second).await;
    assert_eq!(locks(directory.path()), 2);
    first.close().await;
    assert_eq!(locks(directory.path()), 2);
    drop(first);
    assert_eq!(locks(directory.path()), 1);
    drop(second);
    assert_eq!(locks(directory.path()), 0);
}

#[tokio::test]
async fn the_locks_of_killed_processes_are_swept_away_and_no_others() {
    let directory = tempfile::tempdir().unwrap();
    let living = on_disk(directory.path());
    begin(&living).await;
    let owners = directory.path().join("owners");
    let here = gethostname::gethostname().into_string().unwrap();
    // A killed process leaves its file behind, without the lock.
    fs::write(owners.join("killed.lock"), &here).unwrap();
    fs::write(owners.join("elsewhere.lock"), "elsewhere").unwrap();
    fs::write(owners.join("notyetlocked.lock"), "").unwrap();
    let next = on_disk(directory.path());
    begin(&next).await;
    assert!(!owners.join("killed.lock").exists());
    assert_eq!(locks(directory.path()), 4);
    assert_eq!(taken_over(&next).await, []);
}
