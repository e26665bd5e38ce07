//! What an operator allows, and from where on a person is asked. Pure: it judges facts that others gather.
//!
//! [`Policy`] is a wall, [`check`] says where a change would hit it; [`ConfirmThresholds`] are the points from
//! which a change needs a yes. Both are read from the configuration file, and their limits are checked there.

mod ceilings;
mod code_pattern;
mod judge;
mod toolset;

pub use ceilings::{Ceiling, Counts};
pub use code_pattern::{CodePattern, CodePatternError};
pub use judge::{Facts, PromotionFacts, Violation, check};
pub use toolset::{Toolset, UnknownToolset};

use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// The table `[policy]` of the configuration file. Every rule is off by default.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
pub struct Policy {
    /// Nothing is changed: the tools that write leave the list.
    pub read_only: bool,
    /// The groups of tools that are offered; `None` = [`Policy::default_toolsets`].
    pub toolsets: Option<Vec<Toolset>>,
    /// The highest percentage of an order that a promotion may take off at worst, 0-100.
    #[serde(deserialize_with = "some_percent")]
    pub max_percent: Option<Decimal>,
    /// Gifts, free items and fixed prices are within [`Policy::max_percent`], though nothing bounds what they cost.
    pub allow_gifts: bool,
    /// The highest fixed amount that a promotion's discounts may take off in all, 0 or more, in its currency. One
    /// off each item counts once.
    #[serde(deserialize_with = "some_amount")]
    pub max_fixed_amount: Option<Decimal>,
    /// A promotion that is live must have an end.
    pub require_end_date: bool,
    /// A promotion that is live must have a number of uses at which it stops.
    pub require_cap: bool,
    /// From this number of uses on a cap counts as none; `None` = [`Policy::CAP_COUNTS_BELOW`].
    pub cap_counts_below: Option<u64>,
    /// What the whole text of a new code must match.
    pub code_pattern: Option<CodePattern>,
    /// The promotions that may be touched, by id; with it no promotion can be created.
    pub allowed_promotions: Option<Vec<u64>>,
    /// Codes created in 24 hours, for one store.
    pub max_codes_created_per_day: Option<u64>,
    /// Codes deleted in 24 hours, for one store.
    pub max_codes_deleted_per_day: Option<u64>,
    /// Promotions that go live in 24 hours, for one store: created enabled, or enabled later.
    pub max_promotions_enabled_per_day: Option<u64>,
}

impl Policy {
    /// A cap of so many uses bounds nothing, for an operator who does not say where that begins.
    pub const CAP_COUNTS_BELOW: u64 = 100_000;

    /// Whether `cap` uses are few enough to bound anything.
    pub fn counts_as_cap(&self, cap: u64) -> bool {
        cap < self.cap_counts_below.unwrap_or(Self::CAP_COUNTS_BELOW)
    }

    /// The toolsets of an operator who names none: all but the settings of the whole store.
    pub const fn default_toolsets() -> &'static [Toolset] {
        &[Toolset::Read, Toolset::Codes, Toolset::Promotions]
    }

    /// The toolsets in force.
    pub fn toolsets(&self) -> &[Toolset] {
        self.toolsets.as_deref().unwrap_or(Self::default_toolsets())
    }

    /// Whether `tool` is offered. With [`Policy::read_only`] only what belongs to [`Toolset::Read`] is.
    pub fn offers(&self, tool: &str) -> bool {
        let reads = Toolset::Read.tools().contains(&tool);
        (reads || !self.read_only) && self.toolsets().iter().any(|toolset| toolset.tools().contains(&tool))
    }

    /// Whether any tool is offered.
    pub fn offers_any(&self) -> bool {
        self.toolsets().iter().flat_map(|toolset| toolset.tools()).any(|tool| self.offers(tool))
    }
}

/// The table `[confirm]` of the configuration file: a change whose result passes one of these needs a yes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConfirmThresholds {
    /// A live discount of more than this percentage, 0-100. Default 50.
    #[serde(deserialize_with = "percent")]
    pub percent_above: Decimal,
    /// A live promotion without a cap whose end is more than this number of days off, or that has none;
    /// 0-36,500. Default 90.
    #[serde(deserialize_with = "days")]
    pub end_within_days: u32,
    /// A cap that grows to more than this multiple of what it was, 1 or more. Default 2: more than doubled.
    #[serde(deserialize_with = "growth")]
    pub cap_growth_above: Decimal,
    /// More codes than this added to a promotion by one change. Default 10,000.
    pub confirm_codes_above: u64,
}

impl Default for ConfirmThresholds {
    fn default() -> Self {
        Self {
            percent_above: Decimal::from(50),
            end_within_days: 90,
            cap_growth_above: Decimal::TWO,
            confirm_codes_above: 10_000,
        }
    }
}

/// How a yes is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ConfirmMode {
    /// In the host's form where it has one; else the caller repeats the call with a token.
    #[default]
    Auto,
    /// In the host's form only; a host that has none is refused.
    Person,
    /// Never in a form: the caller repeats the call with a token, as some hosts decline every form by themselves.
    Token,
    /// Not at all.
    Never,
}

/// A century: further than any promotion reaches, and near enough for the calendar.
const MOST_DAYS: u32 = 36_500;

fn percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let all = Decimal::ZERO..=Decimal::ONE_HUNDRED;
    checked(deserializer, "a percentage from 0 to 100", |percent| all.contains(percent))
}

fn some_percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    percent(deserializer).map(Some)
}

fn some_amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    checked(deserializer, "an amount of 0 or more", |amount| *amount >= Decimal::ZERO).map(Some)
}

fn growth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    checked(deserializer, "a multiple of 1 or more", |growth| *growth >= Decimal::ONE)
}

fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    checked(deserializer, "a number of days from 0 to 36500", |days| *days <= MOST_DAYS)
}

fn checked<'de, D, T>(deserializer: D, expected: &str, fits: impl Fn(&T) -> bool) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    // The value is not shown: it may be a secret in the wrong place.
    let value = T::deserialize(deserializer).ok().filter(fits);
    value.ok_or_else(|| D::Error::custom(format_args!("expected {expected}")))
}

#[cfg(test)]
mod tests;
