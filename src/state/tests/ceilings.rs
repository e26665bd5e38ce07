use futures::future::join_all;
use jiff::{Timestamp, ToSpan};

use super::{STORE, in_memory, noon, on_disk, state_of, time};
use crate::state::{Location, Reservation, ReservationId, State};

const CODES: &str = "codes_deleted";

async fn granted(state: &State, amount: u64, at: Timestamp) -> ReservationId {
    match state.reserve(CODES, amount, 100, at).await.unwrap() {
        Reservation::Granted(id) => id,
        Reservation::Refused { used, .. } => panic!("refused at {used}"),
    }
}

async fn total(state: &State, now: Timestamp) -> u64 {
    state.count(CODES, now - 24.hours()).await.unwrap().total
}

#[tokio::test]
async fn a_ceiling_can_be_reached_and_not_passed() {
    let state = in_memory();
    granted(&state, 60, noon()).await;
    let refused = Reservation::Refused { used: 60, frees_at: Some(time("2026-11-21T12:00:00Z")) };
    assert_eq!(state.reserve(CODES, 41, 100, noon()).await.unwrap(), refused);
    granted(&state, 40, noon()).await;
    assert_eq!(total(&state, noon()).await, 100);
}

#[tokio::test]
async fn a_hundred_small_calls_are_no_way_round() {
    let state = in_memory();
    for _ in 0..100 {
        granted(&state, 1, noon()).await;
    }
    let refused = Reservation::Refused { used: 100, frees_at: Some(time("2026-11-21T12:00:00Z")) };
    assert_eq!(state.reserve(CODES, 1, 100, noon()).await.unwrap(), refused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_at_once_in_several_processes_stay_below_the_ceiling_together() {
    let directory = tempfile::tempdir().unwrap();
    for _ in 0..10 {
        let counting = on_disk(directory.path());
        let used = total(&counting, noon()).await;
        let calls = (0..8).map(|_| {
            let state = on_disk(directory.path());
            tokio::spawn(async move { state.reserve(CODES, 7, used + 30, noon()).await.unwrap() })
        });
        let mut granted = 0;
        for call in join_all(calls).await {
            match call.unwrap() {
                Reservation::Granted(_) => granted += 1,
                refused @ Reservation::Refused { .. } => {
                    let frees_at = Some(noon() + 24.hours());
                    assert_eq!(refused, Reservation::Refused { used: used + 28, frees_at });
                }
            }
        }
        assert_eq!((granted, total(&counting, noon()).await), (4, used + 28));
    }
}

#[tokio::test]
async fn what_was_used_leaves_the_window_after_24_hours() {
    let state = in_memory();
    granted(&state, 100, noon()).await;
    let next_day = noon() + 24.hours();
    let refused = Reservation::Refused { used: 100, frees_at: Some(next_day) };
    assert_eq!(state.reserve(CODES, 1, 100, next_day - 1.millisecond()).await.unwrap(), refused);
    granted(&state, 100, next_day).await;
}

#[tokio::test]
async fn room_comes_when_enough_of_the_oldest_has_left() {
    let state = in_memory();
    granted(&state, 10, noon()).await;
    granted(&state, 20, noon() + 1.hour()).await;
    granted(&state, 30, noon() + 2.hours()).await;
    let counted = state.count(CODES, noon() - 1.hour()).await.unwrap();
    assert_eq!(counted.total, 60);
    let frees = [1, 10, 11, 30, 31, 60, 61].map(|needed| counted.frees_at(needed));
    let after = |hours: i64| Some(noon() + (24 + hours).hours());
    assert_eq!(frees, [after(0), after(0), after(1), after(1), after(2), after(2), None]);

    // 60 and 51 are 11 too many: the first two must leave.
    let refused = Reservation::Refused { used: 60, frees_at: after(1) };
    assert_eq!(state.reserve(CODES, 51, 100, noon() + 3.hours()).await.unwrap(), refused);
}

#[tokio::test]
async fn more_than_the_ceiling_never_has_room() {
    let state = in_memory();
    granted(&state, 5, noon()).await;
    let refused = Reservation::Refused { used: 5, frees_at: None };
    assert_eq!(state.reserve(CODES, 101, 100, noon()).await.unwrap(), refused);
    assert_eq!(state.reserve(CODES, u64::MAX, 100, noon()).await.unwrap(), refused);
}

#[tokio::test]
async fn what_was_not_used_is_given_back() {
    let state = in_memory();
    let (some, all) = (granted(&state, 50, noon()).await, granted(&state, 50, noon()).await);
    state.release(some, 30).await.unwrap();
    assert_eq!(total(&state, noon()).await, 70);
    state.release(all, u64::MAX).await.unwrap();
    assert_eq!(total(&state, noon()).await, 20);
    granted(&state, 80, noon()).await;
}

#[tokio::test]
async fn counters_and_stores_count_apart_and_outlive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let location = Location::Directory(directory.path().to_owned());
    let state = state_of(STORE, location.clone());
    granted(&state, 100, noon()).await;
    assert!(matches!(state.reserve("other", 1, 100, noon()).await, Ok(Reservation::Granted(_))));
    granted(&state_of("sandbox", location.clone()), 100, noon()).await;
    state.close().await;
    assert_eq!(total(&state_of(STORE, location), noon()).await, 100);
}

#[tokio::test]
async fn a_sum_past_all_bounds_still_refuses() {
    let state = in_memory();
    assert!(matches!(state.reserve(CODES, u64::MAX, u64::MAX, noon()).await, Ok(Reservation::Granted(_))));
    assert!(matches!(state.reserve(CODES, u64::MAX, u64::MAX, noon()).await, Ok(Reservation::Granted(_))));
    assert!(matches!(state.reserve(CODES, 1, 100, noon()).await, Ok(Reservation::Refused { .. })));
    assert!(matches!(state.reserve(CODES, 1, 100, Timestamp::MIN).await, Ok(Reservation::Refused { .. })));
}
