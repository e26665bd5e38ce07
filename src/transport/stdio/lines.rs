//! One message a line, each answered, in form or not.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{FutureExt, SinkExt, StreamExt};
use rmcp::RoleServer;
use rmcp::model::ClientJsonRpcMessage;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Mutex;
use tokio_util::codec::{
    AnyDelimiterCodec, AnyDelimiterCodecError, FramedRead, FramedWrite, LinesCodec, LinesCodecError,
};
use tracing::{debug, error, warn};

use crate::transport::batch::{Answer, Batches};
use crate::transport::message;

/// A longer line is dropped with a log line, and the session goes on.
const MAX_LINE_BYTES: usize = 8 << 20;

type Output<W> = Arc<Mutex<FramedWrite<W, LinesCodec>>>;

pub(super) struct Lines<R, W> {
    input: FramedRead<R, AnyDelimiterCodec>,
    output: Output<W>,
    batches: Batches,
    /// The rest of a batch.
    messages: VecDeque<ClientJsonRpcMessage>,
    /// An answer that is being sent. Kept here, because rmcp drops a `receive` whenever something else comes.
    answer: Option<BoxFuture<'static, io::Result<()>>>,
    /// A line was too long, after which the codec makes a pause.
    pauses: bool,
}

impl<R: AsyncRead, W: AsyncWrite> Lines<R, W> {
    pub(super) fn new(input: R, output: W) -> Self {
        let lines = AnyDelimiterCodec::new_with_max_length(b"\n".to_vec(), b"\n".to_vec(), MAX_LINE_BYTES);
        Self {
            input: FramedRead::new(input, lines),
            output: Arc::new(Mutex::new(FramedWrite::new(output, LinesCodec::new()))),
            batches: Batches::default(),
            messages: VecDeque::new(),
            answer: None,
            pauses: false,
        }
    }
}

impl<R, W> Lines<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    /// The next line; `None` at the end.
    async fn line(&mut self) -> Option<Vec<u8>> {
        loop {
            match self.input.next().await {
                Some(Ok(line)) => return Some(line.trim_ascii().to_vec()),
                Some(Err(AnyDelimiterCodecError::MaxChunkLengthExceeded)) => {
                    warn!(max_bytes = MAX_LINE_BYTES, "dropped a message that is too long");
                    self.pauses = true;
                }
                Some(Err(AnyDelimiterCodecError::Io(error))) => {
                    error!(%error, "stdin cannot be read");
                    return None;
                }
                None if self.pauses => self.pauses = false,
                None => return None,
            }
        }
    }
}

/// Sends an answer as a line.
async fn write<W: AsyncWrite + Unpin>(output: Output<W>, answer: Answer) -> io::Result<()> {
    let line = answer.to_json()?;
    output.lock().await.send(line).await.map_err(|error| match error {
        LinesCodecError::Io(error) => error,
        error @ LinesCodecError::MaxLineLengthExceeded => io::Error::other(error),
    })
}

impl<R, W> Transport<RoleServer> for Lines<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let output = Arc::clone(&self.output);
        let answer = self.batches.send(message);
        async move {
            match answer {
                Some(answer) => write(output, answer).await,
                None => Ok(()),
            }
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            if let Some(answer) = &mut self.answer {
                if let Err(error) = answer.await {
                    debug!(%error, "an answer could not be sent");
                }
                self.answer = None;
            }
            if let Some(message) = self.messages.pop_front() {
                return Some(message);
            }
            let line = self.line().await?;
            if line.is_empty() {
                continue;
            }
            let arrived = self.batches.take(message::read(&line));
            self.messages.extend(arrived.messages);
            self.answer = arrived.answer.map(|answer| write(Arc::clone(&self.output), answer).boxed());
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        Ok(())
    }
}
