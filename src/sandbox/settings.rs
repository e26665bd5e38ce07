//! The promotion settings endpoints, which have an OpenAPI file of their own.
//!
//! Both send the object without an envelope.

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::field::{Field, Invalid};
use super::query::Query;
use super::routes::Call;
use super::store::Store;
use super::wire_error::WireError;

/// The settings that are switches.
const SWITCHES: [&str; 3] = [
    "promotions_triggered_by_products_with_zero_product_price",
    "promotions_apply_on_products_with_custom_product_price",
    "promotions_applied_on_original_product_price",
];

/// The only other setting.
const COUPONS_ALLOWED: &str = "number_of_coupons_allowed_at_checkout";

/// `GET /promotions/settings`.
pub(super) async fn get(store: &Store, call: &Call) -> Result<Answer, WireError> {
    Query::parse(&call.query, &[])?;
    Ok(Answer::bare(&store.settings().await?))
}

/// `PUT /promotions/settings`: all four fields are required.
pub(super) async fn update(store: &Store, call: &Call) -> Result<Answer, WireError> {
    Query::parse(&call.query, &[])?;
    let settings = read(&call.json(WireError::malformed_settings)?)?;
    store.save_settings(&settings).await?;
    Ok(Answer::bare(&settings))
}

/// The settings in `body`, or everything that is wrong with them.
fn read(body: &Value) -> Result<Value, WireError> {
    let body = Field::root(body);
    let mut settings = Map::new();
    let mut errors = Vec::new();
    let mut keep = |name: &str, value: Result<Value, Invalid>| match value {
        Ok(value) => {
            settings.insert(name.to_owned(), value);
        }
        Err(invalid) => errors.push(json!({ "field": name, "message": invalid.expectation })),
    };
    for name in SWITCHES {
        keep(name, body.required(name).and_then(|field| field.boolean()).map(Value::from));
    }
    let number = body.required(COUPONS_ALLOWED).and_then(|field| field.integer(1..=5));
    keep(COUPONS_ALLOWED, number.map(Value::from));
    if errors.is_empty() { Ok(settings.into()) } else { Err(WireError::invalid_settings(&errors)) }
}
