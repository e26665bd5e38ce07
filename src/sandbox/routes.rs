//! The endpoints: which path and method is which, and who handles it.

use http::header::{CONTENT_TYPE, HeaderMap};
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::Value;

use super::answer::Answer;
use super::payload::Payload;
use super::store::Store;
use super::wire_error::WireError;
use super::{codes, promotions, settings, v2};

/// One endpoint of the API, with the ids of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    ListPromotions,
    CreatePromotion,
    DeletePromotions,
    GetPromotion(i64),
    UpdatePromotion(i64),
    DeletePromotion(i64),
    ListCodes(i64),
    CreateCode(i64),
    DeleteCodes(i64),
    GenerateCodes(i64),
    FindCode,
    DeleteCodeByText,
    DeleteCode { promotion: i64, code: i64 },
    GetSettings,
    UpdateSettings,
    GetStore,
    ListCoupons,
}

/// What a handler reads beside the ids of its path.
#[derive(Debug)]
pub(super) struct Call {
    /// The query without its question mark.
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    /// When the request came.
    pub(super) at: Timestamp,
    pub(super) body: Payload,
}

impl Call {
    /// The JSON body. `malformed` shapes the 400 for a body that is not JSON.
    pub(super) fn json(&self, malformed: fn(&str) -> WireError) -> Result<Value, WireError> {
        if !self.is_json() {
            let title = "The request's Content-Type must be application/json";
            return Err(WireError::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, title));
        }
        let Payload::Whole(body) = &self.body else {
            return Err(WireError::plain(StatusCode::PAYLOAD_TOO_LARGE, "The request's body is too large"));
        };
        serde_json::from_slice(body).map_err(|error| malformed(&format!("Syntax error: {error}")))
    }

    fn is_json(&self) -> bool {
        let Some(sent) = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
            return false;
        };
        let essence = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
    }
}

impl Route {
    /// The endpoint at `segments`, the parts of the path from the version on.
    pub(super) fn find(method: &Method, segments: &[&str]) -> Result<Self, WireError> {
        match *segments {
            ["v2", ref rest @ ..] => Self::find_v2(method, rest),
            ["v3", ref rest @ ..] => Self::find_v3(method, rest),
            _ => Err(unknown_path()),
        }
    }

    /// Nothing can be written: a request meant for one coupon would otherwise be a slip away from the
    /// vendor's deletion of all of them.
    fn find_v2(method: &Method, segments: &[&str]) -> Result<Self, WireError> {
        let route = match *segments {
            ["store"] => Self::GetStore,
            ["coupons"] => Self::ListCoupons,
            _ => return Err(unknown_path()),
        };
        if method == Method::GET { Ok(route) } else { Err(WireError::method_not_allowed("GET")) }
    }

    fn find_v3(method: &Method, segments: &[&str]) -> Result<Self, WireError> {
        let method = method.as_str();
        let (allow, route) = match *segments {
            ["promotions"] => (
                "GET, POST, DELETE",
                match method {
                    "GET" => Some(Self::ListPromotions),
                    "POST" => Some(Self::CreatePromotion),
                    "DELETE" => Some(Self::DeletePromotions),
                    _ => None,
                },
            ),
            ["promotions", "codes"] => (
                "GET, DELETE",
                match method {
                    "GET" => Some(Self::FindCode),
                    "DELETE" => Some(Self::DeleteCodeByText),
                    _ => None,
                },
            ),
            ["promotions", "settings"] => (
                "GET, PUT",
                match method {
                    "GET" => Some(Self::GetSettings),
                    "PUT" => Some(Self::UpdateSettings),
                    _ => None,
                },
            ),
            ["promotions", id] => {
                let id = promotion_id(id)?;
                (
                    "GET, PUT, DELETE",
                    match method {
                        "GET" => Some(Self::GetPromotion(id)),
                        "PUT" => Some(Self::UpdatePromotion(id)),
                        "DELETE" => Some(Self::DeletePromotion(id)),
                        _ => None,
                    },
                )
            }
            ["promotions", id, "codes"] => {
                let id = promotion_id(id)?;
                (
                    "GET, POST, DELETE",
                    match method {
                        "GET" => Some(Self::ListCodes(id)),
                        "POST" => Some(Self::CreateCode(id)),
                        "DELETE" => Some(Self::DeleteCodes(id)),
                        _ => None,
                    },
                )
            }
            ["promotions", id, "codegen"] => {
                let id = promotion_id(id)?;
                ("POST", (method == "POST").then_some(Self::GenerateCodes(id)))
            }
            ["promotions", promotion, "codes", code] => {
                let promotion = promotion_id(promotion)?;
                let code = id(code).ok_or_else(|| WireError::not_found("Coupon code not found."))?;
                ("DELETE", (method == "DELETE").then_some(Self::DeleteCode { promotion, code }))
            }
            _ => return Err(unknown_path()),
        };
        route.ok_or_else(|| WireError::method_not_allowed(allow))
    }

    /// How many requests this endpoint takes at the same time, by the OpenAPI file's description of it.
    pub(super) fn concurrency(self) -> usize {
        match self {
            Self::ListCodes(_) | Self::GenerateCodes(_) => 10,
            _ => 40,
        }
    }

    /// Does the work of this endpoint.
    pub(super) async fn answer(self, store: &Store, call: &Call) -> Result<Answer, WireError> {
        match self {
            Self::ListPromotions => promotions::list(store, call).await,
            Self::CreatePromotion => promotions::create(store, call).await,
            Self::DeletePromotions => promotions::delete_many(store, call).await,
            Self::GetPromotion(id) => promotions::get(store, call, id).await,
            Self::UpdatePromotion(id) => promotions::update(store, call, id).await,
            Self::DeletePromotion(id) => promotions::delete(store, call, id).await,
            Self::ListCodes(promotion) => codes::list(store, call, promotion).await,
            Self::CreateCode(promotion) => codes::create(store, call, promotion).await,
            Self::DeleteCodes(promotion) => codes::delete_many(store, call, promotion).await,
            Self::GenerateCodes(promotion) => codes::generate(store, call, promotion).await,
            Self::FindCode => codes::find(store, call).await,
            Self::DeleteCodeByText => codes::delete_by_text(store, call).await,
            Self::DeleteCode { promotion, code } => codes::delete(store, call, promotion, code).await,
            Self::GetSettings => settings::get(store, call).await,
            Self::UpdateSettings => settings::update(store, call).await,
            Self::GetStore => v2::store::get(call),
            Self::ListCoupons => v2::coupons::list(store, call).await,
        }
    }
}

/// Whether `path` lies below the older version of the API.
pub(super) fn is_v2(path: &str) -> bool {
    path.split('/').nth(3) == Some("v2")
}

/// 404 for a path that is no endpoint.
pub(super) fn unknown_path() -> WireError {
    WireError::plain(StatusCode::NOT_FOUND, "The requested resource was not found")
}

/// 404 for a promotion that does not exist.
pub(super) fn unknown_promotion() -> WireError {
    WireError::not_found("Promotion not found.")
}

fn promotion_id(segment: &str) -> Result<i64, WireError> {
    id(segment).ok_or_else(unknown_promotion)
}

/// The id that `segment` spells as the API does: digits, without a sign and leading zeros.
fn id(segment: &str) -> Option<i64> {
    segment.parse().ok().filter(|id: &i64| *id >= 0 && id.to_string() == segment)
}
