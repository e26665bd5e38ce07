//! Finding promotions: by what the API filters, and by what has to be computed.

use futures::stream::{self, StreamExt, TryStreamExt};
use http::StatusCode;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use crate::bigcommerce::page::MAX_LIMIT;
use crate::bigcommerce::{ApiError, CodeQuery, PageGuard, Patience, PromotionPage, PromotionQuery};

use super::promotion::Kind;
use super::{CodeText, EffectiveState, Promotion, Store, clean};

/// Pages of [`MAX_LIMIT`] that a computed filter looks through at most: BigCommerce recommends fewer than 100
/// active promotions, so this is far beyond a usual store.
const MOST_PAGES: u64 = 20;
/// Promotions with so many codes or fewer show all of them in a [`CodesGlimpse`].
const FEW: u32 = 10;
/// Codes that it shows of others.
const EXAMPLES: usize = 3;
/// Promotions whose codes are read at once.
const GLIMPSES_AT_ONCE: usize = 4;

/// Which promotions; every filter that is set must hold.
#[derive(Debug, Clone)]
pub struct PromotionFilter {
    /// A part of the name, or of a code.
    pub text: Option<String>,
    /// The promotion that has this code.
    pub code: Option<CodeText>,
    /// With a code or without; `None` = both.
    pub kind: Option<Kind>,
    /// Those for this channel, and those for all channels.
    pub channel: Option<u64>,
    /// ISO 4217, in capitals.
    pub currency: Option<String>,
    /// Those in this state.
    pub state: Option<EffectiveState>,
    /// Those that end within so many days. Without a `state`, only those that shoppers can use until then.
    pub expiring_within_days: Option<u32>,
    /// Rows per page, 1-250.
    pub limit: u32,
    /// From 1. Pages count what passes all filters.
    pub page: u64,
}

/// One page of promotions, the newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct PromotionList {
    /// The rows.
    pub promotions: Vec<Promotion>,
    /// Whether another page follows.
    pub more: bool,
    /// Whether all of the store's promotions were looked at where that was needed.
    pub complete: bool,
    /// Promotions that only the kind keeps out of an otherwise unfiltered list, where BigCommerce tells how many.
    pub of_another_kind: Option<u64>,
}

/// A look at a promotion's codes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(description = "")]
pub struct CodesGlimpse {
    /// How many there are, where BigCommerce says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// All, of at most 10; else 3.
    pub examples: Vec<CodeGlimpse>,
}

/// A code in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(description = "")]
#[allow(missing_docs, reason = "a field's own doc is published: only what its name does not tell")]
pub struct CodeGlimpse {
    pub code: String,
    pub current_uses: u64,
}

impl CodesGlimpse {
    /// `WEL-1 (3 uses); WEL-2 (0 uses)`
    pub fn in_a_line(&self) -> String {
        let one = |CodeGlimpse { code, current_uses }: &CodeGlimpse| {
            format!("{code} ({current_uses} {})", if *current_uses == 1 { "use" } else { "uses" })
        };
        self.examples.iter().map(one).collect::<Vec<_>>().join("; ")
    }
}

impl PromotionFilter {
    /// Whether the API cannot filter by all of it.
    fn is_computed(&self) -> bool {
        self.state.is_some() || self.expiring_within_days.is_some()
    }

    fn admits(&self, promotion: &Promotion, now: Timestamp, zone: Option<&TimeZone>) -> bool {
        let state = promotion.state(now, zone);
        let ends_in_time = |days: u32| {
            let latest = now.saturating_add(SignedDuration::from_hours(24 * i64::from(days)));
            promotion.ends.is_some_and(|end| latest.is_ok_and(|latest| now <= end && end <= latest))
        };
        let usable = matches!(state, EffectiveState::Active | EffectiveState::Scheduled);
        match (self.state, self.expiring_within_days) {
            (Some(wanted), days) => state == wanted && days.is_none_or(ends_in_time),
            (None, Some(days)) => usable && ends_in_time(days),
            (None, None) => true,
        }
    }

    fn query(&self) -> PromotionQuery {
        PromotionQuery {
            query: self.text.clone(),
            redemption_type: self.kind.map(|kind| match kind {
                Kind::Coupon => "coupon",
                Kind::Automatic => "automatic",
            }),
            currency_code: self.currency.clone(),
            channel: self.channel,
            newest_first: true,
            ..PromotionQuery::default()
        }
    }
}

impl Store {
    /// One page of the promotions that pass `filter` at `now`.
    ///
    /// The API pages what it can filter by; for a computed filter its pages are read from the first on, until
    /// the page asked for and one row more are found.
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn list_promotions(
        &self,
        filter: &PromotionFilter,
        now: Timestamp,
        patience: &Patience,
    ) -> Result<PromotionList, ApiError> {
        let query = filter.query();
        let Some(code) = &filter.code else {
            let ((list, _), of_another_kind) = tokio::try_join!(
                self.read_promotions(filter, query, now, patience),
                self.count_of_another_kind(filter, now, patience),
            )?;
            return Ok(PromotionList { of_another_kind, ..list });
        };
        // Whether the API's `code` filter compares case is not documented.
        let mut last =
            PromotionList { promotions: Vec::new(), more: false, complete: true, of_another_kind: None };
        for spelling in code.spellings() {
            let query = PromotionQuery { code: Some(spelling), ..query.clone() };
            let (list, any) = self.read_promotions(filter, query, now, patience).await?;
            last = list;
            if any {
                break;
            }
        }
        Ok(last)
    }

    /// How many promotions pass all filters but the kind. One request; `None` where nobody asked for a kind, and where
    /// the answer is none.
    async fn count_of_another_kind(
        &self,
        filter: &PromotionFilter,
        now: Timestamp,
        patience: &Patience,
    ) -> Result<Option<u64>, ApiError> {
        let other = match filter.kind {
            Some(Kind::Coupon) => Kind::Automatic,
            Some(Kind::Automatic) => Kind::Coupon,
            None => return Ok(None),
        };
        let query = PromotionFilter { kind: Some(other), ..filter.clone() }.query();
        let limit = if filter.is_computed() { MAX_LIMIT } else { 1 };
        let query = PromotionQuery { page: Some(1), limit: Some(limit), ..query };
        let page = self.client.list_promotions(&query, patience).await?;
        if !filter.is_computed() {
            let seen = (!page.more).then_some(page.promotions.len() as u64);
            return Ok(page.total.or(seen).filter(|&count| count > 0));
        }
        if page.more {
            return Ok(None);
        }
        let read: Vec<_> = page.promotions.into_iter().map(Promotion::from).collect();
        let zone = self.zone_for(&read, patience).await;
        let passing = read.iter().filter(|read| filter.admits(read, now, zone.as_ref())).count() as u64;
        Ok(Some(passing).filter(|&count| count > 0))
    }

    /// The page, and whether the API knew any promotion for the query.
    async fn read_promotions(
        &self,
        filter: &PromotionFilter,
        query: PromotionQuery,
        now: Timestamp,
        patience: &Patience,
    ) -> Result<(PromotionList, bool), ApiError> {
        if filter.is_computed() {
            return self.walk_promotions(filter, query, now, patience).await;
        }
        let query = PromotionQuery { page: Some(filter.page), limit: Some(filter.limit), ..query };
        let PromotionPage { promotions, more, .. } = self.client.list_promotions(&query, patience).await?;
        let promotions: Vec<_> = promotions.into_iter().map(Promotion::from).collect();
        let any = !promotions.is_empty();
        Ok((PromotionList { promotions, more, complete: true, of_another_kind: None }, any))
    }

    async fn walk_promotions(
        &self,
        filter: &PromotionFilter,
        query: PromotionQuery,
        now: Timestamp,
        patience: &Patience,
    ) -> Result<(PromotionList, bool), ApiError> {
        let limit = filter.limit as usize;
        let mut skip = u64::from(filter.limit).saturating_mul(filter.page.saturating_sub(1));
        let (mut promotions, mut any) = (Vec::new(), false);
        let mut guard = PageGuard::new(MAX_LIMIT, None);
        for page in 1..=MOST_PAGES {
            let query = PromotionQuery { page: Some(page), limit: Some(MAX_LIMIT), ..query.clone() };
            let answer = self.client.list_promotions(&query, patience).await?;
            guard.pass(answer.promotions.iter().map(|promotion| promotion.id), answer.total, None)?;
            let read: Vec<_> = answer.promotions.into_iter().map(Promotion::from).collect();
            any |= !read.is_empty();
            let zone = self.zone_for(&read, patience).await;
            for promotion in read.into_iter().filter(|read| filter.admits(read, now, zone.as_ref())) {
                if skip > 0 {
                    skip -= 1;
                } else if promotions.len() < limit {
                    promotions.push(promotion);
                } else {
                    return Ok((
                        PromotionList { promotions, more: true, complete: true, of_another_kind: None },
                        any,
                    ));
                }
            }
            if !answer.more {
                return Ok((
                    PromotionList { promotions, more: false, complete: true, of_another_kind: None },
                    any,
                ));
            }
        }
        Ok((PromotionList { promotions, more: false, complete: false, of_another_kind: None }, any))
    }

    /// The store's time zone where one of these promotions has a weekly schedule, which counts in it.
    pub async fn zone_for(&self, promotions: &[Promotion], patience: &Patience) -> Option<TimeZone> {
        let is_needed = promotions.iter().any(|promotion| promotion.schedule.is_some());
        if is_needed { self.zone(patience).await } else { None }
    }

    /// A look at a promotion's codes, by one request; `None` for an automatic one and for one that is gone.
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn glimpse_of_codes(
        &self,
        promotion: &Promotion,
        patience: &Patience,
    ) -> Result<Option<CodesGlimpse>, ApiError> {
        if promotion.kind == Kind::Automatic {
            return Ok(None);
        }
        match self.client.list_codes(promotion.id, &CodeQuery::first(FEW + 1), patience).await {
            Ok(page) => {
                let rows = page.codes.len();
                let few = (rows <= FEW as usize).then_some(rows as u64);
                let count = page.total.or(few).or(promotion.number_of_codes);
                let shown = if few.is_some() { rows } else { EXAMPLES };
                let examples = page.codes.into_iter().take(shown).map(|row| CodeGlimpse {
                    code: clean(&row.code),
                    current_uses: row.current_uses.unwrap_or_default(),
                });
                Ok(Some(CodesGlimpse { count, examples: examples.collect() }))
            }
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The same for many promotions, in their order.
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn glimpses_of_codes(
        &self,
        promotions: &[Promotion],
        patience: &Patience,
    ) -> Result<Vec<Option<CodesGlimpse>>, ApiError> {
        let glimpses: Vec<_> =
            promotions.iter().map(|promotion| self.glimpse_of_codes(promotion, patience)).collect();
        stream::iter(glimpses).buffered(GLIMPSES_AT_ONCE).try_collect().await
    }
}

#[cfg(test)]
mod tests;
