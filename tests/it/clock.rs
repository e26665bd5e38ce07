//! Rules of five minutes, an hour and a day, on a server whose clock the test sets.

use std::sync::{Arc, Mutex};

use coupon_mcp::bigcommerce::{Client, ClientSettings, Connect, Endpoint};
use coupon_mcp::changes::{Desk, Rules};
use coupon_mcp::clock::Clock;
use coupon_mcp::coupons::{CallLimits, Store};
use coupon_mcp::jobs::{JobSettings, Jobs, Journal, Scope};
use coupon_mcp::policy::{ConfirmMode, Policy};
use coupon_mcp::sandbox::{Sandbox, SandboxOptions};
use coupon_mcp::state::{AuditLog, Location, State, StateSettings};
use coupon_mcp::tools::{CallContext, Outcome, Toolbox};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::support::process::PATIENCE;
use crate::support::{now, tool_error};

/// A practice store and the tools on it, both in this process and on one clock.
struct Shop {
    time: Arc<Mutex<Timestamp>>,
    toolbox: Toolbox,
    url: String,
}

impl Shop {
    async fn open(rules: Rules) -> Self {
        let time = Arc::new(Mutex::new(now()));
        let hands = Arc::clone(&time);
        let clock = Clock::new(move || *hands.lock().unwrap());
        let options =
            SandboxOptions { quota: 0, control: true, clock: clock.clone(), ..SandboxOptions::default() };
        let sandbox = Sandbox::open(options).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(sandbox.serve(listener, CancellationToken::new()));
        let _ = rustls::crypto::ring::default_provider().install_default();
        let api = Url::parse(&url).unwrap();
        let connect: Connect = Arc::new(move || {
            let endpoint = Endpoint::new(&api, "sandbox", "sandbox-token".into());
            Box::pin(async { endpoint })
        });
        let limits = CallLimits { total: PATIENCE, rate_limit_wait: PATIENCE };
        let store = Store::new(Client::new(connect, ClientSettings::default()), limits);
        let store = Arc::new(store.on_clock(clock.clone()));
        let state = Arc::new(State::new(StateSettings {
            location: Location::Memory,
            store_key: "sandbox".to_owned(),
            audit_log: AuditLog::Default,
        }));
        let journal =
            Journal::new(Location::Memory, Scope::Store("sandbox".to_owned())).on_clock(clock.clone());
        let jobs = Jobs::new(Arc::clone(&store), Arc::clone(&state), journal, JobSettings::default());
        let policy = rules.policy.clone();
        let desk = Desk::new(store, state, Arc::new(jobs), rules, "practice store".to_owned());
        Self { time, toolbox: Toolbox::new(Ok(Arc::new(desk)), &policy), url }
    }

    fn pass(&self, seconds: i64) {
        *self.time.lock().unwrap() += SignedDuration::from_secs(seconds);
    }

    async fn call(&self, tool: &str, arguments: Value) -> Value {
        let arguments = arguments.as_object().cloned().unwrap();
        match self.toolbox.call(tool, arguments, CallContext::new("test")).await.unwrap() {
            Ok(Outcome::Answer(result)) => json!(result)["structuredContent"].clone(),
            Ok(Outcome::Ask(question)) => panic!("{question:?}"),
            Err(error) => tool_error(&json!(error.into_result())),
        }
    }

    async fn confirm(&self, tool: &str, mut arguments: Value, asked: &Value) -> Value {
        for name in ["confirmation_token", "confirmation_text"] {
            arguments[name] = asked[name].clone();
        }
        self.call(tool, arguments).await
    }

    async fn post(&self, path: &str, body: Value) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(format!("{}{path}", self.url)).header("X-Auth-Token", "sandbox-token");
        let answer = request.json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
    }
}

#[tokio::test]
async fn a_confirmation_is_good_for_five_minutes() {
    for (seconds, status) in [(299, "done"), (301, "needs_confirmation")] {
        let shop = Shop::open(Rules::default()).await;
        let asked = json!({"promotion_id": 1, "discount_value": 80});
        let preview = shop.call("update_promotion", asked.clone()).await;
        assert_eq!(preview["status"], "needs_confirmation", "{preview}");
        shop.pass(seconds);
        let answer = shop.confirm("update_promotion", asked, &preview).await;
        assert_eq!(answer["status"], status, "{answer}");
        if status == "needs_confirmation" {
            assert!(answer["message"].as_str().unwrap().contains("older than 5 minutes"), "{answer}");
        }
    }
}

#[tokio::test]
async fn what_was_used_of_a_ceiling_is_free_again_after_24_hours() {
    let policy = Policy { max_codes_created_per_day: Some(1), ..Policy::default() };
    let shop = Shop::open(Rules { policy, mode: ConfirmMode::Never, ..Rules::default() }).await;
    let code = |text: &str| json!({"promotion_id": 1, "code": text, "max_uses": 1});
    assert_eq!(shop.call("create_coupon_code", code("FIRST")).await["outcome"], "created");
    shop.pass(60 * 60);
    let refused = shop.call("create_coupon_code", code("SECOND")).await;
    assert_eq!(
        (&refused["code"], &refused["retry_after_s"]),
        (&json!("daily_ceiling"), &json!(23 * 60 * 60))
    );
    shop.pass(23 * 60 * 60 - 1);
    assert_eq!(shop.call("create_coupon_code", code("SECOND")).await["code"], "daily_ceiling");
    shop.pass(2);
    assert_eq!(shop.call("create_coupon_code", code("SECOND")).await["outcome"], "created");
}

#[tokio::test]
async fn a_yes_to_a_deletion_is_good_for_an_hour() {
    let shop = Shop::open(Rules { mode: ConfirmMode::Never, ..Rules::default() }).await;
    for _ in 0..11 {
        shop.post("/stores/sandbox/v3/promotions/4/codegen", json!({"batch_size": 250})).await;
    }
    shop.post("/_sandbox/faults", json!({"method": "DELETE", "path": "/codes", "times": 1, "status": 403}))
        .await;
    let begun = shop.call("delete_coupon_codes", json!({"promotion_id": 4, "filter": "unused"})).await;
    assert_eq!(begun["status"], "failed", "{begun}");
    let resume = json!({"job_id": begun["job"]["job_id"], "action": "resume"});
    shop.pass(60 * 60 + 1);
    let refused = shop.call("control_job", resume.clone()).await;
    assert!(refused["message"].as_str().unwrap().contains("more than an hour ago"), "{refused}");
    shop.pass(-2);
    let resumed = shop.call("control_job", resume).await;
    assert_ne!(resumed["job"]["state"], "failed", "{resumed}");
}
