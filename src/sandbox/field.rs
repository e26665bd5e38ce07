//! Fields of a JSON body, with the place of each one for the sentence that refuses it.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::wire_error::WireError;

/// A field that breaks a rule: where it is, and what it must be.
#[derive(Debug, thiserror::Error)]
#[error("{path} {expectation}")]
pub(super) struct Invalid {
    pub(super) path: String,
    pub(super) expectation: String,
}

impl From<Invalid> for WireError {
    fn from(invalid: Invalid) -> Self {
        Self::unprocessable(invalid.to_string())
    }
}

/// One value of a body and the dotted path that leads to it.
#[derive(Clone, Debug)]
pub(super) struct Field<'a> {
    path: String,
    value: &'a Value,
}

impl<'a> Field<'a> {
    /// The whole body.
    pub(super) fn root(value: &'a Value) -> Self {
        Self { path: String::new(), value }
    }

    fn child(&self, name: &str, value: &'a Value) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { path, value }
    }

    /// The error that says what this field must be, as in "must be a boolean.".
    pub(super) fn refuse(&self, expectation: impl Into<String>) -> Invalid {
        let path = if self.path.is_empty() { "The request body".to_owned() } else { self.path.clone() };
        Invalid { path, expectation: expectation.into() }
    }

    /// The field `name` of this object; absent and null are the same.
    pub(super) fn optional(&self, name: &str) -> Result<Option<Self>, Invalid> {
        let value = self.object()?.get(name).filter(|value| !value.is_null());
        Ok(value.map(|value| self.child(name, value)))
    }

    /// The field `name` of this object, which must be there.
    pub(super) fn required(&self, name: &str) -> Result<Self, Invalid> {
        self.optional(name)?.ok_or_else(|| self.child(name, &Value::Null).refuse("is required."))
    }

    /// The only field of this object that is in `names`; absent and null are the same.
    pub(super) fn exactly_one(&self, names: &[&'static str]) -> Result<(&'static str, Self), Invalid> {
        let object = self.object()?;
        let present = |name: &&'static str| object.get(*name).filter(|value| !value.is_null());
        let mut found = names.iter().filter_map(|name| Some((*name, self.child(name, present(name)?))));
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(self.refuse(format!("must have exactly one of: {}.", names.join(", ")))),
        }
    }

    pub(super) fn object(&self) -> Result<&'a Map<String, Value>, Invalid> {
        self.value.as_object().ok_or_else(|| self.refuse("must be an object."))
    }

    /// The items of this array, of which there must be a number within `counts`.
    pub(super) fn items(&self, counts: RangeInclusive<usize>) -> Result<Vec<Self>, Invalid> {
        let items = self.value.as_array().ok_or_else(|| self.refuse("must be an array."))?;
        if items.len() < *counts.start() {
            return Err(self.refuse(format!("must have at least {} item(s).", counts.start())));
        }
        if items.len() > *counts.end() {
            return Err(self.refuse(format!("must have at most {} item(s).", counts.end())));
        }
        Ok(items.iter().enumerate().map(|(index, item)| self.child(&index.to_string(), item)).collect())
    }

    /// Every item of this array, of any length, passes `check`.
    pub(super) fn each(&self, check: impl Fn(Self) -> Result<(), Invalid>) -> Result<(), Invalid> {
        self.items(0..=usize::MAX)?.into_iter().try_for_each(check)
    }

    pub(super) fn text(&self) -> Result<&'a str, Invalid> {
        self.value.as_str().ok_or_else(|| self.refuse("must be a string."))
    }

    /// This text, for which `check` must hold; `expectation` says what that means.
    pub(super) fn text_where(
        &self,
        check: impl FnOnce(&str) -> bool,
        expectation: &str,
    ) -> Result<&'a str, Invalid> {
        let text = self.text()?;
        if check(text) { Ok(text) } else { Err(self.refuse(expectation)) }
    }

    /// This text, which must be one of `values`.
    pub(super) fn one_of(&self, values: &[&str]) -> Result<&'a str, Invalid> {
        self.text_where(|text| values.contains(&text), &format!("must be one of: {}.", values.join(", ")))
    }

    pub(super) fn boolean(&self) -> Result<bool, Invalid> {
        self.value.as_bool().ok_or_else(|| self.refuse("must be a boolean."))
    }

    /// This integer, which must lie within `range`.
    pub(super) fn integer(&self, range: RangeInclusive<i64>) -> Result<i64, Invalid> {
        let number = self.value.as_i64().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            if *range.end() == i64::MAX {
                self.refuse(format!("must be an integer of at least {}.", range.start()))
            } else {
                self.refuse(format!("must be an integer between {} and {}.", range.start(), range.end()))
            }
        })
    }
}

/// Whether `text` is a decimal number without sign or exponent: the pattern of `Money` in the OpenAPI file.
pub(super) fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(text),
    }
}
