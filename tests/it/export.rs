//! `export_coupon_codes`, from outside.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use coupon_mcp::bigcommerce::{Client, ClientSettings, Connect};
use coupon_mcp::changes::{Desk, Rules};
use coupon_mcp::coupons::{CallLimits, Store};
use coupon_mcp::jobs::{JobSettings, Jobs, Journal, Scope};
use coupon_mcp::policy::Policy;
use coupon_mcp::state::{AuditLog, Location, State, StateSettings};
use coupon_mcp::tools::{CallContext, ErrorCode, ToolError, Toolbox};
use rmcp::model::JsonObject;
use serde_json::{Value, json};

use crate::support::asking_host::Over;
use crate::support::guarded_store::GuardedStore;
use crate::support::published::assert_fits;
use crate::support::sandbox::Sandbox;
use crate::support::stdio_host::StdioHost;

const EXPORT: &str = "export_coupon_codes";
/// The seeds' promotion with the codes LOYAL-0001 to LOYAL-1000: of five, three unused, one used, one used up.
const LOYALTY: u64 = 4;
const HEADER: &str =
    "promotion_id,promotion,code_id,code,current_uses,max_uses,max_uses_per_customer,created\n";

/// The practice store, and a directory for its exports that is not there yet.
struct Shop {
    store: GuardedStore,
}

impl Shop {
    async fn open() -> Self {
        Self { store: GuardedStore::start().await }
    }

    fn exports(&self) -> PathBuf {
        self.store.file("exports")
    }

    /// A server of this shop; all of them share one state.
    async fn host(&self) -> StdioHost {
        self.host_with(&["--export-dir", self.exports().to_str().unwrap()]).await
    }

    async fn host_with(&self, flags: &[&str]) -> StdioHost {
        StdioHost::open(self.store.command(Over::Stdio, flags)).await
    }

    /// The names in the directory for exports.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.exports()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// Holds up the third page of the loyalty codes, for longer than the test takes.
    async fn hold_up_the_third_page(&self) {
        let rule = json!({
            "method": "GET", "path": "/promotions/4/codes?limit=250&after", "skip": 1, "times": 1, "delay_ms": 600_000,
        });
        self.store.sandbox.fault(rule).await;
    }

    /// How many pages of the loyalty codes were answered.
    async fn pages(&self) -> usize {
        let requests = self.store.sandbox.requests().await;
        requests.iter().filter(|(_, path, _)| path == "/promotions/4/codes").count()
    }
}

type Fits = fn(u64) -> bool;

/// The rows of those loyalty codes whose uses fit.
fn loyalty(fits: Fits) -> String {
    let uses = [0, 0, 0, 1, 2].into_iter().cycle();
    let fitting = (1..=1_000).zip(uses).filter(|(_, uses)| fits(*uses));
    let row = |(number, uses)| {
        let id = 2_000 + number;
        format!("4,Loyalty Rewards,{id},LOYAL-{number:04},{uses},2,2,2025-01-15T09:00:00+00:00\n")
    };
    fitting.map(row).collect()
}

fn path_of(answer: &Value) -> &Path {
    Path::new(answer["path"].as_str().unwrap())
}

fn contents(answer: &Value) -> String {
    std::fs::read_to_string(path_of(answer)).unwrap()
}

/// Calls `get_job` until the job has written so many rows; it waits for news of the job itself.
async fn until_written(host: &mut StdioHost, rows: u64) -> Value {
    loop {
        let latest = host.ok("get_job", json!({})).await;
        let Some(job) = latest["jobs"].get(0) else { continue };
        if job["succeeded"] == rows {
            return job.clone();
        }
        host.ok("get_job", json!({"job_id": job["job_id"], "wait_seconds": 1})).await;
    }
}

#[tokio::test]
async fn all_codes_of_a_promotion_are_in_a_file_and_the_answer_says_where() {
    let shop = Shop::open().await;
    let mut host = shop.host().await;
    let result = host.call(EXPORT, json!({"promotion_ids": [LOYALTY]})).await;
    let mut answer = result["structuredContent"].clone();
    assert_fits(EXPORT, &answer);
    let whole = format!("{HEADER}{}", loyalty(|_| true));
    assert_eq!(contents(&answer), whole);
    let name = path_of(&answer).file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(shop.files(), std::slice::from_ref(&name));
    // Frameworks end a run at a link that they cannot pass on.
    assert_eq!(result["content"].as_array().unwrap().len(), 1, "{result}");
    assert!(!result["content"][0].to_string().contains("LOYAL-"), "{result}");

    let path = shop.exports().join(&name).to_str().unwrap().to_owned();
    let id = answer["job"]["job_id"].take();
    let resource = answer["resource"].take();
    assert_eq!(resource, format!("coupons://exports/{}", id.as_str().unwrap()));
    let read = host.request("resources/read", json!({"uri": resource})).await;
    assert_eq!(read["contents"], json!([{"uri": resource, "mimeType": "text/csv", "text": whole}]));
    let mut expected = json!({
        "status": "done",
        "message": format!("1000 codes are written to {path}."),
        "path": path,
        "resource": null,
        "rows": 1_000,
        "columns": HEADER.trim_end().split(',').collect::<Vec<_>>(),
        "job": {
            "job_id": null, "kind": "export", "state": "done",
            "requested": 1_000, "succeeded": 1_000, "failed": 0, "unknown": 0, "remaining": 0,
            "arguments": {"promotion_ids": [4], "filter": "all"}, "path": path,
        },
    });
    assert_eq!(answer, expected);

    let looked_up = host.call("get_job", json!({"job_id": id})).await;
    expected["job"]["job_id"] = id;
    assert_eq!(looked_up["structuredContent"]["job"], expected["job"]);
    assert_eq!(looked_up["content"].as_array().unwrap().len(), 1);
    // One for the promotion, one for each page of 250 and one that finds that no more follow.
    assert_eq!((shop.pages().await, shop.store.sandbox.requests().await.len()), (5, 6));
}

#[tokio::test]
async fn what_is_no_export_that_is_done_is_no_resource() {
    let shop = Shop::open().await;
    let mut host = shop.host().await;
    let templates = host.request("resources/templates/list", json!({})).await;
    assert!(templates.to_string().contains("coupons://exports/{job_id}"), "{templates}");
    let summary = host.ok("summarize_coupon_codes", json!({"promotion_id": LOYALTY})).await;
    let exported = host.ok(EXPORT, json!({"promotion_ids": [LOYALTY]})).await;
    std::fs::remove_file(path_of(&exported)).unwrap();
    let summary = summary["job"]["job_id"].as_str().unwrap_or("job_abcdefghijkl").to_owned();
    let exported = exported["job"]["job_id"].as_str().unwrap().to_owned();
    for id in [summary.as_str(), exported.as_str(), "job_abcdefghijkl", "nonsense", "", "../x"] {
        let uri = format!("coupons://exports/{id}");
        let error = host.exchange("resources/read", json!({"uri": uri})).await["error"].clone();
        assert!([json!(-32002), json!(-32602)].contains(&error["code"]), "{id}: {error}");
    }
}

#[tokio::test]
async fn a_filter_leaves_the_other_codes_out() {
    let shop = Shop::open().await;
    let mut host = shop.host().await;
    let filters: [(&str, u64, Fits); 4] = [
        ("all", 1_000, |_| true),
        ("unused", 600, |uses| uses == 0),
        ("used", 400, |uses| uses > 0),
        ("used_up", 200, |uses| uses == 2),
    ];
    for (filter, rows, fits) in filters {
        let answer = host.ok(EXPORT, json!({"promotion_ids": [LOYALTY], "filter": filter})).await;
        assert_eq!(contents(&answer), format!("{HEADER}{}", loyalty(fits)), "{filter}");
        let counts = ["requested", "succeeded", "remaining"].map(|count| answer["job"][count].clone());
        assert_eq!(
            (&answer["rows"], counts),
            (&json!(rows), [json!(rows), json!(rows), json!(0)]),
            "{filter}"
        );
    }
}

#[tokio::test]
async fn without_promotions_all_coupon_promotions_are_exported() {
    let shop = Shop::open().await;
    let shouting = shop.store.add_promotion(json!({"name": "=1+1, \"big\""})).await;
    let id = shop.store.add_code(shouting, "-LOUD", 5).await;
    let created = shop.store.sandbox.codes_of(shouting).await[0]["created"].clone();
    let mut host = shop.host().await;
    let answer = host.ok(EXPORT, json!({})).await;
    let expected = [
        HEADER,
        "1,Summer Sale,1024,SUMMER_SALE_2024,3,100,2,2024-05-01T10:15:30+00:00\n",
        "2,First Order,1025,FIRST_ORDER_10,12,0,1,2024-01-15T09:00:00+00:00\n",
        &loyalty(|_| true),
        "5,Spring Clearance,1026,SPRING_2024,41,200,1,2024-02-20T08:30:00+00:00\n",
        "6,Autumn Preview,1027,AUTUMN_PREVIEW_2024,0,50,1,2024-08-01T12:00:00+00:00\n",
        &format!("{shouting},\"'=1+1, \"\"big\"\"\",{id},-LOUD,0,5,0,{}\n", created.as_str().unwrap()),
    ];
    assert_eq!(contents(&answer), expected.concat());
    assert_eq!((&answer["rows"], &answer["job"]["arguments"]), (&json!(1_005), &json!({"filter": "all"})));
}

#[tokio::test]
async fn promotions_are_in_the_order_asked_for_and_each_once_and_one_without_codes_has_no_rows() {
    let shop = Shop::open().await;
    let empty = shop.store.add_promotion(json!({"name": "Empty"})).await;
    let mut host = shop.host().await;
    let answer = host.ok(EXPORT, json!({"promotion_ids": [6, empty, 1, 6]})).await;
    let expected = format!(
        "{HEADER}6,Autumn Preview,1027,AUTUMN_PREVIEW_2024,0,50,1,2024-08-01T12:00:00+00:00\n\
         1,Summer Sale,1024,SUMMER_SALE_2024,3,100,2,2024-05-01T10:15:30+00:00\n"
    );
    assert_eq!(contents(&answer), expected);
    let nothing = host.ok(EXPORT, json!({"promotion_ids": [empty]})).await;
    assert_eq!((contents(&nothing).as_str(), &nothing["rows"]), (HEADER, &json!(0)));
}

#[tokio::test]
async fn what_cannot_be_exported_is_refused_and_nothing_is_begun() {
    let shop = Shop::open().await;
    let mut host = shop.host().await;
    let unknown = host.error(EXPORT, json!({"promotion_ids": [LOYALTY, 99]})).await;
    assert_eq!(unknown["code"], "unknown_promotion");
    assert!(unknown["hint"].as_str().unwrap().contains("4 \"Loyalty Rewards\""), "{unknown}");
    for (arguments, message) in [
        (
            json!({"promotion_ids": [3]}),
            "Promotion 3 \"Free Shipping Over 100\" is automatic: it has no codes.",
        ),
        (json!({"promotion_ids": vec![4; 101]}), "promotion_ids takes at most 100 ids, not 101."),
        (
            json!({"filter": "half"}),
            "Argument \"filter\" must be one of \"all\", \"unused\", \"used\", \"used_up\".",
        ),
    ] {
        let error = host.error(EXPORT, arguments).await;
        assert_eq!((&error["code"], &error["message"]), (&json!("invalid_arguments"), &json!(message)));
    }
    assert_eq!(host.ok("get_job", json!({})).await["jobs"], json!([]));
    assert!(!shop.exports().exists());
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_to_is_named_and_nothing_is_begun() {
    let shop = Shop::open().await;
    let file = shop.store.file("file");
    std::fs::write(&file, "").unwrap();
    for directory in [file.clone(), file.join("below")] {
        let mut host = shop.host_with(&["--export-dir", directory.to_str().unwrap()]).await;
        let error = host.error(EXPORT, json!({"promotion_ids": [LOYALTY]})).await;
        let expected =
            format!("Nothing can be exported: the export directory {} cannot be used: ", directory.display());
        assert!(error["message"].as_str().unwrap().starts_with(&expected), "{error}");
        assert!(error["hint"].as_str().unwrap().contains("--export-dir"), "{error}");
        assert_eq!(host.ok("get_job", json!({})).await["jobs"], json!([]));
    }
}

#[tokio::test]
async fn without_a_place_for_exports_the_operator_is_told_how_to_name_one_before_anything_is_asked() {
    let connect: Connect = Arc::new(|| panic!("nothing is to be asked of the store"));
    let limits = CallLimits { total: Duration::from_secs(45), rate_limit_wait: Duration::ZERO };
    let store = Arc::new(Store::new(Client::new(connect, ClientSettings::default()), limits));
    let (location, store_key) = (Location::Memory, "sandbox".to_owned());
    let journal = Journal::new(location.clone(), Scope::Store(store_key.clone()));
    let state = Arc::new(State::new(StateSettings { location, store_key, audit_log: AuditLog::Default }));
    let jobs = Arc::new(Jobs::new(Arc::clone(&store), Arc::clone(&state), journal, JobSettings::default()));
    let desk = Desk::new(store, state, jobs, Rules::default(), "test".to_owned());
    let toolbox = Toolbox::new(Ok(Arc::new(desk)), &Policy::default());
    let called = toolbox.call(EXPORT, JsonObject::new(), CallContext::new("test")).await.unwrap();
    let ToolError { code, message, hint, .. } = called.unwrap_err();
    assert_eq!(code, ErrorCode::InvalidArguments);
    assert_eq!(message, "There is no directory for exports, because this server's user has no home.");
    assert!(hint.contains("--export-dir"), "{hint}");
}

#[tokio::test]
async fn reading_is_all_that_an_export_needs() {
    let shop = Shop::open().await;
    let exports = shop.exports();
    let mut host = shop.host_with(&["--read-only", "--export-dir", exports.to_str().unwrap()]).await;
    let answer = host.ok(EXPORT, json!({"promotion_ids": [LOYALTY]})).await;
    assert_eq!(contents(&answer), format!("{HEADER}{}", loyalty(|_| true)));
    assert_eq!(shop.store.writes().await, [""; 0]);
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_can_read_an_export() {
    use std::os::unix::fs::PermissionsExt;

    let shop = Shop::open().await;
    let mut host = shop.host().await;
    let answer = host.ok(EXPORT, json!({"promotion_ids": [1]})).await;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&shop.exports()), mode(path_of(&answer))), (0o700, 0o600));
}

#[tokio::test]
async fn an_export_whose_process_was_killed_goes_on_where_it_was() {
    let shop = Shop::open().await;
    shop.hold_up_the_third_page().await;
    let mut host = shop.host().await;
    host.start("tools/call", crate::support::call(EXPORT, json!({"promotion_ids": [LOYALTY]}))).await;
    let job = until_written(&mut host, 500).await;
    assert_eq!(
        (&job["state"], &job["requested"], &job["remaining"]),
        (&json!("running"), &json!(1_000), &json!(500))
    );
    host.child.kill().await.unwrap();
    let pages = shop.pages().await;

    let path = Path::new(job["path"].as_str().unwrap());
    let partial = PathBuf::from(format!("{}.partial", path.display()));
    assert!(!path.exists());
    // What was written after the last note in the journal counts for nothing.
    let mut written = std::fs::read_to_string(&partial).unwrap();
    written.push_str("4,Loyalty Rewards,2501,LOYAL-0501,0,2,2,2025-01-15T09:00:00+00:00\n4,Loya");
    std::fs::write(&partial, written).unwrap();

    let mut host = shop.host().await;
    let done = host.ok("get_job", json!({"job_id": job["job_id"], "wait_seconds": 45})).await;
    assert_eq!((&done["job"]["state"], &done["job"]["succeeded"]), (&json!("done"), &json!(1_000)), "{done}");
    assert_eq!(contents(&done["job"]), format!("{HEADER}{}", loyalty(|_| true)));
    assert!(!partial.exists());
    // The third page, the fourth, and that no more follow.
    assert_eq!(shop.pages().await - pages, 3);
}

#[tokio::test]
async fn an_export_whose_file_is_gone_begins_anew() {
    let shop = Shop::open().await;
    shop.hold_up_the_third_page().await;
    let mut host = shop.host().await;
    host.start("tools/call", crate::support::call(EXPORT, json!({"promotion_ids": [LOYALTY, 1]}))).await;
    let job = until_written(&mut host, 500).await;
    host.child.kill().await.unwrap();
    std::fs::remove_dir_all(shop.exports()).unwrap();
    let mut host = shop.host().await;
    let done = host.ok("get_job", json!({"job_id": job["job_id"], "wait_seconds": 45})).await;
    assert_eq!((&done["job"]["state"], &done["job"]["succeeded"]), (&json!("done"), &json!(1_001)), "{done}");
    let expected = format!(
        "{HEADER}{}1,Summer Sale,1024,SUMMER_SALE_2024,3,100,2,2024-05-01T10:15:30+00:00\n",
        loyalty(|_| true)
    );
    assert_eq!(contents(&done["job"]), expected);
}

#[tokio::test]
async fn a_cancelled_export_keeps_its_rows_and_can_be_resumed() {
    let shop = Shop::open().await;
    shop.hold_up_the_third_page().await;
    let mut host = shop.host().await;
    let call =
        host.start("tools/call", crate::support::call(EXPORT, json!({"promotion_ids": [LOYALTY]}))).await;
    let job = until_written(&mut host, 500).await["job_id"].clone();
    host.start("tools/call", crate::support::call("control_job", json!({"job_id": job, "action": "cancel"})))
        .await;
    let cancelled = loop {
        let message = host.receive().await;
        if message["id"] == call {
            break message["result"].clone();
        }
    };
    assert_fits(EXPORT, &cancelled["structuredContent"]);
    let answer = &cancelled["structuredContent"];
    assert_eq!((&answer["status"], &answer["rows"]), (&json!("cancelled"), &json!(500)));
    assert_eq!(cancelled["content"].as_array().unwrap().len(), 1, "one block of text: {cancelled}");
    assert!(!path_of(answer).exists());
    let resumed = host.ok("control_job", json!({"job_id": job, "action": "resume"})).await;
    assert_eq!(resumed["job"]["job_id"], job);
    let done = host.ok("get_job", json!({"job_id": job, "wait_seconds": 45})).await;
    assert_eq!(done["job"]["state"], "done");
    assert_eq!(contents(answer), format!("{HEADER}{}", loyalty(|_| true)));
}

#[tokio::test]
async fn a_longer_export_is_answered_at_once_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    // After the promotion and two pages, nothing is left for two minutes.
    let sandbox = Sandbox::start(&["--quota", "3", "--window-ms", "120000"]).await;
    let flags = ["stdio", "--job-reserve-percent", "0", "--export-dir", folder.path().to_str().unwrap()];
    let mut host = StdioHost::open(sandbox.client_of(&flags)).await;
    let result = host.call(EXPORT, json!({"promotion_ids": [LOYALTY]})).await;
    let answer = &result["structuredContent"];
    assert_fits(EXPORT, answer);
    let job = &answer["job"];
    assert_eq!(
        [&answer["status"], &answer["rows"], &job["state"], &job["requested"], &job["remaining"]],
        [&json!("running"), &json!(500), &json!("running"), &json!(1_000), &json!(500)]
    );
    assert!(job["check_again_in_s"].as_u64().unwrap() > 30, "{job}");
    assert_eq!(result["content"].as_array().unwrap().len(), 1, "one block of text: {result}");
}
