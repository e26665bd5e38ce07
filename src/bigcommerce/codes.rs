//! The coupon-code endpoints, one function each.

use serde_json::json;

use super::client::{Client, Request};
use super::error::ApiError;
use super::pacing::Operation;
use super::page::{CodePage, CodeQuery};
use super::patience::Patience;
use super::wire::{CouponCode, Many, NewCouponCode, One};

impl Client {
    /// `GET /promotions/{promotion_id}/codes` (`getPromotionCodes`): one page of a promotion's codes.
    ///
    /// # Errors
    /// Any [`ApiError`]. How an unknown promotion is answered (404 or an empty page) is not documented.
    pub async fn list_codes(
        &self,
        promotion_id: u64,
        query: &CodeQuery,
        patience: &Patience,
    ) -> Result<CodePage, ApiError> {
        let request = Request {
            operation: Operation::ListCodes,
            path: format!("promotions/{promotion_id}/codes"),
            query: query.parameters(),
            body: None,
        };
        self.send::<Many<CouponCode>>(&request, patience).await.map(CodePage::from)
    }

    /// `POST /promotions/{promotion_id}/codes` (`createPromotionCode`): creates one code.
    ///
    /// Sent at most once unless it was surely not processed; see [`ApiError::outcome_unknown`].
    ///
    /// # Errors
    /// Any [`ApiError`]. A code that is taken is refused, by live stores with 422.
    pub async fn create_code(
        &self,
        promotion_id: u64,
        code: &NewCouponCode<'_>,
        patience: &Patience,
    ) -> Result<CouponCode, ApiError> {
        let request = Request {
            operation: Operation::CreateCode,
            path: format!("promotions/{promotion_id}/codes"),
            query: Vec::new(),
            body: Some(json!(code)),
        };
        self.send::<One<CouponCode>>(&request, patience).await.map(|answer| answer.data)
    }

    /// `GET /promotions/codes?code=` (`getCouponCodeByCode`): the codes of that text, wherever they are.
    ///
    /// Whether the API compares case is not documented: compare the rows.
    ///
    /// # Errors
    /// Any [`ApiError`]. A text that is not there is an empty answer.
    pub async fn find_code(&self, code: &str, patience: &Patience) -> Result<Vec<CouponCode>, ApiError> {
        let request = Request {
            operation: Operation::FindCode,
            path: "promotions/codes".to_owned(),
            query: vec![("code", code.into())],
            body: None,
        };
        self.send::<Many<CouponCode>>(&request, patience).await.map(|answer| answer.data)
    }
}
