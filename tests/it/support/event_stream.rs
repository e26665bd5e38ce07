//! Messages from an answer over HTTP, be it one JSON document or a stream of events that stays open.

use reqwest::Response;
use serde_json::Value;

use super::process::PATIENCE;

pub(crate) struct EventStream {
    response: Response,
    is_stream: bool,
    buffer: String,
}

impl EventStream {
    pub(crate) fn new(response: Response) -> Self {
        let kind = response.headers()["content-type"].to_str().unwrap();
        let is_stream = kind.starts_with("text/event-stream");
        Self { response, is_stream, buffer: String::new() }
    }

    /// The next event that has data, as `(event, data)`.
    pub(crate) async fn next(&mut self) -> (String, String) {
        loop {
            let Some(end) = self.buffer.find("\n\n") else {
                assert!(self.read().await, "the stream ended: {}", self.buffer);
                continue;
            };
            let event: String = self.buffer.drain(..end + 2).collect();
            let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            if let Some(data) = field("data:").filter(|data| !data.is_empty()) {
                return (field("event:").unwrap_or("message").to_owned(), data.to_owned());
            }
        }
    }

    /// The next JSON-RPC message.
    pub(crate) async fn message(&mut self) -> Value {
        let text = if self.is_stream {
            self.next().await.1
        } else {
            while self.read().await {}
            std::mem::take(&mut self.buffer)
        };
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("no message: {text}"))
    }

    /// Reads on; `false` at the end.
    async fn read(&mut self) -> bool {
        let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("no answer in time");
        let Some(chunk) = chunk.unwrap() else { return false };
        self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        true
    }
}
