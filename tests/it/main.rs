//! `coupon-mcp`: parses the command line, runs the subcommand, turns its error into an exit code.

use std::process::ExitCode;

use coupon_mcp::cli::{self, Cli};
use coupon_mcp::telemetry;

mod audit;
mod bad_input;
mod check_code;
mod cli;
mod confirm;
mod contract;
mod create;
mod export;
mod faults;
mod get_store;
mod http;
mod jobs;
mod jobs_cli;
mod jobs_to_be_done;
mod list;
mod network;
mod policy;
mod processes;
mod promotions;
mod properties;
mod readme;
mod sandbox;
mod server;
mod sse;
mod stdio;
mod structure;
mod summarize;
mod tools;
mod undo;
mod write_faults;
fn main() -> ExitCode {
    let _log = telemetry::init();
    let cli = match Cli::from_command_line() {
        Ok(cli) => cli,
        Err(error) => return cli::misused(&error),
    };
    let runtime = match cli.runtime() {
        Ok(runtime) => runtime,
        Err(error) => return cli::fail(&error.into()),
    };
    let outcome = runtime.block_on(cli::run(cli));
    // A thread that blocks on stdin must not hold up the exit.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| cli::fail(&error))
}
