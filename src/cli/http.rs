//! `coupon-mcp http`: Streamable HTTP and HTTP+SSE.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::{HttpArgs, ListenError};
use crate::server::CallCaps;
use crate::transport::{HttpSettings, serve_http, stop_signal};

use super::store::{ServeArgs, Unusable};
use super::{output, readiness, store};

/// Serves until a signal comes.
pub(super) async fn run(args: &HttpArgs, serve: &ServeArgs) -> anyhow::Result<ExitCode> {
    let caps = CallCaps {
        per_client: args.max_calls_per_client.into(),
        waiting_per_client: args.max_waiting_per_client.into(),
        ..CallCaps::default()
    };
    let (server, jobs) = store::server(serve, caps)?;
    let readiness = readiness::of(Arc::clone(jobs.store()));
    store::note_what_is_forgotten(serve)?;
    let addresses =
        if args.insecure_no_auth { args.listen.addresses().await } else { args.listen.loopback().await };
    let addresses = addresses.map_err(|error| match error {
        ListenError::BeyondLoopback { .. } => Unusable(format!(
            "{error}, and nothing authenticates the callers: whoever reaches the port could manage the store's \
             coupons. Listen on 127.0.0.1, or add --insecure-no-auth if something else guards the port."
        )),
        ListenError::Unknown { .. } => Unusable(error.to_string()),
    })?;
    let listener = TcpListener::bind(addresses.as_slice())
        .await
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        stop_signal().await;
        stop.cancel();
    });
    output::note(&format!("listening on http://{}", listener.local_addr()?));
    let settings = HttpSettings { calls: server.calls(), readiness, ..args.settings() };
    let served = serve_http(listener, server, settings, shutdown).await;
    jobs.stop().await;
    served?;
    Ok(ExitCode::SUCCESS)
}
