//! `coupon-mcp jobs run`: the store's pending jobs are finished without a host.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::changes::Desk;
use crate::cli::store::{self, ServeArgs};
use crate::cli::{exit, output};
use crate::jobs::JobRecord;
use crate::transport::stop_signal;

use super::watch::Watch;

/// How often is looked for news: for what other processes do nobody tells any.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub(in crate::cli) struct RunCommand {
    #[command(flatten)]
    serve: ServeArgs,
}

/// Ends when no job of the store is running any more, in whatever process; how each ended is told on the way.
pub(super) async fn run(command: &RunCommand) -> anyhow::Result<ExitCode> {
    let guards = command.serve.guard.resolve()?;
    let desk = store::desk(&command.serve, &guards)?;
    let jobs = Arc::clone(desk.jobs());
    if !store::is_kept(&command.serve)? {
        super::note_nothing_kept();
        return Ok(ExitCode::SUCCESS);
    }
    let mut shift = Shift { desk, watch: Watch::new(), ended_badly: false };
    let finished = tokio::select! {
        finished = shift.finish() => Some(finished),
        () = stop_signal() => None,
    };
    shift.watch.close();
    jobs.stop().await;
    let Some(finished) = finished else {
        output::note("stopped: `coupon-mcp jobs run` goes on with what is left");
        return Ok(ExitCode::from(exit::INTERRUPTED));
    };
    finished?;
    Ok(if shift.ended_badly { ExitCode::from(exit::JOB_FAILED) } else { ExitCode::SUCCESS })
}

/// The work until nothing is left to do.
struct Shift {
    desk: Desk,
    watch: Watch,
    /// Whether a job failed or needs attention.
    ended_badly: bool,
}

impl Shift {
    async fn finish(&mut self) -> anyhow::Result<()> {
        loop {
            let jobs = Arc::clone(self.desk.jobs());
            let pending = jobs.journal().running().await?;
            for taken in self.desk.take_over_jobs().await? {
                self.watch.begin(&taken);
            }
            self.tell_refused(&pending).await?;
            let mut running = jobs.journal().running().await?;
            let all = running.len();
            running.retain(|job| self.desk.may_go_on(job).is_ok());
            self.look_at(&running).await?;
            if running.is_empty() {
                if all > 0 {
                    output::note(&left_alone(all));
                }
                return Ok(());
            }
            let at_work = running.iter().any(|job| jobs.runs(&job.id));
            tokio::select! {
                () = jobs.wait_for_all(), if at_work => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Tells which pending jobs were ended instead of being gone on with.
    async fn tell_refused(&mut self, pending: &[JobRecord]) -> anyhow::Result<()> {
        for job in pending {
            let now = self.desk.jobs().job(&job.id).await?;
            if exit::is_bad_end(&now) && !self.watch.watches(&job.id) {
                self.ended_badly = true;
                self.watch.end(&now);
            }
        }
        Ok(())
    }

    /// Tells how far the running jobs are, and how those ended that were running before.
    async fn look_at(&mut self, running: &[JobRecord]) -> anyhow::Result<()> {
        for id in self.watch.gone(running) {
            let ended = self.desk.jobs().job(&id).await?;
            self.ended_badly |= exit::is_bad_end(&ended);
            self.watch.end(&ended);
        }
        for job in running {
            self.watch.news(job);
        }
        Ok(())
    }
}

fn left_alone(jobs: usize) -> String {
    let (jobs, are) = if jobs == 1 {
        ("1 pending job that writes".to_owned(), "is")
    } else {
        (format!("{jobs} pending jobs that write"), "are")
    };
    format!("note: {jobs} {are} left alone, because the operator's policy does not permit them")
}
