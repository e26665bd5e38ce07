//! The tools: what a host's model can ask for. One file per tool; here is their list and the way of a call.
//!
//! A call goes: arguments made to fit the schema ([`arguments`]), parsed, run, shaped. Everything that the
//! merchant, the model or BigCommerce got wrong becomes a tool result with `isError` ([`error`]), never a
//! protocol error.

mod answer;
pub mod arguments;
mod change;
mod check_coupon_code;
mod confirm;
pub mod context;
mod control_job;
mod coupon_code;
mod create_coupon_code;
mod create_promotion;
mod currency_code;
mod delete_coupon_codes;
mod delete_promotions;
pub mod error;
mod explain;
mod export_coupon_codes;
mod generate_coupon_codes;
mod get_job;
mod get_promotion;
mod get_store;
mod import_coupon_codes;
mod job;
mod job_codes;
mod list_coupon_codes;
mod list_promotions;
pub mod progress;
mod promotion_row;
mod promotion_settings;
mod replace_coupon_code;
pub mod schema;
mod summarize_coupon_codes;
mod table;
mod undo;
mod update_promotion;
mod update_promotion_settings;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::bigcommerce::Patience;
use crate::changes::Desk;
use crate::policy::Policy;
use answer::{Answer, Handled, Text};
use arguments::{ArgumentFault, Fitted};
use change::ChangeTool;
pub use context::{CallContext, Consent, Outcome, Place, Question};
pub use error::{ErrorCode, ToolError};
pub use export_coupon_codes::{EXPORTS, ExportText};
pub use progress::{Progress, Step as ProgressStep};

/// Promotions to choose from are a courtesy beside an error that is known: they must not hold it up.
const CHOICES_WITHIN: Duration = Duration::from_secs(5);

/// A tool that answers at once: its published contract and what it does.
trait CouponTool {
    const NAME: &'static str;
    const TITLE: &'static str;
    /// What it does, when to use it, what it returns.
    const DESCRIPTION: &'static str;
    type Input: DeserializeOwned + JsonSchema + Send;
    type Output: Serialize + JsonSchema;

    fn annotations() -> ToolAnnotations;

    fn run(
        desk: &Desk,
        input: Self::Input,
        context: &CallContext,
    ) -> impl Future<Output = Result<Reply<Self::Output>, ToolError>> + Send;
}

/// What such a tool answers: the structured result, and its text where that is not the same JSON.
struct Reply<T> {
    structured: T,
    text: Option<String>,
}

impl<T> From<T> for Reply<T> {
    fn from(structured: T) -> Self {
        Self { structured, text: None }
    }
}

type Handler = fn(Arc<Desk>, JsonObject, CallContext) -> BoxFuture<'static, Result<Handled, ToolError>>;

struct Entry {
    tool: Tool,
    handler: Handler,
}

/// The tools that are offered, over one store or over the reason why there is none.
pub struct Toolbox {
    entries: Vec<Entry>,
    desk: Result<Arc<Desk>, ToolError>,
}

impl Toolbox {
    /// The tools that `policy` offers. With an error in place of a desk they are listed all the same and every
    /// call answers it, because a host hides what a server says on stderr.
    pub fn new(desk: Result<Arc<Desk>, ToolError>, policy: &Policy) -> Self {
        let mut entries = vec![
            entry::<list_promotions::ListPromotions>(),
            entry::<get_promotion::GetPromotion>(),
            entry::<get_store::GetStore>(),
            entry::<list_coupon_codes::ListCouponCodes>(),
            entry::<check_coupon_code::CheckCouponCode>(),
            entry::<summarize_coupon_codes::SummarizeCouponCodes>(),
            entry::<export_coupon_codes::ExportCouponCodes>(),
            Entry {
                tool: create_coupon_code::definition(),
                handler: |desk, arguments, context| {
                    Box::pin(async move { create_coupon_code::handle(&desk, arguments, &context).await })
                },
            },
            change_entry::<generate_coupon_codes::GenerateCouponCodes>(),
            change_entry::<import_coupon_codes::ImportCouponCodes>(),
            change_entry::<create_promotion::CreatePromotion>(),
            change_entry::<update_promotion::UpdatePromotion>(),
            change_entry::<delete_coupon_codes::DeleteCouponCodes>(),
            change_entry::<delete_promotions::DeletePromotions>(),
            change_entry::<replace_coupon_code::ReplaceCouponCode>(),
            change_entry::<update_promotion_settings::UpdatePromotionSettings>(),
            change_entry::<undo::Undo>(),
            entry::<get_job::GetJob>(),
            entry::<control_job::ControlJob>(),
        ];
        entries.retain(|entry| policy.offers(&entry.tool.name));
        Self { entries, desk }
    }

    /// The published definitions, in a fixed order.
    pub fn definitions(&self) -> Vec<Tool> {
        self.entries.iter().map(|entry| entry.tool.clone()).collect()
    }

    /// One definition.
    pub fn definition(&self, name: &str) -> Option<&Tool> {
        self.entry(name).map(|entry| &entry.tool)
    }

    /// From now on, goes on with bulk jobs whose process died.
    pub fn sweep_from_now_on(&self) {
        if let Ok(desk) = &self.desk {
            desk.sweep_from_now_on();
        }
    }

    /// The store that the tools work on, as the audit log names it.
    pub fn store_key(&self) -> Option<&str> {
        self.desk.as_ref().ok().map(|desk| desk.state().store_key())
    }

    /// Calls a tool; `None` when there is none of that name.
    pub async fn call(
        &self,
        name: &str,
        arguments: JsonObject,
        context: CallContext,
    ) -> Option<Result<Outcome, ToolError>> {
        let entry = self.entry(name)?;
        Some(match &self.desk {
            Ok(desk) => run(entry, desk, arguments, context).await,
            Err(error) => Err(error.clone()),
        })
    }

    /// Reads the file of an export, for a resource; `None` where exports are not offered.
    pub async fn read_export(&self, job_id: &str) -> Option<Result<ExportText, ToolError>> {
        self.entry(export_coupon_codes::ExportCouponCodes::NAME)?;
        Some(match &self.desk {
            Ok(desk) => export_coupon_codes::read(desk, job_id).await,
            Err(error) => Err(error.clone()),
        })
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tool.name == name)
    }
}

/// Whether a call stops a campaign or a job, which must not wait for other calls.
pub fn stops(tool: &str, arguments: &JsonObject) -> bool {
    let says = |name: &str, word: &str| {
        let said = arguments.get(name).and_then(Value::as_str);
        said.is_some_and(|said| said.trim().eq_ignore_ascii_case(word))
    };
    match tool {
        update_promotion::UpdatePromotion::NAME => says("status", "DISABLED"),
        control_job::ControlJob::NAME => says("action", "cancel"),
        _ => false,
    }
}

async fn run(
    entry: &Entry,
    desk: &Arc<Desk>,
    arguments: JsonObject,
    context: CallContext,
) -> Result<Outcome, ToolError> {
    match arguments::fit(arguments, &entry.tool.input_schema) {
        Ok(Fitted { arguments, empty, trimmed }) => {
            let handled = (entry.handler)(Arc::clone(desk), arguments, context).await;
            Ok(match handled.map_err(|error| error.with_empty(&empty))? {
                Handled::Ask(question) => Outcome::Ask(question),
                Handled::Answer(answer) if trimmed.is_empty() => Outcome::Answer(answer.into_result()),
                Handled::Answer(answer) => {
                    let sentence = format!("White space at the ends of {} was left out.", trimmed.join(", "));
                    Outcome::Answer(answer.warn(sentence).into_result())
                }
            })
        }
        Err(fault) => Err(explain(fault, desk).await),
    }
}

/// A call without a usable promotion is answered with promotions to choose from.
async fn explain(fault: ArgumentFault, desk: &Desk) -> ToolError {
    let hint = if fault.concerns("promotion_id") {
        let patience = Patience::new(CHOICES_WITHIN, Duration::ZERO);
        let choices = desk.store().promotion_choices(&patience).await.unwrap_or_default();
        Some(explain::hint_of_choices(&choices))
    } else {
        None
    };
    ToolError::invalid_arguments(fault.to_string(), hint)
}

fn entry<T: CouponTool + 'static>() -> Entry {
    let tool = Tool::new(T::NAME, T::DESCRIPTION, schema::of_input::<T::Input>())
        .with_title(T::TITLE)
        .with_raw_output_schema(schema::of_output::<T::Output>())
        .with_annotations(T::annotations());
    Entry {
        tool,
        handler: |desk, arguments, context| {
            Box::pin(async move { handle::<T>(&desk, arguments, &context).await })
        },
    }
}

fn change_entry<T: ChangeTool + 'static>() -> Entry {
    Entry {
        tool: change::definition::<T>(),
        handler: |desk, arguments, context| {
            Box::pin(async move { change::handle::<T>(&desk, arguments, &context).await })
        },
    }
}

async fn handle<T: CouponTool>(
    desk: &Desk,
    arguments: JsonObject,
    context: &CallContext,
) -> Result<Handled, ToolError> {
    let input = serde_path_to_error::deserialize(Value::Object(arguments))
        .map_err(|error| ToolError::invalid_arguments(format!("Argument {error}."), None))?;
    let Reply { structured, text } = T::run(desk, input, context).await?;
    let text = text.map_or(Text::Json, Text::Words);
    Ok(Handled::Answer(Answer::new(&structured, text)?))
}
