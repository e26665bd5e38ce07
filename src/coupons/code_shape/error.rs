//! Why codes cannot be made as asked.

use crate::coupons::code_text::MAX_LENGTH;

/// Why no codes, or not so many, can have a shape. Each is a sentence that names the argument.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// A character that no code may have.
    #[error("{argument} takes letters A-Z, digits, _ and - and blanks inside it only, not {character}")]
    Affix {
        /// `prefix` or `suffix`.
        argument: &'static str,
        /// The character, or its number where it does not show.
        character: String,
    },
    /// A delimiter of another kind.
    #[error("delimiter is - or _ or left out, not {0}")]
    Delimiter(String),
    /// Something to exclude that the random part never has.
    #[error("exclude_characters takes letters A-Z and digits only, not {0}")]
    Excluded(String),
    /// Nothing at random.
    #[error("code_length is at least 1, not 0")]
    NoLength,
    /// More characters than a code may have.
    #[error(
        "a code has at most {MAX_LENGTH} characters, and prefix and suffix with their delimiters ({fixed}) and \
         code_length ({code_length}) make {}",
        fixed.saturating_add(u64::from(*code_length))
    )]
    TooLong {
        /// Characters of prefix and suffix with their delimiters.
        fixed: u64,
        /// Characters of the random part.
        code_length: u32,
    },
    /// Nothing is left to draw from.
    #[error(
        "exclude_characters leaves no character for the random part (codes that BigCommerce cannot generate go \
         without 0, O, 1, I and L in any case)"
    )]
    NoCharacters,
    /// There are not so many codes of this shape.
    #[error(
        "code_length and exclude_characters leave {possible} possible codes, fewer than the count of {count}; {}",
        remedy(*enough)
    )]
    TooFew {
        /// Codes asked for.
        count: u64,
        /// Codes that can be.
        possible: u128,
        /// The smallest `code_length` with which there are enough and none can be guessed, if one fits.
        enough: Option<u32>,
    },
    /// One guess hits too likely.
    #[error(
        "codes could be guessed: with a count of {count}, one guess in {odds} would hit one, and 1 in 1000000 is \
         the limit; {}",
        remedy(*enough)
    )]
    Guessable {
        /// Codes asked for.
        count: u64,
        /// One guess in so many hits.
        odds: u128,
        /// The smallest `code_length` that would do, if one fits.
        enough: Option<u32>,
    },
}

fn remedy(enough: Option<u32>) -> String {
    match enough {
        Some(length) => format!("code_length {length} would do"),
        None => format!(
            "no code_length within the {MAX_LENGTH} characters of a code would do, so shorten prefix and suffix, \
             exclude fewer characters or lower the count"
        ),
    }
}
