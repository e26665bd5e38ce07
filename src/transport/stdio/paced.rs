//! Reading no faster than the peer reads.

use std::time::Duration;

use rmcp::RoleServer;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Answers that may wait to be written before nothing more is read.
const MOST_UNWRITTEN: usize = 16;
/// A peer that has hung up and takes no answer for so long will take none any more.
const STUCK: Duration = Duration::from_millis(500);

/// A transport that takes no further message while its peer does not read, and none at all once it cannot be
/// answered any more.
pub(super) struct Paced<T> {
    inner: T,
    unwritten: watch::Sender<usize>,
    is_deaf: fn() -> bool,
    has_hung_up: fn() -> bool,
    deaf: CancellationToken,
}

impl<T> Paced<T> {
    /// Wraps `inner`. `is_deaf` tells whether the peer can read no answer any more, and `has_hung_up` whether it
    /// will send nothing further. `deaf` is set when the former is seen or a write fails.
    pub(super) fn new(
        inner: T,
        is_deaf: fn() -> bool,
        has_hung_up: fn() -> bool,
        deaf: CancellationToken,
    ) -> Self {
        Self { inner, unwritten: watch::Sender::new(0), is_deaf, has_hung_up, deaf }
    }
}

/// Waits until fewer answers than are allowed wait to be written. Says no if that is not to be expected: the end
/// of what the peer sends cannot be read before, but it is one.
async fn has_room(mut unwritten: watch::Receiver<usize>, has_hung_up: fn() -> bool) -> bool {
    while *unwritten.borrow_and_update() >= MOST_UNWRITTEN {
        if tokio::time::timeout(STUCK, unwritten.changed()).await.is_err() && has_hung_up() {
            return false;
        }
    }
    true
}

/// An answer that waits to be written.
struct Unwritten(watch::Sender<usize>);

impl Unwritten {
    fn count(unwritten: &watch::Sender<usize>) -> Self {
        unwritten.send_modify(|count| *count += 1);
        Self(unwritten.clone())
    }
}

impl Drop for Unwritten {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for Paced<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        answer: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let unwritten = Unwritten::count(&self.unwritten);
        let deaf = self.deaf.clone();
        let sending = self.inner.send(answer);
        async move {
            let sent = sending.await;
            drop(unwritten);
            if sent.is_err() {
                deaf.cancel();
            }
            sent
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        let room = has_room(self.unwritten.subscribe(), self.has_hung_up);
        let message = async { if room.await { self.inner.receive().await } else { None } };
        let message = tokio::select! {
            biased;
            () = self.deaf.cancelled() => None,
            message = message => message,
        };
        // Asked for each message: one that came in after the close must not be worked on.
        if (self.is_deaf)() {
            self.deaf.cancel();
            return None;
        }
        message
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use futures::FutureExt;
    use rmcp::model::{ErrorData, JsonRpcMessage};
    use rmcp::transport::async_rw::AsyncRwTransport;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};

    use super::*;

    type Lines = AsyncRwTransport<RoleServer, ReadHalf<DuplexStream>, WriteHalf<DuplexStream>>;

    fn paced() -> (Paced<Lines>, DuplexStream, CancellationToken) {
        let (near, far) = duplex(64);
        let (read, write) = split(near);
        let deaf = CancellationToken::new();
        (Paced::new(AsyncRwTransport::new_server(read, write), || false, || false, deaf.clone()), far, deaf)
    }

    fn answer() -> TxJsonRpcMessage<RoleServer> {
        JsonRpcMessage::error(ErrorData::internal_error("x".repeat(200), None), None)
    }

    const PING: &[u8] = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";

    #[tokio::test]
    async fn nothing_is_read_while_many_answers_wait_to_be_written() {
        let (mut transport, mut far, _) = paced();
        far.write_all(PING).await.unwrap();
        let mut sends = Vec::new();
        for _ in 0..MOST_UNWRITTEN {
            sends.push(Box::pin(transport.send(answer())));
        }
        assert!(transport.receive().now_or_never().is_none());
        let mut written = Vec::new();
        let first = sends.remove(0);
        let (sent, ()) = tokio::join!(first, async {
            while !written.ends_with(b"\n") {
                far.read_buf(&mut written).await.unwrap();
            }
        });
        sent.unwrap();
        assert!(transport.receive().await.is_some());
    }

    #[tokio::test]
    async fn an_answer_that_is_given_up_waits_no_more() {
        let (mut transport, mut far, _) = paced();
        far.write_all(PING).await.unwrap();
        let mut sends = Vec::new();
        for _ in 0..2 * MOST_UNWRITTEN {
            sends.push(transport.send(answer()));
        }
        assert!(transport.receive().now_or_never().is_none());
        drop(sends);
        assert!(transport.receive().await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_hung_up_and_takes_no_answer_has_ended() {
        let (near, _far) = duplex(64);
        let (read, write) = split(near);
        let lines = AsyncRwTransport::new_server(read, write);
        let mut transport = Paced::new(lines, || false, || true, CancellationToken::new());
        let mut sends = Vec::new();
        for _ in 0..MOST_UNWRITTEN {
            sends.push(transport.send(answer()));
        }
        assert!(transport.receive().await.is_none());
    }

    #[tokio::test]
    async fn nothing_is_worked_on_after_the_peer_has_closed() {
        let (near, mut far) = duplex(64);
        let (read, write) = split(near);
        let deaf = CancellationToken::new();
        let mut transport =
            Paced::new(AsyncRwTransport::new_server(read, write), || true, || false, deaf.clone());
        far.write_all(PING).await.unwrap();
        assert!(transport.receive().await.is_none() && deaf.is_cancelled());
    }

    #[tokio::test]
    async fn nothing_is_read_after_a_write_has_failed() {
        let (near, mut requests) = duplex(64);
        let (broken, closed) = duplex(64);
        drop(closed);
        let deaf = CancellationToken::new();
        let mut transport =
            Paced::new(AsyncRwTransport::new_server(near, broken), || false, || false, deaf.clone());
        requests.write_all(PING).await.unwrap();
        let failed: io::Error = transport.send(answer()).await.unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::BrokenPipe);
        assert!(deaf.is_cancelled() && transport.receive().await.is_none());
    }
}
