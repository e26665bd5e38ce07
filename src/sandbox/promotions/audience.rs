//! Whom a promotion addresses, and when: channels, customers, countries, weekdays, notifications.

use crate::sandbox::field::{Field, Invalid};

/// How deep `and`, `or` and `not` may nest in `segments`.
const SEGMENT_DEPTH: usize = 3;

const WEEK_DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// `Channel`.
pub(super) fn check_id(channel: &Field<'_>) -> Result<(), Invalid> {
    channel.required("id")?.integer(1..=i64::MAX)?;
    Ok(())
}

/// `Customer`. The file wants groups to be either targeted or excluded; the live API is said to take both
/// lists, and the promotion then applies to nobody. So they are taken here: to refuse them would hide a
/// mistake that a client must find by itself.
pub(super) fn check_customer(customer: &Field<'_>) -> Result<(), Invalid> {
    for name in ["group_ids", "excluded_group_ids"] {
        if let Some(ids) = customer.optional(name)? {
            ids.each(|id| id.integer(0..=i64::MAX).map(drop))?;
        }
    }
    if let Some(count) = customer.optional("minimum_order_count")? {
        count.integer(0..=i64::MAX)?;
    }
    if let Some(segments) = customer.optional("segments")? {
        check_segments(&segments, SEGMENT_DEPTH)?;
    }
    Ok(())
}

/// `CustomerSegmentLimitation`.
fn check_segments(segments: &Field<'_>, depth: usize) -> Result<(), Invalid> {
    let names: &[&'static str] = if depth == 0 { &["id"] } else { &["id", "and", "or", "not"] };
    match segments.exactly_one(names)? {
        ("id", ids) => {
            for id in ids.items(1..=usize::MAX)? {
                id.text_where(|id| id.len() <= 36, "must have at most 36 characters.")?;
            }
            Ok(())
        }
        ("not", child) => check_segments(&child, depth.saturating_sub(1)),
        (_, children) => children
            .items(2..=usize::MAX)?
            .iter()
            .try_for_each(|child| check_segments(child, depth.saturating_sub(1))),
    }
}

/// `Notification`.
pub(super) fn check_notification(notification: &Field<'_>) -> Result<(), Invalid> {
    notification.required("content")?.text()?;
    notification.required("type")?.one_of(&["UPSELL", "ELIGIBLE", "APPLIED"])?;
    notification.required("locations")?.each(|location| location.text().map(drop))
}

/// `AddressMatcher`: countries, or all but some countries.
pub(super) fn check_address(address: &Field<'_>) -> Result<(), Invalid> {
    let countries = match address.exactly_one(&["countries", "not"])? {
        ("not", child) => child.required("countries")?,
        (_, countries) => countries,
    };
    countries.each(|country| {
        let is_iso2 = |code: &str| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        country.required("iso2_country_code")?.text_where(is_iso2, "must be two capital letters.")?;
        Ok(())
    })
}

/// `AvailabilityByWeekDay`: all four fields are required.
pub(super) fn check_schedule(schedule: &Field<'_>) -> Result<(), Invalid> {
    schedule.required("week_frequency")?.integer(1..=i64::MAX)?;
    schedule.required("week_days")?.each(|day| day.one_of(&WEEK_DAYS).map(drop))?;
    for name in ["daily_start_time", "daily_end_time"] {
        schedule.required(name)?.text_where(is_time_of_day, "must be a time of day, as in 23:59:00.")?;
    }
    Ok(())
}

/// Whether `text` is `HH:MM:SS`.
fn is_time_of_day(text: &str) -> bool {
    let below = |part: Option<&str>, bound: u8| {
        part.filter(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|part| part.parse::<u8>().ok())
            .is_some_and(|number| number < bound)
    };
    let mut parts = text.split(':');
    below(parts.next(), 24) && below(parts.next(), 60) && below(parts.next(), 60) && parts.next().is_none()
}
