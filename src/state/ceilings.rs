//! What was used of each daily ceiling, over a window that rolls.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::SqliteExecutor;

use super::{State, StateError, restored, stored};

/// How long what was used counts against a ceiling.
pub const WINDOW: Duration = Duration::from_hours(24);

/// What a counter holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The sum of what was used.
    pub total: u64,
    /// What was used when, the oldest first.
    events: Vec<(Timestamp, u64)>,
}

impl Counted {
    fn new(events: Vec<(Timestamp, u64)>) -> Self {
        let total = events.iter().fold(0_u64, |total, (_, amount)| total.saturating_add(*amount));
        Self { total, events }
    }

    /// When at least `needed` of the total will have left the window; `None` if the total is less, so that
    /// waiting does not help.
    pub fn frees_at(&self, needed: u64) -> Option<Timestamp> {
        let mut freed = 0_u64;
        let enough = self.events.iter().find(|(_, amount)| {
            freed = freed.saturating_add(*amount);
            freed >= needed
        });
        enough.map(|(at, _)| restored(stored(*at).saturating_add(window())))
    }
}

/// What became of a wish to use some of a ceiling.
#[derive(Debug, PartialEq, Eq)]
pub enum Reservation {
    /// It counts from now on; what is not used after all can be given back.
    Granted(ReservationId),
    /// It would pass the ceiling, and counts for nothing.
    Refused {
        /// What was used in the last 24 hours.
        used: u64,
        /// When there will be room; `None` if the amount alone is more than the ceiling.
        frees_at: Option<Timestamp>,
    },
}

/// What was granted, to be given back at most once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReservationId(i64);

impl State {
    /// What was used of a counter after `since`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn count(&self, counter: &str, since: Timestamp) -> Result<Counted, StateError> {
        let Some(connections) = self.for_reading().await? else { return Ok(Counted::new(Vec::new())) };
        let counted = read(connections, self.store_key(), counter, stored(since)).await;
        counted.map_err(|error| self.database_error(&error))
    }

    /// Counts `amount`, unless the counter would then hold more than `ceiling` for the 24 hours before `now`.
    /// Nothing comes between the check and the count, in whichever process.
    ///
    /// # Errors
    /// The database cannot be written: then nothing is granted.
    pub async fn reserve(
        &self,
        counter: &str,
        amount: u64,
        ceiling: u64,
        now: Timestamp,
    ) -> Result<Reservation, StateError> {
        let connections = self.for_writing().await?;
        let reserved = async {
            let mut transaction = connections.begin().await?;
            let since = stored(now).saturating_sub(window());
            let counted = read(&mut *transaction, self.store_key(), counter, since).await?;
            let excess = counted.total.saturating_add(amount).saturating_sub(ceiling);
            if excess > 0 {
                transaction.rollback().await?;
                return Ok(Reservation::Refused { used: counted.total, frees_at: counted.frees_at(excess) });
            }
            let id = sqlx::query_scalar(
                "INSERT INTO counter_events (store, counter, at, amount) VALUES (?1, ?2, ?3, ?4)
                 RETURNING sequence",
            )
            .bind(self.store_key())
            .bind(counter)
            .bind(stored(now))
            .bind(clamped(amount))
            .fetch_one(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(Reservation::Granted(ReservationId(id)))
        };
        reserved.await.map_err(|error| self.database_error(&error))
    }

    /// Gives back what was reserved and not used; more than was reserved is all of it.
    ///
    /// # Errors
    /// The database cannot be written: then it counts until it leaves the window.
    pub async fn release(&self, reservation: ReservationId, unused: u64) -> Result<(), StateError> {
        sqlx::query(
            "UPDATE counter_events SET amount = CASE WHEN amount > ?2 THEN amount - ?2 ELSE 0 END
             WHERE sequence = ?1",
        )
        .bind(reservation.0)
        .bind(clamped(unused))
        .execute(self.for_writing().await?)
        .await
        .map_err(|error| self.database_error(&error))?;
        Ok(())
    }
}

/// The window in milliseconds.
pub(super) fn window() -> i64 {
    i64::try_from(WINDOW.as_millis()).unwrap_or(i64::MAX)
}

async fn read(
    executor: impl SqliteExecutor<'_>,
    store: &str,
    counter: &str,
    since: i64,
) -> Result<Counted, sqlx::Error> {
    let events: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT at, amount FROM counter_events
         WHERE store = ?1 AND counter = ?2 AND at > ?3 AND amount > 0 ORDER BY at, sequence",
    )
    .bind(store)
    .bind(counter)
    .bind(since)
    .fetch_all(executor)
    .await?;
    let events = events.into_iter().map(|(at, amount)| (restored(at), amount.unsigned_abs()));
    Ok(Counted::new(events.collect()))
}

/// An amount as the database can hold it. No store has that many codes.
fn clamped(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}
