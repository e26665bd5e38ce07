//! `coupon-mcp call`: one tool, from the shell, by the same way as a host's call.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use rmcp::model::JsonObject;
use serde_json::Value;

use crate::tools::{CallContext, Outcome};

use super::output;
use super::store::{self, ServeArgs, Unusable};

/// Who calls, for confirmations and the record.
const CALLER: &str = "cli";

#[derive(Debug, Args)]
pub(super) struct CallCommand {
    /// The tool's name; `coupon-mcp tools` lists them.
    tool: String,
    /// Its arguments: one JSON object, or key=value pairs.
    #[arg(value_name = "JSON | KEY=VALUE")]
    arguments: Vec<String>,
    #[command(flatten)]
    serve: ServeArgs,
}

/// Prints the structured result (or the error's JSON) on stdout; exit code 1 for a tool error.
pub(super) async fn run(command: CallCommand) -> anyhow::Result<ExitCode> {
    let arguments = parse(&command.arguments)?;
    let toolbox = store::toolbox(&command.serve)?;
    if command.serve.store.sandbox && command.serve.store.sandbox_data.is_none() {
        output::note(
            "note: this practice store is forgotten at exit; --sandbox-data FILE keeps it, and --state-dir DIR what undo and \
             a confirmation need",
        );
    }
    match toolbox.call(&command.tool, arguments, CallContext::new(CALLER)).await {
        Some(Ok(Outcome::Answer(result))) => {
            output::json(&result.structured_content)?;
            Ok(ExitCode::SUCCESS)
        }
        // Nobody is asked who cannot be.
        Some(Ok(Outcome::Ask(question))) => Err(Unusable(question.message).into()),
        Some(Err(error)) => {
            output::note(&format!("error: {} {}", error.message, error.hint));
            output::json(&error)?;
            Ok(ExitCode::FAILURE)
        }
        None => {
            let known: Vec<_> = toolbox.definitions().into_iter().map(|tool| tool.name).collect();
            let message =
                format!("there is no tool \"{}\"; the tools are {}", command.tool, known.join(", "));
            Err(Unusable(message).into())
        }
    }
}

fn parse(arguments: &[String]) -> anyhow::Result<JsonObject> {
    if let [json] = arguments
        && json.trim_start().starts_with('{')
    {
        return serde_json::from_str(json)
            .with_context(|| "the arguments are not a JSON object")
            .map_err(|error| Unusable(format!("{error:#}")).into());
    }
    arguments.iter().map(|pair| parse_pair(pair)).collect()
}

/// Values stay text: the tool's own leniency makes numbers of them.
fn parse_pair(pair: &str) -> anyhow::Result<(String, Value)> {
    let Some((key, value)) = pair.split_once('=') else {
        let message = format!("\"{pair}\" is neither key=value nor a JSON object in one piece");
        return Err(Unusable(message).into());
    };
    let value = if value == "null" { Value::Null } else { Value::String(value.to_owned()) };
    Ok((key.trim().to_owned(), value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Value, String> {
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        parse(&arguments).map(Value::Object).map_err(|error| error.to_string())
    }

    #[test]
    fn arguments_are_json_or_pairs() {
        assert_eq!(parsed(&[]), Ok(json!({})));
        assert_eq!(parsed(&[r#"{"promotion_id": 1}"#]), Ok(json!({"promotion_id": 1})));
        assert_eq!(
            parsed(&["promotion_id=1", "code=A=B", "max_uses=null"]),
            Ok(json!({"promotion_id": "1", "code": "A=B", "max_uses": null}))
        );
    }

    #[test]
    fn what_is_neither_is_refused() {
        assert!(parsed(&["{broken"]).unwrap_err().starts_with("the arguments are not a JSON object"));
        assert_eq!(
            parsed(&["code"]),
            Err("\"code\" is neither key=value nor a JSON object in one piece".into())
        );
    }
}
