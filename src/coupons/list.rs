//! Listing a promotion's codes, page by page.

use http::StatusCode;

use crate::bigcommerce::{ApiError, CodePage, CodeQuery, Patience, Position};

use super::{CodeText, CouponCode, CouponError, Store};

/// What to list.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// The promotion.
    pub promotion_id: u64,
    /// Only the code of this text; the position is not looked at then, since there is at most one.
    pub code: Option<CodeText>,
    /// Rows per page, 1-250.
    pub limit: u32,
    /// Where the page starts.
    pub position: Position,
}

/// One page of codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeList {
    /// The rows, in BigCommerce's order.
    pub codes: Vec<CouponCode>,
    /// Whether there are more rows in the direction asked for.
    pub has_more: bool,
    /// Goes on with `after`.
    pub next_cursor: Option<String>,
    /// Goes back with `before`.
    pub previous_cursor: Option<String>,
    /// Rows in all pages, where BigCommerce says.
    pub total: Option<u64>,
}

impl Store {
    /// One page of a promotion's codes.
    ///
    /// The API's `links.next` is there on the last page too, so whether more rows follow is taken from offset
    /// paging where the answer has it, and otherwise, after a full page, from a request for one more row.
    ///
    /// # Errors
    /// [`CouponError::UnknownPromotion`] or any [`CouponError::Api`].
    pub async fn list_codes(&self, query: &ListQuery) -> Result<CodeList, CouponError> {
        let patience = self.patience();
        match self.read_list(query, &patience).await {
            Ok(list) => Ok(list),
            Err(CouponError::Api(error)) if error.status() == Some(StatusCode::NOT_FOUND) => {
                Err(self.unknown_promotion(query.promotion_id, &patience).await)
            }
            Err(error) => Err(error),
        }
    }

    async fn read_list(&self, query: &ListQuery, patience: &Patience) -> Result<CodeList, CouponError> {
        let list = match &query.code {
            Some(code) => self.read_one(query.promotion_id, code, patience).await?,
            None => self.read_page(query, patience).await?,
        };
        // An empty list may mean an empty promotion or none at all: the documents do not say.
        if list.codes.is_empty() && !self.promotion_exists(query.promotion_id, patience).await? {
            return Err(self.unknown_promotion(query.promotion_id, patience).await);
        }
        Ok(list)
    }

    async fn read_one(
        &self,
        promotion_id: u64,
        code: &CodeText,
        patience: &Patience,
    ) -> Result<CodeList, ApiError> {
        let found = self.find_in_promotion(promotion_id, code, patience).await?;
        let codes: Vec<_> = found.into_iter().collect();
        let total = Some(codes.len() as u64);
        Ok(CodeList { codes, has_more: false, next_cursor: None, previous_cursor: None, total })
    }

    async fn read_page(&self, query: &ListQuery, patience: &Patience) -> Result<CodeList, ApiError> {
        let request = CodeQuery { position: query.position.clone(), limit: query.limit, code: None };
        let page = self.client.list_codes(query.promotion_id, &request, patience).await?;
        let has_more = self.has_more(query, &page, patience).await?;
        let CodePage { codes, total, start_cursor, end_cursor, .. } = page;
        let (next_cursor, previous_cursor) = match query.position {
            Position::Start => (end_cursor.filter(|_| has_more), None),
            Position::After(_) => (end_cursor.filter(|_| has_more), start_cursor),
            Position::Before(_) => (end_cursor, start_cursor.filter(|_| has_more)),
            Position::Page(_) => (None, None),
        };
        let codes = codes.into_iter().map(CouponCode::from).collect();
        Ok(CodeList { codes, has_more, next_cursor, previous_cursor, total })
    }

    async fn has_more(
        &self,
        query: &ListQuery,
        page: &CodePage,
        patience: &Patience,
    ) -> Result<bool, ApiError> {
        let rows = page.codes.len() as u64;
        let next = match &query.position {
            Position::Start => match page.total {
                Some(total) => return Ok(total > rows),
                None => page.end_cursor.clone().map(Position::After).or(Some(Position::Page(2))),
            },
            Position::After(_) => page.end_cursor.clone().map(Position::After),
            Position::Before(_) => page.start_cursor.clone().map(Position::Before),
            Position::Page(number) => match page.more_pages {
                Some(more) => return Ok(more),
                None => Some(Position::Page(number.saturating_add(1))),
            },
        };
        match next {
            Some(next) if rows >= u64::from(query.limit) && next != query.position => {
                self.has_rows_at(query, next, patience).await
            }
            _ => Ok(false),
        }
    }

    async fn has_rows_at(
        &self,
        query: &ListQuery,
        position: Position,
        patience: &Patience,
    ) -> Result<bool, ApiError> {
        // Pages count in units of the limit, so it stays the same there.
        let limit = if matches!(position, Position::Page(_)) { query.limit } else { 1 };
        let probe = CodeQuery { position, limit, code: None };
        let page = self.client.list_codes(query.promotion_id, &probe, patience).await?;
        Ok(!page.codes.is_empty())
    }
}
