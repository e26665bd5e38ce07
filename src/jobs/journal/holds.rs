//! Which jobs are run in this process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::jobs::JobId;

/// The jobs that were handed out to a runner in this process. A job that names this process as its owner and is
/// not among them was begun or taken over by a call that was dropped before it could answer: nobody runs it.
#[derive(Debug, Default)]
pub(super) struct Holds(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    /// Each with the number of its hold, so that a late release does not end a newer one.
    jobs: HashMap<JobId, u64>,
    next: u64,
}

impl Holds {
    /// A new hold, which ends with the guard unless that is kept.
    pub(super) fn hold(&self, id: &JobId) -> Hold<'_> {
        let mut held = self.held();
        let number = held.next;
        held.next += 1;
        held.jobs.insert(id.clone(), number);
        Hold { holds: self, id: id.clone(), number: Some(number) }
    }

    /// The hold that there is, which now ends with the guard.
    pub(super) fn last(&self, id: &JobId) -> Hold<'_> {
        Hold { holds: self, id: id.clone(), number: self.held().jobs.get(id).copied() }
    }

    pub(super) fn contain(&self, id: &JobId) -> bool {
        self.held().jobs.contains_key(id)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A job held until this is dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct Hold<'a> {
    holds: &'a Holds,
    id: JobId,
    number: Option<u64>,
}

impl Hold<'_> {
    /// The job is handed out: it stays held.
    pub(super) fn keep(mut self) {
        self.number = None;
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        let mut held = self.holds.held();
        if self.number.is_some() && held.jobs.get(&self.id).copied() == self.number {
            held.jobs.remove(&self.id);
        }
    }
}
