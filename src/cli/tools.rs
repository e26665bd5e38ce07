//! `coupon-mcp tools`: what a host gets to see.

use std::process::ExitCode;

use clap::Args;
use rmcp::model::Tool;
use serde_json::{Value, json};

use crate::config::GuardArgs;
use crate::tools::{ErrorCode, ToolError, Toolbox};

use super::output;

#[derive(Debug, Args)]
pub(super) struct ToolsCommand {
    /// Print the definitions as `tools/list` sends them.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    guard: GuardArgs,
}

pub(super) fn run(command: &ToolsCommand) -> anyhow::Result<ExitCode> {
    // Definitions need no store.
    let no_store = ToolError::lasting(ErrorCode::NotConfigured, "No store.", "");
    let tools = Toolbox::new(Err(no_store), &command.guard.resolve()?.policy).definitions();
    if command.json {
        output::json(&json!({ "tools": tools }))?;
    } else {
        let described: Vec<_> = tools.iter().map(describe).collect();
        output::data(&described.join("\n\n"));
    }
    Ok(ExitCode::SUCCESS)
}

fn describe(tool: &Tool) -> String {
    let title = tool.title.as_deref().unwrap_or_default();
    let mut lines = vec![format!("{} - {title}", tool.name)];
    lines.extend(tool.description.as_deref().map(|description| format!("  {description}")));
    let schema = &tool.input_schema;
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let text = |key| property.get(key).and_then(Value::as_str).unwrap_or_default();
        let needed = if required.contains(&json!(name)) { ", required" } else { "" };
        lines.push(format!("  {name} ({}{needed}): {}", text("type"), text("description")));
    }
    lines.join("\n")
}
