//! Who may do what: the token, the store and the scope.

use http::header::HeaderMap;
use http::{Method, StatusCode};

use super::wire_error::WireError;
use super::{READ_ONLY_TOKEN, STORE_HASH, TOKEN};

/// The marketing scope of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Modify,
    ReadOnly,
}

impl Scope {
    /// The scope of the token in `X-Auth-Token`. A token that is missing or unknown answers 401.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, WireError> {
        match headers.get("x-auth-token").map(http::HeaderValue::as_bytes) {
            Some(token) if token == TOKEN.as_bytes() => Ok(Self::Modify),
            Some(token) if token == READ_ONLY_TOKEN.as_bytes() => Ok(Self::ReadOnly),
            _ => Err(WireError::plain(
                StatusCode::UNAUTHORIZED,
                "You failed to provide credentials or your credentials were invalid",
            )),
        }
    }

    /// Refuses a write with the read-only scope.
    pub(super) fn permit(self, method: &Method) -> Result<(), WireError> {
        if self == Self::Modify || method == Method::GET {
            return Ok(());
        }
        Err(WireError::plain(StatusCode::FORBIDDEN, "You don't have a required scope to access the endpoint"))
    }
}

/// Refuses every store but the only one.
pub(super) fn check_store(hash: &str) -> Result<(), WireError> {
    if hash == STORE_HASH {
        return Ok(());
    }
    Err(WireError::plain(StatusCode::FORBIDDEN, "Your credentials do not give access to this store"))
}
