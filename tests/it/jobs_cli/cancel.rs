//! `jobs cancel`

use serde_json::json;

use super::stage::{MANY, Stage, ended};
use crate::support::finished::finish;

#[tokio::test]
async fn a_job_of_another_process_stops() {
    let stage = Stage::start().await;
    let (process, job) = stage.under_way().await;
    let id = job["job_id"].as_str().unwrap();
    let cancelled = stage.jobs(&["cancel", id]).await;
    let job = stage.show(id).await;
    let succeeded = job["succeeded"].as_u64().unwrap();
    assert_eq!((job["state"].as_str(), succeeded < MANY as u64), (Some("cancelled"), true), "{job}");
    assert_eq!((cancelled.code, cancelled.stderr.as_str()), (Some(0), ""));
    assert!(
        cancelled.stdout.starts_with(&format!("{id}: cancelled, {succeeded} of {MANY}")),
        "{}",
        cancelled.stdout
    );

    let called = ended(process).await;
    assert_eq!(
        (called.code, &called.json()["job"]["state"]),
        (Some(0), &json!("cancelled")),
        "{}",
        called.stderr
    );
    assert!(!called.stderr.contains("jobs run"), "{}", called.stderr);

    let again = stage.jobs(&["cancel", id]).await;
    assert_eq!((again.code, again.stderr.as_str()), (Some(0), ""));
    assert!(again.stdout.starts_with(&format!("{id} had ended already: cancelled, ")), "{}", again.stdout);

    let ran = stage.jobs_run(&[]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "a cancelled job is not pending");
    let made = stage.report(id).await.into_iter().filter(|row| row.outcome == "created").count();
    assert_eq!(made as u64, succeeded);
}

#[tokio::test]
async fn a_job_that_no_process_runs_is_cancelled_at_once() {
    let stage = Stage::start().await;
    let id = stage.orphan().await;
    let cancelled = stage.jobs(&["cancel", &id]).await;
    assert_eq!((cancelled.code, cancelled.stderr.as_str()), (Some(0), ""));
    assert!(cancelled.stdout.starts_with(&format!("{id}: cancelled, ")), "{}", cancelled.stdout);
    assert_eq!(stage.show(&id).await["state"], "cancelled");
    assert_eq!(stage.jobs_run(&[]).await.stderr, "");
    let resume = format!("`coupon-mcp call control_job job_id={id} action=resume`");
    let shown = stage.jobs(&["show", &id]).await.stdout;
    assert!(shown.contains(&resume), "{shown}");
}

#[tokio::test]
async fn a_job_that_is_done_stays_so() {
    let stage = Stage::start().await;
    let called = finish(stage.generate(3)).await;
    let id = called.json()["job"]["job_id"].as_str().unwrap().to_owned();
    let cancelled = stage.jobs(&["cancel", &id]).await;
    let said = format!("{id} had ended already: done, 3 of 3\n");
    assert_eq!((cancelled.code, cancelled.stdout, cancelled.stderr), (Some(0), said, String::new()));
}

#[tokio::test]
async fn a_cancelled_job_is_resumed_and_waited_for() {
    let stage = Stage::start().await;
    let id = stage.orphan().await;
    assert_eq!(stage.jobs(&["cancel", &id]).await.code, Some(0));
    let resumed = finish(stage.command(&["jobs", "resume", &id])).await;
    assert_eq!((resumed.code, resumed.stdout.as_str()), (Some(0), ""), "{}", resumed.stderr);
    assert!(resumed.stderr.contains(&format!("{id}: done, {MANY} of {MANY}\n")), "{}", resumed.stderr);
    stage.assert_whole(&id, MANY).await;
    let again = finish(stage.command(&["jobs", "resume", &id])).await;
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(again.stdout.starts_with(&format!("{id} cannot be resumed: done, ")), "{}", again.stdout);
}

#[tokio::test]
async fn the_exit_code_tells_a_failed_job_and_a_question() {
    let stage = Stage::start().await;
    let id = stage.orphan().await;
    assert_eq!(stage.jobs(&["cancel", &id]).await.code, Some(0));
    stage
        .sandbox
        .fault(json!({"method": "POST", "path": "/promotions/", "times": 1_000_000, "status": 403}))
        .await;
    let resumed = finish(stage.command(&["jobs", "resume", &id])).await;
    assert_eq!(resumed.code, Some(4), "{}", resumed.stderr);
    assert_eq!(finish(stage.generate(600)).await.code, Some(4));
    stage.sandbox.clear_faults().await;
    let asked = finish(stage.command(&["call", "delete_promotions", "promotion_ids=1"])).await;
    assert_eq!(
        (asked.code, &asked.json()["status"]),
        (Some(3), &json!("needs_confirmation")),
        "{}",
        asked.stderr
    );
}
