//! Creating one code, safely repeatable.

use http::StatusCode;

use crate::bigcommerce::wire::NewCouponCode;
use crate::bigcommerce::{ApiError, Patience, Refusal};

use super::error::Owner;
use super::{CodeText, CouponCode, CouponError, Store, UseLimits};

/// What to create.
#[derive(Debug, Clone)]
pub struct NewCode {
    /// The promotion that it belongs to.
    pub promotion_id: u64,
    /// The text.
    pub code: CodeText,
    /// Uses in all, 0 = unlimited.
    pub max_uses: u32,
    /// Uses per customer, 0 = unlimited.
    pub max_uses_per_customer: u32,
}

/// The code as it now is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The code.
    pub code: CouponCode,
    /// How it came to be there.
    pub outcome: Outcome,
    /// Whether this call made it, as far as can be told: also where the answer was lost and the code is there.
    pub ours: bool,
}

/// How a code came to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// This call made it.
    Created,
    /// It was there with the same limits when BigCommerce was asked: from before, or by an attempt of ours
    /// whose answer was lost.
    AlreadyExisted,
}

impl NewCode {
    fn limits(&self) -> UseLimits {
        UseLimits { max_uses: self.max_uses.into(), max_uses_per_customer: self.max_uses_per_customer.into() }
    }
}

impl Store {
    /// Creates a code. The same call again does no harm: it reports what is there.
    ///
    /// The API has no idempotency key, but a code's text is unique in the store, so a refusal and a lost
    /// answer are both settled by looking the text up; the request itself is not sent twice.
    ///
    /// # Errors
    /// Any [`CouponError`]; after [`CouponError::OutcomeUnknown`] the same call again tells the truth.
    pub async fn create_code(&self, new: &NewCode, patience: &Patience) -> Result<Created, CouponError> {
        let _turn = self.turns.take(&new.code, patience).await?;
        let request = NewCouponCode {
            code: new.code.as_str(),
            max_uses: new.max_uses,
            max_uses_per_customer: new.max_uses_per_customer,
        };
        match self.client.create_code(new.promotion_id, &request, patience).await {
            Ok(code) => Ok(Created { code: code.into(), outcome: Outcome::Created, ours: true }),
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => {
                Err(self.unknown_promotion(new.promotion_id, patience).await)
            }
            Err(cause) if cause.outcome_unknown() => self.settle_lost(new, cause, patience).await,
            Err(ApiError::Refused { status, refusal }) if may_mean_taken(status) => {
                self.settle_refused(new, refusal, patience).await
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn settle_lost(
        &self,
        new: &NewCode,
        cause: ApiError,
        patience: &Patience,
    ) -> Result<Created, CouponError> {
        match self.find_existing(new, patience).await {
            Ok(Some(existing)) => existing.map(|created| Created { ours: true, ..created }),
            Ok(None) => Err(CouponError::NotCreated { cause }),
            Err(lookup) => Err(CouponError::OutcomeUnknown { cause, lookup }),
        }
    }

    async fn settle_refused(
        &self,
        new: &NewCode,
        refusal: Refusal,
        patience: &Patience,
    ) -> Result<Created, CouponError> {
        match self.find_existing(new, patience).await {
            Ok(Some(existing)) => existing,
            // Which refusal an unknown promotion gets is not documented either.
            Ok(None) if !self.promotion_exists(new.promotion_id, patience).await.unwrap_or(true) => {
                Err(self.unknown_promotion(new.promotion_id, patience).await)
            }
            Ok(None) if self.is_legacy(&new.code, patience).await => {
                Err(CouponError::LegacyCoupon { code: new.code.to_string() })
            }
            Ok(None) => Err(CouponError::Rejected { refusal, lookup: None }),
            // Without a look-up, BigCommerce's words are still the best there is.
            Err(lookup) => Err(CouponError::Rejected { refusal, lookup: Some(lookup) }),
        }
    }

    /// What became of a creation whose answer was lost: the code if it is there as it should be, `None` if there is
    /// no code of this text.
    ///
    /// # Errors
    /// [`CouponError::Conflict`] where the text is there otherwise, or the look-up failed.
    pub async fn look_up_created(
        &self,
        new: &NewCode,
        patience: &Patience,
    ) -> Result<Option<Created>, CouponError> {
        self.find_existing(new, patience).await?.transpose()
    }

    /// Whether a coupon of the older kind has this text. What cannot be read is taken for no.
    pub async fn is_legacy(&self, code: &CodeText, patience: &Patience) -> bool {
        let found = self.client.find_legacy_coupons(code.as_str(), patience).await.unwrap_or_default();
        let legacy = |kind: Option<&str>| kind.is_none_or(|kind| kind != "promotion");
        found.iter().any(|coupon| code.matches(&coupon.code) && legacy(coupon.kind.as_deref()))
    }

    /// The verdict on the code that has this text, if there is one.
    async fn find_existing(
        &self,
        new: &NewCode,
        patience: &Patience,
    ) -> Result<Option<Result<Created, CouponError>>, ApiError> {
        let Some(code) = self.find_anywhere(&new.code, patience).await? else {
            return Ok(None);
        };
        let owner = self.owner_of(&code, new.promotion_id, patience).await?;
        Ok(Some(if owner == Owner::Same && code.limits == new.limits() {
            Ok(Created { code, outcome: Outcome::AlreadyExisted, ours: false })
        } else {
            Err(CouponError::Conflict { existing: code, owner })
        }))
    }
}

/// Refusals that may stand for "this code is taken"; live stores send 422, the documents name none.
fn may_mean_taken(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 405 | 409 | 422 | 423)
}
