//! The promotion endpoints, one function each.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::client::{Answered, Client, Request};
use super::error::ApiError;
use super::limits::MAX_ROWS;
use super::operation::Operation;
use super::page::{PageFault, joined};
use super::patience::Patience;
use super::wire::{Many, One, Promotion};

/// Most promotions that `DELETE /promotions?id:in=` takes.
pub const MAX_DELETED_PROMOTIONS: usize = 50;

/// What `GET /promotions` filters by. What is not set is not sent: unknown parameters are refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PromotionQuery {
    /// "Filter items by both name or code".
    pub query: Option<String>,
    /// The promotions that hold this code.
    pub code: Option<String>,
    /// Exactly this name.
    pub name: Option<String>,
    /// `coupon` or `automatic`, in small letters here.
    pub redemption_type: Option<&'static str>,
    /// ISO 4217.
    pub currency_code: Option<String>,
    /// Promotions that target this channel, or all channels.
    pub channel: Option<u64>,
    /// The newest first, instead of the oldest.
    pub newest_first: bool,
    /// From 1.
    pub page: Option<u64>,
    /// Rows per page, 1-250; the API's default is 50.
    pub limit: Option<u32>,
}

impl PromotionQuery {
    fn parameters(&self) -> Vec<(&'static str, Cow<'_, str>)> {
        let mut parameters: Vec<(&'static str, Cow<'_, str>)> = Vec::new();
        let texts = [
            ("query", &self.query),
            ("code", &self.code),
            ("name", &self.name),
            ("currency_code", &self.currency_code),
        ];
        for (name, text) in texts {
            parameters.extend(text.as_ref().map(|text| (name, text.as_str().into())));
        }
        parameters.extend(self.redemption_type.map(|kind| ("redemption_type", kind.into())));
        if self.newest_first {
            parameters.extend([("sort", "id".into()), ("direction", "desc".into())]);
        }
        let numbers = [("channels", self.channel), ("page", self.page), ("limit", self.limit.map(u64::from))];
        for (name, number) in numbers {
            parameters.extend(number.map(|number| (name, number.to_string().into())));
        }
        parameters
    }
}

/// One page of promotions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromotionPage {
    /// The rows.
    pub promotions: Vec<Promotion>,
    /// Rows in all pages, where the API says.
    pub total: Option<u64>,
    /// Whether pages follow.
    pub more: bool,
}

impl Client {
    /// `GET /promotions` (`getPromotions`): one page of promotions.
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn list_promotions(
        &self,
        query: &PromotionQuery,
        patience: &Patience,
    ) -> Result<PromotionPage, ApiError> {
        let request = Request {
            operation: Operation::ListPromotions,
            path: "promotions".to_owned(),
            query: query.parameters(),
            body: None,
        };
        let answer = self.send::<Many<Promotion>>(&request, patience).await?;
        let pagination = answer.meta.pagination.unwrap_or_default();
        let claims_more = matches!(
            (pagination.current_page, pagination.total_pages), (Some(current), Some(total)) if current < total
        );
        let more = match (pagination.current_page, pagination.total_pages) {
            (Some(_), Some(_)) => claims_more,
            _ => query.limit.is_some_and(|limit| answer.data.len() >= limit as usize),
        };
        if claims_more && answer.data.is_empty() {
            return Err(PageFault::NothingNew.into());
        }
        Ok(PromotionPage {
            more: more && !answer.data.is_empty(),
            total: pagination.total.filter(|total| *total <= MAX_ROWS),
            promotions: answer.data,
        })
    }

    /// `GET /promotions` (`getPromotions`): coupon promotions, the newest first, at most `limit` (1-250).
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn newest_coupon_promotions(
        &self,
        limit: u32,
        patience: &Patience,
    ) -> Result<Vec<Promotion>, ApiError> {
        let query = PromotionQuery {
            redemption_type: Some("coupon"),
            newest_first: true,
            limit: Some(limit),
            ..PromotionQuery::default()
        };
        self.list_promotions(&query, patience).await.map(|page| page.promotions)
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
        let query = PromotionQuery { code: Some(code.to_owned()), ..PromotionQuery::default() };
        self.list_promotions(&query, patience).await.map(|page| page.promotions)
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

    /// `POST /promotions` (`createPromotion`). Sent at most once unless it was surely not processed; see
    /// [`ApiError::outcome_unknown`].
    ///
    /// # Errors
    /// Any [`ApiError`]; what BigCommerce does not accept is refused with 400 or 422.
    pub async fn create_promotion(
        &self,
        document: &Map<String, Value>,
        patience: &Patience,
    ) -> Result<Answered<Promotion>, ApiError> {
        let request = Request {
            operation: Operation::CreatePromotion,
            path: "promotions".to_owned(),
            query: Vec::new(),
            body: Some(Value::Object(document.clone())),
        };
        let Answered { status, value } = self.exchange::<One<Promotion>>(&request, patience).await?;
        Ok(Answered { status, value: value.data })
    }

    /// `PUT /promotions/{id}` (`updatePromotion`): a partial patch; what is not in it stays.
    ///
    /// # Errors
    /// Any [`ApiError`]; an unknown id is a refusal with 404.
    pub async fn update_promotion(
        &self,
        id: u64,
        patch: &Map<String, Value>,
        patience: &Patience,
    ) -> Result<Answered<Promotion>, ApiError> {
        let request = Request {
            operation: Operation::UpdatePromotion,
            path: format!("promotions/{id}"),
            query: Vec::new(),
            body: Some(Value::Object(patch.clone())),
        };
        let Answered { status, value } = self.exchange::<One<Promotion>>(&request, patience).await?;
        Ok(Answered { status, value: value.data })
    }

    /// `DELETE /promotions/{id}` (`deletePromotion`). 204 also for one that is not there: it proves nothing.
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn delete_promotion(&self, id: u64, patience: &Patience) -> Result<Answered<()>, ApiError> {
        let request = Request {
            operation: Operation::DeletePromotion,
            path: format!("promotions/{id}"),
            query: Vec::new(),
            body: None,
        };
        self.delete(&request, patience).await
    }

    /// `DELETE /promotions?id:in=` (`deletePromotions`): 1-[`MAX_DELETED_PROMOTIONS`] promotions. A refusal
    /// with 422 may have deleted some of them; promotions with codes are refused.
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn delete_promotions(
        &self,
        ids: &[u64],
        patience: &Patience,
    ) -> Result<Answered<()>, ApiError> {
        let request = Request {
            operation: Operation::DeletePromotions,
            path: "promotions".to_owned(),
            query: vec![("id:in", joined(ids).into())],
            body: None,
        };
        self.delete(&request, patience).await
    }

    pub(crate) async fn delete(
        &self,
        request: &Request<'_>,
        patience: &Patience,
    ) -> Result<Answered<()>, ApiError> {
        let answered = self.exchange::<Option<IgnoredAny>>(request, patience).await?;
        Ok(Answered { status: answered.status, value: () })
    }
}
