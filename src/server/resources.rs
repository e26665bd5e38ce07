//! Resources: a promotion as `coupons://promotions/{id}`, the same that the tool `get_promotion` answers, and the
//! file of an export as `coupons://exports/{job_id}`.

use rmcp::ErrorData;
use rmcp::model::{CallToolResult, JsonObject, ReadResourceResult, ResourceContents, ResourceTemplate};
use serde_json::{Value, json};

use crate::tools::{EXPORTS, ErrorCode, ExportText, ToolError};

/// The tool whose answer a promotion's resource is.
pub(super) const PROMOTION: &str = "get_promotion";
/// The tool that makes exports.
const EXPORT: &str = "export_coupon_codes";

const PROMOTIONS: &str = "coupons://promotions/";
const JSON: &str = "application/json";

/// The templates of what `is_offered`, by the name of its tool.
pub(super) fn templates(is_offered: impl Fn(&str) -> bool) -> Vec<ResourceTemplate> {
    let promotion = ResourceTemplate::new(format!("{PROMOTIONS}{{id}}"), "promotion")
        .with_title("A promotion")
        .with_description("What a promotion gives, to whom and until when, in plain sentences. list_promotions shows the ids.")
        .with_mime_type(JSON);
    let export = ResourceTemplate::new(format!("{EXPORTS}{{job_id}}"), "export")
        .with_title("An export")
        .with_description("The CSV file of an export that is done, up to 1 MB; where it is if it is longer. export_coupon_codes answers the address.")
        .with_mime_type("text/csv");
    let all = [(PROMOTION, promotion), (EXPORT, export)];
    all.into_iter().filter(|(tool, _)| is_offered(tool)).map(|(_, template)| template).collect()
}

/// What a URI names.
pub(super) enum Address<'a> {
    /// The arguments of [`PROMOTION`].
    Promotion(JsonObject),
    /// The id of a job.
    Export(&'a str),
}

/// Reads a URI.
///
/// # Errors
/// No such resource: it follows none of the templates.
pub(super) fn address(uri: &str) -> Result<Address<'_>, ErrorData> {
    if let Some(job_id) = uri.strip_prefix(EXPORTS) {
        return Ok(Address::Export(job_id));
    }
    let id = uri.strip_prefix(PROMOTIONS).and_then(|id| id.parse::<u64>().ok()).filter(|&id| id > 0);
    let Some(id) = id else {
        let sentence = "The resources are coupons://promotions/{id} and coupons://exports/{job_id}.";
        return Err(not_found(uri, sentence));
    };
    Ok(Address::Promotion([("promotion_id".to_owned(), json!(id))].into_iter().collect()))
}

/// The file of an export as a resource.
///
/// # Errors
/// Not found for a job that is not there, is no export or is not done, or whose file is gone; internal for the rest.
pub(super) fn export(
    uri: &str,
    file: Option<Result<ExportText, ToolError>>,
) -> Result<ReadResourceResult, ErrorData> {
    match file {
        None => Err(not_found(uri, "Exports are not offered by this server.")),
        Some(Ok(file)) => {
            let contents = ResourceContents::text(file.text, uri).with_mime_type(file.mime_type);
            Ok(ReadResourceResult::new(vec![contents]))
        }
        Some(Err(error)) => match error.code {
            ErrorCode::InvalidArguments | ErrorCode::UnknownJob => Err(not_found(uri, &error.message)),
            _ => Err(ErrorData::internal_error(error.message, None)),
        },
    }
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
