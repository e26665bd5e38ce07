//! What keeps a walk over pages from going on for ever.

use std::collections::{HashMap, HashSet};

use crate::bigcommerce::limits::MAX_ROWS;

/// What pages a walk may have beyond those that the first one announced: rows are added while it goes on.
const PAGES_BESIDES: u64 = 20;

/// Why pages cannot be a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageFault {
    /// A cursor came a second time, so that the pages go round.
    #[error("pages that go round: a cursor came twice")]
    CursorCameTwice,
    /// All rows of a page had come before.
    #[error("a page without a new row, and yet more pages")]
    NothingNew,
    /// More rows or pages than the first page announced.
    #[error("pages without end: {rows} rows on {pages} pages, which is more than was announced")]
    Endless {
        /// Rows so far.
        rows: u64,
        /// Pages so far.
        pages: u64,
    },
}

/// Watches a walk: its bound by what the first page says, and whether it comes round.
///
/// Rows that go or are added meanwhile are no fault; a page of which every row has come before is one. All ids
/// are kept, 64 to an entry as they are mostly dense, because the order of rows is not documented.
#[derive(Debug)]
pub struct PageGuard {
    page_size: u64,
    rows: u64,
    pages: u64,
    most_rows: u64,
    cursors: HashSet<String>,
    ids: HashMap<u64, u64>,
}

impl PageGuard {
    /// For a walk from the first row, or from behind a cursor, by so many rows a page.
    pub fn new(page_size: u32, after: Option<&str>) -> Self {
        Self {
            page_size: u64::from(page_size).max(1),
            rows: 0,
            pages: 0,
            most_rows: MAX_ROWS,
            cursors: after.map(str::to_owned).into_iter().collect(),
            ids: HashMap::new(),
        }
    }

    /// Takes note of a page before anything is made of it. `total` is what it says of all rows, `next` the
    /// cursor by which the walk goes on, if it does.
    ///
    /// # Errors
    /// The [`PageFault`] by which the walk must end.
    pub fn pass(
        &mut self,
        ids: impl IntoIterator<Item = u64>,
        total: Option<u64>,
        next: Option<&str>,
    ) -> Result<(), PageFault> {
        let (mut rows, mut any_new) = (0, false);
        for id in ids {
            rows += 1;
            any_new |= self.is_new(id);
        }
        if self.pages == 0
            && let Some(total) = total
        {
            let room = (total / 2).saturating_add(PAGES_BESIDES * self.page_size);
            self.most_rows = total.saturating_add(room).min(MAX_ROWS);
        }
        self.pages += 1;
        self.rows += rows;
        if next.is_some_and(|next| !self.cursors.insert(next.to_owned())) {
            return Err(PageFault::CursorCameTwice);
        }
        if rows > 0 && !any_new {
            return Err(PageFault::NothingNew);
        }
        let most_pages = self.most_rows.div_ceil(self.page_size);
        if self.rows > self.most_rows || self.pages > most_pages {
            return Err(PageFault::Endless { rows: self.rows, pages: self.pages });
        }
        Ok(())
    }

    fn is_new(&mut self, id: u64) -> bool {
        let block = self.ids.entry(id / 64).or_default();
        let bit = 1 << (id % 64);
        let is_new = *block & bit == 0;
        *block |= bit;
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(guard: &mut PageGuard, first: u64, total: Option<u64>, next: &str) -> Result<(), PageFault> {
        guard.pass(first..first + 250, total, Some(next))
    }

    #[test]
    fn a_cycle_is_seen_at_its_first_repetition() {
        let mut by_cursor = PageGuard::new(250, None);
        assert_eq!(page(&mut by_cursor, 0, None, "a"), Ok(()));
        assert_eq!(page(&mut by_cursor, 250, None, "b"), Ok(()));
        assert_eq!(page(&mut by_cursor, 500, None, "a"), Err(PageFault::CursorCameTwice));

        let mut by_rows = PageGuard::new(250, None);
        assert_eq!(page(&mut by_rows, 0, None, "a"), Ok(()));
        assert_eq!(page(&mut by_rows, 250, None, "b"), Ok(()));
        assert_eq!(page(&mut by_rows, 0, None, "c"), Err(PageFault::NothingNew));

        let mut resumed = PageGuard::new(250, Some("a"));
        assert_eq!(page(&mut resumed, 0, None, "a"), Err(PageFault::CursorCameTwice));
    }

    #[test]
    fn rows_that_move_or_are_added_meanwhile_are_no_fault() {
        let mut guard = PageGuard::new(250, None);
        for number in 0..20 {
            // Each page repeats a row of the last one, and there are four times as many as announced.
            assert_eq!(page(&mut guard, number * 249, Some(1_250), &number.to_string()), Ok(()));
        }
        assert_eq!(guard.pass([], None, None), Ok(()));
    }

    #[test]
    fn pages_end_soon_after_what_the_first_one_announced() {
        for (total, most) in [(Some(1_000), 6_500), (Some(0), 5_000), (None, MAX_ROWS)] {
            let mut guard = PageGuard::new(250, None);
            let pages =
                (0..).take_while(|number| page(&mut guard, number * 250, total, &number.to_string()).is_ok());
            assert_eq!(pages.count() as u64 * 250, most, "{total:?}");
        }
    }

    #[test]
    fn pages_of_single_rows_end_too() {
        let mut guard = PageGuard::new(250, None);
        let pages = (0..).take_while(|&id| guard.pass([id], None, None).is_ok());
        assert_eq!(pages.count() as u64, MAX_ROWS / 250);
    }
}
