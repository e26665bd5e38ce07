//! `coupon-mcp jobs cancel`: a job stops, whoever runs it.

use std::process::ExitCode;
use std::time::Duration;

use tokio::time::Instant;

use crate::cli::output;
use crate::jobs::JobState;

use super::{One, view};

/// How long whoever runs the job may take to put down where it is.
const TO_STOP: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(100);

pub(super) async fn run(One { id: asked, serve }: &One) -> anyhow::Result<ExitCode> {
    let id = &asked.id;
    let journal = super::journal(serve)?;
    let before = super::job(&journal, asked).await?;
    if matches!(before.state, JobState::Done | JobState::Cancelled | JobState::Failed) {
        output::data(&format!(
            "{id} had ended already: {}, {}",
            before.state.as_str(),
            view::progress(&before)
        ));
        return Ok(ExitCode::SUCCESS);
    }
    journal.request_cancel(id).await?;
    let deadline = Instant::now() + TO_STOP;
    loop {
        let record = super::job(&journal, asked).await?;
        if record.state != JobState::Running {
            output::data(&format!("{id}: {}, {}", record.state.as_str(), view::progress(&record)));
            return Ok(ExitCode::SUCCESS);
        }
        if Instant::now() >= deadline {
            output::note(&format!(
                "error: {id} was asked to stop, and the process that runs it has not done so yet"
            ));
            return Ok(ExitCode::FAILURE);
        }
        tokio::time::sleep(LOOK).await;
    }
}
