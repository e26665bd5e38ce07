//! The only place where a failure of the domain or of the API becomes words for a model.
//!
//! BigCommerce's own words are quoted where it sent JSON, cleaned; the text of other bodies never is.

mod change;

use std::time::Duration;

use http::StatusCode;

use crate::bigcommerce::{ApiError, EndpointError, NoAnswer, Refusal, Unreadable};
use crate::coupons::error::Owner;
use crate::coupons::text::times;
use crate::coupons::{CodeTextError, CouponCode, CouponError, PromotionChoice, clean, quoted};

use super::error::{ErrorCode, ToolError};

/// Where a person finds the id that a model was not told.
const WHERE_THE_ID_IS: &str = "In the control panel the id is the last number in the address of the opened \
                               promotion (Marketing > Promotions > Coupon promotions).";

/// Promotions to choose from, by id and name, and where else an id is to be had.
pub(super) fn hint_of_choices(choices: &[PromotionChoice]) -> String {
    let choices: Vec<_> = choices.iter().map(describe_promotion).collect();
    if choices.is_empty() {
        return format!("list_promotions tells the ids of promotions. {WHERE_THE_ID_IS}");
    }
    let choices = choices.join(", ");
    format!("Call again with the promotion_id of a coupon promotion: {choices}. {WHERE_THE_ID_IS}")
}

fn describe_promotion(choice: &PromotionChoice) -> String {
    format!("{} {}", choice.id, quoted(&choice.name))
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
            CouponError::UnknownPromotion { promotion_id, choices } => Self::lasting(
                ErrorCode::UnknownPromotion,
                format!("This store has no promotion {promotion_id}."),
                hint_of_choices(&choices),
            ),
            CouponError::UnknownCode { code } => Self::lasting(
                ErrorCode::UnknownCode,
                format!("This store has no coupon code {}.", quoted(&code)),
                "check_coupon_code looks for slips of the keyboard and for legacy coupons; list_coupon_codes shows \
                 a promotion's codes. Nothing was changed.",
            ),
            CouponError::LegacyCoupon { code } => Self::lasting(
                ErrorCode::CodeConflict,
                format!("The code {code} belongs to a legacy coupon, which this server does not change."),
                "Choose another code: legacy coupons share the code space. The control panel has them under \
                 Marketing > Coupon codes. Nothing was changed.",
            ),
            CouponError::Conflict { existing, owner } => conflict(&existing, &owner),
            CouponError::Rejected { refusal, lookup } => rejected(&refusal, lookup.map(Self::from).as_ref()),
            CouponError::NotCreated { cause } => not_created(&cause.into()),
            CouponError::OutcomeUnknown { cause, lookup } => outcome_unknown(&cause.into(), &lookup.into()),
            CouponError::OutOfTime => Self::passing(
                ErrorCode::Timeout,
                "The call had too little time left to begin this and to see it through.",
                "Call again with the same arguments; BigCommerce was slow, or its rate limit near.",
            ),
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
                "The code {code} exists already in this promotion with other limits: {limits}, used {}.",
                times(existing.current_uses)
            ),
            "Use it as it is, choose another code, or give this one other limits with replace_coupon_code."
                .to_owned(),
        ),
        Owner::Other(promotions) => (
            format!(
                "The code {code} exists already in another promotion: {}, with {limits}.",
                promotions.iter().take(3).map(describe_promotion).collect::<Vec<_>>().join(" or ")
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

fn rejected(refusal: &Refusal, lookup: Option<&ToolError>) -> ToolError {
    let message = match words(refusal) {
        Some(words) => format!("BigCommerce refused this: {words}"),
        None => "BigCommerce refused this without saying why.".to_owned(),
    };
    if let Some(lookup) = lookup {
        let hint = "It could not be looked up whether the code is there already. Call again with the same \
                    arguments: a repeat is safe and tells.";
        let error = ToolError::passing(ErrorCode::Rejected, message, hint);
        return ToolError { retry_after_s: lookup.retry_after_s, ..error };
    }
    let hint = "Nothing was changed. Correct what BigCommerce names; a promotion of type SINGLE takes one code \
                only, an automatic promotion none.";
    ToolError::lasting(ErrorCode::Rejected, message, hint)
}

fn not_created(cause: &ToolError) -> ToolError {
    let message = format!("{} The code was looked up afterwards and is not there.", cause.message);
    let hint = "Call again with the same arguments: a repeat is safe, it never makes a second code.";
    ToolError { retry_after_s: cause.retry_after_s, ..ToolError::passing(cause.code, message, hint) }
}

fn outcome_unknown(cause: &ToolError, lookup: &ToolError) -> ToolError {
    let message = format!(
        "It is not known whether the code was created. {} The look-up afterwards failed too: {}",
        cause.message, lookup.message
    );
    let hint = "Call again with the same arguments: a repeat is safe and tells what is there.";
    let error = ToolError::passing(ErrorCode::OutcomeUnknown, message, hint);
    ToolError { retry_after_s: lookup.retry_after_s.or(cause.retry_after_s), ..error }
}

impl From<ApiError> for ToolError {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::RateLimited { retry_after, overloaded } => rate_limited(retry_after, overloaded),
            ApiError::Congested => Self::busy(),
            ApiError::Refused { status, refusal } => refused(status, &refusal),
            ApiError::Redirected { status } => Self::lasting(
                ErrorCode::Redirected,
                format!("The API answered with a redirect ({}), which is never followed.", status.as_u16()),
                "A redirect could carry the access token away. Check BIGCOMMERCE_API_URL; nothing was changed.",
            ),
            ApiError::NoAnswer(cause) => no_answer(cause),
            ApiError::Unreadable { status, problem } => unreadable(status, &problem),
            ApiError::Endpoint(error @ EndpointError::Sandbox(_)) => Self::passing(
                ErrorCode::ConnectionFailed,
                format!("{}.", sentence(&error)),
                "Check the file of --sandbox-data: it may be in use or not writable. Then call again.",
            ),
            ApiError::Endpoint(error) => Self::lasting(
                ErrorCode::NotConfigured,
                format!("The API cannot be called: {error}."),
                "Correct the server's configuration; `coupon-mcp doctor` checks it.",
            ),
        }
    }
}

/// An error's text with a capital.
fn sentence(error: &dyn std::error::Error) -> String {
    let text = clean(&error.to_string());
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

fn rate_limited(retry_after: Duration, overloaded: bool) -> ToolError {
    let (message, hint) = if overloaded {
        ("BigCommerce's platform is overloaded.", "Wait, then call again with the same arguments.")
    } else {
        (
            "BigCommerce's rate limit for this store is reached.",
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
            "The operator must set BIGCOMMERCE_ACCESS_TOKEN to the token of an existing store-level API account.",
        ),
        StatusCode::FORBIDDEN => ToolError::lasting(
            ErrorCode::Forbidden,
            format!("BigCommerce does not permit this (403).{said}"),
            "Either the token lacks the scope Marketing (modify to write, read-only to read), or \
             BIGCOMMERCE_STORE_HASH is not the hash of the token's store. Where reading works and writing does \
             not, it is the scope.",
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
            if status == StatusCode::NOT_FOUND {
                "Nothing is found at this address: check BIGCOMMERCE_API_URL and BIGCOMMERCE_STORE_HASH."
            } else {
                "Correct what BigCommerce names and call again; nothing was changed."
            },
        ),
    }
}

fn no_answer(cause: NoAnswer) -> ToolError {
    match cause {
        NoAnswer::NotSent(why) => {
            let hint = if why.contains("certificate") {
                "Where a company's proxy reads along, name its authority's file by SSL_CERT_FILE; nothing was sent."
            } else {
                "Check the network, the proxy and BIGCOMMERCE_API_URL; nothing was sent."
            };
            let message = format!("BigCommerce's API could not be reached: {}.", clean(&why));
            ToolError::passing(ErrorCode::ConnectionFailed, message, hint)
        }
        NoAnswer::TimedOut(limit) => ToolError::passing(
            ErrorCode::Timeout,
            format!(
                "BigCommerce did not answer in time; the last request was given {} s.",
                limit.as_secs().max(1)
            ),
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
    let message =
        format!("BigCommerce's answer (status {}) cannot be read: it has {problem}.", status.as_u16());
    if !problem.may_pass() {
        let hint = "BigCommerce's documents allow no such answer, so a repeat is likely to meet it again: check that \
                    BIGCOMMERCE_API_URL leads to BigCommerce itself.";
        return ToolError::lasting(ErrorCode::UnreadableAnswer, message, hint);
    }
    ToolError::passing(
        ErrorCode::UnreadableAnswer,
        message,
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
    Some(if words.ends_with(['.', '!', '?', '…']) { words.to_owned() } else { format!("{words}.") })
}
