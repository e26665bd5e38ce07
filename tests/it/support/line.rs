//! Messages to and from a server, over whichever transport.

use std::fmt;

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use super::event_stream::EventStream;
use super::http_host::HttpHost;
use super::stdio_host::StdioHost;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    Stdio,
    Http,
    Sse,
}

/// A transport with a revision of the protocol.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) over: Over,
    pub(crate) version: &'static str,
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.over, self.version)
    }
}

pub(crate) const MODERN: Way = Way { over: Over::Stdio, version: "2026-07-28" };
pub(crate) const LEGACY: Way = Way { over: Over::Stdio, version: "2025-11-25" };

/// One host for each era.
pub(crate) const ERAS: [Way; 2] = [MODERN, LEGACY];

pub(crate) const WAYS: [Way; 8] = [
    MODERN,
    LEGACY,
    Way { over: Over::Stdio, version: "2025-06-18" },
    Way { over: Over::Http, version: "2026-07-28" },
    Way { over: Over::Http, version: "2025-11-25" },
    Way { over: Over::Http, version: "2025-06-18" },
    Way { over: Over::Sse, version: "2025-11-25" },
    Way { over: Over::Sse, version: "2025-06-18" },
];

impl Way {
    pub(crate) fn is_modern(self) -> bool {
        self.version == MODERN.version
    }
}

pub(crate) enum Line {
    Stdio(StdioHost),
    Http {
        client: Client,
        url: String,
        session: Option<String>,
        version: &'static str,
        open: Option<EventStream>,
    },
    Sse {
        client: Client,
        address: String,
        events: EventStream,
    },
}

impl Line {
    pub(crate) async fn to(server: &str, way: Way) -> Self {
        let client = HttpHost::new(server).client;
        if way.over == Over::Http {
            return Self::Http {
                client,
                url: format!("{server}/mcp"),
                session: None,
                version: way.version,
                open: None,
            };
        }
        let opened: Response = client.get(format!("{server}/sse")).send().await.unwrap();
        let mut events = EventStream::new(opened);
        let (event, address) = events.next().await;
        assert_eq!(event, "endpoint");
        Self::Sse { client, address: format!("{server}{address}"), events }
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        match self {
            Self::Stdio(host) => host.send(message.clone()).await,
            Self::Sse { client, address, .. } => {
                let answer = client.post(&*address).json(message).send().await.unwrap();
                assert_eq!(answer.status(), StatusCode::ACCEPTED);
            }
            Self::Http { client, url, session, version, open } => {
                let request = headed(client.post(&*url), message, session.as_deref(), version);
                let answer = request.json(message).send().await.unwrap();
                // An answer of ours and a notification end with 202; the stream of the call under way stays.
                if answer.status() == StatusCode::ACCEPTED {
                    return;
                }
                assert_eq!(answer.status(), StatusCode::OK, "{message}");
                if message["method"] == "initialize" {
                    *session = Some(answer.headers()["mcp-session-id"].to_str().unwrap().to_owned());
                }
                *open = Some(EventStream::new(answer));
            }
        }
    }

    pub(crate) async fn receive(&mut self) -> Value {
        match self {
            Self::Stdio(host) => host.receive().await,
            Self::Sse { events, .. } => events.message().await,
            Self::Http { open, .. } => open.as_mut().expect("no request is under way").message().await,
        }
    }
}

/// The headers of Streamable HTTP.
fn headed(request: RequestBuilder, message: &Value, session: Option<&str>, version: &str) -> RequestBuilder {
    let mut request = request.header("accept", "application/json, text/event-stream");
    if message["method"] != "initialize" {
        request = request.header("mcp-protocol-version", version);
    }
    if let Some(session) = session {
        return request.header("mcp-session-id", session);
    }
    if let Some(method) = message["method"].as_str().filter(|_| version == MODERN.version) {
        request = request.header("mcp-method", method);
    }
    match message["params"]["name"].as_str().filter(|_| version == MODERN.version) {
        Some(name) => request.header("mcp-name", name),
        None => request,
    }
}
