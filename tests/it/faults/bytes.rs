//! Answers that are broken as HTTP, or too large.

use serde_json::{Value, json};

use crate::support::tool_error;
use crate::support::wire::Act;

use super::{CREATE, LIST, Line, kind, lasting, passing, says};

/// 5 MiB of JSON in 5 kB of gzip.
const ZIPPED: &[u8] = include_bytes!("../../fixtures/five-mebibytes.json.gz");

fn oversized(status: &str) -> Act {
    let body = json!({"status": 1, "title": "x".repeat(5 << 20), "data": []});
    Act::json(status, &body)
}

fn raw(text: &str) -> Act {
    Act::Raw(text.as_bytes().to_vec())
}

/// By promotion: what the wire does with its codes.
fn broken(path: &str) -> Act {
    match path {
        "/promotions/901/codes" => oversized("200 OK"),
        "/promotions/902/codes" => {
            Act::answer("200 OK", "content-type: application/json\r\ncontent-encoding: gzip\r\n", ZIPPED)
        }
        "/promotions/903/codes" => {
            raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10\r\n{\"data\": [{\"id\":\r\n")
        }
        "/promotions/904/codes" => raw("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"data\": ["),
        "/promotions/905/codes" => raw("SSH-2.0-OpenSSH_9.9\r\n"),
        "/promotions/906/codes" => raw(""),
        "/promotions/907/codes" => raw("HTTP/1.1 200 OK\r\ncontent-length"),
        "/promotions/910/codes" => Act::answer("200 OK", "", &vec![b'['; 300_000]),
        "/promotions/908/codes" => {
            raw("HTTP/1.1 401 Unauthorized\r\ncontent-length: 500\r\n\r\n{\"title\": \"cut")
        }
        "/promotions/909/codes" => raw("HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\n\r\n10\r\n{"),
        path => match path.strip_prefix("/promotions/").and_then(|id| id.parse().ok()) {
            Some(id) => Act::json("200 OK", &promotion(id)),
            None => Act::Pass,
        },
    }
}

/// An ordinary promotion of this id.
fn promotion(id: u64) -> Value {
    json!({"data": {
        "id": id, "name": "Sale", "redemption_type": "COUPON", "coupon_type": "BULK",
        "status": "ENABLED", "max_uses": 10,
        "rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "10"}}}, "apply_once": true}],
    }})
}

#[tokio::test]
async fn a_broken_or_oversized_answer_is_told_by_what_is_known_of_it() {
    let mut line = Line::start(&["--rate-limit-wait-s", "0"], |exchange| broken(&exchange.path)).await;
    let too_large = (passing("unreadable_answer"), 3, "more than 4194304 bytes");
    let lost = (passing("connection_lost"), 3, "broke before its answer was complete");
    let cases = [
        (901, too_large.clone()),
        (902, too_large),
        (903, lost.clone()),
        (904, lost.clone()),
        (905, lost.clone()),
        (906, lost.clone()),
        (907, lost),
        (910, (passing("unreadable_answer"), 3, "cannot be read")),
        (908, (lasting("unauthorized"), 1, "401")),
        (909, (lasting("forbidden"), 1, "403")),
    ];
    let calls: Vec<_> = cases
        .iter()
        .flat_map(|(promotion, _)| {
            [
                (CREATE, json!({"promotion_id": promotion, "code": format!("BROKEN-{promotion}")})),
                (LIST, json!({"promotion_id": promotion})),
            ]
        })
        .collect();
    let results = line.call_all(&calls).await;
    for ((promotion, (expected, gets, says_so)), results) in cases.iter().zip(results.chunks(2)) {
        for result in results {
            let error = tool_error(result);
            assert_eq!(kind(&error), *expected, "{promotion}: {error}");
            says(&error, &[says_so]);
        }
        let path = format!("/promotions/{promotion}/codes");
        let sent = (line.sent("POST", &path), line.sent("GET", &path));
        assert_eq!(sent, (1, *gets), "{promotion}");
        assert_eq!(line.sandbox.count(&format!("BROKEN-{promotion}")).await, 0, "{promotion}");
    }
    line.end().await;
}

#[tokio::test]
async fn a_refusal_that_no_parser_takes_is_still_a_refusal() {
    let mut line = Line::start(&[], |exchange| match exchange.path.as_str() {
        "/promotions/1/codes" => {
            let nested = [b"{\"title\": ".as_slice(), &vec![b'['; 300_000]].concat();
            Act::answer("422 Unprocessable Entity", "", &nested)
        }
        "/promotions/2/codes" => Act::answer("422 Unprocessable Entity", "", b"\xff\xfe{\"title\": \"x\"}"),
        _ => Act::Pass,
    })
    .await;
    for promotion in [1, 2] {
        let error = line.error(LIST, json!({"promotion_id": promotion})).await;
        assert_eq!(kind(&error), lasting("rejected"));
        says(&error, &["422"]);
    }
    line.end().await;
}

#[tokio::test]
async fn the_status_of_a_refusal_counts_however_large_its_body_is() {
    let mut line = Line::start(&["--rate-limit-wait-s", "0"], |exchange| match exchange.path.as_str() {
        "/promotions/911/codes" => oversized("401 Unauthorized"),
        "/promotions/912/codes" => oversized("403 Forbidden"),
        "/promotions/913/codes" => oversized("422 Unprocessable Entity"),
        "/promotions/914/codes" => oversized("502 Bad Gateway"),
        _ => Act::Pass,
    })
    .await;
    let cases = [
        (911, lasting("unauthorized")),
        (912, lasting("forbidden")),
        (914, passing("upstream_error")),
        (913, lasting("rejected")),
    ];
    for (promotion, expected) in cases {
        let list = line.error(LIST, json!({"promotion_id": promotion})).await;
        assert_eq!(kind(&list), expected, "{list}");
    }
    line.end().await;
}
