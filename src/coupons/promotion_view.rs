//! A promotion in words, with nothing of it left out.

mod warnings;
mod words;

use http::StatusCode;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

use crate::bigcommerce::Patience;

use super::promotion::{CouponType, Kind, Status};
use super::promotion_list::CodesGlimpse;
use super::rules::sentences;
use super::schedule::WeeklySchedule;
use super::{CouponError, Promotion, Store, clean, store_time};

/// All of a promotion.
///
/// `rules` has a text for each rule, `stacking` says how it goes with other promotions, `customers` and `channels`
/// who can use it where, `notifications` what shoppers are told, `warnings` what is wrong or easily overlooked.
/// `status` is ENABLED, DISABLED or INVALID; `effective_state` is active, scheduled, expired, used_up, disabled or
/// invalid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[allow(missing_docs, reason = "a field's own doc is published: only what its name does not tell")]
pub struct PromotionView {
    pub id: u64,
    pub name: String,
    /// What shoppers see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What it really does now; status is what was set.
    pub effective_state: &'static str,
    pub status: &'static str,
    /// coupon: shoppers type a code. automatic: they do not.
    pub kind: &'static str,
    /// SINGLE takes one code, BULK any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon_type: Option<&'static str>,
    pub rules: Vec<String>,
    pub current_uses: u64,
    /// 0 = unlimited.
    pub max_uses: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Moment>,
    /// Absent = never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Moment>,
    /// Days and hours; absent = always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    pub stacking: Vec<String>,
    pub customers: Vec<String>,
    pub channels: String,
    /// ISO 4217; * = any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Absent = anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_address: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notifications: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codes: Option<CodesGlimpse>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// All else that BigCommerce sent, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
}

/// A point in time in the store's time zone: `at` in RFC 3339 with the zone's offset, and in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(description = "")]
#[allow(missing_docs, reason = "a field's own doc is published: only what its name does not tell")]
pub struct Moment {
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    pub in_words: String,
}

impl Moment {
    /// The time as text and in words.
    pub fn new(time: Timestamp, zone: Option<&TimeZone>) -> Self {
        Self { at: store_time::text(time, zone), in_words: store_time::say(time, zone) }
    }
}

/// The promotion in words as it is at `now`, in the store's time zone if that is known.
pub fn view(
    promotion: &Promotion,
    codes: Option<CodesGlimpse>,
    zone: Option<&TimeZone>,
    now: Timestamp,
) -> PromotionView {
    let display_name = promotion.document.get("display_name").and_then(|name| name.as_str());
    PromotionView {
        id: promotion.id,
        name: promotion.name.clone(),
        display_name: display_name.map(clean).filter(|name| !name.trim().is_empty()),
        effective_state: promotion.state(now, zone).as_str(),
        status: match promotion.status {
            Status::Enabled => "ENABLED",
            Status::Disabled => "DISABLED",
            Status::Invalid => "INVALID",
        },
        kind: match promotion.kind {
            Kind::Coupon => "coupon",
            Kind::Automatic => "automatic",
        },
        coupon_type: promotion.coupon_type.map(|coupon_type| match coupon_type {
            CouponType::Single => "SINGLE",
            CouponType::Bulk => "BULK",
        }),
        rules: sentences(&promotion.rules, promotion.currency.as_deref()),
        current_uses: promotion.current_uses,
        max_uses: promotion.max_uses.unwrap_or_default(),
        start: promotion.starts.map(|start| Moment::new(start, zone)),
        end: promotion.ends.map(|end| Moment::new(end, zone)),
        schedule: promotion.schedule.as_ref().map(WeeklySchedule::sentence),
        stacking: words::stacking(promotion),
        customers: words::customers(promotion),
        channels: words::channels(promotion),
        currency: promotion.currency.clone(),
        shipping_address: words::shipping_address(promotion),
        notifications: words::notifications(promotion),
        warnings: warnings::about(promotion, codes.as_ref(), zone),
        other: words::other(promotion),
        codes,
    }
}

/// What narrows a promotion besides its rules: customers, channels, addresses, days and hours. None for one that all
/// can use everywhere.
pub fn restrictions(promotion: &Promotion) -> Vec<String> {
    let customers = words::customers(promotion).into_iter().filter(|_| !words::is_for_all(promotion));
    let channels = Some(words::channels(promotion)).filter(|_| !promotion.channels.is_empty());
    let schedule = promotion.schedule.as_ref().map(|schedule| format!("Only {}.", schedule.sentence()));
    customers.chain(channels).chain(words::shipping_address(promotion)).chain(schedule).collect()
}

impl Store {
    /// A promotion in words: one request, one more for its codes, and one for the time zone if that is not
    /// known yet.
    ///
    /// # Errors
    /// [`CouponError::UnknownPromotion`] or any [`CouponError::Api`].
    pub async fn view_promotion(&self, id: u64, patience: &Patience) -> Result<PromotionView, CouponError> {
        let promotion = match self.client.get_promotion(id, patience).await {
            Ok(promotion) => Promotion::from(promotion),
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => {
                return Err(self.unknown_promotion(id, patience).await);
            }
            Err(error) => return Err(error.into()),
        };
        let (codes, zone) = tokio::join!(self.glimpse_of_codes(&promotion, patience), self.zone(patience));
        Ok(view(&promotion, codes?, zone.as_ref(), self.now()))
    }
}

#[cfg(test)]
mod tests;
