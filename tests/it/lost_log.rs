//! A write-ahead log that somebody removed or emptied while no server ran: said once, and never without need.

use std::fs::File;

use serde_json::json;
use tokio::process::Command;

use crate::support::asking_host::Over;
use crate::support::guarded_store::GuardedStore;
use crate::support::stdio_host::StdioHost;

const LOST: &str = "is missing or cut short";

/// A server that makes a change and a job, and is killed.
async fn killed(store: &GuardedStore) {
    let mut host = StdioHost::open(command(store)).await;
    host.ok("create_coupon_code", json!({"promotion_id": 7, "code": "NEW"})).await;
    host.ok("generate_coupon_codes", json!({"promotion_id": 7, "count": 3, "max_uses": 1})).await;
    host.child.kill().await.unwrap();
}

fn command(store: &GuardedStore) -> Command {
    store.command(Over::Stdio, &["--confirm", "never"])
}

/// The log lines of a server that looks at what there is.
async fn warnings(store: &GuardedStore) -> Vec<String> {
    let mut host = StdioHost::open(command(store)).await;
    host.call("get_job", json!({})).await;
    host.call("undo", json!({"change_id": "chg_000000000000"})).await;
    let log = host.finish().await.1;
    log.lines().filter(|line| line.contains(LOST)).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_log_that_was_taken_from_its_database_is_told_in_one_warning() {
    for database in ["state.db", "jobs.db"] {
        for emptied in [true, false] {
            let store = GuardedStore::start().await;
            store.add_promotion(json!({})).await;
            killed(&store).await;
            let log = store.state().join(format!("{database}-wal"));
            if emptied {
                File::create(&log).unwrap();
            } else {
                std::fs::remove_file(&log).unwrap();
            }
            let told = warnings(&store).await;
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told[0].contains("WARN") && told[0].contains(&log.display().to_string()), "{told:?}");
            assert_eq!(warnings(&store).await, Vec::<String>::new(), "it was told");
        }
    }
}

#[tokio::test]
async fn a_server_that_was_killed_or_closed_gives_no_false_alarm() {
    let store = GuardedStore::start().await;
    store.add_promotion(json!({})).await;
    killed(&store).await;
    let mut other = StdioHost::open(command(&store)).await;
    other.call("get_job", json!({})).await;
    assert_eq!(warnings(&store).await, Vec::<String>::new(), "killed, and in use by another");
    assert!(!other.finish().await.1.contains(LOST));
    assert_eq!(warnings(&store).await, Vec::<String>::new(), "closed");
    let mut reader = StdioHost::open(command(&store)).await;
    reader.call("get_job", json!({})).await;
    reader.child.kill().await.unwrap();
    assert_eq!(warnings(&store).await, Vec::<String>::new(), "killed after nothing but a look");
}
