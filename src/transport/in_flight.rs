//! The requests of one session that are not answered yet.
//!
//! rmcp does not expect a second request with the id of one that is under way: it sends one of the two answers
//! and forgets the other, on `/mcp` on the wrong stream. So such a request is refused here, before rmcp sees it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use rmcp::RoleServer;
use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, ErrorData, GetExtensions, JsonRpcMessage, RequestId,
    ServerJsonRpcMessage,
};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::debug;

use super::message::answered;

/// The requests of one session that are under way. Clones share everything.
#[derive(Debug, Clone)]
pub(super) struct InFlight {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    became_idle: Notify,
    calls: TaskTracker,
}

#[derive(Debug)]
struct State {
    requests: HashMap<RequestId, Request>,
    /// Answers on their way to the transport.
    sending: usize,
    /// Takes no more requests.
    closed: bool,
    /// When it was last heard of, or answered.
    touched: Instant,
}

impl Default for State {
    fn default() -> Self {
        Self { requests: HashMap::new(), sending: 0, closed: false, touched: Instant::now() }
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.requests.is_empty() && self.sending == 0
    }
}

/// A request, which counts as a call until its answer is sent or nobody waits for one.
#[derive(Debug)]
struct Request {
    stage: Stage,
    _call: TaskTrackerToken,
}

/// Why an id cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// A request of this id is under way.
    Duplicate,
    /// The session takes no more requests.
    Closed,
}

/// What closing a session comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
    /// Nothing is under way.
    Now,
    /// From here on it takes no more requests.
    Begun,
    /// It was begun before, and requests are under way still.
    UnderWay,
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
    /// Nothing is under way. What will be counts among `calls`.
    pub(super) fn new(calls: TaskTracker) -> Self {
        Self { shared: Arc::new(Shared { state: Mutex::default(), became_idle: Notify::new(), calls }) }
    }

    fn request(&self, stage: Stage) -> Request {
        Request { stage, _call: self.shared.calls.token() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what may end the last request.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let changed = change(&mut state);
        if state.is_idle() {
            state.touched = Instant::now();
            drop(state);
            self.shared.became_idle.notify_waiters();
        }
        changed
    }

    /// Notes that the client is there; `false` when the session is closed.
    pub(super) fn touch(&self) -> bool {
        let mut state = self.state();
        state.touched = Instant::now();
        !state.closed
    }

    /// Since when nothing is under way; `None` while something is, and for a session that is closed.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = self.state();
        (state.is_idle() && !state.closed).then_some(state.touched)
    }

    /// Completes when nothing is under way.
    pub(super) async fn idle(&self) {
        loop {
            let became_idle = self.shared.became_idle.notified();
            if self.state().is_idle() {
                return;
            }
            became_idle.await;
        }
    }

    /// Takes no more requests.
    pub(super) fn close(&self) -> Closing {
        let mut state = self.state();
        let was_closed = std::mem::replace(&mut state.closed, true);
        match (state.is_idle(), was_closed) {
            (true, _) => Closing::Now,
            (false, false) => Closing::Begun,
            (false, true) => Closing::UnderWay,
        }
    }

    /// Takes no more requests, if it was idle for so long; tells whether that is so.
    pub(super) fn close_if_idle(&self, least: Duration) -> bool {
        let mut state = self.state();
        if state.closed || !state.is_idle() || state.touched.elapsed() < least {
            return false;
        }
        state.closed = true;
        true
    }

    /// Takes the id of a request that will reach the session's transport.
    pub(super) fn announce(&self, id: &RequestId) -> Result<Announced, Taken> {
        let mut state = self.state();
        if state.closed {
            return Err(Taken::Closed);
        }
        let Entry::Vacant(free) = state.requests.entry(id.clone()) else { return Err(Taken::Duplicate) };
        free.insert(self.request(Stage::Announced));
        Ok(Announced { in_flight: self.clone(), id: Some(id.clone()) })
    }

    /// Takes the id of a request that goes to its handler; `None` if it is taken.
    fn begin(&self, id: &RequestId) -> Option<UnderWay> {
        match self.state().requests.entry(id.clone()) {
            Entry::Occupied(mut entry) if entry.get().stage == Stage::Announced => {
                entry.get_mut().stage = Stage::Handled;
            }
            Entry::Occupied(_) => return None,
            Entry::Vacant(free) => {
                free.insert(self.request(Stage::Handled));
            }
        }
        Some(UnderWay { _handler: Arc::new(Handler { in_flight: self.clone(), id: id.clone() }) })
    }

    /// Frees the id of a request whose answer is about to be sent.
    fn answer(&self, id: &RequestId) -> Sending {
        let mut state = self.state();
        let request = state.requests.remove(id);
        state.sending += 1;
        Sending { in_flight: self.clone(), _request: request }
    }

    /// Notes that rmcp will not send an answer. The id is free when the handler is done, too: until then rmcp
    /// would take the handler's answer for that of a new request.
    fn cancel(&self, id: &RequestId) {
        self.change(|state| match state.requests.get_mut(id).map(|request| &mut request.stage) {
            Some(Stage::Done) => {
                state.requests.remove(id);
            }
            Some(stage @ Stage::Handled) => *stage = Stage::Cancelled,
            // rmcp ignores a cancellation that overtakes its request.
            _ => {}
        });
    }

    fn handled(&self, id: &RequestId) {
        self.change(|state| match state.requests.get_mut(id).map(|request| &mut request.stage) {
            // Nothing answers a request whose handler panicked.
            Some(stage @ Stage::Handled) if !std::thread::panicking() => *stage = Stage::Done,
            Some(Stage::Handled | Stage::Cancelled) => {
                state.requests.remove(id);
            }
            _ => {}
        });
    }

    /// Frees all ids: the session is over.
    fn end(&self) {
        self.change(|state| state.requests.clear());
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
            self.in_flight.change(|state| state.requests.remove(id));
        }
    }
}

/// An answer on its way.
#[derive(Debug)]
struct Sending {
    in_flight: InFlight,
    _request: Option<Request>,
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.in_flight.change(|state| state.sending -= 1);
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

impl<T: Transport<RoleServer>> Transport<RoleServer> for Tracked<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        // Before it is sent: whoever has the answer may use the id again.
        let sending = answered(&item).map(|id| self.in_flight.answer(id));
        let sent = self.inner.send(item);
        async move {
            let _sending = sending;
            sent.await
        }
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
