//! HTTP by hand, and a server within the test's own process, whose limits the test sets.

use std::net::SocketAddr;

use coupon_mcp::transport::{HttpSettings, serve_http};
use rmcp::ServerHandler;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::process::PATIENCE;

/// A server that ends with the value.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) url: String,
    stop: CancellationToken,
    ended: JoinHandle<std::io::Result<()>>,
    _stop: DropGuard,
}

impl Served {
    pub(crate) async fn start<H: ServerHandler + Clone>(handler: H, settings: HttpSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let ended = tokio::spawn(serve_http(listener, handler, settings, stop.clone()));
        Self {
            address,
            url: format!("http://{address}"),
            ended,
            stop: stop.clone(),
            _stop: stop.drop_guard(),
        }
    }

    /// Asks it to stop.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) {
        tokio::time::timeout(PATIENCE, &mut self.ended).await.expect("it does not end").unwrap().unwrap();
    }

    pub(crate) async fn connect(&self) -> Raw {
        Raw::connect(self.address).await
    }
}

/// A connection.
pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Sends a GET, whose connection stays open.
    pub(crate) async fn get(&mut self, path: &str) {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
    }

    /// Sends the header of a POST and a part of its body.
    pub(crate) async fn begin_post(&mut self, path: &str, length: usize, part: &str) {
        let types = "Content-Type: application/json\r\nAccept: application/json, text/event-stream";
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{types}\r\nContent-Length: {length}\r\n\r\n");
        self.send(&head).await;
        self.send(part).await;
    }

    /// Reads until what came holds `text`; gives what came.
    pub(crate) async fn read_until(&mut self, text: &str) -> String {
        let mut came = Vec::new();
        let reading = async {
            while !String::from_utf8_lossy(&came).contains(text) {
                let read = self.0.read_buf(&mut came).await.unwrap();
                assert!(read > 0, "closed after {}", String::from_utf8_lossy(&came));
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("{text} did not come"));
        String::from_utf8(came).unwrap()
    }

    /// Reads until the server closes the connection; gives what came before.
    pub(crate) async fn read_to_end(&mut self) -> String {
        let mut came = Vec::new();
        // A reset is an end too: the server closed while bytes of ours were on their way.
        let _ = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut came)).await.expect("not closed");
        String::from_utf8_lossy(&came).into_owned()
    }

    /// Whether the server serves a request on this connection.
    pub(crate) async fn is_served(&mut self) -> bool {
        self.get("/healthz").await;
        self.read_until("\r\n\r\n").await.starts_with("HTTP/1.1 200")
    }
}
