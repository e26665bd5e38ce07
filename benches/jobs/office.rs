//! A desk with its jobs, put together as the program does it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use coupon_mcp::bigcommerce::{Client, ClientSettings, Endpoint};
use coupon_mcp::changes::generate_codes::{Amount, Generation};
use coupon_mcp::changes::{Call, Desk, Rules};
use coupon_mcp::coupons::code_shape::ShapeRequest;
use coupon_mcp::coupons::summary::SummaryRequest;
use coupon_mcp::coupons::{CallLimits, Store};
use coupon_mcp::jobs::spec::{Spec, SummarizeSpec, WorkSpec};
use coupon_mcp::jobs::{JobId, JobSettings, JobState, Jobs, Journal, Kind, NewJob, Scope};
use coupon_mcp::state::{AuditLog, Location, State, StateSettings};
use serde_json::json;
use url::Url;

use super::PROMOTION;

/// A random part that `codegen` does not make.
const TOO_LONG_FOR_CODEGEN: u32 = 20;

pub(crate) struct Office {
    desk: Desk,
}

/// What a job came to.
pub(crate) struct Outcome {
    /// From its beginning to its end on record.
    pub(crate) wall: Duration,
    pub(crate) succeeded: u64,
}

impl Office {
    pub(crate) fn open(url: &str, location: Location) -> Self {
        let endpoint = Endpoint::new(&Url::parse(url).unwrap(), "sandbox", "sandbox-token".into()).unwrap();
        let connect = Arc::new(move || {
            let endpoint = endpoint.clone();
            Box::pin(async { Ok(endpoint) }) as futures::future::BoxFuture<'static, _>
        });
        let limits = CallLimits { total: Duration::from_secs(45), rate_limit_wait: Duration::from_secs(20) };
        let store = Arc::new(Store::new(Client::new(connect, ClientSettings::default()), limits));
        let key = "sandbox".to_owned();
        let journal = Journal::new(location.clone(), Scope::Store(key.clone()));
        let settings = StateSettings { location, store_key: key, audit_log: AuditLog::Default };
        let state = Arc::new(State::new(settings));
        let jobs = Jobs::new(Arc::clone(&store), Arc::clone(&state), journal, JobSettings::default());
        Self { desk: Desk::new(store, state, Arc::new(jobs), Rules::default(), "bench".to_owned()) }
    }

    /// Generates codes as a job and waits for its end.
    pub(crate) async fn generate(&self, codes: u64, by_codegen: bool) -> Outcome {
        let generation = Generation {
            promotion_id: PROMOTION,
            amount: Amount::Count(codes),
            shape: ShapeRequest {
                code_length: (!by_codegen).then_some(TOO_LONG_FOR_CODEGEN),
                ..ShapeRequest::default()
            },
            max_uses: None,
            max_uses_per_customer: None,
            like: None,
            export: false,
        };
        let plan = self.desk.plan_generate_codes(generation, &self.desk.store().patience()).await.unwrap();
        let call = Call {
            caller: "bench".to_owned(),
            tool: "generate_coupon_codes",
            arguments: json!({ "promotion_id": PROMOTION, "count": codes }),
            confirmed: "not_needed",
        };
        let started = Instant::now();
        let begun = self.desk.begin_job(&call, *plan.order.unwrap()).await.unwrap();
        self.end_of(started, &begun.id).await
    }

    /// Summarizes the codes of the promotion as a job and waits for its end.
    pub(crate) async fn summarize(&self) -> Outcome {
        let request = SummaryRequest { top: 10, codes: Vec::new(), by_prefix: true };
        let work = WorkSpec::Summarize(SummarizeSpec { promotion_id: PROMOTION, request });
        let job = NewJob {
            kind: Kind::Summarize,
            promotion_id: Some(PROMOTION),
            lane: None,
            caller: "bench".to_owned(),
            arguments: json!({ "promotion_id": PROMOTION }),
            spec: json!(Spec::of(work)),
            requested: 0,
            at: coupon_mcp::clock::Clock::system().now(),
        };
        let started = Instant::now();
        let begun = self.desk.jobs().begin(job, Vec::new()).await.unwrap();
        self.end_of(started, &begun.id).await
    }

    async fn end_of(&self, started: Instant, id: &JobId) -> Outcome {
        self.desk.jobs().wait_for_all().await;
        let wall = started.elapsed();
        let ended = self.desk.jobs().job(id).await.unwrap();
        assert_eq!(ended.state, JobState::Done, "{ended:?}");
        Outcome { wall, succeeded: ended.counts.succeeded }
    }

    pub(crate) async fn close(self) {
        self.desk.jobs().stop().await;
    }
}
