//! What goes back to the client.

use axum::body::{Body, Bytes};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Value, json};

/// One HTTP answer, complete before the first byte of it is sent.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// A JSON body.
    pub(super) fn json(status: StatusCode, body: &Value) -> Self {
        Self::encoded(status, body.to_string().into())
    }

    /// 200 with a text that is JSON.
    pub(super) fn text(json: &'static str) -> Self {
        Self::encoded(StatusCode::OK, Bytes::from_static(json.as_bytes()))
    }

    fn encoded(status: StatusCode, json: Bytes) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        Self { status, headers, body: json }
    }

    /// 200 with a body that is not in an envelope.
    pub(super) fn bare(body: &Value) -> Self {
        Self::json(StatusCode::OK, body)
    }

    /// 200 with `{data, meta: {}}`.
    pub(super) fn found(data: impl Into<Value>) -> Self {
        Self::listed(data, json!({}))
    }

    /// 200 with `{data, meta}`.
    pub(super) fn listed(data: impl Into<Value>, meta: Value) -> Self {
        Self::json(StatusCode::OK, &envelope(data.into(), meta))
    }

    /// 201 with `{data, meta: {}}`.
    pub(super) fn created(data: impl Into<Value>) -> Self {
        Self::json(StatusCode::CREATED, &envelope(data.into(), json!({})))
    }

    /// 204 without a body.
    pub(super) fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// The same answer with the second half of its body missing, so that no JSON parser accepts it. One
    /// without a body becomes 200 with the beginning of one.
    pub(super) fn truncated(mut self) -> Self {
        if self.body.is_empty() {
            self.status = StatusCode::OK;
            self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            self.body = Bytes::from_static(b"{\"data\":");
        } else {
            self.body.truncate(self.body.len() / 2);
        }
        self
    }
}

fn envelope(data: Value, meta: Value) -> Value {
    let mut envelope = json!({});
    if let Some(object) = envelope.as_object_mut() {
        object.insert("data".to_owned(), data);
        object.insert("meta".to_owned(), meta);
    }
    envelope
}

impl From<Answer> for Response<Body> {
    fn from(answer: Answer) -> Self {
        let mut response = Self::new(answer.body.into());
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        response
    }
}
