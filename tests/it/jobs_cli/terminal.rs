//! The jobs on a terminal.

use super::stage::Stage;
use crate::support::terminal::{Terminal, assert_fits};

#[tokio::test]
async fn bar_and_list_fit_into_the_terminal_and_no_log_line_runs_into_them() {
    let stage = Stage::start().await;
    let id = stage.orphan().await;
    let show = async |arguments: &[&str]| {
        let terminal = Terminal::open();
        let status = terminal.spawn(stage.command(arguments)).wait().await.unwrap();
        let lines = terminal.lines().await;
        assert_eq!(status.code(), Some(0), "{lines:#?}");
        assert_fits(&lines);
        lines
    };
    let ran = show(&["jobs", "run"]).await;
    for line in &ran {
        assert!(line.trim().is_empty() || line.contains(&id), "a stray line: {line}\nof {ran:#?}");
    }
    let is_bar = |line: &String| line.contains('\u{2588}') || line.contains('\u{2591}');
    assert!(ran.iter().any(is_bar), "no bar: {ran:#?}");
    let listed = show(&["jobs", "list"]).await;
    assert!(listed.iter().any(|line| line.contains(&id) && line.contains("done")), "{listed:#?}");
}
