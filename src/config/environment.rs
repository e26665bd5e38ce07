//! The environment, as hosts hand it over.

use std::path::{Component, Path};

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

/// The path, unless it may be a secret that was put into the wrong variable.
pub fn shown(path: &Path) -> String {
    let is_secret = |part: Component<'_>| {
        let part = part.as_os_str().to_string_lossy();
        part.len() >= 20 && part.bytes().any(|byte| byte.is_ascii_digit())
    };
    let is_path = path.components().count() > 1 && !path.components().any(is_secret);
    if is_path || path.exists() {
        path.display().to_string()
    } else {
        "its value is not shown, because it may be a secret".to_owned()
    }
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
