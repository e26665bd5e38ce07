//! The stand-alone practice store, its faults and its request log.

use std::ops::RangeInclusive;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::process::Command;

use super::process::{PATIENCE, Server, binary};
use super::state::StateDirectories;

pub(crate) struct Sandbox {
    pub(crate) server: Server,
    client: reqwest::Client,
    states: StateDirectories,
}

impl Sandbox {
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        let arguments: Vec<_> =
            ["sandbox", "--listen", "127.0.0.1:0"].iter().chain(arguments).copied().collect();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Self { server: Server::start(&arguments).await, client, states: StateDirectories::new() }
    }

    /// `command`, pointed at this store with the token of all scopes and a state of its own.
    pub(crate) fn configure<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        self.states.give_to(command);
        command
            .env("BIGCOMMERCE_API_URL", &self.server.url)
            .env("BIGCOMMERCE_STORE_HASH", "sandbox")
            .env("BIGCOMMERCE_ACCESS_TOKEN", "sandbox-token")
    }

    /// The binary, pointed at this store.
    pub(crate) fn client_of(&self, arguments: &[&str]) -> Command {
        let mut command = binary(arguments);
        self.configure(&mut command);
        command
    }

    pub(crate) async fn fault(&self, rule: Value) {
        let url = format!("{}/_sandbox/faults", self.server.url);
        let answer = self.client.post(url).json(&rule).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    pub(crate) async fn clear_faults(&self) {
        self.client.delete(format!("{}/_sandbox/faults", self.server.url)).send().await.unwrap();
    }

    /// Waits until rules hold at least so many requests.
    pub(crate) async fn holds(&self, least: usize) {
        let url = format!("{}/_sandbox/held?at_least={least}", self.server.url);
        let answer: Value = self.client.get(url).send().await.unwrap().json().await.unwrap();
        assert!(answer["held"].as_u64().unwrap() >= least as u64, "{answer}");
    }

    /// Lets the requests go on that rules hold.
    pub(crate) async fn release(&self) {
        self.client.post(format!("{}/_sandbox/release", self.server.url)).send().await.unwrap();
    }

    /// `(method, path below /v3, status)` of every request so far.
    pub(crate) async fn requests(&self) -> Vec<(String, String, u64)> {
        let url = format!("{}/_sandbox/requests", self.server.url);
        let log: Value = self.client.get(url).send().await.unwrap().json().await.unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let path = |value: &Value| text(value).replace("/stores/sandbox/v3", "");
        let requests = log["requests"].as_array().unwrap();
        requests
            .iter()
            .map(|r| (text(&r["method"]), path(&r["path"]), r["status"].as_u64().unwrap()))
            .collect()
    }

    /// How many codes of this text the store has, asked behind the server's back.
    pub(crate) async fn count(&self, code: &str) -> usize {
        let answer = self.get(&format!("/promotions/codes?code={code}")).await;
        answer["data"].as_array().unwrap().len()
    }

    /// A request to the API, behind the server's back.
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/stores/sandbox/v3{path}", self.server.url);
        self.client.request(method, url).header("X-Auth-Token", "sandbox-token")
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let request = self.request(Method::GET, path);
        request.send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.request(Method::POST, path);
        let answer = request.json(&body).send().await.unwrap();
        json!({"status": answer.status().as_u16(), "body": answer.json::<Value>().await.unwrap_or_default()})
    }

    /// Changes something behind the server's back.
    pub(crate) async fn put(&self, path: &str, body: Value) {
        let request = self.request(Method::PUT, path);
        let answer = request.json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Deletes codes by their ids, at most 250, behind the server's back.
    pub(crate) async fn delete_codes(&self, promotion: u64, ids: RangeInclusive<u64>) {
        let ids = ids.map(|id| id.to_string()).collect::<Vec<_>>().join(",");
        let request = self.request(Method::DELETE, &format!("/promotions/{promotion}/codes?id:in={ids}"));
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// A new promotion that takes any number of codes; gives its id.
    pub(crate) async fn bulk_promotion(&self, name: &str) -> u64 {
        let promotion = json!({
            "name": name, "redemption_type": "COUPON", "coupon_type": "BULK",
            "rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "10"}}}}],
        });
        let created = self.post("/promotions", promotion).await;
        created["body"]["data"]["id"].as_u64().unwrap_or_else(|| panic!("{created}"))
    }

    /// The first 250 codes of a promotion, asked behind the server's back.
    pub(crate) async fn codes_of(&self, promotion: u64) -> Vec<Value> {
        let answer = self.get(&format!("/promotions/{promotion}/codes?limit=250")).await;
        answer["data"].as_array().unwrap().clone()
    }
}
