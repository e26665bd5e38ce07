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

/// The fault in one line. The line of the file is not shown: a secret may have been put there by mistake.
fn invalid(path: &Path, text: &str, mut error: toml::de::Error) -> ConfigFileError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    // Without the text toml gives the message and the key, instead of the line and a pointer into it.
    error.set_input(None);
    let message = error.to_string().lines().map(str::trim).collect::<Vec<_>>().join(" ");
    ConfigFileError::Invalid { path: path.to_owned(), line, message }
}

#[cfg(test)]
mod tests;
