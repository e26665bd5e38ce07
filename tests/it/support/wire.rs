//! The wire between the client and the practice store: it shows what goes over it, and it can break.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::process::{PATIENCE, binary};
use super::sandbox::Sandbox;
use super::state::StateDirectories;

/// A token that nothing else looks like. The wire takes it for the practice store's token of all scopes.
pub(crate) const SECRET: &str = "tok-7c1e9a54d2f84b0f";

/// A request as it was sent, and what came back.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    /// Below `/v3`, or with `/v2` in front, without the query.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    /// By name in small letters.
    pub(crate) headers: BTreeMap<String, String>,
    /// Null when there was none.
    pub(crate) body: Value,
    /// 0 when the store was not asked or did not answer.
    pub(crate) status: u16,
    /// Null when it was not JSON.
    pub(crate) answer: Value,
}

impl Exchange {
    /// `GET /promotions/1/codes?limit=50`
    pub(crate) fn line(&self) -> String {
        let query: Vec<_> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{}", self.method, self.path, query.join("&"))
    }
}

/// What the wire does with a request.
pub(crate) enum Act {
    /// As if the wire were not there.
    Pass,
    /// The store does the work, and its answer comes changed.
    Edit(fn(&mut Value)),
    /// The store is asked with this query instead.
    Query(Vec<(String, String)>),
    /// The store does the work, and its answer never comes.
    Swallow,
    /// The store is not asked, and nothing comes.
    Ignore,
    /// These bytes come instead of an answer of the store, and then the connection ends.
    Raw(Vec<u8>),
    /// The store does the work, and these bytes come instead of its answer; then the connection ends.
    DoneThen(Vec<u8>),
}

impl Act {
    /// A whole answer that the practice store would not send. It says that the connection ends with it, lest the next
    /// request be sent on a connection that is about to be closed.
    pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> Self {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n");
        Self::Raw([head.as_bytes(), body].concat())
    }

    pub(crate) fn json(status: &str, body: &Value) -> Self {
        Self::answer(status, "content-type: application/json\r\n", body.to_string().as_bytes())
    }
}

struct Shared {
    store: String,
    client: reqwest::Client,
    act: Box<dyn Fn(&Exchange) -> Act + Send + Sync>,
    log: Mutex<Vec<Exchange>>,
    changed: watch::Sender<()>,
}

pub(crate) struct Wire {
    pub(crate) url: String,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
    states: StateDirectories,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Wire {
    /// A wire to `store` that does with each request what `act` says.
    pub(crate) async fn to(store: &Sandbox, act: impl Fn(&Exchange) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            store: store.server.url.clone(),
            client: reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            act: Box::new(act),
            log: Mutex::default(),
            changed: watch::Sender::new(()),
        });
        let served = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let served = Arc::clone(&served);
                tokio::spawn(async move { served.serve(BufReader::new(stream)).await });
            }
        });
        Self { url, shared, accepting, states: StateDirectories::new() }
    }

    /// The binary at this end of the wire, with [`SECRET`] as its token and a state of its own.
    pub(crate) fn client_of(&self, arguments: &[&str]) -> Command {
        let mut command = binary(arguments);
        self.states.give_to(&mut command);
        command
            .env("BIGCOMMERCE_API_URL", &self.url)
            .env("BIGCOMMERCE_STORE_HASH", "sandbox")
            .env("BIGCOMMERCE_ACCESS_TOKEN", SECRET);
        command
    }

    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges_since(0)
    }

    /// How many requests there have been.
    pub(crate) fn count(&self) -> usize {
        self.shared.log.lock().unwrap().len()
    }

    /// All but the first `seen`.
    pub(crate) fn exchanges_since(&self, seen: usize) -> Vec<Exchange> {
        self.shared.log.lock().unwrap()[seen..].to_vec()
    }

    /// Every request so far, as [`Exchange::line`].
    pub(crate) fn lines(&self) -> Vec<String> {
        self.exchanges().iter().map(Exchange::line).collect()
    }

    pub(crate) fn posts(&self) -> usize {
        self.exchanges().iter().filter(|seen| seen.method == "POST").count()
    }

    /// Waits until the store has answered (or the wire broken off) such a request.
    pub(crate) async fn until(&self, is_it: impl Fn(&Exchange) -> bool) {
        let mut changes = self.shared.changed.subscribe();
        let seen = async {
            while !self.shared.log.lock().unwrap().iter().any(&is_it) {
                changes.changed().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, seen).await.expect("no such request");
    }
}

impl Shared {
    /// Serves one connection until either side ends it.
    async fn serve(&self, mut stream: BufReader<TcpStream>) -> Option<()> {
        loop {
            let mut exchange = read(&mut stream).await?;
            match (self.act)(&exchange) {
                Act::Pass => {
                    let answer = self.forward(&mut exchange, None).await;
                    self.record(exchange);
                    stream.write_all(&answer?).await.ok()?;
                }
                Act::Edit(edit) => {
                    let answer = self.forward(&mut exchange, Some(edit)).await;
                    self.record(exchange);
                    stream.write_all(&answer?).await.ok()?;
                }
                Act::Query(query) => {
                    let asked = std::mem::replace(&mut exchange.query, query);
                    let answer = self.forward(&mut exchange, None).await;
                    exchange.query = asked;
                    self.record(exchange);
                    stream.write_all(&answer?).await.ok()?;
                }
                Act::Swallow => {
                    self.forward(&mut exchange, None).await;
                    self.record(exchange);
                    return until_closed(&mut stream).await;
                }
                Act::Ignore => {
                    self.record(exchange);
                    return until_closed(&mut stream).await;
                }
                Act::DoneThen(bytes) => {
                    self.forward(&mut exchange, None).await;
                    self.record(exchange);
                    stream.write_all(&bytes).await.ok()?;
                    return None;
                }
                Act::Raw(bytes) => {
                    self.record(exchange);
                    stream.write_all(&bytes).await.ok()?;
                    return None;
                }
            }
        }
    }

    fn record(&self, exchange: Exchange) {
        self.log.lock().unwrap().push(exchange);
        self.changed.send_replace(());
    }

    /// Asks the store and gives its answer, edited, as bytes; `None` when it drops the connection.
    async fn forward(&self, exchange: &mut Exchange, edit: Option<fn(&mut Value)>) -> Option<Vec<u8>> {
        let version = if exchange.path.starts_with("/v2/") { "" } else { "/v3" };
        let mut url =
            reqwest::Url::parse(&format!("{}/stores/sandbox{version}{}", self.store, exchange.path)).unwrap();
        if !exchange.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&exchange.query);
        }
        let method = reqwest::Method::from_bytes(exchange.method.as_bytes()).unwrap();
        let mut request = self.client.request(method, url);
        for (name, value) in &exchange.headers {
            if !matches!(name.as_str(), "host" | "content-length" | "accept-encoding") {
                request = request.header(name, value.replace(SECRET, "sandbox-token"));
            }
        }
        if !exchange.body.is_null() {
            request = request.body(exchange.body.to_string());
        }
        let answer = request.send().await.ok()?;
        let status = answer.status();
        let mut bytes = format!("HTTP/1.1 {status}\r\n").into_bytes();
        for (name, value) in answer.headers() {
            if name != "content-length" && name != "transfer-encoding" {
                bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
            }
        }
        let mut body = answer.bytes().await.unwrap().to_vec();
        exchange.status = status.as_u16();
        if let Ok(mut answer) = serde_json::from_slice(&body) {
            if let Some(edit) = edit {
                edit(&mut answer);
                body = answer.to_string().into_bytes();
            }
            exchange.answer = answer;
        }
        bytes.extend(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
        bytes.extend(&body);
        Some(bytes)
    }
}

/// Waits until the client goes away.
async fn until_closed(stream: &mut BufReader<TcpStream>) -> Option<()> {
    let _ = stream.read_u8().await;
    None
}

/// The next request on a connection; `None` at its end.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<Exchange> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        match line.trim_end() {
            "" if lines.is_empty() => return None,
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let headers: BTreeMap<_, _> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let mut request_line = lines[0].split(' ');
    let method = request_line.next().unwrap().to_owned();
    let url = reqwest::Url::parse(&format!("http://wire{}", request_line.next().unwrap())).unwrap();
    Some(Exchange {
        method,
        path: url.path().replace("/stores/sandbox/v3", "").replace("/stores/sandbox/v2", "/v2"),
        query: url.query_pairs().into_owned().collect(),
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
        status: 0,
        answer: Value::Null,
    })
}
