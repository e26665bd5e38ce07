//! What became of each code of a job.

use std::collections::HashSet;

use crate::coupons::UseLimits;
use crate::coupons::text::count;

use super::spec::{BatchMade, Doomed, DoomedCode, SingleCode, SingleMade};
use super::{JobId, JobRecord, Journal, JournalError, Kind, Unit, UnitState};

/// Units read at once: at most 25,000 codes.
const PAGE: u32 = 100;

/// One code of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The text; empty for codes of a batch that nobody has seen.
    pub code: String,
    /// Its id; `None` for codes that came without one.
    pub id: Option<u64>,
    /// `created`, `already_existed`, `adopted`, `deleted`, `failed` or `unknown`.
    pub outcome: &'static str,
    /// Why, where that says more.
    pub detail: String,
    /// Of a code that was there before: how often it was used.
    pub uses: u64,
    /// What a code that was created by itself may be used, if the unit says so.
    pub limits: Option<UseLimits>,
}

impl Row {
    fn new(code: String, id: Option<u64>, outcome: &'static str, detail: impl Into<String>) -> Self {
        Self { code, id, outcome, detail: detail.into(), uses: 0, limits: None }
    }

    /// Whether the code is there as it was asked for (or gone, where that was asked for).
    pub fn succeeded(&self) -> bool {
        matches!(self.outcome, "created" | "already_existed" | "adopted" | "deleted")
    }
}

/// The codes of a job in its order, read page by page, so that a large job takes no more memory than a small one.
/// What was not sent has no row, nor has anything of a job that only reads.
#[derive(Debug)]
pub struct Report<'j> {
    journal: &'j Journal,
    id: &'j JobId,
    kind: Kind,
    after: Option<u64>,
    /// Codes that belong to no unit, until their page was given.
    unclear: Option<Vec<Row>>,
}

impl<'j> Report<'j> {
    /// Reads nothing yet.
    pub fn of(journal: &'j Journal, record: &'j JobRecord) -> Self {
        Self { journal, id: &record.id, kind: record.kind, after: None, unclear: Some(unclear(record)) }
    }

    /// The next page; `None` behind the last one.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<Row>>, JournalError> {
        if self.unclear.is_none() || !self.kind.writes() {
            return Ok(None);
        }
        let units = self.journal.units(self.id, self.after, PAGE).await?;
        let Some(last) = units.last() else { return Ok(self.unclear.take()) };
        self.after = Some(last.seq);
        Ok(Some(units.iter().flat_map(|unit| of_unit(self.kind, unit)).collect()))
    }
}

/// All codes of a job that is known to be small.
///
/// # Errors
/// The journal cannot be read.
pub async fn rows(journal: &Journal, record: &JobRecord) -> Result<Vec<Row>, JournalError> {
    let mut rows = Vec::new();
    each(journal, record, |row| rows.push(row)).await?;
    Ok(rows)
}

/// Calls `tell` with each code of a job, in its order.
///
/// # Errors
/// The journal cannot be read.
pub async fn each(
    journal: &Journal,
    record: &JobRecord,
    mut tell: impl FnMut(Row),
) -> Result<(), JournalError> {
    let mut report = Report::of(journal, record);
    while let Some(page) = report.next().await? {
        page.into_iter().for_each(&mut tell);
    }
    Ok(())
}

/// The texts of the codes that a job made, or also of those that it found there, in small letters.
///
/// # Errors
/// The journal cannot be read.
pub async fn texts(
    journal: &Journal,
    record: &JobRecord,
    also_found: bool,
) -> Result<HashSet<String>, JournalError> {
    let mut texts = HashSet::new();
    each(journal, record, |row| {
        if matches!(row.outcome, "created" | "adopted") || (also_found && row.succeeded()) {
            texts.insert(row.code.to_ascii_lowercase());
        }
    })
    .await?;
    Ok(texts)
}

fn unclear(record: &JobRecord) -> Vec<Row> {
    let unclear =
        record.result.as_ref().and_then(|result| result.get("unclear")).cloned().unwrap_or_default();
    let unclear: Vec<(u64, String)> = serde_json::from_value(unclear).unwrap_or_default();
    let row = |(id, code)| {
        let detail =
            "it appeared while answers were lost, and may be this job's or somebody else's".to_owned();
        Row::new(code, Some(id), "unknown", detail)
    };
    unclear.into_iter().map(row).collect()
}

fn of_unit(kind: Kind, unit: &Unit) -> Vec<Row> {
    match (kind, unit.state) {
        (Kind::Delete, _) => of_deletion(unit),
        (_, UnitState::Planned) => Vec::new(),
        _ if unit.payload == "{}" => of_batch(unit),
        _ => vec![of_single(unit)],
    }
}

fn of_batch(unit: &Unit) -> Vec<Row> {
    let made: Option<BatchMade> = unit.result.as_deref().and_then(|made| serde_json::from_str(made).ok());
    let Some(made) = made else {
        let detail = format!("a batch of {}: {}", count(unit.size, "code"), doubt(unit));
        return vec![Row::new(String::new(), None, "unknown", detail)];
    };
    let adopted = !made.ids.is_empty();
    let ids = made.ids.into_iter().map(Some).chain(std::iter::repeat(None));
    let outcome = if adopted { "adopted" } else { "created" };
    made.codes.into_iter().zip(ids).map(|(code, id)| Row::new(code, id, outcome, "")).collect()
}

fn of_single(unit: &Unit) -> Row {
    let asked: Option<SingleCode> = serde_json::from_str(&unit.payload).ok();
    let made: Option<SingleMade> = unit.result.as_deref().and_then(|made| serde_json::from_str(made).ok());
    let limits = asked.as_ref().map(|asked| UseLimits {
        max_uses: asked.max_uses.into(),
        max_uses_per_customer: asked.max_uses_per_customer.into(),
    });
    let code = asked.map(|asked| asked.code).unwrap_or_default();
    let row = match made {
        Some(SingleMade { id, outcome, uses, detail }) => Row {
            uses: uses.unwrap_or_default(),
            ..Row::new(code, id, named(&outcome), detail.unwrap_or_default())
        },
        None => Row::new(code, None, "unknown", doubt(unit)),
    };
    Row { limits, ..row }
}

/// Of a deletion that is planned again, some may be gone already.
fn of_deletion(unit: &Unit) -> Vec<Row> {
    let held = unit.result.as_deref().unwrap_or(&unit.payload);
    let doomed: Doomed = serde_json::from_str(held).unwrap_or_default();
    let row = |code: DoomedCode, outcome, detail: String| Row::new(code.code, Some(code.id), outcome, detail);
    let gone = doomed.gone.into_iter().map(|code| row(code, "deleted", String::new()));
    let kept = doomed.kept.into_iter().map(|(code, why)| row(code, "failed", why));
    let left = if unit.state == UnitState::Planned { Vec::new() } else { doomed.codes };
    let left = left.into_iter().map(|code| row(code, "unknown", doubt(unit).to_owned()));
    gone.chain(kept).chain(left).collect()
}

fn doubt(unit: &Unit) -> &'static str {
    match unit.state {
        UnitState::Sending => "its answer is not known yet",
        _ => "its answer was lost",
    }
}

fn named(outcome: &str) -> &'static str {
    match outcome {
        "created" => "created",
        "already_existed" => "already_existed",
        "adopted" => "adopted",
        _ => "failed",
    }
}

#[cfg(test)]
mod tests;
