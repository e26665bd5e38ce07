//! Where the API is and with which token it is called.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

/// The address of one store's API and the token for it. `Debug` shows the address only.
#[derive(Clone)]
pub struct Endpoint {
    base: Url,
    token: SecretString,
}

/// How the endpoint is found: awaited once, before the first request, so that a server starts without
/// touching the network (and an embedded store starts only when somebody uses it).
pub type Connect = Arc<dyn Fn() -> BoxFuture<'static, Result<Endpoint, EndpointError>> + Send + Sync>;

/// Why there is no endpoint to call.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The API address cannot be used as a base address.
    #[error("{0} is not usable as the address of the API")]
    Address(String),
    /// The API address would send the token unencrypted to another machine.
    #[error("{0} is not https; plain http is for loopback only")]
    Plaintext(String),
    /// The token holds characters that an HTTP header cannot carry.
    #[error("the access token holds characters that cannot be sent in an HTTP header")]
    Token,
    /// The embedded practice store could not be started.
    #[error("the practice store could not be started: {0}")]
    Sandbox(String),
    /// The TLS stack or the system's certificate store could not be set up.
    #[error("the HTTP client could not be set up: {0}")]
    Client(String),
}

impl Endpoint {
    /// The API of the store `hash` below `api` (scheme, host and port, such as
    /// `https://api.bigcommerce.com`).
    ///
    /// # Errors
    /// [`EndpointError::Plaintext`] for http to anything but loopback, [`EndpointError::Address`] for an
    /// address that cannot carry a path.
    pub fn new(api: &Url, hash: &str, token: SecretString) -> Result<Self, EndpointError> {
        let plain_loopback = api.scheme() == "http" && is_loopback(api);
        if api.scheme() != "https" && !plain_loopback {
            return Err(EndpointError::Plaintext(api.to_string()));
        }
        let mut base = api.clone();
        base.path_segments_mut()
            .map_err(|()| EndpointError::Address(api.to_string()))?
            .pop_if_empty()
            .extend(["stores", hash, ""]);
        Ok(Self { base, token })
    }

    /// `https://api.bigcommerce.com/stores/{store_hash}/`; the version of the API follows.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Whether the API is on this machine; proxies are never used then.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.base)
    }

    pub(crate) fn token(&self) -> &str {
        self.token.expose_secret()
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(api: &str) -> Result<Endpoint, EndpointError> {
        Endpoint::new(&Url::parse(api).unwrap(), "abc123", SecretString::from("secret-token"))
    }

    #[test]
    fn the_base_is_the_path_of_the_store() {
        for api in ["https://api.bigcommerce.com", "https://api.bigcommerce.com/"] {
            let endpoint = endpoint(api).unwrap();
            assert_eq!(endpoint.base().as_str(), "https://api.bigcommerce.com/stores/abc123/");
        }
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        assert!(endpoint("http://127.0.0.1:4010").unwrap().is_loopback());
        assert!(endpoint("http://localhost:4010").is_ok());
        assert!(endpoint("http://[::1]:4010").is_ok());
        assert!(matches!(endpoint("http://api.bigcommerce.com"), Err(EndpointError::Plaintext(_))));
    }

    #[test]
    fn debug_does_not_show_the_token() {
        assert!(!format!("{:?}", endpoint("https://api.bigcommerce.com").unwrap()).contains("secret-token"));
    }
}
