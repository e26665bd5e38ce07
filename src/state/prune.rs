//! Forgetting what is old.

use std::path::PathBuf;

use jiff::Timestamp;

use super::{State, StateError, ceilings, stored};

/// What was forgotten, and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Changes that were forgotten; they can no longer be undone.
    pub changes: u64,
    /// Confirmation tokens, used or expired.
    pub tokens: u64,
    /// Entries of daily counters.
    pub counter_entries: u64,
    /// Changes as old as these that never ended, and are kept: what they were about may still have to be put
    /// right by hand.
    pub unended_changes_kept: u64,
    /// The audit log, which is left as it is; `None` where there is none.
    pub audit_log_kept: Option<PathBuf>,
}

impl State {
    /// Forgets what is from before `before`, for every store that shares the database. What still counts at
    /// `now` stays: tokens that can be redeemed, and what was used in the last 24 hours.
    ///
    /// # Errors
    /// The database cannot be written: then nothing is forgotten.
    pub async fn prune(&self, before: Timestamp, now: Timestamp) -> Result<Pruned, StateError> {
        let audit_log_kept = self.audit_log().map(|log| log.path);
        let Some(connections) = self.for_reading().await? else {
            return Ok(Pruned { audit_log_kept, ..Pruned::default() });
        };
        let before = stored(before.min(now));
        let window_start = stored(now).saturating_sub(ceilings::window());
        let pruned = async {
            let mut transaction = connections.begin().await?;
            let changes = sqlx::query("DELETE FROM changes WHERE at < ?1 AND status <> 'pending'")
                .bind(before)
                .execute(&mut *transaction)
                .await?;
            let tokens = sqlx::query("DELETE FROM tokens WHERE used_at < ?1 OR expires_at < ?1")
                .bind(before)
                .execute(&mut *transaction)
                .await?;
            let counter_entries = sqlx::query("DELETE FROM counter_events WHERE at < ?1 AND at <= ?2")
                .bind(before)
                .bind(window_start)
                .execute(&mut *transaction)
                .await?;
            let unended: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM changes WHERE at < ?1")
                .bind(before)
                .fetch_one(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok(Pruned {
                changes: changes.rows_affected(),
                tokens: tokens.rows_affected(),
                counter_entries: counter_entries.rows_affected(),
                unended_changes_kept: unended.unsigned_abs(),
                audit_log_kept,
            })
        };
        pruned.await.map_err(|error| self.database_error(&error))
    }
}
