//! What the store says of itself.

use http::StatusCode;
use jiff::tz::{Offset, TimeZone};
use tokio::sync::OnceCell;

use crate::bigcommerce::{ApiError, Patience, wire};

use super::{Store, clean, store_time};

/// Name, time zone, currency and plan, as far as the token may read them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreInformation {
    /// The store's name.
    pub name: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// The plan's name.
    pub plan: Option<String>,
    /// The storefront's address.
    pub url: Option<String>,
    /// The time zone.
    pub zone: Option<TimeZone>,
}

impl From<wire::StoreInformation> for StoreInformation {
    fn from(wire: wire::StoreInformation) -> Self {
        let text =
            |text: Option<String>| text.map(|text| clean(&text)).filter(|text| !text.trim().is_empty());
        // Without a name that is known, daylight saving cannot be told: an offset alone would be wrong in
        // half of the year, unless there is no daylight saving, so it serves only as the last resort.
        let by_offset = || {
            let seconds = i32::try_from(wire.timezone.raw_offset?).ok()?;
            Offset::from_seconds(seconds).ok().map(TimeZone::fixed)
        };
        Self {
            zone: wire.timezone.name.as_deref().and_then(store_time::zone).or_else(by_offset),
            name: text(wire.name),
            currency: text(wire.currency),
            plan: text(wire.plan_name),
            url: text(wire.secure_url),
        }
    }
}

/// What is remembered of a store between calls.
#[derive(Default)]
pub(super) struct Memory {
    information: OnceCell<Option<StoreInformation>>,
}

impl Store {
    /// What the store says of itself; `None` where the token may not read it. Asked for once.
    ///
    /// # Errors
    /// Any [`ApiError`] but a refusal to tell.
    pub async fn information(&self, patience: &Patience) -> Result<Option<&StoreInformation>, ApiError> {
        let read = || async {
            match self.client.store_information(patience).await {
                Ok(information) => Ok(Some(information.into())),
                Err(error) if may_not_read(&error) => Ok(None),
                Err(error) => Err(error),
            }
        };
        self.memory.information.get_or_try_init(read).await.map(Option::as_ref)
    }

    /// The store's time zone: the one that was configured, or else the store's own. `None` when neither is
    /// to be had, be it by refusal or by a fault.
    pub async fn zone(&self, patience: &Patience) -> Option<TimeZone> {
        if let Some(zone) = &self.zone {
            return Some(zone.clone());
        }
        self.information(patience).await.ok().flatten().and_then(|information| information.zone.clone())
    }
}

impl Store {
    /// The store's time zone if it is known already; nothing is asked for.
    pub fn known_zone(&self) -> Option<TimeZone> {
        let told = || self.memory.information.get()?.as_ref()?.zone.clone();
        self.zone.clone().or_else(told)
    }
}

/// The scope for store information is not the one for promotions, so its lack is no fault.
fn may_not_read(error: &ApiError) -> bool {
    matches!(error.status(), Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND))
}
