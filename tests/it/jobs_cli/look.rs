//! `jobs list`, `jobs show` and `jobs report`

use std::process::Stdio;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::stage::{Row, Stage, ended};
use crate::support::finished::{Finished, finish};
use crate::support::now;
use crate::support::process::binary;

/// No job has it.
const NOBODYS: &str = "job_0123456789ab";

/// Takes the times out of a job, after a look at them.
fn take_times(job: &mut Value) {
    let mut take = |name: &str| -> Timestamp {
        let taken = job.as_object_mut().unwrap().remove(name).unwrap();
        taken.as_str().unwrap().parse().unwrap()
    };
    let (created, ended) = (take("created_at"), take("ended_at"));
    assert!(created <= ended && ended <= now(), "{created} {ended}");
}

fn made(called: &Finished) -> (String, Vec<String>) {
    let answer = called.json();
    let codes = answer["codes"].as_array().unwrap();
    let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    (answer["job"]["job_id"].as_str().unwrap().to_owned(), codes)
}

#[tokio::test]
async fn a_job_is_listed_and_shown_as_json() {
    let stage = Stage::start().await;
    let (first, _) = made(&finish(stage.generate(2)).await);
    let (second, _) = made(&finish(stage.generate(3)).await);
    let job = |id: &str, count: usize| {
        json!({
            "job_id": id, "store": stage.store_key(), "kind": "generate", "state": "done", "requested": count,
            "succeeded": count, "failed": 0, "unknown": 0, "remaining": 0, "promotion_id": stage.promotion,
            "arguments": {"promotion_id": stage.promotion, "count": count, "code_length": 20},
            "owned_elsewhere": false,
        })
    };
    let mut shown = stage.show(&first).await;
    take_times(&mut shown);
    assert_eq!(shown, job(&first, 2));
    let mut listed = stage.jobs(&["list", "--json"]).await.json();
    listed.as_array_mut().unwrap().iter_mut().for_each(take_times);
    assert_eq!(listed, json!([job(&second, 3), job(&first, 2)]));
    let one = stage.jobs(&["list", "--json", "--limit", "1"]).await.json();
    assert_eq!(one.as_array().unwrap().len(), 1);
    assert_eq!(one[0]["job_id"], json!(second));
}

#[tokio::test]
async fn a_job_is_listed_and_shown_for_people() {
    let stage = Stage::start().await;
    let (id, _) = made(&finish(stage.generate(2)).await);
    let listed = stage.jobs(&["list"]).await;
    assert_eq!((listed.code, listed.stderr.as_str()), (Some(0), ""));
    let rows: Vec<Vec<&str>> = listed
        .stdout
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    let header =
        ["JOB", "KIND", "STATE", "DONE", "FAILED", "UNKNOWN", "PROMOTION", "CREATED", "AGE", "STORE"];
    assert_eq!(rows[0], header);
    let promotion = stage.promotion.to_string();
    assert_eq!(rows[1][..7], [id.as_str(), "generate", "done", "2/2", "0", "0", &promotion]);
    assert_eq!((rows[1][9], rows.len()), (stage.store_key().as_str(), 2));

    let shown = stage.jobs(&["show", &id]).await;
    assert_eq!((shown.code, shown.stderr.as_str()), (Some(0), ""));
    for line in [
        format!("job        {id}"),
        "state      done".to_owned(),
        "codes      2 of 2, 0 left".to_owned(),
        format!("promotion  {promotion}"),
        format!("next       `coupon-mcp jobs report {id}` lists each code"),
    ] {
        assert!(shown.stdout.lines().any(|shown| shown == line), "{line} is missing in:\n{}", shown.stdout);
    }
    assert!(!shown.stdout.contains('\u{1b}'), "plain when not on a terminal");
}

#[tokio::test]
async fn a_report_names_each_code_and_what_became_of_it() {
    let stage = Stage::start().await;
    let promotion = format!("promotion_id={}", stage.promotion);
    let batch = ["call", "generate_coupon_codes", &promotion, "count=3"];
    let (id, codes) = made(&finish(stage.command(&batch)).await);
    let row = |code: &String| Row {
        code: code.clone(),
        id: None,
        outcome: "created".to_owned(),
        detail: String::new(),
    };
    assert_eq!(
        stage.report(&id).await,
        codes.iter().map(row).collect::<Vec<_>>(),
        "a batch comes without ids"
    );

    let taken = stage.sandbox.post("/promotions/1/codes", json!({"code": "TAKEN"})).await;
    assert_eq!(taken["status"], 201, "{taken}");
    let import =
        format!(r#"{{"promotion_id": {}, "codes": ["NEW", "TAKEN"], "max_uses": 1}}"#, stage.promotion);
    let imported = finish(stage.command(&["call", "import_coupon_codes", &import])).await;
    let report = stage.report(imported.json()["job"]["job_id"].as_str().unwrap()).await;
    let outcomes: Vec<_> =
        report.iter().map(|row| (row.code.as_str(), row.id.is_some(), row.outcome.as_str())).collect();
    assert_eq!(outcomes, [("NEW", true, "created"), ("TAKEN", false, "failed")]);
    assert!(report[1].detail.contains("exists"), "{report:?}");
}

#[tokio::test]
async fn a_summary_is_shown_and_has_nothing_to_report() {
    let stage = Stage::start().await;
    assert_eq!(finish(stage.generate(3)).await.code, Some(0));
    let promotion = format!("promotion_id={}", stage.promotion);
    assert_eq!(finish(stage.command(&["call", "summarize_coupon_codes", &promotion])).await.code, Some(0));
    let job = stage.latest(|_| true).await;
    assert_eq!(
        (&job["kind"], &job["state"], &job["summary"]["codes"]),
        (&json!("summarize"), &json!("done"), &json!(3))
    );
    let report = stage.jobs(&["report", job["job_id"].as_str().unwrap()]).await;
    let note = "note: summarize_coupon_codes changes no code, so there is nothing to report\n";
    assert_eq!(
        (report.code, report.stdout.as_str(), report.stderr.as_str()),
        (Some(0), "code,id,outcome,detail\n", note)
    );
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_a_report_quietly() {
    let stage = Stage::start().await;
    let promotion = format!("promotion_id={}", stage.promotion);
    let called = finish(stage.command(&["call", "generate_coupon_codes", &promotion, "count=10000"])).await;
    let id = called.json()["job"]["job_id"].as_str().unwrap().to_owned();
    assert_eq!(stage.report(&id).await.len(), 10_000);
    let mut command = stage.command(&["jobs", "report", &id]);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
    let report = ended(process).await;
    assert_eq!(
        (line.as_str(), report.code, report.stderr.as_str()),
        ("code,id,outcome,detail\n", Some(0), "")
    );
}

#[tokio::test]
async fn nothing_is_left_behind_where_there_is_no_job() {
    let stage = Stage::start().await;
    let unknown =
        format!("error: there is no job {NOBODYS}; `coupon-mcp jobs list` shows those that there are\n");
    let typed = unknown.replace(NOBODYS, "job_abcdefghijkl");
    for (arguments, code, stdout, stderr) in [
        (vec!["list"], 0, "", "there is no job\n"),
        (vec!["list", "--json"], 0, "[]\n", ""),
        (vec!["show", NOBODYS], 1, "", unknown.as_str()),
        (vec!["show", NOBODYS, "--json"], 1, "", unknown.as_str()),
        (vec!["cancel", NOBODYS], 1, "", unknown.as_str()),
        // An l is read as a 1, and the answer is about what was typed.
        (vec!["cancel", "job_abcdefghijkl"], 1, "", typed.as_str()),
        (vec!["report", NOBODYS], 1, "", unknown.as_str()),
    ] {
        let looked = stage.jobs(&arguments).await;
        assert_eq!(
            (looked.code, looked.stdout.as_str(), looked.stderr.as_str()),
            (Some(code), stdout, stderr),
            "{arguments:?}"
        );
        assert!(!stage.state().exists(), "{arguments:?}");
    }
    let ran = stage.jobs_run(&[]).await;
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), "", ""));
    assert!(!stage.state().exists());
    std::fs::create_dir(stage.state()).unwrap();
    assert_eq!((stage.jobs(&["list"]).await.code, stage.jobs_run(&[]).await.code), (Some(0), Some(0)));
    assert_eq!(std::fs::read_dir(stage.state()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_text_that_is_no_id_is_wrong_usage() {
    let stage = Stage::start().await;
    for command in ["show", "cancel", "report"] {
        let refused = stage.jobs(&[command, "chg_0123456789ab"]).await;
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{command}");
        assert!(refused.stderr.contains("a job id is job_ and 12 letters and digits"), "{}", refused.stderr);
    }
}

#[tokio::test]
async fn jobs_in_memory_are_nowhere_to_be_seen() {
    for (arguments, code, stdout) in [
        (vec!["jobs", "list", "--sandbox"], 0, ""),
        (vec!["jobs", "list", "--json", "--sandbox"], 0, "[]\n"),
        (vec!["jobs", "run", "--sandbox"], 0, ""),
        (vec!["jobs", "show", NOBODYS, "--sandbox"], 1, ""),
    ] {
        let looked = finish(binary(&arguments)).await;
        assert_eq!((looked.code, looked.stdout.as_str()), (Some(code), stdout), "{arguments:?}");
        assert!(
            looked.stderr.starts_with("note: ") && looked.stderr.contains("--state-dir DIR"),
            "{}",
            looked.stderr
        );
    }
}

#[tokio::test]
async fn a_run_needs_a_store() {
    let refused = finish(binary(&["jobs", "run"])).await;
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""));
    assert!(refused.stderr.contains("BIGCOMMERCE_STORE_HASH"), "{}", refused.stderr);
}
