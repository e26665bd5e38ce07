//! The coupons of both kinds: the tag "Coupons" in the vendor's OpenAPI file of the marketing endpoints.

use serde_json::{Value, json};

use crate::sandbox::answer::Answer;
use crate::sandbox::page;
use crate::sandbox::query::Query;
use crate::sandbox::routes::Call;
use crate::sandbox::seed::legacy;
use crate::sandbox::store::{PromotionCoupon, Store};
use crate::sandbox::time;
use crate::sandbox::wire_error::WireError;

/// `GET /coupons`: the legacy coupon, which has the lowest id, and after it every code of a promotion; 204
/// when there is none of them.
pub(in crate::sandbox) async fn list(store: &Store, call: &Call) -> Result<Answer, WireError> {
    let query = Query::parse(&call.query, &["code", "page", "limit"])?;
    let (text, limit) = (query.get("code"), page::limit(&query)?);
    let skip = page::skipped(page::number(&query)?.unwrap_or(1), limit);
    let legacy = text.is_none_or(legacy::has_code).then(legacy::coupon);
    let ahead = i64::from(legacy.is_some());
    let shown = legacy.filter(|_| skip == 0);
    let room = limit - i64::from(shown.is_some());
    let codes = store.promotion_coupons(text, room, (skip - ahead).max(0)).await?;
    let coupons: Vec<Value> = shown.into_iter().chain(codes.into_iter().map(coupon)).collect();
    Ok(if coupons.is_empty() { Answer::no_content() } else { Answer::bare(&coupons.into()) })
}

/// A promotion's code as `coupon_Full`. The description of Get All Coupons gives the values of the fields
/// that say nothing for this type; for `applies_to` it gives none.
fn coupon(PromotionCoupon { code, name, enabled, end_date }: PromotionCoupon) -> Value {
    json!({
        "id": code.id,
        "name": name,
        "type": "promotion",
        "amount": "0.0000",
        "min_purchase": "0.0000",
        "expires": end_date.as_deref().map(time::mail_time).unwrap_or_default(),
        "enabled": enabled,
        "code": code.code,
        "applies_to": null,
        "num_uses": code.current_uses,
        "max_uses": code.max_uses,
        "max_uses_per_customer": code.max_uses_per_customer,
        "restricted_to": [],
        "shipping_methods": null,
        "date_created": time::mail_time(&code.created),
    })
}
