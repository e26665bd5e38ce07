use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::SignedDuration;

use super::*;
use crate::jobs::JobState;
use crate::storage::fault::{FAULTS, Fault};

const TABLES: [&str; 2] = ["jobs", "units"];

type Operation<'j> = (&'static str, bool, BoxFuture<'j, Result<(), JournalError>>);

/// Every operation that writes, by its name, in an order in which all work, and whether it has something to write
/// while none of those before had any effect.
fn operations<'j>(journal: &'j Journal, id: &'j JobId) -> Vec<Operation<'j>> {
    const FAILED: JobState = JobState::Failed;
    let later = noon() + SignedDuration::from_hours(24 * 365 * 100);
    vec![
        // Whoever failed to end a job has let go of it.
        ("take_over", false, async { journal.take_over().await.map(|_| ()) }.boxed()),
        ("begin", true, async { journal.begin(new_job(), new_units(3)).await.map(|_| ()) }.boxed()),
        ("record_progress", true, async { journal.record_progress(id, &json!(1)).await }.boxed()),
        ("set_requested", true, async { journal.set_requested(id, 9).await }.boxed()),
        ("set_spec", true, async { journal.set_spec(id, &json!({})).await }.boxed()),
        ("append", true, async { journal.append(id, new_units(3), &json!(2)).await }.boxed()),
        ("claim", true, async { journal.claim(id, 1).await.map(|_| ()) }.boxed()),
        ("conclude", true, async { journal.conclude(id, vec![done(0)]).await }.boxed()),
        ("renew", true, async { journal.renew(id).await.map(|_| ()) }.boxed()),
        ("request_cancel", true, async { journal.request_cancel(id).await }.boxed()),
        ("end", true, async { journal.end(id, FAILED, None, None).await }.boxed()),
        ("reopen", false, async { journal.reopen(id).await.map(|_| ()) }.boxed()),
        ("abandon", true, async { journal.abandon(id).await }.boxed()),
        ("take_over again", true, async { journal.take_over().await.map(|_| ()) }.boxed()),
        ("end again", true, async { journal.end(id, FAILED, None, None).await }.boxed()),
        ("prune", false, async move { journal.prune(later).await.map(|_| ()) }.boxed()),
    ]
}

#[tokio::test]
async fn a_fault_at_any_write_is_over_when_it_is_over() {
    let folder = tempfile::tempdir().unwrap();
    for fault in FAULTS {
        for journal in [in_memory(), on_disk(&folder.path().join(format!("{fault:?}")))] {
            let id = begin(&journal).await;
            let before = job(&journal, &id).await;
            let connections = journal.database.for_writing().await.unwrap();
            fault.begin(connections, &TABLES).await;
            for (name, writes, operation) in operations(&journal, &id) {
                let outcome = operation.await;
                assert_eq!(outcome.is_err(), writes, "{fault:?} {name}: {outcome:?}");
            }
            assert_eq!(journal.latest(5).await.unwrap(), [before], "nothing of what failed was kept");
            Fault::end(connections, &TABLES).await;
            for (name, _, operation) in operations(&journal, &id) {
                operation.await.unwrap_or_else(|error| panic!("{fault:?} {name}: {error}"));
            }
            assert_eq!(journal.job(&id).await.unwrap(), None, "it has ended and was pruned");
            assert_eq!(journal.latest(5).await.unwrap().len(), 1);
        }
    }
}
