//! The sessions of Streamable HTTP: rmcp's, with a cap on their number.
//!
//! Hosts that crash or probe leave sessions behind, which live for hours. So one too many closes the session
//! that was idle longest, instead of locking the newest host out; its own host gets a 404 and opens another.
//! A session with a request under way is not idle: the answer would be lost although the work was done.

use std::cell::Cell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::ready;
use futures::stream::once;
use futures::{Stream, StreamExt};
use rmcp::model::{ClientJsonRpcMessage, ProtocolVersion, RequestId, ServerJsonRpcMessage};
use rmcp::transport::common::server_side_http::ServerSseMessage;
use rmcp::transport::streamable_http_server::session::SessionId;
use rmcp::transport::streamable_http_server::session::SessionManager;
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionManager, LocalSessionManagerError,
};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::HttpSettings;
use super::in_flight::{self, Announced, Closing, InFlight, Taken, Tracked};
use super::message::opened;
use super::openings::Openings;

type Inner = LocalSessionManager;

/// How long a session that its client ended is kept for the calls under way. None works longer; one that waits
/// for a person is not waited for.
const END_WITHIN: Duration = Duration::from_mins(1);

tokio::task_local! {
    /// The HTTP request that is being answered: rmcp tells a session manager nothing about it, and answers 500
    /// whatever goes wrong.
    pub(super) static ARRIVAL: Arrival;
}

/// Where a request comes from, and why it gets no session.
pub(super) struct Arrival {
    address: IpAddr,
    refusal: Cell<Option<Refusal>>,
}

/// Why a request gets no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// The next may be opened after this time.
    #[error("Too many sessions were opened from this address within a minute.")]
    TooFast(Duration),
    #[error("Too many sessions, and none is idle.")]
    Full,
    #[error("The session has ended.")]
    Gone,
}

/// Why a session does not do what it should.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Inner(#[from] LocalSessionManagerError),
}

impl Arrival {
    pub(super) fn new(address: IpAddr) -> Self {
        Self { address, refusal: Cell::new(None) }
    }

    /// Why the request got no session, if that is so.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.refusal.get()
    }
}

/// The refusal, which is noted for the HTTP answer.
fn refused(refusal: Refusal) -> SessionError {
    // Without a request there is no answer.
    let _ = ARRIVAL.try_with(|arrival| arrival.refusal.set(Some(refusal)));
    refusal.into()
}

/// What is known of a session.
struct Kept {
    address: Option<IpAddr>,
    in_flight: InFlight,
    /// Whether several messages may come in one: in 2025-03-26 alone.
    takes_batches: bool,
}

/// At most so many sessions, each forgotten after its idle time.
pub(super) struct CappedSessions {
    inner: Arc<Inner>,
    most: usize,
    idle: Duration,
    openings: Arc<Openings>,
    calls: TaskTracker,
    kept: Mutex<HashMap<SessionId, Kept>>,
    /// Held while a session is made, so that two at once cannot both take the last place.
    making: tokio::sync::Mutex<()>,
}

impl CappedSessions {
    pub(super) fn new(settings: &HttpSettings, openings: Arc<Openings>) -> Self {
        let mut inner = Inner::default();
        // rmcp's own idle time also ends a session in mid-call.
        inner.session_config.keep_alive = None;
        Self {
            inner: Arc::new(inner),
            most: settings.max_sessions.max(1),
            // Far enough, and no time that cannot be computed.
            idle: settings.session_idle.min(Duration::from_hours(24 * 365)),
            openings,
            calls: settings.calls.clone(),
            kept: Mutex::default(),
            making: tokio::sync::Mutex::default(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<SessionId, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn takes_batches(&self, id: &str) -> bool {
        self.kept().get(id).is_some_and(|kept| kept.takes_batches)
    }

    fn in_flight(&self, id: &SessionId) -> Option<InFlight> {
        self.kept().get(id).map(|kept| kept.in_flight.clone())
    }

    /// Makes room for one more.
    async fn make_room(&self, address: Option<IpAddr>) -> Result<(), SessionError> {
        while self.inner.sessions.read().await.len() >= self.most {
            let Some((id, in_flight)) = self.longest_idle(address) else {
                tracing::warn!(max_sessions = self.most, "refused a session: none of those kept is idle");
                return Err(refused(Refusal::Full));
            };
            // A request may have come in the meantime.
            if in_flight.close_if_idle(Duration::ZERO) {
                tracing::warn!(
                    max_sessions = self.most,
                    "closed the session that was idle longest to make room"
                );
                self.forget(&id).await?;
            }
        }
        Ok(())
    }

    /// The session to close for a newcomer. One address that has more than half of the sessions gives way
    /// itself, so that it cannot drive the others out.
    fn longest_idle(&self, newcomer: Option<IpAddr>) -> Option<(SessionId, InFlight)> {
        let kept = self.kept();
        let own = kept.values().filter(|session| session.address == newcomer).count();
        let gives_way = own > self.most / 2;
        kept.iter()
            .filter(|(_, session)| !gives_way || session.address == newcomer)
            .filter_map(|(id, session)| session.in_flight.idle_since().map(|since| (since, id, session)))
            .min_by_key(|(since, ..)| *since)
            .map(|(_, id, session)| (id.clone(), session.in_flight.clone()))
    }

    async fn forget(&self, id: &SessionId) -> Result<(), SessionError> {
        self.kept().remove(id);
        Ok(self.inner.close_session(id).await?)
    }

    /// Ends sessions that were idle too long, for as long as this is awaited.
    pub(super) async fn forget_idle(&self) {
        loop {
            let now = Instant::now();
            let (mut next, mut over) = (now + self.idle, Vec::new());
            for (id, session) in self.kept().iter() {
                let Some(ends) = session.in_flight.idle_since().map(|since| since + self.idle) else {
                    continue;
                };
                if ends > now {
                    next = next.min(ends);
                } else if session.in_flight.close_if_idle(self.idle) {
                    over.push(id.clone());
                }
            }
            for id in over {
                tracing::debug!(session = %id, "forgot an idle session");
                if let Err(error) = self.forget(&id).await {
                    tracing::warn!(%error, "an idle session could not be closed");
                }
            }
            tokio::time::sleep_until(next).await;
        }
    }

    /// Takes a request's id within its session.
    fn announce(&self, id: &SessionId, request: &RequestId) -> Result<Option<Announced>, SessionError> {
        let in_flight = self.in_flight(id).ok_or_else(|| refused(Refusal::Gone))?;
        match in_flight.announce(request) {
            Ok(announced) => Ok(Some(announced)),
            Err(Taken::Duplicate) => Ok(None),
            Err(Taken::Closed) => Err(refused(Refusal::Gone)),
        }
    }
}

impl SessionManager for CappedSessions {
    type Error = SessionError;
    type Transport = Tracked<<Inner as SessionManager>::Transport>;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        let address = ARRIVAL.try_with(|arrival| arrival.address).ok();
        if let Some(address) = address
            && let Err(wait) = self.openings.count(address)
        {
            return Err(refused(Refusal::TooFast(wait)));
        }
        let _making = self.making.lock().await;
        self.make_room(address).await?;
        let (id, transport) = self.inner.create_session().await?;
        let in_flight = InFlight::new(self.calls.clone());
        self.kept().insert(id.clone(), Kept { address, in_flight: in_flight.clone(), takes_batches: false });
        Ok((id, Tracked::new(transport, in_flight)))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        let announced = match &message {
            ClientJsonRpcMessage::Request(request) => self.announce(id, &request.id)?,
            _ => None,
        };
        let answer = self.inner.initialize_session(id, message).await;
        if let Some(announced) = announced {
            announced.arrived();
        }
        let answer = answer?;
        if let Some(kept) = self.kept().get_mut(id) {
            kept.takes_batches = opened(&answer) == Some(&ProtocolVersion::V_2025_03_26);
        }
        Ok(answer)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        let is_open = self.in_flight(id).is_some_and(|in_flight| in_flight.touch());
        Ok(is_open && self.inner.has_session(id).await?)
    }

    /// Ends a session when the requests under way are answered. It takes no more.
    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        match self.in_flight(id).map(|in_flight| (in_flight.close(), in_flight)) {
            None | Some((Closing::Now, _)) => self.forget(id).await?,
            Some((Closing::UnderWay, _)) => {}
            Some((Closing::Begun, in_flight)) => {
                let (inner, id) = (Arc::clone(&self.inner), id.clone());
                tokio::spawn(async move {
                    let _ = tokio::time::timeout(END_WITHIN, in_flight.idle()).await;
                    // When its service has ended, rmcp closes the session once more, and it is forgotten.
                    if let Err(error) = inner.close_session(&id).await {
                        tracing::warn!(%error, "a session could not be closed");
                    }
                });
            }
        }
        Ok(())
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
        let Some(announced) = self.announce(id, &request.id)? else {
            let refusal = in_flight::duplicate(request.id.clone());
            return Ok(once(ready(ServerSseMessage::from_message(refusal))).left_stream());
        };
        let stream = self.inner.create_stream(id, message).await?;
        announced.arrived();
        Ok(stream.right_stream())
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), Self::Error> {
        Ok(self.inner.accept_message(id, message).await?)
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        Ok(self.inner.create_standalone_stream(id).await?)
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        Ok(self.inner.resume(id, last_event_id).await?)
    }
}

#[cfg(test)]
mod tests;
