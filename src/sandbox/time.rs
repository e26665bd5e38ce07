//! Times as the API writes them.

use jiff::Timestamp;

/// `time` as `2024-05-01T10:15:30+00:00`: UTC, whole seconds, a numeric offset. That is the form of the
/// response samples in the API documentation.
pub(super) fn wire_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// `time`, which is in the API's form, as the older API writes it: `Thu, 04 Oct 2012 03:24:40 +0000`. What is
/// no time stays as it is.
pub(super) fn mail_time(time: &str) -> String {
    let parsed: Result<Timestamp, _> = time.parse();
    parsed.map_or_else(|_| time.to_owned(), |time| time.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string())
}
