use jiff::{Timestamp, ToSpan};

use super::{STORE, binding, done, new_change, noon, on_disk, state_of};
use crate::state::{Location, NewChange, Pruned, Redeemed, State};

async fn change_at(state: &State, at: Timestamp) -> crate::state::ChangeId {
    let id = state.begin_change(NewChange { at, ..new_change("anna", "x") }).await.unwrap();
    state.finish_change(&id, done()).await.unwrap();
    id
}

#[tokio::test]
async fn what_is_old_goes_and_the_rest_stays() {
    let directory = tempfile::tempdir().unwrap();
    let location = Location::Directory(directory.path().to_owned());
    let state = state_of(STORE, location.clone());
    let (old, cutoff) = (noon() - 48.hours(), noon() - 36.hours());
    let old_change = change_at(&state, old).await;
    let other_store = state_of("sandbox", location);
    let old_change_elsewhere = change_at(&other_store, old).await;
    let unended = state.begin_change(NewChange { at: old, ..new_change("anna", "x") }).await.unwrap();
    let new_change = change_at(&state, cutoff).await;
    state.issue_token(&binding(), old).await.unwrap();
    let live = state.issue_token(&binding(), noon()).await.unwrap();
    state.reserve("codes", 5, 100, old).await.unwrap();
    state.reserve("codes", 7, 100, noon()).await.unwrap();

    let pruned = state.prune(cutoff, noon()).await.unwrap();
    let expected = Pruned {
        changes: 2,
        tokens: 1,
        counter_entries: 1,
        unended_changes_kept: 1,
        audit_log_kept: Some(directory.path().join("audit.jsonl")),
    };
    assert_eq!(pruned, expected);
    assert_eq!(state.change(&old_change).await.unwrap(), None);
    assert_eq!(other_store.change(&old_change_elsewhere).await.unwrap(), None);
    assert!(state.change(&unended).await.unwrap().is_some());
    assert!(state.change(&new_change).await.unwrap().is_some());
    assert_eq!(state.count("codes", old - 1.hour()).await.unwrap().total, 7);
    assert_eq!(state.redeem_token(&live, &binding(), noon()).await.unwrap(), Redeemed::Accepted);
}

#[tokio::test]
async fn pruning_everything_neither_frees_a_ceiling_nor_ends_a_token_nor_lets_a_used_one_in_again() {
    let directory = tempfile::tempdir().unwrap();
    let state = on_disk(directory.path());
    state.reserve("codes", 5, 100, noon() - 23.hours()).await.unwrap();
    let live = state.issue_token(&binding(), noon() - 1.minute()).await.unwrap();
    let used = state.issue_token(&binding(), noon() - 1.minute()).await.unwrap();
    state.redeem_token(&used, &binding(), noon() - 30.seconds()).await.unwrap();

    let pruned = state.prune(noon() + 10_000.hours(), noon()).await.unwrap();
    assert_eq!((pruned.tokens, pruned.counter_entries), (1, 0));
    assert_eq!(state.count("codes", noon() - 24.hours()).await.unwrap().total, 5);
    assert_eq!(state.redeem_token(&used, &binding(), noon()).await.unwrap(), Redeemed::Unknown);
    assert_eq!(state.redeem_token(&live, &binding(), noon()).await.unwrap(), Redeemed::Accepted);
}

#[tokio::test]
async fn the_audit_log_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("audit.jsonl");
    std::fs::write(&file, "{\"time\":\"1999\"}\n").unwrap();
    let state = on_disk(directory.path());
    change_at(&state, noon() - 48.hours()).await;
    assert_eq!(state.prune(noon(), noon()).await.unwrap().changes, 1);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "{\"time\":\"1999\"}\n");
}
