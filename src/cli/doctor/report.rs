//! What was found, for people and for programs.

use serde::Serialize;

use crate::cli::output::{self, Style};

/// The findings. For people each is printed at once, for programs all of them at the end.
pub(super) struct Report {
    style: Style,
    json: bool,
    findings: Vec<Finding>,
}

#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    outcome: Outcome,
    message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Ok,
    Failed,
    /// It cannot be found out.
    Unknown,
}

#[derive(Serialize)]
struct Findings<'r> {
    ok: bool,
    version: &'static str,
    checks: &'r [Finding],
}

impl Report {
    pub(super) fn new(json: bool) -> Self {
        Self { style: Style::of_stdout(), json, findings: Vec::new() }
    }

    pub(super) fn fine(&mut self, check: &'static str, text: impl Into<String>) {
        self.add(check, Outcome::Ok, text.into());
    }

    pub(super) fn failed(&mut self, check: &'static str, text: impl Into<String>) {
        self.add(check, Outcome::Failed, text.into());
    }

    pub(super) fn unknown(&mut self, check: &'static str, text: impl Into<String>) {
        self.add(check, Outcome::Unknown, text.into());
    }

    /// Whether no check failed.
    pub(super) fn is_healthy(&self) -> bool {
        self.findings.iter().all(|finding| finding.outcome != Outcome::Failed)
    }

    /// Prints what was not printed yet.
    pub(super) fn finish(&self) -> anyhow::Result<()> {
        if !self.json {
            return Ok(());
        }
        let version = env!("CARGO_PKG_VERSION");
        output::json(&Findings { ok: self.is_healthy(), version, checks: &self.findings })
    }

    fn add(&mut self, check: &'static str, outcome: Outcome, message: String) {
        if !self.json {
            let mark = match outcome {
                Outcome::Ok => self.style.green("ok  "),
                Outcome::Failed => self.style.red("FAIL"),
                Outcome::Unknown => self.style.dim("-   "),
            };
            output::data(&format!("{mark}  {check}: {message}"));
        }
        self.findings.push(Finding { check, outcome, message });
    }
}
