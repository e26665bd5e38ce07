//! Listing the codes of one promotion.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::sandbox::answer::Answer;
use crate::sandbox::page::{self, Position};
use crate::sandbox::query::Query;
use crate::sandbox::routes::{Call, unknown_promotion};
use crate::sandbox::store::{CouponCode, Store};
use crate::sandbox::wire_error::WireError;

/// Every id.
const ALL_IDS: RangeInclusive<i64> = 1..=i64::MAX;

/// Ids start at 1.
const NO_IDS: RangeInclusive<i64> = 0..=0;

/// `GET /promotions/{id}/codes`: by offset, by cursor, or both.
pub(in crate::sandbox) async fn list(
    store: &Store,
    call: &Call,
    promotion: i64,
) -> Result<Answer, WireError> {
    let query = Query::parse(&call.query, &["before", "after", "page", "limit", "code"])?;
    let limit = page::limit(&query)?;
    let position = Position::of(&query)?;
    store.kind_of(promotion).await?.ok_or_else(unknown_promotion)?;
    let listing = Listing { store, promotion, ids: matching_ids(store, promotion, &query).await?, limit };
    let codes = listing.codes(position).await?;
    let meta = listing.meta(position, &codes).await?;
    Ok(Answer::listed(codes, meta))
}

/// The ids that the filter lets through. A code is unique in the store, so it is a filter for one id.
async fn matching_ids(
    store: &Store,
    promotion: i64,
    query: &Query,
) -> Result<RangeInclusive<i64>, WireError> {
    let Some(code) = query.get("code") else {
        return Ok(ALL_IDS);
    };
    Ok(store.code_id_of(promotion, code).await?.map_or(NO_IDS, |id| id..=id))
}

struct Listing<'s> {
    store: &'s Store,
    promotion: i64,
    ids: RangeInclusive<i64>,
    limit: i64,
}

impl Listing<'_> {
    async fn codes(&self, position: Position) -> Result<Vec<CouponCode>, sqlx::Error> {
        let (first, last) = (*self.ids.start(), *self.ids.end());
        match position {
            Position::Start => self.first(&self.ids, 0).await,
            Position::Page(number) => self.first(&self.ids, page::skipped(number, self.limit)).await,
            Position::After(id) => self.first(&(first.max(id.saturating_add(1))..=last), 0).await,
            Position::Before(id) => {
                let ids = first..=last.min(id.saturating_sub(1));
                self.store.last_codes(self.promotion, &ids, self.limit).await
            }
        }
    }

    async fn first(&self, ids: &RangeInclusive<i64>, skip: i64) -> Result<Vec<CouponCode>, sqlx::Error> {
        self.store.first_codes(self.promotion, ids, self.limit, skip).await
    }

    async fn meta(&self, position: Position, codes: &[CouponCode]) -> Result<Value, sqlx::Error> {
        let mut meta = Map::new();
        if let Position::Start | Position::Page(_) = position {
            meta.insert("pagination".to_owned(), self.pagination(position, codes.len()).await?);
        }
        if !matches!(position, Position::Page(_)) {
            meta.insert("cursor_pagination".to_owned(), self.cursor_pagination(position, codes).await?);
        }
        Ok(meta.into())
    }

    async fn pagination(&self, position: Position, count: usize) -> Result<Value, sqlx::Error> {
        let number = if let Position::Page(number) = position { number } else { 1 };
        let total = self.store.count_codes(self.promotion, &self.ids).await?;
        Ok(page::pagination(total, count, number, self.limit))
    }

    async fn cursor_pagination(
        &self,
        position: Position,
        codes: &[CouponCode],
    ) -> Result<Value, sqlx::Error> {
        let ids = codes.first().zip(codes.last()).map(|(first, last)| (first.id, last.id));
        let has_previous = match ids {
            Some((first, _)) if position != Position::Start => {
                let earlier = *self.ids.start()..=first.saturating_sub(1);
                !self.store.first_codes(self.promotion, &earlier, 1, 0).await?.is_empty()
            }
            _ => false,
        };
        Ok(page::cursor_pagination(ids, codes.len(), self.limit, has_previous))
    }
}
