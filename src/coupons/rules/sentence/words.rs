//! The smallest parts of a sentence: amounts, ids, quoted text, JSON, lists.

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;

use crate::coupons::clean;

/// Most characters of a quoted text.
const QUOTED_LENGTH: usize = 80;
/// Most characters of a currency code. BigCommerce's have three.
const CURRENCY_LENGTH: usize = 10;
/// The longest list that a brief sentence tells in full.
const BRIEF_LIST: usize = 10;
/// How many of a longer one it tells.
const BRIEF_LIST_SHOWN: usize = 2;

/// How a sentence is put.
#[derive(Debug)]
pub(super) struct Voice {
    /// A blank and the code that follow an amount; empty for none.
    currency: String,
    is_brief: bool,
}

impl Voice {
    /// Everything is said.
    pub(super) fn in_full(currency: Option<&str>) -> Self {
        let code = currency.filter(|code| *code != "*").map(clean).unwrap_or_default();
        let currency = if code.is_empty() { code } else { format!(" {}", shortened(&code, CURRENCY_LENGTH)) };
        Self { currency, is_brief: false }
    }

    /// Long lists are cut.
    pub(super) fn in_brief(currency: Option<&str>) -> Self {
        Self { is_brief: true, ..Self::in_full(currency) }
    }

    /// "5.00 USD": two decimals, more if the amount has them.
    pub(super) fn money(&self, amount: Decimal) -> String {
        let mut amount = amount.normalize();
        if amount.scale() < 2 {
            amount.rescale(2);
        }
        format!("{amount}{}", self.currency)
    }

    /// "category 12", "categories 12, 15 and 18".
    pub(super) fn ids(&self, singular: &str, plural: &str, ids: &[u64]) -> String {
        self.numbered(singular, plural, ids, "and")
    }

    /// "categories 12, 15 or 18", for a "not" before it.
    pub(super) fn any_of_ids(&self, singular: &str, plural: &str, ids: &[u64]) -> String {
        self.numbered(singular, plural, ids, "or")
    }

    fn numbered(&self, singular: &str, plural: &str, ids: &[u64], word: &str) -> String {
        match ids {
            [] => format!("no {singular} (an empty list)"),
            [id] => format!("{singular} {id}"),
            ids => format!("{plural} {}", self.list(ids.iter().map(u64::to_string), word)),
        }
    }

    /// `"Red", "Blue" or "Green"`.
    pub(super) fn any_of(&self, values: &[String]) -> String {
        if values.is_empty() {
            return "nothing (an empty list)".to_owned();
        }
        self.list(values.iter().map(|value| quoted(value)), "or")
    }

    fn list(&self, items: impl ExactSizeIterator<Item = String>, word: &str) -> String {
        let count = items.len();
        if self.is_brief && count > BRIEF_LIST {
            let shown: Vec<_> = items.take(BRIEF_LIST_SHOWN).collect();
            return format!("{}, ... {word} {} more", shown.join(", "), count - BRIEF_LIST_SHOWN);
        }
        joined(&items.collect::<Vec<_>>(), word)
    }
}

/// Compact JSON, as it came but for characters that do not show.
pub(super) fn json(value: &Value) -> String {
    clean(&value.to_string())
}

/// The JSON of a part that is of a known shape but says nothing that has words.
pub(super) fn json_of<T: Serialize>(part: &T) -> String {
    // The parts of a rule are lists and objects with string keys, which all have a JSON.
    json(&serde_json::to_value(part).unwrap_or_default())
}

/// "20%", "12.5%".
pub(super) fn percent(percent: Decimal) -> String {
    format!("{}%", percent.normalize())
}

/// Text of the store between quotation marks that it cannot end by itself.
pub(super) fn quoted(text: &str) -> String {
    let text = shortened(&clean(text), QUOTED_LENGTH).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{text}\"")
}

/// "1 item", "2 items".
pub(super) fn item_count(count: u64) -> String {
    crate::coupons::text::count(count, "item")
}

/// "a, b and c".
fn joined(parts: &[String], word: &str) -> String {
    match parts.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {word} {last}", rest.join(", ")),
        _ => parts.concat(),
    }
}

/// Clauses joined so that a list within one is not taken for a part of the whole.
pub(super) fn joined_clauses(clauses: &[String], word: &str) -> String {
    let has_list = |clause: &String| [",", " and ", " or "].iter().any(|mark| clause.contains(mark));
    if !clauses.iter().any(has_list) {
        return joined(clauses, word);
    }
    let separator = if clauses.len() > 2 { "; " } else { ", " };
    match clauses.split_last() {
        Some((last, rest)) if !rest.is_empty() => {
            format!("{}{separator}{word} {last}", rest.join(separator))
        }
        _ => clauses.concat(),
    }
}

/// At most `limit` characters, cut between words where that costs little; an ellipsis stands for what is cut.
pub(super) fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let cut: String = text.chars().take(limit.saturating_sub(1)).collect();
    let between_words =
        cut.rfind(' ').filter(|&blank| blank > cut.len() / 2).and_then(|blank| cut.get(..blank));
    format!("{}…", between_words.unwrap_or(&cut).trim_end_matches([' ', ',', ';', ':']))
}

/// A sentence of at most `limit` characters. A quotation that is cut is closed, so that what follows is not taken
/// for a part of it.
pub(super) fn shortened_sentence(sentence: &str, limit: usize) -> String {
    if sentence.chars().count() <= limit {
        return sentence.to_owned();
    }
    let cut = shortened(sentence, limit.saturating_sub(1));
    let mut is_quoting = false;
    let mut is_escaped = false;
    for c in cut.chars() {
        is_quoting ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
    }
    if is_quoting { cut + "\"" } else { cut }
}
