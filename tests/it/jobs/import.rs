//! Imports as merchants' files come, and files that are none.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::stand::Stand;
use crate::support::http_host::HttpHost;
use crate::support::process::Server;
use crate::support::stdio_host::StdioHost;
use crate::support::tool_error;

struct Scene {
    stand: Stand,
    host: StdioHost,
    promotion: u64,
    allowed: TempDir,
    sent_before: usize,
}

impl Scene {
    async fn new() -> Self {
        let (stand, allowed) = (Stand::start(&["--quota", "0"]).await, tempfile::tempdir().unwrap());
        let stand = stand.with_flags(&["--allow-dir", allowed.path().to_str().unwrap()]);
        let promotion = stand.sandbox.bulk_promotion("Bulk").await;
        let (host, sent_before) = (stand.host().await, stand.writes().await);
        Self { stand, host, promotion, allowed, sent_before }
    }

    /// The message of an import that must be refused, after a look that nothing was sent.
    async fn refused(&mut self, mut arguments: Value) -> String {
        arguments["promotion_id"] = json!(self.promotion);
        let error = self.host.error("import_coupon_codes", arguments.clone()).await;
        assert_eq!(error["code"], "invalid_arguments", "{error}");
        assert_eq!(self.stand.writes().await, self.sent_before, "{arguments}");
        assert_eq!(self.stand.only_job().await, None);
        error["message"].as_str().unwrap().to_owned()
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.allowed.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_text_that_is_wrong_is_refused_whole_and_each_line_is_named() {
    let mut scene = Scene::new().await;
    for (text, named) in [
        ("", &["csv_text is empty and counts as left out"][..]),
        ("code,max_uses\n", &["no rows"]),
        ("name,max_uses\nA,1\n", &["line 1", "no column is named code"]),
        ("code,max_usage_limit\nA,1\n", &["line 1", "max_usage_limit"]),
        ("code,code,max_uses\nA,B,1\n", &["line 1", "same column"]),
        ("code\nA1\n", &["no max_uses"]),
        ("code,max_uses\nA1,\nB1,1\n", &["line 2", "no max_uses"]),
        ("code,max_uses\nA1,1\nB1,1,1\n", &["line 3", "3 cells, and 2 columns"]),
        ("code,max_uses\nA1,one\nB1,-1\nC1,1.5\nD1,3000000000\n", &["line 2", "line 3", "line 4", "line 5"]),
        ("code,max_uses\r\nA1,1\r\na1,1\r\n", &["line 3", "stands in line 2 already"]),
        ("\u{feff}code,max_uses\r\nA1,1\r\nB?1,1\r\n", &["line 3"]),
        ("code,max_uses\n\"A1,1\nB1,1\n", &["line 2", "quote"]),
        ("code,max_uses\nA1,1\n\n ,1\n", &["line 4"]),
        (&format!("code,max_uses\n{},1\n", "A".repeat(51)), &["line 2"]),
        ("code,max_uses\nA1,1\0\n", &["line 2", "not text"]),
        (&format!("code,max_uses\n{}", "A1,1\n".repeat(1_001)), &["line 1002", "more rows than 1000"]),
    ] {
        let message = scene.refused(json!({"csv_text": text})).await;
        for name in named {
            assert!(message.contains(name), "{text:?}: {message}");
        }
    }
}

#[tokio::test]
async fn lists_of_codes_are_checked_as_texts_are() {
    let mut scene = Scene::new().await;
    let many: Vec<String> = (0..1_001).map(|number| format!("A{number}")).collect();
    for (arguments, named) in [
        (json!({"codes": ["A1"]}), "no max_uses"),
        (json!({"codes": [], "max_uses": 1}), "codes is empty and counts as left out"),
        (json!({"codes": ["A1", "B1", "a1"], "max_uses": 1}), "code 3"),
        (json!({"codes": many, "max_uses": 1}), "1000"),
        (json!({"max_uses": 1}), "exactly one of codes, csv_text and path"),
        (json!({"codes": ["A1"], "csv_text": "code\nA1", "max_uses": 1}), "exactly one of"),
    ] {
        let message = scene.refused(arguments).await;
        assert!(message.contains(named), "{message}");
    }
}

#[tokio::test]
async fn files_that_must_not_or_cannot_be_read_are_refused_by_their_rule() {
    let mut scene = Scene::new().await;
    let good = "code,max_uses\nGOOD-1,1\n";
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret.csv");
    fs::write(&secret, good).unwrap();
    let huge = scene.file("huge.csv", good);
    fs::File::options().write(true).open(&huge).unwrap().set_len(2 << 30).unwrap();
    let folder = scene.allowed.path().join("folder");
    fs::create_dir(&folder).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let mut cases = vec![
        (text(&secret), "outside of the allowed directories"),
        ("/etc/passwd".to_owned(), "outside of the allowed directories"),
        (text(&folder.join("../../secret.csv")), ".. in it"),
        ("../secret.csv".to_owned(), ".. in it"),
        (text(&folder), "not a regular file"),
        (text(&folder.join("none.csv")), "cannot be read"),
        (huge, "larger than"),
        (scene.file("binary.csv", [0x1f, 0x8b, 0, 0, 0xff, 0xfe, 0]), "not text"),
        (scene.file("latin.csv", b"code,max_uses\nCAF\xc9,1\n"), "line 2"),
        (scene.file("endless.csv", "A".repeat(70_000)), "line 1"),
        (scene.file("empty.csv", ""), "nothing in it"),
    ];
    #[cfg(unix)]
    {
        let link = scene.allowed.path().join("link.csv");
        std::os::unix::fs::symlink(&secret, &link).unwrap();
        cases.push((text(&link), "symbolic link"));
        let tunnel = scene.allowed.path().join("tunnel");
        std::os::unix::fs::symlink(outside.path(), &tunnel).unwrap();
        cases.push((text(&tunnel.join("secret.csv")), "symbolic link"));
        cases.push(("/dev/zero".to_owned(), "outside of the allowed directories"));
    }
    for (path, rule) in cases {
        let message = scene.refused(json!({"path": path})).await;
        assert!(message.contains(rule), "{path}: {message}");
    }

    // Without a directory that may be read, none is.
    let stand = Stand::start(&["--quota", "0"]).await;
    let mut host = stand.host().await;
    let error = host.error("import_coupon_codes", json!({"promotion_id": 1, "path": text(&secret)})).await;
    assert!(error["message"].as_str().unwrap().contains("--allow-dir"), "{error}");
}

#[tokio::test]
async fn a_file_as_a_spreadsheet_saves_it_is_imported_row_by_row() {
    let mut scene = Scene::new().await;
    let file = "\u{feff}\"Coupon Code\";\"Usage Limit\";\"Limit per customer\"\r\n\"save-1\";\"5\";\"\"\r\nSAVE 2;;2\r\n\r\n";
    let path = scene.file("sheet.csv", file);
    let arguments = json!({"promotion_id": scene.promotion, "path": path, "max_uses": 9});
    let answer = scene.host.ok("import_coupon_codes", arguments.clone()).await;
    assert_eq!(answer["status"], "done", "{answer}");
    let limits: Vec<_> = scene.stand.codes(scene.promotion).await.into_values().collect();
    let limits: Vec<_> =
        limits.iter().map(|code| (code.text.as_str(), code.max_uses, code.max_uses_per_customer)).collect();
    assert_eq!(limits.len(), 2, "{limits:?}");
    assert!(limits.contains(&("SAVE 2", 9, 2)), "{limits:?}");
    assert!(limits.iter().any(|(code, ..)| code.eq_ignore_ascii_case("save-1")), "{limits:?}");

    // Once more, it makes nothing new.
    let again = scene.host.ok("import_coupon_codes", arguments).await;
    assert_eq!((&again["status"], &again["job"]["succeeded"]), (&json!("done"), &json!(2)), "{again}");
    assert_eq!(scene.stand.codes(scene.promotion).await.len(), 2);
}

#[tokio::test]
async fn over_http_no_file_is_read() {
    let scene = Scene::new().await;
    let path = scene.file("good.csv", "code,max_uses\nGOOD-1,1\n");
    let mut command = scene.stand.command("http");
    command.args(["--listen", "127.0.0.1:0"]);
    let server = Server::start_command(command).await;
    let host = HttpHost::open(&server.url, "2025-11-25").await;
    let import = json!({"promotion_id": scene.promotion, "path": path});
    let error = tool_error(&host.call("import_coupon_codes", import).await);
    assert_eq!(error["code"], "invalid_arguments", "{error}");
    assert!(error["message"].as_str().unwrap().contains("not over HTTP"), "{error}");
    assert_eq!(scene.stand.writes().await, scene.sent_before);

    let import = json!({"promotion_id": scene.promotion, "csv_text": "code,max_uses\nGOOD-1,1\n"});
    let answer = host.call("import_coupon_codes", import).await;
    assert_eq!(answer["structuredContent"]["status"], "done", "{answer}");
}
