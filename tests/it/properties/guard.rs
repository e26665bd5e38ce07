//! An operator's policy, drawn at random, and whether the store was led beyond it.

use proptest::option::weighted;
use proptest::prelude::*;
use serde_json::Value;

use super::exposure::{Discount, discounts, end_of};
use crate::support::store_view::Snapshot;

#[derive(Debug, Clone)]
pub(super) struct Guard {
    max_percent: Option<u32>,
    max_fixed_amount: Option<u32>,
    require_end_date: bool,
    require_cap: bool,
    capitals_only: bool,
    /// Promotions from 1 to this may be touched, and none made.
    allowed_up_to: Option<u64>,
    max_codes_created: Option<u64>,
    max_codes_deleted: Option<u64>,
    max_promotions_enabled: Option<u64>,
}

/// What the server did to a store that an operator limits for a day.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    codes_created: u64,
    codes_deleted: u64,
    promotions_enabled: u64,
}

impl Guard {
    pub(super) fn any() -> impl Strategy<Value = Self> {
        let limits = (
            weighted(0.3, prop_oneof![Just(20_u32), Just(40), Just(100)]),
            weighted(0.2, prop_oneof![Just(5_u32), Just(500)]),
            prop::bool::weighted(0.15),
            prop::bool::weighted(0.15),
            prop::bool::weighted(0.15),
            weighted(0.15, 3..9_u64),
        );
        let ceilings = (weighted(0.2, 0..3_u64), weighted(0.2, 0..3_u64), weighted(0.2, 0..3_u64));
        (limits, ceilings).prop_map(|(limits, ceilings)| Self {
            max_percent: limits.0,
            max_fixed_amount: limits.1,
            require_end_date: limits.2,
            require_cap: limits.3,
            capitals_only: limits.4,
            allowed_up_to: limits.5,
            max_codes_created: ceilings.0,
            max_codes_deleted: ceilings.1,
            max_promotions_enabled: ceilings.2,
        })
    }

    /// The configuration file.
    pub(super) fn toml(&self) -> String {
        let mut lines = vec!["[policy]".to_owned()];
        let numbers = [
            ("max_percent", self.max_percent.map(u64::from)),
            ("max_fixed_amount", self.max_fixed_amount.map(u64::from)),
            ("max_codes_created_per_day", self.max_codes_created),
            ("max_codes_deleted_per_day", self.max_codes_deleted),
            ("max_promotions_enabled_per_day", self.max_promotions_enabled),
        ];
        lines.extend(numbers.iter().filter_map(|(key, value)| Some(format!("{key} = {}", (*value)?))));
        for (key, is_set) in [("require_end_date", self.require_end_date), ("require_cap", self.require_cap)]
        {
            lines.push(format!("{key} = {is_set}"));
        }
        if self.capitals_only {
            lines.push("code_pattern = '[A-Z0-9-]+'".to_owned());
        }
        if let Some(last) = self.allowed_up_to {
            lines.push(format!("allowed_promotions = {:?}", (1..=last).collect::<Vec<_>>()));
        }
        lines.join("\n")
    }

    /// What one call of the server did, if any of it is beyond what is allowed.
    pub(super) fn check(
        &self,
        counted: &mut Counted,
        before: &Snapshot,
        after: &Snapshot,
    ) -> Result<(), String> {
        for (id, promotion) in &after.promotions {
            let old = before.promotions.get(id);
            if old != Some(promotion) {
                self.check_scope(*id)?;
                let is_on = |promotion: &Value| promotion["status"] == "ENABLED";
                counted.promotions_enabled += u64::from(is_on(promotion) && !old.is_some_and(is_on));
                if old.is_none_or(|old| same_but_name(old) != same_but_name(promotion)) {
                    self.check_terms(promotion)?;
                }
            }
        }
        for (id, (promotion, code)) in &after.codes {
            if !before.codes.contains_key(id) {
                self.check_scope(*promotion)?;
                counted.codes_created += 1;
                let capitals = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
                if self.capitals_only && !code["code"].as_str().unwrap().chars().all(capitals) {
                    return Err(format!("a code against the pattern: {code}"));
                }
            }
        }
        for (id, (promotion, _)) in &before.codes {
            if !after.codes.contains_key(id) {
                self.check_scope(*promotion)?;
                counted.codes_deleted += 1;
            }
        }
        for id in before.promotions.keys().filter(|id| !after.promotions.contains_key(*id)) {
            self.check_scope(*id)?;
        }
        self.check_ceilings(counted)
    }

    fn check_scope(&self, id: u64) -> Result<(), String> {
        match self.allowed_up_to {
            Some(last) if id > last => {
                Err(format!("promotion {id} was touched, and {last} is the last allowed"))
            }
            _ => Ok(()),
        }
    }

    fn check_terms(&self, promotion: &Value) -> Result<(), String> {
        if promotion["status"] != "ENABLED" {
            return Ok(());
        }
        let beyond = |what: &str| Err(format!("{what}: {promotion}"));
        for discount in promotion["rules"].as_array().into_iter().flatten().flat_map(discounts) {
            match discount {
                Discount::Percent(_, percent)
                    if self.max_percent.is_some_and(|most| percent > f64::from(most)) =>
                {
                    return beyond("a percentage beyond the policy");
                }
                Discount::Fixed(_, amount)
                    if self.max_fixed_amount.is_some_and(|most| amount > f64::from(most)) =>
                {
                    return beyond("an amount beyond the policy");
                }
                _ => {}
            }
        }
        if self.require_end_date && end_of(promotion).is_none() {
            return beyond("no end, which the policy requires");
        }
        if self.require_cap && promotion["max_uses"].is_null() {
            return beyond("no cap, which the policy requires");
        }
        Ok(())
    }

    fn check_ceilings(&self, counted: &Counted) -> Result<(), String> {
        let ceilings = [
            (counted.codes_created, self.max_codes_created),
            (counted.codes_deleted, self.max_codes_deleted),
            (counted.promotions_enabled, self.max_promotions_enabled),
        ];
        if ceilings.iter().any(|(count, most)| most.is_some_and(|most| *count > most)) {
            return Err(format!("above a ceiling of the day: {counted:?}"));
        }
        Ok(())
    }
}

fn same_but_name(promotion: &Value) -> Value {
    let mut promotion = promotion.clone();
    promotion["name"] = Value::Null;
    promotion
}
