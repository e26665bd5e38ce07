//! What a browser asks for before a page of another origin may call.

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::json;

use crate::support::http_host::HttpHost;
use crate::support::process::Server;
use crate::support::{initialize, modern};

const PAGES: [&str; 2] = ["https://app.example", "http://localhost:6274"];
const STRANGERS: [&str; 4] =
    ["https://evil.example", "http://app.example", "null", "http://localhost.evil.example"];

async fn server() -> Server {
    let arguments =
        ["http", "--listen", "127.0.0.1:0", "--sandbox", "--allowed-origin", "https://app.example"];
    Server::start(&arguments).await
}

fn preflight(server: &Server, route: &str, origin: &str) -> RequestBuilder {
    let client = HttpHost::new(&server.url).client;
    client
        .request(Method::OPTIONS, format!("{}{route}", server.url))
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,mcp-protocol-version")
}

/// The parts of a header that lists, in order and in small letters.
fn list(answer: &Response, name: &str) -> Vec<String> {
    let text = answer.headers().get(name).map_or("", |value| value.to_str().unwrap());
    let mut parts: Vec<_> = text.split(',').map(|part| part.trim().to_lowercase()).collect();
    parts.sort();
    parts
}

fn assert_readable(answer: &Response, origin: &str) {
    assert_eq!(answer.headers()["access-control-allow-origin"], origin);
    assert!(list(answer, "vary").contains(&"origin".to_owned()));
    assert_eq!(list(answer, "access-control-expose-headers"), ["mcp-session-id", "www-authenticate"]);
    assert_eq!(answer.headers().get("access-control-allow-credentials"), None);
}

#[tokio::test]
async fn a_preflight_from_an_allowed_page_is_granted() {
    let server = server().await;
    for origin in PAGES {
        for route in ["/mcp", "/sse", "/messages?sessionId=x", "/healthz"] {
            let answer = preflight(&server, route, origin).send().await.unwrap();
            assert!(matches!(answer.status(), StatusCode::OK | StatusCode::NO_CONTENT), "{route} {origin}");
            assert_eq!(answer.headers()["access-control-allow-origin"], origin);
            assert!(list(&answer, "vary").contains(&"origin".to_owned()));
            assert_eq!(list(&answer, "access-control-allow-methods"), ["delete", "get", "post"]);
            let headers = [
                "authorization",
                "content-type",
                "last-event-id",
                "mcp-method",
                "mcp-name",
                "mcp-protocol-version",
                "mcp-session-id",
            ];
            assert_eq!(list(&answer, "access-control-allow-headers"), headers);
            assert_eq!(answer.headers().get("access-control-allow-credentials"), None);
        }
    }
}

#[tokio::test]
async fn a_foreign_page_is_granted_nothing() {
    let server = server().await;
    let client = HttpHost::new(&server.url).client;
    for origin in STRANGERS {
        let mut answers = vec![preflight(&server, "/mcp", origin).send().await.unwrap()];
        let get = client.get(format!("{}/healthz", server.url)).header("origin", origin);
        answers.push(get.send().await.unwrap());
        for answer in answers {
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{origin}");
            let names: Vec<_> = answer.headers().keys().map(ToString::to_string).collect();
            assert!(!names.iter().any(|name| name.starts_with("access-control")), "{origin}: {names:?}");
        }
    }
}

#[tokio::test]
async fn an_allowed_page_can_read_every_answer() {
    let server = server().await;
    for origin in PAGES {
        let host = HttpHost::new(&server.url);
        let from_page = [("origin", origin)];
        let opening =
            json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": initialize("2025-11-25")});
        let opened = host.post(opening, &from_page).await;
        assert!(opened.headers().contains_key("mcp-session-id"));
        let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
        let lost = host.post(list, &[("origin", origin), ("mcp-session-id", "unknown")]).await;
        assert_eq!(lost.status(), StatusCode::NOT_FOUND);
        let headers =
            [("origin", origin), ("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/list")];
        let stateless =
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": modern(json!({}))});
        let listed = host.post(stateless, &headers).await;
        assert_eq!(listed.status(), StatusCode::OK);
        let answers = [
            opened,
            lost,
            listed,
            host.post(json!("x".repeat(5 << 20)), &from_page).await,
            host.client.get(format!("{}/nowhere", server.url)).header("origin", origin).send().await.unwrap(),
            host.client.get(format!("{}/mcp", server.url)).header("origin", origin).send().await.unwrap(),
            host.client.get(format!("{}/sse", server.url)).header("origin", origin).send().await.unwrap(),
            // A page that was allowed, on a server whose name was not: the operator should see why.
            host.client
                .get(format!("{}/healthz", server.url))
                .header("origin", origin)
                .header("host", "mcp.example")
                .send()
                .await
                .unwrap(),
        ];
        for answer in answers {
            assert_readable(&answer, origin);
        }
    }
}
