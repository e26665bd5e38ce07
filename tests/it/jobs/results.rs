//! What a job is said to have done is what it did, and its codes can be had and taken back.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::stand::{Stand, end_of};
use crate::support::published::assert_fits;
use crate::support::stdio_host::StdioHost;

const GENERATE: &str = "generate_coupon_codes";
const IMPORT: &str = "import_coupon_codes";
const EXPORT: &str = "export_coupon_codes";

/// A stand whose exports go to a directory of their own, and a promotion on it.
async fn stand() -> (Stand, TempDir, StdioHost, u64) {
    let exports = TempDir::new().unwrap();
    let flags = ["--export-dir", exports.path().to_str().unwrap()];
    let stand = Stand::start(&["--quota", "0"]).await.with_flags(&flags);
    let promotion = stand.sandbox.bulk_promotion("Bulk").await;
    let host = stand.host().await;
    (stand, exports, host, promotion)
}

/// The codes in a file that a job wrote.
fn codes_in(path: &Value) -> BTreeSet<String> {
    let mut reader = csv::Reader::from_path(path.as_str().unwrap()).unwrap();
    reader.records().map(|row| row.unwrap()[3].to_owned()).collect()
}

#[tokio::test]
async fn an_import_tells_what_was_created_from_what_was_there() {
    let (stand, _exports, mut host, promotion) = stand().await;
    stand.plant_one(promotion, "THERE", (1, 0)).await;
    stand.plant_one(promotion, "OTHER", (9, 0)).await;
    stand.use_code("THERE").await;
    let rows =
        json!({"promotion_id": promotion, "codes": ["NEW-1", "there", "OTHER", "NEW-2"], "max_uses": 1});
    let answer = host.ok(IMPORT, rows).await;
    assert_fits(IMPORT, &answer);
    assert_eq!(answer["status"], "partial", "{answer}");
    let message = answer["message"].as_str().unwrap();
    assert!(message.starts_with("2 of 4 codes created, 1 was there already, 1 failed;"), "{message}");
    assert_eq!((&answer["created"], &answer["already_existed_count"]), (&json!(2), &json!(1)));
    let there = json!({"code": "there", "current_uses": 1, "max_uses": 1, "max_uses_per_customer": 0});
    assert_eq!(answer["already_existed"], json!([there]));
    assert_eq!(answer["failed"][0]["code"], "OTHER");
    assert!(answer["failed"][0]["why"].as_str().unwrap().contains("max_uses 9"), "{answer}");
    let job = host.ok("get_job", json!({"job_id": answer["job"]["job_id"]})).await;
    assert_fits("get_job", &job);
    for told in ["created", "already_existed", "failed", "message"] {
        assert_eq!(job[told], answer[told], "{told}");
    }
}

#[tokio::test]
async fn a_generation_tells_its_codes_or_how_to_get_exactly_these() {
    let (stand, _exports, mut host, promotion) = stand().await;
    stand.plant(promotion, json!({"batch_size": 30, "prefix": "VIP", "delimiter": "-"})).await;
    let few = host.ok(GENERATE, json!({"promotion_id": promotion, "count": 3, "prefix": "VIP"})).await;
    assert_fits(GENERATE, &few);
    assert_eq!(few["codes"].as_array().unwrap().len(), 3, "{few}");
    let told =
        json!([few["max_uses"], few["max_uses_per_customer"], few["unused_before"], few["unused_after"]]);
    assert_eq!(told, json!([1, 1, 30, 33]));

    let many = json!({"promotion_id": promotion, "count": 60, "prefix": "VIP", "max_uses": 2});
    let many = host.ok(GENERATE, many).await;
    let job_id = many["job"]["job_id"].as_str().unwrap();
    assert!(many["message"].as_str().unwrap().contains(&format!("export_coupon_codes with job_id {job_id}")));
    assert_eq!((many["samples"].as_array().unwrap().len(), many.get("codes")), (5, None), "{many}");
    let report = stand.report(&stand.journal().latest(1).await.unwrap()[0]).await;
    let made: BTreeSet<String> = report.into_iter().map(|row| row.code).collect();
    let exported = host.ok(EXPORT, json!({"job_id": job_id})).await;
    assert_eq!((exported["rows"].as_u64(), codes_in(&exported["path"])), (Some(60), made));
    let prefix = host.ok(EXPORT, json!({"promotion_ids": [promotion], "code_prefix": "vip-"})).await;
    assert_eq!(prefix["rows"], 30, "{prefix}");
    let tomorrow = host.ok(EXPORT, json!({"promotion_ids": [promotion], "created_after": "tomorrow"})).await;
    assert_eq!(tomorrow["rows"], 0, "{tomorrow}");
    let today = host.ok(EXPORT, json!({"promotion_ids": [promotion], "created_after": "today"})).await;
    assert_eq!(today["rows"], 93, "{today}");
}

#[tokio::test]
async fn a_job_can_bring_a_file_with_exactly_its_codes() {
    let (stand, exports, mut host, promotion) = stand().await;
    stand.plant(promotion, json!({"batch_size": 30})).await;
    for (tool, arguments) in [
        (GENERATE, json!({"promotion_id": promotion, "count": 300, "export": true})),
        (GENERATE, json!({"promotion_id": promotion, "count": 4, "code_length": 20, "export": true})),
        (
            IMPORT,
            json!({"promotion_id": promotion, "codes": ["IN-1", "IN-2"], "max_uses": 3, "export": true}),
        ),
    ] {
        let before = stand.codes(promotion).await;
        let reads = stand.sandbox.requests().await.len();
        let answer = host.ok(tool, arguments).await;
        assert_eq!(answer["status"], "done", "{tool}: {answer}");
        let path = &answer["job"]["path"];
        assert!(answer["message"].as_str().unwrap().contains(path.as_str().unwrap()), "{answer}");
        let mut new = stand.codes(promotion).await;
        new.retain(|id, _| !before.contains_key(id));
        let new: BTreeSet<String> = new.into_values().map(|code| code.text).collect();
        assert_eq!(codes_in(path), new, "{tool}");
        assert!(stand.sandbox.requests().await.len() < reads + 20, "the file is written from the journal");
    }
    let names: Vec<_> =
        std::fs::read_dir(exports.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    // What fails leaves nothing behind.
    host.error(GENERATE, json!({"promotion_id": 99, "count": 3, "export": true})).await;
    assert_eq!(std::fs::read_dir(exports.path()).unwrap().count(), 3);
}

#[tokio::test]
async fn filling_up_follows_the_pattern_of_the_codes_that_are_there() {
    let (stand, _exports, mut host, promotion) = stand().await;
    for number in 1..=3 {
        stand.plant_one(promotion, &format!("WEL-004{number}"), (1, 0)).await;
    }
    let filled = host.ok(GENERATE, json!({"promotion_id": promotion, "until_unused": 8})).await;
    let codes = filled["codes"].as_array().unwrap();
    assert_eq!(codes.len(), 5, "{filled}");
    assert!(codes.iter().all(|code| code.as_str().unwrap().starts_with("WEL-")), "{filled}");
    let said = "The codes follow the pattern of the unused ones, such as \"WEL-0041\": WEL-XXXXXX.";
    assert_eq!(filled["warnings"], json!([said]));
    assert_eq!((&filled["unused_before"], &filled["unused_after"]), (&json!(3), &json!(8)));
    // What is asked for is made.
    let asked = json!({"promotion_id": promotion, "until_unused": 9, "prefix": "X"});
    let asked = host.ok(GENERATE, asked).await;
    assert!(asked["codes"][0].as_str().unwrap().starts_with('X'), "{asked}");
}

#[tokio::test]
async fn undo_deletes_the_unused_codes_that_a_job_made_and_no_other() {
    let (stand, _exports, mut host, promotion) = stand().await;
    stand.plant_one(promotion, "MINE", (1, 0)).await;
    let imported =
        json!({"promotion_id": promotion, "codes": ["MINE", "NEW-1", "NEW-2", "USED"], "max_uses": 1});
    let imported = host.ok(IMPORT, imported).await;
    stand.use_code("USED").await;
    let arguments = json!({"job_id": imported["job"]["job_id"]});
    let preview = json!({"job_id": arguments["job_id"], "dry_run": true});
    let asked = host.ok("undo", preview).await;
    assert_eq!(asked["preview"]["reasons"].as_array().unwrap().len(), 1, "a person is asked: {asked}");
    let headline = asked["preview"]["headline"].as_str().unwrap();
    assert!(headline.starts_with("Delete 2 codes of the 3 that the job job_"), "{headline}");
    let done = host.confirmed("undo", arguments.clone()).await;
    assert_fits("undo", &done);
    end_of(&mut host, done["job"]["job_id"].as_str().unwrap()).await;
    let left: BTreeSet<String> = stand.codes(promotion).await.into_values().map(|code| code.text).collect();
    assert_eq!(left, BTreeSet::from(["MINE".to_owned(), "USED".to_owned()]));
    // Some hosts know one kind of id only.
    let again = host.ok("undo", json!({"change_id": arguments["job_id"]})).await;
    assert!(again["message"].as_str().unwrap().starts_with("Nothing to undo"), "{again}");
    let deletion = host.error("undo", json!({"job_id": done["job"]["job_id"]})).await;
    assert_eq!(deletion["code"], "not_undoable", "{deletion}");
}

#[tokio::test]
async fn filling_up_says_where_the_codes_that_are_there_have_other_limits() {
    let mut host = StdioHost::practice().await;
    let arguments = json!({"promotion_id": 4, "until_unused": 602, "dry_run": true});
    let asked = host.ok("generate_coupon_codes", arguments.clone()).await;
    let warnings = asked["warnings"].to_string();
    assert!(
        warnings.contains("have other limits") && warnings.contains("a new one can be used once"),
        "{asked}"
    );
    let mut alike = arguments;
    (alike["max_uses"], alike["max_uses_per_customer"]) = (json!(2), json!(2));
    let asked = host.ok("generate_coupon_codes", alike).await;
    assert!(!asked["warnings"].to_string().contains("other limits"), "{asked}");
}
