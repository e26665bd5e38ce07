//! `coupon-mcp jobs report`: what became of each code, as CSV.

use std::process::ExitCode;

use crate::cli::output::{self, Csv};
use crate::coupons::text::no_formula;
use crate::jobs::JobState;
use crate::jobs::report::{Report, Row};

use super::{One, view};

const HEADER: [&str; 4] = ["code", "id", "outcome", "detail"];

pub(super) async fn run(One { id, serve }: &One) -> anyhow::Result<ExitCode> {
    let journal = super::journal(serve)?;
    let record = super::job(&journal, id).await?;
    let mut csv = Csv::new();
    let mut wanted = csv.rows([HEADER])?;
    if let Some(path) = view::path(&record) {
        let are = if record.state == JobState::Done { "are" } else { "will be" };
        output::note(&format!("note: an export changes no code; those that it found {are} in {path}"));
    } else if !record.kind.writes() {
        output::note(&format!("note: {} changes no code, so there is nothing to report", record.kind.tool()));
    }
    let mut report = Report::of(&journal, &record);
    while wanted.is_continue()
        && let Some(page) = report.next().await?
    {
        wanted = csv.rows(page.into_iter().map(cells))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn cells(row: Row) -> [String; 4] {
    let id = row.id.map(|id| id.to_string()).unwrap_or_default();
    [no_formula(row.code), id, row.outcome.to_owned(), no_formula(row.detail)]
}
