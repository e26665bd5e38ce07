//! `coupon-mcp stdio`: one host on stdin and stdout.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use tokio_util::sync::CancellationToken;

use crate::config::ConfigError;
use crate::server::CallCaps;
use crate::transport::stdio::{self, Ended};
use crate::transport::stop_signal;

use super::exit::MISCONFIGURED;
use super::store::ServeArgs;
use super::{output, store};

/// Serves until stdin ends or a signal comes. Without a store the server stays up, so that the host (which
/// hides stderr) can show the reason as a tool's answer; if nobody asks, the exit code is 2.
pub(super) async fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        stop_signal().await;
        stop.cancel();
    });
    match store::server(args, CallCaps::default()) {
        Ok((server, jobs)) => {
            store::note_what_is_forgotten(args)?;
            note_waiting();
            let calls = server.calls();
            stdio::serve(server, calls, shutdown).await;
            jobs.stop().await;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            // A host that a policy was written for must not be served without it.
            let error = error.downcast::<ConfigError>()?;
            output::note(&format!("error: {error}"));
            note_waiting();
            let server = store::server_without_store(&error);
            let calls = server.calls();
            match stdio::serve(server, calls, shutdown).await {
                Ended::Served => Ok(ExitCode::SUCCESS),
                Ended::NeverAsked => Ok(ExitCode::from(MISCONFIGURED)),
            }
        }
    }
}

/// Tells a person at a terminal why nothing happens.
fn note_waiting() {
    if io::stdin().is_terminal() {
        output::note(
            "waiting for an AI host on stdin (Ctrl-C ends): `coupon-mcp config --help` says how to connect one, \
             `coupon-mcp demo` shows what it does",
        );
    }
}
