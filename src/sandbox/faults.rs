//! Failures on demand, for tests of a client.
//!
//! A rule is a JSON object with `method`, `path` (a part of the path and query as they were sent), `times`
//! (how many requests it applies to, at least 1), optionally `skip` (how many requests that it matches go by
//! before, none unless given) and exactly one effect:
//! - `status` with an optional `body` and optional `headers`: this answer is sent without rate headers,
//!   nothing is done, and no unit of the quota is taken. A `body` that is a JSON string is sent as that
//!   text, any other value (also `null`) as its JSON, and no `body` as an empty one. `content-type` is JSON
//!   if the text is, else HTML, unless `headers` gives one.
//! - `drop`: the connection is closed without an answer, `"before_commit"` or `"after_commit"`.
//! - `delay_ms`: the work waits that long before it starts, holding its place at the endpoint.
//! - `hold`: the request waits before its work or after it, `"before_commit"` or `"after_commit"`, until it is
//!   released (see `held`).
//! - `malformed`: `true`; the work is done, and the answer's JSON is cut off half-way. A 204 becomes a 200
//!   with the beginning of a JSON body.
//!
//! Rules add up. The first rule that matches, has skipped its share and has `times` left wins; the rules
//! behind it do not see that request.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::{Method, StatusCode};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::answer::Answer;

/// What a fault does to one request.
#[derive(Debug)]
pub(super) enum Effect {
    /// Send this instead of doing the work.
    Answer(Answer),
    /// Do nothing and close the connection.
    DropBeforeCommit,
    /// Do the work and close the connection.
    DropAfterCommit,
    /// Do the work after this wait.
    Delay(Duration),
    /// Do the work when released, or answer then.
    Hold(Point),
    /// Do the work and send half of the answer's body.
    Malformed,
}

/// Why a rule is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum RuleError {
    #[error("The rule is not understood: {0}.")]
    Json(#[from] serde_json::Error),
    #[error("`times` must be at least 1.")]
    Times,
    #[error("`method` must be an HTTP method.")]
    Method,
    #[error("A rule has exactly one of `status`, `drop`, `delay_ms`, `hold` and `malformed`.")]
    Effect,
    #[error("`body` and `headers` go with `status` only.")]
    Stray,
    #[error("`status` must be between 200 and 599.")]
    Status,
    #[error("`malformed` must be true.")]
    Malformed,
    #[error("`{0}` is not a header that a rule can set, or its value is not one.")]
    Header(String),
}

/// A rule as it is sent to the control API.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SentRule {
    method: String,
    path: String,
    times: u32,
    #[serde(default)]
    skip: u32,
    status: Option<u16>,
    /// `null` is a body too.
    #[serde(default, deserialize_with = "present")]
    body: Option<Value>,
    headers: Option<BTreeMap<String, String>>,
    drop: Option<Point>,
    delay_ms: Option<u64>,
    hold: Option<Point>,
    malformed: Option<bool>,
}

/// Where a request is, as seen from its work.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Point {
    BeforeCommit,
    AfterCommit,
}

#[derive(Debug)]
struct Rule {
    method: Method,
    path: String,
    skip: u32,
    left: u32,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Answer { status: StatusCode, headers: HeaderMap, body: Bytes },
    Drop(Point),
    Delay(Duration),
    Hold(Point),
    Malformed,
}

/// All rules that still have requests to apply to.
#[derive(Debug, Default)]
pub(super) struct Faults {
    rules: Mutex<Vec<Rule>>,
}

impl Faults {
    /// Adds the rule in `body`.
    pub(super) fn add(&self, body: &[u8]) -> Result<(), RuleError> {
        let rule = Rule::try_from(serde_json::from_slice::<SentRule>(body)?)?;
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).push(rule);
        Ok(())
    }

    pub(super) fn clear(&self) {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Uses up one application of the first rule that matches.
    pub(super) fn take(&self, method: &Method, path_and_query: &str) -> Option<Effect> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let index =
            rules.iter_mut().position(|rule| rule.matches(method, path_and_query) && !rule.lets_by())?;
        let rule = rules.get_mut(index)?;
        rule.left -= 1;
        let effect = rule.kind.effect();
        if rule.left == 0 {
            rules.remove(index);
        }
        Some(effect)
    }
}

impl Rule {
    fn matches(&self, method: &Method, path_and_query: &str) -> bool {
        self.method == *method && path_and_query.contains(&self.path)
    }

    /// Whether the rule skips a request that it matches, of which there is then one less to skip.
    fn lets_by(&mut self) -> bool {
        let skipped = self.skip > 0;
        self.skip -= u32::from(skipped);
        skipped
    }
}

impl Kind {
    fn effect(&self) -> Effect {
        match self {
            Self::Answer { status, headers, body } => {
                Effect::Answer(Answer { status: *status, headers: headers.clone(), body: body.clone() })
            }
            Self::Drop(Point::BeforeCommit) => Effect::DropBeforeCommit,
            Self::Drop(Point::AfterCommit) => Effect::DropAfterCommit,
            Self::Delay(duration) => Effect::Delay(*duration),
            Self::Hold(point) => Effect::Hold(*point),
            Self::Malformed => Effect::Malformed,
        }
    }
}

impl TryFrom<SentRule> for Rule {
    type Error = RuleError;

    fn try_from(sent: SentRule) -> Result<Self, RuleError> {
        if sent.times == 0 {
            return Err(RuleError::Times);
        }
        if sent.status.is_none() && (sent.body.is_some() || sent.headers.is_some()) {
            return Err(RuleError::Stray);
        }
        let method = sent.method.to_ascii_uppercase().parse().map_err(|_| RuleError::Method)?;
        let kind = match (sent.status, sent.drop, sent.delay_ms, sent.hold, sent.malformed) {
            (Some(status), None, None, None, None) => {
                answer(status, sent.body, sent.headers.unwrap_or_default())?
            }
            (None, Some(point), None, None, None) => Kind::Drop(point),
            (None, None, Some(millis), None, None) => Kind::Delay(Duration::from_millis(millis)),
            (None, None, None, Some(point), None) => Kind::Hold(point),
            (None, None, None, None, Some(true)) => Kind::Malformed,
            (None, None, None, None, Some(false)) => return Err(RuleError::Malformed),
            _ => return Err(RuleError::Effect),
        };
        Ok(Self { method, path: sent.path, skip: sent.skip, left: sent.times, kind })
    }
}

fn answer(status: u16, body: Option<Value>, sent: BTreeMap<String, String>) -> Result<Kind, RuleError> {
    let status = StatusCode::from_u16(status).ok().filter(|status| (200..600).contains(&status.as_u16()));
    let text = match body {
        None => String::new(),
        Some(Value::String(text)) => text,
        Some(value) => value.to_string(),
    };
    let mut headers = HeaderMap::new();
    if !text.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(&text)));
    }
    for (name, value) in sent {
        let (name, value) = header(&name, &value).ok_or(RuleError::Header(name))?;
        headers.insert(name, value);
    }
    Ok(Kind::Answer { status: status.ok_or(RuleError::Status)?, headers, body: text.into() })
}

/// The value of a field that is there, be it `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

fn content_type(text: &str) -> &'static str {
    if serde_json::from_str::<IgnoredAny>(text).is_ok() { "application/json" } else { "text/html" }
}

/// A header that a rule may set. The framing of the message stays with the server.
fn header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::try_from(name).ok()?;
    let value = HeaderValue::try_from(value).ok()?;
    (name != CONTENT_LENGTH && name != TRANSFER_ENCODING).then_some((name, value))
}

#[cfg(test)]
mod tests;
