use std::collections::HashSet;

use futures::future::join_all;
use jiff::ToSpan;
use serde_json::json;

use super::{HOSTILE, STORE, binding, in_memory, noon, on_disk, state_of};
use crate::state::{Binding, Location, Redeemed, canonical};

#[tokio::test]
async fn a_token_is_accepted_once() {
    let state = in_memory();
    let token = state.issue_token(&binding(), noon()).await.unwrap();
    assert_eq!(state.redeem_token(&token, &binding(), noon()).await.unwrap(), Redeemed::Accepted);
    assert_eq!(state.redeem_token(&token, &binding(), noon()).await.unwrap(), Redeemed::AlreadyUsed);
}

#[tokio::test]
async fn a_restart_neither_loses_a_token_nor_makes_a_used_one_new() {
    let directory = tempfile::tempdir().unwrap();
    let before = on_disk(directory.path());
    let used = before.issue_token(&binding(), noon()).await.unwrap();
    let unused = before.issue_token(&binding(), noon()).await.unwrap();
    assert_eq!(before.redeem_token(&used, &binding(), noon()).await.unwrap(), Redeemed::Accepted);
    before.close().await;

    let after = on_disk(directory.path());
    assert_eq!(after.redeem_token(&used, &binding(), noon()).await.unwrap(), Redeemed::AlreadyUsed);
    assert_eq!(after.redeem_token(&unused, &binding(), noon()).await.unwrap(), Redeemed::Accepted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_calls_in_two_processes_one_is_accepted() {
    let directory = tempfile::tempdir().unwrap();
    let processes = [on_disk(directory.path()), on_disk(directory.path())];
    for _ in 0..20 {
        let token = processes[0].issue_token(&binding(), noon()).await.unwrap();
        // Half of the calls come from processes that have just started.
        let started = [on_disk(directory.path()), on_disk(directory.path())];
        let states = processes.iter().chain(&started).cycle().take(8);
        let binding = binding();
        let calls = states.map(|state| state.redeem_token(&token, &binding, noon()));
        let redeemed: Vec<_> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
        let count = |what| redeemed.iter().filter(|redeemed| **redeemed == what).count();
        assert_eq!((count(Redeemed::Accepted), count(Redeemed::AlreadyUsed)), (1, 7));
    }
}

#[tokio::test]
async fn a_token_lives_five_minutes() {
    let state = in_memory();
    let token = state.issue_token(&binding(), noon()).await.unwrap();
    let last = noon() + 5.minutes() - 1.millisecond();
    let late = noon() + 5.minutes();
    assert_eq!(state.redeem_token(&token, &binding(), late).await.unwrap(), Redeemed::Expired);
    assert_eq!(state.redeem_token(&token, &binding(), last).await.unwrap(), Redeemed::Accepted);
    assert_eq!(state.redeem_token(&token, &binding(), late).await.unwrap(), Redeemed::AlreadyUsed);
}

#[tokio::test]
async fn a_token_for_something_else_is_refused_and_not_used_up() {
    let state = in_memory();
    let arguments = json!({ "promotion_ids": [7, 8] });
    let token = state.issue_token(&binding(), noon()).await.unwrap();
    let others = [
        Binding::new("undo", &arguments, "anna", "7@1,8@1"),
        Binding::new("delete_promotions", &arguments, "ben", "7@1,8@1"),
        Binding::new("delete_promotions", &arguments, "anna", "7@1,8@2"),
        // The same text in all, with a character moved from one part to the next.
        Binding::new("delete_promotions", &arguments, "anna7", "@1,8@1"),
    ];
    for other in others {
        let refused = state.redeem_token(&token, &other, noon()).await.unwrap();
        assert_eq!(refused, Redeemed::OtherBinding { arguments: Vec::new() });
    }
    assert_eq!(state.redeem_token(&token, &binding(), noon()).await.unwrap(), Redeemed::Accepted);
    // What the change altered makes another binding; that the token is used is the better answer.
    let altered = Binding::new("delete_promotions", &arguments, "anna", "");
    assert_eq!(state.redeem_token(&token, &altered, noon()).await.unwrap(), Redeemed::AlreadyUsed);
}

#[tokio::test]
async fn the_arguments_that_differ_are_named_and_a_default_may_be_spelled_out() {
    let state = in_memory();
    let issued = json!({ "promotion_id": 7, "code_ids": [1, 2], "filter": null });
    let token = state.issue_token(&Binding::new("t", &issued, "anna", "1,2"), noon()).await.unwrap();
    for (arguments, differ) in [
        (json!({ "promotion_id": 7, "code_ids": [2, 1] }), vec!["code_ids"]),
        (
            json!({ "promotion_id": 8, "code_ids": [1, 2], "filter": "unused" }),
            vec!["filter", "promotion_id"],
        ),
        (json!({ "promotion_id": 7, "code_ids": [1, 2] }), vec![]),
    ] {
        let other = Binding::new("t", &arguments, "anna", "1,2,3");
        let arguments = differ.into_iter().map(str::to_owned).collect();
        let refused = state.redeem_token(&token, &other, noon()).await.unwrap();
        assert_eq!(refused, Redeemed::OtherBinding { arguments });
    }
    // What they come to is the same.
    let spelled_out = json!({ "promotion_id": 7, "code_ids": [1, 2], "dry": false });
    let same = Binding::new("t", &spelled_out, "anna", "1,2");
    assert_eq!(state.redeem_token(&token, &same, noon()).await.unwrap(), Redeemed::Accepted);
}

#[tokio::test]
async fn a_token_of_another_store_or_of_nobody_is_unknown() {
    let directory = tempfile::tempdir().unwrap();
    let location = Location::Directory(directory.path().to_owned());
    let token = state_of(STORE, location.clone()).issue_token(&binding(), noon()).await.unwrap();
    for other in ["api.bigcommerce.com/abc124", "sandbox", ""] {
        let other = state_of(other, location.clone());
        assert_eq!(other.redeem_token(&token, &binding(), noon()).await.unwrap(), Redeemed::Unknown);
    }
    let state = state_of(STORE, location);
    for text in ["", "x", HOSTILE, &token.to_ascii_uppercase()] {
        assert_eq!(state.redeem_token(text, &binding(), noon()).await.unwrap(), Redeemed::Unknown);
    }
    assert_eq!(state.redeem_token(&token, &binding(), noon()).await.unwrap(), Redeemed::Accepted);
}

#[tokio::test]
async fn tokens_are_url_safe_all_different_and_not_in_the_files() {
    let directory = tempfile::tempdir().unwrap();
    let state = on_disk(directory.path());
    let mut tokens = HashSet::new();
    for _ in 0..50 {
        tokens.insert(state.issue_token(&binding(), noon()).await.unwrap());
    }
    assert_eq!(tokens.len(), 50);
    let safe = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    assert!(tokens.iter().all(|token| token.len() == 24 && token.chars().all(safe)));

    let mut files = 0;
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        files += 1;
        for token in &tokens {
            assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()));
        }
    }
    assert!(files >= 2, "the database and its write-ahead log");
}

#[test]
fn the_order_of_keys_makes_no_difference_and_that_of_items_does() {
    let one = json!({ "b": [1, { "d": null, "c": "x" }], "a": true });
    let same = json!({ "a": true, "b": [1, { "c": "x", "d": null }] });
    let other = json!({ "a": true, "b": [{ "c": "x", "d": null }, 1] });
    assert_eq!(canonical(&one), r#"{"a":true,"b":[1,{"c":"x","d":null}]}"#);
    assert_eq!(canonical(&same), canonical(&one));
    assert_ne!(canonical(&other), canonical(&one));
    assert_eq!(Binding::new("t", &one, "c", "a"), Binding::new("t", &same, "c", "a"));
}
