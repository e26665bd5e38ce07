//! Prompts: the two jobs that people start from a menu.

use rmcp::ErrorData;
use rmcp::model::{GetPromptRequestParams, GetPromptResult, Prompt, PromptArgument, PromptMessage, Role};
use serde_json::Value;

use crate::coupons::quoted;

const LAUNCH: &str = "launch_campaign";
const WHY_NOT: &str = "why_does_this_code_not_work";

pub(super) fn list() -> Vec<Prompt> {
    let argument = |name: &str, description: &str, required| {
        PromptArgument::new(name).with_description(description).with_required(required)
    };
    vec![
        Prompt::new(
            LAUNCH,
            Some("Plan a coupon campaign with the user, and make its promotion and code"),
            Some(vec![
                argument("offer", "What it gives, such as: 20% off orders of 50 and more", true),
                argument("code", "The code that shoppers type", false),
                argument("ends", "Its last day", false),
            ]),
        ),
        Prompt::new(
            WHY_NOT,
            Some("Find out why a coupon code does not work, and what to do about it"),
            Some(vec![
                argument("code", "The code as the customer typed it", true),
                argument("what_happened", "What the customer said or saw", false),
            ]),
        ),
    ]
}

/// # Errors
/// A prompt that is not there, or a required argument that is missing.
pub(super) fn get(request: &GetPromptRequestParams) -> Result<GetPromptResult, ErrorData> {
    let given = |name: &str| {
        let value =
            request.arguments.as_ref().and_then(|arguments| arguments.get(name)).and_then(Value::as_str);
        value.map(str::trim).filter(|value| !value.is_empty()).map(quoted)
    };
    let required = |name: &str| {
        given(name).ok_or_else(|| {
            ErrorData::invalid_params(format!("The prompt {} needs the argument {name}.", request.name), None)
        })
    };
    let text = match request.name.as_str() {
        LAUNCH => launch(&required("offer")?, given("code"), given("ends")),
        WHY_NOT => why_not(&required("code")?, given("what_happened")),
        name => {
            let message = format!("There is no prompt {}; there are {LAUNCH} and {WHY_NOT}.", quoted(name));
            return Err(ErrorData::invalid_params(message, None));
        }
    };
    Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)]))
}

fn launch(offer: &str, code: Option<String>, ends: Option<String>) -> String {
    let code = code.map_or_else(
        || "Ask which code shoppers shall type.".to_owned(),
        |code| format!("The code: {code}."),
    );
    let ends =
        ends.map_or_else(|| "Ask for the last day.".to_owned(), |ends| format!("The last day: {ends}."));
    format!(
        "Launch a coupon campaign in my BigCommerce store. The offer: {offer}. {code} {ends}\n\
         1. Ask for what is missing: a cap on uses, uses per customer, a minimum order, and whether it may be \
         combined with other promotions. Suggest a cap and an end if I name none.\n\
         2. Call create_promotion with dry_run and show me the terms in words, with the dates.\n\
         3. When I agree, call create_promotion with the code. Then call check_coupon_code, and give me the link \
         that applies the code and the change_id."
    )
}

fn why_not(code: &str, what_happened: Option<String>) -> String {
    let what_happened = what_happened.map(|said| format!(" The customer says: {said}.")).unwrap_or_default();
    format!(
        "A customer's coupon code does not work: {code}.{what_happened}\n\
         1. Call check_coupon_code with the code and with what is known of the cart (subtotal, currency, channel, \
         customer group).\n\
         2. Tell me in plain words why it does not work, what could not be checked, and what I can answer the \
         customer.\n\
         3. Offer the fix that check_coupon_code names, and make it only when I agree."
    )
}
