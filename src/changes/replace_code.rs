//! Planning a code's replacement: the API cannot change a code, so another takes its place.

mod earlier;

use crate::bigcommerce::Patience;
use crate::coupons::promotion::CouponType;
use crate::coupons::text::count;
use crate::coupons::{CodeText, CouponError, Promotion, UseLimits, quoted};

use super::delete_codes::not_there;
use super::plan::{CodeRow, Plan, PromotionRef, Route, Step};
use super::{ChangeError, Desk};

/// What to replace, and by what.
#[derive(Debug, Clone)]
pub struct Replacement {
    /// The code as it is.
    pub code: CodeText,
    /// Another text; `None` = the same.
    pub new_code: Option<CodeText>,
    /// Uses allowed in all, 0 = unlimited; `None` = as before.
    pub max_uses: Option<u64>,
    /// Uses allowed per customer, 0 = unlimited; `None` = as before.
    pub max_uses_per_customer: Option<u64>,
    /// Whether the uses so far count against the new cap.
    pub count_past_uses: bool,
}

/// A planned replacement.
#[derive(Debug)]
pub struct PlannedReplacement {
    /// The promotion of both.
    pub promotion_id: u64,
    /// The code as it is.
    pub old: CodeRow,
    /// The code that takes its place.
    pub new: CodeRow,
    /// What to do; `None` when the code is as asked for already.
    pub plan: Option<Box<Plan>>,
}

impl Desk {
    /// Plans a replacement. Two requests, one or more for another text.
    ///
    /// A code that an earlier replacement has deleted, without making the one in its place, counts as there:
    /// the same call again does the rest.
    ///
    /// # Errors
    /// A [`ChangeError`]: no such code, a new text that is taken, a cap that is used up already, or the API.
    pub async fn plan_replace_code(
        &self,
        replacement: &Replacement,
        patience: &Patience,
    ) -> Result<PlannedReplacement, ChangeError> {
        let text = &replacement.code;
        let found = self.store().find_code(text, patience).await?;
        let is_there = found.is_some();
        let (old, promotion) = if let Some(found) = found {
            let promotion = self.owner_of(&found, patience).await?;
            (CodeRow::from(found), promotion)
        } else {
            let Some(earlier) = self.replacement_of(text).await? else { return Err(not_there(text)) };
            (earlier.old, self.load_promotion(earlier.promotion_id, patience).await?)
        };
        let other = replacement.new_code.as_ref().filter(|new| !new.matches(&old.code));
        let same = CodeText::parse(&old.code)?;
        let text = replacement.new_code.as_ref().unwrap_or(&same);
        if is_there && let Some(new) = self.repeated(replacement, text, &old).await? {
            return Ok(PlannedReplacement { promotion_id: promotion.id, old, new, plan: None });
        }
        let limits = limits(replacement, &old)?;
        let new = CodeRow::new(text, limits);
        let made = match other {
            Some(other) => self.is_made(other, &promotion, limits, patience).await?,
            None => false,
        };
        let as_it_is = new.code == old.code
            && (new.max_uses, new.max_uses_per_customer) == (old.max_uses, old.max_uses_per_customer)
            && (replacement.count_past_uses || old.current_uses == 0);
        if if is_there { as_it_is } else { made } {
            return Ok(PlannedReplacement { promotion_id: promotion.id, old, new, plan: None });
        }
        let steps = steps(&promotion, &old, &new, other.is_some(), made);
        let plan = plan(&promotion, &old, &new, replacement, steps);
        Ok(PlannedReplacement { promotion_id: promotion.id, old, new, plan: Some(Box::new(plan)) })
    }

    /// The code as it is, if it is what this very call made before: its past uses are off its cap already, and
    /// a second time would give it room that it must not have.
    async fn repeated(
        &self,
        replacement: &Replacement,
        text: &CodeText,
        now: &CodeRow,
    ) -> Result<Option<CodeRow>, ChangeError> {
        let Some(earlier) = self.replacement_that_made(now.id).await? else { return Ok(None) };
        let Ok(limits) = limits(replacement, &earlier.old) else { return Ok(None) };
        let as_asked = replacement.code.matches(&earlier.old.code)
            && now.code == text.as_str()
            && (now.max_uses, now.max_uses_per_customer) == (limits.max_uses, limits.max_uses_per_customer);
        Ok(as_asked.then(|| now.clone()))
    }

    /// Whether an earlier call has made the new code already and only failed to delete the old one.
    async fn is_made(
        &self,
        new: &CodeText,
        promotion: &Promotion,
        limits: UseLimits,
        patience: &Patience,
    ) -> Result<bool, ChangeError> {
        let Some(found) = self.store().find_code(new, patience).await? else {
            // Where the old code must go first, BigCommerce's refusal would come too late.
            if promotion.coupon_type == Some(CouponType::Single)
                && self.store().is_legacy(new, patience).await
            {
                return Err(CouponError::LegacyCoupon { code: new.to_string() }.into());
            }
            return Ok(false);
        };
        let owner = self.owner_of(&found, patience).await?;
        if owner.id == promotion.id && found.limits == limits && found.current_uses == 0 {
            return Ok(true);
        }
        Err(ChangeError::Taken { code: new.to_string() })
    }
}

fn limits(replacement: &Replacement, old: &CodeRow) -> Result<UseLimits, ChangeError> {
    let asked = replacement.max_uses.unwrap_or(old.max_uses);
    let per_customer = replacement.max_uses_per_customer.unwrap_or(old.max_uses_per_customer);
    let past = if replacement.count_past_uses { old.current_uses } else { 0 };
    if asked > 0 && past >= asked {
        // 0 would not be "none left" but "unlimited".
        return Err(ChangeError::invalid(
            format!(
                "The code {} has {} already, which leaves nothing of a cap of {asked}.",
                quoted(&old.code),
                count(past, "use")
            ),
            "Give a max_uses above that, or count_past_uses false to start from 0. To stop the code, delete it with \
             delete_coupon_codes.",
        ));
    }
    let max_uses = if asked == 0 { 0 } else { asked - past };
    Ok(UseLimits { max_uses, max_uses_per_customer: per_customer })
}

fn steps(promotion: &Promotion, old: &CodeRow, new: &CodeRow, another_text: bool, made: bool) -> Vec<Step> {
    let delete = Step::DeleteCodes { promotion_id: promotion.id, codes: vec![old.clone()], route: Route::Id };
    let create = |insist| Step::CreateCodes {
        promotion: PromotionRef::Id(promotion.id),
        codes: vec![new.clone()],
        insist,
    };
    match (another_text, made) {
        (true, true) => vec![delete],
        // A promotion of type SINGLE has room for one code only.
        (true, false) if promotion.coupon_type != Some(CouponType::Single) => vec![create(false), delete],
        _ => vec![delete, create(true)],
    }
}

fn plan(
    promotion: &Promotion,
    old: &CodeRow,
    new: &CodeRow,
    replacement: &Replacement,
    steps: Vec<Step>,
) -> Plan {
    let said = |uses: u64| if uses == 0 { "unlimited".to_owned() } else { uses.to_string() };
    let mut lines = vec![
        format!("max_uses: {} -> {}.", said(old.max_uses), said(new.max_uses)),
        format!(
            "max_uses_per_customer: {} -> {}.",
            said(old.max_uses_per_customer),
            said(new.max_uses_per_customer)
        ),
        "BigCommerce cannot change a code, so the old one is deleted: its id and its count of uses are lost."
            .to_owned(),
    ];
    if old.current_uses > 0 {
        let counted = if replacement.count_past_uses && new.max_uses > 0 {
            " They are taken off the new cap."
        } else {
            ""
        };
        lines.push(format!("It had {}; the new count starts at 0.{counted}", count(old.current_uses, "use")));
    }
    if new.code != old.code {
        lines.push("Whoever holds the old code can no longer use it.".to_owned());
    }
    let deletes_first = matches!(steps.first(), Some(Step::DeleteCodes { .. })) && steps.len() > 1;
    if deletes_first {
        lines.push("Between deleting and making there is a moment without the code.".to_owned());
    }
    let makes_one = steps.iter().any(|step| step.codes_created() > 0);
    let gets_codes = if makes_one { vec![promotion.clone()] } else { Vec::new() };
    let headline = if new.code.eq_ignore_ascii_case(&old.code) {
        format!(
            "Replace code {} of promotion {} {}",
            quoted(&old.code),
            promotion.id,
            promotion.quoted_name()
        )
    } else {
        format!(
            "Replace code {} by {} in promotion {} {}",
            quoted(&old.code),
            quoted(&new.code),
            promotion.id,
            promotion.quoted_name()
        )
    };
    Plan {
        order: None,
        headline,
        lines,
        alternative: None,
        steps,
        resulting: Vec::new(),
        gets_codes,
        asks: vec!["it deletes a code".to_owned()],
        warnings: if new.max_uses == 0 && promotion.max_uses.is_none() {
            vec!["The code has unlimited uses, and the promotion has no cap.".to_owned()]
        } else {
            Vec::new()
        },
    }
}
