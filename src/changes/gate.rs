//! Judging a plan by what it leads to: what the operator allows, and whether a person must be asked.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::coupons::Promotion;
use crate::coupons::promotion::Status;
use crate::coupons::rules::worst_case;
use crate::coupons::text::count;
use crate::policy::{self, Counts, Facts, Policy, PromotionFacts, Violation};

use super::Rules;
use super::exposure::{discount_exposure, exposure, gifts, why_unbounded};
use super::plan::{Order, Plan, PromotionRef, Resulting, Step};

/// Judges `plan`. The reasons to ask a person are sentences without a subject or with a promotion as such; none
/// means that nobody needs to be asked.
///
/// # Errors
/// A rule of the operator that the plan would break.
pub fn judge(plan: &Plan, rules: &Rules, now: Timestamp) -> Result<Vec<String>, Violation> {
    policy::check(&rules.policy, &facts(plan, &rules.policy))?;
    let mut reasons = plan.asks.clone();
    for Resulting { before, after } in &plan.resulting {
        let Some(after) = after else { continue };
        let exposed = exposure(before.as_ref(), after, rules, now);
        reasons.extend(exposed.into_iter().map(|reason| format!("the promotion {reason}")));
    }
    if let Some(order) = plan.order.as_ref().filter(|order| order.counts().codes_created > 0) {
        // The promotion stays as it is, and every new code gives away what it gives.
        let exposed = exposure(Some(&order.promotion), &order.promotion, rules, now);
        reasons.extend(exposed.into_iter().map(|reason| format!("the promotion {reason}")));
    }
    for promotion in &plan.gets_codes {
        let exposed = discount_exposure(promotion, rules, now);
        reasons.extend(exposed.into_iter().map(|reason| format!("the promotion {reason}")));
    }
    let codes = counts(plan).codes_created;
    if codes > rules.confirm.confirm_codes_above {
        reasons.push(format!("it creates {}", count(codes, "code")));
    }
    Ok(reasons)
}

/// What the plan adds to the counts of a day.
pub fn counts(plan: &Plan) -> Counts {
    let sum = |count: fn(&Step) -> usize| plan.steps.iter().map(count).sum::<usize>() as u64;
    let enabled = |resulting: &&Resulting| {
        let is_on = |promotion: &Promotion| promotion.status == Status::Enabled;
        resulting.after.as_ref().is_some_and(is_on) && !resulting.before.as_ref().is_some_and(is_on)
    };
    let ordered = plan.order.as_deref().map(Order::counts).unwrap_or_default();
    Counts {
        codes_created: sum(Step::codes_created) + ordered.codes_created,
        codes_deleted: sum(Step::codes_deleted) + ordered.codes_deleted,
        promotions_enabled: plan.resulting.iter().filter(enabled).count() as u64,
    }
}

fn facts<'a>(plan: &'a Plan, policy: &Policy) -> Facts<'a> {
    let promotions = plan.resulting.iter().filter_map(|Resulting { before, after }| {
        Some(facts_of(before.as_ref().map(|before| before.id), after.as_ref()?, policy))
    });
    let mut touched = BTreeSet::new();
    let mut new_codes = Vec::new();
    for step in &plan.steps {
        match step {
            Step::UpdatePromotion { promotion_id, .. } | Step::DeleteCodes { promotion_id, .. } => {
                touched.insert(*promotion_id);
            }
            Step::DeletePromotions { documents } => {
                touched.extend(documents.iter().filter_map(|document| document.get("id")?.as_u64()));
            }
            Step::CreateCodes { promotion, codes, .. } => {
                if let PromotionRef::Id(id) = promotion {
                    touched.insert(*id);
                }
                new_codes.extend(codes.iter().map(|row| row.code.as_str()));
            }
            Step::CreatePromotion { .. } | Step::UpdateSettings { .. } => {}
        }
    }
    if let Some(order) = &plan.order {
        touched.insert(order.promotion.id);
        new_codes.extend(order.texts.iter().map(String::as_str));
    }
    let ordered = plan.order.as_ref().filter(|order| order.counts().codes_created > 0);
    let get_codes = plan.gets_codes.iter().chain(ordered.map(|order| &order.promotion));
    Facts {
        promotions: promotions.collect(),
        promotions_with_new_codes: get_codes
            .map(|promotion| facts_of(Some(promotion.id), promotion, policy))
            .collect(),
        new_codes,
        touched_promotions: touched.into_iter().collect(),
    }
}

/// What the policy asks of a promotion.
pub(super) fn facts_of(id: Option<u64>, promotion: &Promotion, policy: &Policy) -> PromotionFacts {
    let worst = worst_case(&promotion.rules);
    PromotionFacts {
        id,
        live: promotion.status != Status::Disabled,
        percent: worst.together.percent,
        unbounded: why_unbounded(&worst),
        gives_items: gifts(&worst).into_iter().next(),
        fixed_amount: worst.fixed_amount.unwrap_or_default(),
        repeats_fixed_amount: worst.fixed_amount.is_none(),
        unreadable_rules: worst.unreadable,
        has_end: promotion.ends.is_some(),
        has_cap: promotion.max_uses.is_some_and(|cap| policy.counts_as_cap(cap)),
    }
}

#[cfg(test)]
mod tests;
