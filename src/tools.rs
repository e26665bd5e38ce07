//! The tools: what a host's model can ask for. One file per tool; here is their list and the way of a call.
//!
//! A call goes: arguments made to fit the schema ([`arguments`]), parsed, run, shaped. Everything that the
//! merchant, the model or BigCommerce got wrong becomes a tool result with `isError` ([`error`]), never a
//! protocol error.

pub mod arguments;
mod coupon_code;
mod create_coupon_code;
pub mod error;
mod explain;
mod list_coupon_codes;
pub mod schema;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, Tool, ToolAnnotations};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::bigcommerce::Patience;
use crate::coupons::Store;
use arguments::ArgumentFault;
pub use error::{ErrorCode, ToolError};

/// Promotions to choose from are a courtesy beside an error that is known: they must not hold it up.
const CHOICES_WITHIN: Duration = Duration::from_secs(5);

/// A tool: its published contract and what it does.
trait CouponTool {
    const NAME: &'static str;
    const TITLE: &'static str;
    /// What it does, when to use it, what it returns.
    const DESCRIPTION: &'static str;
    type Input: DeserializeOwned + JsonSchema + Send;
    type Output: Serialize + JsonSchema;

    fn annotations() -> ToolAnnotations;

    fn run(
        store: &Store,
        input: Self::Input,
    ) -> impl Future<Output = Result<Reply<Self::Output>, ToolError>> + Send;
}

/// What a tool answers: the structured result, and its text where that is not the same JSON.
struct Reply<T> {
    structured: T,
    text: Option<String>,
}

impl<T> From<T> for Reply<T> {
    fn from(structured: T) -> Self {
        Self { structured, text: None }
    }
}

type Handler = fn(Arc<Store>, JsonObject) -> BoxFuture<'static, Result<CallToolResult, ToolError>>;

struct Entry {
    tool: Tool,
    handler: Handler,
}

/// All tools, over one store or over the reason why there is none.
pub struct Toolbox {
    entries: Vec<Entry>,
    store: Result<Arc<Store>, ToolError>,
}

impl Toolbox {
    /// The tools over `store`. With an error instead, they are listed all the same and every call answers it,
    /// because a host hides what a server says on stderr.
    pub fn new(store: Result<Arc<Store>, ToolError>) -> Self {
        let entries = vec![
            entry::<create_coupon_code::CreateCouponCode>(),
            entry::<list_coupon_codes::ListCouponCodes>(),
        ];
        Self { entries, store }
    }

    /// The published definitions, in a fixed order.
    pub fn definitions(&self) -> Vec<Tool> {
        self.entries.iter().map(|entry| entry.tool.clone()).collect()
    }

    /// One definition.
    pub fn definition(&self, name: &str) -> Option<&Tool> {
        self.entry(name).map(|entry| &entry.tool)
    }

    /// Calls a tool; `None` when there is none of that name.
    pub async fn call(&self, name: &str, arguments: JsonObject) -> Option<Result<CallToolResult, ToolError>> {
        let entry = self.entry(name)?;
        Some(match &self.store {
            Ok(store) => run(entry, store, arguments).await,
            Err(error) => Err(error.clone()),
        })
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tool.name == name)
    }
}

async fn run(entry: &Entry, store: &Arc<Store>, arguments: JsonObject) -> Result<CallToolResult, ToolError> {
    match arguments::fit(arguments, &entry.tool.input_schema) {
        Ok(arguments) => (entry.handler)(Arc::clone(store), arguments).await,
        Err(fault) => Err(explain(fault, store).await),
    }
}

/// A call without a usable promotion is answered with promotions to choose from.
async fn explain(fault: ArgumentFault, store: &Store) -> ToolError {
    let choices = if fault.concerns("promotion_id") {
        store.promotion_choices(&Patience::new(CHOICES_WITHIN, Duration::ZERO)).await.unwrap_or_default()
    } else {
        Vec::new()
    };
    ToolError::invalid_arguments(fault.to_string(), explain::hint_of_choices(&choices))
}

fn entry<T: CouponTool + 'static>() -> Entry {
    let tool = Tool::new(T::NAME, T::DESCRIPTION, schema::of_input::<T::Input>())
        .with_title(T::TITLE)
        .with_raw_output_schema(schema::of_output::<T::Output>())
        .with_annotations(T::annotations());
    Entry { tool, handler: |store, arguments| Box::pin(async move { handle::<T>(&store, arguments).await }) }
}

async fn handle<T: CouponTool>(store: &Store, arguments: JsonObject) -> Result<CallToolResult, ToolError> {
    let input = serde_path_to_error::deserialize(Value::Object(arguments))
        .map_err(|error| ToolError::invalid_arguments(format!("Argument {error}."), None))?;
    let Reply { structured, text } = T::run(store, input).await?;
    let structured = serde_json::to_value(structured).map_err(|error| ToolError::internal(&error))?;
    let text = text.unwrap_or_else(|| structured.to_string());
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = Some(structured);
    Ok(result)
}
