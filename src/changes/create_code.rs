//! Creating one code: no question, since the promotion was judged when it was made; but policy, ceilings and
//! records as for every change.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use crate::bigcommerce::Patience;
use crate::coupons::promotion::{EffectiveState, Kind};
use crate::coupons::{Created, NewCode, Outcome, Promotion};
use crate::policy::{self, Counts, Facts};
use crate::state::{AuditEntry, ChangeEnd, ChangeId, Ending};

use super::inverse::Undo;
use super::plan::{CodeRow, Route, Step};
use super::record::audited;
use super::{Call, ChangeError, Desk};

/// The promotion is read within this time, or warns of nothing.
const WARNINGS_WITHIN: Duration = Duration::from_secs(3);

/// A code that is there now.
#[derive(Debug)]
pub struct CreatedCode {
    /// The code, and how it came to be there.
    pub created: Created,
    /// What it can be undone by, if this call made it.
    pub change_id: Option<ChangeId>,
    /// What to tell the user besides.
    pub warnings: Vec<String>,
}

impl Desk {
    /// Whether the operator's policy has anything against this code.
    ///
    /// # Errors
    /// [`ChangeError::Policy`].
    pub fn may_create_code(&self, new: &NewCode) -> Result<(), ChangeError> {
        let facts = Facts {
            promotions: Vec::new(),
            new_codes: vec![new.code.as_str()],
            touched_promotions: vec![new.promotion_id],
        };
        Ok(policy::check(&self.rules().policy, &facts)?)
    }

    /// Creates a code and puts it on record. One request, one more where the promotion was not read in the last
    /// minute.
    ///
    /// # Errors
    /// A [`ChangeError`]; a repeat is safe.
    pub async fn create_code(&self, call: &Call, new: &NewCode) -> Result<CreatedCode, ChangeError> {
        self.may_create_code(new)?;
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
        let outcome = self.store().create_code(new).await;
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
        warnings.extend(self.code_warnings(new).await);
        Ok(CreatedCode { created, change_id: is_made.then_some(id), warnings })
    }

    /// What may surprise: from a promotion read at most a minute ago. One that cannot be read warns of nothing.
    pub async fn code_warnings(&self, new: &NewCode) -> Vec<String> {
        // A courtesy: it must not hold up the answer.
        let patience = Patience::new(WARNINGS_WITHIN, Duration::ZERO);
        let Ok(promotion) = self.store().recent_promotion(new.promotion_id, &patience).await else {
            return Vec::new();
        };
        warnings(&promotion, new, self.now())
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
    if promotion.kind == Kind::Automatic {
        warnings.push("The promotion is automatic: it needs no code.".to_owned());
    }
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
        EffectiveState::Active => return None,
    };
    Some(why.to_owned())
}
