//! Times as the API writes them.

use jiff::Timestamp;

/// `time` as `2024-05-01T10:15:30+00:00`: UTC, whole seconds, a numeric offset. That is the form of the
/// response samples in the API documentation.
pub(super) fn wire_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// The present time in the API's form.
pub(super) fn now() -> String {
    wire_time(Timestamp::now())
}
