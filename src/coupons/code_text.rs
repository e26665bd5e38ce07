//! The text of a coupon code.

use std::fmt;

pub use crate::bigcommerce::limits::MAX_CODE as MAX_LENGTH;

/// A text that BigCommerce accepts as a code: 1-50 of `A-Z a-z 0-9 _ -` and the blank, not only blanks, none
/// at either end. Codes are compared without regard to case, as BigCommerce does at checkout.
#[derive(Debug, Clone)]
pub struct CodeText(String);

/// Why a text cannot be a code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeTextError {
    /// Nothing, or nothing but white space.
    #[error("a code needs at least one character that is not a blank")]
    Blank,
    /// Longer than [`MAX_LENGTH`].
    #[error("a code has at most 50 characters, this one has {0}")]
    TooLong(usize),
    /// A character outside the permitted set.
    #[error("a code takes letters A-Z and a-z, digits, blanks, _ and - only, not {0}")]
    Character(String),
}

impl CodeText {
    /// Parses a code; white space at the ends is dropped.
    ///
    /// # Errors
    /// A [`CodeTextError`] that names the first fault.
    pub fn parse(text: &str) -> Result<Self, CodeTextError> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(CodeTextError::Blank);
        }
        let length = trimmed.chars().count();
        if length > MAX_LENGTH {
            return Err(CodeTextError::TooLong(length));
        }
        if let Some(c) = trimmed.chars().find(|&c| !is_permitted(c)) {
            return Err(CodeTextError::Character(describe(c)));
        }
        Ok(Self(trimmed.to_owned()))
    }

    /// The text as given, without white space at its ends.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a store's code is this one.
    pub fn matches(&self, code: &str) -> bool {
        self.0.eq_ignore_ascii_case(code.trim_matches(' '))
    }

    /// One spelling for all that are equal.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// The spellings worth asking for, since it is not documented whether the API's `code` filters compare
    /// case: as given, in capitals, in small letters.
    pub fn spellings(&self) -> Vec<String> {
        let mut spellings = vec![self.0.clone()];
        for spelling in [self.0.to_ascii_uppercase(), self.folded()] {
            if !spellings.contains(&spelling) {
                spellings.push(spelling);
            }
        }
        spellings
    }
}

impl fmt::Display for CodeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a code may have this character.
pub(super) fn is_permitted(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ' ' | '-')
}

fn describe(c: char) -> String {
    if c.is_control() || c.is_whitespace() || super::clean(&c.to_string()).is_empty() {
        format!("U+{:04X}", u32::from(c))
    } else {
        format!("\"{c}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, CodeTextError> {
        CodeText::parse(text).map(|code| code.as_str().to_owned())
    }

    #[test]
    fn codes_of_the_documented_characters_are_taken_as_they_are() {
        for code in ["SUMMER_SALE_2024", "a", "Anna 10", "x-y_z", &"A".repeat(50)] {
            assert_eq!(parsed(code).as_deref(), Ok(code));
        }
    }

    #[test]
    fn white_space_at_the_ends_is_dropped_before_the_length_counts() {
        assert_eq!(parsed("  SUMMER 20 ").as_deref(), Ok("SUMMER 20"));
        assert_eq!(parsed(&format!(" {} ", "A".repeat(50))), Ok("A".repeat(50)));
        for space in ["\n", "\r\n", "\t", "\u{a0}", "\u{2003}", "\u{3000}"] {
            assert_eq!(parsed(&format!("{space}SUMMER20{space}")).as_deref(), Ok("SUMMER20"));
        }
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        assert_eq!(parsed(""), Err(CodeTextError::Blank));
        assert_eq!(parsed("   "), Err(CodeTextError::Blank));
        assert_eq!(parsed(&"A".repeat(51)), Err(CodeTextError::TooLong(51)));
        assert_eq!(parsed(&"Ä".repeat(4 << 20)), Err(CodeTextError::TooLong(4 << 20)));
        assert_eq!(parsed("10%"), Err(CodeTextError::Character("\"%\"".into())));
        assert_eq!(parsed("ÄPFEL"), Err(CodeTextError::Character("\"Ä\"".into())));
        assert_eq!(parsed("A\tB"), Err(CodeTextError::Character("U+0009".into())));
        assert_eq!(parsed("A\u{a0}B"), Err(CodeTextError::Character("U+00A0".into())));
        assert_eq!(parsed("A\u{200b}B"), Err(CodeTextError::Character("U+200B".into())));
    }

    #[test]
    fn case_does_not_matter() {
        let code = CodeText::parse("Anna10").unwrap();
        assert!(code.matches("ANNA10") && code.matches("anna10") && !code.matches("ANNA1O"));
        assert_eq!(code.spellings(), ["Anna10", "ANNA10", "anna10"]);
        assert_eq!(CodeText::parse("2024").unwrap().spellings(), ["2024"]);
    }
}
