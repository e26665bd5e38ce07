//! Which items, as words that follow "item" or "items".

use super::super::{ItemMatcher, Reading};
use super::words::{Voice, joined_clauses, json, json_of, quoted};

/// The only way of comparing option values that BigCommerce documents.
const STRING_MATCH: &str = "string_match";

impl Voice {
    /// "in categories 12 and 15", "of brand 3 and not in category 9".
    pub(super) fn items(&self, matcher: &Reading<ItemMatcher>) -> String {
        self.matcher(matcher, Sense::Is, false)
    }

    /// The same after a blank; nothing for all items.
    pub(super) fn of_items(&self, matcher: Option<&Reading<ItemMatcher>>) -> String {
        matcher.map(|matcher| format!(" {}", self.items(matcher))).unwrap_or_default()
    }

    fn matcher(&self, matcher: &Reading<ItemMatcher>, sense: Sense, is_nested: bool) -> String {
        let matcher = match matcher {
            Reading::Known(matcher) => matcher,
            Reading::Raw(raw) => return sense.of(format!("matching {}", json(raw))),
        };
        match matcher {
            ItemMatcher::Brands(ids) => self.named("of", "brand", "brands", ids, sense),
            ItemMatcher::Categories(ids) => self.named("in", "category", "categories", ids, sense),
            ItemMatcher::Products(ids) => self.named("of", "product", "products", ids, sense),
            ItemMatcher::Variants(ids) => self.named("of", "variant", "variants", ids, sense),
            ItemMatcher::ProductOption(option) => {
                let values = self.any_of(&option.values);
                let how = if option.kind == STRING_MATCH {
                    String::new()
                } else {
                    format!(" (compared by {})", quoted(&option.kind))
                };
                format!("{} the option {} set to {values}{how}", sense.with(), quoted(&option.name))
            }
            ItemMatcher::ProductCustomField(field) => {
                let values = self.any_of(&field.values);
                format!("{} the custom field {} set to {values}", sense.with(), quoted(&field.name))
            }
            ItemMatcher::And(parts) | ItemMatcher::Or(parts) if parts.is_empty() => {
                sense.of(format!("matching {}", json_of(matcher)))
            }
            ItemMatcher::And(parts) => self.compound(parts, "and", sense, is_nested),
            ItemMatcher::Or(parts) => self.compound(parts, "or", sense, is_nested),
            ItemMatcher::Not(part) => match sense {
                Sense::Is => self.matcher(part, Sense::IsNot, is_nested),
                Sense::IsNot => format!("not ({})", self.matcher(part, Sense::IsNot, false)),
            },
        }
    }

    fn named(&self, place: &str, singular: &str, plural: &str, ids: &[u64], sense: Sense) -> String {
        let ids = match sense {
            Sense::Is => self.ids(singular, plural, ids),
            Sense::IsNot => self.any_of_ids(singular, plural, ids),
        };
        sense.of(format!("{place} {ids}"))
    }

    fn compound(&self, parts: &[Reading<ItemMatcher>], word: &str, sense: Sense, is_nested: bool) -> String {
        if let [part] = parts {
            return self.matcher(part, sense, is_nested);
        }
        let clauses: Vec<_> = parts.iter().map(|part| self.matcher(part, Sense::Is, true)).collect();
        let clauses = joined_clauses(&clauses, word);
        match sense {
            Sense::Is if is_nested => format!("({clauses})"),
            Sense::Is => clauses,
            Sense::IsNot => format!("not ({clauses})"),
        }
    }
}

/// Whether a matcher says what an item is or what it is not.
#[derive(Debug, Clone, Copy)]
enum Sense {
    Is,
    IsNot,
}

impl Sense {
    fn of(self, phrase: String) -> String {
        match self {
            Self::Is => phrase,
            Self::IsNot => format!("not {phrase}"),
        }
    }

    fn with(self) -> &'static str {
        match self {
            Self::Is => "with",
            Self::IsNot => "without",
        }
    }
}
