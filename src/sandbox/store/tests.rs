use futures::FutureExt;
use futures::future::BoxFuture;

use super::*;
use crate::storage::fault::{FAULTS, Fault};

const TABLES: [&str; 3] = ["promotions", "codes", "settings"];

fn new_codes() -> NewCodes {
    NewCodes { promotion: 1, max_uses: 0, max_uses_per_customer: 0, created: String::new() }
}

fn operations(store: &Store) -> Vec<(&'static str, BoxFuture<'_, bool>)> {
    let mut number = 0;
    let texts = move |count| {
        let texts = (number..number + count).map(|number| format!("BATCH-{number}")).collect();
        number += count;
        texts
    };
    vec![
        ("insert_code", async { store.insert_code("ONE", &new_codes()).await.is_ok() }.boxed()),
        ("insert_batch", async move { store.insert_batch(&new_codes(), 20, 3, texts).await.is_ok() }.boxed()),
        ("update_promotion", async { store.update_promotion(1, Ok).await.is_ok() }.boxed()),
        ("set_code_uses", async { store.set_code_uses("SUMMER_SALE_2024", 3).await.is_ok() }.boxed()),
        ("set_promotion_uses", async { store.set_promotion_uses(1, 3).await.is_ok() }.boxed()),
        ("reset", async { store.reset().await.is_ok() }.boxed()),
    ]
}

#[tokio::test]
async fn a_fault_at_any_write_is_over_when_it_is_over() {
    let folder = tempfile::tempdir().unwrap();
    for fault in FAULTS {
        let file = folder.path().join(format!("{fault:?}.db"));
        for store in [Store::open(None).await.unwrap(), Store::open(Some(&file)).await.unwrap()] {
            fault.begin(&store.connections, &TABLES).await;
            for (name, operation) in operations(&store) {
                assert!(!operation.await, "{fault:?} {name}");
            }
            assert_eq!(store.count_codes(1, &(1..=i64::MAX)).await.unwrap(), 1, "nothing was kept");
            Fault::end(&store.connections, &TABLES).await;
            for (name, operation) in operations(&store) {
                assert!(operation.await, "{fault:?} {name}");
            }
        }
    }
}
