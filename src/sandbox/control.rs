//! The control API, for tests only: fault rules, the request log, practice redemptions and the way back to
//! the seeds.

mod uses;

use std::net::IpAddr;

use http::header::{HOST, HeaderMap, ORIGIN};
use http::uri::Authority;
use http::{Method, StatusCode, Uri};
use serde_json::json;
use url::{Host, Url};

use super::answer::Answer;
use super::exchange::Exchange;
use super::payload::Payload;

/// The path under which the control API lies.
const PREFIX: &str = "/_sandbox/";

/// Whether `path` belongs to the control API.
pub(super) fn covers(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// Answers one control request.
///
/// A web page could otherwise steer the sandbox from a browser: one that got its own name resolved to this
/// machine is known by its `Host`, one that sends to a loopback address by what the browser adds.
pub(super) async fn answer(
    exchange: &Exchange,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Payload,
) -> Answer {
    if !is_loopback(headers) {
        return refusal(StatusCode::FORBIDDEN, "The control API serves loopback hosts only.");
    }
    if is_from_another_site(headers) {
        return refusal(StatusCode::FORBIDDEN, "The control API does not serve pages of other sites.");
    }
    let Payload::Whole(body) = body else {
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "The request's body is too large.");
    };
    match (uri.path().strip_prefix(PREFIX).unwrap_or_default(), method.as_str()) {
        ("faults", "POST") => match exchange.add_fault(&body).await {
            Ok(()) => Answer::no_content(),
            Err(error) => refusal(StatusCode::BAD_REQUEST, &error.to_string()),
        },
        ("faults", "DELETE") => {
            exchange.clear_faults().await;
            Answer::no_content()
        }
        ("held", "GET") => Answer::bare(&json!({ "held": exchange.held(least(uri)).await })),
        ("release", "POST") => {
            exchange.release().await;
            Answer::no_content()
        }
        ("requests", "GET") => Answer::bare(&exchange.requests().await),
        ("reset", "POST") => match exchange.reset().await {
            Ok(()) => Answer::no_content(),
            Err(error) => error.into(),
        },
        ("uses", "POST") => uses::of_code(exchange.store(), &body).await,
        ("promotion_uses", "POST") => uses::of_promotion(exchange.store(), &body).await,
        ("faults" | "held" | "release" | "requests" | "reset" | "uses" | "promotion_uses", _) => {
            refusal(StatusCode::METHOD_NOT_ALLOWED, "The control API does not have this method here.")
        }
        _ => {
            let sentence =
                "The control API has faults, held, release, requests, reset, uses and promotion_uses.";
            refusal(StatusCode::NOT_FOUND, sentence)
        }
    }
}

/// `at_least` of the query; 0 where it is missing or no number.
fn least(uri: &Uri) -> usize {
    let query = uri.query().unwrap_or_default();
    let given = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "at_least");
    given.and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
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

/// Whether a browser says so. What is not a browser sends neither header.
fn is_from_another_site(headers: &HeaderMap) -> bool {
    let foreign_origin = headers.get(ORIGIN).is_some_and(|origin| {
        let origin = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok());
        !origin.is_some_and(|origin| match origin.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        })
    });
    let foreign_site =
        headers.get("sec-fetch-site").is_some_and(|site| site != "none" && site != "same-origin");
    foreign_origin || foreign_site
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
