//! What an undo without an id means.

use crate::changes::{ChangeError, Desk};
use crate::jobs::spec::{Spec, WorkSpec};
use crate::jobs::{JobId, JobRecord, Kind, report};

/// Jobs that are looked at for the caller's last one.
const LOOKED_AT: u32 = 50;

impl Desk {
    /// The caller's last job that made codes, if it is later than their last change and was not undone: then it is what
    /// they mean by undoing the last thing that was done.
    ///
    /// # Errors
    /// The state or the journal cannot be read.
    pub async fn last_job_to_undo(&self, caller: &str) -> Result<Option<JobId>, ChangeError> {
        let change = self.state().latest_change(caller).await?;
        let jobs = self.jobs().journal().latest(LOOKED_AT).await?;
        let undone: Vec<JobId> = jobs.iter().filter_map(undoes).collect();
        let may_be_meant = |job: &&JobRecord| {
            job.caller == caller
                && matches!(job.kind, Kind::Generate | Kind::Import)
                && job.counts.succeeded > 0
                && !undone.contains(&job.id)
                && change.as_ref().is_none_or(|change| job.created_at > change.at)
        };
        for job in jobs.iter().filter(may_be_meant) {
            // An import counts those, too, that were there before.
            let made = report::texts(self.jobs().journal(), job, false).await?;
            if !made.is_empty() {
                return Ok(Some(job.id.clone()));
            }
        }
        Ok(None)
    }
}

/// The job whose codes this one deletes.
fn undoes(job: &JobRecord) -> Option<JobId> {
    match Spec::read(job).ok()?.work {
        WorkSpec::Delete(delete) => delete.made_by,
        _ => None,
    }
}
