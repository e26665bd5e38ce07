//! The sessions of Streamable HTTP: rmcp's, with a cap on their number.
//!
//! Hosts that crash or probe leave sessions behind, which live for hours. So one too many closes the session
//! that was idle longest, instead of locking the newest host out; its own host gets a 404 and opens another.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::Stream;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::common::server_side_http::ServerSseMessage;
use rmcp::transport::streamable_http_server::session::SessionId;
use rmcp::transport::streamable_http_server::session::SessionManager;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;

type Inner = LocalSessionManager;
type InnerError = <Inner as SessionManager>::Error;

/// At most `most` sessions, each forgotten after its idle time.
pub(super) struct CappedSessions {
    inner: Inner,
    most: usize,
    used: Mutex<HashMap<SessionId, Instant>>,
    /// Held while a session is made, so that two at once cannot both take the last place.
    making: tokio::sync::Mutex<()>,
}

impl CappedSessions {
    pub(super) fn new(most: usize, idle: Duration) -> Self {
        let mut inner = Inner::default();
        inner.session_config.keep_alive = Some(idle);
        Self { inner, most: most.max(1), used: Mutex::default(), making: tokio::sync::Mutex::default() }
    }

    fn used(&self) -> MutexGuard<'_, HashMap<SessionId, Instant>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a session is alive; one that is gone is not brought back.
    fn touch(&self, id: &SessionId) {
        if let Some(used) = self.used().get_mut(id) {
            *used = Instant::now();
        }
    }

    /// Makes room for one more.
    async fn make_room(&self) -> Result<(), InnerError> {
        while self.inner.sessions.read().await.len() >= self.most {
            let longest_idle = self.used().iter().min_by_key(|(_, used)| **used).map(|(id, _)| id.clone());
            let Some(id) = longest_idle else { break };
            tracing::warn!(max_sessions = self.most, "closed the session that was idle longest to make room");
            self.close_session(&id).await?;
        }
        Ok(())
    }
}

impl SessionManager for CappedSessions {
    type Error = InnerError;
    type Transport = <Inner as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        let _making = self.making.lock().await;
        self.make_room().await?;
        let (id, transport) = self.inner.create_session().await?;
        self.used().insert(id.clone(), Instant::now());
        Ok((id, transport))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        self.inner.initialize_session(id, message).await
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        self.touch(id);
        self.inner.has_session(id).await
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        self.used().remove(id);
        self.inner.close_session(id).await
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        self.inner.create_stream(id, message).await
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), Self::Error> {
        self.inner.accept_message(id, message).await
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        self.inner.create_standalone_stream(id).await
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        self.inner.resume(id, last_event_id).await
    }
}
