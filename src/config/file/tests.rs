use rust_decimal::Decimal;

use super::*;

/// Reads a configuration file with this text; shows the name of the file alone in errors.
fn read(text: impl AsRef<[u8]>) -> Result<ConfigFile, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("coupon-mcp.toml");
    std::fs::write(&path, text).unwrap();
    let prefix = format!("{}/", directory.path().display());
    ConfigFile::read(&path).map_err(|error| error.to_string().replace(&prefix, ""))
}

#[test]
fn an_empty_file_means_the_defaults() {
    assert_eq!(read(""), Ok(ConfigFile::default()));
    assert_eq!(read("[policy]\n[confirm]\n[audit]\n[state]\n"), Ok(ConfigFile::default()));
    assert_eq!(read("\u{feff}[policy]\r\n"), Ok(ConfigFile::default()));
}

#[test]
fn every_table_is_read() {
    let text = "policy.max_percent = 30\n[confirm]\npercent_above = 40\n[audit]\nrequired = true\n\
                file = '/var/log/coupons.jsonl'\n[state]\ndir = '/var/lib/coupon-mcp'\n";
    let expected = ConfigFile {
        policy: Policy { max_percent: Some(Decimal::from(30)), ..Policy::default() },
        confirm: ConfirmThresholds { percent_above: Decimal::from(40), ..ConfirmThresholds::default() },
        audit: Audit { required: true, file: Some("/var/log/coupons.jsonl".into()) },
        state: State { dir: Some("/var/lib/coupon-mcp".into()) },
    };
    assert_eq!(read(text), Ok(expected));
}

#[test]
fn relative_paths_start_at_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("coupon-mcp.toml");
    std::fs::write(&path, "[audit]\nfile = 'logs/audit.jsonl'\n[state]\ndir = 'state'").unwrap();
    let file = ConfigFile::read(&path).unwrap();
    assert_eq!(file.audit.file, Some(directory.path().join("logs/audit.jsonl")));
    assert_eq!(file.state.dir, Some(directory.path().join("state")));
}

#[test]
fn a_fault_names_file_line_and_key() {
    for (text, message) in [
        (
            "\n[polcy]\n",
            "line 2: unknown field `polcy`, expected one of `policy`, `confirm`, `audit`, `state`",
        ),
        (
            "token = 'secret-1'",
            "line 1: unknown field `token`, expected one of `policy`, `confirm`, `audit`, `state`",
        ),
        (
            "[audit]\nrequire = true",
            "line 2: unknown field `require`, expected `required` or `file` in `audit`",
        ),
        ("[state]\npath = 'x'", "line 2: unknown field `path`, expected `dir` in `state`"),
        (
            "[policy]\nmax_percent = 120",
            "line 2: expected a percentage from 0 to 100 in `policy.max_percent`",
        ),
        ("[policy]\n\nread_only = 'yes'", "line 3: expected a boolean in `policy.read_only`"),
        (
            "[policy]\ntoolsets = ['read', 'cods']",
            "line 2: there is no such toolset; known are read, codes, promotions, settings in `policy.toolsets`",
        ),
        (
            "[confirm]\ncap_growth_above = 0",
            "line 2: expected a multiple of 1 or more in `confirm.cap_growth_above`",
        ),
        ("[policy\n", "line 1: unclosed table, expected `]`"),
        ("[policy]\n[policy]\n", "line 2: duplicate key"),
    ] {
        assert_eq!(read(text), Err(format!("coupon-mcp.toml, {message}")), "{text}");
    }
}

#[test]
fn a_broken_pattern_is_told_by_its_line_and_key() {
    let fault = read("[policy]\ncode_pattern = 'VIP-('").unwrap_err();
    assert_eq!(fault, "coupon-mcp.toml, line 2: expected a regular expression in `policy.code_pattern`");
}

/// Files with a secret in every place where something can be written.
const SECRET_PLACES: [&str; 41] = [
    "SECRET",
    "SECRET = 1",
    "\"SECRET\" = 1",
    "'SECRET' = 1",
    "SECRET.x = 1",
    "policy.SECRET = 1",
    "[SECRET]",
    "[[SECRET]]",
    "[\"SECRET\"]",
    "[policy.SECRET]",
    "[policy.read_only.SECRET]",
    "[policy]\nSECRET",
    "[policy]\nSECRET = true",
    "[policy]\nSECRET = true\nSECRET = true",
    "[SECRET]\n[SECRET]",
    "policy = \"SECRET\"",
    "policy = { SECRET = 1 }",
    "policy = { read_only = true, SECRET }",
    "policy = ['SECRET']",
    "[policy]\nread_only = 'SECRET'",
    "[policy]\nread_only = \"SECRET",
    "[policy]\nread_only = SECRET",
    "[policy]\nread_only = true SECRET",
    "[policy]\nread_only = { SECRET = 1 }",
    "[policy]\nread_only.SECRET = 1",
    "[policy]\nread_only = true\nread_only.SECRET = 1",
    "[policy]\nread_only = ['SECRET']",
    "[policy]\nread_only = \"\"\"\nSECRET\n\"\"\"",
    "[policy]\nmax_percent = 'SECRET'",
    "[policy]\nmax_percent = ', expected SECRET'",
    "[policy]\nmax_codes_deleted_per_day = ', expected SECRET'",
    "[policy]\nallowed_promotions = [1, 'SECRET']",
    "[policy]\nallowed_promotions = 'SECRET'",
    "[policy]\ntoolsets = ['SECRET']",
    "[policy]\ntoolsets = 'SECRET'",
    "[policy]\ncode_pattern = 'SECRET('",
    "[audit]\nrequired = 'SECRET'",
    "[audit]\nfile = { SECRET = 1 }",
    "[confirm]\nend_within_days = \"SECRET\" # SECRET",
    "# SECRET\n[policy\n# SECRET",
    "[state]\ndir = \"SECRET\\q\"",
];

#[test]
fn a_secret_in_the_wrong_place_is_never_shown() {
    for secret in ["k3yTq9", "hunter2-Hunter2", "s3cr3t, expected s3cr3t", "4815162342", "Ünsäglich"] {
        for place in SECRET_PLACES {
            let text = place.replace("SECRET", secret);
            let Err(fault) = read(&text) else {
                // A pattern or a number in these places is none.
                panic!("this was read: {text}");
            };
            let words = secret.split([',', ' ']).filter(|word| !matches!(*word, "" | "expected"));
            for word in words {
                assert!(!fault.contains(word), "{text}\n{fault}");
            }
            let place = fault.strip_prefix("coupon-mcp.toml, line ").unwrap();
            assert!(place.starts_with(|c: char| c.is_ascii_digit()) && !fault.contains('\n'), "{fault}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let fault = |path: &str| ConfigFile::read(Path::new(path)).unwrap_err().to_string();
    let missing =
        "the configuration file /no/such/file.toml cannot be read: No such file or directory (os error 2)";
    assert_eq!(fault("/no/such/file.toml"), missing);
    assert!(fault("/").starts_with("the configuration file / cannot be read: "));
    let not_text =
        "the configuration file coupon-mcp.toml cannot be read: stream did not contain valid UTF-8";
    assert_eq!(read(b"\xff\xfe[\0p\0"), Err(not_text.to_owned()));
}
