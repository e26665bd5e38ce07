//! Every request of a change meets every fault, in a usual run some of them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fault::{Fault, Table, Times};
use super::holding::Holding;
use super::{Shop, Told, kind_of, tool_error};

/// A change, and what is right for it.
pub(super) struct Write {
    pub(super) tool: &'static str,
    pub(super) arguments: Value,
    pub(super) table: Table,
    /// Codes of promotion 4 that the store of this test does not have.
    pub(super) without: &'static [RangeInclusive<u64>],
    /// Changes made before it, without a fault. With `undo`, the last of them is what is taken back.
    pub(super) first: Vec<(&'static str, Value)>,
    /// Whether a creation is sent again after a look-up that found nothing: the text has just been deleted.
    pub(super) insists: bool,
    /// A promotion whose many codes it does not touch.
    pub(super) unread: Option<u64>,
    /// Looks at the store after the change without any fault.
    pub(super) right: fn(&Holding, &Holding),
    /// Whether what the answer says is what happened: the answer, the store before it and after it.
    pub(super) true_of: fn(&Value, &Holding, &Holding) -> bool,
}

/// The fault of one run.
struct Case<'a> {
    kind: &'a str,
    /// So many such requests pass first.
    place: usize,
    fault: &'a Fault,
}

/// Goes through the whole table.
pub(super) async fn survives(write: Write) {
    let mut shop = Shop::open().await;
    shop.unread = write.unread;
    let arguments = shop.prepare(&write).await;
    let before = shop.holding().await;
    let seen = shop.wire.count();
    let told = shop.call(write.tool, &arguments).await;
    assert_eq!(told.status(), "done", "{}", told.0);
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for exchange in shop.wire.exchanges_since(seen) {
        *kinds.entry(kind_of(&exchange)).or_default() += 1;
    }
    let wanted = shop.holding().await;
    (write.right)(&before, &wanted);
    assert!((write.true_of)(told.content(), &before, &wanted), "{}", told.0);

    let (write, wanted) = (Arc::new(write), Arc::new(wanted));
    let runs = kinds.into_iter().enumerate().map(|(turn, (kind, times))| {
        let (write, wanted) = (Arc::clone(&write), Arc::clone(&wanted));
        tokio::spawn(async move { go_through(&write, &wanted, &kind, times, turn).await })
    });
    let failed: Vec<String> =
        futures::future::join_all(runs).await.into_iter().flat_map(Result::unwrap).collect();
    assert!(failed.is_empty(), "{} fail:\n\n{}", failed.len(), failed.join("\n\n"));
}

/// All faults at one kind of request; what went wrong comes back.
async fn go_through(write: &Write, wanted: &Holding, kind: &str, times: usize, turn: usize) -> Vec<String> {
    let mut shop = Shop::open().await;
    shop.unread = write.unread;
    let mut failed = Vec::new();
    for place in (0..times).filter(|place| *place == 0 || *place == times - 1) {
        for fault in write.table.rows(kind.starts_with("GET"), turn + place) {
            let case = Case { kind, place, fault };
            if let Err(why) = run(&mut shop, write, wanted, &case).await {
                failed.push(format!("{} at {kind} ({}.), {}: {why}", write.tool, place + 1, fault.name));
            }
        }
    }
    failed
}

/// One fault: the call is repeated afterwards, and in a second run taken back.
async fn run(shop: &mut Shop, write: &Write, wanted: &Holding, case: &Case<'_>) -> Result<(), String> {
    let (told, after, before, arguments) = shop.meet(write, wanted, case).await?;
    let again = shop.call(write.tool, &arguments).await;
    let last = shop.holding().await;
    if !last.same_as(wanted) {
        return Err(format!("a repeat does not do the rest: {}\n{}", again.text(), last.difference(wanted)));
    }
    // What was done as if nothing had been is taken back by the tests of undo.
    if after.same_as(&before) || told.status() == "done" {
        return Ok(());
    }
    let (told, _, before, _) = shop.meet(write, wanted, case).await?;
    let which = json!({"change_id": told.named_change()});
    let undone = shop.call("undo", &which).await;
    let last = shop.holding().await;
    if !last.same_as(&before) {
        let why = last.difference(&before);
        return Err(format!(
            "undo {which} does not restore: {}\nafter {}\n{why}",
            undone.text(),
            told.text()
        ));
    }
    Ok(())
}

impl Shop {
    /// A new store with what comes before the change; its arguments.
    async fn prepare(&mut self, write: &Write) -> Value {
        self.reset().await;
        for ids in write.without {
            self.sandbox.delete_codes(4, ids.clone()).await;
        }
        let mut last = Value::Null;
        for (tool, arguments) in &write.first {
            last = self.done(tool, arguments.clone()).await;
        }
        if write.tool == "undo" { json!({"change_id": last["change_id"]}) } else { write.arguments.clone() }
    }

    /// The change meets the fault, and its answer is judged: the answer, the store after and before, the
    /// arguments.
    async fn meet(
        &mut self,
        write: &Write,
        wanted: &Holding,
        case: &Case<'_>,
    ) -> Result<(Told, Holding, Holding, Value), String> {
        if case.kind.contains("/v2/") {
            // The time zone is asked for once.
            self.restart().await;
        }
        let arguments = self.prepare(write).await;
        let before = self.holding().await;
        let seen = self.wire.count();
        let times = if case.fault.times == Times::Once { 1 } else { usize::MAX };
        let fault = *case.fault;
        self.arm(case.kind, case.place, times, move || fault.act());
        let told = self.call(write.tool, &arguments).await;
        let met = self.armed.lock().unwrap().as_ref().is_some_and(|armed| armed.left < times);
        self.disarm();
        if case.fault.name.starts_with("429") || case.kind.contains("/v2/") {
            // What it has learnt of a limit or a scope would hold up what comes next.
            self.restart().await;
        }
        let after = self.holding().await;
        if !met {
            return Err(format!("the fault was not met: {}", told.0));
        }
        judge(write, case, &told, [&before, &after, wanted])?;
        self.posted_once(write, case.fault, seen)?;
        Ok((told, after, before, arguments))
    }

    /// What was sent once and is in doubt is not sent again.
    fn posted_once(&self, write: &Write, fault: &Fault, seen: usize) -> Result<(), String> {
        let mut posts: BTreeMap<String, usize> = BTreeMap::new();
        for post in self.wire.exchanges_since(seen).iter().filter(|seen| seen.method == "POST") {
            *posts.entry(format!("{} {}", post.line(), post.body)).or_default() += 1;
        }
        let twice = posts.iter().find(|(_, times)| **times > 1);
        match twice {
            Some((post, times)) if !fault.name.starts_with("429") && !write.insists => {
                Err(format!("sent {times} times: {post}"))
            }
            _ => Ok(()),
        }
    }
}

fn judge(
    write: &Write,
    case: &Case<'_>,
    told: &Told,
    [before, after, wanted]: [&Holding; 3],
) -> Result<(), String> {
    let fault = case.fault;
    let must = |holds: bool, what: &str| if holds { Ok(()) } else { Err(format!("{what}: {}", told.0)) };
    must(after.count() <= before.count().max(wanted.count()), "a promotion too many")?;
    let is_lost = before.texts().into_iter().any(|code| after.code(code).is_none());
    must(!is_lost || told.text().contains("chg_") || told.change_id().is_some(), "lost without a change_id")?;
    match told.status() {
        "error" => {
            let error = tool_error(&told.0);
            for part in ["message", "hint"] {
                let text = error[part].as_str().unwrap();
                must(text.len() > 20 && text.ends_with(['.', '!', '?']), part)?;
                must(!text.contains(['<', '\n', '\0']), part)?;
            }
            let code = error["code"].as_str().unwrap();
            let in_doubt = code == "outcome_unknown";
            // What an earlier request of the same step has done may be what the look-up cannot tell.
            let fits = (in_doubt && case.place > 0)
                || (case.kind.contains("/v2/store") && code == "timezone_unknown")
                || fault.codes.contains(&code)
                || (in_doubt && (fault.leaves_doubt() || case.kind.starts_with("GET")));
            must(fits, "another error code is expected")?;
            must(in_doubt || after.same_as(before), "an error, and yet something was changed")
        }
        "partial" => {
            let id = told.change_id().unwrap_or("no change_id");
            must(told.text().contains(id), "no change_id in the text")?;
            let says = ["Not done", "It is not known whether this was done"];
            must(says.iter().any(|words| told.text().contains(words)), "it does not say what is not done")?;
            must(told.text().contains("Go on: "), "it does not say how to go on")?;
            must(
                !after.same_as(wanted) || told.text().contains("not known"),
                "partial, and yet all is done",
            )?;
            must((write.true_of)(told.content(), before, after), "the answer is not true")
        }
        "done" => {
            // Who is told that it is not there believes it.
            let is_missing = case.kind.starts_with("GET") && fault.name == "404";
            must(after.same_as(wanted) || is_missing, "done, and yet not all is done")?;
            must(is_missing || (write.true_of)(told.content(), before, after), "the answer is not true")
        }
        other => Err(format!("{other}: {}", told.0)),
    }
}
