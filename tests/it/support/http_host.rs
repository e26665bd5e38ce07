//! A host on Streamable HTTP that shows the raw protocol.

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use super::process::PATIENCE;
use super::{call, initialize, modern};

pub(crate) struct HttpHost {
    pub(crate) client: reqwest::Client,
    url: String,
    session: Option<String>,
}

impl HttpHost {
    pub(crate) fn new(url: &str) -> Self {
        Self::with(url, reqwest::Client::builder())
    }

    /// A host that calls from this address of the machine.
    pub(crate) fn from_address(url: &str, address: &str) -> Self {
        Self::with(url, reqwest::Client::builder().local_address(Some(address.parse().unwrap())))
    }

    fn with(url: &str, client: reqwest::ClientBuilder) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = client.no_proxy().timeout(PATIENCE).build().unwrap();
        Self { client, url: format!("{url}/mcp"), session: None }
    }

    /// The host with a session that nobody gave it.
    pub(crate) fn with_session(self, session: &str) -> Self {
        Self { session: Some(session.to_owned()), ..self }
    }

    /// Ends the session.
    pub(crate) async fn end(&self) -> Response {
        let request =
            self.client.delete(&self.url).header("mcp-session-id", self.session.as_deref().unwrap());
        request.send().await.unwrap()
    }

    /// A host with an open session of that version.
    pub(crate) async fn open(url: &str, version: &str) -> Self {
        let mut host = Self::new(url);
        let answer = host
            .post(
                json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": initialize(version)}),
                &[],
            )
            .await;
        assert_eq!(answer.status(), StatusCode::OK);
        host.session = Some(answer.headers()["mcp-session-id"].to_str().unwrap().to_owned());
        assert_eq!(message(answer).await["result"]["protocolVersion"], version);
        let accepted = host.post(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}), &[]).await;
        assert_eq!(accepted.status(), StatusCode::ACCEPTED);
        host
    }

    pub(crate) async fn post(&self, body: Value, headers: &[(&str, &str)]) -> Response {
        let json = [&[("content-type", "application/json")], headers].concat();
        self.post_raw(body.to_string().into_bytes(), &json).await
    }

    /// Sends any bytes.
    pub(crate) async fn post_raw(&self, body: Vec<u8>, headers: &[(&str, &str)]) -> Response {
        let mut request =
            self.client.post(&self.url).header("accept", "application/json, text/event-stream").body(body);
        if let Some(session) = &self.session {
            request = request.header("mcp-session-id", session);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    /// A request within the session; gives the whole answer.
    pub(crate) async fn exchange(&self, method: &str, params: Value) -> Value {
        message(self.post(json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}), &[]).await)
            .await
    }

    /// A self-contained request of 2026-07-28.
    pub(crate) async fn modern(&self, method: &str, params: Value) -> Response {
        let name = params["name"].as_str().unwrap_or_default().to_owned();
        let mut headers = vec![("mcp-protocol-version", "2026-07-28"), ("mcp-method", method)];
        if !name.is_empty() {
            headers.push(("mcp-name", &name));
        }
        let body = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": modern(params)});
        self.post(body, &headers).await
    }

    /// The result of a tool call within the session.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.exchange("tools/call", call(tool, arguments)).await["result"].clone()
    }
}

/// The JSON-RPC message in an answer, be it plain JSON or the last event of a stream.
pub(crate) async fn message(answer: Response) -> Value {
    let text = answer.text().await.unwrap();
    let json =
        text.lines().rfind(|line| line.starts_with("data: {")).map_or(text.as_str(), |line| &line[6..]);
    serde_json::from_str(json).unwrap_or_else(|_| panic!("no message in: {text}"))
}
