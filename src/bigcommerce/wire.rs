//! The JSON on the wire, as tolerant as the API is loose: unknown fields are ignored, nulls expected.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// `CouponCode` of the OpenAPI file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CouponCode {
    /// Identifier, unique in the store.
    pub id: u64,
    /// The text that a shopper types.
    pub code: String,
    /// Uses so far.
    #[serde(default)]
    pub current_uses: Option<u64>,
    /// Absent, null or 0 = unlimited.
    #[serde(default)]
    pub max_uses: Option<u64>,
    /// Absent, null or 0 = unlimited.
    #[serde(default)]
    pub max_uses_per_customer: Option<u64>,
    /// RFC 3339, with an offset or `Z`, with or without a fraction.
    #[serde(default)]
    pub created: Option<String>,
}

/// The body of `POST /promotions/{promotion_id}/codes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewCouponCode<'a> {
    /// The text, at most 50 characters.
    pub code: &'a str,
    /// 0 = unlimited.
    pub max_uses: u32,
    /// 0 = unlimited.
    pub max_uses_per_customer: u32,
}

/// The body of `POST /promotions/{promotion_id}/codegen`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewBatch<'a> {
    /// Codes to make, 1-250.
    pub batch_size: u32,
    /// 0 = unlimited, at most 100,000.
    pub max_uses: u32,
    /// 0 = unlimited, at most 100,000.
    pub max_uses_per_customer: u32,
    /// At most 20 of `A-Z 0-9 _ -`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<&'a str>,
    /// At most 20 of `A-Z 0-9 _ -`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suffix: Option<&'a str>,
    /// `_` or `-`, between the random part and what is before and behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<&'a str>,
    /// What the random part leaves out, of `A-Z 0-9`.
    #[serde(skip_serializing_if = "<[char]>::is_empty")]
    pub exclude_characters: &'a [char],
    /// Characters of the random part, 6-16.
    pub code_length: u32,
}

/// What `POST /promotions/{promotion_id}/codegen` answers: texts, no ids.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GeneratedBatch {
    /// The new codes.
    pub codes: Vec<GeneratedCode>,
}

/// A code of a [`GeneratedBatch`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GeneratedCode {
    /// The text.
    pub code: String,
}

/// A promotion: what every one has, and the rest of it as it came, so that nothing is lost when it is shown,
/// copied or put back. Fields in section 1.9 of the OpenAPI file's `PromotionBase` and its coupon variant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Promotion {
    /// Identifier.
    pub id: u64,
    /// The internal name.
    #[serde(default)]
    pub name: Option<String>,
    /// All other fields.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `GlobalPromotionSettings` of the settings file, with whatever else the API adds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Settings {
    /// As the newer SDKs see it.
    Enveloped {
        /// The object.
        data: Map<String, Value>,
    },
    /// As the settings file has it.
    Bare(Map<String, Value>),
}

/// What is read of `GET /v2/store`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StoreInformation {
    /// The store's name.
    #[serde(default)]
    pub name: Option<String>,
    /// The currency's code.
    #[serde(default)]
    pub currency: Option<String>,
    /// The plan's name.
    #[serde(default)]
    pub plan_name: Option<String>,
    /// The storefront's address.
    #[serde(default)]
    pub secure_url: Option<String>,
    /// The time zone.
    #[serde(default, deserialize_with = "lenient")]
    pub timezone: Timezone,
}

/// `timezone` of `GET /v2/store`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
pub struct Timezone {
    /// An IANA name such as `America/New_York`.
    #[serde(default)]
    pub name: Option<String>,
    /// Seconds east of UTC, without daylight saving.
    #[serde(default)]
    pub raw_offset: Option<i64>,
}

/// What is read of a coupon of `GET /v2/coupons`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LegacyCoupon {
    /// The text.
    pub code: String,
    /// The coupon's name.
    #[serde(default)]
    pub name: Option<String>,
    /// `promotion` for a code of a v3 promotion, anything else for a legacy coupon.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
}

/// `{"data": {...}, "meta": {}}`
#[derive(Debug, Deserialize)]
pub struct One<T> {
    /// The object.
    pub data: T,
}

/// `{"data": [...], "meta": {...}}`
#[derive(Debug, Deserialize)]
pub struct Many<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Paging objects; which of them are present depends on the paging parameters sent.
    #[serde(default, deserialize_with = "lenient")]
    pub meta: Meta,
}

/// `OptionalCursorCollectionMeta` of the OpenAPI file.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
pub struct Meta {
    /// Offset paging, deprecated for codes.
    #[serde(default)]
    pub pagination: Option<Pagination>,
    /// Cursor paging.
    #[serde(default)]
    pub cursor_pagination: Option<CursorPagination>,
}

/// `DeprecatedPagination` of the OpenAPI file.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
pub struct Pagination {
    /// Rows in all pages.
    #[serde(default)]
    pub total: Option<u64>,
    /// This page, from 1.
    #[serde(default)]
    pub current_page: Option<u64>,
    /// Pages in all.
    #[serde(default)]
    pub total_pages: Option<u64>,
}

/// `CursorPagination` of the OpenAPI file. Its `count` is not read: the documents disagree on its meaning.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
pub struct CursorPagination {
    /// The cursor of the first row; absent when there is none.
    #[serde(default)]
    pub start_cursor: Option<String>,
    /// The cursor of the last row; absent when there is none.
    #[serde(default)]
    pub end_cursor: Option<String>,
    /// Relative links. `next` is there on the last page too, so it says nothing about more rows.
    #[serde(default, deserialize_with = "lenient")]
    pub links: Links,
}

/// Relative query strings such as `?limit=50&after=eyJpZCI6IjEwMjQifQ==`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
pub struct Links {
    /// Towards the first row.
    #[serde(default)]
    pub previous: Option<String>,
    /// Towards the last row.
    #[serde(default)]
    pub next: Option<String>,
}

/// Takes the default for anything but an object: an empty object of the API may be `{}`, `[]` or null.
fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    struct ObjectOrNothing<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for ObjectOrNothing<T> {
        type Value = T;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object, an array or null")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<T, A::Error> {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            Ok(T::default())
        }

        fn visit_unit<E: de::Error>(self) -> Result<T, E> {
            Ok(T::default())
        }
    }

    deserializer.deserialize_any(ObjectOrNothing(PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_may_be_absent_or_null_and_unknown_fields_are_ignored() {
        let code: CouponCode = serde_json::from_str(
            r#"{"id":7,"code":"A","current_uses":0,"created":"2019-01-20T22:00:00.000Z","max_uses":null,"schedule":{"valid_from":"x"}}"#,
        )
        .unwrap();
        assert_eq!((code.max_uses, code.max_uses_per_customer), (None, None));
    }

    #[test]
    fn an_empty_meta_may_be_an_array() {
        for meta in ["{}", "[]", "null", r#"{"cursor_pagination":{"links":[]}}"#] {
            let body = format!(r#"{{"data":[],"meta":{meta}}}"#);
            let many: Many<CouponCode> = serde_json::from_str(&body).unwrap();
            assert_eq!(many.meta.pagination, None, "{meta}");
        }
    }
}
