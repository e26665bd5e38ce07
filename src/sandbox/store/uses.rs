//! The counts of uses, which no endpoint of the API can set.

use super::Store;

impl Store {
    /// Sets the uses of the code with this text, whatever its case, and moves those of its promotion by the
    /// difference, to 0 at the least. False when there is no such code.
    pub(in crate::sandbox) async fn set_code_uses(&self, text: &str, uses: u32) -> Result<bool, sqlx::Error> {
        let mut transaction = self.connections.begin().await?;
        // The promotion first, as it needs the count that the code has until now.
        sqlx::query(
            "UPDATE promotions SET document =
                 json_set(document, '$.current_uses', max(0, (document ->> '$.current_uses') + ?2 - past))
             FROM (SELECT promotion_id, current_uses AS past FROM codes WHERE code = ?1)
             WHERE id = promotion_id",
        )
        .bind(text)
        .bind(uses)
        .execute(&mut *transaction)
        .await?;
        let changed = sqlx::query("UPDATE codes SET current_uses = ?2 WHERE code = ?1")
            .bind(text)
            .bind(uses)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(changed.rows_affected() > 0)
    }

    /// Sets the uses of a promotion and leaves those of its codes. False when there is no such promotion.
    pub(in crate::sandbox) async fn set_promotion_uses(
        &self,
        id: i64,
        uses: u32,
    ) -> Result<bool, sqlx::Error> {
        let changed = sqlx::query(
            "UPDATE promotions SET document = json_set(document, '$.current_uses', ?2) WHERE id = ?1",
        )
        .bind(id)
        .bind(uses)
        .execute(&self.connections)
        .await?;
        Ok(changed.rows_affected() > 0)
    }
}
