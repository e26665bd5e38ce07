//! Logging: to stderr, because stdout belongs to the protocol or to data.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

use tracing_subscriber::EnvFilter;

/// The variable that sets the log filter, in the syntax of `tracing_subscriber::EnvFilter`.
pub const LOG: &str = "COUPON_MCP_LOG";

/// Writes one or more whole lines to stderr.
type Writer = Box<dyn Fn(&[u8]) -> io::Result<()> + Send + Sync>;

static WRITER: OnceLock<Writer> = OnceLock::new();

/// Starts logging. Default: a line per call and this program's warnings and errors; of rmcp its errors only,
/// without its complaints that a peer has left.
pub fn init() {
    let filter = EnvFilter::try_from_env(LOG)
        .unwrap_or_else(|_| EnvFilter::new("warn,rmcp=error,rmcp::service=off,coupon_mcp=info"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Lines)
        .with_ansi(io::stderr().is_terminal());
    // A second start (in tests) changes nothing.
    let _ = subscriber.try_init();
}

/// Has `writer` write the log's lines from here on: something else draws on the terminal too. The first one stays.
pub fn write_with(writer: impl Fn(&[u8]) -> io::Result<()> + Send + Sync + 'static) {
    let _ = WRITER.set(Box::new(writer));
}

/// The subscriber writes an event at once, as whole lines.
struct Lines;

impl Write for Lines {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        match WRITER.get() {
            Some(writer) => writer(lines)?,
            None => io::stderr().write_all(lines)?,
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
