//! A secret that was put in the wrong place is never shown: not in a message, not in an answer, not in the help.

use std::process::Stdio;

use futures::future::join_all;
use serde_json::json;

use crate::support::finished::finish;
use crate::support::process::binary;
use crate::support::stdio_host::StdioHost;

/// As long as an access token of BigCommerce, and of the same characters.
const SECRET: &str = "k3y9fq0z7m2x8v4c6b1n5a0s9d8f7g6";

const VARIABLES: [&str; 21] = [
    "BIGCOMMERCE_STORE_HASH",
    "BIGCOMMERCE_ACCESS_TOKEN_FILE",
    "BIGCOMMERCE_API_URL",
    "BIGCOMMERCE_TIME_ZONE",
    "COUPON_MCP_RATE_LIMIT_WAIT_S",
    "COUPON_MCP_REQUEST_TIMEOUT_S",
    "COUPON_MCP_READ_ONLY",
    "COUPON_MCP_TOOLSETS",
    "COUPON_MCP_CONFIRM",
    "COUPON_MCP_SETTLE_MS",
    "COUPON_MCP_JOB_RESERVE_PERCENT",
    "COUPON_MCP_LISTEN",
    "COUPON_MCP_ALLOWED_HOSTS",
    "COUPON_MCP_ALLOWED_ORIGINS",
    "COUPON_MCP_SESSION_IDLE_H",
    "COUPON_MCP_MAX_SESSIONS",
    "COUPON_MCP_AUDIT_LOG",
    "COUPON_MCP_STATE_DIR",
    "COUPON_MCP_EXPORT_DIR",
    "COUPON_MCP_ALLOW_DIR",
    "COUPON_MCP_LOG",
];

#[tokio::test]
async fn a_variable_that_holds_a_secret_is_told_without_it() {
    let values = [SECRET.to_owned(), format!("https://user:{SECRET}@api.example"), format!("${{{SECRET}}}")];
    for variable in VARIABLES {
        let all_said = values.iter().flat_map(|value| {
            let commands: [&[&str]; 4] =
                [&["doctor"], &["tools"], &["http", "--listen", "127.0.0.1:x"], &["http", "--help"]];
            commands.map(|arguments| async move {
                let mut command = binary(arguments);
                command.env("BIGCOMMERCE_STORE_HASH", "abc123").env("BIGCOMMERCE_ACCESS_TOKEN", "t");
                command.env("BIGCOMMERCE_API_URL", "http://127.0.0.1:1").stdin(Stdio::null());
                if variable == "BIGCOMMERCE_ACCESS_TOKEN_FILE" {
                    command.env_remove("BIGCOMMERCE_ACCESS_TOKEN");
                }
                command.env(variable, value);
                (value, arguments, finish(command).await)
            })
        });
        // Side by side, as doctor tries its connection several times.
        for (value, arguments, said) in join_all(all_said).await {
            let shown = format!("{}{}", said.stdout, said.stderr);
            assert!(!shown.contains(SECRET), "{variable}={value} {arguments:?}: {shown}");
        }
    }
}

#[tokio::test]
async fn a_flag_that_holds_a_secret_is_told_without_it() {
    let equals = format!("--{SECRET}");
    let listen = format!("--listen={SECRET}");
    for arguments in [
        &[SECRET][..],
        &[&equals],
        &["http", &listen],
        &["http", "--max-sessions", SECRET],
        &["stdio", SECRET],
        &["stdio", "--confirm", SECRET],
        &["stdio", "--toolsets", SECRET],
        &["stdio", "--settle-ms", SECRET],
    ] {
        let said = finish(binary(arguments)).await;
        assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(said.stderr.starts_with("error: ") && !said.stderr.contains(SECRET), "{}", said.stderr);
    }
    let said = finish(binary(&["stdio", "--confirm", "yes"])).await.stderr;
    let expected = "error: the value given for '--confirm <HOW>' cannot be used: the values are auto, person, token, never\n\n\
                    For more information, try '--help'.\n";
    assert_eq!(said, expected);
}

#[tokio::test]
async fn a_host_is_told_what_is_wrong_without_the_secret() {
    for (variable, value) in [
        ("BIGCOMMERCE_STORE_HASH", SECRET.to_owned()),
        ("BIGCOMMERCE_ACCESS_TOKEN_FILE", SECRET.to_owned()),
        ("BIGCOMMERCE_API_URL", format!("https://{SECRET}@api.example")),
        ("BIGCOMMERCE_TIME_ZONE", SECRET.to_owned()),
    ] {
        let mut command = binary(&["stdio"]);
        command.env("BIGCOMMERCE_STORE_HASH", "abc123").env("BIGCOMMERCE_ACCESS_TOKEN", "t");
        if variable == "BIGCOMMERCE_ACCESS_TOKEN_FILE" {
            command.env_remove("BIGCOMMERCE_ACCESS_TOKEN");
        }
        command.env(variable, &value);
        let mut host = StdioHost::open(command).await;
        let error = host.error("list_coupon_codes", json!({"promotion_id": 1})).await;
        assert_eq!(error["code"], "not_configured", "{error}");
        assert!(error["message"].as_str().unwrap().contains(variable), "{error}");
        assert!(!error.to_string().contains(SECRET), "{error}");
        assert!(!host.finish().await.1.contains(SECRET));
    }
}
