//! `replace_coupon_code`: another text or other limits, which the API can only give to a new code.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bigcommerce::Patience;
use crate::changes::replace_code::{PlannedReplacement, Replacement};
use crate::changes::{Carried, ChangeError, Desk};
use crate::coupons::{CodeText, quoted};

use super::change::{ChangeTool, Draft};
use super::context::CallContext;
use super::coupon_code::{CouponCode, unless_forced};
use super::error::ToolError;
use super::schema;

pub(super) struct ReplaceCouponCode;

/// What to replace, and by what.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// The code as it is.
    code: String,
    /// Another text; left out = the same.
    #[serde(default)]
    new_code: Option<String>,
    /// Uses in all; left out = what is left of them.
    #[serde(default)]
    #[schemars(range(max = 2_147_483_647))]
    max_uses: Option<u64>,
    /// Uses per customer; left out = as before.
    #[serde(default)]
    #[schemars(range(max = 2_147_483_647))]
    max_uses_per_customer: Option<u64>,
    /// No limit where max_uses or max_uses_per_customer is left out.
    #[serde(default)]
    unlimited: bool,
    /// Whether past uses count against max_uses.
    #[serde(default = "yes")]
    count_past_uses: bool,
}

const fn yes() -> bool {
    true
}

/// Old and new.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Detail {
    promotion_id: u64,
    /// Of the shape of new.
    #[schemars(with = "schema::Opaque")]
    old: CouponCode,
    old_deleted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<CouponCode>,
}

impl ChangeTool for ReplaceCouponCode {
    const NAME: &'static str = "replace_coupon_code";
    const TITLE: &'static str = "Replace a coupon code";
    const DESCRIPTION: &'static str = "Gives a code another text (it leaked) or other limits: BigCommerce cannot \
        change a code, so it is deleted and made again, and its count of uses starts at 0. With count_past_uses, \
        max_uses 200 after 73 uses makes a cap of 127. Returns the old and the new code.";
    const DESTRUCTIVE: bool = true;
    type Input = Input;
    type Detail = Detail;

    fn check(_: &Desk, input: &Input) -> Result<(), ToolError> {
        let another = input.new_code.as_deref().is_some_and(|new| new.trim() != input.code.trim());
        let limit = unless_forced(input.max_uses, input.unlimited)
            .or(unless_forced(input.max_uses_per_customer, input.unlimited));
        if another || limit.is_some() || !input.count_past_uses {
            return Ok(());
        }
        Err(ChangeError::invalid(
            "Nothing is said to change.",
            "Give new_code, max_uses, max_uses_per_customer or unlimited; count_past_uses false alone starts the count \
             of uses at 0.",
        )
        .into())
    }

    async fn plan(
        desk: &Desk,
        input: Input,
        _: &CallContext,
        patience: &Patience,
    ) -> Result<Draft<Detail>, ToolError> {
        let replacement = Replacement {
            code: CodeText::parse(&input.code)?,
            new_code: input.new_code.as_deref().map(CodeText::parse).transpose()?,
            max_uses: unless_forced(input.max_uses, input.unlimited),
            max_uses_per_customer: unless_forced(input.max_uses_per_customer, input.unlimited),
            count_past_uses: input.count_past_uses,
        };
        let PlannedReplacement { promotion_id, old, plan, .. } =
            desk.plan_replace_code(&replacement, patience).await?;
        let detail = Detail { promotion_id, old: (&old).into(), old_deleted: false, new: None };
        Ok(Draft { plan, detail, idle: "Nothing to replace: the code is like that already.".to_owned() })
    }

    fn report(detail: &mut Detail, carried: &Carried) -> String {
        detail.new = carried.codes_created.first().map(|(_, row)| row.into());
        detail.old_deleted = !carried.codes_deleted.is_empty();
        let old = quoted(&detail.old.code);
        match (&detail.new, detail.old_deleted) {
            (Some(new), true) if new.code == detail.old.code => format!(
                "The code {old} was made anew (max_uses {}, max_uses_per_customer {}; 0 = unlimited); its count of uses \
                 starts at 0.",
                new.max_uses, new.max_uses_per_customer
            ),
            (Some(new), true) => format!(
                "The code {old} is replaced by {} (max_uses {}, max_uses_per_customer {}; 0 = unlimited).",
                quoted(&new.code),
                new.max_uses,
                new.max_uses_per_customer
            ),
            (Some(new), false) if carried.failure.as_ref().is_some_and(|failure| failure.in_doubt) => {
                format!("The code {} is made.", quoted(&new.code))
            }
            (Some(new), false) => {
                format!("The code {} is made; the old code {old} still works.", quoted(&new.code))
            }
            (None, true) => {
                format!("The old code {old} is deleted, and no code has taken its place: it is gone.")
            }
            (None, false) if carried.failure.as_ref().is_some_and(|failure| failure.in_doubt) => {
                "No code has been made.".to_owned()
            }
            (None, false) => format!("The code {old} is as it was."),
        }
    }
}
