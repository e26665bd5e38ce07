//! `check_coupon_code`: whether a code works, and if not, why and what to do.

use jiff::Timestamp;
use rmcp::model::ToolAnnotations;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bigcommerce::Patience;
use crate::changes::{ChangeError, Desk};
use crate::coupons::check_code::{Check, Circumstances, PRODUCT_ID, Reason, Unchecked, Verdict};
use crate::coupons::promotion_view::Moment;
use crate::coupons::rules::discount_line;
use crate::coupons::store_time::{self, Edge};
use crate::coupons::{CodeText, CodeTextError, Store};

use super::coupon_code::CouponCode;
use super::promotion_row::State;
use super::{CallContext, CouponTool, Reply, ToolError, currency_code};

pub(super) struct CheckCouponCode;

/// The code, and what is known of the order.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// As the shopper typed it.
    code: String,
    /// Day or time, RFC 3339 or in the store's time zone; now if left out.
    at: Option<String>,
    /// Where the order is placed.
    #[schemars(range(min = 1))]
    channel_id: Option<u64>,
    /// The order's, such as USD.
    currency_code: Option<String>,
    /// The shopper's; 0 = guest.
    customer_group_id: Option<u64>,
    /// Price of the cart.
    #[schemars(range(min = 0))]
    cart_subtotal: Option<f64>,
    /// For a finished link.
    #[schemars(range(min = 1))]
    product_id: Option<u64>,
}

/// The diagnosis.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    /// depends: on what is in could_not_check.
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Moment>,
    /// Absent = not in the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<CouponCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    promotion: Option<Promotion>,
    reasons: Vec<Reason>,
    could_not_check: Vec<Unchecked>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    /// A code that may have been meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<String>,
    /// Puts the product into the cart and applies the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    /// Put a product's id in for {PRODUCT_ID}.
    #[serde(skip_serializing_if = "Option::is_none")]
    link_template: Option<String>,
}

/// A promotion in short.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "")]
struct Promotion {
    id: u64,
    name: String,
    #[schemars(with = "String")]
    effective_state: State,
    discount: String,
    current_uses: u64,
    /// 0 = unlimited.
    max_uses: u64,
    /// Absent = never.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Moment>,
}

impl CouponTool for CheckCouponCode {
    const NAME: &'static str = "check_coupon_code";
    const TITLE: &'static str = "Check a coupon code";
    const DESCRIPTION: &'static str = "Tells whether a coupon code works and, if not, every reason with its fix: \
        dates, schedule, uses, currency, channel, customer group, minimum spend, spelling. The more of the order \
        is given, the less is left in could_not_check. Use it for \"why does this code not work?\" and for a link \
        that applies a code.";
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
        // Anything else that is no possible code is a finding: a shopper has typed it.
        if let Err(blank @ CodeTextError::Blank) = CodeText::parse(&input.code) {
            return Err(blank.into());
        }
        let store = desk.store();
        let patience = store.patience();
        let circumstances = input.circumstances(store, &patience).await?;
        let check = store.check_code(&input.code, &circumstances, &patience).await?;
        Ok(Output::new(check, &circumstances, &input).into())
    }
}

impl Input {
    async fn circumstances(&self, store: &Store, patience: &Patience) -> Result<Circumstances, ToolError> {
        let currency = self.currency_code.as_deref().map(currency_code::parse).transpose()?;
        let subtotal = self.cart_subtotal.map(Decimal::try_from).transpose().map_err(|_| {
            ToolError::invalid_arguments("Argument \"cart_subtotal\" is no amount.".to_owned(), None)
        })?;
        let at = match &self.at {
            Some(text) => parse_time(text, store, patience).await?,
            None => store.now(),
        };
        let (channel, group) = (self.channel_id, self.customer_group_id);
        Ok(Circumstances { at, channel, currency, group, subtotal })
    }
}

async fn parse_time(text: &str, store: &Store, patience: &Patience) -> Result<Timestamp, ToolError> {
    let zone = store.zone(patience).await;
    let moment = store_time::read(text, Edge::Start, zone.as_ref(), store.now());
    Ok(moment.map_err(|fault| ChangeError::misread("at", fault, store.now(), zone.as_ref()))?.timestamp)
}

impl Output {
    fn new(check: Check, circumstances: &Circumstances, input: &Input) -> Self {
        let zone = check.zone.as_ref();
        let (link, link_template) = match (input.product_id, check.link_template) {
            (Some(id), Some(template)) => (Some(template.replace(PRODUCT_ID, &id.to_string())), None),
            (_, template) => (None, template),
        };
        Self {
            verdict: check.verdict,
            at: input.at.is_some().then(|| Moment::new(circumstances.at, zone)),
            promotion: check.promotion.map(|promotion| Promotion {
                id: promotion.id,
                name: promotion.name.clone(),
                effective_state: promotion.state(circumstances.at, zone).into(),
                discount: discount_line(&promotion.rules, promotion.currency.as_deref()),
                current_uses: promotion.current_uses,
                max_uses: promotion.max_uses.unwrap_or_default(),
                end: promotion.ends.map(|end| Moment::new(end, zone)),
            }),
            code: check.code.map(CouponCode::from),
            reasons: check.reasons,
            could_not_check: check.unchecked,
            notes: check.notes,
            suggestion: check.suggestion,
            link,
            link_template,
        }
    }
}
