//! Lists that never end, go round or hold what cannot be: each walk over pages ends, and says so.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::support::wire::{Act, Exchange};

use super::{CREATE, Line, kind, lasting, says};

const CODES: &str = "/promotions/1/codes";

/// 250 codes from this id on, with a cursor behind them and a total.
fn codes(first: u64, cursor: &str, total: Option<u64>) -> Value {
    let rows: Vec<_> = (first..first + 250).map(|id| json!({"id": id, "code": format!("C{id}")})).collect();
    let mut meta = json!({"cursor_pagination": {"end_cursor": cursor}});
    if let Some(total) = total {
        meta["pagination"] = json!({"total": total});
    }
    json!({"data": rows, "meta": meta})
}

fn cursor(asked: &Exchange) -> Option<&str> {
    asked.query.iter().find(|(name, _)| name == "after").map(|(_, cursor)| cursor.as_str())
}

/// A, B, A, B, by their cursors.
fn cycle(asked: &Exchange) -> Value {
    if cursor(asked) == Some("a") { codes(251, "b", None) } else { codes(1, "a", None) }
}

/// The same page under a cursor that is new each time.
fn same(_: &Exchange) -> Value {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    codes(1, &format!("n{}", NUMBER.fetch_add(1, Ordering::Relaxed)), Some(u64::MAX))
}

/// New codes for ever, of which the first page announces 3.
fn endless(asked: &Exchange) -> Value {
    let first = cursor(asked).map_or(1, |cursor| cursor[1..].parse().unwrap());
    codes(first, &format!("c{}", first + 250), Some(3))
}

/// A store that lists the codes of promotion 1 like this.
async fn listing(flags: &[&str], list: fn(&Exchange) -> Value) -> Line {
    Line::start(flags, move |asked| {
        if asked.method == "GET" && asked.path == CODES {
            Act::json("200 OK", &list(asked))
        } else {
            Act::Pass
        }
    })
    .await
}

/// A list without an end, at how many requests it is seen through, and what is said of it.
type Listing = (fn(&Exchange) -> Value, usize, &'static str);

const LISTINGS: [Listing; 3] = [
    (cycle, 3, "a cursor came twice"),
    (same, 2, "a page without a new row"),
    (endless, 21, "pages without end: 5250 rows on 21 pages"),
];

#[tokio::test]
async fn a_call_answers_codes_without_end_as_unreadable() {
    for (list, requests, words) in LISTINGS {
        let mut line = listing(&[], list).await;
        let arguments = json!({"promotion_id": 1, "filter": "unused", "dry_run": true});
        let error = line.error("delete_coupon_codes", arguments).await;
        assert_eq!(kind(&error), lasting("unreadable_answer"));
        says(&error, &[words]);
        assert_eq!(line.sent("GET", CODES), requests, "{words}");
        line.end().await;
    }
}

#[tokio::test]
async fn a_job_fails_on_codes_without_end_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    for (list, requests, words) in LISTINGS {
        for tool in ["summarize_coupon_codes", "export_coupon_codes"] {
            let exports = folder.path().join(format!("{requests}"));
            let mut line = listing(&["--export-dir", exports.to_str().unwrap()], list).await;
            let arguments = if tool == "export_coupon_codes" {
                json!({"promotion_ids": [1]})
            } else {
                json!({"promotion_id": 1})
            };
            let job = line.call(tool, arguments).await;
            assert!(job.to_string().contains("failed") && job.to_string().contains(words), "{job}");
            assert!(line.sent("GET", CODES) <= requests + 1, "{words}");
            let files = std::fs::read_dir(&exports).into_iter().flatten();
            let whole = files.filter(|file| {
                file.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "csv")
            });
            assert_eq!(whole.count(), 0, "{words}");
            line.end().await;
        }
    }
}

#[tokio::test]
async fn promotions_without_end_are_unreadable() {
    let rows = |first: u64| -> Vec<Value> {
        (first..first + 250)
            .map(|id| json!({"id": id, "name": "P", "redemption_type": "COUPON", "status": "ENABLED"}))
            .collect()
    };
    let number = |asked: &Exchange| {
        let page = asked.query.iter().find(|(name, _)| name == "page");
        page.map_or(1, |(_, page)| page.parse::<u64>().unwrap())
    };
    for (kind_of, requests) in [("same", 2), ("endless", 21), ("empty", 1)] {
        let mut line = Line::start(&[], move |asked| {
            if asked.path != "/promotions" {
                return Act::Pass;
            }
            let page = number(asked);
            let data = match kind_of {
                "same" => rows(1),
                "endless" => rows(page * 250),
                _ => Vec::new(),
            };
            let meta = json!({"pagination": {"total": 3, "current_page": page, "total_pages": u64::MAX}});
            Act::json("200 OK", &json!({"data": data, "meta": meta}))
        })
        .await;
        let error = line.error("export_coupon_codes", json!({})).await;
        assert_eq!(kind(&error), lasting("unreadable_answer"), "{kind_of}");
        assert_eq!(line.sent("GET", "/promotions"), requests, "{kind_of}");
        line.end().await;
    }
}

#[tokio::test]
async fn texts_longer_than_the_api_allows_make_an_answer_unreadable() {
    let mut line = Line::start(&[], |_| Act::Pass).await;
    let long = "x".repeat(1_000_000);
    let answers = [
        (
            "list_coupon_codes",
            json!({"promotion_id": 1}),
            CODES,
            json!([{"id": 1, "code": "A".repeat(51)}]),
            "a code of 51 characters, and at most 50 fit",
        ),
        (
            "list_promotions",
            json!({}),
            "/promotions",
            json!([{"id": 1, "name": long}]),
            "a name of 1000000 characters, and at most 1000 fit",
        ),
        (
            "get_promotion",
            json!({"promotion_id": 1}),
            "/promotions/1",
            json!({"id": 1, "name": long}),
            "a name of 1000000 characters, and at most 1000 fit",
        ),
    ];
    for (tool, arguments, path, data, words) in answers {
        let fault = json!({"method": "GET", "path": path, "times": 1, "status": 200, "body": {"data": data}});
        line.sandbox.fault(fault).await;
        let error = line.error(tool, arguments).await;
        assert_eq!(kind(&error), lasting("unreadable_answer"), "{tool}");
        says(&error, &[words]);
        assert!(error.to_string().len() < 1_000, "the text is not repeated");
    }
    line.end().await;
}

#[tokio::test]
async fn texts_longer_than_the_api_takes_are_refused_before_anything_is_sent() {
    let mut line = Line::start(&[], |_| Act::Pass).await;
    let long = "x".repeat(4 << 20);
    let discount =
        |name: &Value| json!({"name": name, "discount_kind": "percent_off_order", "discount_value": 10});
    let cases = [
        ("list_promotions", json!({"query": long})),
        ("list_promotions", json!({"code": long})),
        ("list_promotions", json!({"currency_code": long})),
        ("list_coupon_codes", json!({"promotion_id": 1, "code": long})),
        ("list_coupon_codes", json!({"promotion_id": 1, "after": long})),
        ("check_coupon_code", json!({"code": long})),
        ("check_coupon_code", json!({"code": "A", "at": long})),
        (CREATE, json!({"promotion_id": 1, "code": long})),
        ("create_promotion", discount(&json!(long))),
        ("update_promotion", json!({"promotion_id": 1, "name": long})),
        ("update_promotion", json!({"promotion_id": 1, "ends_at": long})),
        ("update_promotion", json!({"promotion_id": 1, "name": "A", "confirmation_token": long})),
        ("replace_coupon_code", json!({"code": "A", "new_code": long})),
        ("delete_coupon_codes", json!({"codes": ["A", long]})),
        ("generate_coupon_codes", json!({"promotion_id": 1, "count": 5, "prefix": long})),
        ("undo", json!({"change_id": long})),
        ("get_job", json!({"job_id": long})),
        ("control_job", json!({"job_id": long, "action": "cancel"})),
    ];
    for (tool, arguments) in cases {
        let error = line.error(tool, arguments).await;
        assert_eq!(error["code"], "invalid_arguments", "{tool}: {error}");
        says(&error, &["4194304 characters", "at most"]);
        assert!(error.to_string().len() < 1_500, "{tool}: the text is not repeated");
    }
    assert_eq!(line.wire.lines(), Vec::<String>::new());
}
