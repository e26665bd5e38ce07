//! What can come back instead of a good answer.

use serde_json::{Value, json};

use crate::support::wire::Act;

/// Whether the store does the work all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Done,
    NotDone,
}

/// How much of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Whole,
    /// One row of each sort, for a change that goes the way of another one.
    Short,
}

impl Table {
    /// The rows for a request that reads, or changes something. In a usual run it meets one in `STRIDE` of them,
    /// others than the request before it (`turn` counts them); all of them where `COUPON_MCP_FAULTS` is `all`.
    pub(super) fn rows(self, reads: bool, turn: usize) -> impl Iterator<Item = &'static Fault> {
        let stride = if is_whole_run() { 1 } else { STRIDE };
        let rows = if reads { ON_READS } else { ON_WRITES };
        let rows = rows.iter().filter(move |fault| self == Self::Whole || IN_SHORT.contains(&fault.name));
        rows.skip(turn % stride).step_by(stride)
    }
}

fn is_whole_run() -> bool {
    match std::env::var("COUPON_MCP_FAULTS") {
        Ok(given) => {
            assert_eq!(given, "all", "COUPON_MCP_FAULTS can only be `all`");
            true
        }
        Err(_) => false,
    }
}

/// Of so many rows a request meets one in a usual run.
const STRIDE: usize = 4;

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    Once,
    Always,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    pub(super) name: &'static str,
    pub(super) times: Times,
    pub(super) work: Work,
    answer: Answer,
    /// The error codes with which it may end, besides `outcome_unknown` where the work may have been done.
    pub(super) codes: &'static [&'static str],
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    /// Status, further headers, body.
    Json(&'static str, &'static str, fn() -> Value),
    Html(&'static str),
    /// Half of a JSON body.
    CutOff,
    /// The connection ends.
    Nothing,
    /// The connection stays, and no answer comes.
    Silence,
}

impl Fault {
    pub(super) fn act(&self) -> Act {
        let bytes = match self.answer {
            Answer::Silence if self.work == Work::Done => return Act::Swallow,
            Answer::Silence => return Act::Ignore,
            Answer::Nothing => Vec::new(),
            Answer::CutOff => {
                let head = "HTTP/1.1 200 OK\r\ncontent-length: 23\r\ncontent-type: application/json\r\n\r\n";
                format!("{head}{{\"data\": {{\"id\": 7, \"nam").into_bytes()
            }
            Answer::Html(status) => raw(status, "content-type: text/html\r\n", "<html>Bad gateway</html>"),
            Answer::Json(status, headers, body) => {
                raw(status, &format!("content-type: application/json\r\n{headers}"), &body().to_string())
            }
        };
        if self.work == Work::Done { Act::DoneThen(bytes) } else { Act::Raw(bytes) }
    }

    /// Whether the request may have been carried out, as far as the client can tell.
    pub(super) fn leaves_doubt(&self) -> bool {
        matches!(self.answer, Answer::CutOff | Answer::Nothing | Answer::Silence | Answer::Html(_))
            || matches!(self.answer, Answer::Json(status, ..) if status.starts_with('5'))
    }
}

/// A whole answer. It says that the connection ends with it, as it does.
fn raw(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}")
        .into_bytes()
}

fn none() -> Value {
    json!({})
}

fn shape_a() -> Value {
    json!({"errors": [{"status": 422, "title": "The request is not acceptable"}]})
}

/// The form of a bulk deletion's refusal, of ids that no test has.
fn shape_f() -> Value {
    json!({
        "errors": [{
            "status": 422,
            "title": "Errors occurred in bulk delete action.",
            "errors": {"0.constraint": "Failed for id=987654. Error: constraint reference error."},
        }],
        "meta": {"total": 1, "success": 0, "failed": 1},
    })
}

fn conflict() -> Value {
    json!({"status": 409, "title": "Conflict with the state of the store"})
}

const fn fault(
    name: &'static str,
    times: Times,
    work: Work,
    answer: Answer,
    codes: &'static [&'static str],
) -> Fault {
    Fault { name, times, work, answer, codes }
}

const WINDOW: &str = "X-Rate-Limit-Requests-Left: 0\r\nX-Rate-Limit-Requests-Quota: 450\r\n\
                      X-Rate-Limit-Time-Window-Ms: 100\r\nX-Rate-Limit-Time-Reset-Ms: 30\r\n";
const LONG_WINDOW: &str = "X-Rate-Limit-Requests-Left: 0\r\nX-Rate-Limit-Requests-Quota: 450\r\n\
                           X-Rate-Limit-Time-Window-Ms: 30000\r\nX-Rate-Limit-Time-Reset-Ms: 25000\r\n";

use Answer::{CutOff, Html, Json, Nothing, Silence};
use Times::{Always, Once};
use Work::{Done, NotDone};

const REFUSED: &[&str] = &["rejected", "code_conflict", "upstream_error"];
const MISSING: &[&str] = &["rejected", "unknown_promotion", "unknown_code", "changed_since"];
const DOWN: &[&str] = &["upstream_error"];

const IN_SHORT: [&str; 6] = [
    "500 always",
    "404",
    "422 of shape A",
    "429 for long",
    "dropped after the commit",
    "time-out before the commit",
];

/// What a request that changes something may meet.
const ON_WRITES: &[Fault] = &[
    fault("500 once", Once, NotDone, Json("500 Internal Server Error", "", none), DOWN),
    fault("500 always", Always, NotDone, Json("500 Internal Server Error", "", none), DOWN),
    fault("500 after the commit", Always, Done, Json("500 Internal Server Error", "", none), DOWN),
    fault("401", Always, NotDone, Json("401 Unauthorized", "", none), &["unauthorized"]),
    fault("403", Always, NotDone, Json("403 Forbidden", "", none), &["forbidden"]),
    fault("404", Once, NotDone, Json("404 Not Found", "", none), MISSING),
    fault("409", Once, NotDone, Json("409 Conflict", "", conflict), REFUSED),
    fault("422 of shape A", Always, NotDone, Json("422 Unprocessable Entity", "", shape_a), REFUSED),
    fault("422 of shape F", Once, NotDone, Json("422 Unprocessable Entity", "", shape_f), REFUSED),
    fault("429 for a moment", Once, NotDone, Json("429 Too Many Requests", WINDOW, none), &[]),
    fault("429 for long", Once, NotDone, Json("429 Too Many Requests", LONG_WINDOW, none), &["rate_limited"]),
    fault("429 without headers", Always, NotDone, Json("429 Too Many Requests", "", none), &["rate_limited"]),
    fault("dropped before the commit", Once, NotDone, Nothing, &["connection_lost"]),
    fault("dropped after the commit", Once, Done, Nothing, &["connection_lost"]),
    fault("JSON that breaks off", Always, Done, CutOff, &["unreadable_answer"]),
    fault("HTML 502", Always, NotDone, Html("502 Bad Gateway"), DOWN),
    fault("redirect", Always, NotDone, Json("302 Found", "location: /elsewhere\r\n", none), &["redirected"]),
    fault("time-out before the commit", Once, NotDone, Silence, &["timeout"]),
    fault("time-out after the commit", Once, Done, Silence, &["timeout"]),
];

/// What a request that only reads may meet.
const ON_READS: &[Fault] = &[
    fault("500 always", Always, NotDone, Json("500 Internal Server Error", "", none), DOWN),
    fault("403", Always, NotDone, Json("403 Forbidden", "", none), &["forbidden", "timezone_unknown"]),
    fault("404", Once, NotDone, Json("404 Not Found", "", none), MISSING),
    fault("429 without headers", Always, NotDone, Json("429 Too Many Requests", "", none), &["rate_limited"]),
    fault("time-out", Once, NotDone, Silence, &["timeout"]),
];
