//! A panic in a tool is answered: without this, rmcp never answers the request at all.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use rmcp::ErrorData;

/// Awaits `call`; a panic in it becomes an internal error that names the tool and nothing else.
///
/// # Errors
/// A JSON-RPC internal error when `call` panicked.
pub async fn guarded<F: Future>(tool: &str, call: F) -> Result<F::Output, ErrorData> {
    AssertUnwindSafe(call).catch_unwind().await.map_err(|_| {
        tracing::error!(tool, "tool panicked");
        ErrorData::internal_error(format!("The tool {tool} crashed; the server goes on."), None)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_an_error_that_names_the_tool() {
        let crashed: Result<(), _> = guarded("boom", async { panic!("secret detail") }).await;
        let error = crashed.unwrap_err();
        assert_eq!(error.message, "The tool boom crashed; the server goes on.");
    }
}
