//! A job leaves a fifth of the quota to others, and is never in the way of a call.

use std::time::Duration;

use coupon_mcp::jobs::JobState;
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::oracle;
use super::stand::{Stand, client};
use super::task::Task;
use crate::support::call;

const WINDOW: Duration = Duration::from_millis(1_500);

/// Runs a job on a store with this quota, while another app and calls of the same server, which wait for
/// nothing, need the store too.
async fn share(quota: u64, count: usize, random: usize) {
    let window = WINDOW.as_millis().to_string();
    let limits = ["--quota", &quota.to_string(), "--window-ms", &window, "--latency-ms", "10"];
    let stand = Stand::start(&limits).await.with_flags(&["--rate-limit-wait-s", "0"]);
    let promotion = stand.sandbox.bulk_promotion("Bulk").await;
    let task = Task::generation_on(&stand, promotion, count, random, (1, 1)).await;
    let mut host = stand.host().await;
    let (began, client) = (Instant::now(), client());
    host.start("tools/call", call(task.tool, task.arguments.clone())).await;
    stand.until_job(|_| true).await;
    let mut now_and_then = interval(WINDOW / 2);
    // On a busy machine the others come later, not all at once: they would take more than is left to them.
    now_and_then.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut others: Vec<Instant> = Vec::new();
    while stand.only_job().await.unwrap().state == JobState::Running {
        others.push(Instant::now());
        let list = call("list_coupon_codes", json!({"promotion_id": 1}));
        let listed = host.exchange("tools/call", list).await["result"].clone();
        assert_ne!(listed["isError"], true, "{listed}");

        others.push(Instant::now());
        let url = format!("{}/stores/sandbox/v3/promotions/1", stand.sandbox.server.url);
        let answer = client.get(url).header("X-Auth-Token", "sandbox-token").send().await.unwrap();
        let told = |name: &str| answer.headers()[name].to_str().unwrap().parse::<u64>().unwrap();
        let left = told("X-Rate-Limit-Requests-Left");
        // At the earliest: the header is of some moment since this request was sent.
        let sent = others.last().copied().unwrap();
        let opened = sent + Duration::from_millis(told("X-Rate-Limit-Time-Reset-Ms")) - WINDOW;
        // One more for the call that planned the job.
        let taken = others.iter().filter(|&&at| at >= opened).count() as u64 + 1;
        assert!(left + taken >= quota / 5, "only {left} of {quota} are left, and others took {taken}");
        now_and_then.tick().await;
    }
    let took = began.elapsed();
    let limited = stand.sandbox.requests().await.into_iter().filter(|(.., status)| *status == 429).count();
    assert_eq!(limited, 0);
    // It fits into no fewer windows, the last of which need not end.
    let windows = task.writes().div_ceil(usize::try_from(quota * 4 / 5).unwrap());
    assert!(took > WINDOW * u32::try_from(windows - 2).unwrap(), "the quota was no limit: {took:?}");
    oracle::check(&stand, &task, |_| false).await;
}

#[tokio::test]
async fn single_codes_leave_a_fifth_of_the_quota() {
    share(50, 150, 20).await;
}

#[tokio::test]
async fn batches_leave_a_fifth_of_the_quota() {
    share(30, 9_000, 12).await;
}
