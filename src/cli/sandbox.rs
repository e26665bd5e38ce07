//! `coupon-mcp sandbox`: the practice store alone, for anybody's integration tests.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::{Listen, ListenError};
use crate::sandbox::{Sandbox, SandboxOptions};
use crate::transport::stop_signal;

use super::output;
use super::store::Unusable;

#[derive(Debug, Args)]
pub(super) struct SandboxCommand {
    /// Address or name, and port to listen on, loopback only; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4010")]
    listen: Listen,
    /// Keep the store in this file; without it, it is forgotten at exit.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Milliseconds that a request waits before its work; a refused one does not wait.
    #[arg(long, value_name = "N", default_value_t = 0)]
    latency_ms: u64,
    /// Requests that the rate limit allows per window; 0 = no limit.
    #[arg(long, value_name = "N", default_value_t = 450)]
    quota: u32,
    /// Milliseconds of the rate limit's window.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 30_000,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    window_ms: u64,
}

pub(super) async fn run(command: SandboxCommand) -> anyhow::Result<ExitCode> {
    let addresses = command.listen.loopback().await.map_err(|error| match error {
        ListenError::BeyondLoopback { .. } => {
            Unusable("the practice store listens on loopback only: its tokens are public".to_owned())
        }
        ListenError::Unknown { .. } => Unusable(error.to_string()),
    })?;
    let sandbox = Sandbox::open(SandboxOptions {
        data: command.data,
        latency: Duration::from_millis(command.latency_ms),
        quota: command.quota,
        window: Duration::from_millis(command.window_ms),
        clock: Clock::system(),
        control: true,
    })
    .await?;
    let listener = TcpListener::bind(addresses.as_slice())
        .await
        .with_context(|| format!("cannot listen on {}", command.listen))?;
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        stop_signal().await;
        stop.cancel();
    });
    output::note(&format!("listening on http://{}", listener.local_addr()?));
    sandbox.clone().serve(listener, shutdown).await?;
    sandbox.close().await;
    Ok(ExitCode::SUCCESS)
}
