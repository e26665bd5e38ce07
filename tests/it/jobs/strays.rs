//! Codes of somebody else that look like the job's own, while answers are lost: the job asks a person.

use std::collections::BTreeSet;

use coupon_mcp::jobs::{JobRecord, JobState};
use serde_json::json;

use super::oracle;
use super::stand::{Stand, end_of};
use super::task::{PREFIX, Task};
use crate::support::call;
use crate::support::stdio_host::StdioHost;

const COUNT: usize = 600;

struct Scene {
    stand: Stand,
    task: Task,
    host: StdioHost,
    strays: Vec<u64>,
}

/// A job of 250, 250 and 100 codes of which one answer is lost, if so, and this many strays.
async fn scene(lost: Option<&str>, strays: usize) -> Scene {
    scene_settling(lost, strays, "800").await
}

/// As [`scene`], with the milliseconds after which it is looked what became of a lost answer.
async fn scene_settling(lost: Option<&str>, strays: usize, settle_ms: &str) -> Scene {
    let stand = Stand::start(&["--quota", "0"]).await.with_flags(&["--settle-ms", settle_ms]);
    let promotion = stand.sandbox.bulk_promotion("Bulk").await;
    let task = Task::generation_on(&stand, promotion, COUNT, 12, (1, 1)).await;
    // The first batch is made and its answer held, so that the strays are newer than the job, and there before an
    // answer is lost.
    let first = json!({"method": "POST", "path": "/codegen", "times": 1, "hold": "after_commit"});
    stand.sandbox.fault(first).await;
    if let Some(drop) = lost {
        let lose = json!({"method": "POST", "path": "/codegen", "skip": 1, "times": 1, "drop": drop});
        stand.sandbox.fault(lose).await;
    }
    let mut host = stand.host().await;
    host.start("tools/call", call(task.tool, task.arguments.clone())).await;
    stand.sandbox.holds(1).await;
    let mut ids = Vec::new();
    for _ in 0..strays {
        let random: String = std::iter::repeat_with(fastrand::uppercase).take(12).collect();
        ids.push(stand.plant_one(task.promotion, &format!("{PREFIX}-{random}"), (1, 1)).await);
    }
    stand.sandbox.release().await;
    Scene { stand, task, host, strays: ids }
}

impl Scene {
    async fn ended(&mut self) -> JobRecord {
        let id = self.stand.only_job().await.unwrap().id;
        end_of(&mut self.host, id.as_str()).await;
        self.stand.only_job().await.unwrap()
    }

    /// The codes that the report lists as nobody's for sure.
    async fn unclear(&self, job: &JobRecord) -> BTreeSet<u64> {
        let rows = self.stand.report(job).await;
        rows.iter().filter(|row| row.outcome == "unknown").filter_map(|row| row.id).collect()
    }
}

#[tokio::test]
async fn strays_among_the_codes_of_a_lost_answer_are_not_adopted_but_listed() {
    let mut scene = scene(Some("after_commit"), 3).await;
    let job = scene.ended().await;
    assert_eq!(job.state, JobState::NeedsAttention);
    assert_eq!(job.counts.succeeded + job.counts.unknown, COUNT as u64);
    let unclear = scene.unclear(&job).await;
    assert_eq!(unclear.len() as u64, job.counts.unknown + 3);
    assert!(scene.strays.iter().all(|stray| unclear.contains(stray)));
    let reason = job.reason.clone().unwrap();
    assert!(
        reason.contains("resume") && reason.contains(&format!("{} codes appeared", unclear.len())),
        "{reason}"
    );

    goes_on_without_strays(scene, &job).await;
}

#[tokio::test]
async fn strays_alone_are_not_taken_for_a_batch_that_was_never_made() {
    let mut scene = scene(Some("before_commit"), 3).await;
    let job = scene.ended().await;
    assert_eq!(job.state, JobState::NeedsAttention);
    assert_eq!(scene.unclear(&job).await, scene.strays.iter().copied().collect());
    goes_on_without_strays(scene, &job).await;
}

#[tokio::test]
async fn strays_do_no_harm_where_no_answer_is_lost() {
    let mut scene = scene(None, 3).await;
    assert_eq!(scene.ended().await.state, JobState::Done);
    for stray in &scene.strays {
        scene.stand.pluck(scene.task.promotion, *stray).await;
    }
    oracle::check(&scene.stand, &scene.task, |_| false).await;
}

/// The promotion stays the job's until it is settled, and after the strays are gone it finishes.
async fn goes_on_without_strays(mut scene: Scene, job: &JobRecord) {
    let error = scene.host.error(scene.task.tool, scene.task.arguments.clone()).await;
    assert_eq!(error["code"], "in_progress", "{error}");
    assert!(error.to_string().contains(job.id.as_str()), "{error}");
    for stray in &scene.strays {
        scene.stand.pluck(scene.task.promotion, *stray).await;
    }
    scene.host.ok("control_job", json!({"job_id": job.id, "action": "resume"})).await;
    let ended = scene.ended().await;
    assert_eq!((ended.state, ended.reason), (JobState::Done, None));
    oracle::check(&scene.stand, &scene.task, |_| false).await;
}

#[tokio::test]
async fn a_job_that_needs_attention_waits_for_it_through_restarts() {
    let mut scene = scene(Some("after_commit"), 1).await;
    let job = scene.ended().await;
    assert_eq!(job.state, JobState::NeedsAttention);
    scene.host.child.kill().await.unwrap();
    scene.host = scene.stand.host().await;
    let listed = scene.host.ok("get_job", json!({})).await;
    assert_eq!(listed["jobs"][0]["state"], "needs_attention", "{listed}");

    // Resumed with the stray still there, it comes to the same end, and nothing was made meanwhile.
    let before = scene.stand.codes(scene.task.promotion).await;
    scene.host.ok("control_job", json!({"job_id": job.id, "action": "resume"})).await;
    assert_eq!(scene.ended().await.state, JobState::NeedsAttention);
    assert_eq!(scene.stand.codes(scene.task.promotion).await, before);
    goes_on_without_strays(scene, &job).await;
}

#[tokio::test]
async fn a_code_of_a_lost_batch_that_somebody_deletes_leaves_no_whole_batch() {
    let mut scene = scene_settling(Some("after_commit"), 0, "6000").await;
    scene.stand.until_codes(scene.task.promotion, COUNT).await;
    let job = scene.stand.until_job(|job| matches!(job.counts.unknown, 1..=250)).await;
    let known: BTreeSet<String> = scene.stand.report(&job).await.into_iter().map(|row| row.code).collect();
    let codes = scene.stand.codes(scene.task.promotion).await;
    let lost: Vec<u64> =
        codes.iter().filter(|(_, code)| !known.contains(&code.text)).map(|(id, _)| *id).collect();
    scene.stand.pluck(scene.task.promotion, lost[0]).await;
    let job = scene.ended().await;
    assert_eq!(job.state, JobState::NeedsAttention, "{job:?}");
    assert_eq!(scene.unclear(&job).await.len(), lost.len() - 1);
}
