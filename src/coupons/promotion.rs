//! A promotion as the store has it, and what state it is really in.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::bigcommerce::wire;

use super::clean;
use super::rules::{self, Rule};
use super::schedule::WeeklySchedule;

/// A promotion. What is read of it is typed; the document is there whole, as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Promotion {
    /// Identifier; 0 for one that is not made yet.
    pub id: u64,
    /// The internal name, cleaned of characters that do not show.
    pub name: String,
    /// Whether shoppers type a code for it.
    pub kind: Kind,
    /// Whether it takes one code or many; `None` for automatic ones and unknown words.
    pub coupon_type: Option<CouponType>,
    /// What the merchant (or BigCommerce) set.
    pub status: Status,
    /// When it starts; `None` = at once, or unreadable.
    pub starts: Option<Timestamp>,
    /// When it ends; `None` = never, or unreadable.
    pub ends: Option<Timestamp>,
    /// Those of `start_date` and `end_date` that say something which is no time, such as one without an offset.
    pub unreadable_dates: Vec<&'static str>,
    /// Uses that BigCommerce has recorded.
    pub current_uses: u64,
    /// Uses allowed in all; `None` = unlimited.
    pub max_uses: Option<u64>,
    /// Whether other promotions apply beside it.
    pub stacks: bool,
    /// Whether its coupon replaces other promotions where it does not stack.
    pub overrides: bool,
    /// Whether promotions of lower priority are skipped after it.
    pub stop: bool,
    /// ISO 4217, `*` for any, `None` where the API did not say.
    pub currency: Option<String>,
    /// Channels it is for; empty = all.
    pub channels: Vec<u64>,
    /// Who it is for.
    pub customers: Customers,
    /// What it does.
    pub rules: Vec<Rule>,
    /// On which days and hours it works; `None` = always.
    pub schedule: Option<WeeklySchedule>,
    /// Number of codes, where the API says (a newer field).
    pub number_of_codes: Option<u64>,
    /// Everything, as it came.
    pub document: Map<String, Value>,
}

/// Whether a promotion needs a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `COUPON`
    Coupon,
    /// `AUTOMATIC`
    Automatic,
}

/// How many codes a coupon promotion takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CouponType {
    /// One.
    Single,
    /// Many, also generated ones.
    Bulk,
}

/// `status` of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// `ENABLED`
    Enabled,
    /// `DISABLED`
    Disabled,
    /// `INVALID`: BigCommerce could not run it; also any word that is none of the three.
    Invalid,
}

/// Who may use a promotion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Customers {
    /// Only these groups; empty = all. Group 0 is guests and customers without a group.
    pub groups: Vec<u64>,
    /// Not these groups.
    pub excluded_groups: Vec<u64>,
    /// Orders that a customer must have made before.
    pub minimum_orders: u64,
    /// Customer segments are named: they cannot be checked here.
    pub has_segments: bool,
}

/// What a promotion does at a given time, computed and never taken from `status` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectiveState {
    /// Shoppers can use it now.
    Active,
    /// Enabled, and works later: its start is ahead, or its weekly schedule opens again.
    Scheduled,
    /// Its end is past.
    Expired,
    /// Its cap is reached.
    UsedUp,
    /// Switched off.
    Disabled,
    /// BigCommerce cannot run it.
    Invalid,
    /// It is switched on, and one of its dates cannot be read.
    Unknown,
}

impl EffectiveState {
    /// The state as published.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Scheduled => "scheduled",
            Self::Expired => "expired",
            Self::UsedUp => "used_up",
            Self::Disabled => "disabled",
            Self::Invalid => "invalid",
            Self::Unknown => "unknown",
        }
    }
}

impl From<wire::Promotion> for Promotion {
    fn from(wire: wire::Promotion) -> Self {
        let mut document = Map::new();
        document.insert("id".to_owned(), wire.id.into());
        document.insert("name".to_owned(), wire.name.map_or(Value::Null, Value::String));
        document.extend(wire.rest);
        Self::read(document)
    }
}

impl Promotion {
    /// Reads a promotion's JSON. What is absent, null or of an unexpected kind takes the API's default.
    pub fn read(mut document: Map<String, Value>) -> Self {
        drop_empty_lists(&mut document);
        let field = |name: &str| document.get(name).unwrap_or(&Value::Null);
        let text = |name: &str| field(name).as_str();
        let flag = |name: &str, default: bool| field(name).as_bool().unwrap_or(default);
        let instant = |name: &str| text(name).and_then(|text| text.trim().parse::<Timestamp>().ok());
        let is_unreadable = |name: &&str| !field(name).is_null() && instant(name).is_none();
        Self {
            unreadable_dates: ["start_date", "end_date"].into_iter().filter(is_unreadable).collect(),
            id: field("id").as_u64().unwrap_or_default(),
            name: clean(text("name").unwrap_or_default()),
            kind: match text("redemption_type") {
                Some("AUTOMATIC") => Kind::Automatic,
                _ => Kind::Coupon,
            },
            coupon_type: match text("coupon_type") {
                Some("SINGLE") => Some(CouponType::Single),
                Some("BULK") => Some(CouponType::Bulk),
                _ => None,
            },
            status: match text("status") {
                // Left out on creation means ENABLED.
                Some("ENABLED") | None => Status::Enabled,
                Some("DISABLED") => Status::Disabled,
                Some(_) => Status::Invalid,
            },
            starts: instant("start_date"),
            ends: instant("end_date"),
            current_uses: field("current_uses").as_u64().unwrap_or_default(),
            max_uses: field("max_uses").as_u64().filter(|&uses| uses > 0),
            stacks: flag("can_be_used_with_other_promotions", true),
            overrides: flag("coupon_overrides_other_promotions", false),
            stop: flag("stop", false),
            currency: text("currency_code").map(clean),
            channels: field("channels")
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|channel| channel.get("id").and_then(Value::as_u64))
                .collect(),
            customers: Customers::read(field("customer")),
            rules: rules::read(field("rules")),
            schedule: WeeklySchedule::read(field("schedule")),
            number_of_codes: field("number_of_codes").as_u64(),
            document,
        }
    }

    /// The promotion as it will be after a partial update.
    #[must_use]
    pub fn patched(&self, patch: &Map<String, Value>) -> Self {
        let mut document = self.document.clone();
        document.extend(patch.clone());
        Self::read(document)
    }

    /// Whether the cap on uses is reached.
    pub fn is_used_up(&self) -> bool {
        self.max_uses.is_some_and(|max| self.current_uses >= max)
    }

    /// Whether shoppers can use it now or, without anybody's switching it on, later. One that BigCommerce holds
    /// for invalid was switched on, and may work again as soon as it is corrected.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.status != Status::Disabled && self.ends.is_none_or(|end| now <= end)
    }

    /// The state at `at`. The weekly schedule counts in the store's time zone; without one it is left out.
    pub fn state(&self, at: Timestamp, zone: Option<&jiff::tz::TimeZone>) -> EffectiveState {
        let closed = || match (&self.schedule, zone) {
            (Some(schedule), Some(zone)) => !schedule.is_open(at, zone, self.starts),
            _ => false,
        };
        if self.status == Status::Invalid {
            EffectiveState::Invalid
        } else if self.status == Status::Disabled && !self.is_used_up() {
            EffectiveState::Disabled
        } else if self.ends.is_some_and(|end| at > end) {
            EffectiveState::Expired
        } else if self.is_used_up() {
            // BigCommerce disables a promotion when its cap is reached.
            EffectiveState::UsedUp
        } else if self.starts.is_some_and(|start| at < start) {
            EffectiveState::Scheduled
        } else if !self.unreadable_dates.is_empty() {
            EffectiveState::Unknown
        } else if closed() {
            EffectiveState::Scheduled
        } else {
            EffectiveState::Active
        }
    }

    /// Its name for a sentence of ours: quoted, in one line, at most 80 characters.
    pub fn quoted_name(&self) -> String {
        super::quoted(&self.name)
    }
}

/// Some answers have `[]` for an empty object (PHP knows no difference). Nothing is said by it, and BigCommerce itself
/// refuses it where a copy sends it back.
fn drop_empty_lists(document: &mut Map<String, Value>) {
    const OBJECTS: [&str; 3] = ["customer", "shipping_address", "schedule"];
    let is_empty_list = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    document.retain(|name, value| !(OBJECTS.contains(&name.as_str()) && is_empty_list(value)));
    for rule in document.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(rule) = rule.as_object_mut() {
            rule.retain(|name, value| !(name == "condition" && is_empty_list(value)));
        }
    }
}

impl Customers {
    fn read(value: &Value) -> Self {
        let ids = |name: &str| {
            let ids = value.get(name).and_then(Value::as_array).into_iter().flatten();
            ids.filter_map(Value::as_u64).collect()
        };
        Self {
            groups: ids("group_ids"),
            excluded_groups: ids("excluded_group_ids"),
            minimum_orders: value.get("minimum_order_count").and_then(Value::as_u64).unwrap_or_default(),
            has_segments: value.get("segments").is_some_and(|segments| match segments {
                Value::Null => false,
                Value::Object(object) => !object.is_empty(),
                Value::Array(items) => !items.is_empty(),
                _ => true,
            }),
        }
    }
}
