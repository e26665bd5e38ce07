//! Several processes on one state directory, as when a user has several hosts: what each may do alone, all of
//! them together do once.

use fastrand::Rng;
use futures::future::join_all;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::call;
use crate::support::finished::finish;
use crate::support::sandbox::Sandbox;
use crate::support::seeds;
use crate::support::stdio_host::StdioHost;

/// Tries of each test in a usual run. `COUPON_MCP_SEEDS` asks for more.
const TRIES: u64 = 3;

struct Shop {
    sandbox: Sandbox,
    folder: TempDir,
}

/// A process that is about to make a call.
enum Caller {
    /// With its session open.
    Host(Box<StdioHost>),
    /// `coupon-mcp call`
    Shell(Command),
}

impl Shop {
    /// A store that answers at some speed.
    async fn open(rng: &mut Rng) -> Self {
        let latency = rng.choice(["0", "3", "20", "80", "250"]).unwrap();
        let sandbox = Sandbox::start(&["--quota", "0", "--latency-ms", latency]).await;
        Self { sandbox, folder: tempfile::tempdir().unwrap() }
    }

    fn command(&self, arguments: &[&str], confirm: &str) -> Command {
        let mut command = self.sandbox.client_of(arguments);
        command.args(["--confirm", confirm]).arg("--state-dir").arg(self.folder.path().join("state"));
        command
    }

    async fn host(&self, confirm: &str) -> StdioHost {
        StdioHost::open(self.command(&["stdio"], confirm)).await
    }

    /// Has two, three or five processes, hosts and shells mixed, make one of these calls each, all at once. What
    /// they answer, errors too.
    async fn at_once(&self, calls: &[(&str, Value)], confirm: &str, rng: &mut Rng) -> Vec<Value> {
        let number = rng.choice([2, 3, 5]).unwrap();
        let mut callers = Vec::new();
        for (tool, arguments) in calls.iter().cycle().take(number) {
            let caller = if rng.bool() {
                Caller::Host(Box::new(self.host(confirm).await))
            } else {
                let given = arguments.as_object().unwrap().iter();
                let given = given.map(|(name, value)| match value {
                    Value::String(text) => format!("{name}={text}"),
                    other => format!("{name}={other}"),
                });
                let mut command = self.command(&["call", tool], confirm);
                command.args(given);
                Caller::Shell(command)
            };
            callers.push((caller, *tool, arguments.clone()));
        }
        let answers = callers.into_iter().map(|(caller, tool, arguments)| async move {
            match caller {
                Caller::Host(mut host) => {
                    let result = host.call(tool, arguments).await;
                    if result["isError"] == true { result } else { result["structuredContent"].clone() }
                }
                Caller::Shell(command) => {
                    let finished = finish(command).await;
                    serde_json::from_str(&finished.stdout).unwrap_or_else(|_| json!(finished.stderr))
                }
            }
        });
        join_all(answers).await
    }

    async fn named(&self, name: &str) -> usize {
        let found = self.sandbox.get(&format!("/promotions?name={name}")).await;
        found["data"].as_array().unwrap().len()
    }
}

fn is_done(answer: &Value) -> bool {
    answer["status"] == "done"
}

#[tokio::test]
async fn one_promotion_is_made_once_by_all_processes() {
    seeds::each(TRIES, |seed| async move {
        let mut rng = Rng::with_seed(seed);
        let shop = Shop::open(&mut rng).await;
        let new = json!({"name": "Once", "discount_type": "percent", "discount_value": 20, "max_uses": 5, "code": "ONCE"});
        let answers = shop.at_once(&[("create_promotion", new)], "never", &mut rng).await;
        assert!(answers.iter().all(is_done), "{answers:?}");
        assert_eq!((shop.named("Once").await, shop.sandbox.count("ONCE").await), (1, 1), "{answers:?}");
    })
    .await;
}

#[tokio::test]
async fn one_change_is_undone_once_by_all_processes() {
    seeds::each(TRIES, |seed| async move {
        let mut rng = Rng::with_seed(seed);
        let shop = Shop::open(&mut rng).await;
        let promotion = shop.sandbox.bulk_promotion("Before").await;
        let mut host = shop.host("never").await;
        let change = host.ok("update_promotion", json!({"promotion_id": promotion, "name": "After"})).await;
        let writes = || async {
            let requests = shop.sandbox.requests().await.into_iter();
            requests.filter(|(method, ..)| method == "PUT").count()
        };
        assert_eq!((shop.named("After").await, writes().await), (1, 1));
        let undo = json!({"change_id": change["change_id"]});
        let answers = shop.at_once(&[("undo", undo)], "never", &mut rng).await;
        assert_eq!(answers.iter().filter(|answer| is_done(answer)).count(), 1, "{answers:?}");
        assert_eq!((shop.named("Before").await, writes().await), (1, 2), "{answers:?}");
    })
    .await;
}

#[tokio::test]
async fn what_asks_alone_asks_when_it_is_made_of_two_changes_too() {
    seeds::each(TRIES, |seed| async move {
        let mut rng = Rng::with_seed(seed);
        let shop = Shop::open(&mut rng).await;
        let promotion = shop.sandbox.bulk_promotion("Sale").await;
        let mut host = shop.host("auto").await;
        let off = json!({"promotion_id": promotion, "status": "DISABLED", "max_uses": 9});
        assert!(is_done(&host.ok("update_promotion", off).await));
        let costly = json!({"promotion_id": promotion, "discount_value": 95});
        let live = json!({"promotion_id": promotion, "status": "ENABLED"});
        let mut calls = [("update_promotion", costly), ("update_promotion", live)];
        rng.shuffle(&mut calls);
        let answers = shop.at_once(&calls, "auto", &mut rng).await;
        let after = shop.sandbox.get(&format!("/promotions/{promotion}")).await["data"].clone();
        let percent = &after["rules"][0]["action"]["cart_value"]["discount"]["percentage_amount"];
        assert!(after["status"] == "DISABLED" || percent == "10", "{after} {answers:?}");
        assert!(answers.iter().any(is_done), "{answers:?}");
        assert!(answers.iter().any(|answer| answer["status"] == "needs_confirmation"), "{answers:?}");
    })
    .await;
}

#[tokio::test]
async fn a_promotion_that_another_app_made_costly_meanwhile_is_disabled_again() {
    let shop = Shop::open(&mut Rng::with_seed(0)).await;
    let promotion = shop.sandbox.bulk_promotion("Sale").await;
    let path = format!("/promotions/{promotion}");
    let mut host = shop.host("auto").await;
    let off = json!({"promotion_id": promotion, "status": "DISABLED", "max_uses": 9});
    assert!(is_done(&host.ok("update_promotion", off).await));

    // Judged by 10 percent, and held on its way to BigCommerce.
    shop.sandbox.fault(json!({"method": "PUT", "path": path, "times": 1, "hold": "before_commit"})).await;
    let live = json!({"promotion_id": promotion, "status": "ENABLED"});
    let id = host.start("tools/call", call("update_promotion", live)).await;
    shop.sandbox.holds(1).await;
    let rules = json!([{"action": {"cart_value": {"discount": {"percentage_amount": "95"}}}}]);
    shop.sandbox.put(&path, json!({"rules": rules})).await;
    shop.sandbox.release().await;

    let answer = loop {
        let message = host.receive().await;
        if message["id"] == id {
            break message["result"]["structuredContent"].clone();
        }
    };
    assert_eq!(answer["status"], "partial", "{answer}");
    let message = answer["message"].as_str().unwrap();
    assert!(message.contains(&format!("Promotion {promotion} was disabled again")), "{message}");
    assert!(message.contains("95%") && message.contains("nobody agreed to"), "{message}");
    assert_eq!(shop.sandbox.get(&path).await["data"]["status"], "DISABLED");
}
