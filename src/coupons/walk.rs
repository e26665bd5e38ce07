//! Reading the codes of a promotion page by page.

use crate::bigcommerce::page::MAX_LIMIT;
use crate::bigcommerce::{ApiError, CodeQuery, PageGuard, Patience, Position, wire};

use super::{CouponCode, Store};

/// A walk through the codes of one promotion, in the API's order, 250 at a time. It ends, whatever the API says.
pub struct Walk<'s> {
    store: &'s Store,
    promotion_id: u64,
    query: CodeQuery,
    total: Option<u64>,
    guard: PageGuard,
    ended: bool,
}

impl Store {
    /// A walk through all codes, or through those behind a cursor that an earlier walk gave.
    pub fn walk_codes(&self, promotion_id: u64, after: Option<String>) -> Walk<'_> {
        let position = after.map_or(Position::Start, Position::After);
        self.walk_query(promotion_id, CodeQuery { position, ..CodeQuery::first(MAX_LIMIT) })
    }

    /// A walk through what a query finds.
    pub(super) fn walk_query(&self, promotion_id: u64, query: CodeQuery) -> Walk<'_> {
        let guard = PageGuard::new(query.limit, cursor_of(&query.position));
        Walk { store: self, promotion_id, query, total: None, guard, ended: false }
    }
}

impl Walk<'_> {
    /// The next page; `None` behind the last one. One request.
    ///
    /// # Errors
    /// Any [`ApiError`]; the same page can be asked for again, unless the pages themselves were the fault.
    pub async fn next(&mut self, patience: &Patience) -> Result<Option<Vec<CouponCode>>, ApiError> {
        let rows = self.next_rows(patience).await?;
        Ok(rows.map(|rows| rows.into_iter().map(CouponCode::from).collect()))
    }

    /// The same as the API has the rows.
    pub(super) async fn next_rows(
        &mut self,
        patience: &Patience,
    ) -> Result<Option<Vec<wire::CouponCode>>, ApiError> {
        if self.ended {
            return Ok(None);
        }
        let page = self.store.client().list_codes(self.promotion_id, &self.query, patience).await?;
        self.total = self.total.or(page.total);
        // A cursor is there on the last page too, so only a page that is not full ends the walk.
        let full = page.codes.len() >= self.query.limit as usize;
        let next = page.end_cursor.as_deref().filter(|_| full);
        self.guard.pass(page.codes.iter().map(|code| code.id), page.total, next)?;
        self.ended = next.is_none();
        if let Some(cursor) = page.end_cursor {
            self.query.position = Position::After(cursor);
        }
        Ok(Some(page.codes).filter(|codes| !codes.is_empty()))
    }

    /// Codes in all, as the first page told it.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Behind the last row that was read: where a later walk can go on.
    pub fn cursor(&self) -> Option<&str> {
        cursor_of(&self.query.position)
    }

    /// Whether no further page is there.
    pub fn is_over(&self) -> bool {
        self.ended
    }
}

fn cursor_of(position: &Position) -> Option<&str> {
    match position {
        Position::After(cursor) => Some(cursor),
        _ => None,
    }
}
