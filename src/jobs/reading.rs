//! Jobs that only read: the codes of promotions page by page, the next page on its way while one is dealt with.

use std::collections::VecDeque;
use std::pin::pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

use crate::coupons::CouponCode;

use super::run::{Halt, Run};
use super::walk::Walk;
use super::{Counts, Kind};

/// How often it is put down how far the work has come.
const OFTEN: Duration = Duration::from_millis(500);

/// How far a job that reads has come. It has no units: its counts are these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reading {
    /// Codes of the promotions that were begun, as their first pages told it.
    pub(super) expected: u64,
    /// Codes read.
    pub(super) read: u64,
    /// Codes of them that fit.
    pub(super) rows: u64,
}

impl Reading {
    /// What the progress of a job tells; `None` for a job with units.
    pub(super) fn of(kind: Kind, progress: Option<&Value>) -> Option<Self> {
        let reads = matches!(kind, Kind::Export | Kind::Summarize);
        let progress = || progress.and_then(|progress| Self::deserialize(progress).ok());
        reads.then(|| progress().unwrap_or_default())
    }

    /// The same in the terms of all jobs. As long as codes are left that may fit, all of those are asked for.
    pub(super) fn counts(self) -> Counts {
        let remaining = self.expected.saturating_sub(self.read);
        Counts {
            requested: self.rows.saturating_add(remaining),
            succeeded: self.rows,
            failed: 0,
            unknown: 0,
            remaining,
        }
    }

    /// Takes note of a page and of how many of its codes fit.
    pub(super) fn add(&mut self, page: &Page, rows: u64) {
        if page.is_first {
            self.expected = self.read.saturating_add(page.total.unwrap_or_default());
        }
        self.read += page.codes.len() as u64;
        self.rows += rows;
        self.expected = self.expected.max(self.read);
    }

    /// Takes note that no page is left: codes that were announced and did not come are not there any more.
    pub(super) fn end(&mut self) {
        self.expected = self.read;
    }
}

/// Where in its promotions a job is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Counted from 0.
    pub(super) promotion: usize,
    /// Behind the last code that was read of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cursor: Option<String>,
}

/// A page of codes, never an empty one.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) codes: Vec<CouponCode>,
    /// Whose codes they are: a promotion's number, counted from 0.
    pub(super) promotion: usize,
    /// Where the work goes on behind it.
    pub(super) behind: Place,
    /// Whether it is the first of its promotion.
    is_first: bool,
    /// Codes of the promotion in all, where a first page tells it.
    total: Option<u64>,
}

/// The pages of some promotions, one promotion after the other.
#[derive(Debug)]
pub(super) struct Pages {
    promotions: VecDeque<(usize, u64)>,
    walk: Option<(usize, Walk)>,
    is_first: bool,
}

impl Pages {
    /// Those behind a place.
    pub(super) fn behind(promotions: impl IntoIterator<Item = u64>, place: &Place) -> Self {
        let mut promotions: VecDeque<_> = promotions.into_iter().enumerate().skip(place.promotion).collect();
        let walk = place.cursor.clone().and_then(|cursor| {
            let (index, promotion_id) = promotions.pop_front()?;
            Some((index, Walk::of(promotion_id, Some(cursor))))
        });
        Self { promotions, walk, is_first: false }
    }

    /// The next page; `None` behind the last one.
    async fn next(&mut self, run: &Run) -> Result<Option<Page>, Halt> {
        loop {
            let Some((promotion, walk)) = &mut self.walk else {
                let Some((promotion, id)) = self.promotions.pop_front() else { return Ok(None) };
                self.walk = Some((promotion, Walk::of(id, None)));
                self.is_first = true;
                continue;
            };
            let Some(codes) = walk.next(run).await? else {
                self.walk = None;
                continue;
            };
            let promotion = *promotion;
            let behind = match walk.cursor() {
                Some(cursor) if !walk.is_over() => Place { promotion, cursor: Some(cursor.to_owned()) },
                _ => Place { promotion: promotion + 1, cursor: None },
            };
            let is_first = std::mem::take(&mut self.is_first);
            return Ok(Some(Page { codes, promotion, behind, is_first, total: walk.total() }));
        }
    }
}

/// What is made of pages.
pub(super) trait Reader {
    /// Deals with a page, and says how many of its codes fit. Nothing else is done meanwhile, so it is fast.
    fn take(&mut self, page: &Page) -> Result<u64, Halt>;

    /// Puts down how far the work has come.
    fn put_down(&mut self, run: &Run, reading: Reading) -> impl Future<Output = Result<(), Halt>> + Send;
}

/// Leads all pages through a reader that has come as far as `reading` says. How far it comes is put down on the way,
/// and when the work ends, however it ends.
///
/// # Errors
/// The [`Halt`] that came before the last page.
pub(super) async fn through(
    run: &Run,
    mut pages: Pages,
    mut reading: Reading,
    reader: &mut impl Reader,
) -> Result<(), Halt> {
    match stream(run, &mut pages, &mut reading, reader).await {
        Err(halt @ Halt::Journal(_)) => Err(halt),
        ended => {
            let put_down = reader.put_down(run, reading).await;
            ended.and(put_down)
        }
    }
}

async fn stream(
    run: &Run,
    pages: &mut Pages,
    reading: &mut Reading,
    reader: &mut impl Reader,
) -> Result<(), Halt> {
    let mut due = Instant::now() + OFTEN;
    let mut page = pages.next(run).await?;
    while let Some(read) = page {
        let rows = reader.take(&read)?;
        reading.add(&read, rows);
        let mut next = pin!(pages.next(run));
        page = tokio::select! {
            // The request first, so that it is on its way while the disk works.
            biased;
            next = &mut next => next?,
            () = tokio::time::sleep_until(due) => {
                reader.put_down(run, *reading).await?;
                due = Instant::now() + OFTEN;
                next.await?
            }
        };
    }
    reading.end();
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(codes: u64, is_first: bool, total: Option<u64>) -> Page {
        let code = |id| CouponCode {
            id,
            code: format!("C{id}"),
            current_uses: 0,
            limits: crate::coupons::UseLimits::default(),
            created: None,
        };
        let codes = (0..codes).map(code).collect();
        Page { codes, promotion: 0, behind: Place::default(), is_first, total }
    }

    fn counts(requested: u64, succeeded: u64, remaining: u64) -> Counts {
        Counts { requested, succeeded, remaining, ..Counts::default() }
    }

    #[test]
    fn a_promotion_counts_from_its_first_page_on_and_codes_that_do_not_fit_no_more() {
        let mut reading = Reading::default();
        assert_eq!(reading.counts(), counts(0, 0, 0));
        reading.add(&page(2, true, Some(5)), 2);
        assert_eq!(reading.counts(), counts(5, 2, 3));
        reading.add(&page(3, false, None), 1);
        assert_eq!(reading.counts(), counts(3, 3, 0));
        reading.add(&page(1, true, None), 0);
        assert_eq!(reading.counts(), counts(3, 3, 0));
        reading.add(&page(1, true, Some(4)), 1);
        assert_eq!(reading.counts(), counts(7, 4, 3));
        reading.end();
        assert_eq!(reading.counts(), counts(4, 4, 0));
    }

    #[test]
    fn only_jobs_without_units_are_counted_by_their_progress() {
        let progress = json!({"promotion": 3, "expected": 9, "read": 5, "rows": 4});
        let reading = Reading { expected: 9, read: 5, rows: 4 };
        assert_eq!(Reading::of(Kind::Export, Some(&progress)), Some(reading));
        assert_eq!(Reading::of(Kind::Summarize, None), Some(Reading::default()));
        assert_eq!(Reading::of(Kind::Delete, Some(&progress)), None);
    }
}
