//! The pattern that codes share: `WEL-` and then four characters, say.

use super::{CodeShape, ShapeRequest};

/// Fewer characters of a random part are not made where more are possible.
const SHORTEST: u32 = 6;
/// So many letters and more are no chance.
const PREFIX: usize = 2;

/// What some codes have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    prefix: String,
    /// `-`, `_` or empty.
    delimiter: String,
    /// Characters behind the prefix, the same in all codes; `None` where they differ.
    length: Option<u32>,
    example: String,
}

/// The pattern of these codes: a prefix that all begin with, up to a delimiter or as far as they have the same
/// letters. `None` where there is none, and for a code alone.
pub fn shared(codes: &[&str]) -> Option<Pattern> {
    let (first, others) = codes.split_first()?;
    let upper = first.to_ascii_uppercase();
    let mut common = if others.is_empty() { 0 } else { upper.len() };
    for other in others {
        let other = other.to_ascii_uppercase();
        common =
            upper.bytes().zip(other.bytes()).take(common).take_while(|(one, other)| one == other).count();
    }
    let head = upper.get(..common)?;
    let (prefix, delimiter) = match head.rfind(['-', '_']) {
        Some(place) => (head.get(..place)?, head.get(place..=place)?),
        None => (head.trim_end_matches(|letter: char| letter.is_ascii_digit()), ""),
    };
    if prefix.is_empty() || (delimiter.is_empty() && prefix.len() < PREFIX) {
        return None;
    }
    let behind = |code: &&str| code.len().checked_sub(prefix.len() + delimiter.len());
    let length = behind(first)?;
    let length = codes.iter().all(|code| behind(code) == Some(length)).then_some(length);
    Some(Pattern {
        prefix: prefix.to_owned(),
        delimiter: delimiter.to_owned(),
        length: length.and_then(|length| u32::try_from(length).ok()),
        example: (*first).to_owned(),
    })
}

impl Pattern {
    /// One of the codes.
    pub fn example(&self) -> &str {
        &self.example
    }

    /// The same as a request, without a length.
    pub fn request(&self) -> ShapeRequest {
        ShapeRequest {
            prefix: Some(self.prefix.clone()),
            delimiter: Some(self.delimiter.clone()).filter(|delimiter| !delimiter.is_empty()),
            ..ShapeRequest::default()
        }
    }

    /// The length that the codes have, or more where so many codes of it could be guessed.
    pub fn safe_length(&self, count: u64) -> Option<u32> {
        let least = self.length.unwrap_or(SHORTEST).max(SHORTEST);
        (least..=50).find(|&length| {
            let request = ShapeRequest { code_length: Some(length), ..self.request() };
            CodeShape::parse(&request).is_ok_and(|(shape, _)| shape.check(count).is_ok())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_that_all_codes_share_is_their_pattern() {
        let found =
            |codes: &[&str]| shared(codes).map(|pattern| (pattern.prefix, pattern.delimiter, pattern.length));
        let pattern = |prefix: &str, delimiter: &str, length| Some((prefix.into(), delimiter.into(), length));
        assert_eq!(found(&["WEL-0040", "WEL-0041", "WEL-0100"]), pattern("WEL", "-", Some(4)));
        assert_eq!(found(&["wel-0040", "WEL-41"]), pattern("WEL", "-", None));
        assert_eq!(found(&["SAVE1001", "SAVE1002"]), pattern("SAVE", "", Some(4)));
        assert_eq!(found(&["VIP_EU-A1", "VIP_EU-A2"]), pattern("VIP_EU", "-", Some(2)));
        for none in [&["WEL-0040"][..], &[], &["ANNA10", "BEN10"], &["A1", "A2"], &["7001", "7002"]] {
            assert_eq!(found(none), None, "{none:?}");
        }
    }

    #[test]
    fn codes_that_could_be_guessed_get_longer() {
        let pattern = shared(&["WEL-0040", "WEL-0041"]).unwrap();
        assert_eq!(pattern.safe_length(40), Some(6));
        assert_eq!(pattern.safe_length(5_000), Some(7));
        let long = shared(&["A-ABCDEFGHIJKL", "A-BBCDEFGHIJKL"]).unwrap();
        assert_eq!(long.safe_length(1), Some(12));
    }
}
