//! kill -9 at any moment, as often as it pleases.

use std::time::Duration;

use fastrand::Rng;
use serde_json::json;
use tokio::time::sleep;

use super::oracle;
use super::stand::{Stand, end_of};
use super::task::Task;
use crate::support::call;
use crate::support::seeds;
use crate::support::stdio_host::StdioHost;

#[tokio::test]
async fn store_and_report_agree_however_often_the_process_is_killed() {
    seeds::each(12, |seed| async move {
        let mut rng = Rng::with_seed(seed);
        let latency = rng.choice(["5", "15", "30"]).unwrap();
        let stand = Stand::start(&["--quota", "0", "--latency-ms", latency])
            .await
            .with_flags(&["--settle-ms", "300"]);
        let task = Task::plan(&stand, &mut rng).await;
        carry_through(&stand, &task, true, &mut rng).await;
        oracle::check(&stand, &task, |_| false).await;
    })
    .await;
}

/// Asks for the task, kills the server that works on it and those that go on with it, and lets the last one end it.
/// `alone` where nobody else writes to the store.
pub(super) async fn carry_through(stand: &Stand, task: &Task, alone: bool, rng: &mut Rng) {
    let sent_before = stand.writes().await;
    let mut host = stand.host().await;
    host.start("tools/call", call(task.tool, task.arguments.clone())).await;
    let (after_writes, writes) = (rng.bool(), sent_before + rng.usize(1..=task.writes()));
    let pause = Duration::from_millis(rng.u64(..if after_writes { 10 } else { 250 }));
    let moment = async {
        if after_writes {
            stand.until_writes(writes).await;
        }
        sleep(pause).await;
    };
    tokio::select! {
        () = moment => {}
        // It is over, or could not be planned: the moment may never come.
        _ = host.receive() => {}
    }
    strike(host, rng).await;
    if stand.only_job().await.is_none() {
        assert!(!alone || stand.writes().await == sent_before, "nothing is sent before it is on record");
        begin(stand, task).await;
    }
    for _ in 0..rng.usize(..3) {
        let mut hosts = Vec::new();
        for _ in 0..rng.usize(1..=2) {
            let mut host = stand.host().await;
            host.start("tools/call", call("get_job", json!({}))).await;
            hosts.push(host);
        }
        sleep(Duration::from_millis(rng.u64(..600))).await;
        for host in hosts {
            strike(host, rng).await;
        }
    }
    let mut host = stand.host().await;
    let id = stand.only_job().await.expect("the job is on record").id;
    end_of(&mut host, id.as_str()).await;
    host.finish().await;
}

/// Begins the job, if need be by more than one call: planning reads the store, which may fail.
async fn begin(stand: &Stand, task: &Task) {
    for _ in 0..10 {
        let mut host = stand.host().await;
        let answer = host.call(task.tool, task.arguments.clone()).await;
        host.finish().await;
        if stand.only_job().await.is_some() {
            return;
        }
        assert_eq!(answer["isError"], true, "{answer}");
    }
    panic!("the job does not begin");
}

/// Ends a server, nearly always without a warning.
async fn strike(mut host: StdioHost, rng: &mut Rng) {
    if rng.u8(..8) == 0 {
        host.finish().await;
    } else {
        host.child.kill().await.unwrap();
    }
}

#[tokio::test]
async fn a_text_that_somebody_takes_meanwhile_is_drawn_anew() {
    let stand =
        Stand::start(&["--quota", "0", "--latency-ms", "20"]).await.with_flags(&["--settle-ms", "300"]);
    let task = Task::drawn(&stand, &mut Rng::with_seed(7), 60).await;
    stand.sandbox.fault(json!({"method": "POST", "path": "/codes", "status": 401, "times": 1_000})).await;
    let mut host = stand.host().await;
    assert_eq!(host.ok(task.tool, task.arguments.clone()).await["status"], "failed");
    stand.sandbox.clear_faults().await;

    let job = stand.only_job().await.unwrap();
    let other = stand.sandbox.bulk_promotion("Other").await;
    let units = stand.journal().units(&job.id, None, 1_000).await.unwrap();
    // The last ones, so that nothing else is left to do when they turn out to be taken.
    for unit in units.iter().rev().take(2) {
        let single: serde_json::Value = serde_json::from_str(&unit.payload).unwrap();
        stand.plant_one(other, single["code"].as_str().unwrap(), (5, 5)).await;
    }
    host.ok("control_job", json!({"job_id": job.id, "action": "resume"})).await;
    end_of(&mut host, job.id.as_str()).await;
    host.finish().await;
    oracle::check(&stand, &task, |_| false).await;
}
