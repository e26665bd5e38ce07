//! Groups of tools that an operator switches on and off together.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

/// A group of tools. `undo` belongs to every group that writes: what can be done can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toolset {
    /// Find, explain and check; nothing is changed.
    Read,
    /// Create, replace and delete coupon codes.
    Codes,
    /// Create, change and delete promotions.
    Promotions,
    /// Change the promotion settings of the whole store.
    Settings,
}

/// A name that no toolset has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no such toolset; known are {known}", known = known())]
pub struct UnknownToolset;

impl Toolset {
    /// Every toolset.
    pub const ALL: [Self; 4] = [Self::Read, Self::Codes, Self::Promotions, Self::Settings];

    /// The name in flags and in the configuration file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Codes => "codes",
            Self::Promotions => "promotions",
            Self::Settings => "settings",
        }
    }

    /// The names of its tools.
    pub const fn tools(self) -> &'static [&'static str] {
        match self {
            Self::Read => &[
                "list_promotions",
                "get_promotion",
                "check_coupon_code",
                "get_store",
                "list_coupon_codes",
                "export_coupon_codes",
                "summarize_coupon_codes",
                "get_job",
            ],
            Self::Codes => &[
                "create_coupon_code",
                "generate_coupon_codes",
                "import_coupon_codes",
                "delete_coupon_codes",
                "replace_coupon_code",
                "undo",
                "control_job",
            ],
            Self::Promotions => &["create_promotion", "update_promotion", "delete_promotions", "undo"],
            Self::Settings => &["update_promotion_settings", "undo"],
        }
    }
}

fn known() -> String {
    Toolset::ALL.map(Toolset::name).join(", ")
}

impl fmt::Display for Toolset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Toolset {
    type Err = UnknownToolset;

    /// Reads one name; blanks around it do not count, so that `codes, promotions` can be split at its comma.
    fn from_str(text: &str) -> Result<Self, UnknownToolset> {
        let name = text.trim();
        Self::ALL.into_iter().find(|toolset| toolset.name() == name).ok_or(UnknownToolset)
    }
}

impl<'de> Deserialize<'de> for Toolset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
