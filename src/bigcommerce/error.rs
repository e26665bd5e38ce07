//! What can go wrong between us and BigCommerce.
//!
//! [`ApiError`] is the only error that leaves this module; the tools turn it into words for a model in one
//! place. The HTTP status is kept whatever the body is.

use std::time::Duration;

use http::StatusCode;

use super::endpoint::EndpointError;
use super::limits::TooLong;
use super::page::PageFault;
use super::refusal::Refusal;

/// A request that did not give a usable answer.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The quota of the store (or of one endpoint) is used up, and waiting for it would take longer than the
    /// call may.
    #[error("rate limited, free again in {} ms", retry_after.as_millis())]
    RateLimited {
        /// When a new call has a chance.
        retry_after: Duration,
        /// 429 without rate headers: the platform, not our quota, is at its limit.
        overloaded: bool,
    },
    /// As many requests of this process as the endpoint takes at once were under way all the time.
    #[error("too many requests of our own at once")]
    Congested,
    /// BigCommerce answered with a 4xx or 5xx status.
    #[error("answered {status} {refusal}")]
    Refused {
        /// The HTTP status.
        status: StatusCode,
        /// BigCommerce's own words, if it said any.
        refusal: Refusal,
    },
    /// BigCommerce answered with a redirect, which is never followed: it would carry the token away.
    #[error("answered with a redirect ({status}), which is not followed")]
    Redirected {
        /// The HTTP status.
        status: StatusCode,
    },
    /// No HTTP answer came.
    #[error("{0}")]
    NoAnswer(NoAnswer),
    /// A success status whose body cannot be used.
    #[error("answered {status} with {problem}")]
    Unreadable {
        /// The HTTP status.
        status: StatusCode,
        /// What is wrong with the body.
        problem: Unreadable,
    },
    /// There is nothing to call.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// No connection could be made; the request was surely not processed.
    #[error("no connection: {0}")]
    NotSent(String),
    /// The answer did not come in time; the request may have been processed.
    #[error("no answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// The connection broke; the request may have been processed.
    #[error("the connection broke before the answer was complete")]
    Dropped,
}

/// What is wrong with the body of a success.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Nothing in it.
    #[error("an empty body")]
    Empty,
    /// Not JSON, or JSON that breaks off.
    #[error("a body that is not complete JSON")]
    NotJson,
    /// JSON of another shape.
    #[error("JSON of an unexpected shape at `{0}`")]
    Shape(String),
    /// More than the cap, with the length that was announced.
    #[error("a body of {}more than {most} bytes", length.map_or(String::new(), |length| format!("{length} bytes, ")))]
    TooLarge {
        /// Most bytes.
        most: usize,
        /// Its length, where that was announced.
        length: Option<u64>,
    },
    /// A text in it that is longer than it can be.
    #[error("{0}")]
    TooLong(TooLong),
    /// Pages that are no list.
    #[error("{0}")]
    Pages(PageFault),
}

impl Unreadable {
    /// Whether the same request may be answered well: a body that is broken may come whole, what it says stays.
    pub fn may_pass(&self) -> bool {
        !matches!(self, Self::TooLong(_) | Self::Pages(_))
    }
}

impl From<PageFault> for ApiError {
    fn from(fault: PageFault) -> Self {
        Self::Unreadable { status: StatusCode::OK, problem: Unreadable::Pages(fault) }
    }
}

impl ApiError {
    /// The HTTP status, if one came.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused { status, .. } | Self::Redirected { status } | Self::Unreadable { status, .. } => {
                Some(*status)
            }
            Self::RateLimited { .. } => Some(StatusCode::TOO_MANY_REQUESTS),
            Self::NoAnswer(_) | Self::Congested | Self::Endpoint(_) => None,
        }
    }

    /// Whether the same request may succeed later.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreadable { problem, .. } => problem.may_pass(),
            Self::RateLimited { .. } | Self::Congested | Self::NoAnswer(_) => true,
            Self::Refused { .. } | Self::Redirected { .. } | Self::Endpoint(_) => self.outcome_unknown(),
        }
    }

    /// Whether a write that ended like this may have been carried out all the same.
    pub fn outcome_unknown(&self) -> bool {
        match self {
            Self::NoAnswer(NoAnswer::NotSent(_))
            | Self::RateLimited { .. }
            | Self::Congested
            | Self::Redirected { .. }
            | Self::Endpoint(_) => false,
            Self::NoAnswer(_) | Self::Unreadable { .. } => true,
            Self::Refused { status, refusal } => {
                (status.is_server_error() && !refusal.says_suspended())
                    || *status == StatusCode::REQUEST_TIMEOUT
                    || status.as_u16() == 499
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16) -> ApiError {
        ApiError::Refused { status: StatusCode::from_u16(status).unwrap(), refusal: Refusal::default() }
    }

    #[test]
    fn a_write_is_in_doubt_exactly_when_it_may_have_been_processed() {
        let in_doubt = [408, 499, 500, 502, 503, 504];
        for status in [400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 423, 499, 500, 502, 503, 504] {
            assert_eq!(refused(status).outcome_unknown(), in_doubt.contains(&status), "{status}");
        }
        assert!(!ApiError::NoAnswer(NoAnswer::NotSent("refused".into())).outcome_unknown());
        assert!(ApiError::NoAnswer(NoAnswer::Dropped).outcome_unknown());
        assert!(ApiError::NoAnswer(NoAnswer::TimedOut(Duration::from_secs(1))).outcome_unknown());
        let status = StatusCode::CREATED;
        assert!(ApiError::Unreadable { status, problem: Unreadable::NotJson }.outcome_unknown());
    }
}
