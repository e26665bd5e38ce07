//! The promotion settings in the database.

use serde_json::Value;
use sqlx::sqlite::SqliteConnection;

use super::{Store, decode_document};

impl Store {
    pub(in crate::sandbox) async fn settings(&self) -> Result<Value, sqlx::Error> {
        let document: String =
            sqlx::query_scalar("SELECT document FROM settings").fetch_one(&self.connections).await?;
        decode_document(&document)
    }

    pub(in crate::sandbox) async fn save_settings(&self, settings: &Value) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE settings SET document = ?1")
            .bind(settings.to_string())
            .execute(&self.connections)
            .await?;
        Ok(())
    }
}

/// Inserts the only row.
pub(super) async fn seed(connection: &mut SqliteConnection, settings: &str) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO settings (id, document) VALUES (1, json(?1))")
        .bind(settings)
        .execute(connection)
        .await?;
    Ok(())
}
