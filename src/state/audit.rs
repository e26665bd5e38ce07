//! The audit log: one line of JSON for each call, only ever appended.

use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::directory::{self, blocking};
use super::{AuditLog, ChangeId, Location, State, StateError};

/// What stands for a secret in the log.
const HIDDEN: &str = "***";

/// The argument that confirms a call. It is used up by then, and says nothing to a reader.
const CONFIRMATION_TOKEN: &str = "confirmation_token";

/// Parts of an argument's name, in small letters and without `_`, `-` and blanks, that tell a secret.
const SECRET: [&str; 8] =
    ["token", "secret", "password", "passphrase", "authorization", "credential", "apikey", "privatekey"];

/// One call as the log tells it. The log adds the store.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// When.
    pub time: Timestamp,
    /// Who called.
    pub caller: String,
    /// The tool.
    pub tool: String,
    /// The arguments as they came; the log leaves the confirmation token out and hides whatever is named like
    /// a secret, at any depth.
    pub arguments: Value,
    /// What was there before; null for nothing.
    pub before: Value,
    /// What is there after; null for nothing.
    pub after: Value,
    /// The HTTP status that decided the outcome; `None` if no request was answered.
    pub upstream_status: Option<u16>,
    /// What became of the call: the status of the answer, or the code of the error.
    pub outcome: String,
    /// The change that it made.
    pub change_id: Option<ChangeId>,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    store: &'a str,
    caller: &'a str,
    tool: &'a str,
    arguments: Value,
    before: &'a Value,
    after: &'a Value,
    upstream_status: Option<u16>,
    outcome: &'a str,
    change_id: Option<&'a str>,
}

impl State {
    /// Appends an entry and waits until it is on the disk. Without an audit log it does nothing.
    ///
    /// # Errors
    /// The log cannot be written.
    pub async fn audit(&self, entry: &AuditEntry) -> Result<(), StateError> {
        let Some(log) = self.audit_log() else { return Ok(()) };
        let line = Line {
            time: entry.time.to_string(),
            store: self.store_key(),
            caller: &entry.caller,
            tool: &entry.tool,
            arguments: without_secrets(&entry.arguments),
            before: &entry.before,
            after: &entry.after,
            upstream_status: entry.upstream_status,
            outcome: &entry.outcome,
            change_id: entry.change_id.as_ref().map(ChangeId::as_str),
        };
        let line = serde_json::to_vec(&line).map_err(|error| log.failed(error.into()))?;
        log.run(move |file| append(file, line)).await
    }

    /// Whether an entry could be appended now. Makes the file, and the state directory for it, if missing.
    ///
    /// # Errors
    /// The log cannot be opened for appending, or there is none.
    pub async fn check_audit(&self) -> Result<(), StateError> {
        let log = self.audit_log().ok_or(StateError::NoAuditLog)?;
        log.run(|_| Ok(())).await
    }

    pub(super) fn audit_log(&self) -> Option<Log> {
        let directory = match &self.settings.location {
            Location::Memory => None,
            Location::Directory(directory) => Some(directory),
        };
        let path = match &self.settings.audit_log {
            AuditLog::File(path) => path.clone(),
            AuditLog::Default => directory?.join(directory::AUDIT_LOG),
        };
        let directory = directory.filter(|directory| path.parent() == Some(directory)).cloned();
        Some(Log { path, directory })
    }
}

/// The file of the log. It is opened for each entry, so that it can be rotated away at any time.
#[derive(Debug, Clone)]
pub(super) struct Log {
    pub(super) path: PathBuf,
    /// The state directory, if that is where the log is.
    directory: Option<PathBuf>,
}

impl Log {
    fn failed(&self, source: io::Error) -> StateError {
        StateError::Audit { path: self.path.clone(), source }
    }

    async fn run(
        self,
        work: impl FnOnce(&mut File) -> io::Result<()> + Send + 'static,
    ) -> Result<(), StateError> {
        let log = self.clone();
        let opened = move || {
            self.directory.as_deref().map(directory::ensure).transpose()?;
            open(&self.path).and_then(|mut file| work(&mut file)).map_err(|source| self.failed(source))
        };
        blocking(opened, move |error| log.failed(error)).await
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    // Read for the end of the last line, see below.
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;

        use rustix::fs::OFlags;

        // A FIFO must not make the call wait for its other end; a file on a disk is as before.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        options.mode(0o600).custom_flags(flags.cast_signed());
    }
    let file = options.open(path).map_err(|error| match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => io::Error::other("it is a symbolic link, which is not followed"),
        _ => error,
    })?;
    // What is written to the others may reach nobody, and nobody would know. A terminal shows it.
    if is_file_or_terminal(file.metadata()?.file_type()) {
        Ok(file)
    } else {
        Err(io::Error::other("it is neither a file nor a terminal"))
    }
}

#[cfg(unix)]
fn is_file_or_terminal(kind: FileType) -> bool {
    kind.is_file() || std::os::unix::fs::FileTypeExt::is_char_device(&kind)
}

#[cfg(not(unix))]
fn is_file_or_terminal(kind: FileType) -> bool {
    kind.is_file()
}

fn append(file: &mut File, mut line: Vec<u8>) -> io::Result<()> {
    line.push(b'\n');
    // A terminal has neither an end nor a disk.
    if !file.metadata()?.is_file() {
        return file.write_all(&line);
    }
    // Until the file is closed, so that nobody takes another's half-written line for one that was cut short.
    // Where files cannot be locked, one write for a line has to do.
    match file.lock() {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
        locked => locked?,
    }
    if ends_within_a_line(file)? {
        line.insert(0, b'\n');
    }
    file.write_all(&line)?;
    file.sync_data()
}

/// Whether the last entry was cut short, as by a full disk: the next one must not become a part of it.
fn ends_within_a_line(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != [b'\n'])
}

fn without_secrets(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(key, _)| *key != CONFIRMATION_TOKEN);
            let hidden = kept.map(|(key, value)| {
                let value = if is_secret(key) { HIDDEN.into() } else { without_secrets(value) };
                (key.clone(), value)
            });
            Value::Object(hidden.collect())
        }
        Value::Array(items) => items.iter().map(without_secrets).collect(),
        other => other.clone(),
    }
}

fn is_secret(key: &str) -> bool {
    let key: String = key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    SECRET.iter().any(|part| key.contains(part))
}
