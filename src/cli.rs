//! The command line. One file per subcommand; each puts the parts together and nothing else.
//!
//! The exit codes are in `exit`. stdout carries protocol or data only, everything else goes to stderr.

mod call;
mod config;
mod demo;
mod doctor;
mod exit;
mod http;
mod jobs;
mod output;
mod readiness;
mod sandbox;
mod state;
mod stdio;
mod store;
mod tools;
mod usage;

use std::io;
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};

use crate::config::{HttpArgs, environment};
use crate::telemetry::{self, LogFormat, LogSettings};
use exit::MISCONFIGURED;
use store::ServeArgs;

/// Manage BigCommerce coupon codes by talking: an MCP server for AI hosts.
///
/// Credentials come from BIGCOMMERCE_STORE_HASH and BIGCOMMERCE_ACCESS_TOKEN (or BIGCOMMERCE_ACCESS_TOKEN_FILE);
/// `--sandbox` uses an embedded practice store instead. Without a subcommand: stdio.
#[derive(Debug, Parser)]
#[command(name = "coupon-mcp", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
    /// How the log and all messages are written to stderr.
    #[arg(long, global = true, value_name = "FORMAT", env = telemetry::LOG_FORMAT, default_value = "text")]
    log_format: LogFormat,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve one host on stdin and stdout (also what no subcommand means).
    Stdio(ServeArgs),
    /// Serve over HTTP: /mcp (Streamable HTTP), /sse + /messages (HTTP+SSE), /healthz, /readyz.
    Http(HttpCommand),
    /// Serve the practice store alone, as an API to test against.
    Sandbox(sandbox::SandboxCommand),
    /// List the tools.
    Tools(tools::ToolsCommand),
    /// Call one tool and print its result as JSON.
    Call(call::CallCommand),
    /// See, finish and stop bulk jobs.
    #[command(subcommand)]
    Jobs(jobs::JobsCommand),
    /// Check what the server would use: configuration, state, connection, token and quota.
    Doctor(doctor::DoctorCommand),
    /// Print the block that connects an AI host to this server.
    Config(config::ConfigCommand),
    /// Show the main job end to end, on a practice store.
    Demo(demo::DemoCommand),
    /// Look after what the server remembers between calls.
    #[command(subcommand)]
    State(state::StateCommand),
}

#[derive(Debug, Args)]
struct HttpCommand {
    #[command(flatten)]
    http: HttpArgs,
    #[command(flatten)]
    serve: ServeArgs,
}

impl Cli {
    /// Reads this process's command line and environment.
    ///
    /// # Errors
    /// When they are not as they must be, and when help or the version is wanted; [`misused`] prints it.
    pub fn from_command_line() -> Result<Self, clap::Error> {
        let command = usage::with_variables(usage::without_unfilled_variables(usage::without_env_values(
            Self::command(),
        )));
        let matches = command.try_get_matches()?;
        Self::from_arg_matches(&matches)
    }

    /// The runtime for the subcommand: HTTP serves many callers, so it gets all cores; everything else serves
    /// one, and a single thread saves waking another one at every step of a call (half of its CPU time).
    ///
    /// # Errors
    /// When the operating system refuses what a runtime needs.
    pub fn runtime(&self) -> io::Result<Runtime> {
        let mut builder = match self.command {
            Some(Command::Http(_) | Command::Sandbox(_)) => Builder::new_multi_thread(),
            _ => Builder::new_current_thread(),
        };
        builder.enable_all().build()
    }
}

/// Runs the subcommand.
///
/// # Errors
/// What the subcommand could not do; [`fail`] prints it.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        None => stdio::run(&cli.serve).await,
        Some(Command::Stdio(serve)) => stdio::run(&serve).await,
        Some(Command::Http(HttpCommand { http, serve })) => http::run(&http, &serve).await,
        Some(Command::Sandbox(command)) => sandbox::run(command).await,
        Some(Command::Tools(command)) => tools::run(&command),
        Some(Command::Call(command)) => call::run(command).await,
        Some(Command::Jobs(command)) => jobs::run(command).await,
        Some(Command::Doctor(command)) => doctor::run(&command).await,
        Some(Command::Config(command)) => config::run(&command),
        Some(Command::Demo(command)) => demo::run(&command).await,
        Some(Command::State(command)) => state::run(&command).await,
    }
}

/// What goes to stderr, and how. Found before the command line is read, because what is wrong with that is said there.
pub fn log_settings() -> LogSettings {
    let arguments: Vec<_> =
        std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    LogSettings {
        wish: environment::variable(telemetry::LOG),
        format: usage::log_format(&arguments, environment::variable(telemetry::LOG_FORMAT)),
        tells_calls: usage::serves(&arguments),
    }
}

/// Prints what is wrong with the command line, or the help that was asked for, and gives the exit code for it.
pub fn misused(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // A reader that has gone away is no error.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    output::note(&usage::explain(error));
    ExitCode::from(MISCONFIGURED)
}

/// Prints an error with its causes and gives the exit code for it.
pub fn fail(error: &anyhow::Error) -> ExitCode {
    output::note(&format!("error: {error:#}"));
    let misconfigured = error.is::<crate::config::ConfigError>()
        || error.is::<crate::config::ConfigFileError>()
        || error.is::<store::Unusable>();
    ExitCode::from(if misconfigured { MISCONFIGURED } else { 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
