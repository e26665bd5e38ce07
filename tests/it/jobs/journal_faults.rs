//! A journal that cannot be written for a while, in the middle of a job.

use serde_json::json;

use super::oracle;
use super::stand::{Stand, end_of};
use super::task::Task;
use crate::support::call;
use crate::support::stdio_host::StdioHost;

/// A job whose server could not write to the journal for a moment, which is over.
async fn hampered() -> (Stand, Task, StdioHost, String) {
    let stand = Stand::start(&["--quota", "0"]).await.with_flags(&["--settle-ms", "300"]);
    let promotion = stand.sandbox.bulk_promotion("Bulk").await;
    let task = Task::generation_on(&stand, promotion, 2_100, 12, (1, 1)).await;
    let mut host = stand.host().await;
    stand.hold_batches(1).await;
    host.start("tools/call", call(task.tool, task.arguments.clone())).await;
    stand.sandbox.holds(1).await;
    stand.alter_journal("ALTER TABLE units RENAME TO units_elsewhere").await;
    stand.sandbox.clear_faults().await;
    // It stops, for nothing goes out that is not on record.
    let job = stand.until_job(|job| !job.owned_elsewhere).await;
    stand.alter_journal("ALTER TABLE units_elsewhere RENAME TO units").await;
    (stand, task, host, job.id.to_string())
}

#[tokio::test]
async fn a_job_that_could_not_be_written_down_for_a_while_is_resumed_in_the_same_process() {
    let (stand, task, mut host, id) = hampered().await;
    host.ok("control_job", json!({"job_id": id, "action": "resume"})).await;
    end_of(&mut host, &id).await;
    oracle::check(&stand, &task, |_| false).await;
}

#[tokio::test]
async fn a_job_that_could_not_be_written_down_for_a_while_is_taken_over_by_another_process() {
    let (stand, task, _host, id) = hampered().await;
    let mut other = stand.host().await;
    other.ok("get_job", json!({})).await;
    end_of(&mut other, &id).await;
    oracle::check(&stand, &task, |_| false).await;
}

#[tokio::test]
async fn a_job_that_could_not_be_written_down_for_a_while_can_be_cancelled() {
    let (_stand, _, mut host, id) = hampered().await;
    let answer = host.ok("control_job", json!({"job_id": id, "action": "cancel"})).await;
    assert_eq!(answer["job"]["state"], "cancelled", "{answer}");
}
