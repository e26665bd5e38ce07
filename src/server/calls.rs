//! Calling a tool: within the caps, with whatever has to be asked.

use std::sync::Arc;

use rmcp::model::{CallToolRequestParams, CallToolResponse, JsonObject};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use tracing::Instrument;

use crate::tools::{self, CallContext, Consent, ErrorCode, Outcome, Place, Progress, ToolError};

use super::asking::Said;
use super::call_log::{self, CallLog};
use super::places::Client;
use super::{CouponServer, asking, guard, is_modern};

impl CouponServer {
    /// Runs a tool within the caps. A tool that panics or takes too long is answered, and the server lives.
    pub(super) async fn run_tool(
        &self,
        name: &str,
        arguments: JsonObject,
        context: CallContext,
        client: Client,
        trace_id: String,
    ) -> Result<Outcome, ErrorData> {
        let log = CallLog::begin(name, &context, &client, self.shared.toolbox.store_key(), trace_id);
        let span = log.span();
        match self.within_caps(name, arguments, context, client).instrument(span).await {
            Ok(Some(outcome)) => {
                log.end(&outcome);
                Ok(outcome.unwrap_or_else(|error| Outcome::Answer(error.into_result())))
            }
            Ok(None) => {
                log.fail("unknown_tool");
                Err(self.unknown_tool(name))
            }
            Err(crashed) => {
                log.fail(ErrorCode::Internal.as_str());
                Err(crashed)
            }
        }
    }

    /// What the tool says; `None` where there is no such tool.
    async fn within_caps(
        &self,
        name: &str,
        arguments: JsonObject,
        mut context: CallContext,
        client: Client,
    ) -> Result<Option<Result<Outcome, ToolError>>, ErrorData> {
        let shared = &self.shared;
        let _under_way = shared.calls.token();
        let Some(place) = shared.places.take(client, tools::stops(name, &arguments)).await else {
            return Ok(Some(Err(ToolError::busy())));
        };
        // The server is about to stop: what waited for its turn does not begin.
        if shared.calls.is_closed() {
            return Ok(Some(Err(ToolError::busy())));
        }
        shared.toolbox.sweep_from_now_on();
        let place = Arc::new(place);
        let watching = Arc::clone(&place);
        context.place = Some(Place::new(move || watching.watch()));
        let progress = context.progress.clone();
        let call = guard::guarded(name, shared.toolbox.call(name, arguments, context));
        let call = with_signs_of_life(progress, Box::pin(call));
        tokio::time::timeout(shared.caps.timeout, call)
            .await
            .unwrap_or_else(|_| Ok(Some(Err(ToolError::too_slow()))))
    }

    /// Runs a tool and, where it has a question, asks a person. Neither a place among the calls nor the time
    /// that a call may take is spent on their thinking.
    pub(super) async fn run_and_ask(
        &self,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let client = Client::of(context);
        let trace_id = call_log::trace_id(context);
        let mut call = asking::call_context(context);
        let mut said = asking::from_retry(request.input_responses.as_ref(), request.request_state);
        let mut again = false;
        loop {
            call.consent = match said.take() {
                None => None,
                Some(Said::NotTicked) => {
                    again = true;
                    None
                }
                Some(Said::Consent(consent)) => {
                    // A host that says it can ask and then cannot is one that cannot.
                    call.can_ask &= consent != Consent::CouldNotAsk;
                    Some(consent)
                }
            };
            let tried = self.run_tool(
                &request.name,
                arguments.clone(),
                call.clone(),
                client.clone(),
                trace_id.clone(),
            );
            let question = match tried.await? {
                Outcome::Answer(result) => return Ok(self.sign(result, context).into()),
                Outcome::Ask(question) => question,
            };
            if is_modern(context) {
                let mut result = asking::as_result(&question, again)?;
                result.meta.get_or_insert_default().extend(self.server_info());
                return Ok(result.into());
            }
            said = Some(asking::within_call(&question, again, context).await?);
        }
    }

    pub(super) fn unknown_tool(&self, name: &str) -> ErrorData {
        let known = self.shared.toolbox.definitions();
        let known: Vec<_> = known.iter().map(|tool| tool.name.as_ref()).collect();
        let name: String = crate::coupons::clean(name).chars().take(64).collect();
        ErrorData::invalid_params(
            format!("Unknown tool \"{name}\". The tools are {}.", known.join(", ")),
            None,
        )
    }
}

/// Does the work, and tells the host at least every few seconds that it is being done.
async fn with_signs_of_life<T>(progress: Option<Progress>, work: impl Future<Output = T>) -> T {
    let Some(progress) = progress else { return work.await };
    tokio::select! {
        done = work => done,
        () = progress.keep_telling() => unreachable!("it never ends"),
    }
}
