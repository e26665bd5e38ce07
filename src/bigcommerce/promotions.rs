//! The promotion endpoints, one function each.

use super::client::{Client, Request};
use super::error::ApiError;
use super::pacing::Operation;
use super::patience::Patience;
use super::wire::{Many, One, Promotion};

impl Client {
    /// `GET /promotions` (`getPromotions`): coupon promotions, the newest first, at most `limit` (1-250).
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn newest_coupon_promotions(
        &self,
        limit: u32,
        patience: &Patience,
    ) -> Result<Vec<Promotion>, ApiError> {
        let query = vec![
            ("redemption_type", "coupon".into()),
            ("sort", "id".into()),
            ("direction", "desc".into()),
            ("limit", limit.to_string().into()),
        ];
        self.promotions(query, patience).await
    }

    /// `GET /promotions?code=` (`getPromotions`): the promotions that hold this code. Codes do not carry
    /// their promotion's id, so this is the way to their owner.
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn promotions_with_code(
        &self,
        code: &str,
        patience: &Patience,
    ) -> Result<Vec<Promotion>, ApiError> {
        self.promotions(vec![("code", code.into())], patience).await
    }

    /// `GET /promotions/{id}` (`getPromotion`).
    ///
    /// # Errors
    /// Any [`ApiError`]; an unknown id is a refusal with 404.
    pub async fn get_promotion(&self, id: u64, patience: &Patience) -> Result<Promotion, ApiError> {
        let request = Request {
            operation: Operation::GetPromotion,
            path: format!("promotions/{id}"),
            query: Vec::new(),
            body: None,
        };
        self.send::<One<Promotion>>(&request, patience).await.map(|answer| answer.data)
    }

    async fn promotions(
        &self,
        query: Vec<(&'static str, std::borrow::Cow<'_, str>)>,
        patience: &Patience,
    ) -> Result<Vec<Promotion>, ApiError> {
        let request = Request {
            operation: Operation::ListPromotions,
            path: "promotions".to_owned(),
            query,
            body: None,
        };
        self.send::<Many<Promotion>>(&request, patience).await.map(|answer| answer.data)
    }
}
