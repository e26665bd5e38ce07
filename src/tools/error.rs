//! The only place where a failure becomes a tool result.
//!
//! A sentence says what is, a hint says what to do, a code lets a program branch, `retryable` and
//! `retry_after_s` say whether and when the same call has a chance. `content[0]` is the sentence with its
//! hint, `content[1]` the JSON; there is no `structuredContent`, because clients check that against the
//! schema of success. Never in it: the token, or text of a body that is not BigCommerce's JSON.

use std::time::Duration;

use http::StatusCode;
use rmcp::model::{CallToolResult, ContentBlock};
use serde::Serialize;

use crate::bigcommerce::{ApiError, NoAnswer, Refusal, Unreadable};
use crate::coupons::error::Owner;
use crate::coupons::{CodeTextError, CouponCode, CouponError, PromotionChoice, clean};

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
        Self {
            code,
            message: message.into(),
            hint: hint.into(),
            retryable: false,
            retry_after_s: None,
        }
    }

    /// A failure that may pass.
    pub fn passing(code: ErrorCode, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            retryable: true,
            ..Self::lasting(code, message, hint)
        }
    }

    fn after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self {
            retry_after_s: Some(seconds.max(1)),
            ..self
        }
    }

    /// Arguments that do not fit.
    pub fn invalid_arguments(message: String, hint: Option<String>) -> Self {
        let hint =
            hint.unwrap_or_else(|| "Correct the arguments and call again; nothing was changed.".to_owned());
        Self::lasting(ErrorCode::InvalidArguments, message, hint)
    }

    /// More calls at once than this server takes.
    pub fn busy() -> Self {
        let message = "This server is working on as many calls as it takes at once.";
        Self::passing(
            ErrorCode::Busy,
            message,
            "Call again in a moment; nothing was changed.",
        )
        .after(Duration::from_secs(2))
    }

    /// The call took longer than any call may.
    pub fn too_slow() -> Self {
        let message = "The call took too long and was given up.";
        let hint = "Call again with the same arguments: a repeat is safe and tells what is there.";
        Self::passing(ErrorCode::Timeout, message, hint)
    }

    /// A fault of ours.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "internal fault");
        Self::lasting(
            ErrorCode::Internal,
            "This server made a mistake.",
            "Report it, with the server's log.",
        )
    }

    /// The tool result: sentence with hint, then the JSON.
    pub fn into_result(self) -> CallToolResult {
        let json = serde_json::to_string(&self).unwrap_or_default();
        let sentence = format!("{} {}", self.message, self.hint);
        CallToolResult::error(vec![ContentBlock::text(sentence), ContentBlock::text(json)])
    }
}

/// `Coupon promotions here: 1 "Summer Sale", 2 "Welcome".`
pub(super) fn hint_of_choices(choices: &[PromotionChoice]) -> Option<String> {
    let choices: Vec<_> = choices.iter().map(describe_promotion).collect();
    (!choices.is_empty()).then(|| {
        format!(
            "Call again with the promotion_id of a coupon promotion: {}.",
            choices.join(", ")
        )
    })
}

fn describe_promotion(choice: &PromotionChoice) -> String {
    let name: String = choice.name.chars().take(80).collect();
    format!("{} \"{name}\"", choice.id)
}

impl From<CodeTextError> for ToolError {
    fn from(error: CodeTextError) -> Self {
        Self::invalid_arguments(
            format!("Argument \"code\" is not a possible coupon code: {error}."),
            Some("Choose another text, for example SUMMER-20; nothing was changed.".to_owned()),
        )
    }
}

impl From<CouponError> for ToolError {
    fn from(error: CouponError) -> Self {
        match error {
            CouponError::UnknownPromotion {
                promotion_id,
                choices,
            } => Self::lasting(
                ErrorCode::UnknownPromotion,
                format!("This store has no promotion {promotion_id}."),
                hint_of_choices(&choices).unwrap_or_else(|| {
                    "Look up the promotion's id in BigCommerce and call again.".to_owned()
                }),
            ),
            CouponError::Conflict { existing, owner } => conflict(&existing, &owner),
            CouponError::Rejected { refusal } => rejected(&refusal),
            CouponError::NotCreated { cause } => not_created(&cause.into()),
            CouponError::OutcomeUnknown { cause, lookup } => outcome_unknown(&cause.into(), &lookup.into()),
            CouponError::InProgress => Self::passing(
                ErrorCode::InProgress,
                "Another call for the same code is still under way.",
                "Call again in a moment with the same arguments; a repeat is safe.",
            )
            .after(Duration::from_secs(5)),
            CouponError::Api(error) => error.into(),
        }
    }
}

fn conflict(existing: &CouponCode, owner: &Owner) -> ToolError {
    let limits = format!(
        "max_uses {} and max_uses_per_customer {}",
        existing.limits.max_uses, existing.limits.max_uses_per_customer
    );
    let code = &existing.code;
    let (message, hint) = match owner {
        Owner::Same => (
            format!(
                "The code {code} exists already in this promotion with other limits: {limits}, used {} times.",
                existing.current_uses
            ),
            "Use it as it is, or choose another code: the limits of a code cannot be changed.".to_owned(),
        ),
        Owner::Other(promotions) => (
            format!(
                "The code {code} exists already in another promotion: {}, with {limits}.",
                promotions
                    .iter()
                    .take(3)
                    .map(describe_promotion)
                    .collect::<Vec<_>>()
                    .join(" or ")
            ),
            "Choose another code: a code is unique in the whole store, whatever its case.".to_owned(),
        ),
        Owner::Unknown => (
            format!("The code {code} exists already outside this promotion, with {limits}."),
            "Choose another code: a code is unique in the whole store, legacy coupons included.".to_owned(),
        ),
    };
    ToolError::lasting(ErrorCode::CodeConflict, message, hint)
}

fn rejected(refusal: &Refusal) -> ToolError {
    let message = match words(refusal) {
        Some(words) => format!("BigCommerce refused this: {words}"),
        None => "BigCommerce refused this without saying why.".to_owned(),
    };
    let hint = "Nothing was changed. Correct what BigCommerce names; a promotion of type SINGLE takes one code \
                only, an automatic promotion none.";
    ToolError::lasting(ErrorCode::Rejected, message, hint)
}

fn not_created(cause: &ToolError) -> ToolError {
    let message = format!(
        "{} The code was looked up afterwards and is not there.",
        cause.message
    );
    let hint = "Call again with the same arguments: a repeat is safe, it never makes a second code.";
    ToolError {
        retry_after_s: cause.retry_after_s,
        ..ToolError::passing(cause.code, message, hint)
    }
}

fn outcome_unknown(cause: &ToolError, lookup: &ToolError) -> ToolError {
    let message = format!(
        "It is not known whether the code was created. {} The look-up afterwards failed too: {}",
        cause.message, lookup.message
    );
    let hint = "Call again with the same arguments: a repeat is safe and tells what is there.";
    let error = ToolError::passing(ErrorCode::OutcomeUnknown, message, hint);
    ToolError {
        retry_after_s: lookup.retry_after_s.or(cause.retry_after_s),
        ..error
    }
}

impl From<ApiError> for ToolError {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::RateLimited {
                retry_after,
                overloaded,
            } => rate_limited(retry_after, overloaded),
            ApiError::Refused { status, refusal } => refused(status, &refusal),
            ApiError::Redirected { status } => Self::lasting(
                ErrorCode::Redirected,
                format!(
                    "The API answered with a redirect ({}), which is never followed.",
                    status.as_u16()
                ),
                "A redirect could carry the access token away. Check BIGCOMMERCE_API_URL; nothing was changed.",
            ),
            ApiError::NoAnswer(cause) => no_answer(cause),
            ApiError::Unreadable { status, problem } => unreadable(status, &problem),
            ApiError::Endpoint(error) => Self::lasting(
                ErrorCode::NotConfigured,
                format!("The API cannot be called: {error}."),
                "Correct the server's configuration; `coupon-mcp doctor` checks it.",
            ),
        }
    }
}

fn rate_limited(retry_after: Duration, overloaded: bool) -> ToolError {
    let (message, hint) = if overloaded {
        (
            "BigCommerce's platform is overloaded.",
            "Wait, then call again with the same arguments.",
        )
    } else {
        (
            "BigCommerce's rate limit for this store is used up.",
            "Wait retry_after_s seconds, then call again with the same arguments; all apps of the store share it.",
        )
    };
    ToolError::passing(ErrorCode::RateLimited, message, hint).after(retry_after)
}

fn refused(status: StatusCode, refusal: &Refusal) -> ToolError {
    let said = words(refusal).map_or(String::new(), |words| format!(" It says: {words}"));
    let number = status.as_u16();
    match status {
        StatusCode::UNAUTHORIZED => ToolError::lasting(
            ErrorCode::Unauthorized,
            format!("BigCommerce does not accept the access token (401).{said}"),
            "The operator must set BIGCOMMERCE_ACCESS_TOKEN to a token of an existing store-level API account; \
             `coupon-mcp doctor` checks it.",
        ),
        StatusCode::FORBIDDEN => ToolError::lasting(
            ErrorCode::Forbidden,
            format!("BigCommerce does not permit this (403).{said}"),
            "Either the token lacks the scope Marketing (modify to write, read-only to read), or \
             BIGCOMMERCE_STORE_HASH is not the hash of the token's store. The operator must correct one of the \
             two; `coupon-mcp doctor` tells which.",
        ),
        _ if refusal.says_suspended() => ToolError::lasting(
            ErrorCode::StoreSuspended,
            "The store is suspended.",
            "The merchant must settle this with BigCommerce; trying again does not help.",
        ),
        _ if status.is_server_error() || matches!(number, 408 | 499) => ToolError::passing(
            ErrorCode::UpstreamError,
            format!("BigCommerce failed with status {number}.{said}"),
            "Try again in a minute; if it stays, look at BigCommerce's status page.",
        ),
        _ => ToolError::lasting(
            ErrorCode::Rejected,
            format!("BigCommerce refused the request with status {number}.{said}"),
            "Correct what BigCommerce names and call again; nothing was changed.",
        ),
    }
}

fn no_answer(cause: NoAnswer) -> ToolError {
    match cause {
        NoAnswer::NotSent(why) => ToolError::passing(
            ErrorCode::ConnectionFailed,
            format!("BigCommerce's API could not be reached: {}.", clean(&why)),
            "Check the network, the proxy and BIGCOMMERCE_API_URL; nothing was sent.",
        ),
        NoAnswer::TimedOut(limit) => ToolError::passing(
            ErrorCode::Timeout,
            format!("BigCommerce did not answer within {} s.", limit.as_secs().max(1)),
            "Call again with the same arguments; a repeat is safe.",
        ),
        NoAnswer::Dropped => ToolError::passing(
            ErrorCode::ConnectionLost,
            "The connection to BigCommerce broke before its answer was complete.",
            "Call again with the same arguments; a repeat is safe.",
        ),
    }
}

fn unreadable(status: StatusCode, problem: &Unreadable) -> ToolError {
    ToolError::passing(
        ErrorCode::UnreadableAnswer,
        format!(
            "BigCommerce's answer (status {}) cannot be read: it has {problem}.",
            status.as_u16()
        ),
        "Call again with the same arguments; if it stays, a gateway between here and BigCommerce may be at fault.",
    )
}

/// BigCommerce's own words as a sentence, cleaned.
fn words(refusal: &Refusal) -> Option<String> {
    let words = clean(&refusal.to_string());
    let words = words.trim();
    if words.is_empty() {
        return None;
    }
    Some(if words.ends_with(['.', '!', '?', '…']) {
        words.to_owned()
    } else {
        format!("{words}.")
    })
}
