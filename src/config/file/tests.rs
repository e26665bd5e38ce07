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
            "line 2: 120 is not a percentage from 0 to 100 in `policy.max_percent`",
        ),
        (
            "[policy]\n\nread_only = 'yes'",
            "line 3: invalid type: string \"yes\", expected a boolean in `policy.read_only`",
        ),
        (
            "[policy]\ntoolsets = ['read', 'cods']",
            "line 2: there is no toolset \"cods\"; known are read, codes, promotions, settings in `policy.toolsets`",
        ),
        (
            "[confirm]\ncap_growth_above = 0",
            "line 2: 0 is not a multiple of 1 or more in `confirm.cap_growth_above`",
        ),
        ("[policy\n", "line 1: unclosed table, expected `]`"),
        ("[policy]\n[policy]\n", "line 2: duplicate key"),
    ] {
        assert_eq!(read(text), Err(format!("coupon-mcp.toml, {message}")), "{text}");
    }
}

#[test]
fn a_broken_pattern_is_shown_in_one_line() {
    let fault = read("[policy]\ncode_pattern = 'VIP-('").unwrap_err();
    assert!(fault.starts_with("coupon-mcp.toml, line 2: not a regular expression: "), "{fault}");
    assert!(fault.ends_with("in `policy.code_pattern`") && !fault.contains('\n'), "{fault}");
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
