//! Where the servers of a test keep what they remember.

use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use tokio::process::Command;

/// State directories, one for each server, that are gone with this value.
pub(crate) struct StateDirectories {
    parent: TempDir,
    given: AtomicUsize,
}

impl StateDirectories {
    pub(crate) fn new() -> Self {
        Self { parent: tempfile::tempdir().unwrap(), given: AtomicUsize::new(0) }
    }

    /// Gives `command` a directory that no other server has; it is not there yet. `--state-dir` goes before it.
    pub(crate) fn give_to(&self, command: &mut Command) {
        let number = self.given.fetch_add(1, Ordering::Relaxed).to_string();
        command.env("COUPON_MCP_EXPORT_DIR", self.parent.path().join(format!("exports-{number}")));
        command.env("COUPON_MCP_STATE_DIR", self.parent.path().join(number));
    }
}
