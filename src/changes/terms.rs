//! What a promotion may be called, and how large its rules may be, whatever the API would take.

use serde_json::Value;

use crate::bigcommerce::limits::{MAX_NAME, TooLong};
use crate::coupons::clean;

use super::ChangeError;

/// Bytes of the rules as JSON; ten rules with thousands of products each fit.
const LARGEST_RULES: usize = 256 << 10;

/// A name that people can read and tell from others.
///
/// # Errors
/// [`ChangeError::Invalid`] for one that shows nothing, is too long or has control characters in it.
pub(super) fn check_name(name: &str) -> Result<(), ChangeError> {
    if clean(name).trim().is_empty() {
        return Err(ChangeError::invalid(
            "A promotion needs a name that can be read.",
            "Give a name that the merchant will recognise.",
        ));
    }
    if let Some(TooLong { length, most, .. }) = TooLong::check("name", name, MAX_NAME) {
        return Err(ChangeError::invalid(
            format!("The name has {length} characters, and at most {most} fit."),
            "Give a short name that the merchant will recognise.",
        ));
    }
    if name.chars().any(char::is_control) {
        return Err(ChangeError::invalid(
            "The name has control characters in it.",
            "Give a name of one line, in plain text.",
        ));
    }
    Ok(())
}

/// Rules that a person could look through.
///
/// # Errors
/// [`ChangeError::Invalid`] for larger ones.
pub(super) fn check_size(rules: &[Value]) -> Result<(), ChangeError> {
    let bytes: usize = rules.iter().map(|rule| rule.to_string().len()).sum();
    if bytes <= LARGEST_RULES {
        return Ok(());
    }
    Err(ChangeError::invalid(
        format!("The rules are too large: {} kB, and {} kB fit.", bytes >> 10, LARGEST_RULES >> 10),
        "Name categories or brands instead of single products.",
    ))
}
