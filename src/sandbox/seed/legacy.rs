//! The one coupon that was made before there were promotions with codes.
//!
//! It is a constant and no row of the database, because no endpoint changes it: a data file of any age has
//! it. Its code is taken for every promotion.

use serde_json::{Value, json};

/// The code of the coupon, which compares without case.
const CODE: &str = "WELCOME5";

/// Whether `text` is the coupon's code.
pub(in crate::sandbox) fn has_code(text: &str) -> bool {
    text.eq_ignore_ascii_case(CODE)
}

/// The coupon: `coupon_Full` in the vendor's OpenAPI file of the marketing endpoints of v2. Its id is lower
/// than that of any code.
pub(in crate::sandbox) fn coupon() -> Value {
    json!({
        "id": 1,
        "name": "Welcome 5 off",
        "type": "per_total_discount",
        "amount": "5.0000",
        "min_purchase": "0.0000",
        "expires": "",
        "enabled": true,
        "code": CODE,
        "applies_to": { "entity": "categories", "ids": [0] },
        "num_uses": 12,
        "max_uses": 0,
        "max_uses_per_customer": 1,
        "restricted_to": {},
        "shipping_methods": null,
        "date_created": "Thu, 04 Oct 2012 03:24:40 +0000",
    })
}
