//! The coupon code endpoints: tags "Coupon Codes (Single)" and "Coupon Codes (Bulk)" in the vendor's
//! OpenAPI file.

mod generate;
mod list;

use jiff::Timestamp;
use serde_json::Value;

pub(super) use self::generate::generate;
pub(super) use self::list::list;
use super::answer::Answer;
use super::field::{Field, Invalid};
use super::page;
use super::query::{Query, refuse_failed};
use super::routes::{Call, unknown_promotion};
use super::store::{CouponCode, Inserted, Kind, NewCodes, Store};
use super::time;
use super::wire_error::WireError;

/// How many codes one request may delete: the description of Delete Multiple Coupon Codes.
const DELETE_LIMIT: usize = 250;

/// The longest code, in characters: `CouponCode.code` in the OpenAPI file.
const CODE_LENGTH: usize = 50;

/// `POST /promotions/{id}/codes`.
pub(super) async fn create(store: &Store, call: &Call, promotion: i64) -> Result<Answer, WireError> {
    Query::parse(&call.query, &[])?;
    let (code, new) = read_new(&call.json(WireError::malformed_json)?, promotion, call.at)?;
    match store.insert_code(&code, &new).await? {
        Inserted::Done(id) => Ok(Answer::created(CouponCode {
            id,
            code,
            current_uses: 0,
            created: new.created,
            max_uses: new.max_uses,
            max_uses_per_customer: new.max_uses_per_customer,
        })),
        Inserted::Duplicate => Err(WireError::unprocessable(format!("The code {code} already exists."))),
        Inserted::NotTaken => Err(why_not_taken(store.kind_of(promotion).await?)),
    }
}

fn read_new(body: &Value, promotion: i64, at: Timestamp) -> Result<(String, NewCodes), Invalid> {
    let body = Field::root(body);
    let uses = |name| body.optional(name)?.map_or(Ok(0), |uses| uses.integer(0..=i64::MAX));
    let code = body.required("code")?.text_where(
        is_code,
        "must have 1 to 50 characters: letters, numbers, white spaces, underscores and hyphens only, and not \
         only white spaces.",
    )?;
    let new = NewCodes {
        promotion,
        max_uses: uses("max_uses")?,
        max_uses_per_customer: uses("max_uses_per_customer")?,
        created: time::wire_time(at),
    };
    Ok((code.to_owned(), new))
}

fn is_code(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b' ' | b'-');
    text.len() <= CODE_LENGTH && text.bytes().all(allowed) && !text.trim().is_empty()
}

fn why_not_taken(kind: Option<Kind>) -> WireError {
    match kind {
        None | Some(Kind::Bulk) => unknown_promotion(),
        Some(Kind::Automatic) => WireError::unprocessable("An AUTOMATIC promotion cannot have codes."),
        Some(Kind::Single) => {
            WireError::unprocessable("A promotion with coupon_type SINGLE cannot have a second code.")
        }
    }
}

/// `GET /promotions/codes?code=`: the one code with this text in the envelope of a list.
pub(super) async fn find(store: &Store, call: &Call) -> Result<Answer, WireError> {
    let query = Query::parse(&call.query, &["code"])?;
    let codes: Vec<CouponCode> = store.code_by_text(query.required_code()?).await?.into_iter().collect();
    let ids = codes.first().map(|code| (code.id, code.id));
    let meta = serde_json::json!({
        "pagination": page::pagination(i64::from(ids.is_some()), codes.len(), 1, page::DEFAULT_LIMIT),
        "cursor_pagination": page::cursor_pagination(ids, codes.len(), page::DEFAULT_LIMIT, false),
    });
    Ok(Answer::listed(codes, meta))
}

/// `DELETE /promotions/codes?code=`: 204 also when there is no such code.
pub(super) async fn delete_by_text(store: &Store, call: &Call) -> Result<Answer, WireError> {
    let query = Query::parse(&call.query, &["code"])?;
    store.delete_code_by_text(query.required_code()?).await?;
    Ok(Answer::no_content())
}

/// `DELETE /promotions/{id}/codes/{code_id}`: 204 also when the promotion has no such code.
pub(super) async fn delete(
    store: &Store,
    call: &Call,
    promotion: i64,
    code: i64,
) -> Result<Answer, WireError> {
    Query::parse(&call.query, &[])?;
    store.delete_codes(promotion, &[code], None).await?;
    Ok(Answer::no_content())
}

/// `DELETE /promotions/{id}/codes?id:in=`: deletes what it can and answers 422 when some ids failed.
pub(super) async fn delete_many(store: &Store, call: &Call, promotion: i64) -> Result<Answer, WireError> {
    let query = Query::parse(&call.query, &["id:in", "code"])?;
    let ids = query.id_list(DELETE_LIMIT)?;
    let failed = store.delete_codes(promotion, &ids, query.get("code")).await?;
    refuse_failed(&ids, &failed, "constraint", "constraint reference error.")?;
    Ok(Answer::no_content())
}
