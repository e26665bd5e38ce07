//! What is wrong with a promotion, or easily overlooked.

use jiff::tz::TimeZone;

use crate::coupons::Promotion;
use crate::coupons::promotion::{Kind, Status};
use crate::coupons::promotion_list::CodesGlimpse;
use crate::coupons::text::count;

/// BigCommerce recommends no more rules than these (its guide to promotions).
const MOST_RULES: usize = 10;

/// The warnings, each a sentence or two.
pub(super) fn about(
    promotion: &Promotion,
    codes: Option<&CodesGlimpse>,
    zone: Option<&TimeZone>,
) -> Vec<String> {
    let (rules, customers) = (promotion.rules.len(), &promotion.customers);
    let checks = [
        (
            promotion.status == Status::Invalid,
            "BigCommerce has marked it INVALID and does not run it: look at its rules in the control panel.",
        ),
        (rules == 0, "It has no rules, so it gives nothing."),
        (
            !customers.groups.is_empty() && !customers.excluded_groups.is_empty(),
            "It names customer groups and excluded groups at once. BigCommerce then gives it to nobody: leave \
             one of the two lists empty.",
        ),
        (
            promotion.rules.iter().any(|rule| !rule.apply_once),
            "A rule repeats for every match. Such rules can loop until BigCommerce marks the promotion INVALID.",
        ),
        (
            promotion.stacks && promotion.overrides,
            "It is to replace other promotions and to apply beside them, which excludes each other.",
        ),
        (
            promotion.ends.zip(promotion.starts).is_some_and(|(end, start)| end < start),
            "It ends before it starts.",
        ),
        (
            promotion.kind == Kind::Coupon && codes.is_some_and(|codes| codes.count == Some(0)),
            "It has no code, so nobody can use it. create_coupon_code adds one.",
        ),
        (
            promotion.schedule.is_some() && zone.is_none(),
            "The weekly schedule counts in the store's time zone, which is not known: effective_state leaves it \
             out. BIGCOMMERCE_TIME_ZONE sets the zone.",
        ),
    ];
    let dates = promotion.unreadable_dates.iter().map(|name| {
        let value = promotion.document.get(*name).map(super::words::json).unwrap_or_default();
        format!(
            "Its {name} {value} is no time with an offset, so it is not known whether it works now. update_promotion \
             with {} sets it right.",
            if *name == "end_date" { "ends_at" } else { "starts_at" }
        )
    });
    let many = (rules > MOST_RULES)
        .then(|| format!("It has {}; BigCommerce recommends at most {MOST_RULES}.", count(rules, "rule")));
    let found = checks.into_iter().filter(|(holds, _)| *holds).map(|(_, warning)| warning.to_owned());
    found.chain(dates).chain(many).collect()
}
