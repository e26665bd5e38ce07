//! The configuration file: what an operator sets once for everyone who uses the server.
//!
//! ```toml
//! [policy]                # every key: policy::Policy
//! max_percent = 30
//! [confirm]               # every key: policy::ConfirmThresholds
//! percent_above = 40
//! [audit]
//! required = true         # a change that cannot be recorded is refused
//! file = "audit.jsonl"    # beside this file, unless the path is absolute
//! [state]
//! dir = "/var/lib/coupon-mcp"
//! ```

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::policy::{ConfirmThresholds, Policy};

/// The whole file. A table or key that is not listed here is an error: a rule with a slip in its name would
/// be no rule.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConfigFile {
    /// What is allowed.
    pub policy: Policy,
    /// From where on a person is asked.
    pub confirm: ConfirmThresholds,
    /// The record of changes.
    pub audit: Audit,
    /// What the server keeps.
    pub state: State,
}

/// The table `[audit]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// Refuse a change that cannot be recorded. Default false.
    pub required: bool,
    /// Where changes are recorded. Default: in the state directory.
    pub file: Option<PathBuf>,
}

/// The table `[state]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct State {
    /// The directory for what the server keeps. Default: the platform's.
    pub dir: Option<PathBuf>,
}

/// Why the server does not start with this configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigFileError {
    /// The file cannot be read.
    #[error("the configuration file {path} cannot be read: {reason}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// The file holds what it must not hold.
    #[error("{path}, line {line}: {message}", path = path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line of the fault, from 1.
        line: usize,
        /// The fault, and the key where there is one.
        message: String,
    },
    /// File and flags together leave no tool.
    #[error(
        "no tool is left: the toolsets of --toolsets and of [policy] in the configuration file have none in \
         common, or hold only tools that write while read_only is set"
    )]
    NoTools,
}

impl ConfigFile {
    /// Reads `path`. Relative paths in it start at its own directory, since a host may start the server in any.
    ///
    /// # Errors
    /// A [`ConfigFileError`] that names the file and, in it, line and key.
    pub fn read(path: &Path) -> Result<Self, ConfigFileError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigFileError::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        let mut file: Self = toml::from_str(&text).map_err(|error| invalid(path, &text, error))?;
        let directory = path.parent().unwrap_or(Path::new(""));
        for place in [&mut file.audit.file, &mut file.state.dir].into_iter().flatten() {
            *place = directory.join(&place);
        }
        Ok(file)
    }
}

/// The fault in one line. Nothing of the file is shown but keys that look like ours: a secret may have been put
/// there by mistake.
fn invalid(path: &Path, text: &str, mut error: toml::de::Error) -> ConfigFileError {
    let at = error.span().unwrap_or_default();
    let line = text.get(..at.start).unwrap_or_default().matches('\n').count() + 1;
    // Without the text toml gives the message and the key, instead of the line and a pointer into it.
    error.set_input(None);
    let told = error.to_string();
    let key = told.strip_prefix(error.message()).map(str::trim).filter(|key| is_ours(key));
    let fault = fault(error.message(), text.get(at).unwrap_or_default());
    let message = [Some(fault.as_str()), key].into_iter().flatten().collect::<Vec<_>>().join(" ");
    ConfigFileError::Invalid { path: path.to_owned(), line, message }
}

/// What is wrong, of a message of toml or serde about this piece of the file.
fn fault(message: &str, piece: &str) -> String {
    // The last one is serde's own, whatever the file holds.
    let expected = message.rsplit_once(", expected ").map(|(_, expected)| expected);
    match expected {
        Some(expected) if message.starts_with("invalid ") => format!("expected {expected}"),
        Some(expected)
            if message.starts_with("unknown field") && !is_key(piece.trim_matches(['"', '\''])) =>
        {
            format!("unknown key, expected {expected}")
        }
        _ => message.lines().map(str::trim).collect::<Vec<_>>().join(" "),
    }
}

/// Whether this is spelt as our keys are.
fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Whether this is "in `policy.max_percent`", or the like.
fn is_ours(place: &str) -> bool {
    let path = place.strip_prefix("in `").and_then(|rest| rest.strip_suffix('`'));
    path.is_some_and(|path| path.split('.').all(is_key))
}

#[cfg(test)]
mod tests;
