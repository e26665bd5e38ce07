//! `jobs run`

use std::process::Stdio;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::stage::{MANY, Stage, ended};
use crate::support::finished::finish;
use crate::support::process::{PATIENCE, binary};

#[tokio::test]
async fn a_job_whose_process_was_killed_is_finished() {
    let stage = Stage::start().await;
    let id = stage.orphan().await;
    let ran = stage.jobs_run(&[]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
    for line in [
        format!("{id}: generate {MANY} codes of promotion {}\n", stage.promotion),
        format!("{id}: done, {MANY} of {MANY}\n"),
    ] {
        assert!(ran.stderr.contains(&line), "{line} is missing in:\n{}", ran.stderr);
    }
    stage.assert_whole(&id, MANY).await;
    let again = stage.jobs_run(&[]).await;
    assert_eq!((again.code, again.stdout.as_str(), again.stderr.as_str()), (Some(0), "", ""));
}

#[tokio::test]
async fn batches_that_were_lost_with_their_process_are_found_again() {
    let stage = Stage::start().await;
    stage.hold_after(3).await;
    let promotion = format!("promotion_id={}", stage.promotion);
    let mut command = stage.command(&["call", "generate_coupon_codes", &promotion, "count=9900"]);
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let job = stage.latest(|job| job["succeeded"].as_u64() > Some(250)).await;
    process.kill().await.unwrap();
    stage.sandbox.clear_faults().await;
    assert_eq!(stage.jobs_run(&[]).await.code, Some(0));
    stage.assert_whole(job["job_id"].as_str().unwrap(), 9_900).await;
}

#[tokio::test]
async fn two_at_once_do_a_job_once() {
    let stage = Stage::start().await;
    let id = stage.orphan().await;
    let (one, other) = tokio::join!(stage.jobs_run(&[]), stage.jobs_run(&[]));
    assert_eq!((one.code, other.code), (Some(0), Some(0)), "{}\n{}", one.stderr, other.stderr);
    let begin = format!("{id}: generate {MANY} codes of promotion {}\n", stage.promotion);
    let began = [&one, &other].map(|ran| ran.stderr.matches(&begin).count());
    assert_eq!(began.iter().sum::<usize>(), 1, "{}\n{}", one.stderr, other.stderr);
    stage.assert_whole(&id, MANY).await;
}

#[tokio::test]
async fn a_job_of_a_living_process_is_waited_for() {
    let stage = Stage::start().await;
    let (process, job) = stage.under_way().await;
    let id = job["job_id"].as_str().unwrap();
    let mut command = stage.command(&["jobs", "run"]);
    let mut run = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(run.stderr.take().unwrap()).lines();
    let waits =
        format!("{id}: generate {MANY} codes of promotion {}; another process runs it", stage.promotion);
    assert_eq!(lines.next_line().await.unwrap(), Some(waits));
    stage.sandbox.clear_faults().await;
    assert_eq!(lines.next_line().await.unwrap(), Some(format!("{id}: done, {MANY} of {MANY}")));
    assert_eq!(lines.next_line().await.unwrap(), None);
    assert!(run.wait().await.unwrap().success());
    let called = ended(process).await;
    assert_eq!((called.code, &called.json()["job"]["state"]), (Some(0), &json!("done")), "{}", called.stderr);
    stage.assert_whole(id, MANY).await;
}

#[tokio::test]
async fn a_job_whose_process_dies_while_it_is_waited_for_is_taken_too() {
    let stage = Stage::start().await;
    let (mut process, job) = stage.under_way().await;
    let id = job["job_id"].as_str().unwrap();
    let mut command = stage.command(&["jobs", "run"]);
    let mut run = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(run.stderr.take().unwrap()).lines();
    let waits = lines.next_line().await.unwrap().unwrap();
    assert!(waits.ends_with("; another process runs it"), "{waits}");
    process.kill().await.unwrap();
    stage.sandbox.clear_faults().await;
    let mut log = Vec::new();
    while let Some(line) =
        tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("it did not end").unwrap()
    {
        log.push(line);
    }
    assert_eq!(run.wait().await.unwrap().code(), Some(0), "{log:?}");
    assert_eq!(log.last(), Some(&format!("{id}: done, {MANY} of {MANY}")));
    stage.assert_whole(id, MANY).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_puts_the_jobs_down_for_the_next_run() {
    let stage = Stage::start().await;
    let id = stage.orphan().await;
    let before = stage.show(&id).await["succeeded"].as_u64();
    stage.hold_after(20).await;
    let mut command = stage.command(&["jobs", "run"]);
    let process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    stage.latest(|job| job["owned_elsewhere"] == true && job["succeeded"].as_u64() > before).await;
    let pid = process.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let stopped = ended(process).await;
    assert_eq!((stopped.code, stopped.stdout.as_str()), (Some(130), ""), "{}", stopped.stderr);
    assert!(
        stopped.stderr.ends_with("stopped: `coupon-mcp jobs run` goes on with what is left\n"),
        "{}",
        stopped.stderr
    );
    let left = stage.show(&id).await;
    assert_eq!((&left["state"], &left["owned_elsewhere"]), (&json!("running"), &json!(false)));
    stage.sandbox.clear_faults().await;
    assert_eq!(stage.jobs_run(&[]).await.code, Some(0));
    stage.assert_whole(&id, MANY).await;
}

#[tokio::test]
async fn a_job_that_fails_is_told_with_its_reason() {
    let stage = Stage::start().await;
    let id = stage.orphan().await;
    let body = json!({"status": 403, "title": "Your token has no right to do this."});
    stage
        .sandbox
        .fault(json!({"method": "POST", "path": "/codes", "times": 1_000_000, "status": 403, "body": body}))
        .await;
    let ran = stage.jobs_run(&[]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(4), ""), "{}", ran.stderr);
    let job = stage.show(&id).await;
    let (succeeded, reason) = (&job["succeeded"], job["reason"].as_str().unwrap());
    assert_eq!(job["state"], "failed");
    assert!(reason.contains("403"), "{reason}");
    assert!(ran.stderr.contains(&format!("{id}: failed, {succeeded} of {MANY}")), "{}", ran.stderr);
    assert!(ran.stderr.contains(reason), "{}", ran.stderr);
    // It stopped, and nothing is pending any more.
    assert_eq!(stage.jobs_run(&[]).await.code, Some(0));
}

#[tokio::test]
async fn a_job_whose_promotion_may_not_be_read_any_more_is_not_waited_for() {
    for status in [401, 403] {
        let stage = Stage::start().await;
        let id = stage.orphan().await;
        let before = stage.show(&id).await;
        let refusal = json!({"method": "GET", "path": "/promotions/", "times": 1_000_000, "status": status});
        stage.sandbox.fault(refusal).await;
        let ran = stage.jobs_run(&[]).await;
        stage.sandbox.clear_faults().await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(4), ""), "{}", ran.stderr);
        let job = stage.show(&id).await;
        assert_eq!((&job["state"], &job["succeeded"]), (&json!("failed"), &before["succeeded"]));
        assert!(job["reason"].as_str().unwrap().contains(&status.to_string()), "{job}");
        assert_eq!(stage.jobs_run(&[]).await.code, Some(0));
    }
}

#[tokio::test]
async fn a_policy_that_only_reads_leaves_jobs_that_write_alone() {
    let stage = Stage::start().await;
    let id = stage.orphan().await;
    let before = stage.show(&id).await;
    let ran = stage.jobs_run(&["--read-only"]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    assert_eq!(
        ran.stderr,
        "note: 1 pending job that writes is left alone, because the operator's policy does not permit them\n"
    );
    assert_eq!(stage.show(&id).await, before);
}

#[tokio::test]
async fn a_policy_that_only_reads_finishes_an_export() {
    let stage = Stage::start().await;
    assert_eq!(finish(stage.generate(MANY)).await.code, Some(0));
    let pages = json!({"method": "GET", "path": "limit=250", "times": 1_000, "skip": 1, "delay_ms": 60_000});
    stage.sandbox.fault(pages).await;
    let ids = format!(r#"{{"promotion_ids": [{}]}}"#, stage.promotion);
    let mut command = stage.command(&["call", "export_coupon_codes", &ids]);
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let job = stage.latest(|job| job["kind"] == "export" && job["succeeded"] == 250).await;
    process.kill().await.unwrap();
    stage.sandbox.clear_faults().await;
    let id = job["job_id"].as_str().unwrap();
    let path = job["path"].as_str().unwrap();

    let pending = stage.jobs(&["report", id]).await;
    let note = format!("note: an export changes no code; those that it found will be in {path}\n");
    assert_eq!((pending.stdout.as_str(), pending.stderr), ("code,id,outcome,detail\n", note));
    let ran = stage.jobs_run(&["--read-only"]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("{id}: done, {MANY} of {MANY}\n")), "{}", ran.stderr);
    assert_eq!(std::fs::read_to_string(path).unwrap().lines().count(), MANY + 1);
    let done = stage.jobs(&["report", id]).await;
    let note = format!("note: an export changes no code; those that it found are in {path}\n");
    assert_eq!((done.code, done.stdout.as_str(), done.stderr), (Some(0), "code,id,outcome,detail\n", note));
}

#[tokio::test]
async fn a_call_that_ends_before_its_job_says_who_goes_on() {
    let stage = Stage::start().await;
    stage.hold_after(20).await;
    // Estimated to take longer than a call waits.
    let called = finish(stage.generate(5_000)).await;
    let answer = called.json();
    assert_eq!((called.code, &answer["job"]["state"]), (Some(0), &json!("running")), "{}", called.stderr);
    let id = answer["job"]["job_id"].as_str().unwrap();
    let note =
        format!("note: {id} is not done yet, and this process ends: `coupon-mcp jobs run` goes on with it\n");
    assert!(called.stderr.ends_with(&note), "{}", called.stderr);
    stage.sandbox.clear_faults().await;
    assert_eq!(stage.jobs_run(&[]).await.code, Some(0));
    stage.assert_whole(id, 5_000).await;
}

#[tokio::test]
async fn the_practice_stores_jobs_are_finished_too() {
    let folder = tempfile::tempdir().unwrap();
    let (state, store) = (folder.path().join("state"), folder.path().join("store.db"));
    let flags = [
        "--sandbox",
        "--sandbox-data",
        store.to_str().unwrap(),
        "--state-dir",
        state.to_str().unwrap(),
        "--settle-ms",
        "200",
    ];
    let command = |arguments: &[&str]| binary(&[arguments, &flags].concat());
    // More than the practice store permits at once: the process surely waits when it is killed.
    let call = ["call", "generate_coupon_codes", "promotion_id=1", "count=500", "code_length=20"];
    let mut process = command(&call).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while finish(command(&["jobs", "list", "--json"])).await.json()[0]["succeeded"].as_u64() < Some(300) {}
    process.kill().await.unwrap();
    let ran = finish(command(&["jobs", "run"])).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
    assert!(ran.stderr.contains(": generate 500 codes of promotion 1\n"), "{}", ran.stderr);
    let listed = finish(command(&["jobs", "list", "--json"])).await.json();
    let job = ["store", "state", "requested", "succeeded"].map(|name| &listed[0][name]);
    assert_eq!(json!(job), json!(["sandbox", "done", 500, 500]));
}
