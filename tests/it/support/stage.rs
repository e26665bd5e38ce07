//! What most tests begin with: a store and a server on it.

use super::sandbox::Sandbox;
use super::stdio_host::StdioHost;
use super::wire::{Act, Exchange, Wire};

/// A store without a rate limit and a server on it.
pub(crate) async fn start() -> (Sandbox, StdioHost) {
    let sandbox = Sandbox::start(&["--quota", "0"]).await;
    let host = StdioHost::open(sandbox.client_of(&["stdio"])).await;
    (sandbox, host)
}

/// A store, a wire to it that does what `act` says, and a server at its other end.
pub(crate) async fn start_wired(
    act: impl Fn(&Exchange) -> Act + Send + Sync + 'static,
) -> (Sandbox, Wire, StdioHost) {
    let sandbox = Sandbox::start(&["--quota", "0"]).await;
    let wire = Wire::to(&sandbox, act).await;
    let host = StdioHost::open(wire.client_of(&["stdio"])).await;
    (sandbox, wire, host)
}
