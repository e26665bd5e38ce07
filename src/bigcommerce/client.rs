//! The one place where a request leaves this process.

use std::borrow::Cow;
use std::error::Error as _;
use std::time::{Duration, Instant};

use http::StatusCode;
use http::header::{ACCEPT, HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::OnceCell;
use tracing::debug;

use super::endpoint::{Connect, Endpoint, EndpointError};
use super::error::{ApiError, NoAnswer, Unreadable};
use super::limits::Bounded;
use super::operation::Operation;
use super::pacing::{Pacing, QuotaReport, RateHeaders};
use super::patience::Patience;
use super::refusal::Refusal;
use super::retry::{self, Decision, Pause, Pauses, Signal};

/// Limits of single requests.
#[derive(Debug, Clone, Copy)]
pub struct ClientSettings {
    /// From the first byte sent to the last byte received.
    pub request_timeout: Duration,
    /// Until a connection stands.
    pub connect_timeout: Duration,
    /// Most bytes of a body, decompressed.
    pub max_body_bytes: usize,
    /// What jobs leave of the quota to everybody else, 0-90 percent.
    pub job_reserve_percent: u8,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(15),
            connect_timeout: Duration::from_secs(5),
            max_body_bytes: 4 << 20,
            job_reserve_percent: 20,
        }
    }
}

/// One store's API. Connects on first use; every caller of a store shares one.
pub struct Client {
    connect: Connect,
    connection: OnceCell<Connection>,
    settings: ClientSettings,
    pacing: Pacing,
}

struct Connection {
    http: reqwest::Client,
    endpoint: Endpoint,
}

/// One request, before it is sent.
pub(crate) struct Request<'a> {
    pub(crate) operation: Operation,
    /// Below the version, such as `promotions/1`.
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, Cow<'a, str>)>,
    pub(crate) body: Option<Value>,
}

/// A success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered<T> {
    /// The HTTP status, 2xx.
    pub status: StatusCode,
    /// What the body says.
    pub value: T,
}

/// What one attempt brought: the table's view of it, and the caller's.
struct Attempt<T> {
    signal: Signal,
    outcome: Result<T, ApiError>,
}

impl Client {
    /// A client that finds its endpoint by `connect` when the first request is made.
    pub fn new(connect: Connect, settings: ClientSettings) -> Self {
        let pacing = Pacing::new(settings.job_reserve_percent);
        Self { connect, connection: OnceCell::new(), settings, pacing }
    }

    /// What the last answers said of the store's quota.
    pub fn quota(&self) -> Option<QuotaReport> {
        self.pacing.report()
    }

    /// Sends a request as often as the table and the call's patience allow and decodes the answer. A body that
    /// is empty reads as JSON's null.
    pub(crate) async fn send<T: DeserializeOwned + Bounded>(
        &self,
        request: &Request<'_>,
        patience: &Patience,
    ) -> Result<T, ApiError> {
        self.exchange(request, patience).await.map(|answered| answered.value)
    }

    /// The same, with the status of the answer: what a write is put on record with.
    pub(crate) async fn exchange<T: DeserializeOwned + Bounded>(
        &self,
        request: &Request<'_>,
        patience: &Patience,
    ) -> Result<Answered<T>, ApiError> {
        let connection = self.connection(patience).await?;
        let method = request.operation.method();
        let mut pauses = Pauses::new();
        let (mut limited, mut failed) = (0, 0);
        loop {
            let slot = self.pacing.admit(request.operation, patience).await?;
            let sent_before = patience.note_sent();
            let sent_at = Instant::now();
            let Attempt { signal, outcome } = self.attempt(connection, request, patience).await;
            if signal.is_limited() || signal == Signal::NotSent {
                patience.note_not_processed(sent_before);
            }
            let times = if signal.is_limited() { &mut limited } else { &mut failed };
            *times += 1;
            match &signal {
                Signal::Answer { rate, .. } => slot.settle(rate, signal.is_limited()),
                // The place is not kept through the pause.
                Signal::NotSent | Signal::Lost => drop(slot),
            }
            let answer = |outcome: Result<T, ApiError>| {
                let status = signal.status().unwrap_or_default();
                outcome.map(|value| Answered { status, value })
            };
            let took = sent_at.elapsed();
            let Decision::Retry(pause) = retry::decide(&method, &signal, *times) else {
                note_request(request, &signal, took, None);
                return answer(outcome);
            };
            let mut length = pauses.length_of(&pause);
            if patience.is_urgent() && length > patience.waiting_left() {
                // Stopping a promotion is tried for as long as the call may wait, however long that is said to be.
                length = pauses.length_of(&Pause::Overload);
            }
            note_request(request, &signal, took, Some(length));
            match pause {
                Pause::Backoff if patience.time_left() <= length => return answer(outcome),
                Pause::Backoff => tokio::time::sleep(length).await,
                Pause::Window(_) | Pause::Overload => {
                    let overloaded = pause == Pause::Overload;
                    patience
                        .sleep(length)
                        .await
                        .map_err(|_| ApiError::RateLimited { retry_after: length, overloaded })?;
                }
            }
        }
    }

    async fn connection(&self, patience: &Patience) -> Result<&Connection, ApiError> {
        let connect = self.connection.get_or_try_init(|| async {
            let endpoint = (self.connect)().await?;
            let http = build(&endpoint, &self.settings)?;
            Ok(Connection { http, endpoint })
        });
        let limit = patience.time_left();
        let connected = tokio::time::timeout(limit, connect).await;
        connected.unwrap_or(Err(ApiError::NoAnswer(NoAnswer::TimedOut(limit))))
    }

    async fn attempt<T: DeserializeOwned + Bounded>(
        &self,
        connection: &Connection,
        request: &Request<'_>,
        patience: &Patience,
    ) -> Attempt<T> {
        let timeout = self.settings.request_timeout.min(patience.time_left());
        let mut response = match dispatch(connection, request, timeout).await {
            Ok(response) => response,
            Err(error) => return lost(&error, timeout),
        };
        let status = response.status();
        let limited = status == StatusCode::TOO_MANY_REQUESTS;
        let rate = RateHeaders::read(response.headers(), limited, self.pacing.window_length());
        let body = match read_body(&mut response, self.settings.max_body_bytes).await {
            Ok(body) => body,
            // The status of a refusal says enough without its body.
            Err(_) if !status.is_success() => Vec::new(),
            Err(BodyFault::Transport(error)) => return lost(&error, timeout),
            Err(BodyFault::TooLarge) => {
                let (most, length) = (self.settings.max_body_bytes, response.content_length());
                let problem = Unreadable::TooLarge { most, length };
                return Attempt::answered(status, rate, Err(ApiError::Unreadable { status, problem }));
            }
        };
        Attempt::answered(status, rate, interpret(status, &body, connection.endpoint.token()))
    }
}

impl<T> Attempt<T> {
    fn answered(status: StatusCode, rate: RateHeaders, outcome: Result<T, ApiError>) -> Self {
        let broken = matches!(&outcome, Err(ApiError::Unreadable { problem, .. }) if problem.may_pass());
        let suspended =
            matches!(&outcome, Err(ApiError::Refused { refusal, .. }) if refusal.says_suspended());
        Self { signal: Signal::Answer { status, rate, broken, suspended }, outcome }
    }
}

fn build(endpoint: &Endpoint, settings: &ClientSettings) -> Result<reqwest::Client, EndpointError> {
    // The provider is installed once per process; a second install fails and changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut token = HeaderValue::from_str(endpoint.token()).map_err(|_| EndpointError::Token)?;
    token.set_sensitive(true);
    let mut headers = HeaderMap::new();
    headers.insert("X-Auth-Token", token);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("coupon-mcp/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(settings.connect_timeout)
        .pool_idle_timeout(Duration::from_mins(1))
        .tcp_nodelay(true);
    if endpoint.is_loopback() {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| EndpointError::Client(innermost(&error)))
}

async fn dispatch(
    connection: &Connection,
    request: &Request<'_>,
    timeout: Duration,
) -> Result<reqwest::Response, reqwest::Error> {
    // Paths are built from numbers and literals only, so joining cannot leave the base.
    let version = request.operation.version();
    let url = format!("{}{version}/{}", connection.endpoint.base(), request.path);
    let mut builder = connection.http.request(request.operation.method(), url).timeout(timeout);
    if !request.query.is_empty() {
        builder = builder.query(&request.query);
    }
    if let Some(body) = &request.body {
        builder = builder.json(body);
    }
    builder.send().await
}

enum BodyFault {
    TooLarge,
    Transport(reqwest::Error),
}

async fn read_body(response: &mut reqwest::Response, cap: usize) -> Result<Vec<u8>, BodyFault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyFault::Transport)? {
        if body.len() + chunk.len() > cap {
            return Err(BodyFault::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn interpret<T: DeserializeOwned + Bounded>(
    status: StatusCode,
    body: &[u8],
    token: &str,
) -> Result<T, ApiError> {
    if status.is_redirection() || status.is_informational() {
        return Err(ApiError::Redirected { status });
    }
    if !status.is_success() {
        let refusal = Refusal::decode(body).without(token);
        return Err(ApiError::Refused { status, refusal });
    }
    let read: Result<T, _> = decode(body);
    read.and_then(|read| read.too_long().map_or(Ok(read), |fault| Err(Unreadable::TooLong(fault))))
        .map_err(|problem| ApiError::Unreadable { status, problem })
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    if body.iter().all(u8::is_ascii_whitespace) {
        // What may be empty (a deletion's answer, an empty v2 list) reads null as such.
        return serde_json::from_str("null").map_err(|_| Unreadable::Empty);
    }
    serde_json::from_slice(body).map_err(|error| {
        if !error.is_data() {
            return Unreadable::NotJson;
        }
        // Keeping track of the path costs; it is worth that only when something is wrong.
        let json = &mut serde_json::Deserializer::from_slice(body);
        let located = serde_path_to_error::deserialize::<_, T>(json).err();
        Unreadable::Shape(located.map_or_else(String::new, |error| error.path().to_string()))
    })
}

fn lost<T>(error: &reqwest::Error, timeout: Duration) -> Attempt<T> {
    let (signal, cause) = if error.is_connect() {
        (Signal::NotSent, NoAnswer::NotSent(innermost(error)))
    } else if error.is_timeout() {
        (Signal::Lost, NoAnswer::TimedOut(timeout))
    } else {
        (Signal::Lost, NoAnswer::Dropped)
    };
    Attempt { signal, outcome: Err(ApiError::NoAnswer(cause)) }
}

/// One line of the log for each request. Neither its query nor its body, which may hold codes.
fn note_request(request: &Request<'_>, signal: &Signal, took: Duration, retry_in: Option<Duration>) {
    let milliseconds = |length: Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    let outcome = match signal {
        Signal::Answer { .. } => "answered",
        Signal::NotSent => "not_sent",
        Signal::Lost => "lost",
    };
    debug!(
        method = request.operation.method().as_str(),
        path = format_args!("{}/{}", request.operation.version(), request.path),
        status = signal.status().map(|status| status.as_u16()),
        outcome,
        duration_ms = milliseconds(took),
        retry_in_ms = retry_in.map(milliseconds),
        "request to BigCommerce{}",
        if retry_in.is_some() { ", retrying" } else { "" }
    );
}

/// The root cause in words; the outer layers repeat the address.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if error.source().is_none() { "unknown cause".to_owned() } else { cause.to_string() }
}
