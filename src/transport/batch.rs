//! Several messages in one, as 2025-03-26 has them and no other version: the answers go out together.
//!
//! For transports on which a session is one stream of messages. On Streamable HTTP a batch is one request.

use std::collections::HashSet;
use std::mem::take;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, ClientRequest, ErrorData, JsonRpcMessage, ProtocolVersion,
    RequestId, ServerJsonRpcMessage,
};
use serde_json::Value;

use super::message::{self, Incoming, answered, opened};

/// Messages that one batch may hold.
pub(super) const MOST_IN_BATCH: usize = 100;

/// What became of a text that came in.
#[derive(Debug, Default)]
pub(super) struct Arrived {
    /// What is to be worked on.
    pub(super) messages: Vec<ClientJsonRpcMessage>,
    /// What is to be said at once.
    pub(super) answer: Option<Answer>,
}

/// A message to the client.
#[derive(Debug)]
pub(super) enum Answer {
    One(Box<ServerJsonRpcMessage>),
    Together(Vec<ServerJsonRpcMessage>),
}

impl Answer {
    /// The answer to a batch that is refused as a whole.
    pub(super) fn refusal(sentence: &str) -> Self {
        let error = ErrorData::invalid_request(sentence.to_owned(), None);
        Self::One(Box::new(ServerJsonRpcMessage::error(error, None)))
    }

    /// Whether its client can tell what it answers.
    pub(super) fn names_a_request(&self) -> bool {
        match self {
            Self::One(answer) => answered(answer).is_some(),
            Self::Together(_) => true,
        }
    }

    pub(super) fn to_json(&self) -> serde_json::Result<String> {
        match self {
            Self::One(answer) => serde_json::to_string(answer),
            Self::Together(answers) => serde_json::to_string(answers),
        }
    }
}

/// The batches of one session that are not answered yet.
#[derive(Debug, Default)]
pub(super) struct Batches {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether the session is one of 2025-03-26.
    are_agreed: bool,
    open: Vec<Batch>,
}

#[derive(Debug, Default)]
struct Batch {
    waiting: HashSet<RequestId>,
    answers: Vec<ServerJsonRpcMessage>,
}

impl Batches {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what came.
    pub(super) fn take(&self, incoming: Incoming) -> Arrived {
        match incoming {
            Incoming::Message { message, .. } => {
                let answer = cancelled(&message).and_then(|id| self.state().leave_out(id));
                Arrived { messages: vec![*message], answer }
            }
            Incoming::Batch(batch) => self.state().begin(batch),
            Incoming::Refused(answer) => Arrived { messages: Vec::new(), answer: Some(Answer::One(answer)) },
            Incoming::Dropped => Arrived::default(),
        }
    }

    /// What is to be sent when rmcp sends `message`: the message, or nothing yet, or the answers of a batch.
    pub(super) fn send(&self, message: ServerJsonRpcMessage) -> Option<Answer> {
        let mut state = self.state();
        if let Some(version) = opened(&message) {
            state.are_agreed = version == &ProtocolVersion::V_2025_03_26;
        }
        match answered(&message).and_then(|id| state.position(id).map(|at| (at, id.clone()))) {
            Some((at, id)) => {
                if let Some(batch) = state.open.get_mut(at) {
                    batch.waiting.remove(&id);
                    batch.answers.push(message);
                }
                state.end(at)
            }
            None => Some(Answer::One(Box::new(message))),
        }
    }
}

impl State {
    fn position(&self, id: &RequestId) -> Option<usize> {
        self.open.iter().position(|batch| batch.waiting.contains(id))
    }

    fn begin(&mut self, messages: Vec<Value>) -> Arrived {
        let refused =
            |sentence: &str| Arrived { messages: Vec::new(), answer: Some(Answer::refusal(sentence)) };
        if !self.are_agreed {
            return refused(NOT_AGREED);
        }
        if let Some(sentence) = out_of_bounds(messages.len()) {
            return refused(sentence);
        }
        let mut arrived = Arrived::default();
        let mut batch = Batch::default();
        for message in messages {
            match message::read_one(message) {
                Incoming::Message { message, .. } => {
                    if let Some(refusal) = not_in_a_batch(&message) {
                        batch.answers.push(refusal);
                        continue;
                    }
                    if let JsonRpcMessage::Request(request) = &*message {
                        batch.waiting.insert(request.id.clone());
                    }
                    arrived.messages.push(*message);
                }
                Incoming::Refused(answer) => batch.answers.push(*answer),
                Incoming::Batch(_) | Incoming::Dropped => {}
            }
        }
        self.open.push(batch);
        arrived.answer = self.end(self.open.len() - 1);
        arrived
    }

    /// A request that was cancelled gets no answer.
    fn leave_out(&mut self, id: &RequestId) -> Option<Answer> {
        let at = self.position(id)?;
        self.open.get_mut(at)?.waiting.remove(id);
        self.end(at)
    }

    /// The answers of a batch in which nothing is waited for any more.
    fn end(&mut self, at: usize) -> Option<Answer> {
        if !self.open.get(at)?.waiting.is_empty() {
            return None;
        }
        let answers = take(&mut self.open.remove(at).answers);
        (!answers.is_empty()).then_some(Answer::Together(answers))
    }
}

/// Why a batch is refused outside of 2025-03-26.
pub(super) const NOT_AGREED: &str =
    "Batches are taken only in sessions of protocol version 2025-03-26. Send each message by itself.";

/// What is wrong with a batch of so many messages.
pub(super) fn out_of_bounds(count: usize) -> Option<&'static str> {
    match count {
        0 => Some("The batch is empty."),
        1..=MOST_IN_BATCH => None,
        _ => Some("A batch may hold at most 100 messages."),
    }
}

/// The answer to a message that may not stand in a batch: `initialize`.
pub(super) fn not_in_a_batch(message: &ClientJsonRpcMessage) -> Option<ServerJsonRpcMessage> {
    match message {
        JsonRpcMessage::Request(request) => match &request.request {
            ClientRequest::InitializeRequest(_) => {
                let error = ErrorData::invalid_request("initialize may not be part of a batch.", None);
                Some(ServerJsonRpcMessage::error(error, Some(request.id.clone())))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The request that a notification cancels.
fn cancelled(message: &ClientJsonRpcMessage) -> Option<&RequestId> {
    match message {
        JsonRpcMessage::Notification(notification) => match &notification.notification {
            ClientNotification::CancelledNotification(cancelled) => cancelled.params.request_id.as_ref(),
            _ => None,
        },
        _ => None,
    }
}
