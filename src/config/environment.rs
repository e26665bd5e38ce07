//! The environment, as hosts hand it over.

/// What a variable holds. One that a host could not fill is not set: it arrives empty, or as its own placeholder.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| is_filled(value))
}

/// Whether a value is more than a placeholder such as `${user_config.read_only}`.
pub fn is_filled(value: &str) -> bool {
    let value = bare(value);
    let inner = value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    !value.is_empty() && inner.is_none_or(|inner| inner.contains('}'))
}

/// A value without the blanks and quotation marks around it.
pub(super) fn bare(value: &str) -> &str {
    value.trim().trim_matches(['"', '\'']).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_host_could_not_fill_is_not_set() {
        for unfilled in ["", "  ", "\"\"", "${user_config.read_only}", " ${VAR} ", "'${input:token}'", "${}"]
        {
            assert!(!is_filled(unfilled), "{unfilled}");
        }
        for filled in ["0", "true", "/data/${HOME}", "${A}/${B}", "$VAR", "{abc123}"] {
            assert!(is_filled(filled), "{filled}");
        }
    }
}
