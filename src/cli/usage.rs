//! What is wrong with a command line. A value is never shown: it may be a secret in the wrong place.

use std::error::Error;

use clap::builder::{OsStr, Resettable};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, ValueEnum};

use crate::config::environment::is_filled;
use crate::telemetry::LogFormat;

/// The command, whose help names the environment variables and does not show what they hold.
pub(super) fn without_env_values(command: Command) -> Command {
    let command = command.mut_args(|argument| argument.hide_env_values(true));
    command.mut_subcommands(without_env_values)
}

/// The variables of those commands that use a store, besides the flags' own.
const VARIABLES: &str = "\
Environment, besides the variables named above:
  BIGCOMMERCE_STORE_HASH         the store hash, or the whole API path
  BIGCOMMERCE_ACCESS_TOKEN       the access token; never a command-line value
  BIGCOMMERCE_ACCESS_TOKEN_FILE  or a file that holds it
  BIGCOMMERCE_API_URL            the API's address, if it is another one
  COUPON_MCP_LOG                 error, warn, info (default), debug, trace, off";

/// The command, whose help names the variables that no flag stands for.
pub(super) fn with_variables(command: Command) -> Command {
    let uses_a_store = command.get_arguments().any(|argument| argument.get_id() == "sandbox_data");
    let command = if uses_a_store { command.after_help(VARIABLES) } else { command };
    command.mut_subcommands(with_variables)
}

/// The command, with no look at the variables that a host could not fill.
pub(super) fn without_unfilled_variables(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let value = argument.get_env().map(|name| std::env::var(name).unwrap_or_else(|_| "?".to_owned()));
        match value {
            Some(value) if !is_filled(&value) => argument.env(Resettable::<OsStr>::Reset),
            _ => argument,
        }
    });
    command.mut_subcommands(without_unfilled_variables)
}

/// The log's format that these arguments name, else the one of the environment. What is none is left to the parser.
pub(super) fn log_format(arguments: &[String], variable: Option<String>) -> LogFormat {
    const FLAG: &str = "--log-format";
    let mut arguments = arguments.iter().skip_while(|argument| !argument.starts_with(FLAG));
    let named = arguments.next().and_then(|argument| match argument.strip_prefix(FLAG)?.strip_prefix('=') {
        Some(value) => Some(value.to_owned()),
        None => arguments.next().cloned(),
    });
    named.or(variable).and_then(|name| LogFormat::from_str(&name, true).ok()).unwrap_or_default()
}

/// Whether these arguments start a server; without a subcommand they do.
pub(super) fn serves(arguments: &[String]) -> bool {
    let command = arguments.first().filter(|first| !first.starts_with('-'));
    command.is_none_or(|command| ["stdio", "http", "sandbox"].contains(&command.as_str()))
}

/// The fault, and where help is.
pub(super) fn explain(error: &clap::Error) -> String {
    let fault = match error.kind() {
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => value_fault(error),
        ErrorKind::UnknownArgument => unknown("argument", text(error, ContextKind::InvalidArg)),
        ErrorKind::InvalidSubcommand => unknown("subcommand", text(error, ContextKind::InvalidSubcommand)),
        // These name flags of ours, and no value.
        _ => return error.render().to_string().trim_end().to_owned(),
    };
    format!("error: {fault}\n\nFor more information, try '--help'.")
}

fn value_fault(error: &clap::Error) -> String {
    let argument = text(error, ContextKind::InvalidArg).unwrap_or_default();
    let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
    if value.is_empty() {
        return format!("a value is required for '{argument}'");
    }
    let known = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(known)) if !known.is_empty() => {
            format!(": the values are {}", known.join(", "))
        }
        _ => error.source().map_or_else(String::new, |cause| reason(cause, value)),
    };
    format!("the value given for '{argument}' cannot be used{known}")
}

/// Why a value does not do, unless the reason quotes it.
fn reason(cause: &dyn Error, value: &str) -> String {
    let cause = cause.to_string();
    match cause.strip_prefix(value) {
        Some(rest) => format!(": it{rest}"),
        None if cause.contains(value) => String::new(),
        None => format!(": {cause}"),
    }
}

/// Names what is not known only if it looks like a name: a secret has capitals or digits.
fn unknown(what: &str, name: Option<&str>) -> String {
    let looks_like_one =
        |name: &&str| name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    match name.filter(looks_like_one) {
        Some(name) => format!("there is no {what} '{name}'"),
        None => format!("there is no such {what} (it is not shown, because it may be a secret)"),
    }
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    }
}
