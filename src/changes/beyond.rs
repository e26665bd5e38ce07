//! Stopping a promotion that came out beyond what was agreed to.
//!
//! A plan is judged by what the store held when it was made, and other apps change the store too. What BigCommerce
//! answers to a write is judged once more, and where it is worse, the promotion is disabled again.

use serde_json::{Map, Value};
use tracing::warn;

use crate::bigcommerce::Patience;
use crate::coupons::Promotion;
use crate::policy::ConfirmMode;

use super::inverse::terms_of;
use super::plan::{Plan, Resulting};
use super::run::Carried;
use super::run::promotions::holds;
use super::{Desk, gate};

impl Desk {
    /// Disables what of the latest step's promotions is live on terms that nobody agreed to, and takes note of it.
    pub(super) async fn stop_what_is_beyond(&self, plan: &Plan, carried: &mut Carried, patience: &Patience) {
        let latest = carried.made.last().into_iter().chain(carried.updated.last());
        let beyond: Vec<_> = latest
            .map(|promotion| (promotion.id, self.beyond(plan, promotion)))
            .filter(|(_, reasons)| !reasons.is_empty())
            .collect();
        for (id, reasons) in beyond {
            let sentence = self.stop(id, &reasons.join(", and it "), carried, patience).await;
            warn!(promotion = id, "a promotion came out beyond what was agreed to");
            carried.stopped.push(sentence);
        }
    }

    /// What a promotion has, beyond what the plan had when it was judged, in sentences without a subject.
    fn beyond(&self, plan: &Plan, promotion: &Promotion) -> Vec<String> {
        let is_of = |resulting: &&Resulting| match &resulting.before {
            Some(before) => before.id == promotion.id,
            None => resulting.after.as_ref().is_some_and(|after| after.name == promotion.name),
        };
        let Some(planned) = plan.resulting.iter().find(is_of) else { return Vec::new() };
        // The API may write the same in another way, or with more fields than are known here.
        let as_planned = planned.after.as_ref().map(|after| terms_of(&after.document));
        if as_planned.is_some_and(|terms| holds(&promotion.document, &terms)) {
            return Vec::new();
        }
        let judged = |after: Option<Promotion>| {
            let resulting = vec![Resulting { before: planned.before.clone(), after }];
            gate::judge(&Plan::of_results(resulting), self.rules(), self.now())
        };
        match (judged(planned.after.clone()), judged(Some(promotion.clone()))) {
            // Where nobody is asked, only the operator's policy was agreed to.
            (_, Ok(_)) if self.rules().mode == ConfirmMode::Never => Vec::new(),
            (Ok(agreed), Ok(reasons)) => {
                let subject = |reason: String| reason.replacen("the promotion ", "", 1);
                reasons.into_iter().filter(|reason| !agreed.contains(reason)).map(subject).collect()
            }
            (_, Err(violation)) => vec![format!("is against the operator's policy ({})", violation.message)],
            // It was refused, and is not what was refused any more.
            (Err(_), Ok(_)) => Vec::new(),
        }
    }

    async fn stop(&self, id: u64, reasons: &str, carried: &mut Carried, patience: &Patience) -> String {
        let patch: Map<String, Value> = [("status".to_owned(), "DISABLED".into())].into_iter().collect();
        let stopped = self.store().client().update_promotion(id, &patch, patience).await;
        match stopped {
            Ok(answered) => {
                carried.statuses.push(answered.status.as_u16());
                let now = Promotion::from(answered.value);
                for known in carried.made.iter_mut().chain(&mut carried.updated) {
                    if known.id == id {
                        known.clone_from(&now);
                    }
                }
                format!(
                    "Promotion {id} was disabled again: as BigCommerce now holds it, it {reasons}, which nobody agreed \
                     to. Look at it with get_promotion."
                )
            }
            Err(error) => format!(
                "Promotion {id}, as BigCommerce now holds it, {reasons}, which nobody agreed to, and it could not be \
                 disabled: {error}. Disable it now (update_promotion, status DISABLED)."
            ),
        }
    }
}
