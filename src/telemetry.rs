//! Logging: to stderr, because stdout belongs to the protocol or to data.
//!
//! Nobody waits for stderr. It may be full, closed, or a pipe that nobody reads; a thread of its own writes the
//! lines, and what it cannot write is dropped and counted.

mod filter;
mod lines;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal, Write};
use std::panic::{self, PanicHookInfo};
use std::sync::OnceLock;
use std::time::Duration;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt;

use self::filter::{Filter, NOTE};
use self::lines::{Lines, Origin, Unwritten};

/// The variable that sets what is logged: a level, or directives in the syntax of `tracing_subscriber::EnvFilter`.
pub const LOG: &str = "COUPON_MCP_LOG";

/// The variable that sets how.
pub const LOG_FORMAT: &str = "COUPON_MCP_LOG_FORMAT";

/// How lines are written to stderr.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object each, messages for people too.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone, Default)]
pub struct LogSettings {
    /// What [`LOG`] holds.
    pub wish: Option<String>,
    /// How lines are written.
    pub format: LogFormat,
    /// Whether each call is a line, unless the wish says otherwise. A command for people says itself what it does.
    pub tells_calls: bool,
}

static FORMAT: OnceLock<LogFormat> = OnceLock::new();

/// Longest wait for lines to be written before the program goes on without them.
const FLUSH_WITHIN: Duration = Duration::from_millis(500);

/// Runs what writes to stderr, between whatever else must be done on the terminal.
type Around = Box<dyn Fn(&mut dyn FnMut()) + Send + Sync>;

static AROUND: OnceLock<Around> = OnceLock::new();

static LINES: Lines = Lines::new(write_out);

/// Gives the last lines a moment to be written when it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Flush;

impl Drop for Flush {
    fn drop(&mut self) {
        flush();
    }
}

/// Starts logging: this program's warnings and errors, and what the settings want. Keep what this returns until the
/// program ends.
pub fn init(settings: LogSettings) -> Flush {
    let LogSettings { wish, format, tells_calls } = settings;
    let usual = if tells_calls { LevelFilter::INFO } else { LevelFilter::WARN };
    let Filter { filter, fault } = filter::read(wish.as_deref(), usual);
    let subscriber = fmt()
        .with_env_filter(filter)
        .with_writer(|| Event)
        // It would print its own troubles to stderr, and wait for that.
        .log_internal_errors(false);
    // A second start (in tests) changes nothing.
    let _ = FORMAT.set(format);
    let _ = match format {
        LogFormat::Text => subscriber.with_ansi(io::stderr().is_terminal()).try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).with_span_list(false).try_init(),
    };
    panic::set_hook(Box::new(report_panic));
    if let Some(fault) = fault {
        note(&format!("warning: {fault}"));
    }
    Flush
}

/// Whether every line on stderr is JSON.
pub fn is_json() -> bool {
    FORMAT.get() == Some(&LogFormat::Json)
}

/// Has `around` run each write to stderr from here on: something else draws on the terminal too. The first one
/// stays.
pub fn write_within(around: impl Fn(&mut dyn FnMut()) + Send + Sync + 'static) {
    let _ = AROUND.set(Box::new(around));
}

/// Writes a line for people to stderr. Waits a moment for it, so that it keeps its place among what is printed
/// on stdout, but never for ever.
pub fn note(line: &str) {
    say(line);
    flush();
}

fn say(line: &str) {
    if !is_json() {
        return LINES.push(format!("{line}\n").into_bytes(), Origin::Note);
    }
    // The log has a field for what the line begins with.
    match line.split_once(": ") {
        Some(("error", fault)) => tracing::error!(target: NOTE, "{fault}"),
        Some(("warning", trouble)) => tracing::warn!(target: NOTE, "{trouble}"),
        Some(("note", text)) => tracing::info!(target: NOTE, "{text}"),
        _ => tracing::info!(target: NOTE, "{line}"),
    }
}

fn flush() {
    LINES.flush(FLUSH_WITHIN);
}

/// As the default hook does, which would wait for stderr.
fn report_panic(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let mut report = format!("error: thread '{}' {panic}", thread.name().unwrap_or("<unnamed>"));
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        report.push('\n');
        report.push_str(&backtrace.to_string());
    }
    say(&report);
}

fn write_out(line: &[u8]) -> Result<(), Unwritten> {
    let mut written = Ok(());
    let mut write = || written = lines::write_whole(&mut io::stderr(), line);
    match AROUND.get() {
        Some(around) => around(&mut write),
        None => write(),
    }
    written
}

/// The subscriber writes an event at once, as whole lines.
struct Event;

impl Write for Event {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        LINES.push(lines.to_vec(), Origin::Log);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
