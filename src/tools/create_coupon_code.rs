//! `create_coupon_code`: one code on a promotion.

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::bigcommerce::Patience;
use crate::changes::create_code::CreatedCode;
use crate::changes::{Call, Desk, Plan, gate};
use crate::coupons::{self, CodeText, NewCode};

use super::answer::{Answer, Handled, Text};
use super::change::{Status, not_agreed};
use super::confirm::{Case, Confirmation, Preview, Verdict};
use super::context::CallContext;
use super::coupon_code::CouponCode;
use super::{ToolError, schema};

const NAME: &str = "create_coupon_code";
const TITLE: &str = "Create a coupon code";
const DESCRIPTION: &str = "Creates one coupon code with a given text, such as ANNA10, on an existing \
    BigCommerce coupon promotion, which decides the discount, dates and caps. Repeating a call is safe: a \
    code that is there with the same limits has the outcome already_existed; with other limits or in another \
    promotion the error is code_conflict. Limits cannot be changed later. Returns the code with its limits \
    and uses. Without a promotion_id, the error names promotions to choose from.";

/// The new code.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
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
}

/// The code as it now is.
#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    promotion_id: u64,
    /// Not there where nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    coupon_code: Option<CouponCode>,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    change_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(flatten)]
    asked: Option<Asked>,
}

/// What is answered besides, where a person must agree: as every change answers it.
#[derive(Debug, Serialize, JsonSchema)]
struct Asked {
    #[schemars(with = "Option<String>")]
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Opaque>")]
    preview: Option<Preview>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmation_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmation_text: Option<String>,
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
    /// It was not made: the user must agree first.
    NeedsConfirmation,
    /// It was not made: a person said no.
    Declined,
    /// Nothing was done: the question was closed without an answer.
    Dismissed,
}

/// The published definition.
pub(super) fn definition() -> Tool {
    let mut input = schema::of_input::<Input>();
    Confirmation::publish(std::sync::Arc::make_mut(&mut input));
    let annotations = ToolAnnotations::with_title(TITLE)
        .read_only(false)
        .destructive(false)
        .idempotent(true)
        .open_world(true);
    Tool::new(NAME, DESCRIPTION, input)
        .with_title(TITLE)
        .with_raw_output_schema(schema::of_output::<Output>())
        .with_annotations(annotations)
}

/// One call. It does not wait for other changes, as [`super::change::handle`] does: a code changes nothing that
/// another change is judged by.
pub(super) async fn handle(
    desk: &Desk,
    mut arguments: JsonObject,
    context: &CallContext,
) -> Result<Handled, ToolError> {
    let given = Confirmation::take(&mut arguments);
    let input: Input = serde_path_to_error::deserialize(Value::Object(arguments))
        .map_err(|error| ToolError::invalid_arguments(format!("Argument {error}."), None))?;
    let code = CodeText::parse(&input.code)?;
    let mut call = call(&input, &code, context);
    if let Some((status, message)) = not_agreed(context) {
        call.confirmed = status.as_str();
        desk.declined(&call).await;
        return Output::not_agreed(input.promotion_id, status, message).handled();
    }
    let new = NewCode {
        promotion_id: input.promotion_id,
        code,
        max_uses: input.max_uses,
        max_uses_per_customer: input.max_uses_per_customer,
    };
    let patience = desk.store().patience();
    let plan = desk.plan_create_code(&new, &patience).await?;
    let reasons = gate::judge(&plan, desk.rules(), desk.now())?;
    let needs_yes = !reasons.is_empty();
    if needs_yes && !given.dry_run {
        // Nobody should be asked about what is there already, or cannot be made.
        if let Some(there) = desk.store().look_up_created(&new, &patience).await? {
            let there = CreatedCode { created: there, change_id: None, warnings: Vec::new() };
            return Output::made(&new, there, plan, None).handled();
        }
        desk.has_room(&gate::counts(&plan)).await?;
    }
    if !needs_yes && given.dry_run {
        return Output::new(new.promotion_id, Outcome::DryRun, plan.warnings).handled();
    }
    let case = Case { desk, tool: NAME, arguments: &call.arguments, plan: &plan, reasons };
    match case.decide(&given, context).await? {
        Verdict::Ask(question) => Ok(Handled::Ask(question)),
        Verdict::Wait { preview, token, message, spoken } => {
            let output = Output::waiting(&new, plan, given.dry_run, preview, token, message);
            Ok(Handled::Answer(Answer::new(&output, Text::SpokenAndJson(spoken))?))
        }
        Verdict::Go(confirmed) => {
            call.confirmed = confirmed;
            create(desk, &call, &new, plan, needs_yes, &patience).await
        }
    }
}

async fn create(
    desk: &Desk,
    call: &Call,
    new: &NewCode,
    plan: Plan,
    needed_yes: bool,
    patience: &Patience,
) -> Result<Handled, ToolError> {
    let created = desk.create_code(call, new, patience).await?;
    Output::made(new, created, plan, needed_yes.then_some(Status::Done)).handled()
}

impl Output {
    fn new(promotion_id: u64, outcome: Outcome, warnings: Vec<String>) -> Self {
        Self { promotion_id, coupon_code: None, outcome, change_id: None, warnings, asked: None }
    }

    fn made(new: &NewCode, made: CreatedCode, plan: Plan, status: Option<Status>) -> Self {
        let CreatedCode { created, change_id, warnings } = made;
        let mut output = Self::new(new.promotion_id, created.outcome.into(), plan.warnings);
        output.warnings.extend(warnings);
        output.coupon_code = Some(created.code.into());
        output.change_id = change_id.map(|id| id.to_string());
        output.asked = status.map(Asked::new);
        output
    }

    fn waiting(
        new: &NewCode,
        plan: Plan,
        dry_run: bool,
        preview: Preview,
        token: Option<String>,
        message: String,
    ) -> Self {
        let (outcome, status) = if dry_run {
            (Outcome::DryRun, Status::DryRun)
        } else {
            (Outcome::NeedsConfirmation, Status::NeedsConfirmation)
        };
        let mut output = Self::new(new.promotion_id, outcome, plan.warnings);
        output.asked = Some(Asked {
            message: Some(message),
            preview: Some(preview),
            confirmation_text: token.as_ref().map(|_| plan.headline),
            confirmation_token: token,
            ..Asked::new(status)
        });
        output
    }

    fn not_agreed(promotion_id: u64, status: Status, message: &str) -> Self {
        let outcome = if status == Status::Dismissed { Outcome::Dismissed } else { Outcome::Declined };
        let mut output = Self::new(promotion_id, outcome, Vec::new());
        output.asked = Some(Asked { message: Some(message.to_owned()), ..Asked::new(status) });
        output
    }

    fn handled(&self) -> Result<Handled, ToolError> {
        Ok(Handled::Answer(Answer::new(self, Text::MessageAndJson)?))
    }
}

impl Asked {
    fn new(status: Status) -> Self {
        Self { status, message: None, preview: None, confirmation_token: None, confirmation_text: None }
    }
}

/// The call, for the record and for what a confirmation is bound to.
fn call(input: &Input, code: &CodeText, context: &CallContext) -> Call {
    Call {
        caller: context.caller.clone(),
        tool: NAME,
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
