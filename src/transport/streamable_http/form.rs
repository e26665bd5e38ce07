//! Bodies of `/mcp`, read before rmcp reads them, so that each is answered as what it is.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::future::join_all;
use futures::stream::{self, StreamExt};
use rmcp::model::ClientJsonRpcMessage;
use serde_json::Value;

use crate::transport::batch::{Answer, NOT_AGREED, not_in_a_batch, out_of_bounds};
use crate::transport::message::{self, Incoming};
use crate::transport::sessions::CappedSessions;

const EVENT_STREAM: &str = "text/event-stream";

/// Hands on a body that is a message, and each message of a batch; answers everything else. The body is in memory
/// already.
pub(super) async fn read(
    State(sessions): State<Arc<CappedSessions>>,
    request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    if let Some(sentence) = unreadable(request.headers()) {
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence).into_response();
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else { return StatusCode::BAD_REQUEST.into_response() };
    match message::read(&body) {
        Incoming::Message { as_it_came: true, .. } => {
            next.run(Request::from_parts(parts, Body::from(body))).await
        }
        Incoming::Message { message, .. } => match request_with(&parts, &message) {
            Some(request) => next.run(request).await,
            None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        },
        Incoming::Batch(batch) => {
            let session = parts.headers.get("mcp-session-id").and_then(|id| id.to_str().ok());
            if !session.is_some_and(|id| sessions.takes_batches(id)) {
                return refused(&Answer::refusal(NOT_AGREED));
            }
            match out_of_bounds(batch.len()) {
                Some(sentence) => refused(&Answer::refusal(sentence)),
                None => answer_together(&parts, batch, &next).await,
            }
        }
        Incoming::Refused(answer) => refused(&Answer::One(answer)),
        // A notification has no answer, but HTTP has one.
        Incoming::Dropped => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// Why a body of these headers is not read.
fn unreadable(headers: &HeaderMap) -> Option<&'static str> {
    let text =
        |name| headers.get(name).map(|value| value.to_str().unwrap_or_default().trim().to_ascii_lowercase());
    let media_type = text(header::CONTENT_TYPE).unwrap_or_default();
    if media_type.split(';').next().map(str::trim) != Some("application/json") {
        return Some("Send the message with the header Content-Type: application/json.");
    }
    match text(header::CONTENT_ENCODING).as_deref() {
        None | Some("" | "identity") => None,
        Some(_) => Some("Send the message without a Content-Encoding: compressed bodies are not read."),
    }
}

fn refused(answer: &Answer) -> Response {
    match answer.to_json() {
        Ok(json) => {
            (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "application/json")], json).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn request_with(parts: &Parts, message: &ClientJsonRpcMessage) -> Option<Request> {
    let mut parts = parts.clone();
    parts.headers.remove(header::CONTENT_LENGTH);
    let body = serde_json::to_vec(message).ok()?;
    Some(Request::from_parts(parts, Body::from(body)))
}

/// What one message of a batch is answered.
enum Part {
    Nothing,
    Json(Bytes),
    Stream(Response),
    /// No message can be answered.
    Failure(Response),
}

impl Part {
    async fn of(response: Response) -> Self {
        let media_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        match media_type {
            Some(EVENT_STREAM) => Self::Stream(response),
            Some("application/json") => match to_bytes(response.into_body(), usize::MAX).await {
                Ok(json) => Self::Json(json),
                Err(_) => Self::Failure(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
            },
            _ if response.status() == StatusCode::ACCEPTED => Self::Nothing,
            _ => Self::Failure(response),
        }
    }
}

/// Hands on each message of a batch as a request of its own, all at once, and answers with all of their answers:
/// as one stream if one of them is a stream, else as one list.
async fn answer_together(parts: &Parts, batch: Vec<Value>, next: &Next) -> Response {
    let mut json: Vec<Bytes> = Vec::new();
    let mut runs = Vec::new();
    for message in batch {
        let refusal = match message::read_one(message) {
            Incoming::Message { message, .. } => {
                let Some(refusal) = not_in_a_batch(&message) else {
                    runs.extend(request_with(parts, &message).map(|request| next.clone().run(request)));
                    continue;
                };
                refusal
            }
            Incoming::Refused(refusal) => *refusal,
            Incoming::Batch(_) | Incoming::Dropped => continue,
        };
        json.extend(serde_json::to_vec(&refusal).map(Bytes::from));
    }
    let mut streams = Vec::new();
    for response in join_all(runs).await {
        match Part::of(response).await {
            Part::Nothing => {}
            Part::Json(answer) => json.push(answer),
            Part::Stream(response) => streams.push(response),
            Part::Failure(response) => return response,
        }
    }
    let Some(last) = streams.pop() else { return list(&json) };
    let (head, body) = last.into_parts();
    let events = json.into_iter().map(|answer| [b"data: ", answer.as_ref(), b"\n\n"].concat().into());
    let bodies = streams.into_iter().map(|response| response.into_body().into_data_stream());
    // rmcp writes an event at a time, so that none is cut by another.
    let merged = stream::select_all(bodies.chain([body.into_data_stream()]));
    let body = Body::from_stream(stream::iter(events).map(Ok::<Bytes, axum::Error>).chain(merged));
    Response::from_parts(head, body)
}

fn list(json: &[Bytes]) -> Response {
    if json.is_empty() {
        return StatusCode::ACCEPTED.into_response();
    }
    let body = [b"[".as_slice(), &json.join(&b','), b"]"].concat();
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
