//! What README promises and other programs read from it.

use serde_json::{Value, json};

fn read(name: &str) -> String {
    std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_first_two_commands_are_the_main_job_and_the_tests() {
    let readme = read("README.md");
    let blocks: Vec<_> =
        readme.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap().trim()).collect();
    assert_eq!(blocks[..2], ["cargo run --release -- demo", "cargo test"]);
}

#[test]
fn every_error_code_is_listed() {
    let readme = read("README.md");
    let source = read("src/tools/error.rs");
    let codes: Vec<_> = source.lines().filter_map(|line| line.trim().split_once(" => \"")).collect();
    assert!(codes.len() >= 20);
    for (_, code) in codes {
        let code = code.trim_end_matches("\",");
        assert!(readme.contains(&format!("`{code}`")), "{code}");
    }
}

#[test]
fn mcp_json_has_a_practice_and_a_real_entry() {
    let config: Value = serde_json::from_str(&read("mcp.json")).unwrap();
    let servers = &config["mcpServers"];
    assert_eq!(
        servers["coupons-practice"],
        json!({"command": "coupon-mcp", "args": ["stdio", "--sandbox", "--sandbox-data"]})
    );
    let environment = json!({
        "BIGCOMMERCE_STORE_HASH": "${BIGCOMMERCE_STORE_HASH}",
        "BIGCOMMERCE_ACCESS_TOKEN": "${BIGCOMMERCE_ACCESS_TOKEN}",
    });
    assert_eq!(servers["coupons"], json!({"command": "coupon-mcp", "args": ["stdio"], "env": environment}));
}

#[test]
fn the_configuration_file_that_it_shows_is_taken() {
    let readme = read("README.md");
    let (_, rest) = readme.split_once("```toml\n").unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("coupon-mcp.toml");
    std::fs::write(&file, shown).unwrap();
    let read = coupon_mcp::config::ConfigFile::read(&file).unwrap();
    assert_eq!(read.policy.allowed_promotions, Some(vec![12, 15]));
    assert!(read.audit.required && read.confirm == coupon_mcp::policy::ConfirmThresholds::default());
}
