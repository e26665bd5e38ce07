//! Which codes of a promotion are meant, by what is known of each.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::CouponCode;

/// What a code must be; what is not set does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeFilter {
    /// By its uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<Uses>,
    /// Made before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_before: Option<Timestamp>,
    /// Made then or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_after: Option<Timestamp>,
    /// It begins with this, whatever the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// It is one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<u64>>,
}

/// How far a code is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Uses {
    /// Not once.
    Unused,
    /// Once or more.
    Used,
    /// As often as it may be.
    UsedUp,
}

impl Uses {
    /// Whether a code is used that far.
    pub fn fits(self, code: &CouponCode) -> bool {
        match self {
            Self::Unused => code.current_uses == 0,
            Self::Used => code.current_uses > 0,
            Self::UsedUp => code.limits.max_uses > 0 && code.current_uses >= code.limits.max_uses,
        }
    }
}

impl CodeFilter {
    /// Whether a code is meant.
    pub fn fits(&self, code: &CouponCode) -> bool {
        let created = || code.created.as_deref().and_then(|created| created.parse::<Timestamp>().ok());
        let begins = |prefix: &String| {
            code.code.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        self.uses.is_none_or(|uses| uses.fits(code))
            // A code whose age is not known is not old.
            && self.created_before.is_none_or(|before| created().is_some_and(|created| created < before))
            && self.created_after.is_none_or(|after| created().is_some_and(|created| created >= after))
            && self.prefix.as_ref().is_none_or(begins)
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&code.id))
    }
}
