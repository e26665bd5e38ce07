//! The coupon-code endpoints, one function each.

use serde_json::json;

use super::client::{Answered, Client, Request};
use super::error::ApiError;
use super::operation::Operation;
use super::page::{CodePage, CodeQuery, joined};
use super::patience::Patience;
use super::wire::{CouponCode, GeneratedBatch, Many, NewBatch, NewCouponCode, One};

/// Most codes that `DELETE /promotions/{promotion_id}/codes?id:in=` takes (250 since 2026-02; 50 before).
pub const MAX_DELETED_CODES: usize = 250;
/// What older documents give for it.
pub const MAX_DELETED_CODES_BEFORE: usize = 50;
/// Most codes that `POST /promotions/{promotion_id}/codegen` makes at once.
pub const MAX_BATCH: u32 = 250;

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

    /// `POST /promotions/{promotion_id}/codegen` (`generatePromotionCodesBatch`): makes 1-[`MAX_BATCH`] codes and
    /// answers their texts.
    ///
    /// Not idempotent: after an answer that was lost, only listing the promotion tells whether a batch was made.
    /// Sent at most once unless it was surely not processed; see [`ApiError::outcome_unknown`].
    ///
    /// # Errors
    /// Any [`ApiError`]: 405 for a promotion that is not a coupon promotion of type BULK.
    pub async fn generate_codes(
        &self,
        promotion_id: u64,
        batch: &NewBatch<'_>,
        patience: &Patience,
    ) -> Result<Vec<String>, ApiError> {
        let request = Request {
            operation: Operation::GenerateCodes,
            path: format!("promotions/{promotion_id}/codegen"),
            query: Vec::new(),
            body: Some(json!(batch)),
        };
        let made = self.send::<One<GeneratedBatch>>(&request, patience).await?;
        Ok(made.data.codes.into_iter().map(|made| made.code).collect())
    }

    /// `DELETE /promotions/{promotion_id}/codes?id:in=` (`deleteCouponCodes`): 1-[`MAX_DELETED_CODES`] codes.
    /// A refusal with 422 may have deleted some of them.
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn delete_codes(
        &self,
        promotion_id: u64,
        ids: &[u64],
        patience: &Patience,
    ) -> Result<Answered<()>, ApiError> {
        let request = Request {
            operation: Operation::DeleteCodes,
            path: format!("promotions/{promotion_id}/codes"),
            query: vec![("id:in", joined(ids).into())],
            body: None,
        };
        self.delete(&request, patience).await
    }

    /// `DELETE /promotions/{promotion_id}/codes/{code_id}` (`deleteCouponCode`). 204 also for a code that is
    /// not there: it proves nothing.
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn delete_code(
        &self,
        promotion_id: u64,
        code_id: u64,
        patience: &Patience,
    ) -> Result<Answered<()>, ApiError> {
        let request = Request {
            operation: Operation::DeleteCode,
            path: format!("promotions/{promotion_id}/codes/{code_id}"),
            query: Vec::new(),
            body: None,
        };
        self.delete(&request, patience).await
    }

    /// `DELETE /promotions/codes?code=` (`deleteCouponCodeByCode`). 204 also for a code that is not there.
    /// What the API does without a text is not documented, which is why this takes no empty one.
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn delete_code_by_text(
        &self,
        code: &str,
        patience: &Patience,
    ) -> Result<Answered<()>, ApiError> {
        debug_assert!(!code.trim().is_empty(), "the domain parses codes before they get here");
        let request = Request {
            operation: Operation::DeleteCodeByText,
            path: "promotions/codes".to_owned(),
            query: vec![("code", code.into())],
            body: None,
        };
        self.delete(&request, patience).await
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
