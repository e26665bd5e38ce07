//! `coupon-mcp state`: what the server remembers between calls.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Span;
use jiff::tz::TimeZone;

use crate::clock::Clock;
use crate::config::{ConfigError, GuardArgs};
use crate::coupons::text::count;
use crate::jobs::{Journal, Scope};
use crate::state::{AuditLog, Location, State, StateSettings, default_directory};

use super::output;
use super::store::Unusable;

#[derive(Debug, Subcommand)]
pub(super) enum StateCommand {
    /// Forget old changes (they can no longer be undone), jobs that ended, used confirmations and old counts, of all stores. The
    /// audit log is left alone.
    Prune(PruneCommand),
}

#[derive(Debug, Args)]
pub(super) struct PruneCommand {
    /// What is older goes: 90d, 12h, 2w.
    #[arg(long, value_name = "AGE")]
    older_than: Span,
    #[command(flatten)]
    guard: GuardArgs,
}

pub(super) async fn run(command: &StateCommand) -> anyhow::Result<ExitCode> {
    let StateCommand::Prune(prune) = command;
    let directory = prune.guard.resolve()?.state_dir.or_else(default_directory);
    let directory = directory.ok_or(ConfigError::NoStateDirectory)?;
    if !prune.older_than.is_positive() {
        return Err(Unusable("--older-than takes an age such as 90d".to_owned()).into());
    }
    let now = Clock::system().now();
    let before = now.to_zoned(TimeZone::system()).checked_sub(prune.older_than)?.timestamp();
    // Pruning is by age alone, so it needs no store.
    let settings = StateSettings {
        location: Location::Directory(directory.clone()),
        store_key: String::new(),
        audit_log: AuditLog::Default,
    };
    let jobs = Journal::new(Location::Directory(directory.clone()), Scope::All).prune(before).await?;
    let pruned = State::new(settings).prune(before, now).await?;
    output::data(&format!(
        "{}: forgot {}, {}, {} and {}",
        directory.display(),
        count(pruned.changes, "change"),
        count(pruned.tokens, "confirmation"),
        count(pruned.counter_entries, "daily count"),
        count(jobs, "job")
    ));
    if pruned.unended_changes_kept > 0 {
        output::note(&format!(
            "note: kept {} whose end was never seen; undo can still take it back",
            count(pruned.unended_changes_kept, "change")
        ));
    }
    if let Some(audit_log) = &pruned.audit_log_kept {
        output::note(&format!("note: the audit log {} is left as it is", audit_log.display()));
    }
    Ok(ExitCode::SUCCESS)
}
