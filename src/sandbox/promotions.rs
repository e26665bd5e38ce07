//! The promotion endpoints: tags "Promotions (Single)" and "Promotions (Bulk)" in the vendor's OpenAPI
//! file.

mod audience;
mod document;
mod rules;

use serde_json::json;

use super::answer::Answer;
use super::page;
use super::query::{Query, refuse_failed};
use super::routes::{Call, unknown_promotion};
use super::store::{Filter, Order, Store};
use super::wire_error::WireError;

/// How many promotions one request may delete: the description of Delete Multiple Promotions.
const DELETE_LIMIT: usize = 50;

/// Why a promotion with codes is not deleted: a sample of `BulkDeleteResponse` in the OpenAPI file.
const CODES_PRESENT: &str = "some relating codes are still present.";

/// The query parameters of Get All Promotions.
const LIST_PARAMETERS: [&str; 12] = [
    "id",
    "name",
    "code",
    "currency_code",
    "redemption_type",
    "status",
    "page",
    "limit",
    "sort",
    "direction",
    "channels",
    "query",
];

/// `GET /promotions`, by offset only.
pub(super) async fn list(store: &Store, call: &Call) -> Result<Answer, WireError> {
    let query = Query::parse(&call.query, &LIST_PARAMETERS)?;
    let (filter, order) = (filter(&query)?, order(&query)?);
    let limit = page::limit(&query)?;
    let number = page::number(&query)?.unwrap_or(1);
    let promotions = store.promotions(&filter, order, limit, page::skipped(number, limit)).await?;
    let total = store.count_promotions(&filter).await?;
    let meta = json!({ "pagination": page::pagination(total, promotions.len(), number, limit) });
    Ok(Answer::listed(promotions, meta))
}

fn filter(query: &Query) -> Result<Filter, WireError> {
    let text = |name| query.get(name).map(str::to_owned);
    let channels = || {
        let expectation = "channels must be a comma-separated list of ids.";
        query.integers("channels").ok_or_else(|| WireError::unprocessable(expectation))
    };
    Ok(Filter {
        id: query.integer("id", 1, i64::MAX)?,
        name: text("name"),
        code: text("code"),
        currency_code: text("currency_code"),
        redemption_type: query
            .choice("redemption_type", &["automatic", "coupon"])?
            .map(str::to_ascii_uppercase),
        status: text("status"),
        channels: query.get("channels").map(|_| channels()).transpose()?,
        part: text("query"),
    })
}

fn order(query: &Query) -> Result<Order, WireError> {
    let column = match query.choice("sort", &["id", "name", "priority", "start_date"])? {
        None | Some("priority") => "id",
        Some(column) => column,
    };
    let descending = query.choice("direction", &["asc", "desc"])? == Some("desc");
    Ok(Order { column, descending })
}

/// `POST /promotions`.
pub(super) async fn create(store: &Store, call: &Call) -> Result<Answer, WireError> {
    Query::parse(&call.query, &[])?;
    let document = document::create(&call.json(WireError::malformed_json)?, call.at)?;
    Ok(Answer::created(store.insert_promotion(document).await?))
}

/// `GET /promotions/{id}`.
pub(super) async fn get(store: &Store, call: &Call, id: i64) -> Result<Answer, WireError> {
    Query::parse(&call.query, &[])?;
    Ok(Answer::found(store.promotion(id).await?.ok_or_else(unknown_promotion)?))
}

/// `PUT /promotions/{id}`: changes the fields that are sent, each as a whole.
pub(super) async fn update(store: &Store, call: &Call, id: i64) -> Result<Answer, WireError> {
    Query::parse(&call.query, &[])?;
    let patch = call.json(WireError::malformed_json)?;
    let updated = store.update_promotion(id, |saved| Ok(document::update(saved, &patch, call.at)?)).await?;
    Ok(Answer::found(updated.ok_or_else(unknown_promotion)?))
}

/// `DELETE /promotions/{id}`: 204 also when there is no such promotion.
pub(super) async fn delete(store: &Store, call: &Call, id: i64) -> Result<Answer, WireError> {
    Query::parse(&call.query, &[])?;
    if store.delete_promotions(&[id]).await?.is_empty() {
        return Ok(Answer::no_content());
    }
    Err(WireError::unprocessable(format!("Failed for id={id}. Error: {CODES_PRESENT}")))
}

/// `DELETE /promotions?id:in=`: deletes what it can and answers 422 when some ids failed.
pub(super) async fn delete_many(store: &Store, call: &Call) -> Result<Answer, WireError> {
    let query = Query::parse(&call.query, &["id:in"])?;
    let ids = query.id_list(DELETE_LIMIT)?;
    let failed = store.delete_promotions(&ids).await?;
    refuse_failed(&ids, &failed, "code", CODES_PRESENT)?;
    Ok(Answer::no_content())
}
