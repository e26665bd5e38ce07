//! What cannot be done is found out early, said clearly, and can go on once its cause is gone.

use serde_json::{Value, json};

use super::oracle;
use super::stand::{Stand, end_of};
use super::task::Task;
use crate::support::call;
#[cfg(unix)]
use crate::support::process::binary;
use crate::support::stdio_host::StdioHost;

const SINGLE: u64 = 2;
const AUTOMATIC: u64 = 3;

#[tokio::test]
async fn a_promotion_of_type_single_is_told_before_a_job_begins() {
    let codes: Vec<String> = (0..1_000).map(|number| format!("ONE-{number:05}")).collect();
    let stand = Stand::start(&["--quota", "0"]).await;
    let mut host = stand.host().await;
    let before = stand.codes(SINGLE).await;
    for (tool, arguments) in [
        ("generate_coupon_codes", json!({"promotion_id": SINGLE, "count": 5_000})),
        ("generate_coupon_codes", json!({"promotion_id": SINGLE, "count": 1, "code_length": 20})),
        ("generate_coupon_codes", json!({"promotion_id": SINGLE, "until_unused": 2})),
        ("import_coupon_codes", json!({"promotion_id": SINGLE, "codes": codes, "max_uses": 1})),
        (
            "import_coupon_codes",
            json!({"promotion_id": SINGLE, "codes": ["TWO"], "max_uses": 1, "dry_run": true}),
        ),
    ] {
        let error = host.error(tool, arguments.clone()).await;
        assert_eq!(error["code"], "invalid_arguments", "{tool}: {error}");
        assert!(error["message"].as_str().unwrap().contains("SINGLE"), "{tool}: {error}");
    }
    assert_eq!((stand.writes().await, stand.only_job().await), (0, None));
    assert_eq!(stand.codes(SINGLE).await, before);
}

#[tokio::test]
async fn a_promotion_without_a_code_takes_its_one_code() {
    let stand = Stand::start(&["--quota", "0"]).await;
    let promotion = json!({
        "name": "Lone", "redemption_type": "COUPON", "coupon_type": "SINGLE",
        "rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "10"}}}}],
    });
    let made = stand.sandbox.post("/promotions", promotion).await;
    let promotion = made["body"]["data"]["id"].as_u64().unwrap();
    let mut host = stand.host().await;
    let one = json!({"promotion_id": promotion, "codes": ["LONE"], "max_uses": 1});
    let answer = host.ok("import_coupon_codes", one.clone()).await;
    assert_eq!((&answer["status"], &answer["created"]), (&json!("done"), &json!(1)), "{answer}");
    // A repeat is no second code.
    let again = host.ok("import_coupon_codes", one).await;
    assert_eq!((&again["created"], &again["already_existed_count"]), (&json!(0), &json!(1)), "{again}");
    assert_eq!(stand.codes(promotion).await.len(), 1);
}

#[tokio::test]
async fn what_takes_no_codes_is_refused_with_nothing_sent_and_nothing_on_record() {
    let stand = Stand::start(&["--quota", "0"]).await;
    let mut host = stand.host().await;
    for (promotion, code) in [(AUTOMATIC, "invalid_arguments"), (99, "unknown_promotion")] {
        for (tool, arguments) in [
            ("generate_coupon_codes", json!({"promotion_id": promotion, "count": 500})),
            ("import_coupon_codes", json!({"promotion_id": promotion, "codes": ["A1"], "max_uses": 1})),
        ] {
            assert_eq!(host.error(tool, arguments).await["code"], code, "{tool} on {promotion}");
        }
    }
    assert_eq!((stand.writes().await, stand.only_job().await), (0, None));
}

#[tokio::test]
async fn a_token_that_stops_working_ends_the_job_and_resume_finishes_it() {
    for (status, random) in [(401, 12), (403, 20)] {
        let stand = Stand::start(&["--quota", "0"]).await.with_flags(&["--settle-ms", "200"]);
        let promotion = stand.sandbox.bulk_promotion("Bulk").await;
        let count = if random > 16 { 100 } else { 1_100 };
        let task = Task::generation_on(&stand, promotion, count, random, (1, 0)).await;
        let path = if random > 16 { "/codes" } else { "/codegen" };
        let fault = json!({"method": "POST", "path": path, "status": status, "skip": 2, "times": 1_000});
        stand.sandbox.fault(fault).await;
        let mut host = stand.host().await;
        let answer = host.ok(task.tool, task.arguments.clone()).await;
        assert_eq!(answer["status"], "failed", "{answer}");
        assert!(answer["message"].as_str().unwrap().contains(&status.to_string()), "{answer}");
        let id = answer["job"]["job_id"].as_str().unwrap().to_owned();
        assert!(answer["job"]["succeeded"].as_u64().unwrap() > 0, "{answer}");

        // As long as it does not work, resuming it does not help, and does no harm.
        host.ok("control_job", json!({"job_id": id, "action": "resume"})).await;
        assert_eq!(end_of(&mut host, &id).await["state"], "failed");

        stand.sandbox.clear_faults().await;
        host.ok("control_job", json!({"job_id": id, "action": "resume"})).await;
        end_of(&mut host, &id).await;
        oracle::check(&stand, &task, |_| false).await;
    }
}

#[tokio::test]
async fn an_outage_costs_no_code_however_often_each_was_tried() {
    for (path, count, random) in [("/codegen", 600, 12), ("/codes", 3, 20)] {
        let stand = Stand::start(&["--quota", "0"]).await.with_flags(&["--settle-ms", "0"]);
        let promotion = stand.sandbox.bulk_promotion("Bulk").await;
        let task = Task::generation_on(&stand, promotion, count, random, (1, 0)).await;
        let outage = json!({"method": "POST", "path": path, "status": 503, "times": 1_000_000});
        stand.sandbox.fault(outage).await;
        let mut host = stand.host().await;
        host.start("tools/call", call(task.tool, task.arguments.clone())).await;
        let job = stand.until_job(|job| job.counts.unknown > 0).await;
        host.child.kill().await.unwrap();
        // As after some minutes of it.
        stand.alter_journal("UPDATE units SET attempts = 50").await;

        let sent_before = stand.writes().await;
        let mut host = stand.host().await;
        host.ok("get_job", json!({})).await;
        stand.until_writes(sent_before + 1).await;
        stand.sandbox.clear_faults().await;
        let id = job.id.as_str();
        if end_of(&mut host, id).await["state"] == "failed" {
            host.ok("control_job", json!({"job_id": id, "action": "resume"})).await;
            end_of(&mut host, id).await;
        }
        oracle::check(&stand, &task, |_| false).await;
    }
}

#[tokio::test]
async fn one_job_at_a_time_generates_on_a_promotion() {
    let stand = Stand::start(&["--quota", "0", "--latency-ms", "300"]).await;
    let promotion = stand.sandbox.bulk_promotion("Bulk").await;
    let task = Task::generation_on(&stand, promotion, 9_000, 12, (1, 0)).await;
    let mut first = stand.host().await;
    let mut second = stand.host().await;
    first.start("tools/call", call(task.tool, task.arguments.clone())).await;
    let job = stand.until_job(|job| job.counts.unknown > 0).await;
    let error = second.error(task.tool, task.arguments.clone()).await;
    assert_eq!((&error["code"], &error["retryable"]), (&json!("in_progress"), &json!(true)), "{error}");
    assert!(error.to_string().contains(job.id.as_str()), "{error}");
    end_of(&mut second, job.id.as_str()).await;
    oracle::check(&stand, &task, |_| false).await;

    // Then the promotion is free again.
    let again = second.ok(task.tool, task.arguments.clone()).await;
    assert_eq!(again["status"], "done", "{again}");
}

#[tokio::test]
async fn a_state_directory_that_cannot_be_is_told_before_anything_is_sent() {
    let stand = Stand::start(&["--quota", "0"]).await;
    let promotion = stand.sandbox.bulk_promotion("Bulk").await;
    let sent_before = stand.writes().await;
    std::fs::write(stand.state_directory(), "a file").unwrap();
    let inside = stand.state_directory().join("inside");
    for directory in [stand.state_directory(), inside] {
        let mut command = stand.sandbox.client_of(&["stdio"]);
        command.args(["--confirm", "never", "--state-dir"]).arg(&directory);
        let mut host = StdioHost::open(command).await;
        for (tool, arguments) in asked(promotion) {
            let error = host.error(tool, arguments).await;
            assert_eq!(error["code"], "state_unavailable", "{error}");
            assert!(error["message"].as_str().unwrap().contains(directory.to_str().unwrap()), "{error}");
        }
        assert_eq!(stand.writes().await, sent_before);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_full_disk_is_told_before_anything_is_sent() {
    let stand = Stand::start(&["--quota", "0"]).await;
    let promotion = stand.sandbox.bulk_promotion("Bulk").await;
    for (most_kib, is_room_for_few) in [(0, false), (300, true)] {
        let directory = tempfile::tempdir().unwrap();
        let mut host = StdioHost::open(on_a_small_disk(&stand, most_kib, directory.path())).await;
        if is_room_for_few {
            let few = json!({"promotion_id": promotion, "count": 3, "code_length": 20});
            assert_eq!(host.ok("generate_coupon_codes", few).await["status"], "done");
        }
        let sent_before = stand.writes().await;
        let [generate, _] = asked(promotion);
        let import = json!({"promotion_id": promotion, "path": long_file(directory.path()), "max_uses": 1});
        for (tool, arguments) in [generate, ("import_coupon_codes", import)] {
            let error = host.error(tool, arguments).await;
            assert_eq!(error["code"], "state_unavailable", "{most_kib} KiB: {error}");
        }
        assert_eq!(stand.writes().await, sent_before, "{most_kib} KiB");
    }
}

/// A server for which no file in the state directory can grow beyond so many KiB.
#[cfg(unix)]
fn on_a_small_disk(stand: &Stand, most_kib: u32, directory: &std::path::Path) -> tokio::process::Command {
    let clean = binary(&[]);
    let program = clean.as_std().get_program().to_str().unwrap();
    // Blocks of 512 bytes. The signal would end the process, where a full disk is an error of the write.
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", most_kib * 2);
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", &script, program, "stdio", "--confirm", "never", "--settle-ms", "0", "--state-dir"]);
    command.arg(directory).arg("--allow-dir").arg(directory).kill_on_drop(true);
    for (name, value) in clean.as_std().get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    stand.sandbox.configure(&mut command);
    command
}

/// A file of codes that takes more room than there is, also where a connection that failed was given up, by which the
/// write-ahead log ends and makes some.
#[cfg(unix)]
fn long_file(directory: &std::path::Path) -> std::path::PathBuf {
    let codes: Vec<String> = (0..9_000).map(|number| format!("FULL-{number:05}")).collect();
    let path = directory.join("codes.csv");
    std::fs::write(&path, format!("code\n{}\n", codes.join("\n"))).unwrap();
    path
}

/// Jobs that take more than a few bytes to put down.
fn asked(promotion: u64) -> [(&'static str, Value); 2] {
    let codes: Vec<String> = (0..1_000).map(|number| format!("FULL-{number:05}")).collect();
    [
        ("generate_coupon_codes", json!({"promotion_id": promotion, "count": 9_000, "code_length": 20})),
        ("import_coupon_codes", json!({"promotion_id": promotion, "codes": codes, "max_uses": 1})),
    ]
}

#[tokio::test]
async fn clocks_that_jump_do_not_matter() {
    for jump_ms in [-400 * 86_400_000_i64, 400 * 86_400_000] {
        let stand =
            Stand::start(&["--quota", "0", "--latency-ms", "20"]).await.with_flags(&["--settle-ms", "300"]);
        let promotion = stand.sandbox.bulk_promotion("Bulk").await;
        let task = Task::generation_on(&stand, promotion, 1_100, 12, (1, 0)).await;
        let sent_before = stand.writes().await;
        let mut host = stand.host().await;
        host.start("tools/call", call(task.tool, task.arguments.clone())).await;
        stand.until_writes(sent_before + 2).await;
        host.child.kill().await.unwrap();
        let jump = format!(
            "UPDATE jobs SET created_at = created_at + {jump_ms}, lease_until = lease_until + {jump_ms}"
        );
        stand.alter_journal(&jump).await;
        let mut host = stand.host().await;
        let id = stand.only_job().await.unwrap().id;
        end_of(&mut host, id.as_str()).await;
        oracle::check(&stand, &task, |_| false).await;
    }
}
