//! `coupon-mcp config`: the block that connects an AI host to this very binary.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::output;

#[derive(Debug, Args)]
pub(super) struct ConfigCommand {
    /// The host to connect.
    #[arg(long, value_enum)]
    host: Host,
    /// Connect the practice store instead of a real one.
    #[arg(long)]
    sandbox: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Host {
    ClaudeDesktop,
    ClaudeCode,
    Vscode,
    Cursor,
    Generic,
}

/// The block goes to stdout, where to put it to stderr.
pub(super) fn run(command: &ConfigCommand) -> anyhow::Result<ExitCode> {
    let binary = std::env::current_exe().context("cannot find the path of this program")?;
    let binary = binary.to_str().context("the path of this program is not valid UTF-8")?;
    output::json(&command.host.block(binary, command.sandbox))?;
    output::note(&format!("\n{}", command.host.place()));
    output::note(if command.sandbox {
        "It keeps the practice store, and what undo needs, in the server's state directory; without --sandbox-data both \
         are forgotten when the host ends."
    } else {
        command.host.credentials()
    });
    Ok(ExitCode::SUCCESS)
}

impl Host {
    fn block(self, binary: &str, sandbox: bool) -> Value {
        let (name, args) = if sandbox {
            ("coupons-practice", json!(["stdio", "--sandbox", "--sandbox-data"]))
        } else {
            ("coupons", json!(["stdio"]))
        };
        let mut server = match self {
            Self::ClaudeCode => json!({ "type": "stdio", "command": binary, "args": args }),
            Self::Vscode => json!({ "type": "stdio", "command": binary, "args": args, "tools": ["*"] }),
            Self::ClaudeDesktop | Self::Cursor | Self::Generic => json!({ "command": binary, "args": args }),
        };
        if !sandbox && let Some(server) = server.as_object_mut() {
            server.insert("env".to_owned(), self.environment());
        }
        json!({ "mcpServers": { name: server } })
    }

    fn environment(self) -> Value {
        let (hash, token) = match self {
            Self::Cursor => ("${env:BIGCOMMERCE_STORE_HASH}", "${env:BIGCOMMERCE_ACCESS_TOKEN}"),
            Self::ClaudeCode => ("${BIGCOMMERCE_STORE_HASH}", "${BIGCOMMERCE_ACCESS_TOKEN}"),
            Self::ClaudeDesktop | Self::Vscode | Self::Generic => ("YOUR_STORE_HASH", "YOUR_ACCESS_TOKEN"),
        };
        json!({ "BIGCOMMERCE_STORE_HASH": hash, "BIGCOMMERCE_ACCESS_TOKEN": token })
    }

    fn place(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => {
                "Put it into claude_desktop_config.json (Settings > Developer > Edit Config; macOS: \
                 ~/Library/Application Support/Claude/, Windows: %APPDATA%\\Claude\\), then restart Claude Desktop."
            }
            Self::ClaudeCode => {
                "Put it into .mcp.json in the project's folder, then start Claude Code there."
            }
            Self::Vscode => {
                "Put it into ~/.copilot/mcp-config.json (or $COPILOT_HOME/mcp-config.json), then start VS Code anew. \
                 For one workspace, .mcp.json in its folder takes the same; keep the token out of a repository."
            }
            Self::Cursor => {
                "Put it into ~/.cursor/mcp.json (or .cursor/mcp.json in the project), then restart Cursor."
            }
            Self::Generic => "Put it where your host keeps its mcpServers.",
        }
    }

    fn credentials(self) -> &'static str {
        match self {
            Self::Cursor | Self::ClaudeCode => {
                "Set BIGCOMMERCE_STORE_HASH and BIGCOMMERCE_ACCESS_TOKEN in the environment that starts the host."
            }
            Self::ClaudeDesktop | Self::Vscode | Self::Generic => {
                "Replace YOUR_STORE_HASH and YOUR_ACCESS_TOKEN by your own; README says where to get them."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vs_code_has_the_form_that_copilot_reads_too() {
        let block = Host::Vscode.block("/bin/coupon-mcp", false);
        let server = &block["mcpServers"]["coupons"];
        assert_eq!((&server["type"], &server["tools"]), (&json!("stdio"), &json!(["*"])));
        assert_eq!(server["env"]["BIGCOMMERCE_ACCESS_TOKEN"], "YOUR_ACCESS_TOKEN");
    }

    #[test]
    fn the_practice_store_needs_no_credentials() {
        let expected = json!({
            "mcpServers": {"coupons-practice": {"command": "/bin/coupon-mcp", "args": ["stdio", "--sandbox", "--sandbox-data"]}},
        });
        assert_eq!(Host::ClaudeDesktop.block("/bin/coupon-mcp", true), expected);
    }
}
