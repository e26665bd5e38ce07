//! Codes and uses counted while their pages stream by.

use serde_json::{Value, json};

use crate::coupons::summary::Summary;

use super::reading::{self, Page, Pages, Place, Reader, Reading};
use super::run::{Halt, Run};
use super::spec::SummarizeSpec;

/// Counts from the first code on: what a process that died had counted is not kept.
pub(super) async fn summarize(run: &Run, spec: &SummarizeSpec) -> Result<Value, Halt> {
    let pages = Pages::behind([spec.promotion_id], &Place::default());
    let mut counting = Counting(Summary::new(&spec.request));
    reading::through(run, pages, Reading::default(), &mut counting).await?;
    Ok(json!({ "summary": counting.0.report() }))
}

struct Counting(Summary);

impl Reader for Counting {
    fn take(&mut self, page: &Page) -> Result<u64, Halt> {
        page.codes.iter().for_each(|code| self.0.add(code));
        Ok(page.codes.len() as u64)
    }

    async fn put_down(&mut self, run: &Run, reading: Reading) -> Result<(), Halt> {
        run.record_progress(&json!(reading)).await
    }
}
