//! Reading a promotion's codes for a job: page by page, through outages, until the job shall stop.

use std::sync::Arc;

use crate::bigcommerce::PageGuard;
use crate::bigcommerce::page::MAX_LIMIT;
use crate::coupons::CouponCode;

use super::reason;
use super::run::{Halt, Run};

/// A walk through a promotion's codes.
#[derive(Debug)]
pub(super) struct Walk {
    promotion_id: u64,
    cursor: Option<String>,
    total: Option<u64>,
    guard: PageGuard,
    over: bool,
}

impl Walk {
    /// A walk through all codes, or through those behind a cursor.
    pub(super) fn of(promotion_id: u64, after: Option<String>) -> Self {
        let guard = PageGuard::new(MAX_LIMIT, after.as_deref());
        Self { promotion_id, cursor: after, total: None, guard, over: false }
    }

    /// The next page of at most 250; `None` behind the last one.
    pub(super) async fn next(&mut self, run: &Run) -> Result<Option<Vec<CouponCode>>, Halt> {
        if self.over {
            return Ok(None);
        }
        let (store, promotion_id) = (&run.store, self.promotion_id);
        let (page, cursor, total, over) = run
            .read(|patience| {
                let (store, after) = (Arc::clone(store), self.cursor.clone());
                async move {
                    let mut walk = store.walk_codes(promotion_id, after);
                    let page = walk.next(&patience).await?;
                    Ok((page, walk.cursor().map(str::to_owned), walk.total(), walk.is_over()))
                }
            })
            .await?;
        // Each page is a walk of its own, which has not seen the pages before.
        let ids = page.iter().flatten().map(|code| code.id);
        let next = cursor.as_deref().filter(|_| !over);
        self.guard.pass(ids, total, next).map_err(|fault| Halt::failed(reason::of_api(&fault.into())))?;
        self.cursor = cursor.or_else(|| self.cursor.take());
        self.total = self.total.or(total);
        self.over = over || page.is_none();
        Ok(page)
    }

    /// Behind the last row that was read.
    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Whether the last page was read.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// Codes in all, as the first page told it.
    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }
}
