//! `create_coupon_code`: one code on a promotion.

use rmcp::model::ToolAnnotations;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::changes::create_code::CreatedCode;
use crate::changes::{Call, Desk};
use crate::coupons::{self, CodeText, NewCode};

use super::coupon_code::CouponCode;
use super::{CallContext, CouponTool, Reply, ToolError};

pub(super) struct CreateCouponCode;

/// The new code.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Id of the promotion.
    #[schemars(range(min = 1))]
    promotion_id: u64,
    /// 1-50 of A-Z a-z 0-9 _ - and blank. Case does not matter.
    code: String,
    /// Uses in all; default 0 = unlimited. The promotion's own cap still counts.
    #[serde(default)]
    #[schemars(range(max = 2_147_483_647))]
    max_uses: u32,
    /// Uses per customer; default 0 = unlimited.
    #[serde(default)]
    #[schemars(range(max = 2_147_483_647))]
    max_uses_per_customer: u32,
    /// Only preview.
    #[serde(default)]
    dry_run: bool,
}

/// The code as it now is.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    promotion_id: u64,
    /// Not there after a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    coupon_code: Option<CouponCode>,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    change_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// This call made it.
    Created,
    /// It was there with the same limits, from before or by an attempt whose answer was lost.
    AlreadyExisted,
    /// It was not made: this is a preview, and nothing has been changed yet.
    DryRun,
}

impl CouponTool for CreateCouponCode {
    const NAME: &'static str = "create_coupon_code";
    const TITLE: &'static str = "Create a coupon code";
    const DESCRIPTION: &'static str = "Creates one coupon code with a given text, such as ANNA10, on an existing \
        BigCommerce coupon promotion, which decides the discount, dates and caps. Repeating a call is safe: a \
        code that is there with the same limits has the outcome already_existed; with other limits or in another \
        promotion the error is code_conflict. Limits cannot be changed later. Returns the code with its limits \
        and uses. Without a promotion_id, the error names promotions to choose from.";
    type Input = Input;
    type Output = Output;

    fn annotations() -> ToolAnnotations {
        ToolAnnotations::with_title(Self::TITLE)
            .read_only(false)
            .destructive(false)
            .idempotent(true)
            .open_world(true)
    }

    async fn run(desk: &Desk, input: Input, context: &CallContext) -> Result<Reply<Output>, ToolError> {
        let code = CodeText::parse(&input.code)?;
        let mut warnings: Vec<String> = trimmed(&input.code, &code).into_iter().collect();
        let call = call(&input, &code, context);
        let new = NewCode {
            promotion_id: input.promotion_id,
            code,
            max_uses: input.max_uses,
            max_uses_per_customer: input.max_uses_per_customer,
        };
        if input.dry_run {
            desk.may_create_code(&new)?;
            let promotion = desk.load_promotion(new.promotion_id, &desk.store().patience()).await?;
            desk.store().remember(&std::sync::Arc::new(promotion));
            warnings.extend(desk.code_warnings(&new).await);
            let output = Output {
                promotion_id: input.promotion_id,
                coupon_code: None,
                outcome: Outcome::DryRun,
                change_id: None,
                warnings,
            };
            return Ok(output.into());
        }
        let CreatedCode { created, change_id, warnings: more } = desk.create_code(&call, &new).await?;
        warnings.extend(more);
        let output = Output {
            promotion_id: input.promotion_id,
            coupon_code: Some(created.code.into()),
            outcome: created.outcome.into(),
            change_id: change_id.map(|id| id.to_string()),
            warnings,
        };
        Ok(output.into())
    }
}

/// The call, for the record.
fn call(input: &Input, code: &CodeText, context: &CallContext) -> Call {
    Call {
        caller: context.caller.clone(),
        tool: CreateCouponCode::NAME,
        arguments: json!({
            "promotion_id": input.promotion_id,
            "code": code.as_str(),
            "max_uses": input.max_uses,
            "max_uses_per_customer": input.max_uses_per_customer,
        }),
        confirmed: "not_needed",
    }
}

impl From<coupons::Outcome> for Outcome {
    fn from(outcome: coupons::Outcome) -> Self {
        match outcome {
            coupons::Outcome::Created => Self::Created,
            coupons::Outcome::AlreadyExisted => Self::AlreadyExisted,
        }
    }
}

fn trimmed(given: &str, code: &CodeText) -> Option<String> {
    (given != code.as_str()).then(|| format!("Blanks around the code were removed; it is \"{code}\"."))
}
