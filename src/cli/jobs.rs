//! `coupon-mcp jobs`: bulk jobs, from the shell.
//!
//! All but `run` and `resume` are about the jobs of all stores in the state directory and need no credentials.

mod cancel;
mod list;
mod report;
mod resume;
mod run;
mod show;
mod view;
mod watch;

use std::process::ExitCode;
use std::str::FromStr;

use anyhow::Context;
use clap::{Args, Subcommand};

use crate::jobs::{JobId, JobIdError, JobRecord, Journal, Scope};
use crate::state::Location;

use super::output;
use super::store::{self, ServeArgs};

#[derive(Debug, Subcommand)]
pub(super) enum JobsCommand {
    /// Finish the store's pending jobs without a host, and wait for those that other processes run.
    Run(run::RunCommand),
    /// List the latest jobs, the newest first.
    List(list::ListCommand),
    /// Show one job.
    Show(show::ShowCommand),
    /// Stop a job. What was done stays done, and the job can be resumed.
    Cancel(One),
    /// Let a job go on that was cancelled, failed or needs attention, and wait for its end.
    Resume(One),
    /// Print what became of each code of a job, as CSV: code,id,outcome,detail.
    Report(One),
}

/// One job.
#[derive(Debug, Args)]
pub(super) struct One {
    /// The job's id; `coupon-mcp jobs list` shows them.
    #[arg(value_name = "ID")]
    id: AskedFor,
    #[command(flatten)]
    serve: ServeArgs,
}

/// A job's id, and how it was typed: a character that is easily mistaken is read as the one that ids have.
#[derive(Debug, Clone)]
struct AskedFor {
    typed: String,
    id: JobId,
}

impl FromStr for AskedFor {
    type Err = JobIdError;

    fn from_str(typed: &str) -> Result<Self, JobIdError> {
        Ok(Self { typed: typed.trim().to_owned(), id: typed.parse()? })
    }
}

pub(super) async fn run(command: JobsCommand) -> anyhow::Result<ExitCode> {
    match command {
        JobsCommand::Run(command) => run::run(&command).await,
        JobsCommand::List(command) => list::run(&command).await,
        JobsCommand::Show(command) => show::run(&command).await,
        JobsCommand::Cancel(one) => cancel::run(&one).await,
        JobsCommand::Resume(one) => resume::run(&one).await,
        JobsCommand::Report(one) => report::run(&one).await,
    }
}

/// The journal of these settings' state directory, of which nothing is made that is not there.
fn journal(serve: &ServeArgs) -> anyhow::Result<Journal> {
    let location = store::location(serve, &serve.guard.resolve()?)?;
    if location == Location::Memory {
        note_nothing_kept();
    }
    Ok(Journal::new(location, Scope::All))
}

fn note_nothing_kept() {
    output::note(
        "note: the jobs of a practice store are forgotten when its process ends, so there is nothing to see; \
         --state-dir DIR keeps them",
    );
}

/// The job that is meant.
async fn job(journal: &Journal, asked: &AskedFor) -> anyhow::Result<JobRecord> {
    let found = journal.job(&asked.id).await?;
    found.with_context(|| {
        format!("there is no job {}; `coupon-mcp jobs list` shows those that there are", asked.typed)
    })
}
