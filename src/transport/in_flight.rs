//! The requests of one session that are not answered yet.
//!
//! rmcp does not expect a second request with the id of one that is under way: it sends one of the two answers
//! and forgets the other, on `/mcp` on the wrong stream. So such a request is refused here, before rmcp sees it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use rmcp::RoleServer;
use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, ErrorData, GetExtensions, JsonRpcMessage, RequestId,
    ServerJsonRpcMessage,
};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tracing::debug;

/// The requests of one session that are under way. Clones share everything.
#[derive(Debug, Clone, Default)]
pub(super) struct InFlight {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    requests: HashMap<RequestId, Stage>,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// On its way to rmcp.
    Announced,
    /// With its handler.
    Handled,
    /// With its handler, and nobody waits for an answer.
    Cancelled,
    /// The handler is done; the answer comes.
    Done,
}

impl InFlight {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the id of a request that will reach the session's transport; `None` if it is taken.
    pub(super) fn announce(&self, id: &RequestId) -> Option<Announced> {
        let mut state = self.state();
        let Entry::Vacant(free) = state.requests.entry(id.clone()) else { return None };
        free.insert(Stage::Announced);
        Some(Announced { in_flight: self.clone(), id: Some(id.clone()) })
    }

    /// Takes the id of a request that goes to its handler; `None` if it is taken.
    fn begin(&self, id: &RequestId) -> Option<UnderWay> {
        match self.state().requests.entry(id.clone()) {
            Entry::Occupied(mut entry) if *entry.get() == Stage::Announced => {
                entry.insert(Stage::Handled);
            }
            Entry::Occupied(_) => return None,
            Entry::Vacant(free) => {
                free.insert(Stage::Handled);
            }
        }
        Some(UnderWay { _handler: Arc::new(Handler { in_flight: self.clone(), id: id.clone() }) })
    }

    /// Frees the id of a request whose answer is about to be sent.
    fn answer(&self, id: &RequestId) {
        self.state().requests.remove(id);
    }

    /// Notes that rmcp will not send an answer. The id is free when the handler is done, too: until then rmcp
    /// would take the handler's answer for that of a new request.
    fn cancel(&self, id: &RequestId) {
        let mut state = self.state();
        match state.requests.get_mut(id) {
            Some(Stage::Done) => {
                state.requests.remove(id);
            }
            Some(stage @ Stage::Handled) => *stage = Stage::Cancelled,
            // rmcp ignores a cancellation that overtakes its request.
            _ => {}
        }
    }

    fn handled(&self, id: &RequestId) {
        let mut state = self.state();
        match state.requests.get_mut(id) {
            // Nothing answers a request whose handler panicked.
            Some(Stage::Handled) if !std::thread::panicking() => {
                state.requests.insert(id.clone(), Stage::Done);
            }
            Some(Stage::Handled | Stage::Cancelled) => {
                state.requests.remove(id);
            }
            _ => {}
        }
    }

    /// Frees all ids: the session is over.
    fn end(&self) {
        self.state().requests.clear();
    }
}

/// An id that was taken; given back unless the request [arrived](Announced::arrived).
#[derive(Debug)]
pub(super) struct Announced {
    in_flight: InFlight,
    id: Option<RequestId>,
}

impl Announced {
    /// Says that the request is with the session.
    pub(super) fn arrived(mut self) {
        self.id = None;
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        if let Some(id) = &self.id {
            self.in_flight.answer(id);
        }
    }
}

/// Travels with a request among its extensions, so that it is dropped when the handler is done.
#[derive(Debug, Clone)]
struct UnderWay {
    _handler: Arc<Handler>,
}

#[derive(Debug)]
struct Handler {
    in_flight: InFlight,
    id: RequestId,
}

impl Drop for Handler {
    fn drop(&mut self) {
        self.in_flight.handled(&self.id);
    }
}

/// The answer to a request whose id is taken.
pub(super) fn duplicate(id: RequestId) -> ServerJsonRpcMessage {
    let shown = match &id {
        RequestId::Number(number) => number.to_string(),
        RequestId::String(text) => {
            let text: String = text.chars().filter(|c| !c.is_control()).take(64).collect();
            format!("\"{text}\"")
        }
    };
    let sentence = format!(
        "A request with the id {shown} is still under way in this session. Use an id that is not in use."
    );
    ServerJsonRpcMessage::error(ErrorData::invalid_request(sentence, None), Some(id))
}

/// A transport that hands on only requests whose id is free, and answers the others itself.
pub(super) struct Tracked<T: Transport<RoleServer>> {
    inner: T,
    in_flight: InFlight,
    /// The refusal that is being sent. Kept here, because rmcp drops a `receive` whenever something else comes.
    refusal: Option<BoxFuture<'static, Result<(), T::Error>>>,
}

impl<T: Transport<RoleServer>> Tracked<T> {
    /// Wraps `inner`; `in_flight` learns what comes and goes.
    pub(super) fn new(inner: T, in_flight: InFlight) -> Self {
        Self { inner, in_flight, refusal: None }
    }

    /// The message, unless it is refused.
    fn admit(&mut self, mut message: ClientJsonRpcMessage) -> Option<ClientJsonRpcMessage> {
        match &mut message {
            JsonRpcMessage::Request(request) => {
                let Some(under_way) = self.in_flight.begin(&request.id) else {
                    debug!(id = %request.id, "refused a request whose id is that of one under way");
                    self.refusal = Some(Box::pin(self.inner.send(duplicate(request.id.clone()))));
                    return None;
                };
                request.request.extensions_mut().insert(under_way);
            }
            JsonRpcMessage::Notification(notification) => {
                if let ClientNotification::CancelledNotification(cancelled) = &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.in_flight.cancel(id);
                }
            }
            _ => {}
        }
        Some(message)
    }
}

/// The request that a message answers.
fn answered(message: &ServerJsonRpcMessage) -> Option<&RequestId> {
    match message {
        JsonRpcMessage::Response(response) => Some(&response.id),
        JsonRpcMessage::Error(error) => error.id.as_ref(),
        _ => None,
    }
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for Tracked<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        // Before it is sent: whoever has the answer may use the id again.
        if let Some(id) = answered(&item) {
            self.in_flight.answer(id);
        }
        self.inner.send(item)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            if let Some(refusal) = &mut self.refusal {
                if let Err(error) = refusal.await {
                    debug!(%error, "a refusal could not be sent");
                }
                self.refusal = None;
            }
            let message = self.inner.receive().await?;
            if let Some(message) = self.admit(message) {
                return Some(message);
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}

impl<T: Transport<RoleServer>> Drop for Tracked<T> {
    fn drop(&mut self) {
        self.in_flight.end();
    }
}
