//! The practice store as it is, read and changed behind the server's back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::process::PATIENCE;
use super::sandbox::Sandbox;

/// Looks at a store of which no promotion has more than 250 codes.
pub(crate) struct StoreView {
    client: reqwest::Client,
    url: String,
}

/// All that a store holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Snapshot {
    /// By id, as the API shows them.
    pub(crate) promotions: BTreeMap<u64, Value>,
    /// By id: the promotion, and the code as the API shows it.
    pub(crate) codes: BTreeMap<u64, (u64, Value)>,
}

impl StoreView {
    pub(crate) fn of(sandbox: &Sandbox) -> Self {
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Self { client, url: sandbox.server.url.clone() }
    }

    pub(crate) async fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot { promotions: BTreeMap::new(), codes: BTreeMap::new() };
        let rows = |answer: Value| answer["data"].as_array().unwrap().clone();
        for promotion in rows(self.send("GET", "/promotions?limit=250", None).await.1) {
            let id = promotion["id"].as_u64().unwrap();
            let codes = rows(self.send("GET", &format!("/promotions/{id}/codes?limit=250"), None).await.1);
            assert!(codes.len() < 250, "more codes than one page shows");
            for code in codes {
                snapshot.codes.insert(code["id"].as_u64().unwrap(), (id, code));
            }
            snapshot.promotions.insert(id, promotion);
        }
        snapshot
    }

    /// Sends a request with the token of all scopes; `path` is below `/v3`. Gives status and body.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let url = format!("{}/stores/sandbox/v3{path}", self.url);
        let request =
            self.client.request(method.parse().unwrap(), url).header("X-Auth-Token", "sandbox-token");
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// Makes a promotion that the store must take; gives its id.
    pub(crate) async fn plant(&self, promotion: &Value) -> u64 {
        let (status, body) = self.send("POST", "/promotions", Some(promotion)).await;
        assert_eq!(status, 201, "{promotion}: {body}");
        body["data"]["id"].as_u64().unwrap()
    }

    /// Sets how often a code was used.
    pub(crate) async fn use_code(&self, code: &str, uses: u64) {
        let url = format!("{}/_sandbox/uses", self.url);
        let answer = self.client.post(url).json(&json!({"code": code, "uses": uses})).send().await.unwrap();
        assert!(answer.status().is_success(), "{code}: {}", answer.text().await.unwrap());
    }

    /// Takes the store back to its seeds, less the promotion of a thousand codes.
    pub(crate) async fn reset(&self) {
        let answer = self.client.post(format!("{}/_sandbox/reset", self.url)).send().await.unwrap();
        assert!(answer.status().is_success());
        for first in (2001..3001).step_by(250) {
            let ids: Vec<_> = (first..first + 250).map(|id: u32| id.to_string()).collect();
            let path = format!("/promotions/4/codes?id:in={}", ids.join(","));
            assert_eq!(self.send("DELETE", &path, None).await.0, 204);
        }
        assert_eq!(self.send("DELETE", "/promotions/4", None).await.0, 204);
    }
}
