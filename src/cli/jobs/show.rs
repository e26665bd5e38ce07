//! `coupon-mcp jobs show`: one job in full, and what can be done about it.

use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;

use crate::cli::output::{self, Style};
use crate::clock::Clock;
use crate::coupons::clean;
use crate::jobs::JobRecord;

use super::One;
use super::view::{self, JobView};

/// The widest label, and a gap.
const LABEL: usize = 11;

#[derive(Debug, Args)]
pub(in crate::cli) struct ShowCommand {
    #[command(flatten)]
    one: One,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(command: &ShowCommand) -> anyhow::Result<ExitCode> {
    let One { id, serve } = &command.one;
    let record = super::job(&super::journal(serve)?, id).await?;
    if command.json {
        output::json(&JobView::of(&record))?;
    } else {
        let style = Style::of_stdout();
        for (label, value) in lines(&record, Clock::system().now()) {
            output::data(&format!("{}{value}", style.dim(&format!("{label:LABEL$}"))));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn lines(record: &JobRecord, now: Timestamp) -> Vec<(&'static str, String)> {
    let when = |at| format!("{} ({} ago)", view::time(at), view::age(at, now));
    let mut lines = vec![
        ("job", record.id.to_string()),
        ("kind", record.kind.as_str().to_owned()),
        ("state", record.state.as_str().to_owned()),
        ("reason", record.reason.clone().unwrap_or_default()),
        ("codes", format!("{}, {} left", view::progress(record), record.standing().remaining)),
        ("promotion", record.promotion_id.map(|id| id.to_string()).unwrap_or_default()),
        ("file", view::path(record).unwrap_or_default()),
        ("summary", view::summary(record).map(ToString::to_string).unwrap_or_default()),
        ("store", record.store.clone()),
        ("arguments", record.arguments.to_string()),
        ("begun", when(record.created_at)),
        ("ended", record.ended_at.map(when).unwrap_or_default()),
        ("next", view::next_step(record)),
    ];
    lines.retain(|(_, value)| !value.is_empty());
    // What came from elsewhere must not steer a terminal.
    lines.into_iter().map(|(label, value)| (label, clean(&value))).collect()
}
