//! Who may call, judged by the `Host` and `Origin` headers, on every route.
//!
//! A page in a browser on this machine can reach loopback ports, and by DNS rebinding under any name. So a
//! request must name a host that is expected, and, if it comes from a browser, an origin that is
//! (2026-07-28, "Streamable HTTP", security: MUST).

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tracing::warn;
use url::Url;

use super::HttpSettings;

/// `router`, open to expected callers only; others are answered 403 (400 without a usable `Host`).
pub fn protect(router: Router, settings: &HttpSettings) -> Router {
    let gate = Gate::new(&settings.allowed_hosts, &settings.allowed_origins);
    router.layer(from_fn_with_state(Arc::new(gate), check))
}

/// What is let through.
#[derive(Debug)]
struct Gate {
    hosts: Vec<(String, Option<u16>)>,
    origins: Vec<AllowedOrigin>,
}

#[derive(Debug)]
struct AllowedOrigin {
    scheme: String,
    host: String,
    /// `None` = any.
    port: Option<u16>,
}

impl Gate {
    /// Entries that cannot be read let nobody through; they are logged.
    fn new(hosts: &[String], origins: &[String]) -> Self {
        let parsed = |entry: &String, readable: bool| {
            if !readable {
                warn!(%entry, "this allowed host or origin cannot be read; it lets nobody through");
            }
            readable
        };
        let host = |entry: &String| {
            let host = split_authority(entry);
            parsed(entry, host.is_some()).then_some(host).flatten()
        };
        let origin = |entry: &String| {
            let origin = AllowedOrigin::parse(entry);
            parsed(entry, origin.is_some()).then_some(origin).flatten()
        };
        Self {
            hosts: hosts.iter().filter_map(host).collect(),
            origins: origins.iter().filter_map(origin).collect(),
        }
    }

    fn admits_host(&self, authority: &str) -> bool {
        let Some((name, port)) = split_authority(authority) else {
            return false;
        };
        self.hosts.iter().any(|(known, fixed)| *known == name && (fixed.is_none() || *fixed == port))
    }

    fn admits_origin(&self, origin: &str) -> bool {
        let Some((scheme, host, port)) = split_origin(origin) else {
            return false;
        };
        self.origins.iter().any(|allowed| {
            allowed.scheme == scheme
                && allowed.host == host
                && allowed.port.is_none_or(|fixed| port == Some(fixed))
        })
    }
}

impl AllowedOrigin {
    fn parse(entry: &str) -> Option<Self> {
        let (base, any_port) = match entry.strip_suffix(":*") {
            Some(base) => (base, true),
            None => (entry, false),
        };
        let (scheme, host, port) = split_origin(base)?;
        Some(Self { scheme, host, port: if any_port { None } else { Some(port?) } })
    }
}

fn split_authority(text: &str) -> Option<(String, Option<u16>)> {
    let authority = Authority::try_from(text).ok()?;
    if authority.as_str().contains('@') {
        return None;
    }
    Some((authority.host().to_ascii_lowercase(), authority.port_u16()))
}

/// Scheme, host and port (the scheme's default when it is left out); `null` and the like are none.
fn split_origin(text: &str) -> Option<(String, String, Option<u16>)> {
    let url = Url::parse(text).ok()?;
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let host = url.host_str().filter(|_| bare && url.username().is_empty())?;
    Some((url.scheme().to_owned(), host.to_owned(), url.port_or_known_default()))
}

async fn check(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    // HTTP/2 carries the host in `:authority`.
    let host = match request.headers().get(header::HOST) {
        Some(host) => host.to_str().ok(),
        None => request.uri().authority().map(Authority::as_str),
    };
    let Some(host) = host else {
        return (StatusCode::BAD_REQUEST, "The Host header is missing or unreadable.").into_response();
    };
    if !gate.admits_host(host) {
        warn!(%host, "refused: unexpected Host header; --allowed-host lets it in");
        return (StatusCode::FORBIDDEN, "Host not allowed; the operator can allow it by --allowed-host.")
            .into_response();
    }
    if let Some(origin) = request.headers().get(header::ORIGIN) {
        let origin = origin.to_str().unwrap_or_default();
        if !gate.admits_origin(origin) {
            warn!(%origin, "refused: unexpected Origin header; --allowed-origin lets it in");
            return (
                StatusCode::FORBIDDEN,
                "Origin not allowed; the operator can allow it by --allowed-origin.",
            )
                .into_response();
        }
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(hosts: &[&str], origins: &[&str]) -> Gate {
        let mut settings = HttpSettings::default();
        settings.allowed_hosts.extend(hosts.iter().map(|&host| host.to_owned()));
        settings.allowed_origins.extend(origins.iter().map(|&origin| origin.to_owned()));
        Gate::new(&settings.allowed_hosts, &settings.allowed_origins)
    }

    #[test]
    fn loopback_names_pass_at_any_port_and_others_do_not() {
        let gate = gate(&[], &[]);
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080", "[::1]"] {
            assert!(gate.admits_host(host), "{host}");
        }
        for host in
            ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "user@localhost", "", "a b"]
        {
            assert!(!gate.admits_host(host), "{host}");
        }
    }

    #[test]
    fn loopback_origins_pass_and_others_do_not() {
        let gate = gate(&[], &[]);
        for origin in ["http://localhost:6274", "http://127.0.0.1", "https://localhost", "http://[::1]:80"] {
            assert!(gate.admits_origin(origin), "{origin}");
        }
        for origin in
            ["null", "", "http://evil.example", "http://localhost.evil.example", "file://", "localhost"]
        {
            assert!(!gate.admits_origin(origin), "{origin}");
        }
    }

    #[test]
    fn an_added_name_or_origin_holds_for_its_port() {
        let gate =
            gate(&["mcp.example:8443", "any.example"], &["https://app.example", "http://dev.example:*"]);
        assert!(gate.admits_host("mcp.example:8443") && !gate.admits_host("mcp.example"));
        assert!(gate.admits_host("any.example") && gate.admits_host("any.example:9"));
        assert!(gate.admits_origin("https://app.example") && gate.admits_origin("https://app.example:443"));
        assert!(!gate.admits_origin("https://app.example:444") && !gate.admits_origin("http://app.example"));
        assert!(gate.admits_origin("http://dev.example:3000"));
    }
}
