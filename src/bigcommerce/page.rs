//! One page of coupon codes, and where in the list it is.

mod guard;

use std::borrow::Cow;

use super::limits::{MAX_CURSOR, MAX_ROWS};
use super::wire::{CouponCode, CursorPagination, Many};
pub use guard::{PageFault, PageGuard};

/// Rows per page when the caller does not say (API default).
pub const DEFAULT_LIMIT: u32 = 50;
/// Most rows per page.
pub const MAX_LIMIT: u32 = 250;

/// Where a page starts. The API takes one of these at a time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Position {
    /// At the first row.
    #[default]
    Start,
    /// Behind this cursor.
    After(String),
    /// In front of this cursor.
    Before(String),
    /// At this page, from 1 (deprecated by BigCommerce).
    Page(u64),
}

/// What to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeQuery {
    /// Where the page starts.
    pub position: Position,
    /// Rows per page, 1-250.
    pub limit: u32,
    /// The API's `code` filter. Whether it matches exactly or in part, and how it treats case, is not
    /// documented: compare the rows.
    pub code: Option<String>,
}

impl CodeQuery {
    /// The first page of `limit` rows.
    pub fn first(limit: u32) -> Self {
        Self { position: Position::Start, limit, code: None }
    }

    pub(crate) fn parameters(&self) -> Vec<(&'static str, Cow<'_, str>)> {
        let mut parameters = vec![("limit", Cow::Owned(self.limit.to_string()))];
        match &self.position {
            Position::Start => {}
            Position::After(cursor) => parameters.push(("after", cursor.into())),
            Position::Before(cursor) => parameters.push(("before", cursor.into())),
            Position::Page(page) => parameters.push(("page", page.to_string().into())),
        }
        if let Some(code) = &self.code {
            parameters.push(("code", code.into()));
        }
        parameters
    }
}

/// One page as the API answered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodePage {
    /// The rows.
    pub codes: Vec<CouponCode>,
    /// Rows in all pages, where the API says so believably.
    pub total: Option<u64>,
    /// Whether pages follow, by offset paging; `None` when the API sent no offset paging.
    pub more_pages: Option<bool>,
    /// Cursor of the first row.
    pub start_cursor: Option<String>,
    /// Cursor of the last row.
    pub end_cursor: Option<String>,
}

impl From<Many<CouponCode>> for CodePage {
    fn from(answer: Many<CouponCode>) -> Self {
        let pagination = answer.meta.pagination.unwrap_or_default();
        let cursors = answer.meta.cursor_pagination.unwrap_or_default();
        let more_pages = match (pagination.current_page, pagination.total_pages) {
            (Some(current), Some(total)) => Some(current < total),
            _ => None,
        };
        let rows = !answer.data.is_empty();
        Self {
            total: pagination.total.filter(|total| *total <= MAX_ROWS),
            more_pages,
            start_cursor: start_cursor(&cursors).filter(|cursor| rows && is_cursor(cursor)),
            end_cursor: end_cursor(&cursors).filter(|cursor| rows && is_cursor(cursor)),
            codes: answer.data,
        }
    }
}

/// Ids as the value of `id:in`: `11,12,13`.
pub(crate) fn joined(ids: &[u64]) -> String {
    ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}

/// Whether a text can be a cursor: opaque, but visible ASCII of at most 1,000 characters (they are base64).
pub fn is_cursor(text: &str) -> bool {
    (1..=MAX_CURSOR).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn start_cursor(cursors: &CursorPagination) -> Option<String> {
    cursors.start_cursor.clone().or_else(|| query_value(cursors.links.previous.as_deref()?, "before"))
}

fn end_cursor(cursors: &CursorPagination) -> Option<String> {
    cursors.end_cursor.clone().or_else(|| query_value(cursors.links.next.as_deref()?, "after"))
}

/// The value of one parameter in a relative link.
fn query_value(link: &str, name: &str) -> Option<String> {
    let (_, query) = link.split_once('?')?;
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, value)| key == name && !value.is_empty())
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cursor_may_come_from_the_link_alone() {
        let answer = json!({
            "data": [{"id": 1024, "code": "A", "current_uses": 0, "created": "2024-05-01T10:15:30+00:00"}],
            "meta": {"cursor_pagination": {"links": {"next": "?limit=50&after=eyJpZCI6IjEwMjQifQ=="}}}
        });
        let page = CodePage::from(serde_json::from_value::<Many<CouponCode>>(answer).unwrap());
        assert_eq!(page.end_cursor.as_deref(), Some("eyJpZCI6IjEwMjQifQ=="));
        assert_eq!(page.start_cursor, None);
    }

    #[test]
    fn exactly_one_position_is_sent() {
        let query = |position| CodeQuery { position, limit: 5, code: None };
        let names = |query: &CodeQuery| query.parameters().iter().map(|(name, _)| *name).collect::<Vec<_>>();
        assert_eq!(names(&query(Position::Start)), ["limit"]);
        assert_eq!(names(&query(Position::After("x".into()))), ["limit", "after"]);
        assert_eq!(names(&query(Position::Before("x".into()))), ["limit", "before"]);
        assert_eq!(names(&query(Position::Page(2))), ["limit", "page"]);
    }
}
