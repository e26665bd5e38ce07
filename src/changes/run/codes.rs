//! Making and deleting codes.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use http::StatusCode;

use crate::bigcommerce::codes::{MAX_DELETED_CODES, MAX_DELETED_CODES_BEFORE};
use crate::bigcommerce::{Answered, ApiError, Patience};
use crate::coupons::{CouponError, Created, NewCode, Store, clean};

use super::promotions::{is_refusal, kept_in_silence, names, reason, was_refused};
use super::{Carried, Stopped};
use crate::changes::plan::{CodeRow, Route};

/// Requests at once.
const AT_ONCE: usize = 8;
/// So many codes are looked up one by one; for more, the promotion's codes are listed.
const LOOKED_UP_SINGLY: usize = 25;
/// Of more codes of a promotion too large to list, the API's word is taken.
const LOOKED_UP_AT_MOST: usize = 100;
/// Codes of a promotion that are read to see which are left; 60 requests.
const MOST_LISTED: usize = 15_000;
/// How often a text that has just been deleted is tried again, and after what pause at first.
const INSISTENCE: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(250);

pub(super) async fn create(
    store: &Store,
    promotion_id: u64,
    codes: &[CodeRow],
    insist: bool,
    patience: &Patience,
    carried: &mut Carried,
) -> Result<(), Stopped> {
    // What is under way when one fails is not dropped: it may be made, and would be nobody's.
    let halted = AtomicBool::new(false);
    let creations: Vec<_> = codes
        .iter()
        .map(|row| create_one(store, promotion_id, row, insist, patience, &halted).boxed())
        .collect();
    let mut outcomes = futures::stream::iter(creations).buffered(AT_ONCE);
    let mut stopped: Option<Stopped> = None;
    while let Some((row, outcome)) = outcomes.next().await {
        match outcome {
            Ok(created) => {
                carried.statuses.push(201);
                carried.codes_created.push((promotion_id, created.code.into()));
            }
            Err(Unmade::Impossible(why)) => carried.codes_failed.push((promotion_id, row.clone(), why)),
            Err(Unmade::Failed(error)) if stopped.is_some() || (codes.len() > 1 && is_about_one(&error)) => {
                carried.codes_failed.push((promotion_id, row.clone(), clean(&error.to_string())));
            }
            Err(Unmade::Failed(error)) => {
                carried.statuses.extend(error.status());
                halted.store(true, Ordering::Relaxed);
                let in_doubt = matches!(error, CouponError::OutcomeUnknown { .. });
                if codes.len() > 1 {
                    carried.codes_failed.push((promotion_id, row.clone(), clean(&error.to_string())));
                }
                stopped = Some(Stopped { error, in_doubt });
            }
        }
    }
    stopped.map_or(Ok(()), Err)
}

/// Whether the failure is about this code, and says nothing of the others.
fn is_about_one(error: &CouponError) -> bool {
    matches!(
        error,
        CouponError::Conflict { .. } | CouponError::Rejected { .. } | CouponError::LegacyCoupon { .. }
    )
}

async fn create_one<'a>(
    store: &Store,
    promotion_id: u64,
    row: &'a CodeRow,
    insist: bool,
    patience: &Patience,
    halted: &AtomicBool,
) -> (&'a CodeRow, Result<Created, Unmade>) {
    if halted.load(Ordering::Relaxed) {
        return (row, Err(Unmade::Impossible("not tried, because of what failed before".to_owned())));
    }
    let Some(new) = row.to_create(promotion_id) else {
        let why = "its text or its limits are none that the API takes".to_owned();
        return (row, Err(Unmade::Impossible(why)));
    };
    let made = if insist {
        create_insisting(store, &new, patience).await
    } else {
        store.create_code(&new, patience).await
    };
    (row, made.map_err(Unmade::Failed))
}

enum Unmade {
    Impossible(String),
    Failed(CouponError),
}

/// The API may need a moment until a deleted text is free again, so a refusal is not the last word.
async fn create_insisting(store: &Store, new: &NewCode, patience: &Patience) -> Result<Created, CouponError> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..INSISTENCE {
        match store.create_code(new, patience).await {
            Err(
                CouponError::Rejected { .. } | CouponError::NotCreated { .. } | CouponError::Conflict { .. },
            ) if patience.time_left() > pause => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            settled => return settled,
        }
    }
    store.create_code(new, patience).await
}

pub(super) async fn delete(
    store: &Store,
    promotion_id: u64,
    codes: &[CodeRow],
    route: Route,
    patience: &Patience,
    carried: &mut Carried,
) -> Result<(), Stopped> {
    let accepted = carried.statuses.len();
    let Sent { refused, failed } = send(store, promotion_id, codes, route, patience, carried).await;
    let accepted = carried.statuses.iter().skip(accepted).any(|status| (200..300).contains(status));
    let left = match left_of(store, promotion_id, codes, patience, carried).await {
        Ok(left) => left,
        Err(lookup) => {
            return Err(match failed {
                Some(cause) if was_refused(&cause) && !accepted && refused.is_empty() => {
                    Stopped::surely(cause)
                }
                cause => Stopped::in_doubt(cause.unwrap_or(lookup)),
            });
        }
    };
    for row in codes {
        if left.contains(&row.id) {
            let causes = || refused.iter().chain(&failed);
            let own = causes().find(|cause| names(cause, row.id)).or(failed.as_ref()).or(refused.last());
            let why = own.map_or_else(kept_in_silence, |cause| reason(cause, row.id));
            carried.codes_failed.push((promotion_id, row.clone(), why));
        } else {
            carried.codes_deleted.push((promotion_id, row.clone()));
        }
    }
    match failed {
        // A refusal of some is told row by row; a fault after which all are gone is none.
        Some(cause) if !left.is_empty() => Err(Stopped::surely(cause)),
        _ => Ok(()),
    }
}

/// How the requests of a deletion were answered, besides good.
#[derive(Default)]
struct Sent {
    /// Refusals of single codes: what can be deleted of such a request is.
    refused: Vec<ApiError>,
    /// What ended it.
    failed: Option<ApiError>,
}

async fn send(
    store: &Store,
    promotion_id: u64,
    codes: &[CodeRow],
    route: Route,
    patience: &Patience,
    carried: &mut Carried,
) -> Sent {
    let client = store.client();
    let mut sent = Sent::default();
    match (route, codes) {
        (Route::Text, [row]) => {
            sent.keep(client.delete_code_by_text(&row.code, patience).await, carried);
        }
        (Route::Id, [row]) => {
            sent.keep(client.delete_code(promotion_id, row.id, patience).await, carried);
        }
        _ => {
            let ids: Vec<u64> = codes.iter().map(|row| row.id).collect();
            for ids in ids.chunks(MAX_DELETED_CODES) {
                match client.delete_codes(promotion_id, ids, patience).await {
                    Err(cause) if is_about_size(&cause) && ids.len() > MAX_DELETED_CODES_BEFORE => {
                        for ids in ids.chunks(MAX_DELETED_CODES_BEFORE) {
                            if !sent.keep(client.delete_codes(promotion_id, ids, patience).await, carried) {
                                return sent;
                            }
                        }
                    }
                    deleted => {
                        if !sent.keep(deleted, carried) {
                            return sent;
                        }
                    }
                }
            }
        }
    }
    sent
}

impl Sent {
    /// Takes note of an answer, and says whether the next request makes sense.
    fn keep(&mut self, deleted: Result<Answered<()>, ApiError>, carried: &mut Carried) -> bool {
        match deleted {
            Ok(answered) => carried.answered(answered.status),
            Err(cause) => {
                carried.refused(&cause);
                if !is_refusal(&cause) {
                    self.failed = Some(cause);
                    return false;
                }
                self.refused.push(cause);
            }
        }
        true
    }
}

/// A 422 that names no id is about the request: older documents permit 50 ids only.
fn is_about_size(cause: &ApiError) -> bool {
    let ApiError::Refused { refusal, .. } = cause else { return false };
    is_refusal(cause) && !refusal.details.iter().any(|(_, message)| message.contains("id="))
}

/// The ids of those codes that are still there.
async fn left_of(
    store: &Store,
    promotion_id: u64,
    codes: &[CodeRow],
    patience: &Patience,
    carried: &mut Carried,
) -> Result<HashSet<u64>, ApiError> {
    if codes.len() > LOOKED_UP_SINGLY {
        let listed = match store.codes_of(promotion_id, MOST_LISTED, patience).await {
            // Without its promotion no code is left.
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => return Ok(HashSet::new()),
            listed => listed?,
        };
        if listed.complete {
            let ids: HashSet<u64> = codes.iter().map(|row| row.id).collect();
            return Ok(listed.codes.iter().map(|code| code.id).filter(|id| ids.contains(id)).collect());
        }
        if codes.len() > LOOKED_UP_AT_MOST {
            carried.unverified = true;
            return Ok(HashSet::new());
        }
    }
    let lookups: Vec<_> = codes.iter().map(|row| is_left(store, row, patience).boxed()).collect();
    let found: Vec<_> = futures::stream::iter(lookups).buffered(AT_ONCE).collect().await;
    found.into_iter().filter_map(Result::transpose).collect()
}

async fn is_left(store: &Store, row: &CodeRow, patience: &Patience) -> Result<Option<u64>, ApiError> {
    let found = store.client().find_code(&row.code, patience).await?;
    Ok(found.iter().any(|found| found.id == row.id).then_some(row.id))
}
