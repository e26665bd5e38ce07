//! A promotion in one row, as the tools show it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coupons::promotion_list::CodesGlimpse;
use crate::coupons::rules::discount_line;
use crate::coupons::{EffectiveState, Promotion, promotion, promotion_view, store_time};

/// What a promotion really does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Active,
    Scheduled,
    Expired,
    UsedUp,
    Disabled,
    Invalid,
    Unknown,
}

/// Whether shoppers type a code for a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Coupon,
    Automatic,
}

/// A promotion.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PromotionRow {
    id: u64,
    name: String,
    /// Told where both kinds are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    #[schemars(with = "String")]
    effective_state: State,
    discount: String,
    current_uses: u64,
    /// 0 = unlimited.
    max_uses: u64,
    /// Absent = never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    end: Option<String>,
    /// Customers and channels; absent = all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    restricted_to: Vec<String>,
    /// With include_codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    codes: Option<CodesGlimpse>,
}

impl PromotionRow {
    /// The columns of a table of promotions: every field.
    pub(super) const COLUMNS: [&'static str; 11] = [
        "id",
        "name",
        "kind",
        "effective_state",
        "discount",
        "current_uses",
        "max_uses",
        "end",
        "restricted_to",
        "codes",
        "code_examples",
    ];

    /// The row of a promotion as it is at `now`.
    pub(super) fn new(promotion: &Promotion, now: Timestamp, zone: Option<&TimeZone>) -> Self {
        Self {
            id: promotion.id,
            name: promotion.name.clone(),
            kind: None,
            effective_state: promotion.state(now, zone).into(),
            discount: discount_line(&promotion.rules, promotion.currency.as_deref()),
            current_uses: promotion.current_uses,
            max_uses: promotion.max_uses.unwrap_or_default(),
            end: promotion.ends.map(|end| store_time::text(end, zone)),
            restricted_to: promotion_view::restrictions(promotion),
            codes: None,
        }
    }

    /// The same, with its kind.
    pub(super) fn with_kind(self, kind: promotion::Kind) -> Self {
        Self { kind: Some(kind.into()), ..self }
    }

    /// The same, with a look at its codes.
    pub(super) fn with_codes(self, codes: Option<CodesGlimpse>) -> Self {
        Self { codes, ..self }
    }

    /// The row in a table.
    pub(super) fn cells(&self) -> [String; 11] {
        let codes = self.codes.as_ref();
        [
            self.id.to_string(),
            self.name.clone(),
            self.kind.map_or("", Kind::as_str).to_owned(),
            EffectiveState::from(self.effective_state).as_str().to_owned(),
            self.discount.clone(),
            self.current_uses.to_string(),
            self.max_uses.to_string(),
            self.end.clone().unwrap_or_default(),
            self.restricted_to.join(" "),
            codes.and_then(|codes| codes.count).map(|count| count.to_string()).unwrap_or_default(),
            codes.map(CodesGlimpse::in_a_line).unwrap_or_default(),
        ]
    }
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Coupon => "coupon",
            Self::Automatic => "automatic",
        }
    }
}

impl From<promotion::Kind> for Kind {
    fn from(kind: promotion::Kind) -> Self {
        match kind {
            promotion::Kind::Coupon => Self::Coupon,
            promotion::Kind::Automatic => Self::Automatic,
        }
    }
}

impl From<EffectiveState> for State {
    fn from(state: EffectiveState) -> Self {
        match state {
            EffectiveState::Active => Self::Active,
            EffectiveState::Scheduled => Self::Scheduled,
            EffectiveState::Expired => Self::Expired,
            EffectiveState::UsedUp => Self::UsedUp,
            EffectiveState::Disabled => Self::Disabled,
            EffectiveState::Invalid => Self::Invalid,
            EffectiveState::Unknown => Self::Unknown,
        }
    }
}

impl From<State> for EffectiveState {
    fn from(state: State) -> Self {
        match state {
            State::Active => Self::Active,
            State::Scheduled => Self::Scheduled,
            State::Expired => Self::Expired,
            State::UsedUp => Self::UsedUp,
            State::Disabled => Self::Disabled,
            State::Invalid => Self::Invalid,
            State::Unknown => Self::Unknown,
        }
    }
}
