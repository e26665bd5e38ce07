//! A promotion made from flat arguments and read back gives the same sentence.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

use super::check;
use super::flat_promotion::FlatPromotion;
use crate::support::sandbox::Sandbox;
use crate::support::stdio_host::StdioHost;

const CASES: u32 = 96;

#[test]
fn a_promotion_made_from_flat_arguments_and_read_back_gives_the_same_sentence() {
    let runtime = Runtime::new().unwrap();
    let (_sandbox, host) = runtime.block_on(async {
        let sandbox = Sandbox::start(&["--quota", "0"]).await;
        let host = StdioHost::open(sandbox.client_of(&["stdio", "--confirm", "never"])).await;
        (sandbox, Mutex::new(host))
    });
    let made = AtomicU32::new(0);
    check(&runtime, CASES, FlatPromotion::any(), async |promotion| {
        // A number, since a second promotion of the same name and content is not made.
        let name = format!("{} {}", promotion.name, made.fetch_add(1, Ordering::Relaxed));
        round_trip(&mut *host.lock().await, &promotion, &name).await
    });
}

async fn round_trip(host: &mut StdioHost, promotion: &FlatPromotion, name: &str) -> Result<(), String> {
    let created = call(host, "create_promotion", promotion.arguments(name)).await?;
    same("status", &created["status"], &json!("done"))?;
    let id = &created["promotion_id"];
    let line = json!(promotion.line());
    same("what the creation says", &created["discount"], &line)?;

    let read = call(host, "get_promotion", json!({"promotion_id": id})).await?;
    same("what is read back", &read["rules"], &json!(promotion.sentences()))?;
    same("the name", &read["name"], &json!(coupon_mcp::coupons::clean(name.trim())))?;
    same("the cap", &read["max_uses"], &json!(promotion.cap()))?;
    let sentence = read["rules"][0].as_str().unwrap_or_default();
    for figure in promotion.figures() {
        if !sentence.contains(&figure) {
            return Err(format!("{figure} is not in: {sentence}"));
        }
    }
    for (edge, verb) in [("start", "Starts"), ("end", "Ends")] {
        let said = created["terms"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let said: Vec<_> = said.filter(|term| term.starts_with(verb)).collect();
        if let [said] = said.as_slice() {
            same(
                edge,
                &json!(said),
                &json!(format!("{verb} {}.", read[edge]["in_words"].as_str().unwrap())),
            )?;
        }
    }

    let listed = call(host, "list_promotions", json!({"limit": 1})).await?;
    let row = &listed["promotions"][0];
    same("the newest row", &row["id"], id)?;
    same("its discount", &row["discount"], &line)
}

async fn call(host: &mut StdioHost, tool: &str, arguments: Value) -> Result<Value, String> {
    let result = host.call(tool, arguments.clone()).await;
    if result["isError"] == true {
        return Err(format!("{tool} {arguments}: {}", result["content"][0]["text"]));
    }
    Ok(result["structuredContent"].clone())
}

fn same(what: &str, found: &Value, expected: &Value) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found} and not {expected}")) }
}
