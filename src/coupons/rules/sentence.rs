//! Rules in plain English.
//!
//! A sentence is put together from phrases: what the action does, when, at most how much, how often. Whatever
//! has no words stands in it as compact JSON. Left unsaid are only values that change nothing: a default that
//! the bare words already mean, and how to treat the items of a condition where there is none.

mod action;
mod condition;
mod items;
#[cfg(test)]
mod tests;
mod words;

use serde_json::Value;

use super::{Reading, Rule};
use words::{Voice, json, json_of, shortened_sentence};

/// Most characters of a [`discount_line`] in words, and of one that holds JSON.
const LINE_LENGTH: usize = 160;
const LINE_LENGTH_WITH_JSON: usize = 300;

/// Each rule in one text of one or more sentences, with nothing left out. Amounts take the `currency` code after
/// them, unless it is `*` or not given.
///
/// Names and values that come from the store are cleaned, quoted and at most 80 characters each; JSON is
/// complete.
pub fn sentences(rules: &[Rule], currency: Option<&str>) -> Vec<String> {
    let voice = Voice::in_full(currency);
    rules.iter().map(|rule| voice.told(rule)).collect()
}

/// What the promotion gives, in one sentence for a row of a list: at most 160 characters, or 300 where some of it
/// is JSON. It tells the first rule and counts the others; whether a later rule runs, and details that need a
/// sentence of their own, are left to [`sentences`].
pub fn discount_line(rules: &[Rule], currency: Option<&str>) -> String {
    let Some((first, others)) = rules.split_first() else { return "No rules.".to_owned() };
    let ending = match others.len() {
        0 => ".".to_owned(),
        1 => ", and 1 more rule.".to_owned(),
        more => format!(", and {more} more rules."),
    };
    let mut sentence = Voice::in_brief(currency).sentence(first);
    if !first.other.is_empty() {
        sentence = sentence + ", also set: " + &json_of(&first.other);
    }
    let limit = if first.has_raw_parts() { LINE_LENGTH_WITH_JSON } else { LINE_LENGTH };
    let sentence = shortened_sentence(&sentence, limit.saturating_sub(ending.chars().count()));
    // An ellipsis ends a sentence by itself.
    if sentence.ends_with('…') && others.is_empty() { sentence } else { sentence + &ending }
}

impl Voice {
    /// All sentences of a rule.
    fn told(&self, rule: &Rule) -> String {
        let mut text = self.sentence(rule);
        if rule.stop {
            text += ", and no further rule runs after it";
        }
        text += ".";
        for note in rule.action.known().into_iter().flat_map(|action| action::notes(action, rule)) {
            text = text + " " + note;
        }
        if !rule.other.is_empty() {
            text = text + " Also set on this rule: " + &json_of(&rule.other) + ".";
        }
        text
    }

    /// The main sentence, without its full stop.
    fn sentence(&self, rule: &Rule) -> String {
        let mut text = match &rule.action {
            Reading::Known(action) => self.action(action),
            Reading::Raw(Value::Null) => "A rule without an action".to_owned(),
            Reading::Raw(action) => format!("An action that has no words here: {}", json(action)),
        };
        if let Some(condition) = &rule.condition {
            // A head of several parts needs the comma to show that the condition is about all of them.
            text += if text.contains([',', ':', '(']) { ", " } else { " " };
            text += &self.condition(condition);
        }
        if let Reading::Known(action) = &rule.action {
            text += &self.cap(action);
        }
        if !rule.apply_once {
            text += ", repeated for every match";
        }
        text
    }
}
