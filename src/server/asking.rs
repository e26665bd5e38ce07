//! How a question of a tool reaches a person: by the host's form, in the way of its protocol era.

use std::time::Duration;

use rmcp::model::{
    ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction, InputRequest, InputRequiredResult,
    InputResponses, ProgressNotificationParam,
};
use rmcp::service::{RequestContext, ServiceError};
use rmcp::{ErrorData, RoleServer};
use serde_json::json;
use tracing::debug;

use crate::tools::{CallContext, Consent, Progress, ProgressStep, Question};

/// The name of the question and of the form's only field.
const CONFIRM: &str = "confirm";
/// A person has as long as the token is good for.
const ANSWER_WITHIN: Duration = Duration::from_mins(5);

/// The caller as the tools see it.
pub(super) fn call_context(context: &RequestContext<RoleServer>) -> CallContext {
    CallContext {
        caller: caller(context),
        can_ask: can_ask(context),
        local: context.extensions.get::<http::request::Parts>().is_none(),
        progress: progress(context),
        place: None,
        consent: None,
    }
}

/// Where to tell how far the call is, if the request says so.
fn progress(context: &RequestContext<RoleServer>) -> Option<Progress> {
    let token = context.meta.get_progress_token()?;
    let peer = context.peer.clone();
    Some(Progress::new(move |ProgressStep { done, total, message }| {
        let (peer, token) = (peer.clone(), token.clone());
        Box::pin(async move {
            let mut progress = ProgressNotificationParam::new(token, done);
            #[expect(clippy::cast_precision_loss, reason = "counts of codes are far below 2^52")]
            let total = total.map(|total| total as f64);
            progress.total = total;
            progress.message = Some(message);
            // A host that went away needs no news.
            let _ = peer.notify_progress(progress).await;
        })
    }))
}

/// The host's name and, where there is one, its session on HTTP.
fn caller(context: &RequestContext<RoleServer>) -> String {
    let name = context.client_info().map(|info| crate::coupons::clean(&info.name));
    let name: String = name.as_deref().unwrap_or("unnamed").chars().take(64).collect();
    let Some(parts) = context.extensions.get::<http::request::Parts>() else {
        return format!("stdio:{name}");
    };
    let session = parts.headers.get("mcp-session-id").and_then(|session| session.to_str().ok());
    match session {
        Some(session) => format!("http:{name}:{session}"),
        None => format!("http:{name}"),
    }
}

/// Whether the host has forms; an empty capability means them, from before there were others.
fn can_ask(context: &RequestContext<RoleServer>) -> bool {
    let elicitation = context.client_capabilities().and_then(|capabilities| capabilities.elicitation);
    elicitation.is_some_and(|elicitation| elicitation.form.is_some() || elicitation.url.is_none())
}

/// What came back from a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Consent(Consent),
    /// The form was sent off with the box as it was. Many take that for a yes, so they are asked once more.
    NotTicked,
}

/// What marks the state of a question that is put a second time.
const AGAIN: &str = "again:";

/// The question as the result of a call (2026-07-28): the host asks and repeats the call with the answer.
pub(super) fn as_result(question: &Question, again: bool) -> Result<InputRequiredResult, ErrorData> {
    let ask = InputRequest::Elicitation(ElicitRequest::new(form(&question.message, again)?));
    let questions = [(CONFIRM.to_owned(), ask)].into_iter().collect();
    let state = format!("{}{}", if again { AGAIN } else { "" }, question.token);
    Ok(InputRequiredResult::new(Some(questions), Some(state)))
}

/// The answer that a repeated call brings. Without one (or with one that is none) the question is put again.
pub(super) fn from_retry(responses: Option<&InputResponses>, state: Option<String>) -> Option<Said> {
    let response = responses?.get(CONFIRM)?.clone();
    let result: ElicitResult = serde_json::from_value(response).ok()?;
    let state = state?;
    let token = state.strip_prefix(AGAIN).unwrap_or(&state);
    Some(match said(&result, token) {
        Said::NotTicked if token.len() < state.len() => Said::Consent(Consent::Dismissed),
        said => said,
    })
}

/// Asks within the call (older eras).
pub(super) async fn within_call(
    question: &Question,
    again: bool,
    context: &RequestContext<RoleServer>,
) -> Result<Said, ErrorData> {
    let form = form(&question.message, again)?;
    let asked = context.peer.create_elicitation_with_timeout(form, Some(ANSWER_WITHIN));
    let answer = tokio::select! {
        answer = asked => answer,
        () = context.ct.cancelled() => return Ok(Said::Consent(Consent::Dismissed)),
    };
    Ok(match answer {
        Ok(result) => match said(&result, &question.token) {
            Said::NotTicked if again => Said::Consent(Consent::Dismissed),
            said => said,
        },
        Err(ServiceError::McpError(error)) => {
            debug!(%error, "the host cannot ask");
            Said::Consent(Consent::CouldNotAsk)
        }
        // The question may have been seen: silence is no leave to go on without the person.
        Err(error) => {
            debug!(%error, "nobody answered the question");
            Said::Consent(Consent::Dismissed)
        }
    })
}

fn said(result: &ElicitResult, token: &str) -> Said {
    let ticked = || result.content.as_ref()?.get(CONFIRM)?.as_bool();
    match result.action {
        ElicitationAction::Accept if ticked() == Some(true) => {
            Said::Consent(Consent::Given(token.to_owned()))
        }
        ElicitationAction::Accept => Said::NotTicked,
        ElicitationAction::Decline => Said::Consent(Consent::Declined),
        _ => Said::Consent(Consent::Dismissed),
    }
}

fn form(message: &str, again: bool) -> Result<ElicitRequestParams, ErrorData> {
    let note = if again { "The box was not ticked: tick it to go ahead, or decline. " } else { "" };
    let schema = json!({
        "type": "object",
        "properties": { CONFIRM: { "type": "boolean", "title": "Go ahead?", "default": false } },
        "required": [CONFIRM],
    });
    let requested_schema = serde_json::from_value(schema)
        .map_err(|error| ErrorData::internal_error(format!("the form is malformed: {error}"), None))?;
    Ok(ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: format!("{note}{message}"),
        requested_schema,
    })
}
