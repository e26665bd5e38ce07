//! A command that ran to its end.

use serde_json::Value;
use tokio::process::Command;

use super::process::{PATIENCE, binary};

pub(crate) struct Finished {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// stdout, which is JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("stdout is not JSON: {}", self.stdout))
    }
}

pub(crate) async fn finish(mut command: Command) -> Finished {
    let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("it did not end").unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Finished { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// The binary with these arguments.
pub(crate) async fn run(arguments: &[&str]) -> Finished {
    finish(binary(arguments)).await
}
