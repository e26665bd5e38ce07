//! How long texts and lists can be: what is longer is neither sent nor read.

use serde::de::IgnoredAny;

use super::wire::{
    CouponCode, GeneratedBatch, LegacyCoupon, Many, One, Promotion, Settings, StoreInformation,
};

/// Most characters of a code (OpenAPI file, `CouponCode.code`).
pub const MAX_CODE: usize = 50;
/// Most characters of a name that is sent. The OpenAPI file gives no limit; nobody reads more.
pub const MAX_NAME: usize = 255;
/// Most characters of a name that is read: others may send longer ones than we do.
pub const MAX_READ_NAME: usize = 1_000;
/// Most characters of a cursor, which is opaque; BigCommerce's have about 30.
pub const MAX_CURSOR: usize = 1_000;
/// Most rows of a list that is read page by page, and the highest total that is believed.
pub const MAX_ROWS: u64 = 1_000_000;

/// A text that is longer than it can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a {what} of {length} characters, and at most {most} fit")]
pub struct TooLong {
    /// What it is, such as `code`.
    pub what: &'static str,
    /// Its length in characters.
    pub length: usize,
    /// Most characters.
    pub most: usize,
}

impl TooLong {
    /// A text that is too long, if it is.
    pub fn check(what: &'static str, text: &str, most: usize) -> Option<Self> {
        // A character has at least one byte.
        if text.len() <= most {
            return None;
        }
        let length = text.chars().count();
        (length > most).then_some(Self { what, length, most })
    }
}

/// An answer whose texts have a greatest length.
pub(crate) trait Bounded {
    /// The first text that is too long.
    fn too_long(&self) -> Option<TooLong> {
        None
    }
}

impl Bounded for CouponCode {
    fn too_long(&self) -> Option<TooLong> {
        TooLong::check("code", &self.code, MAX_CODE)
    }
}

impl Bounded for GeneratedBatch {
    fn too_long(&self) -> Option<TooLong> {
        self.codes.iter().find_map(|made| TooLong::check("code", &made.code, MAX_CODE))
    }
}

impl Bounded for Promotion {
    fn too_long(&self) -> Option<TooLong> {
        let display_name = self.rest.get("display_name").and_then(serde_json::Value::as_str);
        [self.name.as_deref(), display_name]
            .into_iter()
            .flatten()
            .find_map(|name| TooLong::check("name", name, MAX_READ_NAME))
    }
}

impl Bounded for LegacyCoupon {
    fn too_long(&self) -> Option<TooLong> {
        // The older API gives no limit for its codes.
        TooLong::check("code", &self.code, MAX_READ_NAME)
            .or_else(|| TooLong::check("name", self.name.as_deref()?, MAX_READ_NAME))
    }
}

impl Bounded for StoreInformation {
    fn too_long(&self) -> Option<TooLong> {
        TooLong::check("name", self.name.as_deref()?, MAX_READ_NAME)
    }
}

impl Bounded for Settings {}

impl Bounded for IgnoredAny {}

impl<T: Bounded> Bounded for One<T> {
    fn too_long(&self) -> Option<TooLong> {
        self.data.too_long()
    }
}

impl<T: Bounded> Bounded for Many<T> {
    fn too_long(&self) -> Option<TooLong> {
        self.data.too_long()
    }
}

impl<T: Bounded> Bounded for Vec<T> {
    fn too_long(&self) -> Option<TooLong> {
        self.iter().find_map(Bounded::too_long)
    }
}

impl<T: Bounded> Bounded for Option<T> {
    fn too_long(&self) -> Option<TooLong> {
        self.as_ref()?.too_long()
    }
}
