use jiff::Timestamp;
use serde_json::json;

use super::{HOSTILE, STORE, done, in_memory, new_change, noon, on_disk, state_of};
use crate::state::{
    Change, ChangeEnd, ChangeId, ChangeIdError, Ending, Location, NewChange, State, StateError,
};

async fn make(state: &State, caller: &str, end: ChangeEnd) -> ChangeId {
    let id = state.begin_change(new_change(caller, "a change")).await.unwrap();
    state.finish_change(&id, end).await.unwrap();
    id
}

async fn latest(state: &State, caller: &str) -> Option<ChangeId> {
    state.latest_change(caller).await.unwrap().map(|change| change.id)
}

#[tokio::test]
async fn a_change_that_a_dead_process_began_is_found_as_far_as_it_came() {
    let directory = tempfile::tempdir().unwrap();
    let died = on_disk(directory.path());
    let id = died.begin_change(new_change("anna", "Replace ANNA10")).await.unwrap();
    died.record_progress(&id, &json!({ "step": "found" })).await.unwrap();
    died.record_progress(&id, &json!({ "step": "deleted" })).await.unwrap();

    // The first one is not closed: nothing it had to say may depend on that.
    let found = on_disk(directory.path()).change(&id).await.unwrap();
    assert_eq!(
        found,
        Some(Change {
            id,
            caller: "anna".to_owned(),
            tool: "update_promotion".to_owned(),
            at: noon(),
            summary: "Replace ANNA10".to_owned(),
            before: json!({ "status": "ENABLED" }),
            progress: Some(json!({ "step": "deleted" })),
            ending: None,
            after: None,
            inverse: None,
            undone_by: None,
        })
    );
}

#[tokio::test]
async fn each_ending_is_kept() {
    let state = in_memory();
    for ending in [Ending::Done, Ending::Partial, Ending::Failed] {
        let id = make(&state, "anna", ChangeEnd { ending, ..done() }).await;
        let change = state.change(&id).await.unwrap().unwrap();
        assert_eq!(change.ending, Some(ending));
        assert_eq!(change.after, Some(json!({ "status": "DISABLED" })));
        assert_eq!(change.inverse, Some(json!({ "status": "ENABLED" })));
    }
}

#[tokio::test]
async fn a_change_ends_once() {
    let state = in_memory();
    let id = make(&state, "anna", done()).await;
    let again = state.finish_change(&id, ChangeEnd { ending: Ending::Failed, ..done() }).await;
    assert!(matches!(again, Err(StateError::NotUnderWay(refused)) if refused == id));
    let progress = state.record_progress(&id, &json!(1)).await;
    assert!(matches!(progress, Err(StateError::NotUnderWay(refused)) if refused == id));
    assert_eq!(state.change(&id).await.unwrap().unwrap().ending, Some(Ending::Done));
}

#[tokio::test]
async fn another_store_neither_sees_nor_alters_a_change() {
    let directory = tempfile::tempdir().unwrap();
    let location = Location::Directory(directory.path().to_owned());
    let state = state_of(STORE, location.clone());
    let other = state_of("api.bigcommerce.com/other", location);
    let id = make(&state, "anna", done()).await;
    let open = state.begin_change(new_change("anna", "open")).await.unwrap();

    assert_eq!(other.change(&id).await.unwrap(), None);
    assert_eq!(other.latest_change("anna").await.unwrap(), None);
    assert_eq!(other.recent_changes(10).await.unwrap(), []);
    assert!(matches!(other.mark_undone(&id, &open).await, Err(StateError::NotUndoable(_))));
    assert!(matches!(other.finish_change(&open, done()).await, Err(StateError::NotUnderWay(_))));
    assert!(matches!(other.record_progress(&open, &json!(1)).await, Err(StateError::NotUnderWay(_))));
    let unaltered = state.change(&open).await.unwrap().unwrap();
    assert_eq!((unaltered.progress, unaltered.ending), (None, None));
}

#[tokio::test]
async fn one_undo_after_another_walks_back_through_the_callers_own_changes() {
    let state = in_memory();
    let first = make(&state, "anna", done()).await;
    let second = make(&state, "anna", ChangeEnd { ending: Ending::Partial, ..done() }).await;
    make(&state, "anna", ChangeEnd { inverse: None, ..done() }).await;
    make(&state, "ben", done()).await;
    assert_eq!(latest(&state, "anna").await, Some(second.clone()));

    let undo = undo(&state, "anna").await;
    state.mark_undone(&second, &undo).await.unwrap();
    assert_eq!(latest(&state, "anna").await, Some(first.clone()));
    assert_eq!(state.change(&second).await.unwrap().unwrap().undone_by, Some(undo.clone()));
    assert!(matches!(state.mark_undone(&second, &undo).await, Err(StateError::NotUndoable(_))));

    let undo_of_first = self::undo(&state, "anna").await;
    state.mark_undone(&first, &undo_of_first).await.unwrap();
    assert_eq!(latest(&state, "anna").await, None);
    assert_eq!(latest(&state, "nobody").await, None);
}

#[tokio::test]
async fn a_change_without_an_end_is_the_last_one_and_can_be_undone() {
    let state = in_memory();
    make(&state, "anna", done()).await;
    let broken_off = state.begin_change(new_change("anna", "broken off")).await.unwrap();
    assert_eq!(latest(&state, "anna").await, Some(broken_off.clone()));

    let undo = undo(&state, "anna").await;
    state.mark_undone(&broken_off, &undo).await.unwrap();
    assert_eq!(state.change(&broken_off).await.unwrap().unwrap().undone_by, Some(undo));
}

/// An undo that has ended.
async fn undo(state: &State, caller: &str) -> ChangeId {
    let new = NewChange { tool: "undo".to_owned(), ..new_change(caller, "undo") };
    let id = state.begin_change(new).await.unwrap();
    state.finish_change(&id, done()).await.unwrap();
    id
}

#[tokio::test]
async fn the_last_changes_come_first_whatever_their_times_say() {
    let state = in_memory();
    let mut ids = Vec::new();
    for hours in [0, 5, 2] {
        let at = noon() - jiff::SignedDuration::from_hours(hours);
        ids.push(state.begin_change(NewChange { at, ..new_change("anna", "x") }).await.unwrap());
    }
    let listed = |changes: Vec<Change>| changes.into_iter().map(|change| change.id).collect::<Vec<_>>();
    ids.reverse();
    assert_eq!(listed(state.recent_changes(10).await.unwrap()), ids);
    assert_eq!(listed(state.recent_changes(2).await.unwrap()), ids[..2]);
    assert_eq!(listed(state.recent_changes(0).await.unwrap()), []);
}

#[tokio::test]
async fn hostile_texts_are_kept_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let state = state_of(HOSTILE, Location::Directory(directory.path().to_owned()));
    let new = NewChange {
        caller: HOSTILE.to_owned(),
        tool: HOSTILE.to_owned(),
        at: noon(),
        summary: HOSTILE.to_owned(),
        before: json!({ HOSTILE: [HOSTILE, 1.5, u64::MAX, null] }),
    };
    let id = state.begin_change(new.clone()).await.unwrap();
    state.record_progress(&id, &json!(HOSTILE)).await.unwrap();
    let end =
        ChangeEnd { ending: Ending::Done, after: json!([HOSTILE]), inverse: Some(json!({ HOSTILE: {} })) };
    state.finish_change(&id, end).await.unwrap();
    let expected = Change {
        id,
        caller: new.caller,
        tool: new.tool,
        at: noon(),
        summary: new.summary,
        before: new.before,
        progress: Some(json!(HOSTILE)),
        ending: Some(Ending::Done),
        after: Some(json!([HOSTILE])),
        inverse: Some(json!({ HOSTILE: {} })),
        undone_by: None,
    };
    assert_eq!(state.latest_change(HOSTILE).await.unwrap(), Some(expected));
}

#[tokio::test]
async fn an_id_is_taken_as_people_type_it() {
    let state = in_memory();
    let id = state.begin_change(new_change("anna", "x")).await.unwrap();
    assert_eq!(id.as_str().parse(), Ok(id.clone()));
    assert_eq!(format!("  {} ", id.to_string().to_uppercase()).parse(), Ok(id.clone()));
    assert_eq!("chg_OiL0123456zz".parse::<ChangeId>().unwrap().as_str(), "chg_0110123456zz");
    for text in
        ["", "chg_", "chg_0123456789a", "chg_0123456789abc", "0123456789ab", "chg_01234567é8", HOSTILE]
    {
        assert_eq!(text.parse::<ChangeId>(), Err(ChangeIdError), "{text}");
    }
}

#[tokio::test]
async fn changes_of_a_promotion_are_found_behind_any_number_of_others() {
    let state = in_memory();
    let change = |promotion_id: u64, at: Timestamp| NewChange {
        at,
        before: json!({ "steps": [{ "promotion_id": promotion_id, "patch": {} }] }),
        ..new_change("anna", "Change a promotion")
    };
    let hour = jiff::SignedDuration::from_hours(1);
    state.begin_change(change(7, noon() - hour)).await.unwrap();
    let wanted = [
        state.begin_change(change(7, noon())).await.unwrap(),
        state
            .begin_change(NewChange { before: json!({ "promotion_id": 7 }), ..change(7, noon()) })
            .await
            .unwrap(),
    ];
    for other in 0..1_500 {
        state.begin_change(change(70 + other, noon())).await.unwrap();
    }
    let ids = |changes: Vec<Change>| changes.into_iter().map(|change| change.id).collect::<Vec<_>>();
    let found = ids(state.changes_of_promotion(7, noon()).await.unwrap());
    assert_eq!(found, [wanted[1].clone(), wanted[0].clone()]);
    let replace = NewChange { tool: "replace_coupon_code".to_owned(), ..change(7, noon()) };
    let replaced = state.begin_change(replace).await.unwrap();
    assert_eq!(ids(state.changes_by("replace_coupon_code", noon()).await.unwrap()), [replaced]);
    assert_eq!(state.changes_by("replace_coupon_code", noon() + hour).await.unwrap(), []);
    assert_eq!(state_of("another", Location::Memory).changes_of_promotion(7, noon()).await.unwrap(), []);
}
