//! Coupon codes in the database.

use std::ops::RangeInclusive;

use serde::Serialize;
use serde_json::Value;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{FromRow, Row};

use super::promotions::kind_of;
use super::{Kind, Store};
use crate::sandbox::seed::legacy;

/// One code as the API sends it: `CouponCode` in the vendor's OpenAPI file.
#[derive(Clone, Debug, Serialize)]
pub(in crate::sandbox) struct CouponCode {
    pub(in crate::sandbox) id: i64,
    pub(in crate::sandbox) code: String,
    pub(in crate::sandbox) current_uses: i64,
    /// In the API's form.
    pub(in crate::sandbox) created: String,
    /// 0 means unlimited.
    pub(in crate::sandbox) max_uses: i64,
    /// 0 means unlimited.
    pub(in crate::sandbox) max_uses_per_customer: i64,
}

impl From<CouponCode> for Value {
    fn from(code: CouponCode) -> Self {
        serde_json::json!(code)
    }
}

impl FromRow<'_, SqliteRow> for CouponCode {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            code: row.try_get("code")?,
            current_uses: row.try_get("current_uses")?,
            created: row.try_get("created")?,
            max_uses: row.try_get("max_uses")?,
            max_uses_per_customer: row.try_get("max_uses_per_customer")?,
        })
    }
}

/// What codes that are made together have in common.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct NewCodes {
    pub(in crate::sandbox) promotion: i64,
    pub(in crate::sandbox) max_uses: i64,
    pub(in crate::sandbox) max_uses_per_customer: i64,
    pub(in crate::sandbox) created: String,
}

/// The outcome of an insertion.
#[derive(Debug)]
pub(in crate::sandbox) enum Inserted {
    /// The id of the new code.
    Done(i64),
    /// The store has this code already.
    Duplicate,
    /// The promotion is missing or takes no further code.
    NotTaken,
}

/// The outcome of inserting a batch.
#[derive(Debug)]
pub(in crate::sandbox) enum Batch {
    /// The texts of the new codes.
    Done(Vec<String>),
    /// Too many of the texts that were drawn exist already.
    TooFew,
    /// The promotion is missing or not of a kind that takes batches.
    NotTaken(Option<Kind>),
}

impl Store {
    /// Adds one code if its promotion takes it: one statement, so that nothing can come between the check
    /// and the insertion. The legacy coupon is no row of the table, so its code is looked at by itself.
    pub(in crate::sandbox) async fn insert_code(
        &self,
        code: &str,
        new: &NewCodes,
    ) -> Result<Inserted, sqlx::Error> {
        if legacy::has_code(code) {
            let taken = self.takes_a_code(new.promotion).await?;
            return Ok(if taken { Inserted::Duplicate } else { Inserted::NotTaken });
        }
        let inserted = sqlx::query_scalar(
            "INSERT INTO codes (promotion_id, code, max_uses, max_uses_per_customer, created)
             SELECT id, ?2, ?3, ?4, ?5 FROM promotions
             WHERE id = ?1 AND redemption_type = 'COUPON'
               AND (coupon_type = 'BULK' OR NOT EXISTS (SELECT 1 FROM codes WHERE promotion_id = ?1))
             RETURNING id",
        )
        .bind(new.promotion)
        .bind(code)
        .bind(new.max_uses)
        .bind(new.max_uses_per_customer)
        .bind(&new.created)
        .fetch_all(&self.connections)
        .await;
        match inserted {
            Ok(ids) => Ok(ids.first().map_or(Inserted::NotTaken, |id| Inserted::Done(*id))),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(Inserted::Duplicate),
            Err(error) => Err(error),
        }
    }

    /// Whether the promotion is there and takes a further code.
    async fn takes_a_code(&self, promotion: i64) -> Result<bool, sqlx::Error> {
        Ok(match self.kind_of(promotion).await? {
            Some(Kind::Bulk) => true,
            Some(Kind::Single) => self.count_codes(promotion, &(1..=i64::MAX)).await? == 0,
            Some(Kind::Automatic) | None => false,
        })
    }

    /// Adds a batch of codes to a promotion, whole or not at all. `candidates` gives as many new texts as
    /// it is asked for; texts that the store has already are left out and asked for again, at most `rounds`
    /// times.
    pub(in crate::sandbox) async fn insert_batch(
        &self,
        new: &NewCodes,
        size: usize,
        rounds: usize,
        mut candidates: impl FnMut(usize) -> Vec<String>,
    ) -> Result<Batch, sqlx::Error> {
        let mut transaction = self.connections.begin().await?;
        let kind = kind_of(&mut *transaction, new.promotion).await?;
        if kind != Some(Kind::Bulk) {
            return Ok(Batch::NotTaken(kind));
        }
        let mut batch = Vec::with_capacity(size);
        for _ in 0..rounds {
            let mut texts = candidates(size - batch.len());
            texts.retain(|text| !legacy::has_code(text));
            let texts = serde_json::json!(texts).to_string();
            batch.extend(insert_texts(&mut transaction, new, &texts).await?);
            if batch.len() == size {
                transaction.commit().await?;
                return Ok(Batch::Done(batch));
            }
        }
        transaction.rollback().await?;
        Ok(Batch::TooFew)
    }

    /// The code with this text, whatever its case, of any promotion.
    pub(in crate::sandbox) async fn code_by_text(
        &self,
        text: &str,
    ) -> Result<Option<CouponCode>, sqlx::Error> {
        sqlx::query_as("SELECT * FROM codes WHERE code = ?1")
            .bind(text)
            .fetch_optional(&self.connections)
            .await
    }

    /// The id of the code with this text, whatever its case, if it belongs to `promotion`.
    pub(in crate::sandbox) async fn code_id_of(
        &self,
        promotion: i64,
        text: &str,
    ) -> Result<Option<i64>, sqlx::Error> {
        sqlx::query_scalar("SELECT id FROM codes WHERE code = ?1 AND promotion_id = ?2")
            .bind(text)
            .bind(promotion)
            .fetch_optional(&self.connections)
            .await
    }

    /// The first `limit` codes of `promotion` with an id within `ids`, after `skip` of them.
    pub(in crate::sandbox) async fn first_codes(
        &self,
        promotion: i64,
        ids: &RangeInclusive<i64>,
        limit: i64,
        skip: i64,
    ) -> Result<Vec<CouponCode>, sqlx::Error> {
        sqlx::query_as(
            "SELECT * FROM codes WHERE promotion_id = ?1 AND id BETWEEN ?2 AND ?3
             ORDER BY id LIMIT ?4 OFFSET ?5",
        )
        .bind(promotion)
        .bind(ids.start())
        .bind(ids.end())
        .bind(limit)
        .bind(skip)
        .fetch_all(&self.connections)
        .await
    }

    /// The last `limit` codes of `promotion` with an id within `ids`, in ascending order.
    pub(in crate::sandbox) async fn last_codes(
        &self,
        promotion: i64,
        ids: &RangeInclusive<i64>,
        limit: i64,
    ) -> Result<Vec<CouponCode>, sqlx::Error> {
        let mut codes: Vec<CouponCode> = sqlx::query_as(
            "SELECT * FROM codes WHERE promotion_id = ?1 AND id BETWEEN ?2 AND ?3
             ORDER BY id DESC LIMIT ?4",
        )
        .bind(promotion)
        .bind(ids.start())
        .bind(ids.end())
        .bind(limit)
        .fetch_all(&self.connections)
        .await?;
        codes.reverse();
        Ok(codes)
    }

    /// How many codes of `promotion` have an id within `ids`.
    pub(in crate::sandbox) async fn count_codes(
        &self,
        promotion: i64,
        ids: &RangeInclusive<i64>,
    ) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar("SELECT COUNT(*) FROM codes WHERE promotion_id = ?1 AND id BETWEEN ?2 AND ?3")
            .bind(promotion)
            .bind(ids.start())
            .bind(ids.end())
            .fetch_one(&self.connections)
            .await
    }

    /// Deletes the code with this text, whatever its case.
    pub(in crate::sandbox) async fn delete_code_by_text(&self, text: &str) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM codes WHERE code = ?1").bind(text).execute(&self.connections).await?;
        Ok(())
    }

    /// Deletes those of `ids` that are codes of `promotion` and, if `text` is given, have that text. Returns
    /// those that are codes of another promotion.
    pub(in crate::sandbox) async fn delete_codes(
        &self,
        promotion: i64,
        ids: &[i64],
        text: Option<&str>,
    ) -> Result<Vec<i64>, sqlx::Error> {
        let ids = serde_json::json!(ids).to_string();
        sqlx::query(
            "DELETE FROM codes WHERE promotion_id = ?1 AND id IN (SELECT value FROM json_each(?2))
             AND (?3 IS NULL OR code = ?3)",
        )
        .bind(promotion)
        .bind(&ids)
        .bind(text)
        .execute(&self.connections)
        .await?;
        sqlx::query_scalar(
            "SELECT id FROM codes WHERE promotion_id <> ?1 AND id IN (SELECT value FROM json_each(?2))",
        )
        .bind(promotion)
        .bind(&ids)
        .fetch_all(&self.connections)
        .await
    }
}

/// Inserts the texts of a JSON array, except those that the store has, and returns what was inserted. One
/// statement for any number of rows stays prepared.
async fn insert_texts(
    connection: &mut SqliteConnection,
    new: &NewCodes,
    texts: &str,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "INSERT INTO codes (promotion_id, code, max_uses, max_uses_per_customer, created)
         SELECT ?1, value, ?2, ?3, ?4 FROM json_each(?5) WHERE true
         ON CONFLICT DO NOTHING RETURNING code",
    )
    .bind(new.promotion)
    .bind(new.max_uses)
    .bind(new.max_uses_per_customer)
    .bind(&new.created)
    .bind(texts)
    .fetch_all(connection)
    .await
}

/// Inserts codes with their promotions, as one JSON array of flat rows.
pub(super) async fn seed(
    connection: &mut SqliteConnection,
    codes: &[(i64, CouponCode)],
) -> Result<(), sqlx::Error> {
    let row = |(promotion, code): &(i64, CouponCode)| {
        let CouponCode { id, code, current_uses, created, max_uses, max_uses_per_customer } = code;
        serde_json::json!([promotion, id, code, current_uses, created, max_uses, max_uses_per_customer])
    };
    let rows: Value = codes.iter().map(row).collect();
    sqlx::query(
        "INSERT INTO codes
            (promotion_id, id, code, current_uses, created, max_uses, max_uses_per_customer)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
         FROM json_each(?1)",
    )
    .bind(rows.to_string())
    .execute(connection)
    .await?;
    Ok(())
}
