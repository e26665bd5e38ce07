//! Dates and times as people say them, in the time zone of the store.

mod named_day;

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::{Pieces, PiecesOffset, TimeZoneAnnotationKind};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp, Zoned};

/// Which end of a day a bare date means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Its first second, mostly 00:00:00.
    Start,
    /// Its last second, mostly 23:59:59.
    End,
}

/// An instant that somebody gave, to the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// The instant.
    pub timestamp: Timestamp,
    /// RFC 3339 with a numeric offset, as the API takes it: `2026-11-22T23:59:59-05:00`.
    pub text: String,
    /// The same for a person, on the store's clocks where they are known: "Sunday 22 Nov 2026, 23:59:59
    /// America/New_York". Where the clocks change just then, it says what was made of it.
    pub words: String,
}

/// Why a text gives no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeFault {
    /// A date or time without an offset, for a store whose time zone is not known.
    #[error(
        "the store's time zone is not known: give the offset too, or set BIGCOMMERCE_TIME_ZONE to a name such \
         as America/New_York"
    )]
    ZoneUnknown,
    /// No accepted form, a day or an hour that no calendar has, or a year before 2000.
    #[error("cannot be read as a date or time")]
    Unreadable,
    /// A time zone in brackets that does not exist.
    #[error("there is no time zone {0:?}: give a name such as America/New_York, or an offset such as -05:00")]
    NoSuchZone(String),
    /// An offset and a time zone in brackets that cannot both be meant.
    #[error("the time zone in brackets is not at that offset at that time: leave one of them out")]
    Contradiction,
}

/// Dates in the accepted forms that make sense today, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examples {
    /// The present time in words, on the store's clocks where they are known.
    pub now: String,
    /// A day a week from now.
    pub day: String,
    /// An evening a week from now, on the store's clocks.
    pub local: String,
    /// The same with its offset.
    pub with_offset: String,
}

impl Examples {
    /// Examples for a store whose clocks are in `zone`; UTC stands in for an unknown one.
    pub fn at(now: Timestamp, zone: Option<&TimeZone>) -> Self {
        let today = now.to_zoned(zone.cloned().unwrap_or(TimeZone::UTC));
        let evening = today.date().saturating_add(Span::new().weeks(1)).at(18, 0, 0, 0);
        let with_offset = today.time_zone().to_ambiguous_zoned(evening).compatible();
        Self {
            now: words(&today),
            day: evening.date().to_string(),
            local: evening.strftime("%Y-%m-%dT%H:%M").to_string(),
            with_offset: with_offset.as_ref().map_or_else(|_| evening.to_string(), rfc3339),
        }
    }
}

/// Longer than any accepted form.
const LONGEST: usize = 100;

/// The year from which on a date is believed: an earlier one is a slip of the keyboard.
const FIRST_YEAR: i16 = 2000;

/// Reads what [`parse`] reads, and a day as people name it on the store's clocks: `today`, `tomorrow`, `in 10 days`,
/// `friday` (the next one, today included), `next friday` (the first one after today), each also with a time:
/// `friday 18:00`.
///
/// # Errors
/// As [`parse`].
pub fn read(text: &str, edge: Edge, store: Option<&TimeZone>, now: Timestamp) -> Result<Moment, TimeFault> {
    let today = now.to_zoned(store.cloned().unwrap_or(TimeZone::UTC)).date();
    let named = if text.len() > LONGEST { None } else { named_day::read(text, today) };
    match named {
        None => parse(text, edge, store),
        Some(_) if store.is_none() => Err(TimeFault::ZoneUnknown),
        Some((day, None)) => parse(&day.to_string(), edge, store),
        Some((day, Some(clock))) => parse(&format!("{day}T{clock}"), edge, store),
    }
}

/// Reads a day (`2026-11-22`: its first or last second on the store's clocks), a time on the store's clocks
/// (`2026-11-22T18:00`, also with a blank and with seconds), or a time with an offset, with `Z` or with a zone
/// in brackets (RFC 3339 and RFC 9557), whose offset is kept. Fractions of a second are dropped.
///
/// A time that the clocks skip is moved on by what they skip; of a time that comes twice the first is meant.
///
/// # Errors
/// A [`TimeFault`] that says what to give instead.
pub fn parse(text: &str, edge: Edge, store: Option<&TimeZone>) -> Result<Moment, TimeFault> {
    let text = text.trim();
    if !is_shaped(text) {
        return Err(TimeFault::Unreadable);
    }
    let pieces = Pieces::parse(text).map_err(|_| TimeFault::Unreadable)?;
    let (date, time) = (pieces.date(), pieces.time().map(whole_second).transpose()?);
    if date.year() < FIRST_YEAR {
        return Err(TimeFault::Unreadable);
    }
    let named = named_zone(&pieces)?;
    let local = || named.as_ref().or(store).ok_or(TimeFault::ZoneUnknown);
    let (sent, note) = match (time, pieces.offset()) {
        (None, _) => (edge_of(date, edge, local()?)?, String::new()),
        (Some(time), None) => on_clocks(date.to_datetime(time), local()?)?,
        (Some(time), Some(offset)) => {
            (at_offset(date.to_datetime(time), offset, named.as_ref())?, String::new())
        }
    };
    let shown = store.map_or_else(|| sent.clone(), |zone| sent.with_time_zone(zone.clone()));
    Ok(Moment { timestamp: sent.timestamp(), text: rfc3339(&sent), words: words(&shown) + &note })
}

/// An instant for a person: "Sunday 22 Nov 2026, 23:59:59 America/New_York"; in UTC without a zone, and with
/// the offset for a zone that has no name.
pub fn say(timestamp: Timestamp, zone: Option<&TimeZone>) -> String {
    words(&timestamp.to_zoned(zone.cloned().unwrap_or(TimeZone::UTC)))
}

/// An instant for a program: RFC 3339 with the offset of `zone`; in UTC without one.
pub fn text(timestamp: Timestamp, zone: Option<&TimeZone>) -> String {
    rfc3339(&timestamp.to_zoned(zone.cloned().unwrap_or(TimeZone::UTC)))
}

/// The time zone of this IANA name (`America/New_York`), in capital or small letters.
pub fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name.trim()).ok().filter(|zone| !zone.is_unknown())
}

/// The first instant at which the clocks of `zone` show `clock`, or where they skip it, the end of the skip.
/// `None` outside of what a [`Timestamp`] can hold.
pub(super) fn first_instant(clock: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let instant = zone.to_ambiguous_timestamp(clock);
    match instant.offset() {
        AmbiguousOffset::Gap { .. } => {
            let before = instant.earlier().ok()?;
            zone.following(before).next().map(|transition| transition.timestamp())
        }
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => instant.earlier().ok(),
    }
}

/// Whether `text` begins as the accepted forms do: jiff reads more (`20261122`, `2026-11-22T18`), of which some
/// are more likely a slip than a date.
fn is_shaped(text: &str) -> bool {
    let Some((day, rest)) = text.split_at_checked(10) else { return false };
    let has_clock =
        || rest.starts_with(['T', 't', ' ']) && rest.get(1..6).is_some_and(|clock| has_shape(clock, "00:00"));
    text.len() <= LONGEST
        && has_shape(day, "0000-00-00")
        && (rest.is_empty() || rest.starts_with('[') || has_clock())
}

fn has_shape(text: &str, shape: &str) -> bool {
    let same = |(byte, shape): (u8, u8)| if shape == b'0' { byte.is_ascii_digit() } else { byte == shape };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(same)
}

fn whole_second(time: Time) -> Result<Time, TimeFault> {
    Time::new(time.hour(), time.minute(), time.second(), 0).map_err(|_| TimeFault::Unreadable)
}

fn named_zone(pieces: &Pieces<'_>) -> Result<Option<TimeZone>, TimeFault> {
    let Some(brackets) = pieces.time_zone_annotation() else { return Ok(None) };
    match (brackets.to_time_zone(), brackets.kind()) {
        (Ok(zone), _) if !zone.is_unknown() => Ok(Some(zone)),
        (_, TimeZoneAnnotationKind::Named(name)) => Err(TimeFault::NoSuchZone(name.as_str().to_owned())),
        _ => Err(TimeFault::Unreadable),
    }
}

fn edge_of(date: Date, edge: Edge, zone: &TimeZone) -> Result<Zoned, TimeFault> {
    let begin = |date: Date| first_instant(date.to_datetime(Time::midnight()), zone);
    let timestamp = match edge {
        Edge::Start => begin(date),
        Edge::End => {
            let next = date.tomorrow().ok().and_then(begin);
            next.and_then(|next| next.checked_sub(SignedDuration::from_secs(1)).ok())
        }
    };
    let zoned = timestamp.map(|timestamp| timestamp.to_zoned(zone.clone()));
    // A zone that moves across the date line skips a whole day.
    zoned.filter(|zoned| zoned.date() == date).ok_or(TimeFault::Unreadable)
}

fn on_clocks(clock: DateTime, zone: &TimeZone) -> Result<(Zoned, String), TimeFault> {
    let instant = zone.to_ambiguous_zoned(clock);
    let (time, place) = (clock.time(), zone.iana_name().unwrap_or("the store's time zone"));
    let note = match instant.offset() {
        AmbiguousOffset::Unambiguous { .. } => String::new(),
        AmbiguousOffset::Gap { .. } => format!(" (no clock of {place} shows {time} that day: it is skipped)"),
        AmbiguousOffset::Fold { .. } => {
            format!(" (the first of two times that the clocks of {place} show {time} that day)")
        }
    };
    let zoned = instant.compatible().map_err(|_| TimeFault::Unreadable)?;
    Ok((zoned, note))
}

fn at_offset(clock: DateTime, offset: PiecesOffset, named: Option<&TimeZone>) -> Result<Zoned, TimeFault> {
    let numeric = offset.to_numeric_offset();
    let timestamp = numeric.to_timestamp(clock).map_err(|_| TimeFault::Unreadable)?;
    let Some(zone) = named else { return Ok(timestamp.to_zoned(TimeZone::fixed(numeric))) };
    // `Z` gives the instant and says nothing of the offset (RFC 9557, section 2).
    if offset != PiecesOffset::Zulu && zone.to_offset(timestamp) != numeric {
        return Err(TimeFault::Contradiction);
    }
    Ok(timestamp.to_zoned(zone.clone()))
}

/// RFC 3339 has no seconds in offsets; a zone with some is sent in UTC.
fn rfc3339(zoned: &Zoned) -> String {
    let whole_minutes = zoned.offset().seconds() % 60 == 0;
    let sent = if whole_minutes { zoned.clone() } else { zoned.with_time_zone(TimeZone::UTC) };
    sent.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

fn words(zoned: &Zoned) -> String {
    let clock = zoned.strftime("%A %-d %b %Y, %H:%M:%S");
    match zoned.time_zone().iana_name() {
        Some(name) => format!("{clock} {name}"),
        None => format!("{clock} {}", zoned.strftime("%:z")),
    }
}

#[cfg(test)]
mod tests;
