//! The built binary as a child process.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// No answer may take longer, on however slow a machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The binary with a clean environment: nothing of the developer's own settings leaks in, and nothing is left
/// in the developer's own state directory, for the parent of that is no directory here.
pub(crate) fn binary(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coupon-mcp"));
    command.args(arguments).kill_on_drop(true);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let upper = name.to_ascii_uppercase();
        if upper.starts_with("BIGCOMMERCE_") || upper.starts_with("COUPON_MCP_") || upper.ends_with("_PROXY")
        {
            command.env_remove(name);
        }
    }
    command.env("XDG_STATE_HOME", env!("CARGO_BIN_EXE_coupon-mcp"));
    command.env("COUPON_MCP_EXPORT_DIR", env!("CARGO_BIN_EXE_coupon-mcp"));
    command
}

/// A server that listens, and its address such as `http://127.0.0.1:4010`.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) url: String,
    /// What it said until it listened.
    pub(crate) start_log: String,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts the binary and waits for its `listening on` line.
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        Self::start_command(binary(arguments)).await
    }

    pub(crate) async fn start_command(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut start_log = String::new();
        let url = loop {
            let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
            let line = line.unwrap_or_else(|| panic!("the server ended before it listened:\n{start_log}"));
            start_log.push_str(&line);
            start_log.push('\n');
            if let Some((_, address)) = line.split_once("listening on http://") {
                // Up to the end of the line, or of the string in a line of JSON.
                let address = address.split('"').next().unwrap_or_default();
                break format!("http://{}", address.trim());
            }
        };
        // What else it says is read, so that it never blocks on a full pipe.
        let log = Arc::new(Mutex::new(String::new()));
        tokio::spawn({
            let log = Arc::clone(&log);
            async move {
                while let Ok(Some(line)) = lines.next_line().await {
                    log.lock().unwrap().extend([&line, "\n"]);
                }
            }
        });
        Self { child, url, start_log, log }
    }

    /// Waits until the log holds `text`; gives the log so far.
    pub(crate) async fn logged(&self, text: &str) -> String {
        let found = async {
            loop {
                let log = self.log.lock().unwrap().clone();
                if log.contains(text) {
                    return log;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("never logged: {text}"))
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }
}

/// An address where nobody listens, as long as the value lives: bound, so that no other test gets the port.
pub(crate) struct Nowhere {
    _bound: tokio::net::TcpSocket,
    pub(crate) url: String,
}

impl Nowhere {
    pub(crate) fn new() -> Self {
        let bound = tokio::net::TcpSocket::new_v4().unwrap();
        bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let url = format!("http://{}", bound.local_addr().unwrap());
        Self { _bound: bound, url }
    }
}
