//! `coupon-mcp demo`: the main job, end to end, over the real protocol.
//!
//! Starts this program as a host would (`stdio --sandbox`), connects as an MCP client and prints what goes
//! to and fro. The child reaches its practice store over HTTP, as it would reach BigCommerce.

use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Args;
use rmcp::ServiceExt;
use rmcp::model::{CallToolRequestParams, CallToolResult, ClientConfig, Implementation, JsonObject};
use rmcp::service::{RoleClient, RunningService};
use rmcp::transport::TokioChildProcess;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::config::{StoreArgs, environment};
use crate::telemetry;

use super::output;
use super::output::Style;

/// `--sandbox` is accepted and meant anyway.
#[derive(Debug, Args)]
pub(super) struct DemoCommand {
    #[command(flatten)]
    store: StoreArgs,
}

type Host = RunningService<RoleClient, ClientConfig>;

pub(super) async fn run(command: &DemoCommand) -> anyhow::Result<ExitCode> {
    let style = Style::of_stdout();
    let mut child = Command::new(std::env::current_exe().context("cannot find the path of this program")?);
    child.args(["stdio", "--sandbox"]);
    if environment::variable(telemetry::LOG).is_none() {
        child.env(telemetry::LOG, "error");
    }
    if let Some(data) = &command.store.sandbox_data {
        child.arg("--sandbox-data").args(data);
    }
    output::data(&style.bold("coupon-mcp demo: an AI host creates a coupon code and lists it back"));
    output::data(&style.dim("The host talks MCP over stdio; the server calls a practice store over HTTP."));
    let transport = TokioChildProcess::new(child).context("cannot start the server")?;
    let mut info = ClientConfig::default();
    info.client_info = Implementation::new("coupon-mcp-demo", env!("CARGO_PKG_VERSION"));
    let host = info.serve(transport).await.context("the server did not answer")?;
    let transcript = play(&host, style).await;
    host.cancel().await.context("the server did not stop")?;
    transcript?;
    finish(style);
    Ok(ExitCode::SUCCESS)
}

async fn play(host: &Host, style: Style) -> anyhow::Result<()> {
    let server = host.peer_info().context("the server did not introduce itself")?;
    step(style, "1. connect");
    let info = server.server_info.as_ref().context("the server did not say its name")?;
    output::data(&format!(
        "   {} {} - {}",
        info.name,
        info.version,
        info.title.as_deref().unwrap_or_default()
    ));
    step(style, "2. which tools are there?");
    for tool in host.list_all_tools().await? {
        output::data(&format!("   {} - {}", style.cyan(&tool.name), tool.title.unwrap_or_default()));
    }
    step(style, "3. \"Make ANNA10 on the Summer Sale, 100 uses, one per customer.\"");
    let new = json!({"promotion_id": 1, "code": "ANNA10", "max_uses": 100, "max_uses_per_customer": 1});
    let created = call(host, style, "create_coupon_code", &new).await?;
    step(style, "4. the same again, as after a lost answer: nothing is doubled");
    let again = call(host, style, "create_coupon_code", &new).await?;
    let outcomes = (outcome(&created), outcome(&again));
    ensure!(
        outcomes.1 == "already_existed",
        "the repeat should have found the code, and said {}",
        outcomes.1
    );
    step(style, "5. \"Which codes does the Summer Sale have?\"");
    let list = call(host, style, "list_coupon_codes", &json!({"promotion_id": 1})).await?;
    let listed = list
        .get("coupon_codes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .any(|row| row.get("code").is_some_and(|code| code == "ANNA10"));
    ensure!(listed, "the code that was created is not in the list");
    step(style, "6. \"Make SUMMER_SALE_2024 with 5 uses.\" It exists, with other limits: the error says so");
    let taken = json!({"promotion_id": 1, "code": "summer_sale_2024", "max_uses": 5});
    let refused = request(host, style, "create_coupon_code", &taken).await?;
    ensure!(refused.is_error == Some(true), "a code that exists with other limits must be refused");
    let sentence = refused.content.first().and_then(|block| block.as_text()).map(|text| text.text.as_str());
    output::data(&format!("   {} {}", style.red("error"), sentence.unwrap_or_default()));
    Ok(())
}

async fn call(host: &Host, style: Style, tool: &'static str, arguments: &Value) -> anyhow::Result<Value> {
    let result = request(host, style, tool, arguments).await?;
    let structured = result.structured_content.with_context(|| format!("{tool} failed"))?;
    for line in serde_json::to_string_pretty(&structured)?.lines() {
        output::data(&format!("   {}", style.green(line)));
    }
    Ok(structured)
}

async fn request(
    host: &Host,
    style: Style,
    tool: &'static str,
    arguments: &Value,
) -> anyhow::Result<CallToolResult> {
    output::data(&format!("   {} {arguments}", style.cyan(tool)));
    let arguments: JsonObject = serde_json::from_value(arguments.clone())?;
    let result = host.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await?;
    Ok(result)
}

fn outcome(created: &Value) -> &str {
    created.get("outcome").and_then(Value::as_str).unwrap_or_default()
}

fn step(style: Style, text: &str) {
    output::data(&format!("\n{}", style.bold(text)));
}

fn finish(style: Style) {
    let binary = std::env::current_exe().map_or("coupon-mcp".into(), |path| path.display().to_string());
    output::data(&format!("\n{}", style.bold("Next: connect your own host to the practice store.")));
    output::data(
        "Hosts are claude-desktop, claude-code, vscode, cursor and generic; for your own store, leave out",
    );
    output::data("--sandbox.");
    output::data(&format!("   {}", style.cyan(&format!("{binary} config --host claude-desktop --sandbox"))));
}
