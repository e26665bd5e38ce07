//! Codes and uses of a promotion, counted while its pages stream by: the memory it takes does not grow with the
//! number of codes.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CouponCode;
use super::code_filter::Uses;

/// Prefixes that are told apart.
const MOST_PREFIXES: usize = 1_000;
/// Prefixes in the report.
const SHOWN_PREFIXES: usize = 50;
/// Where the other prefixes are added up. No code can begin with it.
const OTHER: &str = "(other)";

/// What is to be told of the codes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryRequest {
    /// So many of the most used codes.
    pub top: usize,
    /// The uses of these codes, in whatever case they are written.
    pub codes: Vec<String>,
    /// Whether uses are added up by prefix.
    pub by_prefix: bool,
}

/// What the codes of a promotion come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(description = "")]
#[allow(missing_docs, reason = "a field's own doc is published: only what its name does not tell")]
pub struct SummaryReport {
    pub codes: u64,
    pub unused: u64,
    pub used: u64,
    /// As often as they may be.
    pub used_up: u64,
    /// In all.
    pub uses: u64,
    /// The most used first.
    pub top: Vec<TopCode>,
    /// The codes asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<serde_json::Map<String, serde_json::Value>>>")]
    pub named: Option<Vec<NamedCode>>,
    /// The 50 with the most uses; then the others in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_prefix: Option<Vec<PrefixUses>>,
}

/// A code that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "a field's own doc is published: only what its name does not tell")]
pub struct TopCode {
    pub code: String,
    pub current_uses: u64,
}

/// A code that was asked for by its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedCode {
    /// As the store has it, or as it was asked for.
    pub code: String,
    /// Whether the promotion has it.
    pub found: bool,
    /// Uses recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_uses: Option<u64>,
    /// 0 = unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<u64>,
}

/// What the codes with one beginning come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "a field's own doc is published: only what its name does not tell")]
pub struct PrefixUses {
    pub prefix: String,
    pub codes: u64,
    pub uses: u64,
}

/// The codes counted so far.
#[derive(Debug)]
pub struct Summary {
    codes: u64,
    unused: u64,
    used: u64,
    used_up: u64,
    uses: u64,
    top: Top,
    named: Option<Named>,
    prefixes: Option<Prefixes>,
}

impl Summary {
    /// Nothing is counted yet.
    pub fn new(request: &SummaryRequest) -> Self {
        Self {
            codes: 0,
            unused: 0,
            used: 0,
            used_up: 0,
            uses: 0,
            top: Top { most: request.top, best: BinaryHeap::new() },
            named: (!request.codes.is_empty()).then(|| Named::new(&request.codes)),
            prefixes: request.by_prefix.then(Prefixes::default),
        }
    }

    /// Counts a code.
    pub fn add(&mut self, code: &CouponCode) {
        self.codes += 1;
        self.unused += u64::from(Uses::Unused.fits(code));
        self.used += u64::from(Uses::Used.fits(code));
        self.used_up += u64::from(Uses::UsedUp.fits(code));
        self.uses = self.uses.saturating_add(code.current_uses);
        self.top.offer(code);
        if let Some(named) = &mut self.named {
            named.note(code);
        }
        if let Some(prefixes) = &mut self.prefixes {
            prefixes.count(code);
        }
    }

    /// What all of it comes to.
    pub fn report(self) -> SummaryReport {
        SummaryReport {
            codes: self.codes,
            unused: self.unused,
            used: self.used,
            used_up: self.used_up,
            uses: self.uses,
            top: self.top.ranked(),
            named: self.named.map(|named| named.codes),
            by_prefix: self.prefixes.map(Prefixes::ranked),
        }
    }
}

/// More uses rank higher; with as many, the text that comes first.
type Rank = (u64, Reverse<String>);

/// The most used codes.
#[derive(Debug)]
struct Top {
    most: usize,
    /// The lowest on top, to make way.
    best: BinaryHeap<Reverse<Rank>>,
}

impl Top {
    fn offer(&mut self, code: &CouponCode) {
        let has_room = self.best.len() < self.most;
        let outranks = |Reverse((uses, Reverse(text))): &Reverse<Rank>| {
            (code.current_uses, Reverse(&code.code)) > (*uses, Reverse(text))
        };
        if code.current_uses == 0 || !(has_room || self.best.peek().is_some_and(outranks)) {
            return;
        }
        if !has_room {
            self.best.pop();
        }
        self.best.push(Reverse((code.current_uses, Reverse(code.code.clone()))));
    }

    fn ranked(self) -> Vec<TopCode> {
        let ranked = self.best.into_sorted_vec().into_iter();
        ranked.map(|Reverse((current_uses, Reverse(code)))| TopCode { code, current_uses }).collect()
    }
}

/// The codes that were asked for.
#[derive(Debug)]
struct Named {
    codes: Vec<NamedCode>,
    places: HashMap<String, usize>,
}

impl Named {
    fn new(texts: &[String]) -> Self {
        let mut named = Self { codes: Vec::new(), places: HashMap::new() };
        for text in texts {
            let place = named.codes.len();
            if *named.places.entry(folded(text)).or_insert(place) == place {
                let code = text.clone();
                named.codes.push(NamedCode { code, found: false, current_uses: None, max_uses: None });
            }
        }
        named
    }

    fn note(&mut self, code: &CouponCode) {
        let place = self.places.get(&folded(&code.code));
        if let Some(named) = place.and_then(|place| self.codes.get_mut(*place)) {
            *named = NamedCode {
                code: code.code.clone(),
                found: true,
                current_uses: Some(code.current_uses),
                max_uses: Some(code.limits.max_uses),
            };
        }
    }
}

/// One spelling for all that are equal at checkout.
fn folded(text: &str) -> String {
    text.trim_matches(' ').to_ascii_lowercase()
}

/// Codes and uses by what the codes begin with.
#[derive(Debug, Default)]
struct Prefixes {
    kept: HashMap<String, (u64, u64)>,
    other: (u64, u64),
}

impl Prefixes {
    fn count(&mut self, code: &CouponCode) {
        let prefix = prefix(&code.code);
        let has_room = self.kept.len() < MOST_PREFIXES;
        let counted = match self.kept.get_mut(&prefix) {
            Some(counted) => counted,
            None if has_room => self.kept.entry(prefix).or_default(),
            None => &mut self.other,
        };
        add(counted, (1, code.current_uses));
    }

    fn ranked(self) -> Vec<PrefixUses> {
        let form = |(prefix, (codes, uses))| PrefixUses { prefix, codes, uses };
        let mut ranked: Vec<_> = self.kept.into_iter().map(form).collect();
        ranked
            .sort_by(|a, b| (b.uses, b.codes).cmp(&(a.uses, a.codes)).then_with(|| a.prefix.cmp(&b.prefix)));
        let mut other = self.other;
        for prefix in ranked.drain(SHOWN_PREFIXES.min(ranked.len())..) {
            add(&mut other, (prefix.codes, prefix.uses));
        }
        if other.0 > 0 {
            ranked.push(form((OTHER.to_owned(), other)));
        }
        ranked
    }
}

fn add((codes, uses): &mut (u64, u64), more: (u64, u64)) {
    *codes += more.0;
    *uses = uses.saturating_add(more.1);
}

/// What is in front of the first `-` or `_`, in capitals; nothing where there is none.
fn prefix(code: &str) -> String {
    code.split_once(['-', '_']).map(|(prefix, _)| prefix.to_ascii_uppercase()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
