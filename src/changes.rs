//! What alters a store: planned as data, judged, put on record, carried out and turned round.
//!
//! A tool asks for a [`Plan`] ([`plan`], one file per kind of change), the [`gate`] judges what it would lead
//! to, and only what passes is carried out ([`record`], [`run`]). Nothing in here knows how a person is asked:
//! that is the tools' matter above.

mod beyond;
pub mod create_code;
pub mod create_promotion;
pub mod delete_codes;
pub mod delete_promotions;
pub mod discount_value;
pub mod error;
pub mod exposure;
pub mod gate;
pub mod generate_codes;
pub mod import_codes;
pub mod inverse;
pub mod job;
pub mod plan;
pub mod record;
pub mod replace_code;
mod room;
pub mod run;
mod terms;
pub mod undo;
pub mod update_promotion;
pub mod update_settings;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::bigcommerce::Patience;
use crate::coupons::Store;
use crate::jobs::Jobs;
use crate::policy::{ConfirmMode, ConfirmThresholds, Policy};
use crate::state::{State, WriteGuard};

pub use error::ChangeError;
pub use plan::{CodeRow, Order, Plan, Step};
pub use record::Done;
pub use run::{Carried, Failure};

/// What an operator sets for changes.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// What is allowed.
    pub policy: Policy,
    /// From where on a person is asked.
    pub confirm: ConfirmThresholds,
    /// How a person is asked.
    pub mode: ConfirmMode,
    /// Whether a change that cannot be recorded is refused.
    pub audit_required: bool,
    /// Which files calls may touch.
    pub files: Files,
}

/// Which files of the server's machine calls may touch.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// Directories that an import may read from; none = no file at all.
    pub readable: Vec<PathBuf>,
    /// Where exports are written; `None` = there is no place for them.
    pub exports: Option<PathBuf>,
}

/// The desk over which every change of one store goes.
pub struct Desk {
    store: Arc<Store>,
    state: Arc<State>,
    jobs: Arc<Jobs>,
    rules: Rules,
    label: String,
    write_access: AtomicU8,
}

/// Who called which tool with what: for the record and for what a confirmation is bound to.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who called: the host's name, on HTTP with its session where it has one.
    pub caller: String,
    /// The tool.
    pub tool: &'static str,
    /// Its arguments, without those that confirm.
    pub arguments: serde_json::Value,
    /// How a yes was given, for the record: `person`, `token`, `never` (not asked for) or `not_needed`; or
    /// `declined`.
    pub confirmed: &'static str,
}

/// What is known of the token's right to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteAccess {
    /// There is no harmless probe.
    Unknown,
    /// A write was carried out.
    Granted,
    /// A write was refused with 401 or 403.
    Refused,
}

impl Desk {
    /// A desk for `store`; `label` names it to people, such as `store abc123`.
    pub fn new(store: Arc<Store>, state: Arc<State>, jobs: Arc<Jobs>, rules: Rules, label: String) -> Self {
        Self { store, state, jobs, rules, label, write_access: AtomicU8::new(0) }
    }

    /// The store.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// What is remembered of it.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Its bulk jobs.
    pub fn jobs(&self) -> &Arc<Jobs> {
        &self.jobs
    }

    /// What the operator set.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The store's name for people.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What is known of the token's right to write.
    pub fn write_access(&self) -> WriteAccess {
        match self.write_access.load(Ordering::Relaxed) {
            1 => WriteAccess::Granted,
            2 => WriteAccess::Refused,
            _ => WriteAccess::Unknown,
        }
    }

    /// The present time.
    pub fn now(&self) -> Timestamp {
        self.store.now()
    }

    /// Takes note of how a write ended.
    fn learn(&self, statuses: &[u16]) {
        for status in statuses {
            match status {
                200..=299 => self.write_access.store(1, Ordering::Relaxed),
                401 | 403 => self.write_access.store(2, Ordering::Relaxed),
                _ => {}
            }
        }
    }

    /// Waits until no other change of the store is being planned or carried out, in whichever process.
    ///
    /// # Errors
    /// [`ChangeError::Busy`] when the call's patience ends first, or the state cannot be used.
    pub async fn turn(&self, patience: &Patience) -> Result<WriteGuard<'_>, ChangeError> {
        let turn =
            self.state.lock_writes(patience.is_urgent(), Instant::now() + patience.time_left()).await?;
        turn.ok_or(ChangeError::Busy)
    }
}
