//! `summarize_coupon_codes`, from outside.

use serde_json::{Value, json};

use crate::support::asking_host::Over;
use crate::support::guarded_store::GuardedStore;
use crate::support::published::assert_fits;
use crate::support::stdio_host::StdioHost;

const SUMMARIZE: &str = "summarize_coupon_codes";
/// The seeds' promotion with the codes LOYAL-0001 to LOYAL-1000: of five, three unused, one used, one used up.
const LOYALTY: u64 = 4;

async fn host(store: &GuardedStore) -> StdioHost {
    StdioHost::open(store.command(Over::Stdio, &[])).await
}

/// The answer without its job, after a look at that.
fn without_job(mut answer: Value, codes: u64) -> Value {
    assert_fits(SUMMARIZE, &answer);
    let job = answer.as_object_mut().unwrap().remove("job").unwrap();
    let counts = ["requested", "succeeded", "remaining"].map(|count| job[count].as_u64().unwrap());
    assert_eq!(
        (&job["kind"], &job["state"], counts),
        (&json!("summarize"), &json!("done"), [codes, codes, 0])
    );
    assert_eq!(job.get("summary"), None, "told once");
    answer
}

fn top(codes: &[(&str, u64)]) -> Value {
    codes.iter().map(|(code, uses)| json!({"code": code, "current_uses": uses})).collect()
}

#[tokio::test]
async fn a_thousand_codes_are_counted_and_the_most_used_are_named() {
    let store = GuardedStore::start().await;
    store.redeem("LOYAL-0777", 9).await;
    store.redeem("LOYAL-0001", 1).await;
    let mut host = host(&store).await;
    let answer = host.ok(SUMMARIZE, json!({"promotion_id": LOYALTY, "top": 3})).await;
    let expected = json!({
        "status": "done",
        "message": "Promotion 4 \"Loyalty Rewards\" has 1000 codes: 598 unused, 402 used, 201 of them used up; \
                    610 uses in all.",
        "codes": 1_000, "unused": 598, "used": 402, "used_up": 201, "uses": 610,
        "top": top(&[("LOYAL-0777", 9), ("LOYAL-0005", 2), ("LOYAL-0010", 2)]),
    });
    assert_eq!(without_job(answer, 1_000), expected);
}

#[tokio::test]
async fn named_codes_and_prefixes_are_told_where_they_are_asked_for() {
    let store = GuardedStore::start().await;
    let promotion = store.add_promotion(json!({"name": "Influencers"})).await;
    for (code, max_uses, uses) in
        [("ANNA-10", 100, 73), ("anna_20", 5, 5), ("BEN-10", 0, 4), ("PLAIN", 0, 0), ("BEN-20", 9, 0)]
    {
        store.add_code(promotion, code, max_uses).await;
        store.redeem(code, uses).await;
    }
    let mut host = host(&store).await;
    let arguments =
        json!({"promotion_id": promotion, "codes": ["Ben-10", "PLAIN", "CARLA-10"], "by_prefix": true});
    let answer = host.ok(SUMMARIZE, arguments.clone()).await;
    let id = answer["job"]["job_id"].clone();
    let counted = json!({
        "codes": 5, "unused": 2, "used": 3, "used_up": 1, "uses": 82,
        "top": top(&[("ANNA-10", 73), ("anna_20", 5), ("BEN-10", 4)]),
        "named": [
            {"code": "BEN-10", "found": true, "current_uses": 4, "max_uses": 0},
            {"code": "PLAIN", "found": true, "current_uses": 0, "max_uses": 0},
            {"code": "CARLA-10", "found": false},
        ],
        "by_prefix": [
            {"prefix": "ANNA", "codes": 2, "uses": 78},
            {"prefix": "BEN", "codes": 2, "uses": 4},
            {"prefix": "", "codes": 1, "uses": 0},
        ],
    });
    let mut expected = counted.clone();
    expected["status"] = json!("done");
    expected["message"] = json!(format!(
        "Promotion {promotion} \"Influencers\" has 5 codes: 2 unused, 3 used, 1 of them used up; 82 uses in all."
    ));
    assert_eq!(without_job(answer, 5), expected);
    let job = host.ok("get_job", json!({"job_id": id})).await["job"].clone();
    assert_eq!(
        (&job["summary"], &job["arguments"]),
        (&counted, &{
            let mut arguments = arguments;
            arguments["top"] = json!(10);
            arguments
        })
    );
}

#[tokio::test]
async fn a_promotion_without_codes_has_a_summary_too() {
    let store = GuardedStore::start().await;
    let promotion = store.add_promotion(json!({"name": "Empty"})).await;
    let mut host = host(&store).await;
    let answer = host.ok(SUMMARIZE, json!({"promotion_id": promotion, "by_prefix": true})).await;
    let expected = json!({
        "status": "done",
        "message": format!(
            "Promotion {promotion} \"Empty\" has 0 codes: 0 unused, 0 used, 0 of them used up; 0 uses in all."
        ),
        "codes": 0, "unused": 0, "used": 0, "used_up": 0, "uses": 0, "top": [], "by_prefix": [],
    });
    assert_eq!(without_job(answer, 0), expected);
}

#[tokio::test]
async fn what_cannot_be_summarized_is_refused_and_nothing_is_begun() {
    let store = GuardedStore::start().await;
    let mut host = host(&store).await;
    let unknown = host.error(SUMMARIZE, json!({"promotion_id": 99})).await;
    assert_eq!(unknown["code"], "unknown_promotion");
    for (arguments, message) in [
        (json!({"promotion_id": 4, "top": 101}), "Argument \"top\" must be an integer from 1 to 100."),
        (json!({"promotion_id": 4, "codes": vec!["A"; 101]}), "codes takes at most 100 texts, not 101."),
        (json!({"promotion_id": 3}), "Promotion 3 \"Free Shipping Over 100\" is automatic: it has no codes."),
    ] {
        let error = host.error(SUMMARIZE, arguments).await;
        assert_eq!((&error["code"], &error["message"]), (&json!("invalid_arguments"), &json!(message)));
    }
    let impossible = host.error(SUMMARIZE, json!({"promotion_id": 4, "codes": ["A", "B*"]})).await;
    assert!(impossible["message"].as_str().unwrap().contains("not \"*\""), "{impossible}");
    assert_eq!(host.ok("get_job", json!({})).await["jobs"], json!([]));
}

#[tokio::test]
async fn a_summary_whose_process_was_killed_is_made_anew() {
    let store = GuardedStore::start().await;
    let rule = json!({
        "method": "GET", "path": "/promotions/4/codes?limit=250&after", "skip": 1, "times": 1, "delay_ms": 600_000,
    });
    store.sandbox.fault(rule).await;
    let mut first = host(&store).await;
    first.start("tools/call", crate::support::call(SUMMARIZE, json!({"promotion_id": LOYALTY}))).await;
    let job = loop {
        let latest = first.ok("get_job", json!({})).await;
        let Some(job) = latest["jobs"].get(0) else { continue };
        if job["succeeded"] == 500 {
            break job["job_id"].clone();
        }
        first.ok("get_job", json!({"job_id": job["job_id"], "wait_seconds": 1})).await;
    };
    first.child.kill().await.unwrap();
    let done =
        host(&store).await.ok("get_job", json!({"job_id": job, "wait_seconds": 45})).await["job"].clone();
    let expected = json!({
        "codes": 1_000, "unused": 600, "used": 400, "used_up": 200, "uses": 600,
        "top": (1..=10).map(|n| json!({"code": format!("LOYAL-{:04}", 5 * n), "current_uses": 2})).collect::<Vec<_>>(),
    });
    assert_eq!(
        (&done["state"], &done["succeeded"], &done["summary"]),
        (&json!("done"), &json!(1_000), &expected)
    );
}
