//! What each kind of job does, from its specification in the journal to its end.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::coupons::code_filter::Uses;
use crate::coupons::{CouponCode, UseLimits};

use super::run::{Halt, Run};
use super::spec::{CodesFile, DeleteSpec, GenerateSpec, Spec, WorkSpec};
use super::walk::Walk;
use super::work::codegen::{Baseline, Codegen, is_ascending};
use super::work::deletion::Deletion;
use super::work::singles::{Singles, Tally};
use super::work::through;
use super::{Conclusion, JobRecord, Unit, UnitState};
use super::{export, report, summarize, units};

/// Carries the job out, or what is left of it. What it is to tell besides its units comes back.
pub(super) async fn carry_out(run: &Run, record: &JobRecord) -> Result<Option<Value>, Halt> {
    let spec = Spec::read(record)
        .map_err(|error| Halt::failed(format!("The journal holds a job that cannot be read: {error}.")))?;
    match spec.work {
        WorkSpec::Generate(work) => {
            let limits = work.limits;
            generate(run, record, work).await?;
            write_codes(run, record, spec.file, Some(limits)).await
        }
        WorkSpec::Import(work) => {
            singles(run, work.promotion_id, work.takes_one, None).await?;
            write_codes(run, record, spec.file, None).await
        }
        WorkSpec::Delete(spec) => delete(run, record, spec).await.map(|()| None),
        WorkSpec::Export(spec) => export::export(run, record, &spec).await.map(Some),
        WorkSpec::Summarize(spec) => summarize::summarize(run, &spec).await.map(Some),
    }
}

/// Writes the codes that a job made into its file, if it has one.
async fn write_codes(
    run: &Run,
    record: &JobRecord,
    file: Option<CodesFile>,
    limits: Option<UseLimits>,
) -> Result<Option<Value>, Halt> {
    match file {
        Some(file) => export::codes_of_job(run, record, &file, limits).await.map(Some),
        None => Ok(None),
    }
}

async fn generate(run: &Run, record: &JobRecord, spec: GenerateSpec) -> Result<(), Halt> {
    let baseline = match (Baseline::read(record.progress.as_ref()), spec.until_unused) {
        (Some(baseline), _) => baseline,
        (None, Some(target)) => fill_up(run, &spec, target).await?,
        (None, None) if spec.by_codegen => {
            let baseline = Baseline::look(run, spec.promotion_id).await?;
            run.record_progress(&baseline.as_progress()).await?;
            baseline
        }
        (None, None) => Baseline::default(),
    };
    if spec.by_codegen {
        let work = Codegen { store: Arc::clone(&run.store), spec, baseline };
        return through(run, &Arc::new(work)).await;
    }
    singles(run, spec.promotion_id, spec.takes_one, Some(spec)).await
}

async fn singles(
    run: &Run,
    promotion_id: u64,
    takes_one: bool,
    drawn: Option<GenerateSpec>,
) -> Result<(), Halt> {
    let store = Arc::clone(&run.store);
    let drawn = drawn.map(|spec| spec.shape);
    let work = Singles { store, promotion_id, takes_one, drawn, tally: Tally::default() };
    through(run, &Arc::new(work)).await
}

/// Counts the unused codes and plans what is missing, in one step of the journal: a job that dies before it has
/// planned nothing.
async fn fill_up(run: &Run, spec: &GenerateSpec, target: u64) -> Result<Baseline, Halt> {
    let (mut unused, mut last_id, mut cursor, mut ascending) = (0_u64, 0_u64, None, true);
    let mut walk = Walk::of(spec.promotion_id, None);
    while let Some(page) = walk.next(run).await? {
        unused += page.iter().filter(|code| Uses::Unused.fits(code)).count() as u64;
        ascending &= is_ascending(page.iter().map(|code| code.id));
        last_id = page.iter().map(|code| code.id).fold(last_id, u64::max);
        cursor = walk.cursor().map(str::to_owned);
    }
    let baseline = Baseline { last_id, cursor: cursor.filter(|_| ascending), unused: Some(unused) };
    let missing = target.saturating_sub(unused);
    let units = units::of_generation(spec, missing);
    run.journal.set_requested(&run.id, missing).await?;
    run.journal.append(&run.id, units, &baseline.as_progress()).await?;
    Ok(baseline)
}

/// Reads all codes first and puts down those that go, then deletes: a cursor may not outlive the row it points to.
///
/// Somebody agreed to the codes that were there then, and to so many of them: what was made since is left alone.
async fn delete(run: &Run, record: &JobRecord, spec: DeleteSpec) -> Result<(), Halt> {
    let progress = record.progress.clone().unwrap_or_default();
    let mut found = progress.get("found").and_then(Value::as_u64).unwrap_or(0);
    let cursor = progress.get("cursor").and_then(Value::as_str).map(str::to_owned);
    if !spec.read && progress.get("read").is_none() {
        let most = spec.most.unwrap_or(record.requested);
        let made = match &spec.made_by {
            None => None,
            Some(id) => match run.journal.job(id).await? {
                Some(maker) => Some(report::texts(&run.journal, &maker, false).await?),
                None => return Err(Halt::failed(format!("The job {id} is not on record any more."))),
            },
        };
        let is_made = |code: &CouponCode| {
            made.as_ref().is_none_or(|made| made.contains(&code.code.to_ascii_lowercase()))
        };
        let mut walk = Walk::of(spec.promotion_id, cursor);
        while found < most
            && let Some(page) = walk.next(run).await?
        {
            let room = usize::try_from(most - found).unwrap_or(usize::MAX);
            let meant = |code: &CouponCode| {
                spec.filter.fits(code) && is_made(code) && code.was_there_at(record.created_at)
            };
            let fitting: Vec<_> = page.into_iter().filter(meant).take(room).collect();
            found += fitting.len() as u64;
            let progress = json!({ "cursor": walk.cursor(), "found": found });
            run.journal.append(&run.id, units::of_deletion(&fitting), &progress).await?;
            run.tell();
        }
        // Until now as many as were agreed to, so that a pause on the way keeps its room below the ceiling.
        run.journal.set_requested(&run.id, found).await?;
        run.record_progress(&json!({ "read": true, "found": found })).await?;
    }
    if !run.fresh {
        doubt_all(run).await?;
    }
    let work =
        Deletion { store: Arc::clone(&run.store), promotion_id: spec.promotion_id, filter: spec.filter };
    through(run, &Arc::new(work)).await
}

/// What was planned some time ago is looked at again before it goes: a code may have been used since.
async fn doubt_all(run: &Run) -> Result<(), Halt> {
    const AT_ONCE: u32 = 500;
    loop {
        let claimed = run.journal.claim(&run.id, AT_ONCE).await?;
        if claimed.is_empty() {
            return Ok(());
        }
        let doubted = claimed.iter().map(|unit| {
            let Unit { seq, succeeded, failed, .. } = *unit;
            Conclusion { succeeded, failed, ..Conclusion::of(seq, UnitState::Unknown) }
        });
        run.journal.conclude(&run.id, doubted.collect()).await?;
    }
}
