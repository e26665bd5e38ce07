//! The older HTTP+SSE transport (2024-11-05): `GET /sse` opens a stream whose first event names the address to
//! POST messages to. Deprecated since 2025-03-26 and gone from rmcp, but hosts that know nothing newer exist.

mod outbox;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use axum::routing::{get, post};
use futures::{StreamExt, stream};
use rmcp::service::{RxJsonRpcMessage, serve_server_with_ct};
use rmcp::{RoleServer, ServerHandler};
use serde::Deserialize;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Sender, channel};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use uuid::Uuid;

use super::HttpSettings;
use super::batch::{Answer, Batches, MOST_IN_BATCH};
use super::in_flight::{InFlight, Tracked};
use super::memory::{Memory, Pool, collect};
use super::message;
use super::opening::{Opening, Watch};
use super::openings::{self, Openings};
use outbox::{Outbox, SseTransport};

/// Messages of one session that may wait to be worked on; a client that sends more is told 503.
const QUEUE: usize = MOST_IN_BATCH;

/// The server's ends of one session's queues.
#[derive(Clone)]
struct Queues {
    inbox: Sender<RxJsonRpcMessage<RoleServer>>,
    outbox: Outbox,
    batches: Arc<Batches>,
}

struct Sessions<H> {
    handler: H,
    openings: Arc<Openings>,
    open: Mutex<HashMap<String, Queues>>,
    settings: HttpSettings,
    /// Pays for the answers that wait.
    pool: Pool,
    close: CancellationToken,
}

pub(super) fn router<H>(
    handler: H,
    settings: &HttpSettings,
    openings: Arc<Openings>,
    memory: &Memory,
    close: &CancellationToken,
) -> Router
where
    H: ServerHandler + Clone,
{
    let sessions = Sessions {
        handler,
        openings,
        open: Mutex::default(),
        settings: settings.clone(),
        pool: memory.answers(),
        close: close.clone(),
    };
    let messages = post(receive::<H>).layer(from_fn_with_state(memory.bodies(settings), collect));
    Router::new().route("/sse", get(open::<H>)).route("/messages", messages).with_state(Arc::new(sessions))
}

impl<H> Sessions<H> {
    fn open(&self) -> MutexGuard<'_, HashMap<String, Queues>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a session, unless there are as many as are kept.
    fn register(&self, queues: Queues) -> Option<String> {
        let mut open = self.open();
        if open.len() >= self.settings.max_sessions {
            return None;
        }
        let id = Uuid::new_v4().to_string();
        open.insert(id.clone(), queues);
        Some(id)
    }
}

/// Ends the session when the client closes the stream.
struct Registered<H> {
    id: String,
    sessions: Arc<Sessions<H>>,
    stop: CancellationToken,
}

impl<H> Drop for Registered<H> {
    fn drop(&mut self) {
        self.sessions.open().remove(&self.id);
        self.stop.cancel();
    }
}

async fn open<H: ServerHandler + Clone>(
    State(sessions): State<Arc<Sessions<H>>>,
    request: Request,
) -> Response {
    if let Err(wait) = sessions.openings.count(openings::address(&request)) {
        return openings::too_fast(wait);
    }
    let (inbox, incoming) = channel(QUEUE);
    let (outbox, mut outgoing) = outbox::new(sessions.pool.clone(), sessions.settings.calls.clone());
    let batches = Arc::new(Batches::default());
    let queues = Queues { inbox, outbox: outbox.clone(), batches: Arc::clone(&batches) };
    let Some(id) = sessions.register(queues) else {
        warn!(
            max_sessions = sessions.settings.max_sessions,
            "refused an SSE session: there are as many as are kept"
        );
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "60")], "Too many sessions.")
            .into_response();
    };
    let stop = sessions.close.child_token();
    let in_flight = InFlight::new(sessions.settings.calls.clone());
    let messages = Tracked::new(SseTransport::new(incoming, outbox, batches), in_flight);
    let transport = Opening::new(messages, Watch::default());
    tokio::spawn(serve(sessions.handler.clone(), transport, stop.clone()));
    let endpoint = Event::default().event("endpoint").data(format!("/messages?sessionId={id}"));
    let registered = Registered { id, sessions, stop: stop.clone() };
    let answers = stream::poll_fn(move |context| outgoing.poll_recv(context));
    let messages = answers.map(move |answer| {
        let _while_streaming = &registered;
        Event::default().event("message").data(answer.into_json())
    });
    let events = stream::once(async { endpoint })
        .chain(messages)
        .take_until(stop.cancelled_owned())
        .map(Ok::<_, Infallible>);
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    // Tells a reverse proxy not to hold events back.
    ([("x-accel-buffering", "no")], Sse::new(events).keep_alive(keep_alive)).into_response()
}

async fn serve<H, T>(handler: H, transport: Opening<T>, stop: CancellationToken)
where
    H: ServerHandler,
    T: rmcp::transport::Transport<RoleServer> + 'static,
{
    match serve_server_with_ct(handler, transport, stop).await {
        Ok(session) => {
            let _ = session.waiting().await;
        }
        Err(error) => debug!(%error, "no session was opened on the SSE stream"),
    }
}

#[derive(Deserialize)]
struct Address {
    #[serde(rename = "sessionId")]
    session_id: String,
}

async fn receive<H: ServerHandler + Clone>(
    State(sessions): State<Arc<Sessions<H>>>,
    Query(Address { session_id }): Query<Address>,
    request: Request,
) -> Response {
    let Some(queues) = sessions.open().get(&session_id).cloned() else {
        return (StatusCode::NOT_FOUND, "No such session; open one by GET /sse.").into_response();
    };
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, sessions.settings.max_body_bytes).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "The message is too large.").into_response();
    };
    if queues.outbox.is_full() {
        return too_much("Read the answers on the stream first.");
    }
    let incoming = message::read(&body);
    // All of a batch or nothing.
    let places = match queues.inbox.try_reserve_many(incoming.count()) {
        Ok(places) => places,
        Err(TrySendError::Full(())) => return too_much("Too many messages at once."),
        Err(TrySendError::Closed(())) => return (StatusCode::GONE, "The session has ended.").into_response(),
    };
    let arrived = queues.batches.take(incoming);
    for (place, mut message) in places.zip(arrived.messages) {
        // Headers reach the tools as they do on Streamable HTTP.
        message.insert_extension(parts.clone());
        place.send(message);
    }
    match arrived.answer {
        Some(answer) => say(&queues.outbox, &answer).await,
        None => StatusCode::ACCEPTED.into_response(),
    }
}

/// Answers what is not worked on: on the stream, where a client looks for answers, and if it is one refusal that
/// can be assigned to no request, as the answer to the POST.
async fn say(outbox: &Outbox, answer: &Answer) -> Response {
    let Ok(json) = answer.to_json() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    match answer {
        Answer::One(_) => {
            let sent = if answer.names_a_request() { outbox.send(json.clone()).await } else { Ok(()) };
            if let Err(error) = sent {
                debug!(%error, "a refusal could not be sent");
            }
            (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "application/json")], json).into_response()
        }
        Answer::Together(_) => match outbox.send(json).await {
            Ok(()) => StatusCode::ACCEPTED.into_response(),
            Err(_) => (StatusCode::GONE, "The session has ended.").into_response(),
        },
    }
}

fn too_much(sentence: &'static str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], sentence).into_response()
}
