//! A coupon code as the tools show it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::changes::CodeRow;
use crate::coupons;

/// A coupon code.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "")]
pub(super) struct CouponCode {
    pub(super) id: u64,
    pub(super) code: String,
    pub(super) current_uses: u64,
    /// 0 = unlimited.
    pub(super) max_uses: u64,
    /// 0 = unlimited.
    pub(super) max_uses_per_customer: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub(super) created: Option<String>,
}

impl CouponCode {
    /// The columns of a table of codes: every field.
    pub(super) const COLUMNS: [&'static str; 6] =
        ["id", "code", "current_uses", "max_uses", "max_uses_per_customer", "created"];

    /// The row in such a table.
    pub(super) fn cells(&self) -> [String; 6] {
        let Self { id, code, current_uses, max_uses, max_uses_per_customer, created } = self;
        [
            id.to_string(),
            code.clone(),
            current_uses.to_string(),
            max_uses.to_string(),
            max_uses_per_customer.to_string(),
            created.clone().unwrap_or_default(),
        ]
    }
}

impl From<coupons::CouponCode> for CouponCode {
    fn from(code: coupons::CouponCode) -> Self {
        Self {
            id: code.id,
            code: code.code,
            current_uses: code.current_uses,
            max_uses: code.limits.max_uses,
            max_uses_per_customer: code.limits.max_uses_per_customer,
            created: code.created,
        }
    }
}

impl From<&CodeRow> for CouponCode {
    fn from(row: &CodeRow) -> Self {
        Self {
            id: row.id,
            code: row.code.clone(),
            current_uses: row.current_uses,
            max_uses: row.max_uses,
            max_uses_per_customer: row.max_uses_per_customer,
            created: None,
        }
    }
}

/// A code that something could not be done with.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct FailedCode {
    id: u64,
    code: String,
    why: String,
}

impl From<&(u64, CodeRow, String)> for FailedCode {
    fn from((_, row, why): &(u64, CodeRow, String)) -> Self {
        Self { id: row.id, code: row.code.clone(), why: why.clone() }
    }
}

/// A limit of codes where 0, which hosts send that must fill in every argument, does not mean unlimited: that is said
/// in so many words.
pub(super) fn unless_forced<N: Copy + Default + PartialEq>(given: Option<N>, unlimited: bool) -> Option<N> {
    given.filter(|limit| *limit != N::default()).or_else(|| unlimited.then(N::default))
}
