//! A running sandbox and a client for it.

use std::net::SocketAddr;
use std::sync::Once;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::sandbox::{Sandbox, SandboxOptions, TOKEN};

/// Longer than any test may take.
const FOREVER: Duration = Duration::from_mins(1);

/// A sandbox on a port of its own. Its tasks end with the test's runtime.
pub(super) struct Rig {
    pub(super) address: SocketAddr,
    client: Client,
    shutdown: CancellationToken,
    served: JoinHandle<std::io::Result<()>>,
}

/// What the sandbox answered.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The `id`s of a list.
    pub(super) fn ids(&self) -> Vec<i64> {
        self.json()["data"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect()
    }

    /// The title of the first error.
    pub(super) fn title(&self) -> String {
        let body = self.json();
        body.pointer("/errors/0/title").or(body.get("title")).unwrap().as_str().unwrap().to_owned()
    }
}

/// Options for a test: the control API, and no quota, as that is not what most tests are about.
pub(super) fn options() -> SandboxOptions {
    SandboxOptions { quota: 0, control: true, ..SandboxOptions::default() }
}

impl Rig {
    pub(super) async fn start() -> Self {
        Self::with(options()).await
    }

    pub(super) async fn with(options: SandboxOptions) -> Self {
        static CRYPTO: Once = Once::new();
        CRYPTO.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let sandbox = Sandbox::open(options).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let served = tokio::spawn(sandbox.serve(listener, shutdown.clone()));
        let client = Client::builder().no_proxy().timeout(FOREVER).build().unwrap();
        Self { address, client, shutdown, served }
    }

    /// Stops serving and waits until it has stopped.
    pub(super) async fn stop(self) {
        self.shutdown.cancel();
        self.served.await.unwrap().unwrap();
    }

    /// A request without a token; `path` begins with `/`.
    pub(super) fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// A request to the API with the token of all scopes; `path` is the part behind `/v3`.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, &format!("/stores/sandbox/v3{path}")).header("X-Auth-Token", TOKEN)
    }

    /// The same for the older API; `path` is the part behind `/v2`.
    pub(super) fn v2(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, &format!("/stores/sandbox/v2{path}")).header("X-Auth-Token", TOKEN)
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        send(self.request(Method::GET, path)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Reply {
        send(self.request(Method::DELETE, path)).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Reply {
        send(self.request(Method::POST, path).json(body)).await
    }

    pub(super) async fn put(&self, path: &str, body: &Value) -> Reply {
        send(self.request(Method::PUT, path).json(body)).await
    }

    /// Posts `body` to the control API; `name` is the part behind `/_sandbox`.
    pub(super) async fn control(&self, name: &str, body: &Value) -> Reply {
        send(self.bare(Method::POST, &format!("/_sandbox/{name}")).body(body.to_string())).await
    }

    /// Adds a fault rule.
    pub(super) async fn fault(&self, rule: &Value) {
        let reply = self.control("faults", rule).await;
        assert_eq!(reply.status, 204, "{}", reply.text);
    }

    /// The request log as `METHOD path status`, without the prefix of the store.
    pub(super) async fn log(&self) -> Vec<String> {
        let reply = send(self.bare(Method::GET, "/_sandbox/requests")).await.json();
        let entry = |entry: &Value| {
            let path = entry["path"].as_str().unwrap().trim_start_matches("/stores/sandbox/v3");
            format!("{} {path} {}", entry["method"].as_str().unwrap(), entry["status"])
        };
        reply["requests"].as_array().unwrap().iter().map(entry).collect()
    }

    /// Whether the store has a code with this text.
    pub(super) async fn has_code(&self, code: &str) -> bool {
        !self.get(&format!("/promotions/codes?code={code}")).await.ids().is_empty()
    }
}

pub(super) async fn send(request: RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Reply { status, headers, text: response.text().await.unwrap() }
}

/// The body of a minimal coupon promotion.
pub(super) fn coupon_promotion(coupon_type: &str) -> Value {
    json!({
        "name": "Test",
        "redemption_type": "COUPON",
        "coupon_type": coupon_type,
        "rules": [{ "action": { "cart_value": { "discount": { "percentage_amount": "10" } } } }],
    })
}
