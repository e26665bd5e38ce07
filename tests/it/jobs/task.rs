//! What a random run asks for.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use serde_json::{Value, json};

use super::stand::{Code, Codes, Stand};

/// What a code that the job makes looks like.
pub(super) const PREFIX: &str = "JOB";

/// A job to be asked for, and what the store holds before.
pub(super) struct Task {
    pub(super) tool: &'static str,
    pub(super) arguments: Value,
    pub(super) promotion: u64,
    pub(super) before: Codes,
    pub(super) goal: Goal,
}

/// What shall come of it.
pub(super) enum Goal {
    /// So many new codes of the prefix, with so many random characters.
    Made { count: usize, random: usize, limits: (u64, u64) },
    /// These codes are there, and those could not be made.
    There { wanted: BTreeMap<String, (u64, u64)>, refused: BTreeSet<String> },
    /// These codes are gone.
    Gone { doomed: BTreeSet<u64> },
}

impl Task {
    /// Prepares the store, and chooses what to ask for.
    pub(super) async fn plan(stand: &Stand, rng: &mut Rng) -> Self {
        match rng.u8(..12) {
            0..5 => Self::by_codegen(stand, rng).await,
            5..8 => {
                let count = rng.usize(30..=60);
                Self::drawn(stand, rng, count).await
            }
            8..11 => Self::import(stand, rng).await,
            _ => Self::deletion(stand, rng).await,
        }
    }

    /// 3 to 9 batches, the last of them smaller.
    pub(super) async fn by_codegen(stand: &Stand, rng: &mut Rng) -> Self {
        let count = 250 * rng.usize(2..=8) + rng.usize(1..250);
        let random = rng.usize(10..=16);
        Self::generation(stand, rng, count, random).await
    }

    /// Codes that are longer than those that BigCommerce makes.
    pub(super) async fn drawn(stand: &Stand, rng: &mut Rng, count: usize) -> Self {
        Self::generation(stand, rng, count, 20).await
    }

    async fn generation(stand: &Stand, rng: &mut Rng, count: usize, random: usize) -> Self {
        let limits = (rng.u64(1..4), rng.u64(0..3));
        let promotion = stand.sandbox.bulk_promotion("Bulk").await;
        // What is there already may well look like what is asked for.
        let there: usize = rng.choice([0, 7, 250, 251]).unwrap();
        for batch_size in [there.min(250), there.saturating_sub(250)] {
            if batch_size > 0 && random <= 16 {
                let mut batch = look(random);
                batch["max_uses"] = json!(limits.0);
                batch["max_uses_per_customer"] = json!(limits.1);
                batch["batch_size"] = json!(batch_size);
                stand.plant(promotion, batch).await;
            }
        }
        Self::generation_on(stand, promotion, count, random, limits).await
    }

    /// Codes of one look on one promotion.
    pub(super) async fn generation_on(
        stand: &Stand,
        promotion: u64,
        count: usize,
        random: usize,
        limits: (u64, u64),
    ) -> Self {
        let mut arguments = look(random);
        for (name, limit) in [("max_uses", limits.0), ("max_uses_per_customer", limits.1)] {
            if limit == 0 {
                arguments["unlimited"] = json!(true);
            } else {
                arguments[name] = json!(limit);
            }
        }
        arguments["promotion_id"] = json!(promotion);
        arguments["count"] = json!(count);
        let goal = Goal::Made { count, random, limits };
        Self::of(stand, "generate_coupon_codes", promotion, arguments, goal).await
    }

    /// Rows of which some are there already, with the same limits or with others, here or in another promotion.
    pub(super) async fn import(stand: &Stand, rng: &mut Rng) -> Self {
        let promotion = stand.sandbox.bulk_promotion("Bulk").await;
        let other = stand.sandbox.bulk_promotion("Other").await;
        let mut lines = vec!["code,max_uses,max_uses_per_customer".to_owned()];
        let (mut wanted, mut refused) = (BTreeMap::new(), BTreeSet::new());
        for number in 0..rng.usize(40..=80) {
            let code = format!("IMPORT-{number:03}-{:04}", rng.u16(..10_000));
            let limits = (rng.u64(0..3), rng.u64(0..3));
            lines.push(format!("{code},{},{}", limits.0, limits.1));
            let fate = rng.u8(..20);
            match fate {
                0 | 1 => stand.plant_one(promotion, &code, limits).await,
                2 => stand.plant_one(promotion, &code, (limits.0 + 1, limits.1)).await,
                3 => stand.plant_one(other, &code, limits).await,
                _ => 0,
            };
            if matches!(fate, 2 | 3) {
                refused.insert(code);
            } else {
                wanted.insert(code, limits);
            }
        }
        lines.push("WELCOME5,1,1".to_owned());
        refused.insert("WELCOME5".to_owned());
        let arguments = json!({"promotion_id": promotion, "csv_text": lines.join("\n")});
        let goal = Goal::There { wanted, refused };
        Self::of(stand, "import_coupon_codes", promotion, arguments, goal).await
    }

    /// More unused codes than one call deletes, among others.
    pub(super) async fn deletion(stand: &Stand, _: &mut Rng) -> Self {
        let promotion = stand.sandbox.bulk_promotion("Bulk").await;
        for prefix in ["DOOMED"; 11].into_iter().chain(["KEPT"]) {
            let batch = json!({"batch_size": 250, "prefix": prefix, "delimiter": "-", "code_length": 8});
            stand.plant(promotion, batch).await;
        }
        let doomed =
            stand.codes(promotion).await.into_iter().filter(|(_, code)| code.text.starts_with("DOOMED"));
        let goal = Goal::Gone { doomed: doomed.map(|(id, _)| id).collect() };
        let arguments = json!({"promotion_id": promotion, "filter": "unused", "code_prefix": "doomed-"});
        Self::of(stand, "delete_coupon_codes", promotion, arguments, goal).await
    }

    async fn of(stand: &Stand, tool: &'static str, promotion: u64, arguments: Value, goal: Goal) -> Self {
        Self { tool, arguments, promotion, before: stand.codes(promotion).await, goal }
    }

    /// How many writes it takes where all goes well.
    pub(super) fn writes(&self) -> usize {
        match &self.goal {
            Goal::Made { count, random, .. } if *random <= 16 => count.div_ceil(250),
            Goal::Made { count, .. } => *count,
            Goal::There { wanted, refused } => wanted.len() + refused.len(),
            Goal::Gone { doomed } => doomed.len().div_ceil(250),
        }
    }

    /// Whether a code may be one that the job makes.
    pub(super) fn fits(&self, code: &Code) -> bool {
        let Goal::Made { random, limits, .. } = self.goal else { return false };
        let rest = code.text.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('-'));
        rest.is_some_and(|rest| rest.len() == random && rest.chars().all(|c| c.is_ascii_alphanumeric()))
            && (code.max_uses, code.max_uses_per_customer) == limits
    }
}

/// How codes look, in the words that the tool and the API share.
fn look(random: usize) -> Value {
    json!({"prefix": PREFIX, "delimiter": "-", "code_length": random})
}
