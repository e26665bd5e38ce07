//! `list_coupon_codes`: one page of a promotion's codes.

use rmcp::model::ToolAnnotations;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bigcommerce::Position;
use crate::bigcommerce::limits::{MAX_CURSOR, TooLong};
use crate::bigcommerce::page::{DEFAULT_LIMIT, is_cursor};
use crate::changes::Desk;
use crate::coupons::{CodeList, CodeText, ListQuery};

use super::coupon_code::CouponCode;
use super::{CallContext, CouponTool, Reply, ToolError, table};

/// Up to so many rows the text is the same JSON as the structured result; above, it is a table.
const ROWS_AS_JSON: usize = 25;

pub(super) struct ListCouponCodes;

/// Which codes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Id of the promotion.
    #[schemars(range(min = 1))]
    promotion_id: u64,
    /// Only the code of this text, in any case. Paging is not needed then.
    code: Option<String>,
    /// Rows per page.
    #[serde(default = "default_limit")]
    #[schemars(range(min = 1, max = 250))]
    limit: u32,
    /// A next_cursor: goes on behind it. Not with before or page.
    after: Option<String>,
    /// A previous_cursor: goes back before it. Not with after or page.
    before: Option<String>,
    /// Page number from 1; has_more then means the next number. Deprecated by BigCommerce; use after.
    #[schemars(range(min = 1))]
    page: Option<u64>,
}

fn default_limit() -> u32 {
    DEFAULT_LIMIT
}

/// One page of codes.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    promotion_id: u64,
    coupon_codes: Vec<CouponCode>,
    /// Whether there are more in the direction asked for.
    has_more: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_cursor: Option<String>,
    /// Codes in all pages, where BigCommerce says.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

impl CouponTool for ListCouponCodes {
    const NAME: &'static str = "list_coupon_codes";
    const TITLE: &'static str = "List coupon codes";
    const DESCRIPTION: &'static str = "Lists the coupon codes of one BigCommerce promotion with uses and limits \
        (0 = unlimited), one page at a time. Use it to see which codes exist, how often they were used or, with \
        code, whether one is there. While has_more is true, go on with after = next_cursor. The text of \
        more than 25 rows is CSV. Without a promotion_id, the error names promotions to choose from.";
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
        let query = input.parse()?;
        let list = desk.store().list_codes(&query).await?;
        Ok(Output::new(query.promotion_id, list).into_reply())
    }
}

impl Input {
    fn parse(self) -> Result<ListQuery, ToolError> {
        let code = self.code.map(|code| CodeText::parse(&code)).transpose()?;
        let position = match (self.after, self.before, self.page) {
            (None, None, None) => Position::Start,
            (Some(cursor), None, None) => Position::After(parse_cursor("after", cursor)?),
            (None, Some(cursor), None) => Position::Before(parse_cursor("before", cursor)?),
            (None, None, Some(page)) => Position::Page(page),
            _ => {
                let message = "Only one of after, before and page can be given.".to_owned();
                let hint =
                    "Go on with after = next_cursor, or back with before = previous_cursor.".to_owned();
                return Err(ToolError::invalid_arguments(message, Some(hint)));
            }
        };
        Ok(ListQuery { promotion_id: self.promotion_id, code, limit: self.limit, position })
    }
}

fn parse_cursor(name: &str, cursor: String) -> Result<String, ToolError> {
    if is_cursor(&cursor) {
        return Ok(cursor);
    }
    let message = match TooLong::check("cursor", &cursor, MAX_CURSOR) {
        Some(TooLong { length, most, .. }) => {
            format!("Argument \"{name}\" has {length} characters, and at most {most} fit.")
        }
        None => format!("Argument \"{name}\" is not a cursor."),
    };
    let hint = "Pass next_cursor or previous_cursor of an earlier answer as it is.".to_owned();
    Err(ToolError::invalid_arguments(message, Some(hint)))
}

impl Output {
    fn new(promotion_id: u64, list: CodeList) -> Self {
        Self {
            promotion_id,
            coupon_codes: list.codes.into_iter().map(CouponCode::from).collect(),
            has_more: list.has_more,
            next_cursor: list.next_cursor,
            previous_cursor: list.previous_cursor,
            total: list.total,
        }
    }

    fn into_reply(self) -> Reply<Self> {
        let text = (self.coupon_codes.len() > ROWS_AS_JSON).then(|| self.table()).flatten();
        Reply { text, ..self.into() }
    }

    /// A line that says where in the list we are, then the rows as CSV: about half the tokens of the JSON.
    fn table(&self) -> Option<String> {
        let rows = self.coupon_codes.iter().map(CouponCode::cells).collect();
        let rows = table::csv(CouponCode::COLUMNS, rows)?;
        let optional =
            |name, value: Option<String>| value.map_or(String::new(), |value| format!(" {name}={value}"));
        let place = format!(
            "promotion_id={} has_more={}{}{}{}",
            self.promotion_id,
            self.has_more,
            optional("next_cursor", self.next_cursor.clone()),
            optional("previous_cursor", self.previous_cursor.clone()),
            optional("total", self.total.map(|total| total.to_string())),
        );
        Some(format!("{place}\n{rows}"))
    }
}
