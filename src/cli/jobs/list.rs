//! `coupon-mcp jobs list`: the latest jobs.

use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;

use crate::cli::output;
use crate::cli::store::ServeArgs;
use crate::clock::Clock;
use crate::jobs::JobRecord;

use super::view::{self, JobView};

#[derive(Debug, Args)]
pub(in crate::cli) struct ListCommand {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// So many at most.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    #[command(flatten)]
    serve: ServeArgs,
}

/// What a narrow terminal does not show; `--json` and `jobs show` do.
const SPARE: [&str; 5] = ["CREATED", "STORE", "PROMOTION", "UNKNOWN", "FAILED"];

pub(super) async fn run(command: &ListCommand) -> anyhow::Result<ExitCode> {
    let records = super::journal(&command.serve)?.latest(command.limit).await?;
    if command.json {
        output::json(&records.iter().map(JobView::of).collect::<Vec<_>>())?;
    } else if records.is_empty() {
        output::note("there is no job");
    } else {
        let now = Clock::system().now();
        let header =
            ["JOB", "KIND", "STATE", "DONE", "FAILED", "UNKNOWN", "PROMOTION", "CREATED", "AGE", "STORE"];
        output::table(header, records.iter().map(|record| row(record, now)).collect(), &SPARE);
    }
    Ok(ExitCode::SUCCESS)
}

fn row(record: &JobRecord, now: Timestamp) -> [String; 10] {
    let counts = record.standing();
    [
        record.id.to_string(),
        record.kind.as_str().to_owned(),
        record.state.as_str().to_owned(),
        format!("{}/{}", counts.succeeded, counts.requested),
        counts.failed.to_string(),
        counts.unknown.to_string(),
        record.promotion_id.map_or_else(|| "-".to_owned(), |id| id.to_string()),
        view::time(record.created_at),
        view::age(record.created_at, now),
        record.store.clone(),
    ]
}
