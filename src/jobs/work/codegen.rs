//! Batches of codes by BigCommerce's `codegen`: not idempotent, and the answer has no ids. A lost answer is settled
//! by listing what appeared in the promotion since the job began.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::bigcommerce::page::MAX_LIMIT;
use crate::bigcommerce::wire::NewBatch;
use crate::bigcommerce::{ApiError, CodeQuery, Patience, Position};
use crate::coupons::text::count;
use crate::coupons::{CouponCode, Store};

use super::settle::{Match, whole_batches};
use super::{Verdict, Work};
use crate::jobs::reason;
use crate::jobs::run::{Halt, Run};
use crate::jobs::spec::{BatchMade, GenerateSpec};
use crate::jobs::walk::Walk;
use crate::jobs::{Conclusion, Kind, Unit, UnitState};

/// Requests at once: the API's limit for this endpoint.
const WIDTH: usize = 10;
/// Codes that a reason names.
const NAMED: usize = 20;
/// Units read at once.
const PAGE: u32 = 200;

/// What was in the promotion before the first batch of the job.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(in crate::jobs) struct Baseline {
    /// The highest id of its codes; 0 for none.
    pub(in crate::jobs) last_id: u64,
    /// Where the walk goes on behind the last code, if that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::jobs) cursor: Option<String>,
    /// Unused codes, where all were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::jobs) unused: Option<u64>,
}

impl Baseline {
    /// From the journal.
    pub(in crate::jobs) fn read(progress: Option<&Value>) -> Option<Self> {
        serde_json::from_value(progress?.get("baseline")?.clone()).ok()
    }

    /// For the journal.
    pub(in crate::jobs) fn as_progress(&self) -> Value {
        json!({ "baseline": self })
    }

    /// Looks: at most two requests where the API pages by number, else a walk.
    pub(in crate::jobs) async fn look(run: &Run, promotion_id: u64) -> Result<Self, Halt> {
        let store = &run.store;
        let list = async |position: Position| {
            let query = CodeQuery { position, ..CodeQuery::first(MAX_LIMIT) };
            run.read(|patience| {
                let (store, query) = (Arc::clone(store), query.clone());
                async move { store.client().list_codes(promotion_id, &query, &patience).await }
            })
            .await
        };
        let first = list(Position::Start).await?;
        let highest = |codes: &[crate::bigcommerce::wire::CouponCode]| codes.iter().map(|code| code.id).max();
        let last_id = highest(&first.codes).unwrap_or(0);
        if first.codes.len() < MAX_LIMIT as usize {
            // Where the list ends is behind all that is new only if the newest come last, which is not documented.
            let ids = first.codes.iter().map(|code| code.id);
            let cursor = first.end_cursor.filter(|_| is_ascending(ids));
            let unused =
                first.codes.iter().filter(|code| code.current_uses.unwrap_or_default() == 0).count() as u64;
            return Ok(Self { last_id, cursor, unused: Some(unused) });
        }
        let rest = if let Some(total) = first.total {
            // A page that is empty by now, because codes were deleted, leaves the mark low: then more codes
            // have to be told from the job's own, and none is missed.
            highest(&list(Position::Page(total.div_ceil(u64::from(MAX_LIMIT)))).await?.codes)
        } else {
            let (codes, _) = walk(run, promotion_id, first.end_cursor, |_| true).await?;
            codes.iter().map(|code| code.id).max()
        };
        Ok(Self { last_id: last_id.max(rest.unwrap_or(0)), cursor: None, unused: None })
    }
}

/// Whether these are two or more, each higher than the one before.
pub(in crate::jobs) fn is_ascending(ids: impl Iterator<Item = u64>) -> bool {
    let ids: Vec<u64> = ids.collect();
    ids.len() > 1 && ids.is_sorted()
}

/// The codes behind `after` that `keep` wants, and where the list ends.
pub(in crate::jobs) async fn walk(
    run: &Run,
    promotion_id: u64,
    after: Option<String>,
    mut keep: impl FnMut(&CouponCode) -> bool,
) -> Result<(Vec<CouponCode>, Option<String>), Halt> {
    let mut kept = Vec::new();
    let mut walk = Walk::of(promotion_id, after);
    while let Some(page) = walk.next(run).await? {
        kept.extend(page.into_iter().filter(|code| keep(code)));
    }
    Ok((kept, walk.cursor().map(str::to_owned)))
}

/// The work.
pub(in crate::jobs) struct Codegen {
    pub(in crate::jobs) store: Arc<Store>,
    pub(in crate::jobs) spec: GenerateSpec,
    pub(in crate::jobs) baseline: Baseline,
}

impl Work for Codegen {
    fn width(&self) -> usize {
        WIDTH
    }

    async fn send(&self, unit: &Unit, patience: &Patience) -> Verdict {
        let GenerateSpec { promotion_id, shape, limits, .. } = &self.spec;
        let uses = |uses: u64| u32::try_from(uses).unwrap_or(u32::MAX);
        let batch = NewBatch {
            batch_size: unit.size,
            max_uses: uses(limits.max_uses),
            max_uses_per_customer: uses(limits.max_uses_per_customer),
            prefix: shape.prefix(),
            suffix: shape.suffix(),
            delimiter: shape.delimiter(),
            exclude_characters: shape.excluded(),
            code_length: shape.code_length(),
        };
        match self.store.client().generate_codes(*promotion_id, &batch, patience).await {
            Ok(codes) => self.made(unit, codes),
            Err(error @ (ApiError::Refused { .. } | ApiError::Redirected { .. } | ApiError::Endpoint(_)))
                if !error.outcome_unknown() =>
            {
                Verdict::Stop(Halt::failed(reason::of_api(&error)))
            }
            Err(error) if error.outcome_unknown() => Verdict::Doubtful(reason::of_api(&error)),
            Err(error) => {
                debug_assert!(error.may_pass(), "what is neither refused nor lost was not sent");
                Verdict::Later(reason::of_api(&error))
            }
        }
    }

    async fn settle(&self, run: &Run, doubtful: Vec<Unit>) -> Result<Vec<Conclusion>, Halt> {
        let mut appeared = self.appeared(run).await?;
        appeared.sort_by_key(|code| code.id);
        let sizes: Vec<u32> = doubtful.iter().map(|unit| unit.size).collect();
        let Match::Whole(made) = whole_batches(&sizes, appeared.len()) else {
            return Err(unclear(&sizes, &appeared));
        };
        let mut appeared = appeared.into_iter();
        let mut conclusions = Vec::new();
        for (index, unit) in doubtful.iter().enumerate() {
            if made.contains(&index) {
                let codes: Vec<_> = appeared.by_ref().take(unit.size as usize).collect();
                conclusions.push(adopted(unit, codes));
            } else {
                conclusions.push(Conclusion::of(unit.seq, UnitState::Planned));
            }
        }
        Ok(conclusions)
    }
}

impl Codegen {
    fn made(&self, unit: &Unit, codes: Vec<String>) -> Verdict {
        let distinct: HashSet<&String> = codes.iter().collect();
        if distinct.len() != unit.size as usize {
            return Verdict::Doubtful(format!(
                "BigCommerce answered {} for a batch of {}.",
                count(distinct.len(), "code"),
                unit.size
            ));
        }
        let strange = codes.iter().find(|code| !self.spec.shape.fits(code)).cloned();
        let made = BatchMade { codes, ids: Vec::new() };
        let conclusion = Conclusion {
            succeeded: unit.size,
            result: Some(json!(made).to_string()),
            ..Conclusion::of(unit.seq, UnitState::Done)
        };
        match strange {
            None => Verdict::Concluded(conclusion),
            Some(code) => {
                let code = crate::coupons::quoted(&code);
                let reason =
                    format!("BigCommerce made codes of another look than was asked for, such as {code}.");
                Verdict::Final(conclusion, Halt::needs_attention(reason))
            }
        }
    }

    /// The codes that may be of a lost batch: newer than the job, of its look and limits, and named by no answer.
    async fn appeared(&self, run: &Run) -> Result<Vec<CouponCode>, Halt> {
        let GenerateSpec { promotion_id, shape, limits, .. } = &self.spec;
        let Baseline { last_id, cursor, .. } = &self.baseline;
        let is_new =
            |code: &CouponCode| code.id > *last_id && code.limits == *limits && shape.fits(&code.code);
        let (new, _) = walk(run, *promotion_id, cursor.clone(), is_new).await?;
        let mut candidates = new.into_iter().map(|code| (code.code.clone(), code)).collect();
        drop_known(run, *promotion_id, &mut candidates).await?;
        Ok(candidates.into_values().collect())
    }
}

/// Takes out the codes that the answer to a batch of any job of this promotion named.
async fn drop_known(
    run: &Run,
    promotion_id: u64,
    candidates: &mut HashMap<String, CouponCode>,
) -> Result<(), Halt> {
    for job in run.journal.jobs_of_promotion(Kind::Generate, promotion_id).await? {
        let mut after = None;
        loop {
            let units = run.journal.units(&job, after, PAGE).await?;
            let Some(last) = units.last() else { break };
            after = Some(last.seq);
            let made = units.iter().filter_map(|unit| unit.result.as_deref());
            let made = made.filter_map(|result| serde_json::from_str::<BatchMade>(result).ok());
            for code in made.flat_map(|made| made.codes) {
                candidates.remove(&code);
            }
        }
    }
    Ok(())
}

fn adopted(unit: &Unit, codes: Vec<CouponCode>) -> Conclusion {
    let made = BatchMade {
        ids: codes.iter().map(|code| code.id).collect(),
        codes: codes.into_iter().map(|code| code.code).collect(),
    };
    Conclusion {
        succeeded: unit.size,
        result: Some(json!(made).to_string()),
        ..Conclusion::of(unit.seq, UnitState::Done)
    }
}

fn unclear(sizes: &[u32], appeared: &[CouponCode]) -> Halt {
    let named: Vec<_> = appeared.iter().take(NAMED).map(|code| crate::coupons::quoted(&code.code)).collect();
    let more = appeared.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let reason = format!(
        "The answers to {} for {} were lost, and {} appeared that may be theirs but make no \
         whole batches: {}{more}. Look whose they are; once those that are nobody's are deleted, resume the job.",
        count(sizes.len(), "request"),
        count(sizes.iter().map(|&size| u64::from(size)).sum::<u64>(), "code"),
        count(appeared.len(), "code"),
        named.join(", ")
    );
    Halt::unclear(reason, appeared.iter().map(|code| (code.id, code.code.clone())).collect())
}
