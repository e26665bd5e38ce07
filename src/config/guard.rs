//! What guards the store: policy, questions, records. From flags and the configuration file.

use std::path::PathBuf;

use clap::builder::{BoolishValueParser, PossibleValue};
use clap::{Args, ValueEnum};

use super::file::{ConfigFile, ConfigFileError};
use crate::policy::{ConfirmMode, ConfirmThresholds, Policy, Toolset};

/// The flags that guard the store. A flag can narrow what the file allows, never widen it.
#[derive(Debug, Clone, Args)]
pub struct GuardArgs {
    /// The configuration file (TOML), with the operator's policy.
    #[arg(long, value_name = "FILE", env = "COUPON_MCP_CONFIG")]
    pub config: Option<PathBuf>,
    /// Change nothing: offer only the tools that read.
    #[arg(long, env = "COUPON_MCP_READ_ONLY", value_parser = BoolishValueParser::new())]
    pub read_only: bool,
    /// Groups of tools to offer, of read, codes, promotions and settings; without it, all but settings.
    #[arg(long, value_name = "LIST", env = "COUPON_MCP_TOOLSETS", value_delimiter = ',')]
    pub toolsets: Option<Vec<Toolset>>,
    /// How to ask for a yes before a change that is risky or cannot be taken back.
    #[arg(long, value_name = "HOW", env = "COUPON_MCP_CONFIRM", default_value = "auto")]
    pub confirm: ConfirmMode,
    /// Record every change in this file; without it, in audit.jsonl in the state directory.
    #[arg(long, value_name = "FILE", env = "COUPON_MCP_AUDIT_LOG")]
    pub audit_log: Option<PathBuf>,
    /// Keep undo records, tokens and counts in this directory; without it, in the platform's own.
    #[arg(long, value_name = "DIR", env = "COUPON_MCP_STATE_DIR")]
    pub state_dir: Option<PathBuf>,
}

/// File and flags as one.
#[derive(Debug, Clone, PartialEq)]
pub struct Guards {
    /// What is allowed.
    pub policy: Policy,
    /// From where on a person is asked.
    pub confirm: ConfirmThresholds,
    /// How a person is asked.
    pub mode: ConfirmMode,
    /// Whether a change that cannot be recorded is refused.
    pub audit_required: bool,
    /// Where changes are recorded; `None` = in the state directory.
    pub audit_log: Option<PathBuf>,
    /// What the server keeps lies here; `None` = the platform's place.
    pub state_dir: Option<PathBuf>,
}

impl GuardArgs {
    /// Reads the configuration file, if one is named, and lays the flags over it.
    ///
    /// `read_only` holds if either says so; toolsets are those that both name, where the file names any; a path
    /// of the flags replaces the file's.
    ///
    /// # Errors
    /// A [`ConfigFileError`]: the file is unreadable or wrong, or no tool is left.
    pub fn resolve(&self) -> Result<Guards, ConfigFileError> {
        let file = self.config.as_deref().map(ConfigFile::read).transpose()?.unwrap_or_default();
        let mut policy = file.policy;
        policy.read_only |= self.read_only;
        policy.toolsets = narrowed(policy.toolsets.take(), self.toolsets.as_deref());
        if !policy.offers_any() {
            return Err(ConfigFileError::NoTools);
        }
        Ok(Guards {
            policy,
            confirm: file.confirm,
            mode: self.confirm,
            audit_required: file.audit.required,
            audit_log: self.audit_log.clone().or(file.audit.file),
            state_dir: self.state_dir.clone().or(file.state.dir),
        })
    }
}

fn narrowed(allowed: Option<Vec<Toolset>>, asked: Option<&[Toolset]>) -> Option<Vec<Toolset>> {
    match (allowed, asked) {
        (Some(mut allowed), Some(asked)) => {
            allowed.retain(|toolset| asked.contains(toolset));
            Some(allowed)
        }
        (allowed, asked) => allowed.or(asked.map(<[Toolset]>::to_vec)),
    }
}

impl ValueEnum for ConfirmMode {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Auto, Self::Person, Self::Token, Self::Never]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Auto => PossibleValue::new("auto")
                .help("In the host's form; where it has none, by a second call with a token"),
            Self::Person => {
                PossibleValue::new("person").help("In the host's form only; refuse where it has none")
            }
            Self::Token => PossibleValue::new("token")
                .help("By a second call with a token, also where the host has forms"),
            Self::Never => PossibleValue::new("never").help("Do not ask"),
        })
    }
}

#[cfg(test)]
mod tests;
