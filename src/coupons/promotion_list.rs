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
/// Codes that a [`CodesGlimpse`] shows.
const EXAMPLES: u32 = 3;
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
}

/// A look at a promotion's codes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(description = "")]
pub struct CodesGlimpse {
    /// How many there are, where BigCommerce says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// At most 3.
    pub examples: Vec<String>,
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
            return self.read_promotions(filter, query, now, patience).await.map(|(list, _)| list);
        };
        // Whether the API's `code` filter compares case is not documented.
        let mut last = PromotionList { promotions: Vec::new(), more: false, complete: true };
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
        Ok((PromotionList { promotions, more, complete: true }, any))
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
                    return Ok((PromotionList { promotions, more: true, complete: true }, any));
                }
            }
            if !answer.more {
                return Ok((PromotionList { promotions, more: false, complete: true }, any));
            }
        }
        Ok((PromotionList { promotions, more: false, complete: false }, any))
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
        match self.client.list_codes(promotion.id, &CodeQuery::first(EXAMPLES), patience).await {
            Ok(page) => {
                let rows = page.codes.len();
                let few = (rows < EXAMPLES as usize).then_some(rows as u64);
                let examples =
                    page.codes.iter().take(EXAMPLES as usize).map(|row| clean(&row.code)).collect();
                Ok(Some(CodesGlimpse { count: page.total.or(few).or(promotion.number_of_codes), examples }))
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
