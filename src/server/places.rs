//! The places for calls, and how clients share them.
//!
//! A client may have as many calls worked on as there are places left over for the others, so that however
//! many clients there are, the next one finds a place: one client alone has at most half of them.

use std::collections::{HashMap, VecDeque};
use std::mem::replace;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::ConnectInfo;
use rmcp::RoleServer;
use rmcp::service::RequestContext;
use tokio::sync::oneshot;
use url::form_urlencoded;

use super::{CallCaps, is_modern};

/// Calls that stop a campaign or a job, and go on although there is no place for them.
const STOPPING_PER_CLIENT: usize = 8;
/// Calls that wait for news without a place, for each place that there is.
const WATCHING_PER_PLACE: usize = 4;

/// Who shares the places with others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Client {
    /// The host that started this process.
    Host,
    /// A session on HTTP.
    Session(Arc<str>),
    /// Whoever calls from an address without a session.
    Peer(Option<IpAddr>),
}

impl Client {
    pub(super) fn of(context: &RequestContext<RoleServer>) -> Self {
        let Some(parts) = context.extensions.get::<http::request::Parts>() else { return Self::Host };
        // On HTTP+SSE the session is in the address; a header of that name says nothing there.
        if parts.uri.path() == "/messages" {
            let query = parts.uri.query().unwrap_or_default();
            let session = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "sessionId");
            return Self::Session(session.unwrap_or_default().1.into());
        }
        let session = parts.headers.get("mcp-session-id").and_then(|session| session.to_str().ok());
        match session {
            // Nobody has checked the header of a request that needs no session.
            Some(session) if !is_modern(context) => Self::Session(session.into()),
            _ => {
                let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
                Self::Peer(peer.map(|ConnectInfo(peer)| peer.ip()))
            }
        }
    }
}

/// The places. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Places {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    caps: CallCaps,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Calls on a place.
    working: usize,
    /// Calls that wait for news.
    watching: usize,
    /// Clients with any call.
    clients: HashMap<Client, Share>,
    /// Calls that wait for a place, the oldest first.
    queue: VecDeque<Waiting>,
    /// The next number in the queue.
    next: u64,
}

/// A client's calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Share {
    working: usize,
    stopping: usize,
    watching: usize,
    waiting: usize,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    client: Client,
    granted: oneshot::Sender<()>,
}

/// What a call holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    Working,
    Stopping,
    Watching,
}

impl Share {
    fn count(&mut self, hold: Hold) -> &mut usize {
        match hold {
            Hold::Working => &mut self.working,
            Hold::Stopping => &mut self.stopping,
            Hold::Watching => &mut self.watching,
        }
    }
}

impl State {
    fn share(&self, client: &Client) -> Share {
        self.clients.get(client).copied().unwrap_or_default()
    }

    fn add(&mut self, client: &Client, hold: Hold) {
        *self.clients.entry(client.clone()).or_default().count(hold) += 1;
        match hold {
            Hold::Working => self.working += 1,
            Hold::Watching => self.watching += 1,
            Hold::Stopping => {}
        }
    }

    fn remove(&mut self, client: &Client, hold: Hold) {
        self.change(client, |share| *share.count(hold) -= 1);
        match hold {
            Hold::Working => self.working -= 1,
            Hold::Watching => self.watching -= 1,
            Hold::Stopping => {}
        }
    }

    /// Changes a client's share, and forgets the client when it has no call left.
    fn change(&mut self, client: &Client, change: impl FnOnce(&mut Share)) {
        if let Some(share) = self.clients.get_mut(client) {
            change(share);
            if *share == Share::default() {
                self.clients.remove(client);
            }
        }
    }

    fn has_place_for(&self, client: &Client, caps: &CallCaps) -> bool {
        let free = caps.concurrent.saturating_sub(self.working);
        let own = self.share(client).working;
        match client {
            // There are no others.
            Client::Host => free > 0,
            _ => own < free && own < caps.per_client,
        }
    }

    /// Gives what places there are to those who wait, the oldest first.
    fn grant(&mut self, caps: &CallCaps) {
        let mut at = 0;
        while self.working < caps.concurrent
            && let Some(waiting) = self.queue.get(at)
        {
            if !self.has_place_for(&waiting.client, caps) {
                at += 1;
                continue;
            }
            let Some(Waiting { client, granted, .. }) = self.queue.remove(at) else { return };
            self.change_to_working(&client);
            if granted.send(()).is_err() {
                self.remove(&client, Hold::Working);
            }
        }
    }

    fn change_to_working(&mut self, client: &Client) {
        self.add(client, Hold::Working);
        self.change(client, |share| share.waiting -= 1);
    }
}

impl Places {
    pub(super) fn new(caps: CallCaps) -> Self {
        Self { shared: Arc::new(Shared { caps, state: Mutex::default() }) }
    }

    /// Returns a place for a call of `client`, waited for if need be; `None` when there is none in time. A call
    /// that stops a campaign or a job does not wait for other calls.
    pub(super) async fn take(&self, client: Client, is_stop: bool) -> Option<Place> {
        let queued = {
            let caps = &self.shared.caps;
            let mut state = self.shared.state();
            let share = state.share(&client);
            if is_stop && share.stopping < STOPPING_PER_CLIENT {
                state.add(&client, Hold::Stopping);
                return Some(self.place(client, Hold::Stopping));
            }
            if share.waiting == 0 && state.has_place_for(&client, caps) {
                state.add(&client, Hold::Working);
                return Some(self.place(client, Hold::Working));
            }
            if client != Client::Host && share.waiting >= caps.waiting_per_client {
                return None;
            }
            self.queue(&mut state, client)
        };
        queued.granted(self.shared.caps.queue).await
    }

    fn place(&self, client: Client, hold: Hold) -> Place {
        Place { shared: Arc::clone(&self.shared), client, hold: Mutex::new(hold) }
    }

    fn queue(&self, state: &mut State, client: Client) -> Queued {
        let (granted, grant) = oneshot::channel();
        let number = state.next;
        state.next += 1;
        state.clients.entry(client.clone()).or_default().waiting += 1;
        state.queue.push_back(Waiting { number, client: client.clone(), granted });
        Queued { places: self.clone(), client, number, grant }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that waits for a place; out of the queue when it is dropped.
struct Queued {
    places: Places,
    client: Client,
    number: u64,
    grant: oneshot::Receiver<()>,
}

impl Queued {
    async fn granted(mut self, limit: Duration) -> Option<Place> {
        let granted = tokio::time::timeout(limit, &mut self.grant).await;
        matches!(granted, Ok(Ok(()))).then(|| self.places.place(self.client.clone(), Hold::Working))
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        let shared = &self.places.shared;
        let mut state = shared.state();
        if let Some(at) = state.queue.iter().position(|waiting| waiting.number == self.number) {
            state.queue.remove(at);
            state.change(&self.client, |share| share.waiting -= 1);
        } else if self.grant.try_recv().is_ok() {
            // Granted in the moment in which it gave up.
            state.remove(&self.client, Hold::Working);
            state.grant(&shared.caps);
        }
    }
}

/// A call's place; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    shared: Arc<Shared>,
    client: Client,
    hold: Mutex<Hold>,
}

impl Place {
    /// Gives the place back, because from here on the call only waits for news. It keeps the place where too
    /// many wait already.
    pub(super) fn watch(&self) {
        let caps = &self.shared.caps;
        let mut hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.shared.state();
        let has_room = state.watching < caps.concurrent * WATCHING_PER_PLACE
            && state.share(&self.client).watching < caps.watching_per_client;
        if *hold == Hold::Watching || !has_room {
            return;
        }
        state.add(&self.client, Hold::Watching);
        let before = replace(&mut *hold, Hold::Watching);
        state.remove(&self.client, before);
        state.grant(caps);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let hold = *self.hold.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.shared.state();
        state.remove(&self.client, hold);
        state.grant(&self.shared.caps);
    }
}

#[cfg(test)]
mod tests;
