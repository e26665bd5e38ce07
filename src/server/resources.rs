//! Resources: a promotion as `coupons://promotions/{id}`, the same that the tool `get_promotion` answers.

use rmcp::ErrorData;
use rmcp::model::{CallToolResult, JsonObject, ReadResourceResult, ResourceContents, ResourceTemplate};
use serde_json::{Value, json};

/// The tool whose answer a promotion's resource is.
pub(super) const TOOL: &str = "get_promotion";

const PREFIX: &str = "coupons://promotions/";
const JSON: &str = "application/json";

pub(super) fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new(format!("{PREFIX}{{id}}"), "promotion")
            .with_title("A promotion")
            .with_description("What a promotion gives, to whom and until when, in plain sentences. list_promotions shows the ids.")
            .with_mime_type(JSON),
    ]
}

/// The arguments of [`TOOL`] for a resource.
///
/// # Errors
/// No such resource: anything but the template with a number.
pub(super) fn arguments(uri: &str) -> Result<JsonObject, ErrorData> {
    let id = uri.strip_prefix(PREFIX).and_then(|id| id.parse::<u64>().ok()).filter(|&id| id > 0);
    let Some(id) = id else { return Err(not_found(uri, "The resources are coupons://promotions/{id}.")) };
    Ok([("promotion_id".to_owned(), json!(id))].into_iter().collect())
}

/// The tool's answer as a resource.
///
/// # Errors
/// What the tool failed with: not found for a promotion that is not there, internal for the rest.
pub(super) fn contents(uri: &str, result: &CallToolResult) -> Result<ReadResourceResult, ErrorData> {
    if let Some(structured) = &result.structured_content {
        let contents = ResourceContents::text(structured.to_string(), uri).with_mime_type(JSON);
        return Ok(ReadResourceResult::new(vec![contents]));
    }
    let text = |index: usize| {
        result.content.get(index).and_then(|block| block.as_text()).map(|text| text.text.as_str())
    };
    let error: Value = text(1).and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let message = text(0).unwrap_or("The promotion cannot be read.").to_owned();
    if error.get("code").is_some_and(|code| code == "unknown_promotion") {
        return Err(not_found(uri, &message));
    }
    Err(ErrorData::internal_error(message, Some(error)))
}

fn not_found(uri: &str, message: &str) -> ErrorData {
    let uri: String = crate::coupons::clean(uri).chars().take(200).collect();
    ErrorData::resource_not_found(message.to_owned(), Some(json!({ "uri": uri })))
}
