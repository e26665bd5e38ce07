//! The form of every failure that a model gets to see; `explain.rs` finds the words.
//!
//! A sentence says what is, a hint says what to do, a code lets a program branch, `retryable` and
//! `retry_after_s` say whether and when the same call has a chance. `content[0]` is the sentence with its
//! hint and, in brackets, what programs need; `content[1]` the JSON; `_meta` has the code as well. There is no
//! `structuredContent`, because clients check that against the schema of success. Never in it: the token, or text of a body that is not BigCommerce's JSON.

use std::fmt;
use std::time::Duration;

use rmcp::model::{CallToolResult, ContentBlock, JsonObject, MetaObject};
use serde::Serialize;

/// Where `_meta` of a failure says what programs branch on.
pub const META_KEY: &str = "io.github.coupon-mcp/error";

/// What went wrong, for programs. Each is published; none is ever renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// An argument is missing, unknown, of the wrong kind or out of range.
    InvalidArguments,
    /// The server has no credentials, or none that can be used.
    NotConfigured,
    /// The credentials are still the example's.
    PlaceholderCredentials,
    /// BigCommerce does not know the token (401).
    Unauthorized,
    /// The token may not do this, or the store hash is another store's (403).
    Forbidden,
    /// The store is suspended.
    StoreSuspended,
    /// There is no such promotion.
    UnknownPromotion,
    /// The code exists with other limits or elsewhere.
    CodeConflict,
    /// No code of the store has this text.
    UnknownCode,
    /// The date needs the store's time zone, which is not known.
    TimezoneUnknown,
    /// A rule of the operator forbids it.
    PolicyViolation,
    /// A ceiling of the operator for 24 hours is reached.
    DailyCeiling,
    /// A person must agree, and this host cannot ask.
    ConfirmationUnavailable,
    /// There is no such change to undo.
    UnknownChange,
    /// No job of this id.
    UnknownJob,
    /// The change was undone before, or left nothing to undo.
    NotUndoable,
    /// What the change left was edited since.
    ChangedSince,
    /// What the server keeps (confirmations, changes, audit log) cannot be read or written.
    StateUnavailable,
    /// BigCommerce refused the request.
    Rejected,
    /// The rate limit is used up.
    RateLimited,
    /// BigCommerce answered 5xx.
    UpstreamError,
    /// BigCommerce's answer cannot be read.
    UnreadableAnswer,
    /// The API answered with a redirect.
    Redirected,
    /// No answer in time.
    Timeout,
    /// No connection to the API.
    ConnectionFailed,
    /// The connection broke before the answer.
    ConnectionLost,
    /// It is not known whether the write was carried out.
    OutcomeUnknown,
    /// The same code is being worked on by another call.
    InProgress,
    /// This server is at its own limit of concurrent calls.
    Busy,
    /// A fault of this server.
    Internal,
}

impl ErrorCode {
    /// The code as published.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArguments => "invalid_arguments",
            Self::NotConfigured => "not_configured",
            Self::PlaceholderCredentials => "placeholder_credentials",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::StoreSuspended => "store_suspended",
            Self::UnknownPromotion => "unknown_promotion",
            Self::CodeConflict => "code_conflict",
            Self::UnknownCode => "unknown_code",
            Self::TimezoneUnknown => "timezone_unknown",
            Self::PolicyViolation => "policy_violation",
            Self::DailyCeiling => "daily_ceiling",
            Self::ConfirmationUnavailable => "confirmation_unavailable",
            Self::UnknownChange => "unknown_change",
            Self::UnknownJob => "unknown_job",
            Self::NotUndoable => "not_undoable",
            Self::ChangedSince => "changed_since",
            Self::StateUnavailable => "state_unavailable",
            Self::Rejected => "rejected",
            Self::RateLimited => "rate_limited",
            Self::UpstreamError => "upstream_error",
            Self::UnreadableAnswer => "unreadable_answer",
            Self::Redirected => "redirected",
            Self::Timeout => "timeout",
            Self::ConnectionFailed => "connection_failed",
            Self::ConnectionLost => "connection_lost",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::InProgress => "in_progress",
            Self::Busy => "busy",
            Self::Internal => "internal",
        }
    }
}

/// A failure in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToolError {
    /// For programs.
    pub code: ErrorCode,
    /// What is: one sentence.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// When, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
}

impl ToolError {
    /// A failure that the same call would meet again.
    pub fn lasting(code: ErrorCode, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: hint.into(), retryable: false, retry_after_s: None }
    }

    /// A failure that may pass.
    pub fn passing(code: ErrorCode, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { retryable: true, ..Self::lasting(code, message, hint) }
    }

    /// The same, with the time after which a new call has a chance; at least a second.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self { retry_after_s: Some(seconds.max(1)), ..self }
    }

    /// Arguments that do not fit.
    pub fn invalid_arguments(message: String, hint: Option<String>) -> Self {
        let hint =
            hint.unwrap_or_else(|| "Correct the arguments and call again; nothing was changed.".to_owned());
        Self::lasting(ErrorCode::InvalidArguments, message, hint)
    }

    /// The same; where arguments do not fit together, with those that were empty and so count as left out.
    #[must_use]
    pub fn with_empty(mut self, empty: &[String]) -> Self {
        if self.code == ErrorCode::InvalidArguments && !empty.is_empty() {
            let is = if empty.len() == 1 { "is empty and counts" } else { "are empty and count" };
            self.message = format!("{} {} {is} as left out.", self.message, empty.join(", "));
        }
        self
    }

    /// More calls at once than this server takes.
    pub fn busy() -> Self {
        let message = "This server is working on as many calls as it takes at once.";
        Self::passing(ErrorCode::Busy, message, "Call again in a moment; nothing was changed.")
            .after(Duration::from_secs(2))
    }

    /// The call took longer than any call may.
    pub fn too_slow() -> Self {
        let message = "The call took too long and was given up.";
        let hint = "Call again with the same arguments: a repeat is safe and tells what is there.";
        Self::passing(ErrorCode::Timeout, message, hint)
    }

    /// Each part of a change was refused.
    pub fn nothing_done(headline: &str, why: &[String]) -> Self {
        let message = format!("{headline}: none of it was done. {}.", why.join("; "));
        Self::lasting(ErrorCode::Rejected, message, "Nothing was changed. Correct what BigCommerce names.")
    }

    /// The same, where the change may have been made all the same.
    #[must_use]
    pub fn in_doubt(self, headline: &str, change_id: Option<&str>) -> Self {
        let message = format!("It is not known whether this was done: {headline}. {}", self.message);
        let look = "Call again with the same arguments: it looks at what is there first.";
        let hint = match change_id {
            Some(id) => format!("{look} Or call undo with change_id {id} to have it as it was before."),
            None => format!("{look} get_promotion and list_coupon_codes show it too."),
        };
        let error = Self::passing(ErrorCode::OutcomeUnknown, message, hint);
        Self { retry_after_s: self.retry_after_s, ..error }
    }

    /// A fault of ours.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "internal fault");
        Self::lasting(ErrorCode::Internal, "This server made a mistake.", "Report it, with the server's log.")
    }

    /// The tool result: sentence with hint and code, then the JSON.
    pub fn into_result(self) -> CallToolResult {
        let json = serde_json::to_string(&self).unwrap_or_default();
        let program =
            ForPrograms { code: self.code, retryable: self.retryable, retry_after_s: self.retry_after_s };
        let sentence = format!("{} {} {program}", self.message, self.hint);
        let mut result = CallToolResult::error(vec![ContentBlock::text(sentence), ContentBlock::text(json)]);
        let about = serde_json::to_value(program).unwrap_or_default();
        result.meta = Some(MetaObject(JsonObject::from_iter([(META_KEY.to_owned(), about)])));
        result
    }
}

/// What a program branches on. In the first block too, because some frameworks keep no other, and in `_meta`.
#[derive(Debug, Clone, Copy, Serialize)]
struct ForPrograms {
    code: ErrorCode,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
}

impl fmt::Display for ForPrograms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, retryable: {}", self.code.as_str(), self.retryable)?;
        if let Some(seconds) = self.retry_after_s {
            write!(f, ", retry_after_s: {seconds}")?;
        }
        f.write_str("]")
    }
}
