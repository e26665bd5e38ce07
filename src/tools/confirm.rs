//! The one way in which a change gets its yes.
//!
//! A change that needs a person ends in a question with a token, bound to the tool, the arguments, the caller
//! and exactly what would be affected; it is good for five minutes and for one use. Where the host can ask,
//! the person's yes brings the token back and the model never sees it. Where it cannot, the model gets the
//! token with the text to show, and calls again with both.

use rmcp::model::JsonObject;
use serde::Serialize;
use serde_json::{Value, json};

use crate::changes::{Desk, Plan};
use crate::policy::ConfirmMode;
use crate::state::{Binding, Redeemed, canonical};

use super::context::{CallContext, Consent, Question};
use super::error::{ErrorCode, ToolError};

/// The arguments that every tool that writes takes besides its own.
#[derive(Debug, Default)]
pub(super) struct Confirmation {
    /// Only show what would be done.
    pub(super) dry_run: bool,
    token: Option<String>,
    text: Option<String>,
}

const DRY_RUN: &str = "dry_run";
const TOKEN: &str = "confirmation_token";
const TEXT: &str = "confirmation_text";

impl Confirmation {
    /// Takes them out of a call's arguments: what is left is what a confirmation is bound to.
    pub(super) fn take(arguments: &mut JsonObject) -> Self {
        let text = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
        Self {
            dry_run: arguments.shift_remove(DRY_RUN).is_some_and(|value| value == true),
            token: text(arguments.shift_remove(TOKEN)),
            text: text(arguments.shift_remove(TEXT)),
        }
    }

    /// Adds them to a tool's schema.
    pub(super) fn publish(schema: &mut JsonObject) {
        let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
        for (name, kind, description) in [
            (DRY_RUN, "boolean", "Only preview."),
            (TOKEN, "string", "From needs_confirmation, once the user agrees."),
            (TEXT, "string", "From needs_confirmation, word for word."),
        ] {
            properties.insert(name.to_owned(), json!({ "type": kind, "description": description }));
        }
    }
}

/// What would be done.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Preview {
    /// The change in one line.
    headline: String,
    /// What to know before, in sentences.
    details: Vec<String>,
    /// Why a person must agree; empty when nobody needs to be asked.
    reasons: Vec<String>,
    /// What to do instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    alternative: Option<String>,
}

/// Whether a change may be made.
pub(super) enum Verdict {
    /// It may, and how that came about, for the record.
    Go(&'static str),
    /// A person is asked first.
    Ask(Question),
    /// Nothing is done: this is the preview, with a token where the caller can use one.
    Wait {
        preview: Preview,
        token: Option<String>,
        /// What to do next.
        message: String,
        /// The same with the preview in prose, for reading.
        spoken: String,
    },
}

/// A plan that was judged, before it may be carried out.
pub(super) struct Case<'a> {
    pub(super) desk: &'a Desk,
    pub(super) tool: &'static str,
    /// Without those of [`Confirmation`].
    pub(super) arguments: &'a Value,
    pub(super) plan: &'a Plan,
    /// Why a person must agree; none = nobody needs to.
    pub(super) reasons: Vec<String>,
}

impl Case<'_> {
    /// Decides.
    ///
    /// # Errors
    /// The host cannot ask and must, or the token cannot be kept or read.
    pub(super) async fn decide(
        self,
        given: &Confirmation,
        context: &CallContext,
    ) -> Result<Verdict, ToolError> {
        let mode = self.desk.rules().mode;
        let needs_yes = !self.reasons.is_empty() && mode != ConfirmMode::Never;
        if given.dry_run {
            return self.preview(needs_yes, mode, context).await;
        }
        if !needs_yes {
            return Ok(Verdict::Go(if self.reasons.is_empty() { "not_needed" } else { "never" }));
        }
        let mut note = match context.consent {
            Some(Consent::CouldNotAsk) => {
                "could_not_ask: this host failed to put the question to a person. ".to_owned()
            }
            _ => String::new(),
        };
        let can_ask = self.can_ask(context);
        // A host without forms has nobody's answer: what it says here, the model may have said.
        if can_ask && let Some(Consent::Given(token)) = &context.consent {
            match self.redeem(token, context).await? {
                Redeemed::Accepted => return Ok(Verdict::Go("person")),
                other => note = why_again(other),
            }
        }
        if can_ask {
            let token = self.issue(context).await?;
            return Ok(Verdict::Ask(Question { message: self.question(&note), token }));
        }
        if mode == ConfirmMode::Person {
            return Err(self.nobody_to_ask());
        }
        if let Some(token) = &given.token {
            if given.text.as_deref().map(str::trim) == Some(self.plan.headline.trim()) {
                match self.redeem(token, context).await? {
                    Redeemed::Accepted => return Ok(Verdict::Go("token")),
                    other => note = why_again(other),
                }
            } else {
                note.push_str("The confirmation_text is not the one of this change. ");
            }
        }
        let token = self.issue(context).await?;
        let next = format!(
            "Show the preview to the user. If they agree, call {} again within 5 minutes with the same arguments, this \
             confirmation_token and this confirmation_text.",
            self.tool
        );
        Ok(self.wait(Some(token), &note, &next))
    }

    async fn preview(
        self,
        needs_yes: bool,
        mode: ConfirmMode,
        context: &CallContext,
    ) -> Result<Verdict, ToolError> {
        let by_token = matches!(mode, ConfirmMode::Auto | ConfirmMode::Token) && !self.can_ask(context);
        let token = if needs_yes && by_token { Some(self.issue(context).await?) } else { None };
        let next = match (&token, needs_yes) {
            (Some(_), _) => {
                "To do it, show the preview to the user and call again without dry_run, with this confirmation_token and \
                 this confirmation_text."
            }
            (None, true) => "Without dry_run, a person is asked first.",
            (None, false) => "Without dry_run, it is done at once.",
        };
        Ok(self.wait(token, "", next))
    }

    fn wait(&self, token: Option<String>, note: &str, next: &str) -> Verdict {
        Verdict::Wait {
            preview: self.shown(),
            token,
            message: format!("Nothing has been changed yet. {note}{next}"),
            spoken: format!("Nothing has been changed yet. {note}{} {next}", self.summary()),
        }
    }

    /// Whether a person is asked by the host's form.
    fn can_ask(&self, context: &CallContext) -> bool {
        context.can_ask && self.desk.rules().mode != ConfirmMode::Token
    }

    fn shown(&self) -> Preview {
        Preview {
            headline: self.plan.headline.clone(),
            details: self.plan.lines.clone(),
            reasons: self.reasons.clone(),
            alternative: self.plan.alternative.clone(),
        }
    }

    /// Headline and details as prose.
    fn summary(&self) -> String {
        let mut sentences = vec![format!("{} ({}).", self.plan.headline, self.desk.label())];
        sentences.extend(self.plan.lines.iter().cloned());
        if !self.reasons.is_empty() {
            sentences.push(format!("A person must agree, because {}.", self.reasons.join("; ")));
        }
        sentences.extend(self.plan.alternative.clone());
        sentences.join(" ")
    }

    fn question(&self, note: &str) -> String {
        format!("{note}{}", self.summary())
    }

    fn binding(&self, context: &CallContext) -> Binding {
        // What is shown counts as well: who agreed to one preview did not agree to another one. The details may tell
        // of uses, which go on while a person decides.
        let affected = json!([self.plan.fingerprint(), self.plan.headline, self.reasons, self.desk.label()]);
        Binding::new(self.tool, self.arguments, &context.caller, &canonical(&affected))
    }

    async fn issue(&self, context: &CallContext) -> Result<String, ToolError> {
        let binding = self.binding(context);
        Ok(self.desk.state().issue_token(&binding, self.desk.now()).await?)
    }

    async fn redeem(&self, token: &str, context: &CallContext) -> Result<Redeemed, ToolError> {
        let binding = self.binding(context);
        Ok(self.desk.state().redeem_token(token, &binding, self.desk.now()).await?)
    }

    fn nobody_to_ask(&self) -> ToolError {
        ToolError::lasting(
            ErrorCode::ConfirmationUnavailable,
            format!("{} needs a person's yes, and this host cannot ask for it.", self.plan.headline),
            "Nothing was changed. The operator set --confirm person: use a host with elicitation, or do it in \
             BigCommerce's control panel.",
        )
    }
}

fn why_again(redeemed: Redeemed) -> String {
    match redeemed {
        Redeemed::Accepted => String::new(),
        Redeemed::Unknown => "The confirmation_token is not known here. ".to_owned(),
        Redeemed::Expired => "The confirmation is older than 5 minutes. ".to_owned(),
        Redeemed::AlreadyUsed => "The confirmation was used already. ".to_owned(),
        Redeemed::OtherBinding { arguments } if arguments.is_empty() => {
            "The confirmation was for another call, or what it is about has changed since. ".to_owned()
        }
        Redeemed::OtherBinding { arguments } => {
            format!("The confirmation was for a call with another {}. ", arguments.join(" and "))
        }
    }
}
