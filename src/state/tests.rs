//! The state as its users see it; "another process" is another [`State`] on the same directory.

mod audit;
mod ceilings;
mod changes;
mod faults;
mod files;
mod prune;
mod tokens;

use std::path::Path;

use jiff::Timestamp;
use serde_json::json;

use super::{AuditLog, Binding, ChangeEnd, Ending, Location, NewChange, State, StateSettings};

const STORE: &str = "api.bigcommerce.com/abc123";

/// Texts as a hostile store may hold them.
const HOSTILE: &str = "'); DROP TABLE changes; --\u{0}\n\r\u{202e}\u{200b}\"{}\\u0041 \u{1f600}";

fn state_of(store: &str, location: Location) -> State {
    State::new(StateSettings { location, store_key: store.to_owned(), audit_log: AuditLog::Default })
}

fn on_disk(directory: &Path) -> State {
    state_of(STORE, Location::Directory(directory.to_owned()))
}

fn in_memory() -> State {
    state_of(STORE, Location::Memory)
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn noon() -> Timestamp {
    time("2026-11-20T12:00:00Z")
}

fn binding() -> Binding {
    Binding::new("delete_promotions", &json!({ "promotion_ids": [7, 8] }), "anna", "7@1,8@1")
}

fn new_change(caller: &str, summary: &str) -> NewChange {
    NewChange {
        caller: caller.to_owned(),
        tool: "update_promotion".to_owned(),
        at: noon(),
        summary: summary.to_owned(),
        before: json!({ "status": "ENABLED" }),
    }
}

fn done() -> ChangeEnd {
    ChangeEnd {
        ending: Ending::Done,
        after: json!({ "status": "DISABLED" }),
        inverse: Some(json!({ "status": "ENABLED" })),
    }
}
