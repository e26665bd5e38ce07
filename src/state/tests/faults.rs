use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::SignedDuration;
use serde_json::json;

use super::{binding, done, in_memory, new_change, noon, on_disk};
use crate::state::{ChangeId, Redeemed, Reservation, ReservationId, State, StateError};
use crate::storage::fault::{FAULTS, Fault};

const TABLES: [&str; 3] = ["changes", "tokens", "counter_events"];

/// What operations are about.
struct Made {
    change: ChangeId,
    token: String,
    reservation: ReservationId,
}

async fn reserve(state: &State) -> Result<ReservationId, StateError> {
    match state.reserve("codes", 1, 1_000_000, noon()).await? {
        Reservation::Granted(id) => Ok(id),
        refused @ Reservation::Refused { .. } => panic!("{refused:?}"),
    }
}

type Operation<'s> = (&'static str, BoxFuture<'s, Result<(), StateError>>);

/// Every operation that writes, by its name, in an order in which all work.
fn operations<'s>(state: &'s State, made: &'s Made) -> Vec<Operation<'s>> {
    let later = noon() + SignedDuration::from_hours(24 * 365);
    vec![
        ("begin_change", async { state.begin_change(new_change("anna", "x")).await.map(|_| ()) }.boxed()),
        ("record_progress", async { state.record_progress(&made.change, &json!(1)).await }.boxed()),
        ("finish_change", async { state.finish_change(&made.change, done()).await }.boxed()),
        ("mark_undone", async { state.mark_undone(&made.change, &made.change).await }.boxed()),
        ("issue_token", async { state.issue_token(&binding(), noon()).await.map(|_| ()) }.boxed()),
        (
            "redeem_token",
            async {
                let redeemed = state.redeem_token(&made.token, &binding(), noon()).await?;
                assert_eq!(redeemed, Redeemed::Accepted);
                Ok(())
            }
            .boxed(),
        ),
        ("reserve", async { reserve(state).await.map(|_| ()) }.boxed()),
        ("release", async { state.release(made.reservation, 1).await }.boxed()),
        ("prune", async move { state.prune(later, later).await.map(|_| ()) }.boxed()),
    ]
}

#[tokio::test]
async fn a_fault_at_any_write_is_over_when_it_is_over() {
    let folder = tempfile::tempdir().unwrap();
    for fault in FAULTS {
        for state in [in_memory(), on_disk(&folder.path().join(format!("{fault:?}")))] {
            let made = Made {
                change: state.begin_change(new_change("anna", "before")).await.unwrap(),
                token: state.issue_token(&binding(), noon()).await.unwrap(),
                reservation: reserve(&state).await.unwrap(),
            };
            let connections = state.for_writing().await.unwrap();
            fault.begin(connections, &TABLES).await;
            for (name, operation) in operations(&state, &made) {
                let failed = operation.await;
                assert!(matches!(failed, Err(StateError::Database { .. })), "{fault:?} {name}: {failed:?}");
            }
            let before = state.recent_changes(5).await.unwrap();
            assert_eq!((before.len(), before[0].ending), (1, None), "nothing of what failed was kept");
            Fault::end(connections, &TABLES).await;
            for (name, operation) in operations(&state, &made) {
                operation.await.unwrap_or_else(|error| panic!("{fault:?} {name}: {error}"));
            }
        }
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_anywhere_leaves_a_state_that_works() {
    let folder = tempfile::tempdir().unwrap();
    for state in [in_memory(), on_disk(folder.path())] {
        for polls in 0..40 {
            let mut reserving = Box::pin(reserve(&state));
            for _ in 0..polls {
                if futures::poll!(&mut reserving).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(reserving);
            reserve(&state).await.unwrap();
        }
    }
}
