//! An undo without an id: the last thing that was done, be it a change or a job.

use serde_json::{Value, json};

use crate::support::stdio_host::StdioHost;

async fn preview(host: &mut StdioHost) -> String {
    let answer = host.ok("undo", json!({"dry_run": true})).await;
    answer["preview"]["headline"].as_str().unwrap_or_else(|| panic!("no preview: {answer}")).to_owned()
}

async fn import(host: &mut StdioHost, codes: Value) -> String {
    let arguments = json!({"promotion_id": 4, "codes": codes, "max_uses": 1});
    let answer = host.ok("import_coupon_codes", arguments).await;
    answer["job"]["job_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn undo_that_after_a_job_is_about_the_job() {
    let mut host = StdioHost::practice().await;
    let earlier = host.ok("update_promotion", json!({"promotion_id": 2, "name": "Another"})).await;
    let job = import(&mut host, json!(["Z1", "Z2"])).await;
    assert!(preview(&mut host).await.contains(&job));
    let undone = host.confirmed("undo", json!({})).await;
    assert_eq!((&undone["undone"], &undone["codes_deleted"]), (&json!(job), &json!(2)), "{undone}");
    // The job is undone, so the next one back is the change before it.
    let headline = preview(&mut host).await;
    assert!(headline.contains(earlier["change_id"].as_str().unwrap()), "{headline}");
}

#[tokio::test]
async fn undo_that_after_a_change_is_about_the_change() {
    let mut host = StdioHost::practice().await;
    import(&mut host, json!(["Z1"])).await;
    let later = host.ok("update_promotion", json!({"promotion_id": 2, "name": "Another"})).await;
    assert!(preview(&mut host).await.contains(later["change_id"].as_str().unwrap()));
}

#[tokio::test]
async fn a_job_that_made_nothing_is_not_what_is_undone() {
    let mut host = StdioHost::practice().await;
    import(&mut host, json!(["Z1"])).await;
    let again = import(&mut host, json!(["Z1"])).await;
    assert!(!preview(&mut host).await.contains(&again));
}

#[tokio::test]
async fn what_undo_answers_is_on_the_stores_clocks() {
    let mut host = StdioHost::practice().await;
    host.confirmed("delete_promotions", json!({"promotion_ids": [5]})).await;
    let undone = host.confirmed("undo", json!({})).await;
    assert_eq!(undone["promotions"][0]["end"], "2024-03-31T20:00:00-04:00", "{undone}");
}
