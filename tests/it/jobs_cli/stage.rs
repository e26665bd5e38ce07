//! A store as a process of its own, and one state directory for all that is run on it.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::support::finished::{Finished, finish};
use crate::support::process::PATIENCE;
use crate::support::sandbox::Sandbox;

/// Codes of a job that takes many requests.
pub(super) const MANY: usize = 600;

pub(super) struct Stage {
    pub(super) sandbox: Sandbox,
    folder: TempDir,
    pub(super) promotion: u64,
}

/// A row of a report.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) code: String,
    pub(super) id: Option<u64>,
    pub(super) outcome: String,
    pub(super) detail: String,
}

impl Stage {
    pub(super) async fn start() -> Self {
        let sandbox = Sandbox::start(&["--quota", "0"]).await;
        let promotion = sandbox.bulk_promotion("Bulk").await;
        Self { sandbox, folder: tempfile::tempdir().unwrap(), promotion }
    }

    /// It is not there until something is written.
    pub(super) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// The key of the store in the journal.
    pub(super) fn store_key(&self) -> String {
        format!("{}/sandbox", self.sandbox.server.url.trim_start_matches("http://"))
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.client_of(arguments);
        command.env("COUPON_MCP_STATE_DIR", self.state()).env("COUPON_MCP_SETTLE_MS", "500");
        command.env("COUPON_MCP_EXPORT_DIR", self.folder.path().join("exports"));
        command
    }

    /// A command that reads the journal alone: it gets no credentials.
    pub(super) async fn jobs(&self, arguments: &[&str]) -> Finished {
        let mut command = self.command(&[&["jobs"], arguments].concat());
        for name in ["BIGCOMMERCE_API_URL", "BIGCOMMERCE_STORE_HASH", "BIGCOMMERCE_ACCESS_TOKEN"] {
            command.env_remove(name);
        }
        finish(command).await
    }

    pub(super) async fn jobs_run(&self, flags: &[&str]) -> Finished {
        finish(self.command(&[&["jobs", "run"], flags].concat())).await
    }

    /// `jobs show ID --json`
    pub(super) async fn show(&self, id: &str) -> Value {
        let shown = self.jobs(&["show", id, "--json"]).await;
        assert_eq!((shown.code, shown.stderr.as_str()), (Some(0), ""));
        shown.json()
    }

    /// The latest job, once it is as `wanted` says.
    pub(super) async fn latest(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let look = async {
            loop {
                let listed = self.jobs(&["list", "--json", "--limit", "1"]).await;
                assert_eq!((listed.code, listed.stderr.as_str()), (Some(0), ""));
                if let Some(job) = listed.json().get(0).filter(|job| wanted(job)) {
                    return job.clone();
                }
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("no such job appeared")
    }

    /// The rows of `jobs report ID`.
    pub(super) async fn report(&self, id: &str) -> Vec<Row> {
        let reported = self.jobs(&["report", id]).await;
        assert_eq!((reported.code, reported.stderr.as_str()), (Some(0), ""));
        let mut lines = reported.stdout.lines();
        assert_eq!(lines.next(), Some("code,id,outcome,detail"));
        let rows = lines.map(|line| {
            let cells: Vec<_> = line.splitn(4, ',').map(str::to_owned).collect();
            let [code, id, outcome, detail] = cells.try_into().unwrap();
            Row { code, id: (!id.is_empty()).then(|| id.parse().unwrap()), outcome, detail }
        });
        rows.collect()
    }

    /// Every code of the promotion, sorted, asked behind the server's back.
    pub(super) async fn codes(&self) -> Vec<String> {
        let mut codes = Vec::new();
        for page in 1.. {
            let answer = self
                .sandbox
                .get(&format!("/promotions/{}/codes?limit=250&page={page}", self.promotion))
                .await;
            let rows = answer["data"].as_array().unwrap();
            codes.extend(rows.iter().map(|row| row["code"].as_str().unwrap().to_owned()));
            if rows.len() < 250 {
                break;
            }
        }
        codes.sort_unstable();
        codes
    }

    /// Holds every creation of codes but the first ones, done as they are, until the faults are cleared.
    pub(super) async fn hold_after(&self, first: usize) {
        for path in ["/codes", "/codegen"] {
            let rule = json!({
                "method": "POST", "path": path, "skip": first, "times": 1_000_000, "hold": "after_commit",
            });
            self.sandbox.fault(rule).await;
        }
    }

    /// The command for `count` codes, each of which is a request: no `codegen` makes such long ones.
    pub(super) fn generate(&self, count: usize) -> Command {
        let (promotion, count) = (format!("promotion_id={}", self.promotion), format!("count={count}"));
        self.command(&["call", "generate_coupon_codes", &promotion, &count, "code_length=20"])
    }

    /// A job of [`MANY`] codes under way, some of them made, and its process.
    pub(super) async fn under_way(&self) -> (Child, Value) {
        self.hold_after(20).await;
        let mut command = self.generate(MANY);
        let process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let job = self.latest(|job| job["succeeded"].as_u64() > Some(0)).await;
        assert_eq!((&job["state"], &job["owned_elsewhere"]), (&json!("running"), &json!(true)));
        (process, job)
    }

    /// The id of a job whose process was killed in the middle. The store is quick again.
    pub(super) async fn orphan(&self) -> String {
        let (mut process, job) = self.under_way().await;
        process.kill().await.unwrap();
        self.sandbox.clear_faults().await;
        let id = job["job_id"].as_str().unwrap().to_owned();
        let left = self.show(&id).await;
        assert_eq!((&left["state"], &left["owned_elsewhere"]), (&json!("running"), &json!(false)), "{left}");
        id
    }

    /// Checks that a job is done and that its report names each code that the store has, once.
    pub(super) async fn assert_whole(&self, id: &str, count: usize) {
        let job = self.show(id).await;
        let counts =
            ["state", "requested", "succeeded", "failed", "unknown", "remaining"].map(|name| &job[name]);
        assert_eq!(json!(counts), json!(["done", count, count, 0, 0, 0]));
        let report = self.report(id).await;
        assert!(
            report.iter().all(|row| ["created", "adopted"].contains(&row.outcome.as_str())),
            "{report:?}"
        );
        let mut reported: Vec<_> = report.into_iter().map(|row| row.code).collect();
        reported.sort_unstable();
        assert_eq!(reported.len(), count);
        assert_eq!(reported, self.codes().await);
    }
}

/// The lines of a process that was started with a pipe, once it has ended.
pub(super) async fn ended(process: Child) -> Finished {
    let output =
        tokio::time::timeout(PATIENCE, process.wait_with_output()).await.expect("it did not end").unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Finished { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}
