//! A currency as an argument.

use crate::coupons::quoted;

use super::ToolError;

/// An ISO 4217 code in capitals.
pub(super) fn parse(text: &str) -> Result<String, ToolError> {
    let code = text.trim().to_ascii_uppercase();
    if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(code);
    }
    Err(ToolError::invalid_arguments(
        format!("Argument \"currency_code\" is no currency code: {}.", quoted(text)),
        Some("Give three letters such as USD or EUR.".to_owned()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_letters_in_any_case_are_a_currency_and_nothing_else_is() {
        assert_eq!(parse(" usd ").as_deref(), Ok("USD"));
        for text in ["", "*", "US", "DOLLAR", "U$D", "€"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
