//! Why a change was not made.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::bigcommerce::ApiError;
use crate::coupons::code_shape::ShapeError;
use crate::coupons::import::ImportFault;
use crate::coupons::store_time::{Examples, TimeFault};
use crate::coupons::{CodeTextError, CouponError};
use crate::jobs::JournalError;
use crate::policy::Violation;
use crate::state::StateError;

/// A change that was refused or could not be planned. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// Arguments that each fit and together do not, or do not fit what the store holds.
    #[error("{message}")]
    Invalid {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// A date cannot be read, or not without the store's time zone.
    #[error("argument {argument}: {fault}")]
    Time {
        /// The argument.
        argument: &'static str,
        /// What is wrong with it.
        fault: TimeFault,
        /// What could have been given.
        examples: Box<Examples>,
    },
    /// A text that cannot be a code.
    #[error(transparent)]
    CodeText(#[from] CodeTextError),
    /// A code that is there already.
    #[error("the code {code} is taken")]
    Taken {
        /// The text.
        code: String,
    },
    /// The store or its API.
    #[error(transparent)]
    Coupon(#[from] CouponError),
    /// A rule of the operator.
    #[error(transparent)]
    Policy(#[from] Violation),
    /// A ceiling of the operator for 24 hours.
    #[error("{rule} = {limit} is used up")]
    DailyCeiling {
        /// The rule.
        rule: &'static str,
        /// Its value.
        limit: u64,
        /// How much of it is used.
        used: u64,
        /// How much was asked for.
        amount: u64,
        /// When enough of it is free again, and how long that is from now; `None` if that much never is.
        frees: Option<(Timestamp, Duration)>,
    },
    /// What the server remembers cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// The audit log cannot be written, and the operator requires it.
    #[error("the audit log cannot be written: {0}")]
    Audit(StateError),
    /// Another change of this store is under way and takes too long to wait for.
    #[error("another change is under way")]
    Busy,
    /// A job has to end before this can begin, or runs elsewhere.
    #[error("the job {id} is under way")]
    JobUnderWay {
        /// The job.
        id: String,
    },
    /// No job of this id.
    #[error("there is no job {id}")]
    UnknownJob {
        /// The id asked for.
        id: String,
    },
    /// The journal of the jobs was used as it must not be.
    #[error(transparent)]
    Journal(JournalError),
    /// Codes that cannot be had as asked for.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// Codes to import that cannot be taken as they are.
    #[error(transparent)]
    Import(#[from] ImportFault),
    /// No change of this id, or none at all that this caller could take back.
    #[error("there is no change to undo")]
    UnknownChange {
        /// The id asked for.
        id: Option<String>,
    },
    /// The change was taken back before.
    #[error("the change is undone already")]
    AlreadyUndone {
        /// The change.
        id: String,
    },
    /// The change left nothing to take back.
    #[error("the change cannot be undone")]
    NotUndoable {
        /// The change.
        id: String,
        /// Why.
        why: String,
    },
    /// Somebody edited what the change made.
    #[error("changed since")]
    ChangedSince {
        /// What is not as the change left it.
        what: String,
    },
}

impl ChangeError {
    /// Arguments that do not fit together.
    pub fn invalid(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Invalid { message: message.into(), hint: hint.into() }
    }

    /// A date that could not be read at `now`, in a store whose clocks are in `zone`.
    pub fn misread(
        argument: &'static str,
        fault: TimeFault,
        now: Timestamp,
        zone: Option<&TimeZone>,
    ) -> Self {
        Self::Time { argument, fault, examples: Box::new(Examples::at(now, zone)) }
    }
}

impl From<ApiError> for ChangeError {
    fn from(error: ApiError) -> Self {
        Self::Coupon(error.into())
    }
}
