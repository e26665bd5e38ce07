//! Nothing that a call waits for depends on stderr: it may be full, closed, or read by nobody.

use std::fs::File;
use std::io::{BufRead, BufReader, PipeReader, pipe};
use std::process::Stdio;

use serde_json::json;
use tokio::process::{Child, Command};

use crate::support::http_host::HttpHost;
use crate::support::process::{PATIENCE, binary};
use crate::support::stdio_host::StdioHost;

const CALLS: usize = 205;

/// What stderr is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A full disk.
    Full,
    /// No file at all.
    Closed,
    /// A pipe whose reader has gone.
    Deserted,
    /// A pipe that nobody reads.
    Blocked,
}

const KINDS: [Kind; 4] = [Kind::Full, Kind::Closed, Kind::Deserted, Kind::Blocked];

/// The command that logs all there is to such a stderr, and the end of the pipe that is not read.
fn logging_to(kind: Kind, arguments: &[&str]) -> (Command, Stdio, Option<PipeReader>) {
    let mut command = binary(arguments);
    let (stderr, reader) = match kind {
        Kind::Full => (File::options().write(true).open("/dev/full").unwrap().into(), None),
        Kind::Closed => {
            let mut shell = Command::new("sh");
            shell.args(["-c", "exec \"$0\" \"$@\" 2>&-"]).arg(command.as_std().get_program());
            shell.args(arguments).kill_on_drop(true);
            for (name, value) in command.as_std().get_envs() {
                match value {
                    Some(value) => shell.env(name, value),
                    None => shell.env_remove(name),
                };
            }
            command = shell;
            (Stdio::null(), None)
        }
        Kind::Deserted => (pipe().unwrap().1.into(), None),
        Kind::Blocked => {
            let (reader, writer) = pipe().unwrap();
            (writer.into(), Some(reader))
        }
    };
    command.env("COUPON_MCP_LOG", "trace");
    (command, stderr, reader)
}

fn terminate(child: &Child) {
    let pid = child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").arg(&pid).status().unwrap().success());
}

async fn ended(child: &mut Child) {
    let status = tokio::time::timeout(PATIENCE, child.wait()).await.expect("it did not end").unwrap();
    assert_eq!(status.code(), Some(0));
}

fn code(number: usize) -> serde_json::Value {
    json!({"promotion_id": 1, "code": format!("LOGGED-{number}")})
}

#[tokio::test]
async fn a_stdio_host_may_do_with_stderr_what_it_likes() {
    for kind in KINDS {
        for by_signal in [true, false] {
            let (command, stderr, reader) = logging_to(kind, &["stdio", "--sandbox"]);
            let mut host = StdioHost::open_with_stderr(command, stderr).await;
            for number in 0..CALLS {
                host.ok("create_coupon_code", code(number)).await;
            }
            let last = host.ok("list_coupon_codes", json!({"promotion_id": 1, "limit": 1})).await;
            assert_eq!(last["total"], CALLS + 1, "{kind:?}");
            let undone = host.confirmed("undo", json!({})).await;
            assert_eq!(undone["status"], "done", "the last change is on record: {undone}");
            if by_signal {
                terminate(&host.child);
            } else {
                host.hang_up();
            }
            ended(&mut host.child).await;
            drop(reader);
        }
    }
}

/// The port that a process listens on, which cannot say it.
async fn port_of(child: &Child) -> u16 {
    let pid = child.id().unwrap();
    let find = || {
        let sockets = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
        let targets = sockets.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        let targets: Vec<_> = targets.map(|target| target.to_string_lossy().into_owned()).collect();
        let table = std::fs::read_to_string(format!("/proc/{pid}/net/tcp")).ok()?;
        table.lines().find_map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let listens =
                *fields.get(3)? == "0A" && targets.contains(&format!("socket:[{}]", fields.get(9)?));
            u16::from_str_radix(fields[1].split_once(':')?.1, 16).ok().filter(|_| listens)
        })
    };
    let listening = async {
        loop {
            if let Some(port) = find() {
                return port;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, listening).await.expect("it does not listen")
}

#[tokio::test]
async fn http_clients_do_not_depend_on_stderr() {
    for kind in KINDS {
        let (mut command, stderr, reader) =
            logging_to(kind, &["http", "--sandbox", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr).spawn().unwrap();
        // The parent's copy of the pipe is closed, or its end would never be seen.
        drop(command);
        let host = HttpHost::open(&format!("http://127.0.0.1:{}", port_of(&child).await), "2025-11-25").await;
        for number in 0..CALLS {
            let created = host.call("create_coupon_code", code(number)).await;
            assert_eq!(created["structuredContent"]["outcome"], "created", "{kind:?}: {created}");
        }
        let last = host.call("list_coupon_codes", json!({"promotion_id": 1, "limit": 1})).await;
        assert_eq!(last["structuredContent"]["total"], CALLS + 1, "{kind:?}");
        terminate(&child);
        ended(&mut child).await;
        drop(reader);
    }
}

#[tokio::test]
async fn the_lines_that_were_lost_are_counted_once_there_is_a_reader() {
    let (command, stderr, reader) = logging_to(Kind::Blocked, &["stdio", "--sandbox"]);
    let mut host = StdioHost::open_with_stderr(command, stderr).await;
    for number in 0..CALLS {
        host.ok("create_coupon_code", code(number)).await;
    }
    let counted = tokio::task::spawn_blocking(move || {
        let lines = BufReader::new(reader.unwrap()).lines().map(Result::unwrap);
        let mut counts =
            lines.filter_map(|line| line.rsplit_once(" dropped_log_lines=")?.1.parse::<u64>().ok());
        counts.next()
    });
    let (counted, ()) = tokio::join!(counted, async {
        host.hang_up();
        ended(&mut host.child).await;
    });
    assert!(counted.unwrap().expect("the log does not tell of lost lines") > 0);
}

#[tokio::test]
async fn commands_end_whatever_stderr_is() {
    for kind in KINDS {
        for (arguments, expected) in [
            (&["call", "list_coupon_codes", "promotion_id=1", "--sandbox"][..], 0),
            (&["call", "no_such_tool", "--sandbox"], 2),
            (&["call", "list_coupon_codes", "promotion_id=999", "--sandbox"], 1),
            (&["--no-such-flag"], 2),
            (&["doctor"], 2),
        ] {
            let (mut command, stderr, reader) = logging_to(kind, arguments);
            let mut child =
                command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr).spawn().unwrap();
            let status = tokio::time::timeout(PATIENCE, child.wait()).await.expect("it did not end").unwrap();
            assert_eq!(status.code(), Some(expected), "{kind:?} {arguments:?}");
            drop(reader);
        }
    }
}
