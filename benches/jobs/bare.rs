//! The same requests without jobs: what the machine and the practice store make of the ideal.

use std::path::Path;
use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_json::{Value, json};

use super::practice_store::PracticeStore;
use super::{BATCH, PROMOTION};

/// Creates codes by so many `requests`, `width` at once.
pub(crate) async fn create(url: &str, requests: u64, width: u32, by_batch: bool) -> Duration {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let endpoint = if by_batch { "codegen" } else { "codes" };
    let address = format!("{url}/stores/sandbox/v3/promotions/{PROMOTION}/{endpoint}");
    let started = Instant::now();
    let sends = futures::stream::iter(0..requests).map(|number| {
        let body = if by_batch {
            json!({ "batch_size": BATCH })
        } else {
            json!({ "code": format!("BARE-{number}"), "max_uses": 1, "max_uses_per_customer": 1 })
        };
        post(&http, &address, body)
    });
    sends.buffer_unordered(width as usize).collect::<()>().await;
    started.elapsed()
}

async fn post(http: &reqwest::Client, address: &str, body: Value) {
    let answer = http.post(address).header("X-Auth-Token", "sandbox-token").json(&body).send().await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    let body = answer.bytes().await.unwrap();
    drop(serde_json::from_slice::<Value>(&body).unwrap());
}

/// Makes a practice store's file with so many more codes.
pub(crate) async fn fill(data: &Path, codes: u64) {
    let store = PracticeStore::start(Duration::ZERO, &["--data", data.to_str().unwrap()]);
    create(&store.url, codes / BATCH, 10, true).await;
    let address = format!("{}/stores/sandbox/v3/promotions/{PROMOTION}/codegen", store.url);
    if !codes.is_multiple_of(BATCH) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        post(&http, &address, json!({ "batch_size": codes % BATCH })).await;
    }
}
