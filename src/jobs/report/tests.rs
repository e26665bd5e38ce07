use serde_json::{Value, json};

use super::*;
use crate::clock::Clock;
use crate::jobs::{Conclusion, JobState, NewJob, NewUnit, Scope};
use crate::state::Location;

/// A job with these units: their payloads, and what became of them.
async fn job(kind: Kind, units: Vec<(Value, u32, Option<Conclusion>)>) -> (Journal, JobRecord) {
    let journal = Journal::new(Location::Memory, Scope::Store("sandbox".to_owned()));
    let new = NewJob {
        kind,
        promotion_id: Some(7),
        lane: None,
        caller: "cli".to_owned(),
        arguments: json!({}),
        spec: json!({}),
        requested: units.iter().map(|(_, size, _)| u64::from(*size)).sum(),
        at: Clock::system().now(),
    };
    let planned = units
        .iter()
        .map(|(payload, size, _)| NewUnit { size: *size, payload: payload.to_string() })
        .collect();
    let id = journal.begin(new, planned).await.unwrap();
    journal.claim(&id, u32::MAX).await.unwrap();
    journal
        .conclude(&id, units.into_iter().filter_map(|(.., conclusion)| conclusion).collect())
        .await
        .unwrap();
    let record = journal.job(&id).await.unwrap().unwrap();
    (journal, record)
}

fn concluded(seq: u64, state: UnitState, result: &Value) -> Conclusion {
    Conclusion { result: Some(result.to_string()), ..Conclusion::of(seq, state) }
}

async fn reported(kind: Kind, units: Vec<(Value, u32, Option<Conclusion>)>) -> Vec<Row> {
    let (journal, record) = job(kind, units).await;
    rows(&journal, &record).await.unwrap()
}

fn row(code: &str, id: Option<u64>, outcome: &'static str, detail: &str) -> Row {
    Row::new(code.to_owned(), id, outcome, detail)
}

#[tokio::test]
async fn a_batch_is_named_code_by_code_or_as_one_in_doubt() {
    let units = vec![
        (json!({}), 2, Some(concluded(0, UnitState::Done, &json!({"codes": ["A", "B"]})))),
        (json!({}), 1, Some(concluded(1, UnitState::Done, &json!({"codes": ["C"], "ids": [9]})))),
        (json!({}), 250, Some(Conclusion::of(2, UnitState::Unknown))),
        (json!({}), 40, None),
        (json!({}), 40, Some(Conclusion::of(4, UnitState::Planned))),
    ];
    assert_eq!(
        reported(Kind::Generate, units).await,
        [
            row("A", None, "created", ""),
            row("B", None, "created", ""),
            row("C", Some(9), "adopted", ""),
            row("", None, "unknown", "a batch of 250 codes: its answer was lost"),
            row("", None, "unknown", "a batch of 40 codes: its answer is not known yet"),
        ]
    );
}

#[tokio::test]
async fn a_single_code_is_named_with_what_became_of_it() {
    let single = |code: &str| json!({"code": code, "max_uses": 1, "max_uses_per_customer": 1});
    let units = vec![
        (
            single("A"),
            1,
            Some(concluded(0, UnitState::Done, &json!({"id": 4, "outcome": "already_existed", "uses": 3}))),
        ),
        (
            single("B"),
            1,
            Some(concluded(1, UnitState::Failed, &json!({"outcome": "failed", "detail": "It is taken."}))),
        ),
        (single("C"), 1, Some(Conclusion::of(2, UnitState::Unknown))),
        (single("D"), 1, Some(Conclusion::of(3, UnitState::Planned))),
    ];
    let limits = Some(UseLimits { max_uses: 1, max_uses_per_customer: 1 });
    let row = |code, id, outcome, detail| Row { limits, ..row(code, id, outcome, detail) };
    assert_eq!(
        reported(Kind::Import, units).await,
        [
            Row { uses: 3, ..row("A", Some(4), "already_existed", "") },
            row("B", None, "failed", "It is taken."),
            row("C", None, "unknown", "its answer was lost"),
        ]
    );
}

#[tokio::test]
async fn a_deletion_that_is_planned_again_names_what_is_gone_already() {
    let code = |id: u64, code: &str| json!({"id": id, "code": code, "uses": 0});
    let part = json!({
        "codes": [code(3, "C")], "gone": [code(1, "A")], "kept": [[code(2, "B"), "It was used."]],
    });
    let again = Conclusion { payload: Some(part.to_string()), ..Conclusion::of(0, UnitState::Planned) };
    let units = vec![
        (json!({"codes": [code(1, "A"), code(2, "B"), code(3, "C")]}), 3, Some(again)),
        (json!({"codes": [code(4, "D")]}), 1, Some(Conclusion::of(1, UnitState::Unknown))),
        (json!({"codes": [code(5, "E")]}), 1, Some(Conclusion::of(2, UnitState::Planned))),
    ];
    assert_eq!(
        reported(Kind::Delete, units).await,
        [
            row("A", Some(1), "deleted", ""),
            row("B", Some(2), "failed", "It was used."),
            row("D", Some(4), "unknown", "its answer was lost"),
        ]
    );
}

#[tokio::test]
async fn codes_that_may_be_somebody_elses_come_last() {
    let units = vec![(json!({}), 1, Some(concluded(0, UnitState::Done, &json!({"codes": ["A"]}))))];
    let (journal, record) = job(Kind::Generate, units).await;
    let unclear = json!({"unclear": [[12, "X"]]});
    journal.end(&record.id, JobState::NeedsAttention, Some("Unclear."), Some(&unclear)).await.unwrap();
    let record = journal.job(&record.id).await.unwrap().unwrap();
    let named: Vec<_> = rows(&journal, &record).await.unwrap();
    let named: Vec<_> = named.iter().map(|row| (row.code.as_str(), row.id, row.outcome)).collect();
    assert_eq!(named, [("A", None, "created"), ("X", Some(12), "unknown")]);
}

#[tokio::test]
async fn a_long_report_comes_in_pages_and_whole() {
    let batch = |seq: u64| {
        let codes: Vec<_> = (0..250).map(|code| format!("{seq}-{code}")).collect();
        (json!({}), 250, Some(concluded(seq, UnitState::Done, &json!({ "codes": codes }))))
    };
    let (journal, record) = job(Kind::Generate, (0..250).map(batch).collect()).await;
    let mut report = Report::of(&journal, &record);
    let mut pages = Vec::new();
    while let Some(page) = report.next().await.unwrap() {
        pages.push(page.len());
    }
    assert_eq!(pages, [25_000, 25_000, 12_500, 0]);
    assert_eq!(report.next().await.unwrap(), None);
    let all = rows(&journal, &record).await.unwrap();
    assert_eq!((all.len(), all[62_499].code.as_str()), (62_500, "249-249"));
}
