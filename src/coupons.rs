//! The domain: coupon codes of one BigCommerce store, and what can be done with them.
//!
//! Values are parsed once and then valid ([`CodeText`], [`UseLimits`]); a use case is one file
//! ([`create`], [`list`]). It knows the API client below and nothing of the tools above.

pub mod check_code;
pub mod code_filter;
pub mod code_shape;
pub mod code_text;
pub mod create;
pub mod error;
pub mod import;
pub mod list;
mod lookup;
pub mod promotion;
pub mod promotion_choice;
pub mod promotion_list;
pub mod promotion_view;
pub mod rules;
pub mod schedule;
pub mod store_information;
pub mod store_time;
pub mod summary;
pub mod text;
mod turns;
pub mod walk;

use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use code_text::{CodeText, CodeTextError};
pub use create::{Created, NewCode, Outcome};
pub use error::CouponError;
pub use list::{CodeList, ListQuery};
pub use lookup::CodesOf;
pub use promotion::{EffectiveState, Promotion};
pub use promotion_choice::PromotionChoice;
pub use schedule::WeeklySchedule;
pub use store_information::StoreInformation;
pub use text::{clean, harmless, quoted};

use crate::bigcommerce::wire;
use crate::bigcommerce::{Client, Patience};
use crate::clock::Clock;

/// How often a code may be used. 0 = unlimited, as in BigCommerce's API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct UseLimits {
    /// Uses in all.
    pub max_uses: u64,
    /// Uses per customer.
    pub max_uses_per_customer: u64,
}

/// A coupon code as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CouponCode {
    /// Identifier, unique in the store.
    pub id: u64,
    /// The text, cleaned of characters that do not show.
    pub code: String,
    /// Uses that BigCommerce has recorded.
    pub current_uses: u64,
    /// How often it may be used.
    pub limits: UseLimits,
    /// When it was made: RFC 3339, as the API sent it; `None` for anything else.
    pub created: Option<String>,
}

impl CouponCode {
    /// Whether it was made no later than `time`, to the second, as the API tells times. One whose age is not known
    /// is not taken for old.
    pub fn was_there_at(&self, time: Timestamp) -> bool {
        let created = self.created.as_deref().and_then(|created| created.parse::<Timestamp>().ok());
        created.is_some_and(|created| created.as_second() <= time.as_second())
    }
}

impl From<wire::CouponCode> for CouponCode {
    fn from(wire: wire::CouponCode) -> Self {
        Self {
            id: wire.id,
            code: clean(&wire.code),
            current_uses: wire.current_uses.unwrap_or_default(),
            limits: UseLimits {
                max_uses: wire.max_uses.unwrap_or_default(),
                max_uses_per_customer: wire.max_uses_per_customer.unwrap_or_default(),
            },
            created: wire.created.filter(|created| created.parse::<jiff::Timestamp>().is_ok()),
        }
    }
}

/// How long one tool call may take.
#[derive(Debug, Clone, Copy)]
pub struct CallLimits {
    /// The whole call, waits and look-ups included.
    pub total: Duration,
    /// What of it may be spent waiting for BigCommerce's rate limit.
    pub rate_limit_wait: Duration,
}

/// One store. Every transport and every caller shares it, so that they share its pacing.
pub struct Store {
    client: Client,
    limits: CallLimits,
    turns: turns::Turns,
    /// What was found out of the API; see [`lookup`].
    filter_compares_case: OnceLock<bool>,
    /// The time zone that was configured.
    zone: Option<TimeZone>,
    clock: Clock,
    memory: store_information::Memory,
}

impl Store {
    /// A store behind `client`.
    pub fn new(client: Client, limits: CallLimits) -> Self {
        Self {
            client,
            limits,
            turns: turns::Turns::default(),
            filter_compares_case: OnceLock::new(),
            zone: None,
            clock: Clock::default(),
            memory: store_information::Memory::default(),
        }
    }

    /// The same store in this time zone, whatever it says itself.
    #[must_use]
    pub fn in_zone(self, zone: Option<TimeZone>) -> Self {
        Self { zone, ..self }
    }

    /// The same store on this clock.
    #[must_use]
    pub fn on_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The present time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The API client, for reports on it.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The time budget of a call that starts now.
    pub fn patience(&self) -> Patience {
        Patience::new(self.limits.total, self.limits.rate_limit_wait)
    }
}
