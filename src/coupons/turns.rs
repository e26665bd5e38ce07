//! One call at a time for one code.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::bigcommerce::Patience;

use super::{CodeText, CouponError};

type Waiting = HashMap<String, Arc<tokio::sync::Mutex<()>>>;

/// Keeps simultaneous calls for the same code apart, so that the later one finds what the earlier one made.
#[derive(Debug, Default)]
pub(super) struct Turns {
    waiting: Mutex<Waiting>,
}

/// A code that is being worked on; released when dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    key: String,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    pub(super) async fn take(&self, code: &CodeText, patience: &Patience) -> Result<Turn<'_>, CouponError> {
        let key = code.folded();
        let lock = Arc::clone(self.waiting().entry(key.clone()).or_default());
        let mut turn = Turn { turns: self, key, guard: None };
        let guard = tokio::time::timeout(patience.time_left(), lock.lock_owned()).await;
        turn.guard = Some(guard.map_err(|_| CouponError::InProgress)?);
        Ok(turn)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.guard = None;
        let mut waiting = self.turns.waiting();
        // The map's own reference is the last one: nobody else waits.
        if waiting.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            waiting.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn patience(seconds: u64) -> Patience {
        Patience::new(Duration::from_secs(seconds), Duration::ZERO)
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_code_waits_in_any_spelling_and_another_does_not() {
        let turns = Turns::default();
        let code = |text| CodeText::parse(text).unwrap();
        let first = turns.take(&code("ANNA10"), &patience(45)).await.unwrap();
        assert!(matches!(turns.take(&code("anna10"), &patience(5)).await, Err(CouponError::InProgress)));
        assert!(turns.take(&code("BEN10"), &patience(5)).await.is_ok());
        drop(first);
        assert!(turns.take(&code("anna10"), &patience(5)).await.is_ok());
        assert!(turns.waiting().is_empty());
    }
}
