//! Lines on their way to a place that may not take them.

use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Most bytes that wait to be written; what comes on top is dropped.
const MOST_BYTES: usize = 256 << 10;

/// Pause before a pipe that is full, and does not block, is tried again.
const PAUSE: Duration = Duration::from_millis(10);

/// The field of a log line that tells how many lines were dropped before it.
const DROPPED: &str = "dropped_log_lines";

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The log: it can carry the number of lines that were dropped.
    Log,
    /// A message for people, or for programs that read it, which stays as it is.
    Note,
}

/// A line was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unwritten {
    /// Whether a part of it was.
    pub(super) begun: bool,
}

/// What writes a line whole.
type Write = fn(&[u8]) -> Result<(), Unwritten>;

/// Lines that wait for the thread that writes them. The first line starts it.
#[derive(Debug)]
pub(super) struct Lines {
    state: Mutex<State>,
    /// A line came, or was dealt with.
    changed: Condvar,
    write: Write,
}

/// The thread that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    NotStarted,
    Waiting,
    /// A line has left the queue and is not yet dealt with.
    Writing,
}

#[derive(Debug)]
struct State {
    waiting: VecDeque<(Vec<u8>, Origin)>,
    /// The size of all that wait.
    bytes: usize,
    /// Lines that were lost, and that no line has told of yet.
    dropped: u64,
    writer: Writer,
    /// Whether the last line was cut short, so that the next must not run into it.
    is_cut: bool,
    /// Whether somebody waited in vain, and nothing was written since.
    is_stuck: bool,
}

impl Lines {
    /// An empty queue for what `write` writes.
    pub(super) const fn new(write: Write) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            bytes: 0,
            dropped: 0,
            writer: Writer::NotStarted,
            is_cut: false,
            is_stuck: false,
        };
        Self { state: Mutex::new(state), changed: Condvar::new(), write }
    }

    /// Hands a line over, or drops it if too much waits already.
    pub(super) fn push(&'static self, line: Vec<u8>, origin: Origin) {
        let mut state = self.state();
        if state.writer == Writer::NotStarted {
            let started = thread::Builder::new().name("log".to_owned()).spawn(|| self.write_for_ever());
            state.writer = if started.is_ok() { Writer::Waiting } else { Writer::NotStarted };
        }
        if state.writer == Writer::NotStarted || state.bytes + line.len() > MOST_BYTES {
            state.dropped += 1;
            return;
        }
        state.bytes += line.len();
        state.waiting.push_back((line, origin));
        self.changed.notify_all();
    }

    /// Waits until all is dealt with, but not longer than `limit`, and not at all after a wait in vain until
    /// something is written again.
    pub(super) fn flush(&self, limit: Duration) {
        let state = self.state();
        let is_busy = |state: &mut State| {
            !state.is_stuck && (state.writer == Writer::Writing || !state.waiting.is_empty())
        };
        let (mut state, waited) =
            self.changed.wait_timeout_while(state, limit, is_busy).unwrap_or_else(PoisonError::into_inner);
        state.is_stuck |= waited.timed_out();
    }

    fn write_for_ever(&self) {
        loop {
            let (line, dropped) = self.next();
            let written = (self.write)(&line);
            let mut state = self.state();
            state.writer = Writer::Waiting;
            match written {
                Ok(()) => {
                    state.dropped -= dropped;
                    (state.is_cut, state.is_stuck) = (false, false);
                }
                Err(Unwritten { begun }) => {
                    state.dropped += 1;
                    state.is_cut |= begun;
                }
            }
            self.changed.notify_all();
        }
    }

    /// The next line, and how many dropped ones it tells of.
    fn next(&self) -> (Vec<u8>, u64) {
        let is_idle = |state: &mut State| state.waiting.is_empty();
        let mut state =
            self.changed.wait_while(self.state(), is_idle).unwrap_or_else(PoisonError::into_inner);
        let (line, origin) = state.waiting.pop_front().unwrap_or((Vec::new(), Origin::Note));
        state.bytes -= line.len();
        state.writer = Writer::Writing;
        let told = if origin == Origin::Log { state.dropped } else { 0 };
        let mut line = if told > 0 { with_count(line, told) } else { line };
        if state.is_cut {
            line.insert(0, b'\n');
        }
        (line, told)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line of the log, which is text or a JSON object, with the number of dropped ones as its last field.
fn with_count(mut line: Vec<u8>, dropped: u64) -> Vec<u8> {
    let is_json = line.starts_with(b"{") && line.ends_with(b"}\n");
    let end: &[u8] = if is_json { b"}\n" } else { b"\n" };
    line.truncate(line.len() - if line.ends_with(end) { end.len() } else { 0 });
    let field =
        if is_json { format!(",\"{DROPPED}\":{dropped}}}\n") } else { format!(" {DROPPED}={dropped}\n") };
    line.extend_from_slice(field.as_bytes());
    line
}

/// Writes a line whole.
pub(super) fn write_whole(to: &mut impl io::Write, line: &[u8]) -> Result<(), Unwritten> {
    let mut rest = line;
    while !rest.is_empty() {
        match to.write(rest) {
            Ok(written @ 1..) => rest = rest.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(PAUSE),
            Ok(0) | Err(_) => return Err(Unwritten { begun: rest.len() < line.len() }),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
