//! How the codes of one generated batch look: `VIP-` and then eight characters at random, say.
//!
//! BigCommerce makes such codes itself where it can (`codegen` of its API); what it cannot make is drawn here.

mod error;
pub mod pattern;
mod reading;

use std::ops::RangeInclusive;

use rand::seq::IndexedRandom;
use serde::{Deserialize, Serialize};

use super::CodeText;
use super::code_text::MAX_LENGTH;

pub use error::ShapeError;

/// What BigCommerce draws from (OpenAPI file, `exclude_characters` of `codegen`).
const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Characters that people take for one another; codes drawn here go without them.
const ALIKE: &str = "0O1IL";

/// Lengths of the random part that `codegen` makes (OpenAPI file, `code_length`).
const CODEGEN_LENGTHS: RangeInclusive<u32> = 6..=16;

/// Most characters of a prefix and of a suffix for `codegen` (OpenAPI file).
const CODEGEN_AFFIX: usize = 20;

/// Length of the random part if none is asked for: `codegen`'s own default.
const DEFAULT_LENGTH: u32 = 16;

/// So many possible codes there must be for each that is made, so that one guess hits with a chance of at most
/// 1 in 1,000,000.
const POSSIBLE_PER_CODE: u128 = 1_000_000;

/// What a caller asked for, as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShapeRequest {
    /// Before the random part.
    pub prefix: Option<String>,
    /// After the random part.
    pub suffix: Option<String>,
    /// Between the random part and its neighbours: `-`, `_`, or nothing.
    pub delimiter: Option<String>,
    /// Characters of the random part; 16 if left out.
    pub code_length: Option<u32>,
    /// What the random part goes without. Each may hold several characters: `["O", "0"]` is `["O0"]`.
    pub exclude_characters: Vec<String>,
}

/// How the codes of one batch look. Parsed once and then valid: each of its codes is a [`CodeText`].
///
/// As JSON it is the [`ShapeRequest`] of the same shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ShapeRequest", into = "ShapeRequest")]
pub struct CodeShape {
    prefix: String,
    suffix: String,
    /// `-`, `_` or empty.
    delimiter: String,
    length: u32,
    /// Capitals and digits, sorted, each once.
    excluded: Vec<char>,
}

/// Who draws the codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// BigCommerce, by `codegen`: from A-Z and 0-9.
    Codegen,
    /// This process, by [`CodeShape::draw`]: from the same without 0, O, 1, I and L, which look alike.
    Local,
}

impl CodeShape {
    /// Reads a request. The texts are notes for people on what was not taken as given, one sentence each.
    ///
    /// Blanks at the ends of prefix and suffix are dropped, small letters raised, and a delimiter that prefix
    /// or suffix bring along is taken off, so that it stands there once.
    ///
    /// # Errors
    /// Any [`ShapeError`] but [`ShapeError::TooFew`] and [`ShapeError::Guessable`], which depend on how many
    /// codes there will be: see [`CodeShape::check`].
    pub fn parse(request: &ShapeRequest) -> Result<(Self, Vec<String>), ShapeError> {
        let mut notes = Vec::new();
        let mut delimiter = reading::delimiter(request.delimiter.as_deref())?;
        let prefix = reading::prefix(request.prefix.as_deref(), delimiter, &mut notes)?;
        let suffix = reading::suffix(request.suffix.as_deref(), delimiter, &mut notes)?;
        if !delimiter.is_empty() && prefix.is_empty() && suffix.is_empty() {
            notes.push("The delimiter was left out: it stands beside a prefix or a suffix only.".to_owned());
            delimiter = "";
        }
        let excluded = reading::excluded(&request.exclude_characters, &mut notes)?;
        let length = request.code_length.unwrap_or(DEFAULT_LENGTH);
        let shape = Self { prefix, suffix, delimiter: delimiter.to_owned(), length, excluded };
        if length == 0 {
            return Err(ShapeError::NoLength);
        }
        if u64::from(length) > shape.room() {
            return Err(ShapeError::TooLong { fixed: shape.fixed(), code_length: length });
        }
        if shape.alphabet(length).next().is_none() {
            return Err(ShapeError::NoCharacters);
        }
        Ok((shape, notes))
    }

    /// Who draws the codes: BigCommerce whenever it can.
    pub fn maker(&self) -> Maker {
        self.maker_at(self.length)
    }

    /// Whether there can be `count` such codes, and none of them is hit by one guess with a chance above 1 in
    /// 1,000,000.
    ///
    /// # Errors
    /// [`ShapeError::TooFew`] or [`ShapeError::Guessable`], with the `code_length` that would do.
    pub fn check(&self, count: u64) -> Result<(), ShapeError> {
        let possible = self.possible(self.length);
        if possible >= needed(count) {
            return Ok(());
        }
        let room = u32::try_from(self.room()).unwrap_or(u32::MAX);
        let enough = (1..=room).find(|&length| self.possible(length) >= needed(count));
        if possible < u128::from(count) {
            return Err(ShapeError::TooFew { count, possible, enough });
        }
        let odds = possible.checked_div(count.into()).unwrap_or(possible);
        Err(ShapeError::Guessable { count, odds, enough })
    }

    /// Whether a code of the store may be of this shape: prefix and suffix with their delimiters, and between
    /// them exactly so many characters that the random part may have. Case counts: both makers use capitals.
    pub fn fits(&self, code: &str) -> bool {
        let random = code.strip_prefix(&self.head()).and_then(|rest| rest.strip_suffix(&self.tail()));
        random.is_some_and(|random| {
            random.len() as u64 == u64::from(self.length) && random.chars().all(|c| self.has(self.length, c))
        })
    }

    /// A code at random, from a generator that is seeded by the operating system and fit for secrets.
    pub fn draw(&self) -> CodeText {
        let alphabet: Vec<char> = self.alphabet(self.length).collect();
        let mut generator = rand::rng();
        let mut code = self.head();
        code.extend((0..self.length).filter_map(|_| alphabet.choose(&mut generator)));
        code.push_str(&self.tail());
        CodeText::parse(&code).unwrap_or_else(|fault| unreachable!("parse() has checked all parts: {fault}"))
    }

    /// A code that stands for all of this shape where a rule for codes is tried beforehand.
    pub fn sample(&self) -> CodeText {
        self.draw()
    }

    /// The shape for people, `X` for each character of the random part: `VIP-XXXXXXXX`.
    pub fn example(&self) -> String {
        let random: String = (0..self.length).map(|_| 'X').collect();
        format!("{}{random}{}", self.head(), self.tail())
    }

    /// The prefix without delimiter, if there is one.
    pub fn prefix(&self) -> Option<&str> {
        Some(self.prefix.as_str()).filter(|prefix| !prefix.is_empty())
    }

    /// The suffix without delimiter, if there is one.
    pub fn suffix(&self) -> Option<&str> {
        Some(self.suffix.as_str()).filter(|suffix| !suffix.is_empty())
    }

    /// `-` or `_`, if there is a delimiter.
    pub fn delimiter(&self) -> Option<&str> {
        Some(self.delimiter.as_str()).filter(|delimiter| !delimiter.is_empty())
    }

    /// Characters of the random part: 1-50, for `codegen` 6-16.
    pub fn code_length(&self) -> u32 {
        self.length
    }

    /// What the caller excluded from the random part: capitals and digits, sorted, each once.
    pub fn excluded(&self) -> &[char] {
        &self.excluded
    }

    /// The request that gives this shape, so that another job can repeat it with single fields replaced.
    pub fn request(&self) -> ShapeRequest {
        ShapeRequest {
            prefix: self.prefix().map(str::to_owned),
            suffix: self.suffix().map(str::to_owned),
            delimiter: self.delimiter().map(str::to_owned),
            code_length: Some(self.length),
            exclude_characters: self.excluded.iter().map(char::to_string).collect(),
        }
    }

    /// Prefix and delimiter.
    fn head(&self) -> String {
        self.prefix().map(|prefix| format!("{prefix}{}", self.delimiter)).unwrap_or_default()
    }

    /// Delimiter and suffix.
    fn tail(&self) -> String {
        self.suffix().map(|suffix| format!("{}{suffix}", self.delimiter)).unwrap_or_default()
    }

    /// Characters that are the same in all codes.
    fn fixed(&self) -> u64 {
        (self.head().len() + self.tail().len()) as u64
    }

    /// Characters that are left for the random part.
    fn room(&self) -> u64 {
        (MAX_LENGTH as u64).saturating_sub(self.fixed())
    }

    /// Who would draw a random part of another length.
    fn maker_at(&self, length: u32) -> Maker {
        let affix = |text: &str| text.len() <= CODEGEN_AFFIX && !text.contains(' ');
        if affix(&self.prefix) && affix(&self.suffix) && CODEGEN_LENGTHS.contains(&length) {
            Maker::Codegen
        } else {
            Maker::Local
        }
    }

    /// Whether a random part of that length may have this character.
    fn has(&self, length: u32, c: char) -> bool {
        let drawn = match self.maker_at(length) {
            Maker::Codegen => true,
            Maker::Local => !ALIKE.contains(c),
        };
        drawn && ALPHABET.contains(c) && !self.excluded.contains(&c)
    }

    fn alphabet(&self, length: u32) -> impl Iterator<Item = char> {
        ALPHABET.chars().filter(move |&c| self.has(length, c))
    }

    /// How many codes there can be with a random part of that length; the largest number for more than that.
    fn possible(&self, length: u32) -> u128 {
        (self.alphabet(length).count() as u128).saturating_pow(length)
    }
}

/// How many codes must be possible where `count` are made.
fn needed(count: u64) -> u128 {
    u128::from(count).saturating_mul(POSSIBLE_PER_CODE)
}

impl TryFrom<ShapeRequest> for CodeShape {
    type Error = ShapeError;

    fn try_from(request: ShapeRequest) -> Result<Self, ShapeError> {
        Self::parse(&request).map(|(shape, _)| shape)
    }
}

impl From<CodeShape> for ShapeRequest {
    fn from(shape: CodeShape) -> Self {
        shape.request()
    }
}

#[cfg(test)]
mod tests;
