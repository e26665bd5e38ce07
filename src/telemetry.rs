//! Logging: to stderr, because stdout belongs to the protocol or to data.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// The variable that sets the log filter, in the syntax of `tracing_subscriber::EnvFilter`.
pub const LOG: &str = "COUPON_MCP_LOG";

/// Starts logging. Default: a line per call and this program's warnings and errors; of rmcp its errors only,
/// without its complaints that a peer has left.
pub fn init() {
    let filter = EnvFilter::try_from_env(LOG)
        .unwrap_or_else(|_| EnvFilter::new("warn,rmcp=error,rmcp::service=off,coupon_mcp=info"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second start (in tests) changes nothing.
    let _ = subscriber.try_init();
}
