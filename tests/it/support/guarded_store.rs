//! A practice store with a state directory beside it, for tests of what guards the store.

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use super::asking_host::{AskingHost, Over, Way};
use super::process::binary;
use super::sandbox::Sandbox;

pub(crate) struct GuardedStore {
    pub(crate) sandbox: Sandbox,
    folder: TempDir,
}

impl GuardedStore {
    pub(crate) async fn start() -> Self {
        Self { sandbox: Sandbox::start(&["--quota", "0"]).await, folder: tempfile::tempdir().unwrap() }
    }

    /// The state directory. It is not there until a server makes it.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// A file of the test's own beside the state directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a configuration file; gives its path.
    pub(crate) fn config(&self, toml: &str) -> String {
        let path = self.file("coupon-mcp.toml");
        std::fs::write(&path, toml).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A server on this store and state directory.
    pub(crate) fn command(&self, over: Over, flags: &[&str]) -> Command {
        let first: &[&str] =
            if over == Over::Stdio { &["stdio"] } else { &["http", "--listen", "127.0.0.1:0"] };
        let mut command = binary(&[first, flags].concat());
        self.sandbox.configure(&mut command).env("COUPON_MCP_STATE_DIR", self.state());
        command
    }

    /// A host that can put a question to a person.
    pub(crate) async fn asking(&self, way: Way, flags: &[&str]) -> AskingHost {
        // Before there were links to show, nobody named the forms.
        let elicitation = if way.is_modern() { json!({"form": {}}) } else { json!({}) };
        let command = self.command(way.over, flags);
        AskingHost::open(command, way, "asking", json!({"elicitation": elicitation})).await
    }

    /// A host of that name that cannot ask anybody.
    pub(crate) async fn mute(&self, way: Way, name: &str, flags: &[&str]) -> AskingHost {
        AskingHost::open(self.command(way.over, flags), way, name, json!({})).await
    }

    /// A request behind the server's back, by somebody else in the shop; gives the answer's `data`.
    pub(crate) async fn elsewhere(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}/stores/sandbox/v3{path}", self.sandbox.server.url);
        self.request(method, &url, body).await["data"].clone()
    }

    /// Practice redemptions of a code.
    pub(crate) async fn redeem(&self, code: &str, uses: u32) {
        let url = format!("{}/_sandbox/uses", self.sandbox.server.url);
        self.request("POST", &url, json!({"code": code, "uses": uses})).await;
    }

    async fn request(&self, method: &str, url: &str, body: Value) -> Value {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.request(method.parse().unwrap(), url).header("X-Auth-Token", "sandbox-token");
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{method} {url}: {}", answer.text().await.unwrap());
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default()
    }

    /// What the store holds as it is now; of codes the first twelve of each promotion.
    pub(crate) async fn picture(&self) -> Value {
        let promotions = self.sandbox.get("/promotions?limit=250").await["data"].clone();
        let mut codes = Vec::new();
        for promotion in promotions.as_array().unwrap() {
            let listed = self.sandbox.get(&format!("/promotions/{}/codes?limit=12", promotion["id"])).await;
            codes.push(listed["data"].clone());
        }
        let settings = self.sandbox.get("/promotions/settings").await;
        json!({"promotions": promotions, "codes": codes, "settings": settings})
    }

    /// The requests so far that are not only for reading, as `POST /promotions`.
    pub(crate) async fn writes(&self) -> Vec<String> {
        let requests = self.sandbox.requests().await.into_iter();
        requests
            .filter(|(method, ..)| method != "GET")
            .map(|(method, path, _)| format!("{method} {path}"))
            .collect()
    }

    pub(crate) async fn promotion(&self, id: u64) -> Value {
        self.sandbox.get(&format!("/promotions/{id}")).await["data"].clone()
    }

    /// A new BULK promotion with these fields over an ordinary one's (20 percent, 100 uses); gives its id.
    pub(crate) async fn add_promotion(&self, fields: Value) -> u64 {
        let mut promotion = json!({
            "name": "Ordinary", "redemption_type": "COUPON", "coupon_type": "BULK", "status": "ENABLED",
            "max_uses": 100, "can_be_used_with_other_promotions": false, "currency_code": "USD",
            "rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "20"}}}}],
        });
        for (name, value) in fields.as_object().unwrap() {
            promotion[name] = value.clone();
        }
        self.elsewhere("POST", "/promotions", promotion).await["id"].as_u64().unwrap()
    }

    /// A new code of a promotion; gives its id.
    pub(crate) async fn add_code(&self, promotion: u64, code: &str, max_uses: u64) -> u64 {
        let body = json!({"code": code, "max_uses": max_uses, "max_uses_per_customer": 0});
        self.elsewhere("POST", &format!("/promotions/{promotion}/codes"), body).await["id"].as_u64().unwrap()
    }
}
