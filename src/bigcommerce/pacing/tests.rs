use super::*;

const PATIENT: Duration = Duration::from_secs(20);

fn patience() -> Patience {
    Patience::new(Duration::from_secs(45), PATIENT)
}

fn rate(left: u64, reset_ms: u64) -> RateHeaders {
    let reset = Some(Duration::from_millis(reset_ms));
    RateHeaders { quota: Some(150), left: Some(left), reset, ..RateHeaders::default() }
}

async fn send(pacing: &Pacing, answer: &RateHeaders) {
    pacing.admit(Operation::ListCodes, &patience()).await.unwrap().settle(answer, false);
}

#[tokio::test(start_paused = true)]
async fn a_short_window_is_waited_out() {
    let pacing = Pacing::new(20);
    send(&pacing, &rate(0, 5_000)).await;
    let started = Instant::now();
    send(&pacing, &rate(149, 30_000)).await;
    assert_eq!(started.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_long_window_is_answered_at_once_with_its_length() {
    let pacing = Pacing::new(20);
    send(&pacing, &rate(0, 28_000)).await;
    let started = Instant::now();
    let refused = pacing.admit(Operation::CreateCode, &patience()).await;
    assert_eq!(started.elapsed(), Duration::ZERO);
    let Err(ApiError::RateLimited { retry_after, overloaded: false }) = refused else { panic!() };
    assert_eq!(retry_after, Duration::from_secs(28));
}

#[tokio::test(start_paused = true)]
async fn requests_under_way_are_taken_off_what_is_left() {
    let pacing = Pacing::new(20);
    send(&pacing, &rate(2, 8_000)).await;
    let first = pacing.admit(Operation::FindCode, &patience()).await.unwrap();
    let second = pacing.admit(Operation::FindCode, &patience()).await.unwrap();
    let started = Instant::now();
    let _third = pacing.admit(Operation::FindCode, &patience()).await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_secs(8));
    drop((first, second));
}

#[tokio::test(start_paused = true)]
async fn a_call_may_use_what_is_left_while_a_jobs_answers_are_on_their_way() {
    let pacing = Pacing::new(20);
    send(&pacing, &rate(36, 9_000)).await;
    let job = Patience::of_a_job();
    let mut under_way = Vec::new();
    for _ in 0..6 {
        under_way.push(pacing.admit(Operation::CreateCode, &job).await.unwrap());
    }
    let impatient = Patience::new(Duration::from_secs(45), Duration::ZERO);
    // The first answer that is read counted all six, and another app's 26 requests.
    under_way.pop().unwrap().settle(&rate(4, 9_000), false);
    let mut calls = Vec::new();
    for _ in 0..4 {
        calls.push(pacing.admit(Operation::CreateCode, &impatient).await.unwrap());
    }
    assert_eq!(refused(&pacing).await, Duration::from_secs(9));
    // Answers that were overtaken give nothing back, a request without an answer may.
    for slot in under_way {
        slot.settle(&rate(5, 9_000), false);
    }
    calls.pop().unwrap().settle(&rate(3, 9_000), false);
    assert_eq!(refused(&pacing).await, Duration::from_secs(9));
    drop(calls.pop());
    assert!(pacing.admit(Operation::CreateCode, &impatient).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_answer_with_quota_frees_the_waiting() {
    let pacing = Pacing::new(20);
    send(&pacing, &rate(1, 10_000)).await;
    let under_way = pacing.admit(Operation::FindCode, &patience()).await.unwrap();
    let patience = patience();
    let waiting = pacing.admit(Operation::FindCode, &patience);
    let answer = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        under_way.settle(&rate(140, 9_000), false);
    };
    let started = Instant::now();
    let (admitted, ()) = tokio::join!(waiting, answer);
    assert!(admitted.is_ok());
    assert_eq!(started.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn listing_runs_ten_at_a_time() {
    let pacing = Pacing::new(20);
    let mut slots = Vec::new();
    for _ in 0..10 {
        slots.push(pacing.admit(Operation::ListCodes, &patience()).await.unwrap());
    }
    let eleventh = pacing.admit(Operation::ListCodes, &patience()).await;
    assert!(matches!(eleventh, Err(ApiError::Congested)));
    slots.pop();
    assert!(pacing.admit(Operation::ListCodes, &patience()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_crowd_keeps_to_the_quota_of_each_window_and_nobody_waits_past_the_patience() {
    let pacing = Pacing::new(20);
    let window = Some(Duration::from_secs(9));
    let small = |left, reset_ms| RateHeaders { quota: Some(2), window, ..rate(left, reset_ms) };
    send(&pacing, &small(0, 9_000)).await;
    let started = Instant::now();
    let call = || async {
        let patience = patience();
        let slot = pacing.admit(Operation::ListCodes, &patience).await.map_err(|_| started.elapsed())?;
        // The answer takes half a second and says what is left of the window then.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let into_window = started.elapsed().as_millis() % 9_000;
        let reset = 9_000 - u64::try_from(into_window).unwrap();
        slot.settle(&small(0, reset), false);
        Ok::<_, Duration>(started.elapsed())
    };
    let outcomes = futures::future::join_all((0..50).map(|_| call())).await;
    let sent = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(sent, 4, "two windows of two requests open within the patience");
    let latest = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).max();
    assert!(latest.is_some_and(|latest| *latest <= PATIENT), "{latest:?}");
}

#[tokio::test(start_paused = true)]
async fn a_job_leaves_a_part_of_the_quota_to_others() {
    let pacing = Pacing::new(20);
    send(&pacing, &rate(32, 9_000)).await;
    let job = Patience::of_a_job();
    let under_way = [
        pacing.admit(Operation::CreateCode, &job).await.unwrap(),
        pacing.admit(Operation::CreateCode, &job).await.unwrap(),
    ];
    let started = Instant::now();
    let interactive = pacing.admit(Operation::CreateCode, &patience()).await.unwrap();
    assert_eq!(started.elapsed(), Duration::ZERO);
    let third = pacing.admit(Operation::CreateCode, &job).await;
    assert!(third.is_ok());
    assert_eq!(started.elapsed(), Duration::from_secs(9));
    drop((under_way, interactive));
}

#[tokio::test(start_paused = true)]
async fn a_job_sends_one_request_until_it_knows_the_quota() {
    let pacing = Pacing::new(20);
    let job = Patience::of_a_job();
    let first = pacing.admit(Operation::CreateCode, &job).await.unwrap();
    let others =
        async { futures::future::join_all((0..5).map(|_| pacing.admit(Operation::CreateCode, &job))).await };
    let answer = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        let quota = Some(10);
        first.settle(&RateHeaders { quota, ..rate(5, 20_000) }, false);
    };
    let started = Instant::now();
    let (others, ()) = tokio::join!(tokio::time::timeout(Duration::from_secs(10), others), answer);
    assert!(others.is_err(), "three of ten requests may go before the window opens again");
    assert_eq!(started.elapsed(), Duration::from_secs(10));
}

/// A 429 that shuts the store for three windows of 30 s.
fn shut_for_long() -> RateHeaders {
    RateHeaders { quota: None, ..rate(0, 90_000) }
}

async fn refuse(pacing: &Pacing, answer: &RateHeaders) {
    pacing.admit(Operation::ListCodes, &patience()).await.unwrap().settle(answer, true);
}

async fn refused(pacing: &Pacing) -> Duration {
    let impatient = Patience::new(Duration::from_secs(45), Duration::ZERO);
    match pacing.admit(Operation::ListCodes, &impatient).await {
        Err(ApiError::RateLimited { retry_after, .. }) => retry_after,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn one_probe_goes_through_in_each_window_that_is_thought_shut() {
    let pacing = Pacing::new(20);
    refuse(&pacing, &shut_for_long()).await;
    for _ in 0..2 {
        assert_eq!(refused(&pacing).await, Duration::from_secs(30));
        tokio::time::advance(Duration::from_secs(30)).await;
        let probe = pacing.admit(Operation::FindCode, &patience()).await.unwrap();
        assert_eq!(refused(&pacing).await, Duration::from_secs(30));
        drop(probe);
    }
    tokio::time::advance(Duration::from_secs(30)).await;
    let mut everybody = Vec::new();
    for _ in 0..5 {
        everybody.push(pacing.admit(Operation::FindCode, &patience()).await.unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_a_probe_decides() {
    for (answer, left) in [(rate(140, 20_000), Some(140)), (RateHeaders::default(), None)] {
        let pacing = Pacing::new(20);
        refuse(&pacing, &shut_for_long()).await;
        tokio::time::advance(Duration::from_secs(30)).await;
        send(&pacing, &answer).await;
        assert_eq!(pacing.window().left, left);
        assert!(pacing.admit(Operation::FindCode, &patience()).await.is_ok());
    }
    let pacing = Pacing::new(20);
    refuse(&pacing, &shut_for_long()).await;
    tokio::time::advance(Duration::from_secs(30)).await;
    refuse(&pacing, &rate(0, 12_000)).await;
    let started = Instant::now();
    send(&pacing, &rate(149, 30_000)).await;
    assert_eq!(started.elapsed(), Duration::from_secs(12));
}

#[tokio::test(start_paused = true)]
async fn a_job_heals_a_wrong_belief_too() {
    let pacing = Pacing::new(20);
    refuse(&pacing, &shut_for_long()).await;
    let started = Instant::now();
    let probe = pacing.admit(Operation::CreateCode, &Patience::of_a_job()).await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_secs(30));
    probe.settle(&rate(140, 20_000), false);
    assert!(pacing.admit(Operation::CreateCode, &Patience::of_a_job()).await.is_ok());
    assert_eq!(started.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn an_urgent_request_waits_for_nothing() {
    let pacing = Pacing::new(20);
    refuse(&pacing, &shut_for_long()).await;
    let started = Instant::now();
    let urgent = Patience::new(Duration::from_secs(45), Duration::ZERO).urgent();
    let mut slots = Vec::new();
    for _ in 0..50 {
        slots.push(pacing.admit(Operation::UpdatePromotion, &urgent).await.unwrap());
    }
    assert_eq!(started.elapsed(), Duration::ZERO);
    assert_eq!(refused(&pacing).await, Duration::from_secs(30));
    slots.pop().unwrap().settle(&rate(140, 20_000), false);
    assert!(pacing.admit(Operation::ListCodes, &patience()).await.is_ok(), "its answer is news to all");
}
