//! Finding one code by its text.

use crate::bigcommerce::page::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::bigcommerce::{ApiError, CodeQuery, Patience, wire};

use super::error::Owner;
use super::{CodeText, CouponCode, PromotionChoice, Store};

/// Codes of one promotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodesOf {
    /// In the API's order.
    pub codes: Vec<CouponCode>,
    /// Whether these are all.
    pub complete: bool,
}

impl Store {
    /// The codes of a promotion, at least `most` of them if it has so many; pages are read one after another.
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn codes_of(
        &self,
        promotion_id: u64,
        most: usize,
        patience: &Patience,
    ) -> Result<CodesOf, ApiError> {
        let mut walk = self.walk_codes(promotion_id, None);
        let mut codes: Vec<CouponCode> = Vec::new();
        while let Some(page) = walk.next(patience).await? {
            codes.extend(page);
            if codes.len() >= most && !walk.is_over() {
                return Ok(CodesOf { codes, complete: false });
            }
        }
        Ok(CodesOf { codes, complete: true })
    }

    /// The code of this text, wherever in the store it is; legacy coupons are none.
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn find_code(
        &self,
        code: &CodeText,
        patience: &Patience,
    ) -> Result<Option<CouponCode>, ApiError> {
        self.find_anywhere(code, patience).await
    }

    /// The code of this text, wherever in the store it is. Where the API compares case, a spelling that is
    /// none of the usual ones is missed.
    pub(super) async fn find_anywhere(
        &self,
        code: &CodeText,
        patience: &Patience,
    ) -> Result<Option<CouponCode>, ApiError> {
        for spelling in code.spellings() {
            let found = self.client.find_code(&spelling, patience).await?;
            if let Some(found) = pick(code, found) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Whether `code` is one of the promotion's.
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn has_code(
        &self,
        promotion_id: u64,
        code: &CouponCode,
        patience: &Patience,
    ) -> Result<bool, ApiError> {
        let Ok(text) = CodeText::parse(&code.code) else { return Ok(false) };
        let found = self.find_in_promotion(promotion_id, &text, patience).await?;
        Ok(found.is_some_and(|found| found.id == code.id))
    }

    /// The code of this text in one promotion.
    pub(super) async fn find_in_promotion(
        &self,
        promotion_id: u64,
        code: &CodeText,
        patience: &Patience,
    ) -> Result<Option<CouponCode>, ApiError> {
        for spelling in code.spellings() {
            let filter = CodeQuery { code: Some(spelling), ..CodeQuery::first(MAX_LIMIT) };
            if let Some(found) = self.walk(promotion_id, code, filter, patience).await? {
                return Ok(Some(found));
            }
        }
        // Only a filter that compares case can have missed another spelling, and then nothing but looking
        // through the promotion helps.
        if self.filter_compares_case(promotion_id, patience).await? {
            return self.walk(promotion_id, code, CodeQuery::first(MAX_LIMIT), patience).await;
        }
        Ok(None)
    }

    /// Looks through the pages of a query, to the end or until the call's patience ends in an error.
    async fn walk(
        &self,
        promotion_id: u64,
        code: &CodeText,
        query: CodeQuery,
        patience: &Patience,
    ) -> Result<Option<CouponCode>, ApiError> {
        let mut walk = self.walk_query(promotion_id, query);
        while let Some(rows) = walk.next_rows(patience).await? {
            if let Some(found) = pick(code, rows) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Whether the API's `code` filter compares case, which the documents leave open. Found out once, by
    /// asking for a code that is there in the opposite case.
    async fn filter_compares_case(&self, promotion_id: u64, patience: &Patience) -> Result<bool, ApiError> {
        if let Some(compares) = self.filter_compares_case.get() {
            return Ok(*compares);
        }
        let page = self.client.list_codes(promotion_id, &CodeQuery::first(DEFAULT_LIMIT), patience).await?;
        let has_letters = |row: &&wire::CouponCode| row.code.contains(|c: char| c.is_ascii_alphabetic());
        let Some(sample) = page.codes.iter().find(has_letters) else {
            return Ok(false);
        };
        let filter = CodeQuery { code: Some(swap_case(&sample.code)), ..CodeQuery::first(MAX_LIMIT) };
        let found = self.client.list_codes(promotion_id, &filter, patience).await?;
        let compares = found.codes.iter().all(|row| row.id != sample.id);
        Ok(*self.filter_compares_case.get_or_init(|| compares))
    }

    /// Which promotion holds `code`, seen from `promotion_id`.
    pub(super) async fn owner_of(
        &self,
        code: &CouponCode,
        promotion_id: u64,
        patience: &Patience,
    ) -> Result<Owner, ApiError> {
        let promotions = self.client.promotions_with_code(&code.code, patience).await?;
        let here = |promotion: &wire::Promotion| promotion.id == promotion_id;
        match promotions.as_slice() {
            [only] if here(only) => return Ok(Owner::Same),
            [_] => return Ok(Owner::Other(choices(promotions))),
            _ => {}
        }
        // None, or several because the filter matched in part: the promotion's own list decides.
        let same = match CodeText::parse(&code.code) {
            Ok(text) => self.find_in_promotion(promotion_id, &text, patience).await?.is_some(),
            Err(_) => false,
        };
        let others: Vec<_> = promotions.into_iter().filter(|promotion| !here(promotion)).collect();
        Ok(match (same, others.is_empty()) {
            (true, _) => Owner::Same,
            (false, false) => Owner::Other(choices(others)),
            (false, true) => Owner::Unknown,
        })
    }
}

fn choices(promotions: Vec<wire::Promotion>) -> Vec<PromotionChoice> {
    promotions.into_iter().map(PromotionChoice::from).collect()
}

/// The row that is this code; the same spelling goes before another one.
fn pick(code: &CodeText, rows: Vec<wire::CouponCode>) -> Option<CouponCode> {
    let mut rows: Vec<_> = rows.into_iter().filter(|row| code.matches(&row.code)).collect();
    let exact = rows.iter().position(|row| row.code == code.as_str()).unwrap_or(0);
    (exact < rows.len()).then(|| rows.swap_remove(exact).into())
}

fn swap_case(text: &str) -> String {
    let swap = |c: char| {
        if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
    };
    text.chars().map(swap).collect()
}
