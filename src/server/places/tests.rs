use futures::FutureExt;

use super::*;

fn session(name: &str) -> Client {
    Client::Session(name.into())
}

fn places(caps: CallCaps) -> Places {
    Places::new(CallCaps { concurrent: 8, queue: Duration::from_secs(2), ..caps })
}

/// As many places as a client gets at once.
fn take_all(places: &Places, client: &Client) -> Vec<Place> {
    std::iter::from_fn(|| places.take(client.clone(), false).now_or_never().flatten()).collect()
}

fn is_empty(places: &Places) -> bool {
    let state = places.shared.state();
    state.clients.is_empty() && state.queue.is_empty() && state.working + state.watching == 0
}

#[tokio::test(start_paused = true)]
async fn however_many_clients_there_are_the_next_finds_a_place() {
    let places = places(CallCaps::default());
    let mut taken = Vec::new();
    for (name, most) in [("a", 4), ("b", 2), ("c", 1), ("d", 1)] {
        let more = take_all(&places, &session(name));
        assert_eq!(more.len(), most, "{name}");
        taken.extend(more);
    }
    drop(taken);
    assert!(is_empty(&places));
}

#[tokio::test(start_paused = true)]
async fn a_client_has_no_more_than_its_limit() {
    let places = places(CallCaps { per_client: 3, ..CallCaps::default() });
    assert_eq!(take_all(&places, &session("a")).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_host_on_stdio_has_all_places() {
    let places = places(CallCaps::default());
    assert_eq!(take_all(&places, &Client::Host).len(), 8);
}

#[tokio::test(start_paused = true)]
async fn who_waits_gets_the_place_that_becomes_free() {
    let places = places(CallCaps { per_client: 1, ..CallCaps::default() });
    let first = places.take(session("a"), false).await.unwrap();
    let second = tokio::spawn({
        let places = places.clone();
        async move { places.take(session("a"), false).await.is_some() }
    });
    tokio::task::yield_now().await;
    assert!(places.take(session("b"), false).now_or_never().flatten().is_some());
    drop(first);
    assert!(second.await.unwrap());
    assert!(is_empty(&places));
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_or_with_too_many_is_turned_away() {
    let places = places(CallCaps { per_client: 1, waiting_per_client: 1, ..CallCaps::default() });
    let first = places.take(session("a"), false).await.unwrap();
    let mut waits = Box::pin(places.take(session("a"), false));
    assert!(waits.as_mut().now_or_never().is_none());
    let one_more = places.take(session("a"), false).now_or_never();
    assert!(one_more.is_some_and(|place| place.is_none()));
    assert!(waits.await.is_none());
    drop(first);
    assert!(is_empty(&places));
}

#[tokio::test(start_paused = true)]
async fn a_place_granted_to_one_who_left_goes_to_the_next() {
    let places = places(CallCaps { per_client: 1, ..CallCaps::default() });
    let first = places.take(session("a"), false).await.unwrap();
    let mut leaves = Box::pin(places.take(session("a"), false));
    let mut stays = Box::pin(places.take(session("a"), false));
    assert!(leaves.as_mut().now_or_never().is_none());
    assert!(stays.as_mut().now_or_never().is_none());
    drop(first);
    drop(leaves);
    drop(stays.await.unwrap());
    assert!(is_empty(&places));
}

#[tokio::test(start_paused = true)]
async fn calls_that_wait_for_news_hold_no_place() {
    let places = places(CallCaps { watching_per_client: 5, ..CallCaps::default() });
    let watching: Vec<_> = std::iter::from_fn(|| {
        let place = places.take(session("a"), false).now_or_never().flatten()?;
        place.watch();
        place.watch();
        Some(place)
    })
    .take(20)
    .collect();
    // Five watch, and those beyond keep their place.
    assert_eq!(watching.len(), 5 + 4);
    assert_eq!(take_all(&places, &session("b")).len(), 2);
    drop(watching);
    assert!(is_empty(&places));
}

#[tokio::test(start_paused = true)]
async fn what_stops_a_campaign_needs_no_place() {
    let places = places(CallCaps::default());
    let _all = take_all(&places, &Client::Host);
    let stops: Vec<_> = std::iter::from_fn(|| places.take(session("a"), true).now_or_never().flatten())
        .take(STOPPING_PER_CLIENT + 1)
        .collect();
    assert_eq!(stops.len(), STOPPING_PER_CLIENT);
}
