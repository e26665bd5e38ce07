//! The answers of one session that wait for its stream, counted in bytes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rmcp::RoleServer;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::transport::batch::Batches;
use crate::transport::memory::{Charge, Pool};

/// A client with so many answers unread, or so many bytes of them, is told 503 until it has read some.
const MOST_ANSWERS: usize = 64;
const MOST_BYTES: usize = 1 << 20;

/// Makes a session's outbox, whose answers are paid for from `pool` and count as `calls` until they are read, and
/// the end that its stream reads.
pub(super) fn new(pool: Pool, calls: TaskTracker) -> (Outbox, UnboundedReceiver<Unread>) {
    let (queue, unread) = unbounded_channel();
    (Outbox { queue, waiting: Arc::default(), pool, calls }, unread)
}

/// The end that the server writes to.
#[derive(Clone)]
pub(super) struct Outbox {
    queue: UnboundedSender<Unread>,
    waiting: Arc<Waiting>,
    pool: Pool,
    calls: TaskTracker,
}

#[derive(Default)]
struct Waiting {
    answers: AtomicUsize,
    bytes: AtomicUsize,
}

/// An answer that its client has not read.
pub(super) struct Unread {
    json: Counted,
    _charge: Charge,
}

impl Unread {
    pub(super) fn into_json(self) -> String {
        let mut json = self.json;
        std::mem::take(&mut json.text)
    }
}

/// A text that counts as waiting as long as it lives.
struct Counted {
    text: String,
    bytes: usize,
    waiting: Arc<Waiting>,
    _call: TaskTrackerToken,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.waiting.answers.fetch_sub(1, Ordering::Relaxed);
        self.waiting.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Outbox {
    /// Whether the client has to read first.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.answers.load(Ordering::Relaxed) >= MOST_ANSWERS
            || self.waiting.bytes.load(Ordering::Relaxed) >= MOST_BYTES
    }

    fn count(&self, text: String) -> Counted {
        let bytes = text.len();
        self.waiting.answers.fetch_add(1, Ordering::Relaxed);
        self.waiting.bytes.fetch_add(bytes, Ordering::Relaxed);
        Counted { text, bytes, waiting: Arc::clone(&self.waiting), _call: self.calls.token() }
    }

    /// Puts an answer into the queue. Answers go out in their order, unless memory is so scarce that some have to
    /// wait for it.
    pub(super) fn send(&self, json: String) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let outbox = self.clone();
        let json = outbox.count(json);
        let sent = match outbox.pool.try_take(json.bytes) {
            Some(charge) => Ok(outbox.push(json, charge)),
            None => Err(json),
        };
        async move {
            match sent {
                Ok(sent) => sent,
                Err(json) => match outbox.pool.take(json.bytes).await {
                    Some(charge) => outbox.push(json, charge),
                    None => Err(io::ErrorKind::BrokenPipe.into()),
                },
            }
        }
    }

    fn push(&self, json: Counted, charge: Charge) -> io::Result<()> {
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.queue.send(Unread { json, _charge: charge }).map_err(gone)
    }
}

/// A session as rmcp sees it.
pub(super) struct SseTransport {
    incoming: Receiver<RxJsonRpcMessage<RoleServer>>,
    outbox: Outbox,
    batches: Arc<Batches>,
}

impl SseTransport {
    pub(super) fn new(
        incoming: Receiver<RxJsonRpcMessage<RoleServer>>,
        outbox: Outbox,
        batches: Arc<Batches>,
    ) -> Self {
        Self { incoming, outbox, batches }
    }
}

impl Transport<RoleServer> for SseTransport {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let json = self.batches.send(message).map(|answer| answer.to_json());
        let sent = json.map(|json| json.map(|json| self.outbox.send(json)));
        async move {
            match sent {
                Some(sent) => sent?.await,
                None => Ok(()),
            }
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        self.incoming.recv().await
    }

    async fn close(&mut self) -> io::Result<()> {
        Ok(())
    }
}
