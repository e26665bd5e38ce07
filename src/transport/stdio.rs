//! stdio: one JSON-RPC message per line. Nothing else is ever written to stdout.

mod lines;
mod paced;
mod pipes;

use rmcp::ServerHandler;
use rmcp::service::serve_server_with_ct;
use rmcp::transport::stdio_pipes;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::FINISH_WITHIN;
use super::in_flight::{InFlight, Tracked};
use super::opening::{Opening, Watch};
use lines::Lines;
use paced::Paced;

/// How a stdio session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// A host spoke.
    Served,
    /// stdin ended before any request came.
    NeverAsked,
}

/// Serves `handler` on stdin and stdout until either ends or `shutdown`; then stops within 3 s. `calls` is
/// closed when nobody reads the answers any more: no further call may begin.
pub async fn serve<H: ServerHandler>(handler: H, calls: TaskTracker, shutdown: CancellationToken) -> Ended {
    let (input, output) = stdio_pipes();
    let lines = Tracked::new(Lines::new(input, output), InFlight::new(calls.clone()));
    let watch = Watch::default();
    let deaf = CancellationToken::new();
    let paced = Paced::new(lines, pipes::stdout_is_closed, pipes::stdin_is_closed, deaf.clone());
    let session = run(handler, Opening::new(paced, watch.clone()), shutdown.clone());
    let deadline = async {
        tokio::select! {
            () = watch.ended() => {}
            () = shutdown.cancelled() => {}
        }
        tokio::time::sleep(FINISH_WITHIN).await;
    };
    let hearing = async {
        tokio::select! {
            () = pipes::stdout_closed() => deaf.cancel(),
            () = deaf.cancelled() => {}
        }
        calls.close();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = session => {}
        () = deadline => debug!("gave up on calls that were still under way"),
        () = hearing => {}
    }
    if deaf.is_cancelled() {
        warn!("stdout is closed, so nothing can be answered any more; the server ends");
    }
    if watch.saw_a_request() { Ended::Served } else { Ended::NeverAsked }
}

async fn run<H, T>(handler: H, transport: Opening<T>, shutdown: CancellationToken)
where
    H: ServerHandler,
    T: rmcp::transport::Transport<rmcp::RoleServer> + 'static,
{
    match serve_server_with_ct(handler, transport, shutdown).await {
        Ok(session) => {
            if let Err(error) = session.waiting().await {
                tracing::error!(%error, "the stdio session ended by a fault");
            }
        }
        // The peer left, or was told what is wrong, before a session began.
        Err(error) => debug!(%error, "no session was opened"),
    }
}
