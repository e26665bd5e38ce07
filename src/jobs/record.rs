//! The end of a job on record: the audit log, and what is free again below the daily ceilings.

use jiff::Timestamp;
use serde_json::{Value, json};
use tracing::warn;

use crate::state::{AuditEntry, State};

use super::spec::Spec;
use super::{JobRecord, JobState};

/// Puts down how a job ended. A record that cannot be kept is logged: what was done is done.
pub(super) async fn ended(state: &State, record: &JobRecord, ended: &JobRecord, now: Timestamp) {
    if !ended.kind.writes() {
        return;
    }
    let counts = ended.counts;
    let spec = Spec::read(record).ok();
    if let Some(Spec { reservation: Some(reserved), .. }) = &spec
        && let Err(error) =
            state.release(reserved.id, reserved.unused(counts.succeeded + counts.unknown)).await
    {
        warn!(%error, "a daily count stays higher than it should");
    }
    let outcome = match ended.state {
        JobState::Done if counts.failed > 0 => "partial",
        other => other.as_str(),
    };
    let mut arguments = ended.arguments.clone();
    if let (Value::Object(arguments), Some(confirmed)) =
        (&mut arguments, spec.and_then(|spec| spec.confirmed))
    {
        arguments.insert("confirmed".to_owned(), confirmed.into());
    }
    let entry = AuditEntry {
        time: now,
        caller: ended.caller.clone(),
        tool: ended.kind.tool().to_owned(),
        arguments,
        before: Value::Null,
        after: json!({
            "job_id": ended.id,
            "requested": counts.requested,
            "succeeded": counts.succeeded,
            "failed": counts.failed,
            "unknown": counts.unknown,
            "reason": ended.reason,
        }),
        upstream_status: None,
        outcome: outcome.to_owned(),
        change_id: None,
    };
    if let Err(error) = state.audit(&entry).await {
        warn!(%error, "the end of a job is not in the audit log");
    }
}
