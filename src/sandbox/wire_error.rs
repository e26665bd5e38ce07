//! Refusals in the body shapes that the API uses.
//!
//! The vendor has no single error body. Each constructor names where its shape comes from.

use http::StatusCode;
use http::header::{ALLOW, HeaderValue};
use serde_json::{Map, Value, json};

use super::answer::Answer;

/// The `type` of the samples in the OpenAPI file.
const STATUS_CODES: &str = "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes";

/// A refusal: a status and the body that explains it.
#[derive(Debug, thiserror::Error)]
#[error("{status} {sentence}")]
pub(super) struct WireError {
    status: StatusCode,
    /// What the body says in words.
    sentence: String,
    body: Value,
    /// The `Allow` header, for a method that a path does not have.
    allow: Option<&'static str>,
}

/// The `meta` of a bulk delete: how many ids were sent, and how many of them failed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BulkCounts {
    pub(super) total: usize,
    pub(super) failed: usize,
}

impl WireError {
    fn new(status: StatusCode, sentence: &str, body: Value) -> Self {
        Self { status, sentence: sentence.to_owned(), body, allow: None }
    }

    /// The same refusal as the older API words it: `[{status, message}]`, and 400 where v3 has 422.
    pub(super) fn in_v2(self) -> Self {
        let status = if self.status == StatusCode::UNPROCESSABLE_ENTITY {
            StatusCode::BAD_REQUEST
        } else {
            self.status
        };
        let body = json!([{ "status": status.as_u16(), "message": self.sentence }]);
        Self { status, body, ..self }
    }

    /// `{"errors": [{status, title}]}` with 422: `ErrorResponse` in the OpenAPI file.
    pub(super) fn unprocessable(title: impl AsRef<str>) -> Self {
        Self::listed(StatusCode::UNPROCESSABLE_ENTITY, title.as_ref())
    }

    /// `{"errors": [{status, title}]}` with 404: `ErrorResponse` in the OpenAPI file.
    pub(super) fn not_found(title: &str) -> Self {
        Self::listed(StatusCode::NOT_FOUND, title)
    }

    fn listed(status: StatusCode, title: &str) -> Self {
        Self::new(status, title, json!({ "errors": [{ "status": status.as_u16(), "title": title }] }))
    }

    /// `{status, title, type, detail}` with a status that is text: `ErrorResponse400` in the OpenAPI file.
    pub(super) fn malformed_json(detail: &str) -> Self {
        let body = json!({
            "status": "400",
            "title": "Input is invalid",
            "type": STATUS_CODES,
            "detail": detail,
        });
        Self::new(StatusCode::BAD_REQUEST, detail, body)
    }

    /// `{status, title, error}` with a status that is text: `ErrorResponse405` in the OpenAPI file, which
    /// generating codes answers for a promotion that is not a bulk coupon one.
    pub(super) fn not_supported(error: &str) -> Self {
        let body = json!({ "status": "405", "title": "Method not allowed", "error": error });
        Self::new(StatusCode::METHOD_NOT_ALLOWED, error, body)
    }

    /// The same shape for a method that a path does not have; `allow` lists those that it has.
    pub(super) fn method_not_allowed(allow: &'static str) -> Self {
        Self { allow: Some(allow), ..Self::not_supported("The method is not allowed for this resource.") }
    }

    /// `{status, title, type, errors: {}}`: the body that a live store sends for a missing scope and, by
    /// the OpenAPI file of the price lists, for too many requests.
    pub(super) fn plain(status: StatusCode, title: &str) -> Self {
        let body = json!({ "status": status.as_u16(), "title": title, "type": STATUS_CODES, "errors": {} });
        Self::new(status, title, body)
    }

    /// 429.
    pub(super) fn too_many_requests() -> Self {
        Self::plain(StatusCode::TOO_MANY_REQUESTS, "Too many requests")
    }

    /// `{status, title}`: the body that a live store sends for a query parameter it does not know.
    pub(super) fn unknown_parameters(names: &[&str]) -> Self {
        let title = format!("The filter(s): {} are not valid filter parameter(s).", names.join(", "));
        let body = json!({ "status": 422, "title": title });
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, &title, body)
    }

    /// A bulk delete without a usable `id:in`: `BulkDeleteResponse` in the OpenAPI file, nothing deleted.
    pub(super) fn bad_id_list(title: &str) -> Self {
        Self::bulk(title, None, BulkCounts::default())
    }

    /// A bulk delete that deleted all but some: `BulkDeleteResponse` in the OpenAPI file. The keys of
    /// `errors` are `<index in the request>.<kind>`.
    pub(super) fn partly_deleted(errors: Map<String, Value>, counts: BulkCounts) -> Self {
        Self::bulk("Errors occurred in bulk delete action.", Some(errors), counts)
    }

    fn bulk(title: &str, errors: Option<Map<String, Value>>, counts: BulkCounts) -> Self {
        let mut error = json!({ "status": 422, "title": title, "type": STATUS_CODES });
        if let (Some(errors), Some(object)) = (errors, error.as_object_mut()) {
            object.insert("errors".to_owned(), errors.into());
        }
        let meta = json!({
            "total": counts.total,
            "success": counts.total.saturating_sub(counts.failed),
            "failed": counts.failed,
        });
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, title, json!({ "errors": [error], "meta": meta }))
    }

    /// `{status, title, error: {message}}`: `betaErrorResponse400` in the settings' OpenAPI file.
    pub(super) fn malformed_settings(message: &str) -> Self {
        let body = json!({ "status": 400, "title": "Bad Request", "error": { "message": message } });
        Self::new(StatusCode::BAD_REQUEST, message, body)
    }

    /// `{status, title, errors: [{field, message}]}`: `betaErrorResponse422` in the settings' OpenAPI file.
    pub(super) fn invalid_settings(errors: &[Value]) -> Self {
        let title = "Invalid promotion setting(s).";
        let body = json!({ "status": 422, "title": title, "errors": errors });
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, title, body)
    }
}

/// A fault of the sandbox itself: logged here, because the client can do nothing with its cause.
impl From<sqlx::Error> for WireError {
    fn from(error: sqlx::Error) -> Self {
        // A closed pool only means that the sandbox stops: nobody waits for this answer any more.
        if !matches!(error, sqlx::Error::PoolClosed) {
            tracing::error!(%error, "sandbox database failed");
        }
        Self::plain(StatusCode::INTERNAL_SERVER_ERROR, "The sandbox's database failed")
    }
}

impl From<WireError> for Answer {
    fn from(error: WireError) -> Self {
        let mut answer = Self::json(error.status, &error.body);
        answer.headers.extend(error.allow.map(|methods| (ALLOW, HeaderValue::from_static(methods))));
        answer
    }
}
