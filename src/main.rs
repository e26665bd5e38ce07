//! `coupon-mcp`: parses the command line, runs the subcommand, turns its error into an exit code.

use std::process::ExitCode;

use coupon_mcp::cli::{self, Cli};
use coupon_mcp::telemetry;

fn main() -> ExitCode {
    let _log = telemetry::init(cli::log_settings());
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
