//! The tools as hosts see them.

use coupon_mcp::policy::{Policy, Toolset};
use coupon_mcp::tools::{ErrorCode, ToolError, Toolbox};
use rmcp::model::Tool;
use serde_json::Value;

/// The definitions of all tools, those of every toolset among them.
pub(crate) fn definitions() -> Vec<Tool> {
    let policy = Policy { toolsets: Some(Toolset::ALL.to_vec()), ..Policy::default() };
    Toolbox::new(Err(ToolError::lasting(ErrorCode::NotConfigured, "", "")), &policy).definitions()
}

/// Fails unless `answer` is what the tool's output schema says.
pub(crate) fn assert_fits(tool: &str, answer: &Value) {
    let definition = definitions().into_iter().find(|definition| definition.name == tool).unwrap();
    let schema = Value::Object((*definition.output_schema.unwrap()).clone());
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let misfits: Vec<_> = validator.iter_errors(answer).map(|misfit| misfit.to_string()).collect();
    assert_eq!(misfits, [""; 0], "{tool}: {answer}");
}
