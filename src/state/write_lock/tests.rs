use std::sync::Arc;

use tokio::time::Duration;

use super::*;
use crate::state::{AuditLog, StateSettings};

/// The state of `store` in `location`, as one process uses it.
fn process(location: &Location, store: &str) -> Arc<State> {
    let (location, store_key) = (location.clone(), store.to_owned());
    Arc::new(State::new(StateSettings { location, store_key, audit_log: AuditLog::Default }))
}

fn later() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

/// Two processes of one store, and the directory that they share.
fn two() -> (tempfile::TempDir, [Arc<State>; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::Directory(folder.path().join("state"));
    let both = [process(&location, "one"), process(&location, "one")];
    (folder, both)
}

#[tokio::test]
async fn one_process_at_a_time_has_the_right_to_change_a_store() {
    let (_folder, [one, other]) = two();
    for _ in 0..3 {
        let held = one.lock_writes(false, later()).await.unwrap().unwrap();
        for state in [&one, &other] {
            for urgent in [false, true] {
                assert!(state.lock_writes(urgent, Instant::now()).await.unwrap().is_none());
            }
        }
        drop(held);
        assert!(other.lock_writes(false, later()).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn stores_are_apart_and_so_are_states_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let shared = Location::Directory(folder.path().join("state"));
    let states = [
        process(&shared, "one"),
        process(&shared, "two"),
        process(&Location::Memory, "one"),
        process(&Location::Memory, "one"),
    ];
    let mut held = Vec::new();
    for state in &states {
        held.push(state.lock_writes(false, later()).await.unwrap().unwrap());
    }
}

/// Has changes wait for one that is under way, the urgent one last; gives the order in which they come to it.
async fn order_of(waiting: [(&Arc<State>, &'static str); 4]) -> Vec<&'static str> {
    let held = waiting[0].0.lock_writes(false, later()).await.unwrap().unwrap();
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for (state, name) in waiting {
        let (state, order) = (Arc::clone(state), Arc::clone(&order));
        let mut turn = Box::pin(async move {
            let _turn = state.lock_writes(name == "urgent", later()).await.unwrap().unwrap();
            order.lock().unwrap().push(name);
        });
        // It waits from here on.
        let mut noted = false;
        for _ in 0..50 {
            noted |= futures::poll!(&mut turn).is_pending();
            tokio::task::yield_now().await;
        }
        assert!(noted);
        tasks.push(tokio::spawn(turn));
    }
    drop(held);
    for task in tasks {
        task.await.unwrap();
    }
    Arc::into_inner(order).unwrap().into_inner().unwrap()
}

#[tokio::test]
async fn an_urgent_change_overtakes_all_that_wait_in_its_process() {
    let state = process(&Location::Memory, "one");
    let order =
        order_of([(&state, "first"), (&state, "second"), (&state, "third"), (&state, "urgent")]).await;
    assert_eq!(order[0], "urgent", "{order:?}");
    assert_eq!(order.len(), 4);
}

#[tokio::test]
async fn an_urgent_change_overtakes_those_of_other_processes() {
    let (_folder, [one, other]) = two();
    // The files are open, so that a change waits as soon as it is polled.
    for state in [&one, &other] {
        drop(state.lock_writes(false, later()).await.unwrap());
    }
    let order = order_of([(&one, "first"), (&one, "second"), (&one, "third"), (&other, "urgent")]).await;
    assert_eq!(order[0], "urgent", "{order:?}");
    assert_eq!(order.len(), 4);
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let state = process(&Location::Directory(file.join("state")), "one");
    assert!(matches!(state.lock_writes(false, later()).await, Err(StateError::Directory { .. })));
}
