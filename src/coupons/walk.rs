//! Reading the codes of a promotion page by page, in constant memory.

use crate::bigcommerce::page::MAX_LIMIT;
use crate::bigcommerce::{ApiError, CodeQuery, Patience, Position};

use super::{CouponCode, Store};

/// A walk through the codes of one promotion, in the API's order, 250 at a time.
pub struct Walk<'s> {
    store: &'s Store,
    promotion_id: u64,
    query: CodeQuery,
    total: Option<u64>,
    ended: bool,
}

impl Store {
    /// A walk through all codes, or through those behind a cursor that an earlier walk gave.
    pub fn walk_codes(&self, promotion_id: u64, after: Option<String>) -> Walk<'_> {
        let position = after.map_or(Position::Start, Position::After);
        let query = CodeQuery { position, ..CodeQuery::first(MAX_LIMIT) };
        Walk { store: self, promotion_id, query, total: None, ended: false }
    }
}

impl Walk<'_> {
    /// The next page; `None` behind the last one. One request.
    ///
    /// # Errors
    /// Any [`ApiError`]; the same page can be asked for again.
    pub async fn next(&mut self, patience: &Patience) -> Result<Option<Vec<CouponCode>>, ApiError> {
        if self.ended {
            return Ok(None);
        }
        let page = self.store.client().list_codes(self.promotion_id, &self.query, patience).await?;
        self.total = self.total.or(page.total);
        // A cursor is there on the last page too, so only a page that is not full ends the walk.
        let full = page.codes.len() >= MAX_LIMIT as usize;
        match page.end_cursor.map(Position::After) {
            Some(next) if next != self.query.position => self.query.position = next,
            _ => self.ended = true,
        }
        self.ended |= !full;
        if page.codes.is_empty() {
            return Ok(None);
        }
        Ok(Some(page.codes.into_iter().map(CouponCode::from).collect()))
    }

    /// Codes in all, as the first page told it.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Behind the last row that was read: where a later walk can go on.
    pub fn cursor(&self) -> Option<&str> {
        match &self.query.position {
            Position::After(cursor) => Some(cursor),
            _ => None,
        }
    }

    /// Whether no further page is there.
    pub fn is_over(&self) -> bool {
        self.ended
    }
}
