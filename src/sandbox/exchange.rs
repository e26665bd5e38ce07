//! One request and its answer.

use std::time::{Duration, Instant};

use axum::body::{self, Body};
use http::uri::PathAndQuery;
use http::{Method, Request};

use super::answer::Answer;
use super::auth::{self, Scope};
use super::faults::{Effect, Faults};
use super::rate_limit::{Concurrency, Quota};
use super::request_log::{Entry, RequestLog};
use super::routes::{Call, Route, unknown_path};
use super::store::Store;
use super::wire_error::WireError;
use super::{SandboxOptions, control};

/// The largest request body, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;

/// Everything that requests share.
pub(super) struct Exchange {
    options: SandboxOptions,
    store: Store,
    quota: Quota,
    concurrency: Concurrency,
    pub(super) faults: Faults,
    pub(super) log: RequestLog,
}

impl Exchange {
    pub(super) fn new(options: SandboxOptions, store: Store) -> Self {
        let quota = Quota::new(options.quota, options.window);
        Self {
            options,
            store,
            quota,
            concurrency: Concurrency::default(),
            faults: Faults::default(),
            log: RequestLog::default(),
        }
    }

    /// Goes back to the seeds and forgets fault rules, requests and the use of the quota.
    pub(super) async fn reset(&self) -> Result<(), WireError> {
        self.store.reset().await?;
        self.faults.clear();
        self.log.clear();
        self.quota.reset();
        Ok(())
    }

    /// Deals with `request`; `None` means that the connection must be closed without an answer.
    pub(super) async fn answer(&self, request: Request<Body>) -> Option<Answer> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path();
        let body = body::to_bytes(body, BODY_LIMIT).await.ok();
        if self.options.control && control::covers(path) {
            let body = body.unwrap_or_default();
            return Some(control::answer(self, &parts.method, path, &parts.headers, &body).await);
        }
        let query = parts.uri.query();
        let call = Call { query: query.unwrap_or_default().to_owned(), headers: parts.headers, body };
        let target = parts.uri.path_and_query().map_or(path, PathAndQuery::as_str);
        let fault = self.faults.take(&parts.method, target);
        let answer = self.answer_with(fault, &parts.method, path, &call).await;
        self.log.record(Entry {
            method: parts.method.to_string(),
            path: path.to_owned(),
            query: query.map(str::to_owned),
            status: answer.as_ref().map_or(0, |answer| answer.status.as_u16()),
        });
        answer
    }

    /// Does the work, or what `fault` makes of it.
    async fn answer_with(
        &self,
        fault: Option<Effect>,
        method: &Method,
        path: &str,
        call: &Call,
    ) -> Option<Answer> {
        let latency = self.options.latency;
        match fault {
            None => Some(self.metered(method, path, call, latency).await),
            Some(Effect::Answer(answer)) => Some(answer),
            Some(Effect::DropBeforeCommit) => None,
            Some(Effect::DropAfterCommit) => {
                self.metered(method, path, call, latency).await;
                None
            }
            Some(Effect::Delay(delay)) => Some(self.metered(method, path, call, latency + delay).await),
            Some(Effect::Malformed) => Some(self.metered(method, path, call, latency).await.truncated()),
        }
    }

    /// Takes one unit of the quota for the work, and tells in the answer what is left of it.
    async fn metered(&self, method: &Method, path: &str, call: &Call, wait: Duration) -> Answer {
        let reading = self.quota.take(Instant::now());
        let worked = match &reading {
            Some(reading) if !reading.admitted => Err(WireError::too_many_requests()),
            _ => self.work(method, path, call, wait).await,
        };
        let mut answer = worked.unwrap_or_else(Answer::from);
        if let Some(reading) = reading {
            reading.write(&mut answer.headers);
        }
        answer
    }

    /// Checks who asks for what, takes a place, waits, and hands over to the endpoint.
    async fn work(
        &self,
        method: &Method,
        path: &str,
        call: &Call,
        wait: Duration,
    ) -> Result<Answer, WireError> {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let ["stores", hash, "v3", rest @ ..] = segments.as_slice() else {
            return Err(unknown_path());
        };
        let scope = Scope::of(&call.headers)?;
        auth::check_store(hash)?;
        let route = Route::find(method, rest)?;
        scope.permit(method)?;
        let _place = self.concurrency.enter(route)?;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        route.answer(&self.store, call).await
    }
}
