//! Making, changing and deleting promotions.

use futures::{FutureExt, StreamExt};
use http::StatusCode;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::bigcommerce::promotions::MAX_DELETED_PROMOTIONS;
use crate::bigcommerce::{ApiError, Patience, PromotionQuery, wire};
use crate::coupons::{Promotion, Store, clean};

use super::{Carried, Stopped};

/// Look-ups at once.
const AT_ONCE: usize = 8;

pub(super) async fn create(
    store: &Store,
    document: &Map<String, Value>,
    namesakes: &[u64],
    patience: &Patience,
    carried: &mut Carried,
) -> Result<(), Stopped> {
    match store.client().create_promotion(document, patience).await {
        Ok(answered) => {
            carried.answered(answered.status);
            let made = Promotion::from(answered.value);
            carried.compare(&made, document);
            carried.made.push(made);
            Ok(())
        }
        Err(cause) if cause.outcome_unknown() => {
            carried.refused(&cause);
            match find_new(store, document, namesakes, patience).await {
                Ok(Some(promotion)) => {
                    carried.made.push(promotion);
                    Ok(())
                }
                // A request without an answer may still be worked on.
                Ok(None) if !matches!(cause, ApiError::NoAnswer(_)) => Err(Stopped::surely(cause)),
                Ok(None) | Err(_) => Err(Stopped::in_doubt(cause)),
            }
        }
        Err(cause) => {
            carried.refused(&cause);
            Err(Stopped::surely(cause))
        }
    }
}

/// The promotion that a lost request has made: of this name and content, and not there before.
async fn find_new(
    store: &Store,
    document: &Map<String, Value>,
    namesakes: &[u64],
    patience: &Patience,
) -> Result<Option<Promotion>, ApiError> {
    let Some(name) = document.get("name").and_then(Value::as_str) else { return Ok(None) };
    let found = namesakes_of(store, name, patience).await?;
    let is_new = |promotion: &Promotion| !namesakes.contains(&promotion.id);
    Ok(found.into_iter().find(|promotion| is_new(promotion) && holds(&promotion.document, document)))
}

/// The promotions of exactly this name, the newest first, at most a page of them.
pub(in crate::changes) async fn namesakes_of(
    store: &Store,
    name: &str,
    patience: &Patience,
) -> Result<Vec<Promotion>, ApiError> {
    let query = PromotionQuery {
        name: Some(name.to_owned()),
        newest_first: true,
        limit: Some(250),
        ..PromotionQuery::default()
    };
    let page = store.client().list_promotions(&query, patience).await?;
    let same = |promotion: &wire::Promotion| promotion.name.as_deref() == Some(name);
    Ok(page.promotions.into_iter().filter(same).map(Promotion::from).collect())
}

pub(super) async fn update(
    store: &Store,
    id: u64,
    patch: &Map<String, Value>,
    patience: &Patience,
    carried: &mut Carried,
) -> Result<(), Stopped> {
    let updated = store.client().update_promotion(id, patch, patience).await;
    match updated {
        Ok(answered) => {
            carried.answered(answered.status);
            let updated = Promotion::from(answered.value);
            carried.compare(&updated, patch);
            carried.updated.push(updated);
            Ok(())
        }
        Err(cause) if cause.outcome_unknown() => {
            carried.refused(&cause);
            let Ok(now) = store.client().get_promotion(id, patience).await.map(Promotion::from) else {
                return Err(Stopped::in_doubt(cause));
            };
            if !holds(&now.document, patch) {
                return Err(Stopped::surely(cause));
            }
            carried.updated.push(now);
            Ok(())
        }
        Err(cause) if cause.status() == Some(StatusCode::NOT_FOUND) => {
            carried.refused(&cause);
            Err(Stopped::surely(store.unknown_promotion(id, patience).await))
        }
        Err(cause) => {
            carried.refused(&cause);
            Err(Stopped::surely(cause))
        }
    }
}

pub(super) async fn delete(
    store: &Store,
    documents: &[Map<String, Value>],
    patience: &Patience,
    carried: &mut Carried,
) -> Result<(), Stopped> {
    let id = |document: &Map<String, Value>| document.get("id").and_then(Value::as_u64).unwrap_or_default();
    let ids: Vec<u64> = documents.iter().map(id).collect();
    let mut failed = None;
    for chunk in ids.chunks(MAX_DELETED_PROMOTIONS) {
        let deleted = match chunk {
            [only] => store.client().delete_promotion(*only, patience).await,
            several => store.client().delete_promotions(several, patience).await,
        };
        match deleted {
            Ok(answered) => carried.answered(answered.status),
            Err(cause) => {
                carried.refused(&cause);
                failed = Some(cause);
                break;
            }
        }
    }
    let lookups: Vec<_> = ids.iter().map(|id| is_there(store, *id, patience).boxed()).collect();
    let there: Vec<_> = futures::stream::iter(lookups).buffered(AT_ONCE).collect().await;
    let nothing_done = ids.len() <= MAX_DELETED_PROMOTIONS && failed.as_ref().is_some_and(was_refused);
    let mut unsettled = None;
    for (document, there) in documents.iter().zip(there) {
        match there {
            Ok(false) => carried.promotions_deleted.push(document.clone()),
            Err(error) if !nothing_done => {
                let why = format!("it is not known whether it is gone: {}", clean(&error.to_string()));
                carried.promotions_failed.push((id(document), why));
                unsettled = Some(error);
            }
            Ok(true) | Err(_) => {
                let why = failed.as_ref().map_or_else(kept_in_silence, |cause| reason(cause, id(document)));
                carried.promotions_failed.push((id(document), why));
            }
        }
    }
    match (unsettled, failed) {
        (Some(lookup), failed) => Err(Stopped::in_doubt(failed.unwrap_or(lookup))),
        // A refusal of some is told row by row.
        (None, Some(cause)) if !carried.promotions_failed.is_empty() && !is_refusal(&cause) => {
            Err(Stopped::surely(cause))
        }
        _ => Ok(()),
    }
}

async fn is_there(store: &Store, id: u64, patience: &Patience) -> Result<bool, ApiError> {
    match store.client().get_promotion(id, patience).await {
        Ok(_) => Ok(true),
        Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether BigCommerce refused single rows rather than the request.
pub(super) fn is_refusal(cause: &ApiError) -> bool {
    matches!(cause, ApiError::Refused { status, .. } if *status == StatusCode::UNPROCESSABLE_ENTITY)
}

/// Whether a deletion that failed like this has surely left everything as it was. A 422 may have deleted some.
pub(super) fn was_refused(cause: &ApiError) -> bool {
    !cause.outcome_unknown() && !is_refusal(cause)
}

pub(super) fn kept_in_silence() -> String {
    "BigCommerce reported success, and yet it is still there".to_owned()
}

/// What a refusal says of one id (`"0.constraint": "Failed for id=12. Error: …"`), or else what it says in all.
pub(super) fn reason(cause: &ApiError, id: u64) -> String {
    own_words(cause, id).map_or_else(|| clean(&cause.to_string()), clean)
}

/// Whether a refusal speaks of this id.
pub(super) fn names(cause: &ApiError, id: u64) -> bool {
    own_words(cause, id).is_some()
}

fn own_words(cause: &ApiError, id: u64) -> Option<&str> {
    let ApiError::Refused { refusal, .. } = cause else { return None };
    let marks = |message: &str| {
        message.split("id=").skip(1).any(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse() == Ok(id)
        })
    };
    refusal.details.iter().map(|(_, message)| message.as_str()).find(|message| marks(message))
}

/// Whether `document` has all of `wanted`, in the API's own way of writing: numbers and dates may be written in
/// another way, and a part may have more fields, if they are at their defaults.
pub(in crate::changes) fn holds(document: &Map<String, Value>, wanted: &Map<String, Value>) -> bool {
    differing(document, wanted).is_none()
}

/// The first field of `wanted` that `document` has otherwise, or not at all.
pub(in crate::changes) fn differing<'a>(
    document: &Map<String, Value>,
    wanted: &'a Map<String, Value>,
) -> Option<&'a String> {
    let is = |name: &String| document.get(name).unwrap_or(&Value::Null);
    // A name may look like a number, and 007 is not 7.
    let holds = |name: &String, value: &Value| {
        if name.ends_with("name") { is(name) == value } else { same(is(name), value) }
    };
    wanted.iter().find(|(name, value)| !holds(name, value)).map(|(name, _)| name)
}

fn same(is: &Value, wanted: &Value) -> bool {
    match (is, wanted) {
        (Value::Object(is), Value::Object(wanted)) => {
            holds(is, wanted)
                && is.iter().all(|(name, value)| wanted.contains_key(name) || is_default(name, value))
        }
        (Value::Array(is), Value::Array(wanted)) => {
            is.len() == wanted.len() && is.iter().zip(wanted).all(|(is, wanted)| same(is, wanted))
        }
        // What is not there is null, false or empty in the API's answers.
        (Value::Null, other) | (other, Value::Null) => is_nothing(other),
        (Value::String(_) | Value::Number(_), Value::String(_) | Value::Number(_)) => {
            let (is, wanted) = (text(is), text(wanted));
            is == wanted || same_number(&is, &wanted) || same_instant(&is, &wanted)
        }
        (is, wanted) => is == wanted,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    }
}

/// What the API may add to a part that was sent without it.
fn is_default(name: &str, value: &Value) -> bool {
    let true_by_default =
        matches!(name, "apply_once" | "free_shipping" | "include_items_considered_by_condition");
    is_nothing(value) && name != "apply_once" || (true_by_default && *value == true)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn same_number(is: &str, wanted: &str) -> bool {
    matches!((is.parse::<Decimal>(), wanted.parse::<Decimal>()), (Ok(is), Ok(wanted)) if is == wanted)
}

fn same_instant(is: &str, wanted: &str) -> bool {
    let instant = |text: &str| text.parse::<jiff::Timestamp>();
    matches!((instant(is), instant(wanted)), (Ok(is), Ok(wanted)) if is == wanted)
}

#[cfg(test)]
mod tests;
