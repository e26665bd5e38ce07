//! What a change adds to the counts of a day.

use super::Policy;

/// What one change does of the things that are counted per store and 24 hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Codes it creates.
    pub codes_created: u64,
    /// Codes it deletes.
    pub codes_deleted: u64,
    /// Promotions that were not live before it and are after it.
    pub promotions_enabled: u64,
}

/// An amount that must find room below a ceiling of the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ceiling {
    /// What is counted: the name of the field of [`Counts`].
    pub counter: &'static str,
    /// The rule that limits it: the name of the field of [`Policy`].
    pub rule: &'static str,
    /// What the change adds, 1 or more.
    pub amount: u64,
    /// The most in any 24 hours. 0 = none at all.
    pub limit: u64,
}

impl Policy {
    /// The ceilings that a change of this size has to respect: those the operator set and the change adds to.
    pub fn ceilings(&self, counts: &Counts) -> impl Iterator<Item = Ceiling> + use<> {
        let ceiling = |counter, rule, amount, limit: Option<u64>| {
            limit.filter(|_| amount > 0).map(|limit| Ceiling { counter, rule, amount, limit })
        };
        [
            ceiling(
                "codes_created",
                "max_codes_created_per_day",
                counts.codes_created,
                self.max_codes_created_per_day,
            ),
            ceiling(
                "codes_deleted",
                "max_codes_deleted_per_day",
                counts.codes_deleted,
                self.max_codes_deleted_per_day,
            ),
            ceiling(
                "promotions_enabled",
                "max_promotions_enabled_per_day",
                counts.promotions_enabled,
                self.max_promotions_enabled_per_day,
            ),
        ]
        .into_iter()
        .flatten()
    }
}
