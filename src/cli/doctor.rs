//! `coupon-mcp doctor`: what is configured, and does it work? Each failure with its remedy.

use std::process::ExitCode;
use std::time::Instant;

use crate::bigcommerce::{ApiError, Client};
use crate::clock::Clock;
use crate::config::{ConfigError, StoreArgs, StoreConfig};
use crate::tools::ToolError;

use super::exit::MISCONFIGURED;
use super::output::Style;
use super::{output, store};

/// Prints one line per check on stdout. Exit code 0 when all is well, 1 when a check failed, 2 when there is
/// no usable configuration.
pub(super) async fn run(args: &StoreArgs) -> anyhow::Result<ExitCode> {
    let report = Report { style: Style::of_stdout() };
    let (description, store) =
        match describe(args).and_then(|text| Ok((text, store::open(args, 0, &Clock::system())?))) {
            Ok(found) => found,
            Err(error) => {
                report.failed("configuration", &error.to_string());
                return Ok(ExitCode::from(MISCONFIGURED));
            }
        };
    report.fine("configuration", &description);
    let started = Instant::now();
    let answer = store.client().newest_coupon_promotions(1, &store.patience()).await;
    let latency_ms = started.elapsed().as_millis();
    let healthy = report.connection(store.client(), answer.map(|_| ()), latency_ms);
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn describe(args: &StoreArgs) -> Result<String, ConfigError> {
    Ok(match args.resolve()? {
        StoreConfig::Sandbox { data: None } => "the practice store, in memory".to_owned(),
        StoreConfig::Sandbox { data: Some(file) } => format!("the practice store in {}", file.display()),
        StoreConfig::Remote { api, hash, .. } => format!("store {hash} at {api}"),
    })
}

struct Report {
    style: Style,
}

impl Report {
    fn fine(&self, check: &str, text: &str) {
        output::data(&format!("{}  {check}: {text}", self.style.green("ok  ")));
    }

    fn failed(&self, check: &str, text: &str) {
        output::data(&format!("{}  {check}: {text}", self.style.red("FAIL")));
    }

    fn skipped(&self, check: &str, text: &str) {
        output::data(&format!("{}  {check}: {text}", self.style.dim("-   ")));
    }

    /// What one reading request tells; whether all of it is well.
    fn connection(&self, client: &Client, answer: Result<(), ApiError>, latency_ms: u128) -> bool {
        let reached = match &answer {
            Ok(()) => true,
            Err(error) => error.status().is_some(),
        };
        if reached {
            self.fine("reachability", &format!("the API answered in {latency_ms} ms"));
        }
        let healthy = match answer {
            Ok(()) => {
                self.fine("token", "accepted");
                self.fine("read scope", "the token may read promotions (Marketing: read-only or modify)");
                true
            }
            Err(error) => {
                self.explain(error);
                false
            }
        };
        match client.quota() {
            Some(quota) => self.fine(
                "quota",
                &format!(
                    "{} of {} requests left, new window in {} ms",
                    quota.requests_left, quota.requests_quota, quota.resets_in_ms
                ),
            ),
            None => self.skipped("quota", "the API sent no rate headers"),
        }
        self.skipped(
            "write scope",
            "unknown until the first write: BigCommerce offers no harmless way to ask",
        );
        healthy
    }

    fn explain(&self, error: ApiError) {
        let check = match error.status().map(|status| status.as_u16()) {
            None => "reachability",
            Some(401) => "token",
            Some(403) => {
                self.skipped("token", "not refused as such");
                "read scope"
            }
            Some(_) => "answer",
        };
        let error = ToolError::from(error);
        self.failed(check, &format!("{} {}", error.message, error.hint));
    }
}
