//! What a bulk job did, code by code, as far as an answer can hold it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::changes::Desk;
use crate::jobs::report::{self, Row};
use crate::jobs::{JobRecord, JobState, Kind};

use super::error::ToolError;
use super::schema;

/// So many codes or fewer are in an answer.
const SHOWN: u64 = 50;
/// Of a longer list, so many examples.
const SAMPLES: usize = 5;
/// Rows of any other list.
const ROWS: usize = 10;

/// Counts and codes.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub(super) struct JobCodes {
    /// New codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<u64>,
    /// All, if they are 50 or fewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    codes: Option<Vec<String>>,
    /// Of more codes: five.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    samples: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    already_existed_count: Option<u64>,
    /// The first 10 that were there before with the same limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<schema::Opaque>>")]
    already_existed: Option<Vec<Existing>>,
    /// The first 10, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<schema::Opaque>>")]
    failed: Option<Vec<Failed>>,
}

/// A code that was there before.
#[derive(Debug, Clone, Serialize)]
struct Existing {
    code: String,
    current_uses: u64,
    max_uses: u64,
    max_uses_per_customer: u64,
}

/// A code that came to nothing.
#[derive(Debug, Clone, Serialize)]
struct Failed {
    code: String,
    why: String,
}

impl JobCodes {
    /// Reads them of a job that makes or deletes codes and is not under way any more.
    pub(super) async fn of(desk: &Desk, record: &JobRecord) -> Result<Self, ToolError> {
        if !record.kind.writes() || record.state == JobState::Running {
            return Ok(Self::default());
        }
        let mut read = Reading::default();
        report::each(desk.jobs().journal(), record, |row| read.take(row)).await?;
        let makes = record.kind != Kind::Delete;
        let imports = record.kind == Kind::Import;
        let all = record.kind == Kind::Generate && read.created <= SHOWN;
        let samples = read.codes.iter().take(SAMPLES).cloned().collect();
        Ok(Self {
            created: makes.then_some(read.created),
            samples: if makes && !imports && !all { samples } else { Vec::new() },
            codes: all.then_some(read.codes),
            already_existed_count: imports.then_some(read.existed),
            already_existed: imports.then_some(read.existing),
            failed: (imports || !read.failed.is_empty()).then_some(read.failed),
        })
    }

    /// Codes that were there before.
    pub(super) fn existed(&self) -> u64 {
        self.already_existed_count.unwrap_or_default()
    }
}

#[derive(Default)]
struct Reading {
    created: u64,
    codes: Vec<String>,
    existed: u64,
    existing: Vec<Existing>,
    failed: Vec<Failed>,
}

impl Reading {
    fn take(&mut self, row: Row) {
        match row.outcome {
            "created" | "adopted" => {
                self.created += 1;
                if self.created <= SHOWN {
                    self.codes.push(row.code);
                }
            }
            "already_existed" => {
                self.existed += 1;
                if self.existing.len() < ROWS {
                    let limits = row.limits.unwrap_or_default();
                    self.existing.push(Existing {
                        code: row.code,
                        current_uses: row.uses,
                        max_uses: limits.max_uses,
                        max_uses_per_customer: limits.max_uses_per_customer,
                    });
                }
            }
            "failed" if self.failed.len() < ROWS => {
                self.failed.push(Failed { code: row.code, why: row.detail });
            }
            _ => {}
        }
    }
}
