//! The first words on a connection.
//!
//! rmcp ends a session whose first message is not a request. Hosts that probe, or junk on a pipe, are no
//! reason to die: whatever comes before the session is opened and is no request is dropped with a log line.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rmcp::RoleServer;
use rmcp::model::{ClientRequest, GetMeta, JsonRpcMessage, ProtocolVersion};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// What a transport has seen so far.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    requested: Arc<AtomicBool>,
    ended: CancellationToken,
}

impl Watch {
    /// Whether any request has come.
    pub fn saw_a_request(&self) -> bool {
        self.requested.load(Ordering::Relaxed)
    }

    /// Completes when the peer has closed its side.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }
}

/// A transport that waits for a proper opening.
#[derive(Debug)]
pub struct Opening<T> {
    inner: T,
    opened: bool,
    watch: Watch,
}

impl<T> Opening<T> {
    /// Wraps `inner`; `watch` learns what comes.
    pub fn new(inner: T, watch: Watch) -> Self {
        Self { inner, opened: false, watch }
    }

    /// Whether the message may be handed on.
    fn admits(&mut self, message: &RxJsonRpcMessage<RoleServer>) -> bool {
        if let JsonRpcMessage::Request(request) = message {
            self.watch.requested.store(true, Ordering::Relaxed);
            self.opened = self.opened || opens(&request.request);
            return true;
        }
        if !self.opened {
            warn!("dropped a message that came before the session was opened by `initialize`");
        }
        self.opened
    }
}

/// Whether rmcp leaves its opening phase at this request: `initialize`, or a self-contained request of
/// 2026-07-28 other than the probes.
fn opens(request: &ClientRequest) -> bool {
    match request {
        ClientRequest::InitializeRequest(_) => true,
        ClientRequest::PingRequest(_) | ClientRequest::DiscoverRequest(_) => false,
        request => {
            let meta = request.get_meta();
            let complete = meta.missing_required_keys(&ProtocolVersion::V_2026_07_28).is_empty();
            let known = meta.protocol_version().is_some_and(|v| ProtocolVersion::KNOWN_VERSIONS.contains(&v));
            complete && known
        }
    }
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for Opening<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.inner.send(item)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            let Some(message) = self.inner.receive().await else {
                self.watch.ended.cancel();
                return None;
            };
            if self.admits(&message) {
                return Some(message);
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}
