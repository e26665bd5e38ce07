//! Why something went no further, as a sentence for the record.

use crate::bigcommerce::{ApiError, NoAnswer};
use crate::coupons::{CouponError, clean};

/// What the API did.
pub(super) fn of_api(error: &ApiError) -> String {
    let sentence = match error {
        ApiError::Refused { status, refusal } => {
            let words = refusal.to_string();
            let what = if status.is_server_error() { "failed" } else { "refused" };
            match words.trim() {
                "" => format!("BigCommerce {what} with status {}", status.as_u16()),
                words => format!("BigCommerce {what} with status {}: {words}", status.as_u16()),
            }
        }
        ApiError::NoAnswer(NoAnswer::NotSent(why)) => format!("BigCommerce could not be reached: {why}"),
        ApiError::NoAnswer(cause) => format!("BigCommerce gave no answer: {cause}"),
        other => format!("BigCommerce {other}"),
    };
    ended(&clean(&sentence))
}

/// What a use case failed with.
pub(crate) fn of_coupon(error: &CouponError) -> String {
    match error {
        CouponError::Api(cause)
        | CouponError::NotCreated { cause }
        | CouponError::OutcomeUnknown { cause, .. } => of_api(cause),
        CouponError::Rejected { refusal, .. } => ended(&clean(&format!("BigCommerce refused: {refusal}"))),
        CouponError::Conflict { existing, owner } => ended(&clean(&format!(
            "the code exists already {} with max_uses {} and max_uses_per_customer {}",
            where_it_is(owner),
            existing.limits.max_uses,
            existing.limits.max_uses_per_customer
        ))),
        other => ended(&clean(&other.to_string())),
    }
}

fn where_it_is(owner: &crate::coupons::error::Owner) -> String {
    use crate::coupons::error::Owner;
    match owner {
        Owner::Same => "in this promotion".to_owned(),
        Owner::Other(promotions) => match promotions.first() {
            Some(promotion) => format!("in promotion {}", promotion.id),
            None => "in another promotion".to_owned(),
        },
        Owner::Unknown => "outside this promotion".to_owned(),
    }
}

fn ended(sentence: &str) -> String {
    let sentence = sentence.trim();
    if sentence.ends_with(['.', '!', '?', '…']) { sentence.to_owned() } else { format!("{sentence}.") }
}
