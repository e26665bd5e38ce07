//! The parts of a [`ShapeRequest`](super::ShapeRequest), one by one.

use super::ShapeError;
use crate::coupons::{CodeText, CodeTextError, quoted};

/// `-`, `_`, or nothing.
pub(super) fn delimiter(given: Option<&str>) -> Result<&'static str, ShapeError> {
    match given.unwrap_or_default() {
        "" => Ok(""),
        "-" => Ok("-"),
        "_" => Ok("_"),
        other if other.trim().is_empty() => Err(ShapeError::Delimiter("a blank".to_owned())),
        other => Err(ShapeError::Delimiter(quoted(other))),
    }
}

/// The prefix in capitals, without white space at its ends and without the delimiter at its end.
pub(super) fn prefix(
    given: Option<&str>,
    delimiter: &str,
    notes: &mut Vec<String>,
) -> Result<String, ShapeError> {
    let raised = raised("prefix", given, notes)?;
    let kept = raised.trim_end_matches(|c| c == ' ' || delimiter.contains(c));
    note_border("prefix", &raised, kept, notes);
    Ok(kept.to_owned())
}

/// The suffix in capitals, without white space at its ends and without the delimiter at its start.
pub(super) fn suffix(
    given: Option<&str>,
    delimiter: &str,
    notes: &mut Vec<String>,
) -> Result<String, ShapeError> {
    let raised = raised("suffix", given, notes)?;
    let kept = raised.trim_start_matches(|c| c == ' ' || delimiter.contains(c));
    note_border("suffix", &raised, kept, notes);
    Ok(kept.to_owned())
}

/// The excluded characters in capitals, sorted, each once.
pub(super) fn excluded(given: &[String], notes: &mut Vec<String>) -> Result<Vec<char>, ShapeError> {
    let mut excluded = Vec::new();
    for text in given {
        let text = checked(text).map_err(ShapeError::Excluded)?;
        if let Some(c) = text.chars().find(|c| !c.is_ascii_alphanumeric()) {
            return Err(ShapeError::Excluded(format!("\"{c}\"")));
        }
        excluded.extend(text.chars());
    }
    let small: String = excluded.iter().filter(|c: &&char| c.is_ascii_lowercase()).collect();
    if !small.is_empty() {
        notes.push(format!("{small} in exclude_characters was raised to {}.", small.to_ascii_uppercase()));
    }
    for c in &mut excluded {
        c.make_ascii_uppercase();
    }
    excluded.sort_unstable();
    excluded.dedup();
    Ok(excluded)
}

fn raised(
    argument: &'static str,
    given: Option<&str>,
    notes: &mut Vec<String>,
) -> Result<String, ShapeError> {
    let text =
        checked(given.unwrap_or_default()).map_err(|character| ShapeError::Affix { argument, character })?;
    let raised = text.to_ascii_uppercase();
    if raised != text {
        notes.push(format!("The {argument} was raised to {raised}."));
    }
    Ok(raised)
}

/// The text without white space at its ends, or the first character that no code may have.
fn checked(text: &str) -> Result<&str, String> {
    match CodeText::parse(text) {
        Err(CodeTextError::Character(character)) => Err(character),
        // Which length is too much is for the whole code to say, and nothing at all is well here.
        Ok(_) | Err(CodeTextError::Blank | CodeTextError::TooLong(_)) => Ok(text.trim()),
    }
}

fn note_border(argument: &str, given: &str, kept: &str, notes: &mut Vec<String>) {
    if kept.is_empty() && !given.is_empty() {
        notes.push(format!("The {argument} was left out: it is nothing but the delimiter."));
    } else if kept != given {
        notes.push(format!(
            "The {argument} is taken as {kept}: the delimiter stands between it and the rest once."
        ));
    }
}
