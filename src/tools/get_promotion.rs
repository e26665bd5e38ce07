//! `get_promotion`: all of one promotion, in words.

use rmcp::model::ToolAnnotations;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::changes::Desk;
use crate::coupons::promotion_view::PromotionView;

use super::{CallContext, CouponTool, Reply, ToolError};

pub(super) struct GetPromotion;

/// Which promotion.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Id of the promotion.
    #[schemars(range(min = 1))]
    promotion_id: u64,
}

impl CouponTool for GetPromotion {
    const NAME: &'static str = "get_promotion";
    const TITLE: &'static str = "Explain a promotion";
    const DESCRIPTION: &'static str = "Tells all about one promotion in plain sentences: what it gives, its real \
        state now, dates, uses and limit (0 = unlimited), how it goes with other promotions, customers, channels, \
        currency, number of codes and what is wrong with it. Use it to explain or compare promotions and before \
        changing one; check_coupon_code tells why a code does not work.";
    type Input = Input;
    type Output = PromotionView;

    fn annotations() -> ToolAnnotations {
        ToolAnnotations::with_title(Self::TITLE)
            .read_only(true)
            .destructive(false)
            .idempotent(true)
            .open_world(true)
    }

    async fn run(desk: &Desk, input: Input, _: &CallContext) -> Result<Reply<PromotionView>, ToolError> {
        let view = desk.store().view_promotion(input.promotion_id, &desk.store().patience()).await?;
        Ok(view.into())
    }
}
