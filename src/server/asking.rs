//! How a question of a tool reaches a person: by the host's form, in the way of its protocol era.

use std::time::Duration;

use rmcp::model::{
    ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction, ErrorCode, InputRequest,
    InputRequiredResult, InputResponses, ProgressNotificationParam,
};
use rmcp::service::{RequestContext, ServiceError};
use rmcp::{ErrorData, RoleServer};
use serde_json::json;
use tracing::debug;

use crate::tools::{CallContext, Consent, Progress, Question};

use super::is_modern;

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
    Some(Progress::new(move |done, total| {
        let (peer, token) = (peer.clone(), token.clone());
        Box::pin(async move {
            #[expect(clippy::cast_precision_loss, reason = "counts of codes are far below 2^52")]
            let (done, total) = (done as f64, total.map(|total| total as f64));
            let mut progress = ProgressNotificationParam::new(token, done);
            progress.total = total;
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

/// The question as the result of a call (2026-07-28): the host asks and repeats the call with the answer.
pub(super) fn as_result(question: Question) -> Result<InputRequiredResult, ErrorData> {
    let ask = InputRequest::Elicitation(ElicitRequest::new(form(&question.message)?));
    let questions = [(CONFIRM.to_owned(), ask)].into_iter().collect();
    Ok(InputRequiredResult::new(Some(questions), Some(question.token)))
}

/// The answer that a repeated call brings. Without one (or with one that is none) the question is put again.
pub(super) fn from_retry(responses: Option<&InputResponses>, state: Option<String>) -> Option<Consent> {
    let response = responses?.get(CONFIRM)?.clone();
    let result: ElicitResult = serde_json::from_value(response).ok()?;
    Some(consent(said(&result)?, state?))
}

/// Asks within the call (older eras). `None` when the host cannot, whatever it says of itself.
pub(super) async fn within_call(
    question: &Question,
    context: &RequestContext<RoleServer>,
) -> Result<Option<Consent>, ErrorData> {
    if is_modern(context) {
        return Ok(None);
    }
    let form = form(&question.message)?;
    let asked = context.peer.create_elicitation_with_timeout(form, Some(ANSWER_WITHIN));
    tokio::select! {
        answer = asked => match answer {
            // Asked again, a host that always answers so would be asked for ever.
            Ok(result) => Ok(Some(consent(said(&result).unwrap_or(false), question.token.clone()))),
            Err(ServiceError::McpError(error))
                if matches!(error.code, ErrorCode::METHOD_NOT_FOUND | ErrorCode::INVALID_PARAMS) =>
            {
                debug!(%error, "the host cannot ask");
                Ok(None)
            }
            // The question may have been seen: silence is no leave to go on without the person.
            Err(error) => {
                debug!(%error, "nobody answered the question");
                Ok(Some(Consent::Declined))
            }
        },
        () = context.ct.cancelled() => Ok(Some(Consent::Declined)),
    }
}

/// Yes or no; `None` for an agreement without either.
fn said(result: &ElicitResult) -> Option<bool> {
    if result.action != ElicitationAction::Accept {
        return Some(false);
    }
    result.content.as_ref()?.get(CONFIRM)?.as_bool()
}

fn consent(yes: bool, token: String) -> Consent {
    if yes { Consent::Given(token) } else { Consent::Declined }
}

fn form(message: &str) -> Result<ElicitRequestParams, ErrorData> {
    let schema = json!({
        "type": "object",
        "properties": { CONFIRM: { "type": "boolean", "title": "Go ahead?", "default": false } },
        "required": [CONFIRM],
    });
    let requested_schema = serde_json::from_value(schema)
        .map_err(|error| ErrorData::internal_error(format!("the form is malformed: {error}"), None))?;
    Ok(ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: message.to_owned(),
        requested_schema,
    })
}
