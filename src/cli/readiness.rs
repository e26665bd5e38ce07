//! What `/readyz` asks: does BigCommerce take our requests?

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::bigcommerce::{ApiError, Patience};
use crate::coupons::Store;
use crate::tools::ToolError;
use crate::transport::Readiness;

/// How long one request to BigCommerce may take, all its attempts together.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// How long a good answer holds, so that looking often takes little of the store's rate limit.
const HOLDS: Duration = Duration::from_mins(1);

/// How long a bad one holds.
const BAD_HOLDS: Duration = Duration::from_secs(5);

/// The latest answer, and when it came.
type Latest = Mutex<Option<(Instant, Result<(), String>)>>;

/// Ready while the store's API takes a reading request.
pub(super) fn of(store: Arc<Store>) -> Readiness {
    let latest = Arc::new(Latest::default());
    Readiness::new(move || Box::pin(ask(Arc::clone(&store), Arc::clone(&latest))))
}

async fn ask(store: Arc<Store>, latest: Arc<Latest>) -> Result<(), String> {
    let mut latest = latest.lock().await;
    if let Some((at, found)) = &*latest
        && at.elapsed() < if found.is_ok() { HOLDS } else { BAD_HOLDS }
    {
        return found.clone();
    }
    let patience = Patience::new(ANSWER_WITHIN, Duration::ZERO);
    let found = match store.client().newest_coupon_promotions(1, &patience).await {
        // A store that is busy is there.
        Ok(_) | Err(ApiError::RateLimited { .. } | ApiError::Congested) => Ok(()),
        Err(error) => Err(reason(error)),
    };
    *latest = Some((Instant::now(), found.clone()));
    found
}

fn reason(error: ApiError) -> String {
    let error = ToolError::from(error);
    format!("{}: {}", error.code.as_str(), error.message)
}
