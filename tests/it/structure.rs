//! The house rules that a compiler does not hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What each part may use of the crate: the data goes one way.
const MAY_USE: [(&str, &[&str]); 14] = [
    ("bigcommerce", &["bigcommerce"]),
    ("clock", &[]),
    ("coupons", &["coupons", "bigcommerce", "clock"]),
    ("policy", &["policy"]),
    ("jobs", &["jobs", "coupons", "policy", "state", "storage", "bigcommerce", "clock"]),
    ("changes", &["changes", "jobs", "coupons", "policy", "state", "bigcommerce"]),
    ("tools", &["tools", "changes", "jobs", "coupons", "policy", "state", "bigcommerce"]),
    ("server", &["server", "tools", "coupons"]),
    ("transport", &["transport"]),
    ("sandbox", &["sandbox", "storage", "clock"]),
    ("state", &["state", "storage"]),
    ("storage", &[]),
    ("telemetry", &[]),
    ("config", &["config", "transport", "policy", "coupons", "bigcommerce"]),
];

fn sources() -> BTreeMap<PathBuf, String> {
    texts_below("src")
}

/// The text files below a folder of the repository, by their paths in it.
fn texts_below(folder: &str) -> BTreeMap<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut folders = vec![root.clone()];
    let mut sources = BTreeMap::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                sources.insert(path.strip_prefix(&root).unwrap().to_owned(), text);
            }
        }
    }
    sources
}

fn part_of(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn the_data_goes_one_way() {
    for (path, text) in sources() {
        let Some((part, allowed)) = MAY_USE.iter().find(|(part, _)| *part == part_of(&path)) else {
            continue;
        };
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for used in line.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                assert!(allowed.contains(&used.as_str()), "{}: {part} must not use {used}", path.display());
            }
        }
    }
}

#[test]
fn no_source_file_outgrows_its_room() {
    for (path, text) in sources() {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines =
            code.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count();
        let is_tests = path.file_stem().is_some_and(|stem| stem == "tests")
            || path.components().any(|c| c.as_os_str() == "tests");
        assert!(is_tests || lines <= 300, "{} has {lines} lines of code", path.display());
    }
}

/// A date that is past stays past. Any other one is right for a while only: reckon it from the clock.
#[test]
fn no_text_holds_a_date_that_is_still_to_come() {
    /// Earlier than the day on which this test was written.
    const PAST: &str = "2026-11-23";
    let date = regex::Regex::new(r"\b(2\d{3}-[01]\d(-[0-3]\d)?)").unwrap();
    let mut texts = BTreeMap::new();
    for folder in ["src", "tests", "benches"] {
        texts
            .extend(texts_below(folder).into_iter().map(|(path, text)| (Path::new(folder).join(path), text)));
    }
    for file in ["README.md", "mcp.json"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        texts.insert(file.into(), std::fs::read_to_string(path).unwrap());
    }
    texts.remove(Path::new("tests/it/structure.rs"));
    for (path, text) in texts {
        for (number, line) in text.lines().enumerate() {
            for found in date.find_iter(line) {
                assert!(found.as_str() < PAST, "{}:{}: {}", path.display(), number + 1, found.as_str());
            }
        }
    }
}

/// The nouns that are counted in what people read.
const COUNTED: [&str; 7] = ["codes", "uses", "promotions", "jobs", "items", "rules", "lines"];

/// `coupons::text` decides how a number and its noun agree: "1 code", "2 codes", "once".
#[test]
fn no_text_counts_by_itself() {
    let mut found = Vec::new();
    for (file, text) in sources()
        .into_iter()
        .filter(|(file, _)| !file.ends_with("coupons/text.rs") && !file.ends_with("tests.rs"))
    {
        for (number, line) in text.lines().enumerate() {
            let is_comment = line.trim_start().starts_with("//");
            let counts = COUNTED.iter().any(|noun| {
                let mut rest = line;
                while let Some((before, after)) = rest.split_once(&format!("}} {noun}")) {
                    let ends = after.chars().next().is_none_or(|next| !next.is_alphanumeric() && next != '_');
                    if ends && before.contains('{') && before.contains('"') {
                        return true;
                    }
                    rest = after;
                }
                false
            });
            if counts && !is_comment {
                found.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "use coupons::text::count or times:\n{}", found.join("\n"));
}
