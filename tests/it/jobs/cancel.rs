//! Cancelling waits for no answer, loses nothing, and can be taken back.

use serde_json::json;

use super::oracle;
use super::stand::{Stand, end_of};
use super::task::Task;
use crate::support::call;
use crate::support::stdio_host::StdioHost;

async fn cancel(host: &mut StdioHost, id: &str) {
    let answer = host.ok("control_job", json!({"job_id": id, "action": "cancel"})).await;
    assert_eq!(answer["job"]["state"], "cancelled", "{answer}");
}

#[tokio::test]
async fn a_cancelled_job_keeps_what_was_done_and_goes_on_when_resumed() {
    for (count, random, from_elsewhere) in [(5_100, 12, false), (800, 20, true)] {
        let stand = Stand::start(&["--quota", "0"]).await.with_flags(&["--settle-ms", "300"]);
        let promotion = stand.sandbox.bulk_promotion("Bulk").await;
        let task = Task::generation_on(&stand, promotion, count, random, (2, 1)).await;
        // Some are answered, and then none is until after the cancel.
        stand.hold_batches(3).await;
        stand.hold_singles(20).await;
        let mut other = stand.host().await;
        let mut host = stand.host().await;
        host.start("tools/call", call(task.tool, task.arguments.clone())).await;
        let id = stand.until_job(|job| job.counts.succeeded > 0).await.id.to_string();
        cancel(if from_elsewhere { &mut other } else { &mut host }, &id).await;

        let job = stand.only_job().await.unwrap();
        let made = stand.codes(promotion).await.len() as u64;
        assert!(0 < job.counts.succeeded && job.counts.succeeded <= made && made < count as u64, "{job:?}");
        let writes = stand.writes().await;
        // Once more makes no difference.
        cancel(&mut other, &id).await;
        stand.sandbox.clear_faults().await;

        host.ok("control_job", json!({"job_id": id, "action": "resume"})).await;
        end_of(&mut host, &id).await;
        assert!(stand.writes().await > writes);
        oracle::check(&stand, &task, |_| false).await;
    }
}

#[tokio::test]
async fn a_job_stops_though_no_answer_comes() {
    let stand = Stand::start(&["--quota", "0"]).await;
    let promotion = stand.sandbox.bulk_promotion("Bulk").await;
    let task = Task::generation_on(&stand, promotion, 200, 20, (1, 1)).await;
    let mut host = stand.host().await;
    hang(&stand, "POST", 0).await;
    host.start("tools/call", call(task.tool, task.arguments.clone())).await;
    let job = stand.until_job(|job| job.counts.unknown >= 40).await;
    cancel(&mut host, job.id.as_str()).await;
}

#[tokio::test]
async fn a_job_stops_though_it_looks_what_became_of_a_lost_answer() {
    for random in [12, 20] {
        let stand = Stand::start(&["--quota", "0"]).await.with_flags(&["--settle-ms", "0"]);
        let promotion = stand.sandbox.bulk_promotion("Bulk").await;
        let task = Task::generation_on(&stand, promotion, 40, random, (1, 1)).await;
        hang(&stand, "POST", 0).await;
        let mut host = stand.host().await;
        host.start("tools/call", call(task.tool, task.arguments.clone())).await;
        let job = stand.until_job(|job| job.counts.unknown == 40).await;
        host.child.kill().await.unwrap();

        stand.sandbox.clear_faults().await;
        // The first request is answered, by which it shows that the job has come so far.
        let look_ups = usize::from(random > 16);
        hang(&stand, "GET", look_ups).await;
        let mut host = stand.host().await;
        let seen = stand.sandbox.requests().await.len();
        host.ok("get_job", json!({})).await;
        stand.until_requests(seen + look_ups).await;
        cancel(&mut host, job.id.as_str()).await;
    }
}

/// All but the first `answered` requests to the codes wait until the faults are cleared.
async fn hang(stand: &Stand, method: &str, answered: usize) {
    for path in ["/codes", "/codegen"] {
        let rule = json!({
            "method": method, "path": path, "hold": "before_commit", "times": 10_000, "skip": answered,
        });
        stand.sandbox.fault(rule).await;
    }
}
