//! Who may call, judged by the `Host` and `Origin` headers, on every route.
//!
//! A page in a browser on this machine can reach loopback ports, and by DNS rebinding under any name. So a
//! request must name a host that is expected, and, if it comes from a browser, an origin that is
//! (2026-07-28, "Streamable HTTP", security: MUST).

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tracing::warn;

use super::HttpSettings;
use super::authority::{Authority, Origin};
use super::cors;

/// A status and the sentence that explains it.
type Refusal = (StatusCode, &'static str);

const UNREADABLE_HOST: Refusal = (StatusCode::BAD_REQUEST, "The Host header is missing or unreadable.");

/// Returns `router`, open to expected callers only; others are answered 403 (400 without a usable `Host`).
///
/// From outside to inside: the origin, so that nothing tells a foreign page anything; CORS, so that an expected
/// page can read every answer, refusals included; the host.
pub fn protect(router: Router, settings: &HttpSettings) -> Router {
    let gate = Arc::new(Gate::new(&settings.allowed_hosts, &settings.allowed_origins));
    router
        .layer(from_fn_with_state(Arc::clone(&gate), check_host))
        .layer(cors::layer(Arc::clone(&gate)))
        .layer(from_fn_with_state(gate, check_origin))
}

/// The callers that are let through.
#[derive(Debug)]
pub(super) struct Gate {
    hosts: Vec<Authority>,
    origins: Vec<AllowedOrigin>,
}

#[derive(Debug)]
struct AllowedOrigin {
    origin: Origin,
    any_port: bool,
}

impl Gate {
    /// Entries that cannot be read let nobody through; they are logged.
    fn new(hosts: &[String], origins: &[String]) -> Self {
        let host = |entry: &String| read(entry, Authority::parse(entry));
        let origin = |entry: &String| read(entry, AllowedOrigin::parse(entry));
        Self {
            hosts: hosts.iter().filter_map(host).collect(),
            origins: origins.iter().filter_map(origin).collect(),
        }
    }

    fn admits_host(&self, authority: &str) -> bool {
        let Some(named) = Authority::parse(authority) else {
            return false;
        };
        self.hosts
            .iter()
            .any(|known| known.host == named.host && (known.port.is_none() || known.port == named.port))
    }

    pub(super) fn admits_origin(&self, origin: &str) -> bool {
        let Some(named) = Origin::parse(origin) else {
            return false;
        };
        self.origins.iter().any(|AllowedOrigin { origin, any_port }| {
            origin.scheme == named.scheme
                && origin.host == named.host
                && (*any_port || origin.port == named.port)
        })
    }

    /// Refuses a request that names no host, several, or one that is not expected. A request may name its host
    /// in two places, and either may be what somebody in between went by.
    fn check_host(&self, request: &Request) -> Result<(), Refusal> {
        let mut fields = request.headers().get_all(header::HOST).iter();
        let field = fields.next();
        if fields.next().is_some() {
            return Err((StatusCode::BAD_REQUEST, "The request has several Host headers."));
        }
        let field = field.map(|host| host.to_str().map_err(|_| UNREADABLE_HOST)).transpose()?;
        // HTTP/2 carries the host in `:authority`, HTTP/1 to a proxy in the request line.
        let target = request.uri().authority().map(http::uri::Authority::as_str);
        if field.or(target).is_none() {
            return Err(UNREADABLE_HOST);
        }
        match field.into_iter().chain(target).find(|host| !self.admits_host(host)) {
            None => Ok(()),
            Some(host) => {
                warn!(%host, "refused: unexpected Host header; --allowed-host lets it in");
                Err((StatusCode::FORBIDDEN, "Host not allowed; the operator can allow it by --allowed-host."))
            }
        }
    }

    /// Refuses a request from a page that is not expected.
    fn check_origin(&self, request: &Request) -> Result<(), Refusal> {
        let mut fields = request.headers().get_all(header::ORIGIN).iter();
        let Some(origin) = fields.next() else {
            return Ok(());
        };
        if fields.next().is_some() {
            return Err((StatusCode::BAD_REQUEST, "The request has several Origin headers."));
        }
        let origin = origin.to_str().unwrap_or_default();
        if self.admits_origin(origin) {
            return Ok(());
        }
        warn!(%origin, "refused: unexpected Origin header; --allowed-origin lets it in");
        Err((StatusCode::FORBIDDEN, "Origin not allowed; the operator can allow it by --allowed-origin."))
    }
}

impl AllowedOrigin {
    fn parse(entry: &str) -> Option<Self> {
        let (base, any_port) = match entry.strip_suffix(":*") {
            Some(base) => (base, true),
            None => (entry.strip_suffix('/').unwrap_or(entry), false),
        };
        Some(Self { origin: Origin::parse(base)?, any_port })
    }
}

fn read<T>(entry: &str, parsed: Option<T>) -> Option<T> {
    if parsed.is_none() {
        warn!(%entry, "this allowed host or origin cannot be read; it lets nobody through");
    }
    parsed
}

async fn check_host(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    match gate.check_host(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

async fn check_origin(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let mut checked = gate.check_origin(&request);
    // The layer below answers a preflight, so this is where its host is looked at.
    if request.method() == Method::OPTIONS {
        checked = checked.and_then(|()| gate.check_host(&request));
    }
    match checked {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
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
        for host in [
            "[::1].evil.example",
            "[::1]evil",
            "127.0.0.1:80:80",
            "localhost:99999",
            "localhost.",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.nip.io",
            "user@localhost",
            "",
            "a b",
        ] {
            assert!(!gate.admits_host(host), "{host}");
        }
    }

    #[test]
    fn loopback_origins_pass_and_others_do_not() {
        let gate = gate(&[], &[]);
        for origin in ["http://localhost:6274", "http://127.0.0.1", "https://localhost", "http://[::1]:80"] {
            assert!(gate.admits_origin(origin), "{origin}");
        }
        for origin in [
            "http://localhost/",
            "http://localhost.",
            "null",
            "",
            "http://evil.example",
            "http://localhost.evil.example",
            "file://",
            "localhost",
        ] {
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

    #[test]
    fn an_application_with_its_own_scheme_can_be_allowed() {
        let gate = gate(&[], &["chrome-extension://abcdef", "https://app.example/"]);
        assert!(gate.admits_origin("chrome-extension://abcdef") && gate.admits_origin("https://app.example"));
        assert!(!gate.admits_origin("chrome-extension://other") && !gate.admits_origin("https://abcdef"));
    }
}
