//! Tools that change the store: planned, judged, confirmed, carried out and answered in one way.

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::bigcommerce::Patience;
use crate::changes::{Call, Carried, Desk, Done, Plan, Step, gate};
use crate::jobs::JobState;

use super::answer::{self, Handled, Text};
use super::confirm::{Case, Confirmation, Preview, Verdict};
use super::context::{CallContext, Consent};
use super::error::ToolError;
use super::job::{self, Followed};
use super::schema;

/// A tool that changes the store: its published contract, how it plans, and what it says afterwards.
pub(super) trait ChangeTool {
    const NAME: &'static str;
    const TITLE: &'static str;
    /// What it does, when to use it, what it returns.
    const DESCRIPTION: &'static str;
    /// Whether it takes something away that was there.
    const DESTRUCTIVE: bool;
    /// Whether a repeat adds nothing.
    const IDEMPOTENT: bool = true;
    type Input: DeserializeOwned + JsonSchema + Send;
    /// What it answers besides what all of them answer. Every field may be left out.
    type Detail: Serialize + JsonSchema + Send;

    /// Whether it stops a promotion: then neither the queue nor a guess at the rate limit holds it up.
    fn is_urgent(_: &Desk, _: &Self::Input, _: &CallContext) -> impl Future<Output = bool> + Send {
        async { false }
    }

    /// Refuses what can be refused without a look at the store, and without leaving anything behind.
    fn check(_: &Desk, _: &Self::Input) -> Result<(), ToolError> {
        Ok(())
    }

    /// Reads what it needs to, and plans.
    fn plan(
        desk: &Desk,
        input: Self::Input,
        context: &CallContext,
        patience: &Patience,
    ) -> impl Future<Output = Result<Draft<Self::Detail>, ToolError>> + Send;

    /// Adds what became of it; the sentence for the user comes back.
    fn report(detail: &mut Self::Detail, carried: &Carried) -> String;

    /// Adds how the job stands that was begun in place of steps.
    fn begun(_: &mut Self::Detail, _: &Desk, _: Followed) {}

    /// What is done once the change is whole.
    fn settle(_: &Desk, _: &Self::Detail, _: &Done) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// A change that is planned, or that there is no need for.
pub(super) struct Draft<D> {
    /// What to do; `None` when everything is as asked for.
    pub(super) plan: Option<Box<Plan>>,
    /// What is known so far.
    pub(super) detail: D,
    /// Why there is nothing to do.
    pub(super) idle: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// All of it is as asked for.
    Done,
    /// Some of it was done; message says what was not.
    Partial,
    /// Nothing was done: the user must agree first.
    NeedsConfirmation,
    /// Nothing was done: a person said no.
    Declined,
    /// Nothing was done: the question was closed without an answer.
    Dismissed,
    /// Nothing was done: this is a preview.
    DryRun,
    /// It goes on as a job.
    Running,
    /// The job stopped; message says why.
    Failed,
    /// The job was cancelled meanwhile.
    Cancelled,
    /// The job cannot tell what became of some of it.
    NeedsAttention,
}

impl Status {
    /// How a yes was not given, for the record.
    pub(super) fn as_str(self) -> &'static str {
        if self == Self::Dismissed { "dismissed" } else { "declined" }
    }
}

/// What every change answers.
#[derive(Debug, Serialize, JsonSchema)]
struct Answer<D> {
    status: Status,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    change_id: Option<String>,
    store: String,
    warnings: Vec<String>,
    /// What would be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Opaque>")]
    preview: Option<Preview>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmation_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmation_text: Option<String>,
    #[serde(flatten)]
    detail: Option<D>,
}

impl<D: Serialize> Answer<D> {
    fn new(status: Status, message: String, desk: &Desk) -> Self {
        Self {
            status,
            message,
            change_id: None,
            store: desk.label().to_owned(),
            warnings: Vec::new(),
            preview: None,
            confirmation_token: None,
            confirmation_text: None,
            detail: None,
        }
    }

    fn handled(&self) -> Result<Handled, ToolError> {
        Ok(Handled::Answer(answer::Answer::new(self, Text::MessageAndJson)?))
    }
}

/// The published definition.
pub(super) fn definition<T: ChangeTool>() -> Tool {
    let mut input = schema::of_input::<T::Input>();
    Confirmation::publish(std::sync::Arc::make_mut(&mut input));
    let annotations = ToolAnnotations::with_title(T::TITLE)
        .read_only(false)
        .destructive(T::DESTRUCTIVE)
        .idempotent(T::IDEMPOTENT)
        .open_world(true);
    Tool::new(T::NAME, T::DESCRIPTION, input)
        .with_title(T::TITLE)
        .with_raw_output_schema(schema::of_output::<Answer<T::Detail>>())
        .with_annotations(annotations)
}

/// One call.
pub(super) async fn handle<T: ChangeTool>(
    desk: &Desk,
    mut arguments: JsonObject,
    context: &CallContext,
) -> Result<Handled, ToolError> {
    let given = Confirmation::take(&mut arguments);
    let arguments = Value::Object(arguments);
    let mut call = Call {
        caller: context.caller.clone(),
        tool: T::NAME,
        arguments: arguments.clone(),
        confirmed: "not_needed",
    };
    if let Some((status, message)) = not_agreed(context) {
        call.confirmed = status.as_str();
        desk.declined(&call).await;
        return Answer::<T::Detail>::new(status, message.to_owned(), desk).handled();
    }
    let input: T::Input = serde_path_to_error::deserialize(arguments.clone())
        .map_err(|error| ToolError::invalid_arguments(format!("Argument {error}."), None))?;
    T::check(desk, &input)?;
    let mut patience = desk.store().patience();
    if T::is_urgent(desk, &input, context).await {
        patience = patience.urgent();
    }
    let turn = desk.turn(&patience).await?;
    let Draft { plan, mut detail, idle } = T::plan(desk, input, context, &patience).await?;
    let Some(mut plan) = plan else {
        let mut answer = Answer::new(Status::Done, idle, desk);
        answer.detail = Some(detail);
        return answer.handled();
    };
    let reasons = gate::judge(&plan, desk.rules(), desk.now())?;
    desk.has_room(&gate::counts(&plan)).await?;
    let case = Case { desk, tool: T::NAME, arguments: &arguments, plan: &plan, reasons };
    match case.decide(&given, context).await? {
        Verdict::Ask(question) => Ok(Handled::Ask(question)),
        Verdict::Wait { preview, token, message, spoken } => {
            let status = if given.dry_run { Status::DryRun } else { Status::NeedsConfirmation };
            let mut answer = Answer::<T::Detail>::new(status, message, desk);
            answer.confirmation_text = token.as_ref().map(|_| plan.headline.clone());
            answer.confirmation_token = token;
            answer.preview = Some(preview);
            answer.warnings.clone_from(&plan.warnings);
            Ok(Handled::Answer(answer::Answer::new(&answer, Text::SpokenAndJson(spoken))?))
        }
        Verdict::Go(confirmed) => {
            call.confirmed = confirmed;
            if let Some(order) = plan.order.take() {
                let warnings = std::mem::take(&mut plan.warnings);
                let record = desk.begin_job(&call, *order).await?;
                drop(turn);
                let followed = job::follow(desk, record, context, &patience).await;
                return begun::<T>(desk, followed, detail, warnings);
            }
            let done = desk.carry_out(&call, &plan, &patience).await?;
            let said = T::report(&mut detail, &done.carried);
            T::settle(desk, &detail, &done).await;
            answer(desk, &plan, done, detail, said)
        }
    }
}

/// What a person's no, or their silence, comes to.
pub(super) fn not_agreed(context: &CallContext) -> Option<(Status, &'static str)> {
    match context.consent {
        Some(Consent::Declined) => {
            Some((Status::Declined, "Nothing has been changed: the person who was asked said no."))
        }
        Some(Consent::Dismissed) => Some((
            Status::Dismissed,
            "Nothing has been changed: the question was closed without an answer. Ask the user, then call again.",
        )),
        Some(Consent::Given(_) | Consent::CouldNotAsk) | None => None,
    }
}

fn begun<T: ChangeTool>(
    desk: &Desk,
    followed: Followed,
    mut detail: T::Detail,
    warnings: Vec<String>,
) -> Result<Handled, ToolError> {
    let status = match followed.record.state {
        JobState::Running => Status::Running,
        JobState::Done if followed.record.counts.failed > 0 => Status::Partial,
        JobState::Done => Status::Done,
        JobState::Failed => Status::Failed,
        JobState::Cancelled => Status::Cancelled,
        JobState::NeedsAttention => Status::NeedsAttention,
    };
    let mut answer = Answer::new(status, followed.message.clone(), desk);
    answer.warnings = warnings;
    T::begun(&mut detail, desk, followed);
    answer.detail = Some(detail);
    answer.handled()
}

fn answer<D: Serialize>(
    desk: &Desk,
    plan: &Plan,
    done: Done,
    detail: D,
    said: String,
) -> Result<Handled, ToolError> {
    let Done { mut carried, change_id, warnings } = done;
    let failure = carried.failure.take();
    let step = failure.as_ref().map_or(0, |failure| failure.step);
    let in_doubt = failure.as_ref().is_some_and(|failure| failure.in_doubt);
    let cause = failure.map(|failure| ToolError::from(failure.error));
    if carried.is_nothing() {
        if let Some(cause) = cause {
            let change_id = change_id.as_ref().map(ToString::to_string);
            return Err(if in_doubt { cause.in_doubt(&plan.headline, change_id.as_deref()) } else { cause });
        }
        if !carried.is_whole() {
            return Err(ToolError::nothing_done(&plan.headline, &failures(&carried)));
        }
    }
    let change_id = change_id.map(|id| id.to_string());
    let whole = cause.is_none() && carried.is_whole();
    let message = if whole {
        said
    } else {
        partial(&said, plan, step, cause.as_ref(), in_doubt, &carried, change_id.as_deref())
    };
    let mut answer = Answer::new(if whole { Status::Done } else { Status::Partial }, message, desk);
    answer.warnings = plan.warnings.iter().cloned().chain(warnings).collect();
    if carried.unverified {
        answer
            .warnings
            .push("BigCommerce reported these deletions; there were too many to look at each.".to_owned());
    }
    answer.change_id = change_id;
    answer.detail = Some(detail);
    answer.handled()
}

/// What was done, what was not and why, and how to go on.
fn partial(
    said: &str,
    plan: &Plan,
    step: usize,
    cause: Option<&ToolError>,
    in_doubt: bool,
    carried: &Carried,
    change_id: Option<&str>,
) -> String {
    let mut sentences = vec!["Only a part of it was done.".to_owned(), said.to_owned()];
    let failed = failures(carried);
    if !carried.differing.is_empty() {
        let differing = carried.differing.join("; ");
        sentences.push(format!(
            "BigCommerce reported success, but not what was asked for: {differing}. Look at it with get_promotion, and \
             disable it if it must not be so."
        ));
    }
    sentences.extend(carried.stopped.iter().cloned());
    if !failed.is_empty() {
        sentences.push(format!("Not done: {}.", failed.join("; ")));
    }
    if let Some(cause) = cause {
        let what = if in_doubt { "It is not known whether this was done" } else { "Not done" };
        let missing = plan.steps.get(step).map_or_else(String::new, Step::in_words);
        sentences.push(format!("{what}: {missing}. {}", cause.message));
    }
    let wait = cause.and_then(|cause| cause.retry_after_s);
    let wait = wait.map_or(String::new(), |seconds| format!("wait {seconds} s, then "));
    let undo = change_id
        .map_or(String::new(), |id| format!(", or call undo with change_id {id} to take back what was done"));
    sentences.push(format!("Go on: {wait}repeat the call with the same arguments to do the rest{undo}."));
    sentences.join(" ")
}

fn failures(carried: &Carried) -> Vec<String> {
    const SHOWN: usize = 5;
    let codes = carried
        .codes_failed
        .iter()
        .map(|(_, row, why)| format!("code {} ({why})", crate::coupons::quoted(&row.code)));
    let promotions = carried.promotions_failed.iter().map(|(id, why)| format!("promotion {id} ({why})"));
    let all: Vec<_> = codes.chain(promotions).collect();
    let rest = all.len().saturating_sub(SHOWN);
    let mut shown: Vec<_> = all.into_iter().take(SHOWN).collect();
    if rest > 0 {
        shown.push(format!("and {rest} more"));
    }
    shown
}
