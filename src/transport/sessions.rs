//! The sessions of Streamable HTTP: rmcp's, with a cap on their number.
//!
//! Hosts that crash or probe leave sessions behind, which live for hours. So one too many closes the session
//! that was idle longest, instead of locking the newest host out; its own host gets a 404 and opens another.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::future::ready;
use futures::stream::once;
use futures::{Stream, StreamExt};
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::common::server_side_http::ServerSseMessage;
use rmcp::transport::streamable_http_server::session::SessionId;
use rmcp::transport::streamable_http_server::session::SessionManager;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;

use super::in_flight::{self, InFlight, Tracked};

type Inner = LocalSessionManager;
type InnerError = <Inner as SessionManager>::Error;

/// What is known of a session.
struct Kept {
    used: Instant,
    in_flight: InFlight,
}

/// At most `most` sessions, each forgotten after its idle time.
pub(super) struct CappedSessions {
    inner: Inner,
    most: usize,
    kept: Mutex<HashMap<SessionId, Kept>>,
    /// Held while a session is made, so that two at once cannot both take the last place.
    making: tokio::sync::Mutex<()>,
}

impl CappedSessions {
    pub(super) fn new(most: usize, idle: Duration) -> Self {
        let mut inner = Inner::default();
        inner.session_config.keep_alive = Some(idle);
        Self { inner, most: most.max(1), kept: Mutex::default(), making: tokio::sync::Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<SessionId, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a session is alive; one that is gone is not brought back.
    fn touch(&self, id: &SessionId) {
        if let Some(kept) = self.kept().get_mut(id) {
            kept.used = Instant::now();
        }
    }

    fn in_flight(&self, id: &SessionId) -> Result<InFlight, InnerError> {
        let in_flight = self.kept().get(id).map(|kept| kept.in_flight.clone());
        in_flight.ok_or_else(|| InnerError::SessionNotFound(id.clone()))
    }

    /// Makes room for one more.
    async fn make_room(&self) -> Result<(), InnerError> {
        while self.inner.sessions.read().await.len() >= self.most {
            let longest_idle = self.kept().iter().min_by_key(|(_, kept)| kept.used).map(|(id, _)| id.clone());
            let Some(id) = longest_idle else { break };
            tracing::warn!(max_sessions = self.most, "closed the session that was idle longest to make room");
            self.close_session(&id).await?;
        }
        Ok(())
    }
}

impl SessionManager for CappedSessions {
    type Error = InnerError;
    type Transport = Tracked<<Inner as SessionManager>::Transport>;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        let _making = self.making.lock().await;
        self.make_room().await?;
        let (id, transport) = self.inner.create_session().await?;
        let in_flight = InFlight::default();
        let kept = Kept { used: Instant::now(), in_flight: in_flight.clone() };
        self.kept().insert(id.clone(), kept);
        Ok((id, Tracked::new(transport, in_flight)))
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
        self.kept().remove(id);
        self.inner.close_session(id).await
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let ClientJsonRpcMessage::Request(request) = &message else {
            return Ok(self.inner.create_stream(id, message).await?.right_stream());
        };
        // Here and not in the session's transport, because rmcp has sent the first answer elsewhere by then.
        let Some(announced) = self.in_flight(id)?.announce(&request.id) else {
            let refusal = in_flight::duplicate(request.id.clone());
            return Ok(once(ready(ServerSseMessage::from_message(refusal))).left_stream());
        };
        let stream = self.inner.create_stream(id, message).await?;
        announced.arrived();
        Ok(stream.right_stream())
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
