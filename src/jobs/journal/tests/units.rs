use serde_json::json;

use super::*;
use crate::jobs::Counts;
use crate::jobs::journal::units::{CLAIM, DOUBTFUL, PAGE, update};

async fn seqs(journal: &Journal, id: &JobId, after: Option<u64>, most: u32) -> Vec<u64> {
    journal.units(id, after, most).await.unwrap().into_iter().map(|unit| unit.seq).collect()
}

async fn claim(journal: &Journal, id: &JobId, most: u32) -> Vec<u64> {
    journal.claim(id, most).await.unwrap().into_iter().map(|unit| unit.seq).collect()
}

/// What the counts have to be, from the units themselves.
async fn counted(journal: &Journal, id: &JobId, requested: u64) -> Counts {
    let mut counts = Counts { requested, ..Counts::default() };
    for unit in journal.units(id, None, u32::MAX).await.unwrap() {
        counts.succeeded += u64::from(unit.succeeded);
        counts.failed += u64::from(unit.failed);
        if matches!(unit.state, UnitState::Sending | UnitState::Unknown) {
            counts.unknown += u64::from(unit.size.saturating_sub(unit.succeeded).saturating_sub(unit.failed));
        }
    }
    let settled = counts.succeeded + counts.failed + counts.unknown;
    Counts { remaining: requested.saturating_sub(settled), ..counts }
}

#[tokio::test]
async fn the_first_planned_units_are_claimed_once() {
    let journal = in_memory();
    let id = journal.begin(new_job(), new_units(5)).await.unwrap();
    let other = begin(&journal).await;
    let sending = |seq| Unit { state: UnitState::Sending, attempts: 1, ..planned(seq) };
    assert_eq!(journal.claim(&id, 2).await.unwrap(), [sending(0), sending(1)]);
    assert!(claim(&journal, &id, 0).await.is_empty());
    assert_eq!(claim(&journal, &id, 2).await, [2, 3]);
    assert_eq!(claim(&journal, &id, 2).await, [4]);
    assert!(claim(&journal, &id, 2).await.is_empty());
    assert_eq!(journal.units(&other, None, 1).await.unwrap(), [planned(0)]);
}

#[tokio::test]
async fn a_unit_that_is_put_back_is_claimed_again_and_keeps_its_attempts() {
    let journal = in_memory();
    let id = begin(&journal).await;
    assert_eq!(claim(&journal, &id, 2).await, [0, 1]);
    journal.conclude(&id, vec![conclusion(0, UnitState::Planned, 0, 0)]).await.unwrap();
    assert_eq!(journal.units(&id, None, 1).await.unwrap(), [Unit { attempts: 1, ..planned(0) }]);
    let again = journal.claim(&id, 2).await.unwrap();
    let attempts: Vec<_> = again.iter().map(|unit| (unit.seq, unit.attempts)).collect();
    assert_eq!(attempts, [(0, 2), (2, 1)]);
}

#[tokio::test]
async fn what_became_of_units_is_kept_and_counted() {
    let journal = in_memory();
    let id = journal.begin(NewJob { requested: 1250, ..new_job() }, new_units(5)).await.unwrap();
    let other = begin(&journal).await;
    journal.claim(&other, 1).await.unwrap();
    journal.claim(&id, 4).await.unwrap();
    let answered = Conclusion {
        payload: Some("sent".to_owned()),
        result: Some("answered".to_owned()),
        ..conclusion(1, UnitState::Done, 240, 10)
    };
    let conclusions =
        vec![conclusion(2, UnitState::Unknown, 0, 0), answered, conclusion(0, UnitState::Failed, 0, 250)];
    journal.conclude(&id, conclusions).await.unwrap();
    let claimed = |seq, state| Unit { state, attempts: 1, ..planned(seq) };
    assert_eq!(
        journal.units(&id, None, 10).await.unwrap(),
        [
            Unit { failed: 250, ..claimed(0, UnitState::Failed) },
            Unit {
                succeeded: 240,
                failed: 10,
                payload: "sent".to_owned(),
                result: Some("answered".to_owned()),
                ..claimed(1, UnitState::Done)
            },
            claimed(2, UnitState::Unknown),
            claimed(3, UnitState::Sending),
            planned(4),
        ]
    );
    let doubtful = [claimed(2, UnitState::Unknown), claimed(3, UnitState::Sending)];
    assert_eq!(journal.doubtful(&id).await.unwrap(), doubtful);
    let counts = Counts { requested: 1250, succeeded: 240, failed: 260, unknown: 500, remaining: 250 };
    assert_eq!(job(&journal, &id).await.counts, counts);

    journal.conclude(&id, vec![done(2), done(3)]).await.unwrap();
    assert_eq!(journal.doubtful(&id).await.unwrap(), []);
    let counts = Counts { succeeded: 740, unknown: 0, ..counts };
    assert_eq!(job(&journal, &id).await.counts, counts);
    // A unit without a payload in its conclusion keeps its own.
    assert_eq!(journal.units(&id, Some(2), 1).await.unwrap()[0].payload, "{\"batch\":3}");
    let others = Counts { requested: 5000, unknown: 250, remaining: 4750, ..Counts::default() };
    assert_eq!(job(&journal, &other).await.counts, others);
}

#[tokio::test]
async fn of_two_conclusions_for_one_unit_the_last_counts() {
    let journal = in_memory();
    let id = begin(&journal).await;
    journal.claim(&id, 1).await.unwrap();
    journal.conclude(&id, vec![conclusion(0, UnitState::Failed, 0, 250), done(0)]).await.unwrap();
    let counts = Counts { requested: 5000, succeeded: 250, remaining: 4750, ..Counts::default() };
    assert_eq!(job(&journal, &id).await.counts, counts);
}

#[tokio::test]
async fn a_conclusion_for_a_unit_that_is_not_there_refuses_them_all() {
    let journal = in_memory();
    let id = begin(&journal).await;
    journal.claim(&id, 1).await.unwrap();
    let refused = journal.conclude(&id, vec![done(0), done(3)]).await;
    assert!(matches!(refused, Err(JournalError::UnknownUnit(job, 3)) if job == id));
    assert_eq!(journal.doubtful(&id).await.unwrap().len(), 1);
    assert_eq!(job(&journal, &id).await.counts.succeeded, 0);
    journal.conclude(&id, Vec::new()).await.unwrap();
}

#[tokio::test]
async fn more_units_follow_those_that_there_are() {
    let journal = in_memory();
    let id = journal.begin(new_job(), Vec::new()).await.unwrap();
    journal.append(&id, new_units(2), &json!({ "cursor": "a" })).await.unwrap();
    assert_eq!(claim(&journal, &id, 5).await, [0, 1]);
    journal.append(&id, new_units(2), &json!({ "cursor": "b" })).await.unwrap();
    journal.append(&id, Vec::new(), &json!({ "cursor": "c" })).await.unwrap();
    assert_eq!(claim(&journal, &id, 5).await, [2, 3]);
    assert_eq!(job(&journal, &id).await.progress, Some(json!({ "cursor": "c" })));
}

#[tokio::test]
async fn units_are_read_page_by_page() {
    let journal = in_memory();
    let id = journal.begin(new_job(), new_units(5)).await.unwrap();
    assert_eq!(seqs(&journal, &id, None, 2).await, [0, 1]);
    assert_eq!(seqs(&journal, &id, Some(0), 2).await, [1, 2]);
    assert_eq!(seqs(&journal, &id, Some(3), 2).await, [4]);
    assert!(seqs(&journal, &id, Some(4), 2).await.is_empty());
}

#[tokio::test]
async fn the_counts_are_those_of_the_units_whatever_happens() {
    let directory = tempfile::tempdir().unwrap();
    for seed in 0..20 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut journal = on_disk(directory.path());
        let id = journal.begin(new_job(), new_units(random.usize(0..8))).await.unwrap();
        for step in 0..25 {
            match random.u8(0..6) {
                0 => journal.append(&id, new_units(random.usize(0..5)), &json!(step)).await.unwrap(),
                1 | 2 => drop(journal.claim(&id, random.u32(0..5)).await.unwrap()),
                3 => {
                    drop(journal);
                    journal = on_disk(directory.path());
                    assert_eq!(taken_over(&journal).await, std::slice::from_ref(&id));
                }
                _ => {
                    let mut units = journal.units(&id, None, 100).await.unwrap();
                    random.shuffle(&mut units);
                    units.truncate(random.usize(0..5));
                    let states = [UnitState::Planned, UnitState::Done, UnitState::Failed, UnitState::Unknown];
                    let conclude = |unit: Unit| {
                        let state = random.choice(states).unwrap();
                        conclusion(unit.seq, state, random.u32(0..200), random.u32(0..60))
                    };
                    let mut conclusions: Vec<_> = units.into_iter().map(conclude).collect();
                    if random.bool() {
                        conclusions.push(done(1_000_000));
                    }
                    let _ = journal.conclude(&id, conclusions).await;
                }
            }
            let expected = counted(&journal, &id, 5000).await;
            assert_eq!(job(&journal, &id).await.counts, expected, "seed {seed}, step {step}");
        }
        journal.end(&id, crate::jobs::JobState::Done, None, None).await.unwrap();
    }
}

#[tokio::test]
async fn a_quarter_of_a_million_units_stay_at_hand() {
    let directory = tempfile::tempdir().unwrap();
    let journal = on_disk(directory.path());
    let units = (0..250_000).map(|n| NewUnit { size: 1, payload: format!("\"CODE{n}\"") }).collect();
    let id = journal.begin(NewJob { requested: 250_000, ..new_job() }, units).await.unwrap();
    let mut first = 0;
    while first < 5_000 {
        let claimed = claim(&journal, &id, 500).await;
        assert_eq!(claimed, (first..first + 500).collect::<Vec<_>>());
        let conclude = |seq| conclusion(seq, UnitState::Done, 1, 0);
        journal.conclude(&id, claimed.into_iter().map(conclude).collect()).await.unwrap();
        first += 500;
    }
    assert_eq!(claim(&journal, &id, 3).await, [5000, 5001, 5002]);
    assert_eq!(journal.doubtful(&id).await.unwrap().len(), 3);
    assert_eq!(seqs(&journal, &id, Some(249_997), 500).await, [249_998, 249_999]);
    let counts = Counts { requested: 250_000, succeeded: 5000, failed: 0, unknown: 3, remaining: 244_997 };
    assert_eq!(journal.latest(10).await.unwrap()[0].counts, counts);
}

#[tokio::test]
async fn no_statement_goes_through_all_units_of_a_job() {
    let journal = in_memory();
    begin(&journal).await;
    let pool = journal.database.for_writing().await.unwrap();
    let conclude = update(1, &[done(0), done(1)]).sql().as_str().to_owned();
    for (statement, searched) in [
        (CLAIM, "planned_units (job=?)"),
        (DOUBTFUL, "doubtful_units (job=? AND seq>?)"),
        (PAGE, "sqlite_autoindex_units_1 (job=? AND seq>?)"),
        (&conclude, "sqlite_autoindex_units_1 (job=? AND seq=?)"),
    ] {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(explain).fetch_all(pool).await.unwrap();
        let plan: Vec<_> = plan.into_iter().map(|(.., step)| step).collect();
        assert!(plan.iter().any(|step| step.ends_with(searched)), "{statement}: {plan:#?}");
        assert!(!plan.iter().any(|step| step.starts_with("SCAN units")), "{statement}: {plan:#?}");
    }
}
