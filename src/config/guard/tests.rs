use clap::Parser;
use rust_decimal::Decimal;

use super::*;

#[derive(Debug, Parser)]
struct CommandLine {
    #[command(flatten)]
    guard: GuardArgs,
}

fn args(flags: &[&str]) -> GuardArgs {
    CommandLine::try_parse_from([&["coupon-mcp"], flags].concat()).unwrap().guard
}

fn refusal(flags: &[&str]) -> String {
    let error = CommandLine::try_parse_from([&["coupon-mcp"], flags].concat()).unwrap_err();
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// What flags and a file with this text amount to.
fn resolved(flags: &[&str], file: &str) -> Result<Guards, ConfigFileError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("coupon-mcp.toml");
    std::fs::write(&path, file).unwrap();
    GuardArgs { config: Some(path), ..args(flags) }.resolve()
}

#[test]
fn without_flags_and_file_nothing_is_forbidden_and_risky_changes_ask() {
    let expected = Guards {
        policy: Policy::default(),
        confirm: ConfirmThresholds::default(),
        mode: ConfirmMode::Auto,
        audit_required: false,
        audit_log: None,
        state_dir: None,
    };
    assert_eq!(args(&[]).resolve(), Ok(expected));
}

#[test]
fn flags_and_file_are_laid_together() {
    let file = "policy.max_percent = 30\nconfirm.percent_above = 20\n\
                audit = { required = true, file = '/file/audit.jsonl' }\nstate.dir = '/file/state'";
    let expected = Guards {
        policy: Policy { max_percent: Some(Decimal::from(30)), ..Policy::default() },
        confirm: ConfirmThresholds { percent_above: Decimal::from(20), ..ConfirmThresholds::default() },
        mode: ConfirmMode::Person,
        audit_required: true,
        audit_log: Some("/file/audit.jsonl".into()),
        state_dir: Some("/file/state".into()),
    };
    assert_eq!(resolved(&["--confirm", "person"], file), Ok(expected.clone()));
    let flags = ["--confirm=never", "--audit-log=/flag/audit.jsonl", "--state-dir=/flag/state"];
    let expected = Guards {
        mode: ConfirmMode::Never,
        audit_log: Some("/flag/audit.jsonl".into()),
        state_dir: Some("/flag/state".into()),
        ..expected
    };
    assert_eq!(resolved(&flags, file), Ok(expected));
}

#[test]
fn read_only_holds_if_either_says_so() {
    for (flags, file, expected) in [
        (&[][..], "", false),
        (&["--read-only"], "", true),
        (&[], "policy.read_only = true", true),
        (&["--read-only"], "policy.read_only = false", true),
    ] {
        assert_eq!(resolved(flags, file).unwrap().policy.read_only, expected, "{flags:?} and {file}");
    }
}

#[test]
fn the_flag_narrows_the_toolsets_of_the_file_and_never_widens_them() {
    use Toolset::{Codes, Promotions, Read, Settings};
    let file = "policy.toolsets = ['read', 'codes']";
    for (flags, file, expected) in [
        (&[][..], "", None),
        (&[], file, Some(vec![Read, Codes])),
        (&["--toolsets", "promotions, settings"], "", Some(vec![Promotions, Settings])),
        (&["--toolsets", "codes,settings"], file, Some(vec![Codes])),
    ] {
        assert_eq!(resolved(flags, file).unwrap().policy.toolsets, expected, "{flags:?} and {file}");
    }
}

#[test]
fn a_server_without_a_tool_does_not_start() {
    for (flags, file) in [
        (&["--toolsets", "settings"][..], "policy.toolsets = ['read', 'codes']"),
        (&["--toolsets", "codes", "--read-only"], ""),
        (&[], "policy.toolsets = []"),
    ] {
        assert_eq!(resolved(flags, file), Err(ConfigFileError::NoTools), "{flags:?} and {file}");
    }
}

#[test]
fn a_wrong_file_does_not_start() {
    let wrong = resolved(&[], "[policy]\nmax_percentage = 3").unwrap_err().to_string();
    assert!(wrong.contains("coupon-mcp.toml, line 2: unknown field `max_percentage`"), "{wrong}");
    let missing = args(&["--config", "/no/such/file.toml"]).resolve();
    assert!(matches!(missing, Err(ConfigFileError::Unreadable { .. })), "{missing:?}");
}

#[test]
fn a_wrong_flag_is_explained() {
    let known = "there is no such toolset; known are read, codes, promotions, settings";
    let expected = format!("error: invalid value 'cods' for '--toolsets <LIST>': {known}");
    assert_eq!(refusal(&["--toolsets", "read,cods"]), expected);
    let expected = "error: invalid value 'yes' for '--confirm <HOW>'";
    assert_eq!(refusal(&["--confirm", "yes"]), expected);
}
