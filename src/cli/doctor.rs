//! `coupon-mcp doctor`: what would the server use, and does it work? Each failure with its remedy.

mod report;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::anyhow;
use clap::Args;

use crate::bigcommerce::{ApiError, Client};
use crate::changes::Desk;
use crate::config::{Guards, PracticeData, StoreConfig, environment};
use crate::coupons::Store;
use crate::state::Location;
use crate::tools::ToolError;

use super::exit::MISCONFIGURED;
use super::store::{self, ServeArgs};
use report::Report;

#[derive(Debug, Args)]
pub(super) struct DoctorCommand {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    serve: ServeArgs,
}

/// Prints one line per check on stdout. Exit code 0 when all is well, 1 when a check failed, 2 when there is
/// no usable configuration.
pub(super) async fn run(command: &DoctorCommand) -> anyhow::Result<ExitCode> {
    let mut report = Report::new(command.json);
    let is_configured = examine(&command.serve, &mut report).await;
    report.finish()?;
    Ok(match (is_configured, report.is_healthy()) {
        (false, _) => ExitCode::from(MISCONFIGURED),
        (true, false) => ExitCode::FAILURE,
        (true, true) => ExitCode::SUCCESS,
    })
}

/// Looks at all that the server would use; `false` where it would not start.
async fn examine(args: &ServeArgs, report: &mut Report) -> bool {
    let guards = match args.guard.resolve() {
        Ok(guards) => guards,
        Err(error) => {
            report.failed("configuration file", format!("{:#}", anyhow!(error)));
            return false;
        }
    };
    report.fine(
        "configuration file",
        match &args.guard.config {
            Some(file) => shown(file),
            None => "none".to_owned(),
        },
    );
    let opened = store::desk(args, &guards).and_then(|desk| Ok((desk, args.store.resolve()?)));
    let (desk, config) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            report.failed("configuration", error.to_string());
            return false;
        }
    };
    report.fine("configuration", describe(&config));
    state(&desk, args, &guards, report).await;
    connection(desk.store(), report).await;
    true
}

fn describe(config: &StoreConfig) -> String {
    match config {
        StoreConfig::Sandbox(PracticeData::Memory) => "the practice store, in memory".to_owned(),
        StoreConfig::Sandbox(PracticeData::File(file)) => format!("the practice store in {}", shown(file)),
        StoreConfig::Sandbox(PracticeData::BesideState) => {
            "the practice store, kept beside the state".to_owned()
        }
        StoreConfig::Remote { api, hash, .. } => format!("store {hash} at {api}"),
    }
}

/// Where the server puts down what it did, and whether it can.
async fn state(desk: &Desk, args: &ServeArgs, guards: &Guards, report: &mut Report) {
    let Ok(Location::Directory(directory)) = store::location(args, guards) else {
        return report.unknown("state", "in memory: forgotten at exit");
    };
    let journal = desk.jobs().journal().running().await;
    match (desk.state().probe().await, journal) {
        (Ok(()), Ok(_)) => report.fine("state", shown(&directory)),
        (Err(error), _) => return report.failed("state", error.to_string()),
        (_, Err(error)) => return report.failed("state", error.to_string()),
    }
    match desk.state().probe_audit().await {
        Ok(file) => report.fine("audit log", shown(&file)),
        Err(error) => report.failed("audit log", error.to_string()),
    }
}

/// A path from its root on, unless it may be a secret in the wrong place.
fn shown(path: &Path) -> String {
    environment::shown(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}

/// Whether the store's API takes our requests.
async fn connection(store: &Store, report: &mut Report) {
    let started = Instant::now();
    let answer = store.client().newest_coupon_promotions(1, &store.patience()).await;
    let latency_ms = started.elapsed().as_millis();
    let is_healthy = answer.is_ok();
    reached(store.client(), answer.map(|_| ()), latency_ms, report);
    if is_healthy {
        match store.zone(&store.patience()).await {
            Some(zone) => report.fine("time zone", zone.iana_name().unwrap_or("fixed offset").to_owned()),
            None => report.unknown(
                "time zone",
                "the token may not read it (Information & settings: read-only); BIGCOMMERCE_TIME_ZONE sets it",
            ),
        }
    }
}

fn reached(client: &Client, answer: Result<(), ApiError>, latency_ms: u128, report: &mut Report) {
    let is_reached = match &answer {
        Ok(()) => true,
        Err(error) => error.status().is_some(),
    };
    if is_reached {
        report.fine("reachability", format!("the API answered in {latency_ms} ms"));
    }
    match answer {
        Ok(()) => {
            report.fine("token", "accepted");
            report.fine("read scope", "the token may read promotions (Marketing: read-only or modify)");
        }
        Err(error) => explain(error, report),
    }
    match client.quota() {
        Some(quota) => report.fine(
            "quota",
            format!(
                "{} of {} requests left, new window in {} ms",
                quota.requests_left, quota.requests_quota, quota.resets_in_ms
            ),
        ),
        None => report.unknown("quota", "the API sent no rate headers"),
    }
    report.unknown("write scope", "unknown until the first write: BigCommerce offers no harmless way to ask");
}

fn explain(error: ApiError, report: &mut Report) {
    let check = match error.status().map(|status| status.as_u16()) {
        None => "reachability",
        Some(401) => "token",
        Some(403) => {
            report.unknown("token", "not refused as such");
            "read scope"
        }
        Some(_) => "answer",
    };
    let error = ToolError::from(error);
    report.failed(check, format!("{} {}", error.message, error.hint));
}
