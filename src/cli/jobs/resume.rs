//! `coupon-mcp jobs resume`: a job goes on where it stopped, in this process.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use serde_json::json;

use crate::changes::Call;
use crate::cli::store;
use crate::cli::{exit, output};
use crate::jobs::JobState;
use crate::transport::stop_signal;

use super::watch::Watch;
use super::{One, view};

/// Longer than any job takes.
const TO_ITS_END: Duration = Duration::from_hours(24 * 365);

/// Ends when the job has ended.
pub(super) async fn run(One { id: asked, serve }: &One) -> anyhow::Result<ExitCode> {
    let id = &asked.id;
    let guards = serve.guard.resolve()?;
    let desk = store::desk(serve, &guards)?;
    let jobs = Arc::clone(desk.jobs());
    if !store::is_kept(serve)? {
        super::note_nothing_kept();
        return Ok(ExitCode::SUCCESS);
    }
    let before = super::job(jobs.journal(), asked).await?;
    if matches!(before.state, JobState::Done | JobState::Running) {
        let progress = view::progress(&before);
        output::data(&format!("{id} cannot be resumed: {}, {progress}", before.state.as_str()));
        return Ok(if before.state == JobState::Done { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let call = Call {
        caller: "cli".to_owned(),
        tool: "control_job",
        arguments: json!({ "job_id": id, "action": "resume" }),
        confirmed: "not_needed",
    };
    desk.resume_job(&call, id, &desk.store().patience()).await?;
    let mut watch = Watch::new();
    watch.begin(&jobs.job(id).await?);
    let ended = tokio::select! {
        ended = jobs.wait(id, TO_ITS_END, |_| async {}.boxed()) => Some(ended),
        () = stop_signal() => None,
    };
    jobs.stop().await;
    let code = if let Some(ended) = ended {
        let ended = ended?;
        watch.end(&ended);
        if exit::is_bad_end(&ended) { exit::JOB_FAILED } else { 0 }
    } else {
        output::note("stopped: `coupon-mcp jobs run` goes on with what is left");
        exit::INTERRUPTED
    };
    watch.close();
    Ok(ExitCode::from(code))
}
