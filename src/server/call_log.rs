//! One line of the log for each call.

use std::time::Instant;

use rmcp::RoleServer;
use rmcp::service::RequestContext;
use serde_json::Value;
use tracing::{Span, debug_span, info, warn};
use uuid::Uuid;

use crate::coupons::clean;
use crate::tools::{CallContext, Outcome, ToolError};

use super::milliseconds;
use super::places::Client;

/// So much of a session's id tells sessions apart; all of it would let a reader of the log take one over.
const SESSION_SHOWN: usize = 8;

/// A call that is to be logged once.
pub(super) struct CallLog {
    tool: String,
    caller: String,
    session: Option<String>,
    store: Option<String>,
    trace_id: String,
    began: Instant,
}

impl CallLog {
    /// A call that begins now.
    pub(super) fn begin(
        tool: &str,
        call: &CallContext,
        client: &Client,
        store: Option<&str>,
        trace_id: String,
    ) -> Self {
        let session = match client {
            Client::Session(session) => Some(session.as_ref()),
            Client::Host | Client::Peer(_) => None,
        };
        let caller = session.and_then(|session| call.caller.strip_suffix(session)).unwrap_or(&call.caller);
        Self {
            // Of an unknown tool it is anything.
            tool: clean(tool).chars().take(64).collect(),
            caller: caller.trim_end_matches(':').to_owned(),
            session: session.map(|session| session.chars().take(SESSION_SHOWN).collect()),
            store: store.map(str::to_owned),
            trace_id,
            began: Instant::now(),
        }
    }

    /// The span of what is done for the call: lines at debug level are told apart by it.
    pub(super) fn span(&self) -> Span {
        debug_span!("call", trace_id = self.trace_id)
    }

    /// Writes how the call ended.
    pub(super) fn end(&self, outcome: &Result<Outcome, ToolError>) {
        match outcome {
            Ok(Outcome::Ask(_)) => self.write("asked", None),
            Ok(Outcome::Answer(result)) => {
                let answer = result.structured_content.as_ref();
                self.write(word(answer).unwrap_or("ok"), answer);
            }
            Err(error) => self.fail(error.code.as_str()),
        }
    }

    /// Writes that the call failed. The sentence stays out of the log: it may quote a code, which is as good as money.
    pub(super) fn fail(&self, outcome: &str) {
        let Self { tool, caller, session, store, trace_id, .. } = self;
        let (session, store) = (session.as_deref(), store.as_deref());
        warn!(
            caller,
            session,
            tool,
            store,
            outcome,
            duration_ms = self.duration_ms(),
            trace_id,
            "tool call failed"
        );
    }

    fn write(&self, outcome: &str, answer: Option<&Value>) {
        let Self { tool, caller, session, store, trace_id, .. } = self;
        let (session, store) = (session.as_deref(), store.as_deref());
        let change_id = text(answer, "/change_id");
        let job_id = text(answer, "/job/job_id");
        let duration_ms = self.duration_ms();
        info!(caller, session, tool, store, outcome, change_id, job_id, duration_ms, trace_id, "tool call");
    }

    fn duration_ms(&self) -> u64 {
        milliseconds(self.began.elapsed())
    }
}

/// The id of the trace that the request belongs to: the host's own (W3C Trace Context), or a new one.
pub(super) fn trace_id(context: &RequestContext<RoleServer>) -> String {
    let in_meta = context.meta.get("traceparent").and_then(Value::as_str);
    let in_header = || {
        let parts = context.extensions.get::<http::request::Parts>()?;
        parts.headers.get("traceparent")?.to_str().ok()
    };
    in_meta
        .or_else(in_header)
        .and_then(of_traceparent)
        .map_or_else(|| Uuid::new_v4().simple().to_string(), str::to_owned)
}

/// `version-trace_id-parent_id-flags`
fn of_traceparent(traceparent: &str) -> Option<&str> {
    let trace_id = traceparent.split('-').nth(1)?;
    let is_id = trace_id.len() == 32 && trace_id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_id && trace_id.bytes().any(|byte| byte != b'0')).then_some(trace_id)
}

/// What the answer itself calls its outcome.
fn word(answer: Option<&Value>) -> Option<&str> {
    text(answer, "/status").or_else(|| text(answer, "/outcome"))
}

fn text<'a>(answer: Option<&'a Value>, pointer: &str) -> Option<&'a str> {
    answer?.pointer(pointer)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trace_id_is_taken_from_a_traceparent() {
        let id = "0af7651916cd43dd8448eb211c80319c";
        assert_eq!(of_traceparent(&format!("00-{id}-b7ad6b7169203331-01")), Some(id));
        for wrong in ["", "00", "00-xyz-1-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01"] {
            assert_eq!(of_traceparent(wrong), None, "{wrong}");
        }
    }
}
