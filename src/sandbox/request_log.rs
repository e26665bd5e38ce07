//! What was asked of the sandbox, for tests that must know.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};

/// How many requests are remembered; older ones are forgotten.
const CAPACITY: usize = 100_000;

/// One API request that was dealt with.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) method: String,
    /// The whole path without the query.
    pub(super) path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) query: Option<String>,
    /// The status of the answer, 0 when a fault dropped it.
    pub(super) status: u16,
}

/// The latest API requests in the order in which they were finished.
#[derive(Debug, Default)]
pub(super) struct RequestLog {
    entries: Mutex<VecDeque<Entry>>,
}

impl RequestLog {
    pub(super) fn record(&self, entry: Entry) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= CAPACITY {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    /// `{"requests": [{method, path, query?, status}]}`.
    pub(super) fn to_json(&self) -> Value {
        json!({ "requests": *self.entries.lock().unwrap_or_else(PoisonError::into_inner) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_latest_requests_are_remembered() {
        let log = RequestLog::default();
        for number in 0..=CAPACITY {
            let path = format!("/{number}");
            log.record(Entry { method: "GET".to_owned(), path, query: None, status: 200 });
        }
        let entries = log.entries.lock().unwrap();
        assert_eq!((entries.len(), entries.front().unwrap().path.as_str()), (CAPACITY, "/1"));
    }
}
