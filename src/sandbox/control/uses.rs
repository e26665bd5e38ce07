//! Practice redemptions: there is no checkout that would count uses.

use http::StatusCode;
use serde::Deserialize;

use super::refusal;
use crate::sandbox::answer::Answer;
use crate::sandbox::store::Store;
use crate::sandbox::wire_error::WireError;

/// The body of `POST /_sandbox/uses`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeUses {
    code: String,
    uses: u32,
}

/// The body of `POST /_sandbox/promotion_uses`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PromotionUses {
    id: i64,
    uses: u32,
}

/// Sets how often a code was used, whatever its case, and moves its promotion's count along.
pub(super) async fn of_code(store: &Store, body: &[u8]) -> Answer {
    match serde_json::from_slice(body) {
        Ok(CodeUses { code, uses }) => {
            answer(store.set_code_uses(&code, uses).await, "No promotion has this code.")
        }
        Err(error) => not_understood(&error),
    }
}

/// Sets how often a promotion was used; the counts of its codes stay.
pub(super) async fn of_promotion(store: &Store, body: &[u8]) -> Answer {
    match serde_json::from_slice(body) {
        Ok(PromotionUses { id, uses }) => {
            answer(store.set_promotion_uses(id, uses).await, "There is no promotion with this id.")
        }
        Err(error) => not_understood(&error),
    }
}

fn not_understood(error: &serde_json::Error) -> Answer {
    refusal(StatusCode::BAD_REQUEST, &format!("The request's body is not understood: {error}."))
}

fn answer(found: Result<bool, sqlx::Error>, unknown: &str) -> Answer {
    match found {
        Ok(true) => Answer::no_content(),
        Ok(false) => refusal(StatusCode::NOT_FOUND, unknown),
        Err(error) => WireError::from(error).into(),
    }
}
