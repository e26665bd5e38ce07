//! Coupon codes with their promotions, for the older API.

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::{CouponCode, Store};

/// A code and what its promotion says of it.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct PromotionCoupon {
    pub(in crate::sandbox) code: CouponCode,
    /// The promotion's name.
    pub(in crate::sandbox) name: String,
    /// Whether the promotion's status is `ENABLED`.
    pub(in crate::sandbox) enabled: bool,
    /// The promotion's end in the API's form.
    pub(in crate::sandbox) end_date: Option<String>,
}

impl FromRow<'_, SqliteRow> for PromotionCoupon {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            code: CouponCode::from_row(row)?,
            name: row.try_get("name")?,
            enabled: row.try_get("enabled")?,
            end_date: row.try_get("end_date")?,
        })
    }
}

impl Store {
    /// The codes of all promotions by ascending id, `limit` of them after `skip`; with `text` only the one
    /// with that text, whatever its case.
    pub(in crate::sandbox) async fn promotion_coupons(
        &self,
        text: Option<&str>,
        limit: i64,
        skip: i64,
    ) -> Result<Vec<PromotionCoupon>, sqlx::Error> {
        sqlx::query_as(
            "SELECT codes.*, name, status = 'ENABLED' AS enabled, document ->> '$.end_date' AS end_date
             FROM codes JOIN promotions ON promotions.id = promotion_id
             WHERE ?1 IS NULL OR code = ?1
             ORDER BY codes.id LIMIT ?2 OFFSET ?3",
        )
        .bind(text)
        .bind(limit)
        .bind(skip)
        .fetch_all(&self.connections)
        .await
    }
}
