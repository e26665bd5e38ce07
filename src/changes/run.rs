//! Carrying a plan out, step by step, and finding out what became of each.
//!
//! A success status is not taken as proof where the API gives it for nothing as well (every deletion), and a
//! lost answer not as a failure: both are settled by looking. The first step that fails ends the change; what
//! was done before it stays done and is reported.

mod codes;
pub(super) mod promotions;

use std::time::Duration;

use http::StatusCode;
use serde_json::{Map, Value};

use crate::bigcommerce::{ApiError, Patience};
use crate::coupons::{CouponError, Promotion, Store};

use super::plan::{CodeRow, Plan, PromotionRef, Step};

/// A step is not begun with less time than this: what it does must also be looked at.
const RESERVE: Duration = Duration::from_secs(10);

/// What became of a plan.
#[derive(Debug, Default)]
pub struct Carried {
    /// Promotions that were made.
    pub made: Vec<Promotion>,
    /// Promotions as they are after their update.
    pub updated: Vec<Promotion>,
    /// Codes that were made, with their promotion.
    pub codes_created: Vec<(u64, CodeRow)>,
    /// Codes that are gone, as they were.
    pub codes_deleted: Vec<(u64, CodeRow)>,
    /// Codes that should be gone (or be there) and are not, and why.
    pub codes_failed: Vec<(u64, CodeRow, String)>,
    /// Promotions that are gone, as they were.
    pub promotions_deleted: Vec<Map<String, Value>>,
    /// Promotions that should be gone and are not, and why.
    pub promotions_failed: Vec<(u64, String)>,
    /// What BigCommerce reported as done and yet has otherwise, in sentences.
    pub differing: Vec<String>,
    /// Promotions that came out beyond what was agreed to, and what was done about it, in sentences.
    pub stopped: Vec<String>,
    /// Whether more codes were deleted than can be looked at one by one.
    pub unverified: bool,
    /// The settings as they are.
    pub settings: Option<Map<String, Value>>,
    /// The status of each write, in order.
    pub statuses: Vec<u16>,
    /// Why the change ended early.
    pub failure: Option<Failure>,
}

/// The step that failed.
#[derive(Debug)]
pub struct Failure {
    /// Which one, from 0.
    pub step: usize,
    /// Why.
    pub error: CouponError,
    /// Whether it may have been done all the same.
    pub in_doubt: bool,
}

/// Why a step went no further.
#[derive(Debug)]
pub(super) struct Stopped {
    error: CouponError,
    in_doubt: bool,
}

impl Stopped {
    fn surely(error: impl Into<CouponError>) -> Self {
        Self { error: error.into(), in_doubt: false }
    }

    fn in_doubt(error: impl Into<CouponError>) -> Self {
        Self { error: error.into(), in_doubt: true }
    }
}

impl Carried {
    /// Whether the store is as it was.
    pub fn is_nothing(&self) -> bool {
        self.made.is_empty()
            && self.updated.is_empty()
            && self.codes_created.is_empty()
            && self.codes_deleted.is_empty()
            && self.promotions_deleted.is_empty()
            && self.settings.is_none()
    }

    /// Whether all of the plan was done.
    pub fn is_whole(&self) -> bool {
        self.failure.is_none()
            && self.codes_failed.is_empty()
            && self.promotions_failed.is_empty()
            && self.differing.is_empty()
            && self.stopped.is_empty()
    }

    /// A success says that something was done, and its body what: only what was asked for was judged.
    fn compare(&mut self, promotion: &Promotion, wanted: &Map<String, Value>) {
        // An answer need not repeat everything.
        let mut answered = wanted.clone();
        answered.retain(|name, _| promotion.document.contains_key(name));
        if let Some(name) = promotions::differing(&promotion.document, &answered) {
            let value = promotion.document.get(name).unwrap_or(&Value::Null);
            let value = crate::coupons::harmless(&value.to_string());
            self.differing.push(format!("promotion {} has {name} {value}", promotion.id));
        }
    }

    fn answered(&mut self, status: StatusCode) {
        self.statuses.push(status.as_u16());
    }

    /// Puts a failed request's status on record.
    fn refused(&mut self, error: &ApiError) {
        self.statuses.extend(error.status().map(|status| status.as_u16()));
    }

    /// Puts on record that these steps were not even tried.
    pub(super) fn leave<'a>(&mut self, steps: impl Iterator<Item = &'a Step>) {
        let why = || "not tried, because of what failed before".to_owned();
        for step in steps {
            match step {
                Step::CreateCodes { promotion, codes, .. } => {
                    let id = self.id_of(*promotion).unwrap_or_default();
                    self.codes_failed.extend(codes.iter().map(|row| (id, row.clone(), why())));
                }
                Step::DeleteCodes { promotion_id, codes, .. } => {
                    self.codes_failed.extend(codes.iter().map(|row| (*promotion_id, row.clone(), why())));
                }
                // What becomes of a promotion is told row by row, and no row is no try.
                Step::DeletePromotions { .. }
                | Step::CreatePromotion { .. }
                | Step::UpdatePromotion { .. }
                | Step::UpdateSettings { .. } => {}
            }
        }
    }

    fn id_of(&self, promotion: PromotionRef) -> Option<u64> {
        match promotion {
            PromotionRef::Id(id) => Some(id),
            PromotionRef::Made(index) => self.made.get(index).map(|promotion| promotion.id),
        }
    }
}

/// Does one step, and says whether the next one may follow. Each promotion that is touched is forgotten by the
/// store's memory.
pub(super) async fn step(
    store: &Store,
    plan: &Plan,
    index: usize,
    patience: &Patience,
    carried: &mut Carried,
) -> bool {
    let Some(step) = plan.steps.get(index) else { return false };
    let taken = if patience.time_left() < RESERVE {
        Err(Stopped::surely(CouponError::OutOfTime))
    } else {
        take(store, step, patience, carried).await
    };
    if let Err(Stopped { error, in_doubt }) = taken {
        carried.failure = Some(Failure { step: index, error, in_doubt });
    }
    // What was only done in part must not be built upon.
    let whole = carried.is_whole();
    if !whole {
        carried.leave(plan.steps.iter().skip(index + 1));
    }
    whole
}

async fn take(store: &Store, step: &Step, patience: &Patience, carried: &mut Carried) -> Result<(), Stopped> {
    match step {
        Step::CreatePromotion { document, namesakes } => {
            promotions::create(store, document, namesakes, patience, carried).await
        }
        Step::UpdatePromotion { promotion_id, patch, .. } => {
            promotions::update(store, *promotion_id, patch, patience, carried).await
        }
        Step::DeletePromotions { documents } => promotions::delete(store, documents, patience, carried).await,
        Step::CreateCodes { promotion, codes, insist } => match carried.id_of(*promotion) {
            Some(id) => codes::create(store, id, codes, *insist, patience, carried).await,
            None => Ok(()),
        },
        Step::DeleteCodes { promotion_id, codes, route } => {
            codes::delete(store, *promotion_id, codes, *route, patience, carried).await
        }
        Step::UpdateSettings { settings, .. } => update_settings(store, settings, patience, carried).await,
    }
}

async fn update_settings(
    store: &Store,
    settings: &Map<String, Value>,
    patience: &Patience,
    carried: &mut Carried,
) -> Result<(), Stopped> {
    match store.client().update_settings(settings, patience).await {
        Ok(answered) => {
            carried.answered(answered.status);
            carried.settings = Some(answered.value);
            Ok(())
        }
        Err(cause) if cause.outcome_unknown() => {
            carried.refused(&cause);
            let Ok(now) = store.client().settings(patience).await else {
                return Err(Stopped::in_doubt(cause));
            };
            if !promotions::holds(&now, settings) {
                return Err(Stopped::surely(cause));
            }
            carried.settings = Some(now);
            Ok(())
        }
        Err(cause) => {
            carried.refused(&cause);
            Err(Stopped::surely(cause))
        }
    }
}
