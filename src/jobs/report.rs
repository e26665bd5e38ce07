//! What became of each code of a job.

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
}

impl Row {
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

fn unclear(record: &JobRecord) -> Vec<Row> {
    let unclear =
        record.result.as_ref().and_then(|result| result.get("unclear")).cloned().unwrap_or_default();
    let unclear: Vec<(u64, String)> = serde_json::from_value(unclear).unwrap_or_default();
    let row = |(id, code)| {
        let detail =
            "it appeared while answers were lost, and may be this job's or somebody else's".to_owned();
        Row { code, id: Some(id), outcome: "unknown", detail }
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
        let detail = format!("a batch of {} codes: {}", unit.size, doubt(unit));
        return vec![Row { code: String::new(), id: None, outcome: "unknown", detail }];
    };
    let adopted = !made.ids.is_empty();
    let ids = made.ids.into_iter().map(Some).chain(std::iter::repeat(None));
    let rows = made.codes.into_iter().zip(ids).map(|(code, id)| Row {
        code,
        id,
        outcome: if adopted { "adopted" } else { "created" },
        detail: String::new(),
    });
    rows.collect()
}

fn of_single(unit: &Unit) -> Row {
    let code =
        serde_json::from_str::<SingleCode>(&unit.payload).map(|single| single.code).unwrap_or_default();
    let made: Option<SingleMade> = unit.result.as_deref().and_then(|made| serde_json::from_str(made).ok());
    match made {
        Some(SingleMade { id, outcome, detail }) => {
            Row { code, id, outcome: named(&outcome), detail: detail.unwrap_or_default() }
        }
        None => Row { code, id: None, outcome: "unknown", detail: doubt(unit).to_owned() },
    }
}

/// Of a deletion that is planned again, some may be gone already.
fn of_deletion(unit: &Unit) -> Vec<Row> {
    let held = unit.result.as_deref().unwrap_or(&unit.payload);
    let doomed: Doomed = serde_json::from_str(held).unwrap_or_default();
    let row = |code: DoomedCode, outcome, detail: String| Row {
        code: code.code,
        id: Some(code.id),
        outcome,
        detail,
    };
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
