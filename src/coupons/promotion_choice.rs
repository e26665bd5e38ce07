//! Promotions to choose from, for a caller who named none or one that does not exist.

use http::StatusCode;

use crate::bigcommerce::page::MAX_LIMIT;
use crate::bigcommerce::{ApiError, PageGuard, Patience, PromotionQuery, wire};

use super::{CouponError, Store, clean};

/// At most so many are offered.
const CHOICES: u32 = 10;

/// A promotion by id and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromotionChoice {
    /// Identifier.
    pub id: u64,
    /// The internal name, cleaned.
    pub name: String,
}

impl From<wire::Promotion> for PromotionChoice {
    fn from(promotion: wire::Promotion) -> Self {
        Self { id: promotion.id, name: clean(promotion.name.as_deref().unwrap_or_default()) }
    }
}

impl Store {
    /// Up to ten coupon promotions, the newest first.
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn promotion_choices(&self, patience: &Patience) -> Result<Vec<PromotionChoice>, ApiError> {
        let promotions = self.client.newest_coupon_promotions(CHOICES, patience).await?;
        Ok(promotions.into_iter().take(CHOICES as usize).map(PromotionChoice::from).collect())
    }

    /// All coupon promotions, the oldest first. One request for every 250.
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn coupon_promotions(&self, patience: &Patience) -> Result<Vec<PromotionChoice>, ApiError> {
        let mut promotions: Vec<PromotionChoice> = Vec::new();
        let mut guard = PageGuard::new(MAX_LIMIT, None);
        for page in 1.. {
            let query = PromotionQuery {
                redemption_type: Some("coupon"),
                page: Some(page),
                limit: Some(MAX_LIMIT),
                ..PromotionQuery::default()
            };
            let read = self.client.list_promotions(&query, patience).await?;
            guard.pass(read.promotions.iter().map(|promotion| promotion.id), read.total, None)?;
            promotions.extend(read.promotions.into_iter().map(PromotionChoice::from));
            if !read.more {
                break;
            }
        }
        Ok(promotions)
    }

    /// Whether the store has the promotion.
    pub(super) async fn promotion_exists(&self, id: u64, patience: &Patience) -> Result<bool, ApiError> {
        match self.client.get_promotion(id, patience).await {
            Ok(_) => Ok(true),
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The error for a promotion that is not there, with others to choose from.
    pub async fn unknown_promotion(&self, promotion_id: u64, patience: &Patience) -> CouponError {
        match self.promotion_choices(patience).await {
            Ok(choices) => CouponError::UnknownPromotion { promotion_id, choices },
            // Nothing is found at this address: that is no matter of one promotion.
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => error.into(),
            Err(_) => CouponError::UnknownPromotion { promotion_id, choices: Vec::new() },
        }
    }
}
