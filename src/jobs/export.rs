//! Codes written to a file while their pages stream by.
//!
//! The rows go to a file beside the one that was promised, which gets its name when the last of them is on the disk:
//! a file of that name is always whole. What is put down in the journal is on the disk before, so that a process that
//! goes on with the job cuts the file off there and writes on.

mod file;
mod rows;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::coupons::{CouponCode, UseLimits};

use super::JobRecord;
use super::reading::{self, Page, Pages, Place, Reader, Reading};
use super::report::{self, Report};
use super::run::{Halt, Run};
use super::spec::{CodesFile, ExportSpec};
use file::ExportFile;
pub use file::{FileFault, FileText, discard, read, reserve};
pub use rows::COLUMNS;

/// How far an export has come, as the journal keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    #[serde(flatten)]
    reading: Reading,
    #[serde(flatten)]
    place: Place,
    /// The length of the file up to there.
    bytes: u64,
}

/// Writes the file, or what is left of it. Its length comes back: `{"bytes"}`.
pub(super) async fn export(run: &Run, record: &JobRecord, spec: &ExportSpec) -> Result<Value, Halt> {
    let recorded = record.progress.as_ref().and_then(|progress| Progress::deserialize(progress).ok());
    let mut progress = recorded.unwrap_or_default();
    let (path, bytes) = (spec.path.clone(), progress.bytes);
    let mut file = blocking(move || ExportFile::open(&path, bytes)).await?;
    if file.len() == 0 {
        progress = Progress::default();
        file.write(rows::header())?;
    }
    let Progress { reading, place, .. } = progress;
    let pages = Pages::behind(spec.promotions.iter().map(|(id, _)| *id), &place);
    let only = match &spec.job {
        Some(id) => match run.journal.job(id).await? {
            Some(record) => Some(report::texts(&run.journal, &record, true).await?),
            None => Some(HashSet::new()),
        },
        None => None,
    };
    let mut export = Export { spec, only, file, place };
    reading::through(run, pages, reading, &mut export).await?;
    let bytes = export.file.len();
    blocking(move || export.file.finish()).await?;
    Ok(json!({ "bytes": bytes }))
}

/// Writes exactly the codes that a job made, or found there, as its journal has them: no request is sent.
pub(super) async fn codes_of_job(
    run: &Run,
    record: &JobRecord,
    codes: &CodesFile,
    limits: Option<UseLimits>,
) -> Result<Value, Halt> {
    let path = codes.path.clone();
    let mut file = blocking(move || ExportFile::open(&path, 0)).await?;
    file.write(rows::header())?;
    let promotion_id = record.promotion_id.unwrap_or_default();
    let mut report = Report::of(&run.journal, record);
    while let Some(page) = report.next().await? {
        let made = page.iter().filter(|row| row.succeeded());
        file.write(rows::of_job(promotion_id, &codes.promotion, made, limits))?;
    }
    let bytes = file.len();
    blocking(file.syncing()).await?;
    blocking(move || file.finish()).await?;
    Ok(json!({ "bytes": bytes }))
}

struct Export<'s> {
    spec: &'s ExportSpec,
    only: Option<HashSet<String>>,
    file: ExportFile,
    place: Place,
}

impl Reader for Export<'_> {
    fn take(&mut self, page: &Page) -> Result<u64, Halt> {
        let Some((id, name)) = self.spec.promotions.get(page.promotion) else { return Ok(0) };
        let mut fitting = 0;
        let is_wanted = |code: &&CouponCode| {
            let only = self.only.as_ref();
            self.spec.filter.fits(code)
                && only.is_none_or(|only| only.contains(&code.code.to_ascii_lowercase()))
        };
        let codes = page.codes.iter().filter(is_wanted).inspect(|_| fitting += 1);
        self.file.write(rows::of(*id, name, codes))?;
        self.place.clone_from(&page.behind);
        Ok(fitting)
    }

    async fn put_down(&mut self, run: &Run, reading: Reading) -> Result<(), Halt> {
        let progress = Progress { reading, place: self.place.clone(), bytes: self.file.len() };
        blocking(self.file.syncing()).await?;
        run.record_progress(&json!(progress)).await
    }
}

/// Runs what waits for the disk off the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FileFault> + Send + 'static,
) -> Result<T, Halt> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| Halt::failed(format!("The export crashed: {error}.")))??)
}

impl From<FileFault> for Halt {
    fn from(fault: FileFault) -> Self {
        Self::failed(format!("The export stopped, because {fault}."))
    }
}
