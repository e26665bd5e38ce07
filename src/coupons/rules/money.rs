//! Amounts on the wire: strings such as `"12.95"`.

use std::fmt;

use rust_decimal::Decimal;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `Money` of the OpenAPI file, an amount in the promotion's currency: a string of digits with at most one point
/// between them. A JSON number is read too. Negative, signed or more than 28 digits long it is not money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(#[serde(with = "self")] pub Decimal);

/// Writes an amount as a string, with the digits that it has.
pub(super) fn serialize<S: Serializer>(amount: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

/// Reads an amount from a string or a number.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    struct Amount;

    impl Visitor<'_> for Amount {
        type Value = Decimal;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an amount such as \"12.95\"")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
            parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<Decimal, E> {
            Ok(number.into())
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<Decimal, E> {
            u64::try_from(number)
                .map(Decimal::from)
                .map_err(|_| E::invalid_value(de::Unexpected::Signed(number), &self))
        }

        // A float prints the shortest digits that stand for it, which are those that were sent.
        fn visit_f64<E: de::Error>(self, number: f64) -> Result<Decimal, E> {
            parse(&number.to_string()).ok_or_else(|| E::invalid_value(de::Unexpected::Float(number), &self))
        }
    }

    deserializer.deserialize_any(Amount)
}

fn parse(text: &str) -> Option<Decimal> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (is_digits(whole) && is_digits(fraction)).then(|| Decimal::from_str_exact(text).ok()).flatten()
}
