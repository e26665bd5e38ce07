//! `get_store`: which store this is, and what can be said of it before anything is done.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rmcp::model::ToolAnnotations;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::bigcommerce::pacing::QuotaReport;
use crate::changes::{Desk, WriteAccess};
use crate::coupons::promotion_view::Moment;
use crate::coupons::{StoreInformation, clean};
use crate::state::Change;

use super::promotion_settings::PromotionSettings;
use super::schema;
use super::{CallContext, CouponTool, Reply, ToolError};

/// Changes that are told.
const CHANGES: u32 = 10;
const MOST_CHANGES: u32 = 50;

pub(super) struct GetStore;

/// How much.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Last changes to tell; default 10.
    #[serde(default)]
    #[schemars(range(min = 1, max = MOST_CHANGES))]
    recent_changes: Option<u32>,
}

/// The store.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    /// By which bare dates are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store_time_now: Option<Moment>,
    /// What holds for all promotions, by BigCommerce's names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Opaque>")]
    promotion_settings: Option<PromotionSettings>,
    /// All apps of the store share it.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_budget: Option<RateBudget>,
    write_access: &'static str,
    /// The newest first.
    recent_changes: Vec<RecentChange>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    could_not_read: Vec<Unread>,
}

/// What is left of the rate limit.
#[derive(Debug, Serialize, JsonSchema)]
struct RateBudget {
    requests_quota: u64,
    requests_left: u64,
    resets_in_s: u64,
}

/// A change made through this server.
#[derive(Debug, Serialize, JsonSchema)]
struct RecentChange {
    change_id: String,
    tool: String,
    #[schemars(extend("format" = "date-time"))]
    at: String,
    summary: String,
    /// done, partial, failed, undone or unfinished (under way or broken off).
    status: &'static str,
}

/// A part that is missing.
#[derive(Debug, Serialize, JsonSchema)]
struct Unread {
    what: String,
    why: String,
}

impl CouponTool for GetStore {
    const NAME: &'static str = "get_store";
    const TITLE: &'static str = "Describe the store";
    const DESCRIPTION: &'static str = "Tells which store this is: name, currency, plan, time zone and the time \
        there now, promotion settings (such as coupons per checkout), what is left of the rate limit, whether \
        the token may write, and the last changes made here with their change_id. Use it before work with dates \
        and to see what was done.";
    type Input = Input;
    type Output = Output;

    fn annotations() -> ToolAnnotations {
        ToolAnnotations::with_title(Self::TITLE)
            .read_only(true)
            .destructive(false)
            .idempotent(true)
            .open_world(true)
    }

    async fn run(desk: &Desk, input: Input, _: &CallContext) -> Result<Reply<Output>, ToolError> {
        let store = desk.store();
        let patience = store.patience();
        let (information, settings) =
            tokio::join!(store.information(&patience), store.client().settings(&patience));
        let (information, settings) =
            (information.map_err(ToolError::from), settings.map_err(ToolError::from));
        if let (Ok(None) | Err(_), Err(error)) = (&information, &settings) {
            // Nothing at all can be read, so that is the answer.
            return Err(error.clone());
        }
        let zone = store.zone(&patience).await;
        let mut output = Output::new(desk.write_access(), store.client().quota());
        output.tell_information(information);
        output.tell_settings(settings);
        output.tell_time(zone.as_ref(), desk.now());
        output.tell_changes(
            desk.state()
                .recent_changes(input.recent_changes.unwrap_or(CHANGES))
                .await
                .map_err(ToolError::from),
        );
        Ok(output.into())
    }
}

impl Output {
    fn new(write_access: WriteAccess, quota: Option<QuotaReport>) -> Self {
        Self {
            name: None,
            url: None,
            currency: None,
            plan: None,
            time_zone: None,
            store_time_now: None,
            promotion_settings: None,
            rate_budget: quota.map(RateBudget::from),
            write_access: match write_access {
                // No harmless probe exists.
                WriteAccess::Unknown => "unknown until the first write",
                WriteAccess::Granted => "granted: a write was carried out",
                WriteAccess::Refused => "refused: BigCommerce did not permit the last write",
            },
            recent_changes: Vec::new(),
            could_not_read: Vec::new(),
        }
    }

    fn tell_information(&mut self, information: Result<Option<&StoreInformation>, ToolError>) {
        let why = match information {
            Ok(Some(store)) => {
                self.name.clone_from(&store.name);
                self.url.clone_from(&store.url);
                self.currency.clone_from(&store.currency);
                self.plan.clone_from(&store.plan);
                return;
            }
            Ok(None) => "The token may not read it: it lacks the scope Information & settings (read-only).",
            Err(error) => &error.message.clone(),
        };
        self.leave_out("name, url, currency, plan", why);
    }

    fn tell_settings(&mut self, settings: Result<Map<String, Value>, ToolError>) {
        match settings {
            Ok(settings) => self.promotion_settings = Some(settings.into()),
            Err(error) => self.leave_out("promotion_settings", &error.message),
        }
    }

    fn tell_time(&mut self, zone: Option<&TimeZone>, now: Timestamp) {
        let Some(zone) = zone else {
            let why = "The store's time zone is not known; BIGCOMMERCE_TIME_ZONE sets it.";
            self.leave_out("time_zone, store_time_now", why);
            return;
        };
        let offset = || format!("UTC{}", zone.to_offset(now));
        self.time_zone = Some(zone.iana_name().map_or_else(offset, str::to_owned));
        self.store_time_now = Some(Moment::new(now, Some(zone)));
    }

    fn tell_changes(&mut self, changes: Result<Vec<Change>, ToolError>) {
        match changes {
            Ok(changes) => self.recent_changes = changes.into_iter().map(RecentChange::from).collect(),
            Err(error) => self.leave_out("recent_changes", &error.message),
        }
    }

    fn leave_out(&mut self, what: &str, why: &str) {
        self.could_not_read.push(Unread { what: what.to_owned(), why: why.to_owned() });
    }
}

impl From<Change> for RecentChange {
    fn from(change: Change) -> Self {
        let status = match (change.undone_by, change.ending) {
            (Some(_), _) => "undone",
            (None, Some(ending)) => ending.as_str(),
            (None, None) => "unfinished",
        };
        Self {
            change_id: change.id.as_str().to_owned(),
            tool: change.tool,
            at: change.at.to_string(),
            summary: clean(&change.summary),
            status,
        }
    }
}

impl From<QuotaReport> for RateBudget {
    fn from(QuotaReport { requests_quota, requests_left, resets_in_ms }: QuotaReport) -> Self {
        Self { requests_quota, requests_left, resets_in_s: resets_in_ms.div_ceil(1_000) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_without_a_name_is_told_by_its_offset() {
        let mut output = Output::new(WriteAccess::Unknown, None);
        let zone = TimeZone::fixed(jiff::tz::offset(-5));
        output.tell_time(Some(&zone), "2026-06-10T12:00:00Z".parse().unwrap());
        assert_eq!(output.time_zone.as_deref(), Some("UTC-05"));
        assert_eq!(output.store_time_now.unwrap().at, "2026-06-10T07:00:00-05:00");
    }
}
