//! Whatever a store says and whatever a model calls, nothing becomes costly, goes, or leaves the policy without a yes
//! on record.

use std::cell::RefCell;

use serde_json::json;
use tokio::runtime::Runtime;

use super::check;
use super::driver::{Driver, Tally};
use super::script::{Ends, Scene};
use crate::support::initialize;
use crate::support::sandbox::Sandbox;
use crate::support::stdio_host::StdioHost;
use crate::support::store_view::StoreView;

const CASES: u32 = 20;

#[test]
fn nothing_becomes_costly_or_goes_without_a_recorded_yes_nor_leaves_the_policy() {
    let runtime = Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start(&["--quota", "0"]));
    let view = StoreView::of(&sandbox);
    let total = RefCell::new(Tally::default());
    check(&runtime, CASES, Scene::any(), async |scene| {
        let tally = play(&sandbox, &view, &scene).await?;
        total.borrow_mut().add(tally);
        Ok(())
    });
    // Sequences in which nothing happens would prove nothing.
    let Tally { changed, confirmed_by_token, confirmed_by_person, withheld, refused, policy } =
        total.into_inner();
    let total = [changed, confirmed_by_token, confirmed_by_person, withheld, refused, policy];
    assert!(total.iter().all(|&count| count > 0), "{total:?}");
}

async fn play(sandbox: &Sandbox, view: &StoreView, scene: &Scene) -> Result<Tally, String> {
    view.reset().await;
    for planted in &scene.planted {
        let mut document = planted.document.clone();
        document["end_date"] = json!(planted.ends.map(Ends::text));
        let id = view.plant(&document).await;
        for code in &planted.codes {
            // A text may be taken by then.
            view.send("POST", &format!("/promotions/{id}/codes"), Some(&json!({"code": code}))).await;
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let (config, audit_log) = (folder.path().join("config.toml"), folder.path().join("audit.jsonl"));
    std::fs::write(&config, scene.guard.toml()).unwrap();
    let mut server = sandbox.client_of(&["stdio"]);
    server.arg("--config").arg(&config).arg("--audit-log").arg(&audit_log);
    let mut host = StdioHost::spawn(server);
    let mut hello = initialize("2025-11-25");
    if scene.can_ask {
        hello["capabilities"] = json!({"elicitation": {}});
    }
    host.request("initialize", hello).await;
    host.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    let mut driver = Driver::new(host, view, &scene.guard, audit_log, view.snapshot().await);
    for (index, step) in scene.steps.iter().enumerate() {
        driver.play(step).await.map_err(|why| format!("step {index}: {why}"))?;
    }
    Ok(driver.tally)
}
