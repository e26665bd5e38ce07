//! `coupon-mcp call`: one tool, from the shell, by the same way as a host's call.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use rmcp::model::JsonObject;
use serde_json::Value;

use crate::tools::{CallContext, Outcome};

use super::exit;
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

/// Prints the structured result (or the error's JSON) on stdout. The exit code tells what became of it.
pub(super) async fn run(command: CallCommand) -> anyhow::Result<ExitCode> {
    let arguments = parse(&command.arguments)?;
    let (toolbox, jobs) = store::toolbox(&command.serve)?;
    store::note_what_is_forgotten(&command.serve)?;
    let called = toolbox.call(&command.tool, arguments, CallContext::new(CALLER)).await;
    jobs.stop().await;
    match called {
        Some(Ok(Outcome::Answer(result))) => {
            output::json(&result.structured_content)?;
            for id in unfinished(result.structured_content.as_ref()) {
                output::note(&goes_on(id, store::is_kept(&command.serve)?));
            }
            Ok(exit::of_answer(result.structured_content.as_ref()))
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

/// The jobs in an answer that were still running.
fn unfinished(answer: Option<&Value>) -> impl Iterator<Item = &str> {
    let one = answer.and_then(|answer| answer.get("job"));
    let several = answer.and_then(|answer| answer.get("jobs")?.as_array()).into_iter().flatten();
    let running =
        one.into_iter().chain(several).filter(|job| job.get("state").is_some_and(|s| s == "running"));
    running.filter_map(|job| job.get("job_id")?.as_str())
}

/// What becomes of a job when this process ends.
fn goes_on(id: &str, is_kept: bool) -> String {
    if is_kept {
        format!("note: {id} is not done yet, and this process ends: `coupon-mcp jobs run` goes on with it")
    } else {
        format!("note: {id} is not done yet and ends with this process; with --state-dir DIR it could go on")
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
    fn running_jobs_are_found_in_any_answer() {
        let (running, done) =
            (json!({"job_id": "job_a", "state": "running"}), json!({"job_id": "job_b", "state": "done"}));
        let found = |answer: Value| unfinished(Some(&answer)).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(found(json!({"status": "done", "job": running})), ["job_a"]);
        assert_eq!(found(json!({"jobs": [done, running]})), ["job_a"]);
        assert_eq!(found(json!({"job": done})), Vec::<String>::new());
        assert_eq!(found(json!({"coupon_codes": "code,state\nX,running"})), Vec::<String>::new());
        assert_eq!(unfinished(None).count(), 0);
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
