//! The control API, for tests only: fault rules, the request log and the way back to the seeds.

use std::net::IpAddr;

use http::header::{HOST, HeaderMap};
use http::uri::Authority;
use http::{Method, StatusCode};
use serde_json::json;

use super::answer::Answer;
use super::exchange::Exchange;

/// The path under which the control API lies.
const PREFIX: &str = "/_sandbox/";

/// Whether `path` belongs to the control API.
pub(super) fn covers(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// Answers one control request.
///
/// Only a loopback `Host` is served: a web page that got its own name resolved to this machine could
/// otherwise steer the sandbox from a browser.
pub(super) async fn answer(
    exchange: &Exchange,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Answer {
    if !is_loopback(headers) {
        return refusal(StatusCode::FORBIDDEN, "The control API serves loopback hosts only.");
    }
    match (path.strip_prefix(PREFIX).unwrap_or_default(), method.as_str()) {
        ("faults", "POST") => match exchange.faults.add(body) {
            Ok(()) => Answer::no_content(),
            Err(error) => refusal(StatusCode::BAD_REQUEST, &error.to_string()),
        },
        ("faults", "DELETE") => {
            exchange.faults.clear();
            Answer::no_content()
        }
        ("requests", "GET") => Answer::bare(&exchange.log.to_json()),
        ("reset", "POST") => match exchange.reset().await {
            Ok(()) => Answer::no_content(),
            Err(error) => error.into(),
        },
        ("faults" | "requests" | "reset", _) => {
            refusal(StatusCode::METHOD_NOT_ALLOWED, "The control API does not have this method here.")
        }
        _ => refusal(StatusCode::NOT_FOUND, "The control API has faults, requests and reset."),
    }
}

fn refusal(status: StatusCode, sentence: &str) -> Answer {
    Answer::json(status, &json!({ "error": sentence }))
}

fn is_loopback(headers: &HeaderMap) -> bool {
    let authority = headers.get(HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
    authority.is_some_and(|authority| {
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_hosts_are_served() {
        let served = |host: &str| is_loopback(&HeaderMap::from_iter([(HOST, host.parse().unwrap())]));

        for host in ["127.0.0.1", "127.0.0.1:8080", "127.8.8.8", "[::1]:8080", "localhost", "LOCALHOST:1"] {
            assert!(served(host), "{host}");
        }
        for host in ["example.com", "10.0.0.1:8080", "localhost.example.com", "127.0.0.1.nip.io", ""] {
            assert!(!served(host), "{host}");
        }
        assert!(!is_loopback(&HeaderMap::new()));
    }
}
