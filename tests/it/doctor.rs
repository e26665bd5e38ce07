//! `coupon-mcp doctor`: what the server would use, and whether it works.

use serde_json::json;
use tempfile::TempDir;

use crate::support::finished::{finish, run};
use crate::support::process::{Nowhere, binary};
use crate::support::sandbox::Sandbox;

#[tokio::test]
async fn doctor_finds_a_healthy_store_healthy() {
    let checked = run(&["doctor", "--sandbox"]).await;
    assert_eq!(checked.code, Some(0), "{}", checked.stdout);
    for check in ["configuration", "reachability", "token", "read scope", "quota"] {
        assert!(
            checked.stdout.contains(&format!("ok    {check}: ")),
            "{check} is missing in:\n{}",
            checked.stdout
        );
    }
}

#[tokio::test]
async fn doctor_names_what_is_wrong_and_the_remedy() {
    let none = run(&["doctor"]).await;
    assert_eq!(none.code, Some(2));
    assert!(
        none.stdout.contains("FAIL  configuration: ") && none.stdout.contains("--sandbox"),
        "{}",
        none.stdout
    );

    let sandbox = Sandbox::start(&[]).await;
    let mut command = sandbox.client_of(&["doctor"]);
    command.env("BIGCOMMERCE_ACCESS_TOKEN", "not-the-token");
    let wrong_token = finish(command).await;
    assert_eq!(wrong_token.code, Some(1));
    assert!(wrong_token.stdout.contains("FAIL  token: "), "{}", wrong_token.stdout);

    let mut command = sandbox.client_of(&["doctor"]);
    command.env("BIGCOMMERCE_STORE_HASH", "another");
    let wrong_hash = finish(command).await;
    assert_eq!(wrong_hash.code, Some(1));
    assert!(wrong_hash.stdout.contains("BIGCOMMERCE_STORE_HASH"), "{}", wrong_hash.stdout);

    let nowhere = Nowhere::new();
    let mut command = sandbox.client_of(&["doctor"]);
    command.env("BIGCOMMERCE_API_URL", &nowhere.url);
    let unreachable = finish(command).await;
    assert_eq!(unreachable.code, Some(1));
    assert!(unreachable.stdout.contains("FAIL  reachability: "), "{}", unreachable.stdout);
    for checked in [wrong_token, wrong_hash, unreachable] {
        let all = format!("{}{}", checked.stdout, checked.stderr);
        assert!(!all.contains("sandbox-token") && !all.contains("not-the-token"), "{all}");
    }
}

#[tokio::test]
async fn doctor_refuses_what_the_server_refuses() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("no-directory");
    std::fs::write(&file, "").unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(folder.path().join("wrong.toml"), "[policy]\nmax_percnt = 40\n").unwrap();
    for (flag, value, check, code) in [
        ("--config", path("missing.toml"), "configuration file", 2),
        ("--config", path("wrong.toml"), "configuration file", 2),
        ("--state-dir", path("no-directory/state"), "state", 1),
        ("--audit-log", path("missing/audit.jsonl"), "audit log", 1),
        ("--sandbox-data", path("missing/store.db"), "reachability", 1),
        ("--time-zone", "Mars/Olympus".to_owned(), "configuration", 2),
    ] {
        let mut arguments = vec!["doctor", "--sandbox", flag, &value];
        let state = path("state");
        if flag == "--audit-log" {
            arguments.extend(["--state-dir", &state]);
        }
        let checked = run(&arguments).await;
        assert_eq!(checked.code, Some(code), "{flag} {value}: {}", checked.stdout);
        assert!(checked.stdout.contains(&format!("FAIL  {check}: ")), "{flag} {value}: {}", checked.stdout);
        arguments.push("--json");
        let told = run(&arguments).await;
        assert_eq!((told.code, &told.json()["ok"]), (Some(code), &json!(false)), "{flag} {value}");
        let failed = |found: &&serde_json::Value| found["outcome"] == "failed";
        let told = told.json();
        let failed = told["checks"].as_array().unwrap().iter().find(failed).unwrap();
        assert_eq!(failed["check"], check, "{flag} {value}");
    }
}

#[tokio::test]
async fn doctor_names_the_store_and_where_its_state_is() {
    let folder = TempDir::new().unwrap();
    let sandbox = Sandbox::start(&[]).await;
    let mut command = sandbox.client_of(&["doctor", "--json"]);
    command.arg("--state-dir").arg(folder.path().join("state"));
    let checked = finish(command).await.json();
    let said = |check: &str| {
        let all = checked["checks"].as_array().unwrap();
        let found = all.iter().find(|found| found["check"] == check);
        found.unwrap_or_else(|| panic!("{check} is missing in {checked}"))["message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(checked["ok"], true, "{checked}");
    assert_eq!(said("configuration"), format!("store sandbox at {}/", sandbox.server.url));
    assert_eq!(said("state"), folder.path().join("state").display().to_string());
    assert_eq!(said("audit log"), folder.path().join("state/audit.jsonl").display().to_string());
    assert_eq!(said("time zone"), "America/New_York");
    assert_eq!(said("configuration file"), "none");

    let mut command = binary(&["doctor", "--sandbox", "--sandbox-data", "--json"]);
    command.env("XDG_STATE_HOME", folder.path());
    let checked = finish(command).await;
    assert_eq!(checked.code, Some(0), "{}", checked.stdout);
    assert!(
        checked.stdout.contains(folder.path().join("coupon-mcp").to_str().unwrap()),
        "{}",
        checked.stdout
    );
}
