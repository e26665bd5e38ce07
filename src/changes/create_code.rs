//! Creating one code: by its own short way, as it is the change that is made most, but judged, counted and put on
//! record as every change is.
//!
//! The promotion is read before each code and never taken from memory: what it takes off now decides whether a
//! person is asked, and one request more is cheaper than a code that takes off 95%.

use jiff::Timestamp;
use serde_json::json;

use crate::bigcommerce::Patience;
use crate::coupons::promotion::EffectiveState;
use crate::coupons::{Created, NewCode, Outcome, Promotion, UseLimits, quoted};
use crate::policy::{self, Counts, Facts};
use crate::state::{AuditEntry, ChangeEnd, ChangeId, Ending};

use super::gate::facts_of;
use super::generate_codes::limits_in_words;
use super::inverse::Undo;
use super::plan::{CodeRow, Plan, PromotionRef, Route, Step};
use super::record::audited;
use super::{Call, ChangeError, Desk};

/// A code that is there now.
#[derive(Debug)]
pub struct CreatedCode {
    /// The code, and how it came to be there.
    pub created: Created,
    /// What it can be undone by, if this call made it.
    pub change_id: Option<ChangeId>,
    /// What could not be put on record.
    pub warnings: Vec<String>,
}

impl Desk {
    /// Whether the operator's policy has anything against this code, wherever it is made.
    ///
    /// # Errors
    /// [`ChangeError::Policy`].
    pub fn may_create_code(&self, new: &NewCode) -> Result<(), ChangeError> {
        let facts = Facts {
            new_codes: vec![new.code.as_str()],
            touched_promotions: vec![new.promotion_id],
            ..Facts::default()
        };
        Ok(policy::check(&self.rules().policy, &facts)?)
    }

    /// Whether the operator's policy has anything against new codes of this promotion, as it is.
    ///
    /// # Errors
    /// [`ChangeError::Policy`].
    pub(super) fn may_have_codes(&self, promotion: &Promotion) -> Result<(), ChangeError> {
        let rules = &self.rules().policy;
        let facts = Facts {
            promotions_with_new_codes: vec![facts_of(Some(promotion.id), promotion, rules)],
            touched_promotions: vec![promotion.id],
            ..Facts::default()
        };
        Ok(policy::check(rules, &facts)?)
    }

    /// Plans a code. One request, and one more for a promotion of type SINGLE.
    ///
    /// # Errors
    /// A [`ChangeError`]: the policy forbids it, there is no such promotion, or it cannot be read; what it takes off
    /// must be known before it gets a code.
    pub async fn plan_create_code(&self, new: &NewCode, patience: &Patience) -> Result<Plan, ChangeError> {
        self.may_create_code(new)?;
        let promotion = self.load_promotion(new.promotion_id, patience).await?;
        self.must_take(&promotion, 1, Some(&new.code), patience).await?;
        let limits = UseLimits {
            max_uses: new.max_uses.into(),
            max_uses_per_customer: new.max_uses_per_customer.into(),
        };
        let step = Step::CreateCodes {
            promotion: PromotionRef::Id(promotion.id),
            codes: vec![CodeRow::new(&new.code, limits)],
            insist: false,
        };
        Ok(Plan {
            headline: format!(
                "Create code {} on promotion {} {}",
                quoted(new.code.as_str()),
                promotion.id,
                promotion.quoted_name()
            ),
            lines: vec![format!("It {}.", limits_in_words(limits))],
            alternative: None,
            steps: vec![step],
            order: None,
            resulting: Vec::new(),
            warnings: warnings(&promotion, new, self.now()),
            gets_codes: vec![promotion],
            asks: Vec::new(),
        })
    }

    /// Creates a planned and judged code and puts it on record. One request.
    ///
    /// # Errors
    /// A [`ChangeError`]; a repeat is safe.
    pub async fn create_code(
        &self,
        call: &Call,
        new: &NewCode,
        patience: &Patience,
    ) -> Result<CreatedCode, ChangeError> {
        let reserved = self.enter(&Counts { codes_created: 1, ..Counts::default() }).await?;
        let step = json!({ "promotion_id": new.promotion_id, "code": new.code.as_str() });
        let summary = format!("Create a code on promotion {}", new.promotion_id);
        let id = match self.begin(call, &summary, step).await {
            Ok(id) => id,
            Err(error) => {
                self.give_back(reserved, &Counts::default()).await;
                return Err(error);
            }
        };
        let outcome = self.store().create_code(new, patience).await;
        let made = outcome.as_ref().ok().filter(|created| created.ours);
        let row = made.map(|created| CodeRow::from(created.code.clone()));
        let in_doubt = matches!(outcome, Err(crate::coupons::CouponError::OutcomeUnknown { .. }));
        let counted = u64::from(made.is_some() || in_doubt);
        self.give_back(reserved, &Counts { codes_created: counted, ..Counts::default() }).await;
        let status = match &outcome {
            Ok(_) => Some(201),
            Err(error) => error.status(),
        };
        self.learn(
            &made
                .is_some()
                .then_some(201)
                .or(status.filter(|_| outcome.is_err()))
                .into_iter()
                .collect::<Vec<_>>(),
        );
        let mut warnings = Vec::new();
        let after = json!({ "code": row });
        let ending = if outcome.is_ok() { Ending::Done } else { Ending::Failed };
        let inverse = row.map(|row| inverse(new.promotion_id, row));
        let end = ChangeEnd { ending, after: after.clone(), inverse };
        self.end(&id, end, &mut warnings).await;
        let is_made = made.is_some();
        let entry = AuditEntry {
            time: self.now(),
            caller: call.caller.clone(),
            tool: call.tool.to_owned(),
            arguments: audited(call),
            before: serde_json::Value::Null,
            after,
            upstream_status: status,
            outcome: match &outcome {
                Ok(Created { outcome: Outcome::AlreadyExisted, .. }) => "already_existed".to_owned(),
                _ => ending.as_str().to_owned(),
            },
            change_id: is_made.then(|| id.clone()),
        };
        self.audit(&entry, &mut warnings).await;
        let created = outcome?;
        Ok(CreatedCode { created, change_id: is_made.then_some(id), warnings })
    }
}

fn inverse(promotion_id: u64, row: CodeRow) -> serde_json::Value {
    let step = Step::DeleteCodes { promotion_id, codes: vec![row], route: Route::Id };
    json!(Undo { steps: vec![step], expects: Vec::new() })
}

fn warnings(promotion: &Promotion, new: &NewCode, now: Timestamp) -> Vec<String> {
    let mut warnings = Vec::new();
    if new.max_uses == 0 && promotion.max_uses.is_none() {
        warnings.push("Unlimited uses: the code has no cap, and the promotion has none.".to_owned());
    }
    warnings.extend(state_warning(promotion, now));
    warnings
}

/// Why codes of a promotion do not work, or not yet.
pub(super) fn state_warning(promotion: &Promotion, now: Timestamp) -> Option<String> {
    let why = match promotion.state(now, None) {
        EffectiveState::Expired => "The promotion is expired: its codes do not work.",
        EffectiveState::Disabled => "The promotion is disabled: its codes do not work until it is enabled.",
        EffectiveState::UsedUp => "The promotion's cap is reached: its codes do not work.",
        EffectiveState::Invalid => "The promotion is invalid: its codes do not work.",
        EffectiveState::Scheduled => "The promotion has not started yet: its codes do not work until then.",
        EffectiveState::Unknown => {
            "A date of the promotion cannot be read, so that it is not known whether its codes work."
        }
        EffectiveState::Active => return None,
    };
    Some(why.to_owned())
}
