//! Pagination: where a page lies and what its `meta` says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::query::Query;
use super::wire_error::WireError;

/// How many items a page holds unless `limit` says otherwise.
pub(super) const DEFAULT_LIMIT: i64 = 50;

/// The largest `limit`.
const MAX_LIMIT: i64 = 250;

/// Where a page of codes begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// At the start; the answer carries both pagination objects.
    Start,
    /// At a page number from 1; the answer carries `pagination` only.
    Page(i64),
    /// Behind the item with this id; the answer carries `cursor_pagination` only.
    After(i64),
    /// Before the item with this id, likewise.
    Before(i64),
}

/// The content of a cursor. Clients take it as opaque.
#[derive(Debug, Deserialize, Serialize)]
struct Cursor {
    /// The id of an item as text: `{"id":"1024"}`.
    id: String,
}

/// The number of items per page that the request asks for.
pub(super) fn limit(query: &Query) -> Result<i64, WireError> {
    Ok(query.integer("limit", 1, MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT))
}

/// The page number that the request asks for, if it does.
pub(super) fn number(query: &Query) -> Result<Option<i64>, WireError> {
    query.integer("page", 1, i64::MAX)
}

/// How many items lie before page `number`.
pub(super) fn skipped(number: i64, limit: i64) -> i64 {
    (number - 1).saturating_mul(limit)
}

impl Position {
    /// Reads `page`, `after` and `before`, of which one at most may be sent.
    pub(super) fn of(query: &Query) -> Result<Self, WireError> {
        match (number(query)?, query.get("after"), query.get("before")) {
            (None, None, None) => Ok(Self::Start),
            (Some(number), None, None) => Ok(Self::Page(number)),
            (None, Some(after), None) => Ok(Self::After(decode(after)?)),
            (None, None, Some(before)) => Ok(Self::Before(decode(before)?)),
            _ => Err(WireError::unprocessable("Only one of page, after and before can be used.")),
        }
    }
}

/// The `pagination` object: `Pagination` in the vendor's OpenAPI file.
pub(super) fn pagination(total: i64, count: usize, number: i64, limit: i64) -> Value {
    let pages = total.saturating_add(limit - 1) / limit;
    let link = |page: i64| Value::from(format!("?page={page}&limit={limit}"));
    let mut links = Map::new();
    if number > 1 {
        links.insert("previous".to_owned(), link(number - 1));
    }
    links.insert("current".to_owned(), link(number));
    if number < pages {
        links.insert("next".to_owned(), link(number + 1));
    }
    json!({
        "total": total,
        "count": count,
        "per_page": limit,
        "current_page": number,
        "total_pages": pages,
        "links": links,
    })
}

/// The `cursor_pagination` object: `CursorPagination` in the vendor's OpenAPI file.
///
/// `ids` are those of the first and the last item, `None` for an empty page. As the file has it,
/// `links.next` is missing on an empty page only, so it is there on the last page too.
pub(super) fn cursor_pagination(
    ids: Option<(i64, i64)>,
    count: usize,
    limit: i64,
    has_previous: bool,
) -> Value {
    let mut links = Map::new();
    let mut ends = Map::new();
    if let Some((first, last)) = ids {
        let (start, end) = (encode(first), encode(last));
        if has_previous {
            links.insert("previous".to_owned(), format!("?limit={limit}&before={start}").into());
        }
        links.insert("next".to_owned(), format!("?limit={limit}&after={end}").into());
        ends.insert("start_cursor".to_owned(), start.into());
        ends.insert("end_cursor".to_owned(), end.into());
    }
    let mut object = Map::new();
    object.insert("count".to_owned(), count.into());
    object.insert("per_page".to_owned(), limit.into());
    object.insert("links".to_owned(), links.into());
    object.extend(ends);
    object.into()
}

fn encode(id: i64) -> String {
    let cursor = Cursor { id: id.to_string() };
    STANDARD.encode(json!(cursor).to_string())
}

fn decode(cursor: &str) -> Result<i64, WireError> {
    let bytes = STANDARD.decode(cursor).ok();
    let cursor = bytes.and_then(|bytes| serde_json::from_slice::<Cursor>(&bytes).ok());
    let id = cursor.and_then(|cursor| cursor.id.parse().ok());
    id.ok_or_else(|| WireError::unprocessable("The cursor is invalid."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_the_id_as_text_in_base64() {
        assert_eq!(encode(1024), "eyJpZCI6IjEwMjQifQ==");
        assert_eq!(decode("eyJpZCI6IjEwMjQifQ==").unwrap(), 1024);
        for broken in ["", "1024", "eyJpZCI6MTAyNH0=", "eyJpZCI6IngifQ=="] {
            assert!(decode(broken).is_err(), "{broken}");
        }
    }
}
