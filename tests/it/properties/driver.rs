//! Plays a scene, and holds every call against what the store was before it and is after it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::exposure::new_exposures;
use super::guard::{Counted, Guard};
use super::script::{FollowUp, Manner, Person, Step, pick, promotion};
use crate::support::call;
use crate::support::stdio_host::StdioHost;
use crate::support::store_view::{Snapshot, StoreView};

/// A host at work on a store that we see through.
pub(super) struct Driver<'a> {
    pub(super) host: StdioHost,
    pub(super) view: &'a StoreView,
    pub(super) guard: &'a Guard,
    pub(super) audit_log: PathBuf,
    pub(super) store: Snapshot,
    pub(super) tally: Tally,
    counted: Counted,
    issued: Vec<Issued>,
    changes: Vec<String>,
    /// Lines of the audit log that were seen.
    audited: usize,
}

/// How much of what a sequence is there for has really happened.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) changed: u32,
    pub(super) confirmed_by_token: u32,
    pub(super) confirmed_by_person: u32,
    pub(super) withheld: u32,
    pub(super) refused: u32,
    pub(super) policy: u32,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.changed += other.changed;
        self.confirmed_by_token += other.confirmed_by_token;
        self.confirmed_by_person += other.confirmed_by_person;
        self.withheld += other.withheld;
        self.refused += other.refused;
        self.policy += other.policy;
    }
}

/// A token that an answer gave.
#[derive(Debug, Clone)]
struct Issued {
    tool: &'static str,
    arguments: Value,
    token: Value,
    text: Value,
    /// All that was said when it was given.
    said: String,
    is_used: bool,
}

/// A call as it is sent.
struct Sent<'a> {
    tool: &'static str,
    arguments: &'a Value,
    is_dry: bool,
    token: Option<(Value, Value)>,
    person: Person,
}

impl<'a> Driver<'a> {
    pub(super) fn new(
        host: StdioHost,
        view: &'a StoreView,
        guard: &'a Guard,
        audit_log: PathBuf,
        store: Snapshot,
    ) -> Self {
        Self {
            host,
            view,
            guard,
            audit_log,
            store,
            tally: Tally::default(),
            counted: Counted::default(),
            issued: Vec::new(),
            changes: Vec::new(),
            audited: 0,
        }
    }

    pub(super) async fn play(&mut self, step: &Step) -> Result<(), String> {
        use super::script::Deed;
        match &step.deed {
            Deed::Meddle { which, patch } => {
                self.meddle(promotion(&self.store, *which), patch).await;
                return Ok(());
            }
            Deed::Use { which, uses } => {
                let codes: Vec<_> = self.store.codes.values().map(|(_, code)| code["code"].clone()).collect();
                if let Some(code) = pick(&codes, *which) {
                    self.view.use_code(code.as_str().unwrap(), *uses).await;
                }
                self.store = self.view.snapshot().await;
                return Ok(());
            }
            _ => {}
        }
        let Some((tool, arguments)) = step.deed.call(&self.store, &self.changes) else { return Ok(()) };
        let token = match &step.manner {
            Manner::Plain | Manner::DryRun => None,
            Manner::Earlier(which) => pick(&self.issued, *which).map(|issued| (issued.token, issued.text)),
            Manner::Made { earlier, text } => {
                let earlier = earlier.and_then(|which| pick(&self.issued, which)).map(|issued| issued.token);
                Some((earlier.unwrap_or_else(|| json!("AAAAAAAAAAAAAAAAAAAAAAAA")), json!(text)))
            }
        };
        let is_dry = matches!(step.manner, Manner::DryRun);
        let sent = Sent { tool, arguments: &arguments, is_dry, token, person: step.person };
        let Some(issued) = self.send(&sent).await? else { return Ok(()) };
        if let FollowUp::ConfirmAfter { which, patch } = &step.follow_up {
            let about = arguments["promotion_id"].as_u64().filter(|_| which.is_none());
            self.meddle(about.or(promotion(&self.store, which.unwrap_or_default())), patch).await;
        }
        let times = match step.follow_up {
            FollowUp::Nothing => 0,
            FollowUp::Confirm | FollowUp::ConfirmAfter { .. } => 1,
            FollowUp::ConfirmTwice => 2,
        };
        for _ in 0..times {
            let token = Some((issued.token.clone(), issued.text.clone()));
            self.send(&Sent { token, is_dry: false, arguments: &arguments, ..sent }).await?;
        }
        Ok(())
    }

    async fn meddle(&mut self, id: Option<u64>, patch: &Value) {
        if let Some(id) = id {
            // What the store does not take is no edit.
            self.view.send("PUT", &format!("/promotions/{id}"), Some(patch)).await;
        }
        self.store = self.view.snapshot().await;
    }

    /// One call, judged; gives the token of its answer.
    async fn send(&mut self, sent: &Sent<'_>) -> Result<Option<Issued>, String> {
        let mut arguments = sent.arguments.clone();
        if let Some((token, text)) = &sent.token {
            arguments["confirmation_token"] = token.clone();
            arguments["confirmation_text"] = text.clone();
        }
        if sent.is_dry {
            arguments["dry_run"] = json!(true);
        }
        let (result, question) = self.exchange(sent.tool, arguments.clone(), sent.person).await;
        let before = std::mem::replace(&mut self.store, self.view.snapshot().await);
        let entries = self.new_audit_entries();
        let verdict = self.judge(sent, &before, &result, question.as_deref(), &entries);
        verdict.map_err(|why| format!("{why}\n  call: {} {arguments}\n  answer: {result}", sent.tool))?;
        let answer = &result["structuredContent"];
        if let Some(change) = answer["change_id"].as_str() {
            self.changes.push(change.to_owned());
        }
        if answer["confirmation_token"].is_null() {
            return Ok(None);
        }
        let issued = Issued {
            tool: sent.tool,
            arguments: sent.arguments.clone(),
            token: answer["confirmation_token"].clone(),
            text: answer["confirmation_text"].clone(),
            said: answer["preview"].to_string(),
            is_used: false,
        };
        self.issued.push(issued.clone());
        Ok(Some(issued))
    }

    /// Calls a tool, and answers for the person if one is asked. Gives the result and the question.
    async fn exchange(&mut self, tool: &str, arguments: Value, person: Person) -> (Value, Option<String>) {
        let id = self.host.start("tools/call", call(tool, arguments)).await;
        let mut question = None;
        loop {
            let message = self.host.receive().await;
            if message["method"] == "elicitation/create" {
                question = Some(message["params"]["message"].as_str().unwrap().to_owned());
                let answer = match person {
                    Person::Yes => json!({"action": "accept", "content": {"confirm": true}}),
                    Person::UncheckedBox => json!({"action": "accept", "content": {"confirm": false}}),
                    Person::Garbled => json!({"action": "accept", "content": {"confirm": "true"}}),
                    Person::Declines => json!({"action": "decline"}),
                    Person::Cancels => json!({"action": "cancel"}),
                };
                self.host.send(json!({"jsonrpc": "2.0", "id": message["id"], "result": answer})).await;
            } else if message["id"] == id {
                return (message["result"].clone(), question);
            }
        }
    }

    fn new_audit_entries(&mut self) -> Vec<Value> {
        let log = std::fs::read_to_string(&self.audit_log).unwrap_or_default();
        let entries: Vec<Value> =
            log.lines().skip(self.audited).map(|line| serde_json::from_str(line).unwrap()).collect();
        self.audited += entries.len();
        entries
    }

    fn judge(
        &mut self,
        sent: &Sent<'_>,
        before: &Snapshot,
        result: &Value,
        question: Option<&str>,
        entries: &[Value],
    ) -> Result<(), String> {
        let status = result["structuredContent"]["status"].as_str().unwrap_or_default();
        let is_error = result["isError"] == true;
        self.tally.withheld += u32::from(status == "needs_confirmation");
        self.tally.refused += u32::from(status == "declined");
        self.tally.policy +=
            u32::from(is_error && result["content"][1]["text"].to_string().contains("polic"));
        if *before == self.store {
            return Ok(());
        }
        self.tally.changed += 1;
        if sent.is_dry
            || is_error
            || ["needs_confirmation", "declined", "dismissed", "dry_run"].contains(&status)
        {
            return Err("an answer that says that nothing was changed, and something was".to_owned());
        }
        let [entry] = entries else { return Err(format!("{} audit lines for one change", entries.len())) };
        if entry["tool"] != sent.tool {
            return Err(format!("the audit log tells of another tool: {entry}"));
        }
        self.guard.check(&mut self.counted, before, &self.store)?;
        let needed = needed(before, &self.store);
        if needed.is_empty() {
            return Ok(());
        }
        let said = match entry["arguments"]["confirmed"].as_str() {
            Some("person") => {
                self.tally.confirmed_by_person += 1;
                question.filter(|_| sent.person == Person::Yes).ok_or("no person said yes")?.to_owned()
            }
            Some("token") => {
                self.tally.confirmed_by_token += 1;
                self.redeemed(sent)?
            }
            other => return Err(format!("{needed:?} without a recorded yes, but {other:?}")),
        };
        match needed.iter().find(|words| !words.iter().any(|word| said.contains(word))) {
            Some(words) => Err(format!("the yes was to something else: none of {words:?} is in: {said}")),
            None => Ok(()),
        }
    }

    /// What was said when the token of this call was given, to this same call; it must not have been used before.
    fn redeemed(&mut self, sent: &Sent<'_>) -> Result<String, String> {
        let (token, text) = sent.token.as_ref().ok_or("no token was sent")?;
        let issued =
            self.issued.iter_mut().find(|issued| issued.token == *token).ok_or("an invented token")?;
        if issued.is_used {
            return Err("a token was used twice".to_owned());
        }
        if (issued.tool, &issued.arguments, &issued.text) != (sent.tool, sent.arguments, text) {
            return Err(format!("a token of another call: {issued:?}"));
        }
        issued.is_used = true;
        Ok(issued.said.clone())
    }
}

/// What of a change needs a yes, each as words of which one must have been said.
fn needed(before: &Snapshot, after: &Snapshot) -> Vec<Vec<String>> {
    let exposed = after.promotions.iter().flat_map(|(id, promotion)| {
        let old = before.promotions.get(id);
        if old == Some(promotion) { BTreeSet::new() } else { new_exposures(old, promotion) }
    });
    let mut needed: Vec<_> = exposed.map(|exposure| exposure.words()).collect();
    let gone = before.promotions.keys().any(|id| !after.promotions.contains_key(id))
        || before.codes.keys().any(|id| !after.codes.contains_key(id));
    if gone {
        needed.push(vec!["delete".to_owned()]);
    }
    needed
}
