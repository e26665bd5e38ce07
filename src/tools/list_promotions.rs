//! `list_promotions`: what runs in the store, one page at a time.

use std::time::Duration;

use rmcp::model::ToolAnnotations;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bigcommerce::Patience;
use crate::changes::Desk;
use crate::coupons::promotion_list::{PromotionFilter, PromotionList};
use crate::coupons::text;
use crate::coupons::{CodeText, promotion, store_time};

use super::promotion_row::{PromotionRow, State};
use super::{CallContext, CouponTool, Reply, ToolError, currency_code, table};

/// Up to so many rows the text is the same JSON as the structured result; above, it is a table.
const ROWS_AS_JSON: usize = 10;
/// Each row with codes costs a request.
const ROWS_WITH_CODES: u32 = 25;

/// How long a call looks for the store's time zone.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);

pub(super) struct ListPromotions;

/// Which promotions; every filter must hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Part of a name or of a code.
    query: Option<String>,
    /// The promotion that has this code, in any case.
    code: Option<String>,
    /// What it really does now, whatever its status says.
    effective_state: Option<State>,
    #[serde(default)]
    kind: Kinds,
    /// Adds the number of codes, and all of up to 10; limit is then at most 25.
    #[serde(default)]
    include_codes: bool,
    /// Usable now or later, and ending within so many days.
    #[schemars(range(min = 1, max = 3650))]
    expiring_within_days: Option<u32>,
    /// For this channel or for all.
    #[schemars(range(min = 1))]
    channel_id: Option<u64>,
    /// Such as USD.
    currency_code: Option<String>,
    /// Rows per page.
    #[serde(default = "default_limit")]
    #[schemars(range(min = 1, max = 100))]
    limit: u32,
    /// From 1.
    #[serde(default = "first_page")]
    #[schemars(range(min = 1))]
    page: u64,
}

/// coupon: with codes. automatic: without.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kinds {
    #[default]
    Coupon,
    Automatic,
    All,
}

fn default_limit() -> u32 {
    25
}

fn first_page() -> u64 {
    1
}

/// One page of promotions.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    promotions: Vec<PromotionRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store_time_now: Option<String>,
    has_more: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page: Option<u64>,
    /// What the filter hides.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_shown: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl CouponTool for ListPromotions {
    const NAME: &'static str = "list_promotions";
    const TITLE: &'static str = "List promotions";
    const DESCRIPTION: &'static str = "Lists the store's promotions, the newest first, with their effective \
        state (computed from status, dates, schedule and uses), discount in words, uses, limit (0 = unlimited), \
        end and restrictions. Use it for what runs, expires or is used up, and to find a promotion_id; get_promotion tells \
        all about one. Go on with page = next_page. The text of more than 25 rows is CSV.";
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
        let include_codes = input.include_codes;
        let filter = input.parse()?;
        let (patience, now) = (desk.store().patience(), desk.now());
        // The time there is good to know, and no reason to wait for long.
        let brief = Patience::new(KNOWN_WITHIN.min(patience.time_left()), Duration::ZERO);
        let (list, zone) =
            tokio::join!(desk.store().list_promotions(&filter, now, &patience), desk.store().zone(&brief));
        let list = list?;
        let mut rows: Vec<_> = list
            .promotions
            .iter()
            .map(|promotion| {
                let row = PromotionRow::new(promotion, now, zone.as_ref());
                if filter.kind.is_none() { row.with_kind(promotion.kind) } else { row }
            })
            .collect();
        if include_codes {
            let glimpses = desk.store().glimpses_of_codes(&list.promotions, &patience).await?;
            rows = rows.into_iter().zip(glimpses).map(|(row, codes)| row.with_codes(codes)).collect();
        }
        let now = zone.as_ref().map(|zone| store_time::text(now, Some(zone)));
        Ok(Output::new(rows, &list, &filter, now).into_reply())
    }
}

impl Input {
    fn parse(self) -> Result<PromotionFilter, ToolError> {
        if self.include_codes && self.limit > ROWS_WITH_CODES {
            let message =
                format!("With include_codes, limit is at most {ROWS_WITH_CODES}: each row costs a request.");
            let hint = format!("Call again with limit {ROWS_WITH_CODES} and go on with page.");
            return Err(ToolError::invalid_arguments(message, Some(hint)));
        }
        Ok(PromotionFilter {
            text: self.query.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
            code: self.code.map(|code| CodeText::parse(&code)).transpose()?,
            kind: match self.kind {
                Kinds::Coupon => Some(promotion::Kind::Coupon),
                Kinds::Automatic => Some(promotion::Kind::Automatic),
                Kinds::All => None,
            },
            channel: self.channel_id,
            currency: self.currency_code.map(|code| currency_code::parse(&code)).transpose()?,
            state: self.effective_state.map(State::into),
            expiring_within_days: self.expiring_within_days,
            limit: self.limit,
            page: self.page,
        })
    }
}

impl Output {
    fn new(
        promotions: Vec<PromotionRow>,
        list: &PromotionList,
        filter: &PromotionFilter,
        store_time_now: Option<String>,
    ) -> Self {
        let hint = if !list.complete {
            Some(
                "Only the newest 5,000 promotions were looked at. Narrow the list with query, channel_id or \
                 currency_code."
                    .to_owned(),
            )
        } else if promotions.is_empty() {
            Some(hint_for_nothing(filter))
        } else {
            None
        };
        Self {
            promotions,
            store_time_now,
            not_shown: list.of_another_kind.map(|count| not_shown(count, filter.kind)),
            has_more: list.more || !list.complete,
            next_page: list.more.then(|| filter.page.saturating_add(1)),
            hint,
        }
    }

    fn into_reply(self) -> Reply<Self> {
        let text = (self.promotions.len() > ROWS_AS_JSON).then(|| self.table()).flatten();
        Reply { text, ..self.into() }
    }

    /// A line that says where in the list we are, then the rows as a table.
    fn table(&self) -> Option<String> {
        let rows =
            table::csv(PromotionRow::COLUMNS, self.promotions.iter().map(PromotionRow::cells).collect())?;
        let next = self.next_page.map(|page| format!(" next_page={page}")).unwrap_or_default();
        let now = self.store_time_now.as_ref().map(|now| format!(" store_time_now={now}"));
        let sentences = self.not_shown.iter().chain(&self.hint).map(|sentence| format!("\n{sentence}"));
        let (now, sentences) = (now.unwrap_or_default(), sentences.collect::<String>());
        Some(format!("has_more={}{next}{now}{sentences}\n{rows}", self.has_more))
    }
}

/// `1 automatic promotion not shown: kind=all shows it.`
fn not_shown(count: u64, asked: Option<promotion::Kind>) -> String {
    let kind = if asked == Some(promotion::Kind::Coupon) { "automatic" } else { "coupon" };
    format!("{} not shown: kind=all", text::count(count, &format!("{kind} promotion")))
}

/// The next step of a caller who got no row.
fn hint_for_nothing(filter: &PromotionFilter) -> String {
    if filter.page > 1 {
        return "There is no such page: call again with page 1.".to_owned();
    }
    if filter.code.is_some() {
        return "No promotion has this code. check_coupon_code finds likely slips and legacy coupons; \
                create_coupon_code adds a code to a promotion."
            .to_owned();
    }
    let filters = [
        ("query", filter.text.is_some()),
        ("effective_state", filter.state.is_some()),
        ("expiring_within_days", filter.expiring_within_days.is_some()),
        ("channel_id", filter.channel.is_some()),
        ("currency_code", filter.currency.is_some()),
    ];
    let set: Vec<_> = filters.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| *name).collect();
    match (set.as_slice(), filter.kind) {
        ([], None) => "The store has no promotions. create_promotion makes one.".to_owned(),
        ([], Some(_)) => {
            "The store has no promotions of this kind. Call again with kind all, or make one with \
             create_promotion."
                .to_owned()
        }
        (set, kind) => {
            let kinds = if kind.is_some() { ", or with kind all" } else { "" };
            format!("No promotion fits. Call again without {}{kinds}.", set.join(" or "))
        }
    }
}
