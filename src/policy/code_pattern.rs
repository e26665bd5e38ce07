//! The form that an operator prescribes for new codes.

use regex::Regex;
use serde::{Deserialize, Deserializer};

/// A regular expression that a whole code must match, as if it stood between `^` and `$`. Case counts, unless
/// it says `(?i)`.
#[derive(Debug, Clone)]
pub struct CodePattern {
    written: String,
    anchored: Regex,
}

/// Why a pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a regular expression: {0}")]
pub struct CodePatternError(String);

impl CodePattern {
    /// Reads a pattern in the syntax of the `regex` crate.
    ///
    /// # Errors
    /// A [`CodePatternError`] that shows the fault.
    pub fn parse(written: &str) -> Result<Self, CodePatternError> {
        let fault = |error: regex::Error| CodePatternError(error.to_string());
        // By itself first: `a)|(b` and a trailing comment of `(?x)` are sound or broken only by what encloses
        // them.
        Regex::new(written).map_err(fault)?;
        let anchored = Regex::new(&format!(r"\A(?:{written})\z")).map_err(fault)?;
        Ok(Self { written: written.to_owned(), anchored })
    }

    /// Whether the whole of `code` matches.
    pub fn matches(&self, code: &str) -> bool {
        self.anchored.is_match(code)
    }

    /// The pattern as the operator wrote it.
    pub fn as_str(&self) -> &str {
        &self.written
    }
}

impl PartialEq for CodePattern {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl<'de> Deserialize<'de> for CodePattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Without the fault, which shows the pattern: it may be a secret in the wrong place.
        let refused = |_| serde::de::Error::custom("expected a regular expression");
        Self::parse(&String::deserialize(deserializer)?).map_err(refused)
    }
}
