//! Bulk jobs: exactly what was asked for, once, whatever happens.

mod arguments;
mod cancel;
mod consent;
mod crash;
mod fair_share;
mod faults;
mod import;
mod journal_faults;
mod oracle;
mod refusals;
mod results;
mod second_app;
mod stand;
mod strays;
mod task;
