//! Why a use case did not do what was asked.

use crate::bigcommerce::{ApiError, Refusal};

use super::{CouponCode, PromotionChoice};

/// A failure of a use case, in the domain's terms.
#[derive(Debug, thiserror::Error)]
pub enum CouponError {
    /// The store has no such promotion.
    #[error("promotion {promotion_id} does not exist")]
    UnknownPromotion {
        /// The id asked for.
        promotion_id: u64,
        /// Coupon promotions that do exist; empty when they could not be read.
        choices: Vec<PromotionChoice>,
    },
    /// No code of the store has this text.
    #[error("there is no code {code}")]
    UnknownCode {
        /// The text.
        code: String,
    },
    /// The text belongs to a coupon of the older kind, which shares the code space.
    #[error("the code {code} is a legacy coupon")]
    LegacyCoupon {
        /// The text.
        code: String,
    },
    /// The code exists with other limits, or in another promotion.
    #[error("the code {} exists already", existing.code)]
    Conflict {
        /// The code as it is.
        existing: CouponCode,
        /// Where it is.
        owner: Owner,
    },
    /// BigCommerce refused, and not because the code exists.
    #[error("refused: {refusal}")]
    Rejected {
        /// BigCommerce's own words.
        refusal: Refusal,
        /// Why it could not be looked up whether the code is there already.
        lookup: Option<ApiError>,
    },
    /// No usable answer came; the code was looked up afterwards and was not there.
    #[error("{cause}; not there afterwards")]
    NotCreated {
        /// What happened to the request.
        cause: ApiError,
    },
    /// No usable answer came, and the look-up failed too.
    #[error("{cause}; then {lookup}")]
    OutcomeUnknown {
        /// What happened to the request.
        cause: ApiError,
        /// What happened to the look-up.
        lookup: ApiError,
    },
    /// Another call for the same code is under way and takes too long to wait for.
    #[error("another call for this code is under way")]
    InProgress,
    /// The call has too little time left to begin this and to see it through.
    #[error("too little time was left")]
    OutOfTime,
    /// The API could not be used.
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// Which promotion holds a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// The promotion asked for.
    Same,
    /// Other promotions (one, unless the API's filter matched in part).
    Other(Vec<PromotionChoice>),
    /// Not to be found out, for example because the code is a legacy coupon.
    Unknown,
}

impl CouponError {
    /// The HTTP status that the write ended with, if one came.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api(cause) | Self::NotCreated { cause } | Self::OutcomeUnknown { cause, .. } => {
                cause.status().map(|status| status.as_u16())
            }
            Self::Conflict { .. } | Self::LegacyCoupon { .. } | Self::Rejected { .. } => Some(422),
            Self::UnknownPromotion { .. } => Some(404),
            Self::UnknownCode { .. } | Self::InProgress | Self::OutOfTime => None,
        }
    }
}
