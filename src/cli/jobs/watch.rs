//! Jobs under way, on stderr: a bar for each on a terminal, elsewhere a line at its begin and its end.

use std::collections::HashMap;
use std::io::{self, IsTerminal};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::output;
use crate::jobs::{JobId, JobRecord};
use crate::telemetry;

use super::view;

/// For a number of codes that is known, and for one that is not yet.
const MEASURED: &str = "{prefix} {wide_bar} {human_pos}/{human_len} {eta} {msg}";
const UNMEASURED: &str = "{prefix} {human_pos} {msg}";

/// What is told of jobs under way.
pub(super) struct Watch {
    bars: MultiProgress,
    watched: HashMap<JobId, Watched>,
}

struct Watched {
    bar: ProgressBar,
    is_elsewhere: bool,
}

impl Watch {
    pub(super) fn new() -> Self {
        let bars = MultiProgress::new();
        if telemetry::is_json() {
            bars.set_draw_target(ProgressDrawTarget::hidden());
        } else if io::stderr().is_terminal() {
            let above = bars.clone();
            telemetry::write_within(move |write| above.suspend(write));
        }
        Self { bars, watched: HashMap::new() }
    }

    /// This process begins to run a job.
    pub(super) fn begin(&mut self, job: &JobRecord) {
        output::note(&format!("{}: {}", job.id, view::title(job)));
        self.watch(job, false);
    }

    /// A job as it is now.
    pub(super) fn news(&mut self, job: &JobRecord) {
        let known = self.watched.get(&job.id);
        if job.owned_elsewhere && known.is_none_or(|known| !known.is_elsewhere) {
            output::note(&format!("{}: {}; another process runs it", job.id, view::title(job)));
            self.watch(job, true);
        }
        if let Some(Watched { bar, .. }) = self.watched.get(&job.id) {
            if bar.length() == Some(0) {
                bar.set_style(style(job));
            }
            bar.set_length(job.counts.requested);
            bar.set_position(job.counts.succeeded + job.counts.failed);
        }
    }

    /// The jobs that were watched and are not running any more.
    pub(super) fn gone(&self, running: &[JobRecord]) -> Vec<JobId> {
        let is_running = |id: &JobId| running.iter().any(|job| job.id == *id);
        self.watched.keys().filter(|id| !is_running(id)).cloned().collect()
    }

    /// Whether a job is watched.
    pub(super) fn watches(&self, id: &JobId) -> bool {
        self.watched.contains_key(id)
    }

    /// A job has ended.
    pub(super) fn end(&mut self, job: &JobRecord) {
        self.forget(&job.id);
        let reason = job.reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
        output::note(&format!("{}: {}, {}{reason}", job.id, job.state.as_str(), view::progress(job)));
    }

    /// Clears the terminal for what is said after.
    pub(super) fn close(&mut self) {
        // There is nobody to tell if the terminal is gone.
        let _ = self.bars.clear();
        self.watched.clear();
    }

    fn watch(&mut self, job: &JobRecord, is_elsewhere: bool) {
        self.forget(&job.id);
        let counts = job.counts;
        let bar = ProgressBar::new(counts.requested)
            .with_style(style(job))
            .with_position(counts.succeeded + counts.failed)
            .with_prefix(format!("{} {}", job.id, job.kind.as_str()))
            .with_message(if is_elsewhere { "elsewhere" } else { "" });
        let bar = self.bars.add(bar);
        // What was done before says nothing of the pace now.
        bar.reset_eta();
        bar.tick();
        self.watched.insert(job.id.clone(), Watched { bar, is_elsewhere });
    }

    fn forget(&mut self, id: &JobId) {
        if let Some(watched) = self.watched.remove(id) {
            watched.bar.finish_and_clear();
            self.bars.remove(&watched.bar);
        }
    }
}

fn style(job: &JobRecord) -> ProgressStyle {
    let template = if job.counts.requested > 0 { MEASURED } else { UNMEASURED };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
