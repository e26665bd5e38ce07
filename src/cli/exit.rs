//! What the exit code says, besides 0 for all done and 1 for an error.

use std::process::ExitCode;

use serde_json::Value;

use crate::jobs::{JobRecord, JobState};

/// Wrong usage or configuration.
pub(super) const MISCONFIGURED: u8 = 2;
/// Nothing was done: the user must agree first.
pub(super) const NEEDS_CONFIRMATION: u8 = 3;
/// A job failed or needs attention.
pub(super) const JOB_FAILED: u8 = 4;
/// By convention, for a program that Ctrl-C ended.
pub(super) const INTERRUPTED: u8 = 130;

/// Whether a job ended otherwise than it was meant to.
pub(super) fn is_bad_end(job: &JobRecord) -> bool {
    matches!(job.state, JobState::Failed | JobState::NeedsAttention)
}

/// For what a tool answered.
pub(super) fn of_answer(answer: Option<&Value>) -> ExitCode {
    let status = answer.and_then(|answer| answer.get("status")?.as_str());
    let has_job = answer.is_some_and(|answer| answer.get("job").is_some());
    match status {
        Some("needs_confirmation") => ExitCode::from(NEEDS_CONFIRMATION),
        Some("failed" | "needs_attention") => ExitCode::from(JOB_FAILED),
        Some("partial") if has_job => ExitCode::from(JOB_FAILED),
        Some("partial") => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_code_tells_what_became_of_a_call() {
        let code = |answer: Value| format!("{:?}", of_answer(Some(&answer)));
        let is = |code: u8| format!("{:?}", ExitCode::from(code));
        for done in ["done", "dry_run", "running"] {
            assert_eq!(code(json!({"status": done})), is(0), "{done}");
        }
        assert_eq!(code(json!({"promotions": []})), is(0));
        assert_eq!(code(json!({"status": "needs_confirmation"})), is(3));
        assert_eq!(code(json!({"status": "failed", "job": {}})), is(4));
        assert_eq!(code(json!({"status": "needs_attention", "job": {}})), is(4));
        assert_eq!(code(json!({"status": "partial", "job": {}})), is(4));
        assert_eq!(code(json!({"status": "partial"})), is(1));
    }
}
