//! Who has to agree to a job, and what an operator permits of it, also when it is resumed.

use serde_json::{Value, json};

use super::stand::{Stand, client, end_of};
use crate::support::call;
use crate::support::stdio_host::StdioHost;

const GENERATE: &str = "generate_coupon_codes";

async fn stand(flags: &[&str]) -> (Stand, u64) {
    let mut stand = Stand::start(&["--quota", "0"]).await;
    stand.flags.clear();
    let stand = stand.with_flags(flags);
    let promotion = stand.sandbox.bulk_promotion("Bulk").await;
    (stand, promotion)
}

/// A file with an operator's settings; it lasts as long as the stand.
fn config(stand: &Stand, toml: &str) -> String {
    let file = stand.state_directory().with_file_name("config.toml");
    std::fs::write(&file, toml).unwrap();
    file.to_str().unwrap().to_owned()
}

async fn change_promotion(stand: &Stand, promotion: u64, patch: Value) {
    let url = format!("{}/stores/sandbox/v3/promotions/{promotion}", stand.sandbox.server.url);
    let request = client().put(url).header("X-Auth-Token", "sandbox-token").json(&patch);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

fn percent(percent: &str) -> Value {
    json!({"rules": [{
        "action": {"cart_value": {"discount": {"percentage_amount": percent}}}, "apply_once": true, "stop": false,
    }]})
}

/// Begins a longer job, and cancels it when its first codes are there.
async fn cancelled(stand: &Stand, host: &mut StdioHost, arguments: Value) -> String {
    let mut other = stand.host().await;
    stand.hold_batches(2).await;
    host.start("tools/call", call(GENERATE, arguments)).await;
    let job = stand.until_job(|job| job.counts.succeeded > 0).await;
    assert!(job.counts.succeeded < job.requested, "{job:?}");
    let id = job.id.to_string();
    let answer = other.ok("control_job", json!({"job_id": id, "action": "cancel"})).await;
    assert_eq!(answer["job"]["state"], "cancelled", "{answer}");
    stand.sandbox.clear_faults().await;
    id
}

#[tokio::test]
async fn a_person_is_asked_about_many_codes_and_about_risky_terms_only() {
    let (stand, promotion) = stand(&[]).await;
    let writes = stand.writes().await;
    let mut host = stand.host().await;
    let many = host.ok(GENERATE, json!({"promotion_id": promotion, "count": 10_001})).await;
    assert_eq!(many["status"], "needs_confirmation", "{many}");
    assert_eq!(many["preview"]["reasons"], json!(["it creates 10001 codes"]));
    let unlimited = json!({"promotion_id": 1, "count": 3, "unlimited": true});
    let unlimited = host.ok(GENERATE, unlimited).await;
    assert_eq!(unlimited["status"], "needs_confirmation", "{unlimited}");
    assert_eq!(unlimited["preview"]["reasons"], json!(["the promotion has no cap on uses and no end"]));
    assert_eq!(stand.writes().await, writes);
    // Each code once: that is a cap.
    let bounded = host.ok(GENERATE, json!({"promotion_id": 1, "count": 3})).await;
    assert_eq!(bounded["status"], "done", "{bounded}");

    let mut arguments = json!({"promotion_id": promotion, "count": 10_001});
    for name in ["confirmation_token", "confirmation_text"] {
        arguments[name] = many[name].clone();
    }
    let agreed = host.ok(GENERATE, arguments).await;
    assert_eq!(end_of(&mut host, agreed["job"]["job_id"].as_str().unwrap()).await["succeeded"], 10_001);
}

#[tokio::test]
async fn the_ceiling_of_a_day_holds_for_jobs_and_what_was_not_used_is_free_again() {
    let (stand, promotion) = stand(&["--confirm", "never", "--settle-ms", "200"]).await;
    let file = config(&stand, "[policy]\nmax_codes_created_per_day = 10000\n");
    let stand = stand.with_flags(&["--config", &file]);
    let mut host = stand.host().await;
    let writes = stand.writes().await;
    let error = host.error(GENERATE, json!({"promotion_id": promotion, "count": 10_001})).await;
    assert_eq!(error["code"], "daily_ceiling", "{error}");
    assert_eq!(stand.writes().await, writes);

    let arguments = json!({"promotion_id": promotion, "count": 10_000});
    let id = cancelled(&stand, &mut host, arguments).await;
    let made = stand.only_job().await.unwrap().counts;
    let taken = made.succeeded + made.unknown;
    let mut other = stand.host().await;
    let too_many = json!({"promotion_id": promotion, "count": 10_001 - taken, "prefix": "X"});
    assert_eq!(other.error(GENERATE, too_many).await["code"], "daily_ceiling");
    // The rest of the job finds room, and then there is none left.
    other.ok("control_job", json!({"job_id": id, "action": "resume"})).await;
    assert_eq!(end_of(&mut other, &id).await["succeeded"], 10_000);
    let one_more = json!({"promotion_id": promotion, "count": 1});
    assert_eq!(other.error(GENERATE, one_more).await["code"], "daily_ceiling");
}

#[tokio::test]
async fn a_job_is_not_resumed_on_terms_that_nobody_agreed_to() {
    let (stand, promotion) = stand(&["--settle-ms", "200"]).await;
    let mut host = stand.host().await;
    let arguments = json!({"promotion_id": promotion, "count": 9_000});
    let id = cancelled(&stand, &mut host, arguments).await;
    let resume = json!({"job_id": id, "action": "resume"});

    change_promotion(&stand, promotion, percent("90")).await;
    let writes = stand.writes().await;
    let error = host.error("control_job", resume.clone()).await;
    assert_eq!(error["code"], "invalid_arguments", "{error}");
    assert!(error["message"].as_str().unwrap().contains("takes off 90%"), "{error}");
    assert_eq!(stand.writes().await, writes);

    change_promotion(&stand, promotion, percent("15")).await;
    host.ok("control_job", resume).await;
    assert_eq!(end_of(&mut host, &id).await["succeeded"], 9_000);
}

#[tokio::test]
async fn a_yes_to_a_deletion_is_good_for_an_hour() {
    let (stand, promotion) = stand(&["--confirm", "never", "--settle-ms", "200"]).await;
    for _ in 0..12 {
        stand.plant(promotion, json!({"batch_size": 250})).await;
    }
    let mut host = stand.host().await;
    stand.sandbox.fault(json!({"method": "DELETE", "path": "/codes", "times": 1, "status": 403})).await;
    let unused = json!({"promotion_id": promotion, "filter": "unused"});
    let failed = host.ok("delete_coupon_codes", unused).await;
    assert_eq!(failed["status"], "failed", "{failed}");
    let id = failed["job"]["job_id"].as_str().unwrap().to_owned();
    let resume = json!({"job_id": id, "action": "resume"});

    stand.alter_journal("UPDATE jobs SET created_at = created_at - 3600001").await;
    let error = host.error("control_job", resume.clone()).await;
    assert!(error["message"].as_str().unwrap().contains("more than an hour ago"), "{error}");
    stand.alter_journal("UPDATE jobs SET created_at = created_at + 3600001").await;

    // A code that was used since is not an unused one any more.
    let codes = stand.codes(promotion).await;
    let used = codes.values().next().unwrap().text.clone();
    stand.use_code(&used).await;
    host.ok("control_job", resume).await;
    let ended = end_of(&mut host, &id).await;
    assert_eq!((&ended["state"], &ended["failed"]), (&json!("done"), &json!(1)), "{ended}");
    let left: Vec<String> = stand.codes(promotion).await.into_values().map(|code| code.text).collect();
    assert_eq!(left, [used]);
}

/// A promotion with more codes than one call reads, and how many those are.
async fn large(stand: &Stand, promotion: u64) -> u64 {
    for _ in 0..61 {
        stand.plant(promotion, json!({"batch_size": 250})).await;
    }
    61 * 250
}

#[tokio::test]
async fn a_deletion_takes_no_code_that_was_made_after_the_yes() {
    let (stand, promotion) = stand(&["--confirm", "never", "--settle-ms", "200"]).await;
    let agreed = large(&stand, promotion).await;
    let mut host = stand.host().await;
    // The page that is read first is read once more by the job, which is held on its second one.
    let pages = json!({"method": "GET", "path": "limit=250&after", "times": 1, "hold": "before_commit"});
    stand.sandbox.fault(pages).await;
    let unused = json!({"promotion_id": promotion, "filter": "unused"});
    let id = host.start("tools/call", call("delete_coupon_codes", unused)).await;
    stand.sandbox.holds(1).await;
    let job = stand.until_job(|_| true).await;
    assert_eq!(job.requested, agreed);
    for _ in 0..4 {
        stand.plant(promotion, json!({"batch_size": 250, "prefix": "LATER"})).await;
    }
    stand.sandbox.release().await;
    while host.receive().await["id"] != id {}
    let ended = end_of(&mut host, job.id.as_str()).await;
    assert_eq!((&ended["state"], &ended["succeeded"]), (&json!("done"), &json!(agreed)), "{ended}");
    let left = stand.codes(promotion).await;
    assert_eq!(left.len(), 1_000);
    assert!(left.values().all(|code| code.text.starts_with("LATER")));
}

/// A deletion whose process was killed before anything was deleted.
async fn orphaned_deletion(stand: &Stand, promotion: u64) -> String {
    for _ in 0..12 {
        stand.plant(promotion, json!({"batch_size": 250})).await;
    }
    let hold = json!({"method": "DELETE", "path": "/codes", "times": 1_000, "hold": "before_commit"});
    stand.sandbox.fault(hold).await;
    let mut host = stand.host().await;
    let unused = json!({"promotion_id": promotion, "filter": "unused"});
    host.start("tools/call", call("delete_coupon_codes", unused)).await;
    stand.sandbox.holds(1).await;
    host.child.kill().await.unwrap();
    stand.only_job().await.unwrap().id.to_string()
}

#[tokio::test]
async fn a_deletion_whose_process_died_is_not_gone_on_with_after_an_hour() {
    let (stand, promotion) = stand(&["--confirm", "never", "--settle-ms", "200"]).await;
    let id = orphaned_deletion(&stand, promotion).await;
    stand.alter_journal("UPDATE jobs SET created_at = created_at - 3600001").await;
    let writes = stand.writes().await;
    let mut host = stand.host().await;
    host.ok("list_promotions", json!({})).await;
    let ended = end_of(&mut host, &id).await;
    assert_eq!(ended["state"], "failed", "{ended}");
    assert!(ended["reason"].as_str().unwrap().contains("more than an hour ago"), "{ended}");
    assert_eq!(stand.writes().await, writes);
    stand.sandbox.clear_faults().await;
}

#[tokio::test]
async fn a_server_that_only_reads_takes_over_no_job_that_writes() {
    let (stand, promotion) = stand(&["--confirm", "never", "--settle-ms", "200"]).await;
    let id = orphaned_deletion(&stand, promotion).await;
    let mut command = stand.command("stdio");
    command.arg("--read-only");
    let mut reader = StdioHost::open(command).await;
    for _ in 0..3 {
        reader.ok("list_promotions", json!({})).await;
        let job = reader.ok("get_job", json!({"job_id": id})).await["job"].clone();
        assert_eq!(job["state"], "running", "{job}");
    }
    assert!(!stand.only_job().await.unwrap().owned_elsewhere);
    stand.sandbox.clear_faults().await;

    // Any call of a server that may write goes on with it, also one that reads itself.
    let mut host = stand.host().await;
    host.ok("list_promotions", json!({})).await;
    assert_eq!(end_of(&mut host, &id).await["state"], "done");
    assert_eq!(stand.codes(promotion).await.len(), 0);
}
