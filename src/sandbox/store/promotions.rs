//! Promotions in the database.

use serde_json::{Map, Value};
use sqlx::sqlite::{Sqlite, SqliteConnection};
use sqlx::{QueryBuilder, SqliteExecutor};

use super::{Store, decode_document};
use crate::sandbox::wire_error::WireError;

/// What a promotion takes codes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Kind {
    /// It applies by itself: no code.
    Automatic,
    /// One code.
    Single,
    /// Any number of codes.
    Bulk,
}

/// Which promotions a list holds; every filter that is given must hold.
#[derive(Clone, Debug, Default)]
pub(in crate::sandbox) struct Filter {
    pub(in crate::sandbox) id: Option<i64>,
    /// The whole name, whatever its case.
    pub(in crate::sandbox) name: Option<String>,
    /// One of its codes, whatever the case.
    pub(in crate::sandbox) code: Option<String>,
    pub(in crate::sandbox) currency_code: Option<String>,
    /// In upper case.
    pub(in crate::sandbox) redemption_type: Option<String>,
    pub(in crate::sandbox) status: Option<String>,
    /// Promotions that target one of these channels, or all channels.
    pub(in crate::sandbox) channels: Option<Vec<i64>>,
    /// A part of the name or of one of its codes, whatever the case.
    pub(in crate::sandbox) part: Option<String>,
}

/// The order of a list.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct Order {
    /// `id`, `name` or `start_date`.
    pub(in crate::sandbox) column: &'static str,
    pub(in crate::sandbox) descending: bool,
}

impl Store {
    /// The kind of the promotion, `None` if it does not exist.
    pub(in crate::sandbox) async fn kind_of(&self, id: i64) -> Result<Option<Kind>, sqlx::Error> {
        kind_of(&self.connections, id).await
    }

    /// The promotion as the API sends it.
    pub(in crate::sandbox) async fn promotion(&self, id: i64) -> Result<Option<Value>, sqlx::Error> {
        let document: Option<String> = sqlx::query_scalar("SELECT document FROM promotions WHERE id = ?1")
            .bind(id)
            .fetch_optional(&self.connections)
            .await?;
        document.map(|document| Ok(with_id(id, decode_document(&document)?))).transpose()
    }

    /// The promotions of one page, as the API sends them.
    pub(in crate::sandbox) async fn promotions(
        &self,
        filter: &Filter,
        order: Order,
        limit: i64,
        skip: i64,
    ) -> Result<Vec<Value>, sqlx::Error> {
        let mut query = filter.select("SELECT id, document");
        let direction = if order.descending { "DESC" } else { "ASC" };
        query.push(format_args!(" ORDER BY {} {direction}, id {direction} LIMIT ", order.column));
        query.push_bind(limit).push(" OFFSET ").push_bind(skip);
        let rows: Vec<(i64, String)> = query.build_query_as().fetch_all(&self.connections).await?;
        rows.into_iter().map(|(id, document)| Ok(with_id(id, decode_document(&document)?))).collect()
    }

    /// How many promotions pass `filter`.
    pub(in crate::sandbox) async fn count_promotions(&self, filter: &Filter) -> Result<i64, sqlx::Error> {
        filter.select("SELECT COUNT(*)").build_query_scalar().fetch_one(&self.connections).await
    }

    /// Adds a promotion and returns it as the API sends it.
    pub(in crate::sandbox) async fn insert_promotion(
        &self,
        document: Map<String, Value>,
    ) -> Result<Value, sqlx::Error> {
        let text = serde_json::json!(document).to_string();
        let inserted = sqlx::query("INSERT INTO promotions (document) VALUES (?1)")
            .bind(text)
            .execute(&self.connections)
            .await?;
        Ok(with_id(inserted.last_insert_rowid(), document))
    }

    /// Replaces a promotion by what `change` makes of it, and returns that as the API sends it; `None` if
    /// it does not exist.
    pub(in crate::sandbox) async fn update_promotion(
        &self,
        id: i64,
        change: impl FnOnce(Map<String, Value>) -> Result<Map<String, Value>, WireError>,
    ) -> Result<Option<Value>, WireError> {
        let mut transaction = self.connections.begin().await?;
        let document: Option<String> = sqlx::query_scalar("SELECT document FROM promotions WHERE id = ?1")
            .bind(id)
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(document) = document else { return Ok(None) };
        let changed = change(decode_document(&document)?)?;
        sqlx::query("UPDATE promotions SET document = ?2 WHERE id = ?1")
            .bind(id)
            .bind(serde_json::json!(changed).to_string())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Some(with_id(id, changed)))
    }

    /// Deletes those of `ids` that have no codes and returns the others that exist. An id is never used
    /// again, so what is left afterwards is what could not be deleted.
    pub(in crate::sandbox) async fn delete_promotions(&self, ids: &[i64]) -> Result<Vec<i64>, sqlx::Error> {
        let ids = serde_json::json!(ids).to_string();
        sqlx::query(
            "DELETE FROM promotions WHERE id IN (SELECT value FROM json_each(?1))
             AND NOT EXISTS (SELECT 1 FROM codes WHERE promotion_id = promotions.id)",
        )
        .bind(&ids)
        .execute(&self.connections)
        .await?;
        sqlx::query_scalar("SELECT id FROM promotions WHERE id IN (SELECT value FROM json_each(?1))")
            .bind(&ids)
            .fetch_all(&self.connections)
            .await
    }
}

impl Filter {
    /// `selection` from the promotions that pass.
    fn select(&self, selection: &'static str) -> QueryBuilder<Sqlite> {
        let mut query = QueryBuilder::new(selection);
        query.push(" FROM promotions WHERE true");
        if let Some(id) = self.id {
            query.push(" AND id = ").push_bind(id);
        }
        let columns = [
            (" AND name = ", &self.name),
            (" AND currency_code = ", &self.currency_code),
            (" AND redemption_type = ", &self.redemption_type),
            (" AND status = ", &self.status),
        ];
        for (condition, value) in columns {
            if let Some(value) = value {
                query.push(condition).push_bind(value.clone());
            }
        }
        if let Some(code) = &self.code {
            query.push(" AND id IN (SELECT promotion_id FROM codes WHERE code = ");
            query.push_bind(code.clone()).push(")");
        }
        if let Some(channels) = &self.channels {
            query.push(" AND (json_array_length(document, '$.channels') = 0 OR EXISTS (");
            query.push("SELECT 1 FROM json_each(document, '$.channels') AS channel WHERE ");
            query.push("channel.value ->> '$.id' IN (SELECT value FROM json_each(");
            query.push_bind(serde_json::json!(channels).to_string()).push("))))");
        }
        if let Some(part) = &self.part {
            query.push(" AND (instr(upper(name), upper(").push_bind(part.clone());
            query.push(")) OR EXISTS (SELECT 1 FROM codes WHERE promotion_id = promotions.id");
            query.push(" AND instr(upper(code), upper(").push_bind(part.clone()).push("))))");
        }
        query
    }
}

/// The kind of the promotion, `None` if it does not exist.
pub(super) async fn kind_of(executor: impl SqliteExecutor<'_>, id: i64) -> Result<Option<Kind>, sqlx::Error> {
    let types: Option<(String, Option<String>)> =
        sqlx::query_as("SELECT redemption_type, coupon_type FROM promotions WHERE id = ?1")
            .bind(id)
            .fetch_optional(executor)
            .await?;
    Ok(types.map(|types| match (types.0.as_str(), types.1.as_deref()) {
        ("COUPON", Some("BULK")) => Kind::Bulk,
        ("COUPON", _) => Kind::Single,
        _ => Kind::Automatic,
    }))
}

/// The document with its id in front.
fn with_id(id: i64, document: Map<String, Value>) -> Value {
    let mut promotion = Map::with_capacity(document.len() + 1);
    promotion.insert("id".to_owned(), id.into());
    promotion.extend(document);
    promotion.into()
}

/// Inserts the promotions of a JSON array.
pub(super) async fn seed(connection: &mut SqliteConnection, promotions: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO promotions (id, document)
         SELECT value ->> '$.id', json_remove(value, '$.id') FROM json_each(?1)",
    )
    .bind(promotions)
    .execute(connection)
    .await?;
    Ok(())
}
