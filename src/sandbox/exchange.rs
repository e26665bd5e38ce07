//! One request and its answer.

use std::time::{Duration, Instant};

use axum::body::Body;
use http::uri::PathAndQuery;
use http::{Method, Request};

use super::answer::Answer;
use super::auth::{self, Scope};
use super::era::{Era, Eras};
use super::faults::{Effect, Point, RuleError};
use super::payload::Payload;
use super::rate_limit::Place;
use super::request_log::Entry;
use super::routes::{Call, Route, is_v2, unknown_path};
use super::store::Store;
use super::wire_error::WireError;
use super::{SandboxOptions, control};

/// Everything that requests share.
pub(super) struct Exchange {
    options: SandboxOptions,
    store: Store,
    eras: Eras,
}

impl Exchange {
    pub(super) fn new(options: SandboxOptions, store: Store) -> Self {
        let eras = Eras::new(&options);
        Self { options, store, eras }
    }

    /// The data.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Adds a fault rule.
    pub(super) async fn add_fault(&self, rule: &[u8]) -> Result<(), RuleError> {
        self.eras.current().await.faults.add(rule)
    }

    /// Removes all fault rules, and lets the requests go on that they hold.
    pub(super) async fn clear_faults(&self) {
        let era = self.eras.current().await;
        era.faults.clear();
        era.held.release();
    }

    /// Waits until at least `least` requests are held; returns their number.
    pub(super) async fn held(&self, least: usize) -> usize {
        self.eras.current().await.held.wait_for(least).await
    }

    /// Lets the requests go on that are held now.
    pub(super) async fn release(&self) {
        self.eras.current().await.held.release();
    }

    /// The request log.
    pub(super) async fn requests(&self) -> serde_json::Value {
        self.eras.current().await.log.to_json()
    }

    /// Goes back to the seeds and forgets fault rules, requests and the use of the quota.
    pub(super) async fn reset(&self) -> Result<(), WireError> {
        Ok(self.eras.begin(&self.options, self.store.reset()).await?)
    }

    /// Ends what waits and closes the database, after the statement that is under way.
    pub(super) async fn close(&self) {
        self.eras.current().await.over.cancel();
        self.store.close().await;
    }

    /// Deals with `request`; `None` means that the connection must be closed without an answer.
    pub(super) async fn answer(&self, request: Request<Body>) -> Option<Answer> {
        let era = self.eras.current().await;
        let (parts, body) = request.into_parts();
        let body = Payload::read(body).await.ok()?;
        let path = parts.uri.path();
        if self.options.control && control::covers(path) {
            return Some(control::answer(self, &parts.method, &parts.uri, &parts.headers, body).await);
        }
        let query = parts.uri.query();
        let call = Call {
            query: query.unwrap_or_default().to_owned(),
            headers: parts.headers,
            at: self.options.clock.now(),
            body,
        };
        let target = parts.uri.path_and_query().map_or(path, PathAndQuery::as_str);
        let fault = era.faults.take(&parts.method, target);
        let answer = self.answer_with(fault, &era, &parts.method, path, &call).await;
        if self.options.control {
            era.log.record(Entry {
                method: parts.method.to_string(),
                path: path.to_owned(),
                query: query.map(str::to_owned),
                status: answer.as_ref().map_or(0, |answer| answer.status.as_u16()),
            });
        }
        answer
    }

    /// Does the work, or what `fault` makes of it.
    async fn answer_with(
        &self,
        fault: Option<Effect>,
        era: &Era,
        method: &Method,
        path: &str,
        call: &Call,
    ) -> Option<Answer> {
        let metered = async |delay| self.metered(era, method, path, call, delay).await;
        match fault {
            None => metered(Duration::ZERO).await,
            Some(Effect::Answer(answer)) => Some(answer),
            Some(Effect::DropBeforeCommit) => None,
            Some(Effect::DropAfterCommit) => {
                metered(Duration::ZERO).await;
                None
            }
            Some(Effect::Delay(delay)) => metered(delay).await,
            Some(Effect::Hold(Point::BeforeCommit)) => {
                era.held.hold(&era.over).await?;
                metered(Duration::ZERO).await
            }
            Some(Effect::Hold(Point::AfterCommit)) => {
                let answer = metered(Duration::ZERO).await;
                era.held.hold(&era.over).await?;
                answer
            }
            Some(Effect::Malformed) => metered(Duration::ZERO).await.map(Answer::truncated),
        }
    }

    /// Takes one unit of the quota for the work, and tells in the answer what is left of it.
    async fn metered(
        &self,
        era: &Era,
        method: &Method,
        path: &str,
        call: &Call,
        delay: Duration,
    ) -> Option<Answer> {
        let reading = era.quota.take(Instant::now());
        let admitted = match &reading {
            Some(reading) if !reading.admitted => Err(WireError::too_many_requests()),
            _ => admit(era, method, path, call),
        };
        let worked = match admitted {
            Ok((route, _place)) => self.work(era, route, call, delay).await?,
            Err(refusal) => Err(refusal),
        };
        let mut answer = worked.unwrap_or_else(|refusal| {
            let refusal = if is_v2(path) { refusal.in_v2() } else { refusal };
            refusal.into()
        });
        if let Some(reading) = reading {
            reading.write(&mut answer.headers, Instant::now());
        }
        Some(answer)
    }

    /// Waits, and hands over to the endpoint; `None` if a reset came first.
    async fn work(
        &self,
        era: &Era,
        route: Route,
        call: &Call,
        delay: Duration,
    ) -> Option<Result<Answer, WireError>> {
        let wait = self.options.latency.saturating_add(delay);
        if !wait.is_zero() {
            tokio::select! {
                () = hold_back(wait) => {}
                () = era.over.cancelled() => return None,
            }
        }
        self.eras.within(era, route.answer(&self.store, call)).await
    }
}

/// Waits for exactly so long. The runtime's timer alone is up to two milliseconds late, as it counts in whole ones: a
/// client's speed is measured against the latency.
async fn hold_back(length: Duration) {
    const LATE: Duration = Duration::from_millis(2);
    let started = Instant::now();
    if let Some(most) = length.checked_sub(LATE) {
        tokio::time::sleep(most).await;
    }
    let rest = length.saturating_sub(started.elapsed());
    if !rest.is_zero() {
        // Cannot fail: sleeping does not panic, and is not aborted.
        let _ = tokio::task::spawn_blocking(move || std::thread::sleep(rest)).await;
    }
}

/// Checks who asks for what, and takes a place at the endpoint.
fn admit<'e>(
    era: &'e Era,
    method: &Method,
    path: &str,
    call: &Call,
) -> Result<(Route, Place<'e>), WireError> {
    let scope = Scope::of(&call.headers)?;
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let ["stores", hash, rest @ ..] = segments.as_slice() else {
        return Err(unknown_path());
    };
    auth::check_store(hash)?;
    let route = Route::find(method, rest)?;
    scope.permit(method)?;
    Ok((route, era.concurrency.enter(route)?))
}
