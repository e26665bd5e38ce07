//! Faults of BigCommerce at random, another app at work, and kills, all together.

use fastrand::Rng;
use serde_json::{Value, json};

use super::crash::carry_through;
use super::oracle;
use super::second_app::{SecondApp, is_strangers};
use super::stand::Stand;
use super::task::{Goal, Task};
use crate::support::seeds;

#[tokio::test]
async fn store_and_report_agree_whatever_happens() {
    seeds::each(12, |seed| async move {
        let mut rng = Rng::with_seed(seed);
        let latency = rng.choice(["0", "10", "25"]).unwrap();
        // So large that it limits nothing; its headers tell that a 429 is about too many at once.
        let quota = ["--quota", "1000000", "--window-ms", "500"];
        let stand = Stand::start(&[&quota[..], &["--latency-ms", latency]].concat()).await;
        let slow = rng.u8(..6) == 0;
        // What is late by more than the time-out takes effect before doubts are settled.
        let slowly = ["--request-timeout-s", "1", "--settle-ms", "1700"];
        let stand = stand.with_flags(if slow { &slowly } else { &["--settle-ms", "300"] });
        let task = Task::plan(&stand, &mut rng).await;
        for _ in 0..rng.usize(2..=7) {
            stand.sandbox.fault(fault(&task, slow, &mut rng)).await;
        }
        let second_app = rng.bool().then(|| SecondApp::start(&stand, task.promotion, rng.fork()));
        carry_through(&stand, &task, second_app.is_none(), &mut rng).await;
        drop(second_app);
        stand.sandbox.clear_faults().await;
        oracle::check(&stand, &task, is_strangers).await;
    })
    .await;
}

/// A fault at one of the endpoints that the task needs.
fn fault(task: &Task, slow: bool, rng: &mut Rng) -> Value {
    let write = match &task.goal {
        Goal::Made { random: ..=16, .. } => ("POST", "/codegen"),
        Goal::Made { .. } | Goal::There { .. } => ("POST", "/codes"),
        Goal::Gone { .. } => ("DELETE", "/codes"),
    };
    let (method, path) = if rng.u8(..3) == 0 { ("GET", "/codes") } else { write };
    let is_post = method == "POST";
    let mut rule = json!({"method": method, "path": path, "times": rng.u8(1..=3), "skip": rng.u8(..8)});
    let effect = match rng.u8(..9) {
        0 | 1 => json!({"drop": "after_commit"}),
        2 => json!({"drop": "before_commit"}),
        3 => json!({"status": rng.choice([500, 502, 503, 504]).unwrap()}),
        4 => json!({"status": 503, "body": "<html>Service Unavailable</html>"}),
        5 => json!({"status": 429, "headers": {
            "X-Rate-Limit-Requests-Quota": "1000000", "X-Rate-Limit-Requests-Left": "0",
            "X-Rate-Limit-Time-Window-Ms": "500", "X-Rate-Limit-Time-Reset-Ms": "150",
        }}),
        6 if slow && is_post => json!({"delay_ms": 1_150}),
        7 if slow => json!({"status": 429}),
        _ => json!({"malformed": true}),
    };
    rule.as_object_mut().unwrap().extend(effect.as_object().unwrap().clone());
    rule
}
