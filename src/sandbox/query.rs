//! Query parameters.

use url::form_urlencoded;

use super::wire_error::{BulkCounts, WireError};

/// The query parameters of one request, all of them known to its endpoint.
#[derive(Debug)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads `raw`, the part after the question mark, and refuses a parameter that is not in `known`.
    pub(super) fn parse(raw: &str, known: &[&str]) -> Result<Self, WireError> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(raw.as_bytes()).into_owned().collect();
        let unknown: Vec<&str> =
            pairs.iter().map(|(name, _)| name.as_str()).filter(|name| !known.contains(name)).collect();
        if unknown.is_empty() { Ok(Self { pairs }) } else { Err(WireError::unknown_parameters(&unknown)) }
    }

    /// The latest value of `name`.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of `name` if it is one of `values`; an empty value counts as absent.
    pub(super) fn choice<'v>(&self, name: &str, values: &[&'v str]) -> Result<Option<&'v str>, WireError> {
        let Some(sent) = self.get(name).filter(|sent| !sent.is_empty()) else {
            return Ok(None);
        };
        let known = values.iter().copied().find(|value| *value == sent);
        known
            .map(Some)
            .ok_or_else(|| WireError::unprocessable(format!("{name} must be one of: {}.", values.join(", "))))
    }

    /// The value of `name` as an integer of at least `minimum` and at most `maximum`.
    pub(super) fn integer(&self, name: &str, minimum: i64, maximum: i64) -> Result<Option<i64>, WireError> {
        let Some(sent) = self.get(name) else {
            return Ok(None);
        };
        let number = sent.parse().ok().filter(|number| (minimum..=maximum).contains(number));
        number.map(Some).ok_or_else(|| {
            let range = if maximum == i64::MAX {
                format!("an integer of at least {minimum}")
            } else {
                format!("an integer between {minimum} and {maximum}")
            };
            WireError::unprocessable(format!("{name} must be {range}."))
        })
    }

    /// The value of `code`, which must be there.
    pub(super) fn required_code(&self) -> Result<&str, WireError> {
        let code = self.get("code").filter(|code| !code.is_empty());
        code.ok_or_else(|| WireError::unprocessable("Parameter code is required"))
    }

    /// The comma-separated integers of `name`; `None` when one of them is not an integer.
    pub(super) fn integers(&self, name: &str) -> Option<Vec<i64>> {
        self.get(name)?.split(',').map(|item| item.trim().parse().ok()).collect()
    }

    /// The ids of a bulk delete, in the order of the request, at most `limit` of them.
    pub(super) fn id_list(&self, limit: usize) -> Result<Vec<i64>, WireError> {
        if self.get("id:in").is_none_or(str::is_empty) {
            return Err(WireError::bad_id_list("Parameter id:in is required"));
        }
        let ids = self
            .integers("id:in")
            .ok_or_else(|| WireError::bad_id_list("Parameter id:in must be a comma-separated list of ids"))?;
        if ids.len() > limit {
            let title = format!("Parameter id:in takes at most {limit} ids");
            return Err(WireError::bad_id_list(&title));
        }
        Ok(ids)
    }
}

/// The answer's error when some `ids` of a bulk delete are among `failed`: each of them is reported as
/// `<index>.<kind>` with the reason.
pub(super) fn refuse_failed(ids: &[i64], failed: &[i64], kind: &str, reason: &str) -> Result<(), WireError> {
    let errors: serde_json::Map<_, _> = ids
        .iter()
        .enumerate()
        .filter(|(_, id)| failed.contains(id))
        .map(|(index, id)| (format!("{index}.{kind}"), format!("Failed for id={id}. Error: {reason}").into()))
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    let counts = BulkCounts { total: ids.len(), failed: errors.len() };
    Err(WireError::partly_deleted(errors, counts))
}
