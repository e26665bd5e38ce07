//! Deleting codes, at most 250 by one request. 204 says that a code is not there any more, whoever deleted it.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt;
use serde_json::json;

use crate::bigcommerce::codes::MAX_DELETED_CODES_BEFORE;
use crate::bigcommerce::{ApiError, Patience};
use crate::coupons::code_filter::CodeFilter;
use crate::coupons::{CouponCode, Store};

use super::{Verdict, Work, codegen};
use crate::jobs::reason;
use crate::jobs::run::{Halt, Run};
use crate::jobs::spec::Doomed;
use crate::jobs::{Conclusion, Unit, UnitState};

/// Requests at once; deleting is not urgent.
const WIDTH: usize = 8;
/// Look-ups at once.
const LOOKUPS: usize = 10;

/// The work.
pub(in crate::jobs) struct Deletion {
    pub(in crate::jobs) store: Arc<Store>,
    pub(in crate::jobs) promotion_id: u64,
    pub(in crate::jobs) filter: CodeFilter,
}

impl Work for Deletion {
    fn width(&self) -> usize {
        WIDTH
    }

    async fn send(&self, unit: &Unit, patience: &Patience) -> Verdict {
        let mut doomed: Doomed = match serde_json::from_str(&unit.payload) {
            Ok(doomed) => doomed,
            Err(_) => {
                return Verdict::Stop(Halt::failed("The journal holds a deletion that cannot be read."));
            }
        };
        let ids: Vec<u64> = doomed.codes.iter().map(|code| code.id).collect();
        if ids.is_empty() {
            return Verdict::Concluded(ended(unit, &doomed));
        }
        match self.delete(&ids, patience).await {
            Ok(()) => {
                doomed.gone.append(&mut doomed.codes);
                Verdict::Concluded(ended(unit, &doomed))
            }
            Err(error) if is_refusal(&error) => match self.look(&mut doomed, &error, patience).await {
                Ok(()) => Verdict::Concluded(ended(unit, &doomed)),
                Err(lookup) => Verdict::Doubtful(reason::of_api(&lookup)),
            },
            Err(error) if error.outcome_unknown() => Verdict::Doubtful(reason::of_api(&error)),
            Err(error) if error.may_pass() => Verdict::Later(reason::of_api(&error)),
            Err(error) => Verdict::Stop(Halt::failed(reason::of_api(&error))),
        }
    }

    async fn settle(&self, run: &Run, doubtful: Vec<Unit>) -> Result<Vec<Conclusion>, Halt> {
        let mut units: Vec<(Unit, Doomed)> = Vec::new();
        for unit in doubtful {
            let doomed = serde_json::from_str(&unit.payload)
                .map_err(|_| Halt::failed("The journal holds a deletion that cannot be read."))?;
            units.push((unit, doomed));
        }
        let sought: HashMap<u64, ()> =
            units.iter().flat_map(|(_, doomed)| &doomed.codes).map(|code| (code.id, ())).collect();
        let (left, _) =
            codegen::walk(run, self.promotion_id, None, |code| sought.contains_key(&code.id)).await?;
        let left: HashMap<u64, CouponCode> = left.into_iter().map(|code| (code.id, code)).collect();
        Ok(units.into_iter().map(|(unit, doomed)| self.replanned(&unit, doomed, &left)).collect())
    }
}

impl Deletion {
    async fn delete(&self, ids: &[u64], patience: &Patience) -> Result<(), ApiError> {
        let client = self.store.client();
        match client.delete_codes(self.promotion_id, ids, patience).await {
            Err(error) if ids.len() > MAX_DELETED_CODES_BEFORE && is_about_size(&error) => {
                for ids in ids.chunks(MAX_DELETED_CODES_BEFORE) {
                    client.delete_codes(self.promotion_id, ids, patience).await?;
                }
                Ok(())
            }
            deleted => deleted.map(|_| ()),
        }
    }

    /// A refusal may have deleted some: each is looked up.
    async fn look(&self, doomed: &mut Doomed, cause: &ApiError, patience: &Patience) -> Result<(), ApiError> {
        let why = reason::of_api(cause);
        let lookups = std::mem::take(&mut doomed.codes).into_iter().map(|code| async {
            let found = self.store.client().find_code(&code.code, patience).await;
            (found.map(|found| found.iter().any(|found| found.id == code.id)), code)
        });
        let looked: Vec<_> = futures::stream::iter(lookups).buffered(LOOKUPS).collect().await;
        for (is_left, code) in looked {
            if is_left? {
                doomed.kept.push((code, why.clone()));
            } else {
                doomed.gone.push(code);
            }
        }
        Ok(())
    }

    /// The unit with what of it is still there and still meant.
    fn replanned(&self, unit: &Unit, doomed: Doomed, left: &HashMap<u64, CouponCode>) -> Conclusion {
        let mut now = Doomed { codes: Vec::new(), ..doomed };
        for code in doomed.codes {
            match left.get(&code.id) {
                None => now.gone.push(code),
                Some(found) if self.filter.fits(found) => now.codes.push(code),
                Some(_) => now.kept.push((code, "It does not fit any more: it was used since.".to_owned())),
            }
        }
        if now.codes.is_empty() {
            return ended(unit, &now);
        }
        let (done, payload) = (ended(unit, &now), json!(now).to_string());
        Conclusion { state: UnitState::Planned, payload: Some(payload), result: None, ..done }
    }
}

fn ended(unit: &Unit, doomed: &Doomed) -> Conclusion {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let state =
        if doomed.gone.is_empty() && !doomed.kept.is_empty() { UnitState::Failed } else { UnitState::Done };
    Conclusion {
        succeeded: count(doomed.gone.len()),
        failed: count(doomed.kept.len()),
        result: Some(json!(doomed).to_string()),
        ..Conclusion::of(unit.seq, state)
    }
}

fn is_refusal(error: &ApiError) -> bool {
    error.status().is_some_and(|status| status.as_u16() == 422)
}

/// A 422 that names no id is about the request: older documents permit 50 ids only.
fn is_about_size(error: &ApiError) -> bool {
    let ApiError::Refused { refusal, .. } = error else { return false };
    is_refusal(error) && !refusal.details.iter().any(|(_, message)| message.contains("id="))
}
