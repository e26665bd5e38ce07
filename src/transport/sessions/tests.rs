use super::*;

const IDLE: Duration = Duration::from_mins(10);

fn sessions(most: usize) -> CappedSessions {
    let settings = HttpSettings { max_sessions: most, session_idle: IDLE, ..HttpSettings::default() };
    CappedSessions::new(&settings, Arc::new(Openings::new(1_000)))
}

/// A new session, opened from this address; its transport must be kept.
async fn open(sessions: &CappedSessions, address: &str) -> (SessionId, impl Sized) {
    let arrival = Arrival::new(address.parse().unwrap());
    ARRIVAL.scope(arrival, sessions.create_session()).await.unwrap()
}

async fn watch_over(sessions: &CappedSessions, time: Duration) {
    let _ = tokio::time::timeout(time, sessions.forget_idle()).await;
}

fn is_kept(sessions: &CappedSessions, id: &SessionId) -> bool {
    sessions.kept().contains_key(id)
}

#[tokio::test(start_paused = true)]
async fn an_idle_session_is_forgotten_but_not_in_mid_call() {
    let sessions = sessions(2);
    let (busy, _busy) = open(&sessions, "192.0.2.1").await;
    let (idle, _idle) = open(&sessions, "192.0.2.1").await;
    let call = sessions.announce(&busy, &RequestId::Number(1)).unwrap();
    watch_over(&sessions, IDLE * 3).await;
    assert!(is_kept(&sessions, &busy) && !is_kept(&sessions, &idle));
    drop(call);
    watch_over(&sessions, IDLE.saturating_sub(Duration::from_secs(1))).await;
    assert!(is_kept(&sessions, &busy));
    watch_over(&sessions, Duration::from_secs(2)).await;
    assert!(!is_kept(&sessions, &busy));
}

#[tokio::test(start_paused = true)]
async fn an_address_with_most_sessions_gives_way_itself() {
    let sessions = sessions(4);
    let (quiet, _quiet) = open(&sessions, "192.0.2.1").await;
    let mut flood = Vec::new();
    for _ in 0..10 {
        tokio::time::advance(Duration::from_secs(1)).await;
        flood.push(open(&sessions, "192.0.2.2").await);
    }
    assert!(is_kept(&sessions, &quiet));
    let kept: Vec<_> = flood.iter().map(|(id, _)| is_kept(&sessions, id)).collect();
    assert_eq!(kept, [[false; 7].as_slice(), &[true; 3]].concat());
}
