//! The integration tests: the built binary as a child process, real pipes and sockets, the practice store as
//! BigCommerce.

#![allow(missing_docs, reason = "tests document themselves by their names")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "a test that meets the unexpected should stop; JSON reads best where it is made"
)]

mod support;

mod audit;
mod bad_input;
mod check_code;
mod cli;
mod clock;
mod confirm;
mod connections;
mod contract;
mod cors;
mod create;
mod deaf_host;
mod doctor;
mod export;
mod faults;
mod get_store;
mod hosts;
mod http;
mod jobs;
mod jobs_cli;
mod jobs_to_be_done;
mod list;
mod log;
mod lost_log;
mod memory;
mod messages;
mod network;
mod policy;
mod practice;
mod processes;
mod promotions;
mod properties;
mod readme;
mod replace;
mod sandbox;
mod secrets;
mod server;
mod sse;
#[cfg(target_os = "linux")]
mod stderr;
mod stdio;
mod structure;
mod summarize;
mod tools;
mod undo;
mod write_faults;
