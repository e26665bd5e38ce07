//! What a job is to do, as the journal keeps it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::coupons::code_filter::CodeFilter;
use crate::coupons::code_shape::CodeShape;
use crate::coupons::summary::SummaryRequest;
use crate::coupons::{CouponCode, UseLimits};
use crate::state::ReservationId;

use super::{JobId, JobRecord};

/// What a job is to do. Everything that a process needs to go on with another one's job, besides its units.
#[derive(Debug, Serialize, Deserialize)]
pub struct Spec {
    /// The work.
    pub work: WorkSpec,
    /// What was reserved below the operator's daily ceiling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<Reserved>,
    /// What stands for the promotion's terms as they were when the job was agreed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<String>,
    /// Its cap then; where it had none, the uses that the job's codes can add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<u64>,
    /// How a yes was given, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<String>,
    /// Where the codes that the job made go once it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<CodesFile>,
}

/// A file that gets exactly the codes of one job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodesFile {
    /// Absolute.
    pub path: PathBuf,
    /// The promotion's name.
    pub promotion: String,
}

impl Spec {
    /// What a job on record is to do.
    ///
    /// # Errors
    /// The journal holds something else: only a hand in it can have done that.
    pub fn read(record: &JobRecord) -> Result<Self, serde_json::Error> {
        Self::deserialize(&record.spec)
    }

    /// The file that the job writes, if it writes one.
    pub fn export_path(record: &JobRecord) -> Option<PathBuf> {
        match Self::read(record).ok()? {
            Self { work: WorkSpec::Export(spec), .. } => Some(spec.path),
            Self { file, .. } => file.map(|file| file.path),
        }
    }

    /// Work that nobody has to agree to.
    pub fn of(work: WorkSpec) -> Self {
        Self { work, reservation: None, terms: None, cap: None, confirmed: None, file: None }
    }
}

/// Room below a ceiling for what is left of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserved {
    /// What to give back.
    pub id: ReservationId,
    /// For so many codes.
    pub amount: u64,
    /// So many were done or in doubt before, and are not of it.
    pub before: u64,
}

impl Reserved {
    /// What of it was not used, when `used` codes are done or in doubt in all.
    pub fn unused(&self, used: u64) -> u64 {
        self.amount.saturating_sub(used.saturating_sub(self.before))
    }
}

/// The work of one kind of job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WorkSpec {
    /// Make codes of one shape.
    Generate(GenerateSpec),
    /// Make given codes.
    Import(ImportSpec),
    /// Delete the codes that fit.
    Delete(DeleteSpec),
    /// Write codes to a file.
    Export(ExportSpec),
    /// Count codes and uses.
    Summarize(SummarizeSpec),
}

/// Codes of one shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenerateSpec {
    /// Where.
    pub promotion_id: u64,
    /// How they look.
    pub shape: CodeShape,
    /// Uses of each.
    pub limits: UseLimits,
    /// Whether `codegen` makes them, or this program.
    pub by_codegen: bool,
    /// Make only what is missing to so many unused codes; `None` = the units say how many.
    pub until_unused: Option<u64>,
    /// Whether the promotion may refuse a second code.
    pub takes_one: bool,
}

/// Given codes, each a unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportSpec {
    /// Where.
    pub promotion_id: u64,
    /// Whether the promotion may refuse a second code.
    pub takes_one: bool,
}

/// Codes that go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeleteSpec {
    /// Where.
    pub promotion_id: u64,
    /// Which.
    pub filter: CodeFilter,
    /// Whether the units are all of them already.
    pub read: bool,
    /// How many a person agreed to at the most; `None` in a job of an older version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<u64>,
    /// Only codes that this job made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<JobId>,
}

/// Codes that are written to a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExportSpec {
    /// Ids and names.
    pub promotions: Vec<(u64, String)>,
    /// Which codes of them.
    pub filter: CodeFilter,
    /// Only the codes that this job made or found there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// The file; absolute.
    pub path: PathBuf,
}

/// Codes that are counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SummarizeSpec {
    /// Where.
    pub promotion_id: u64,
    /// What is to be told of them.
    pub request: SummaryRequest,
}

/// A unit of `codegen`: one request. Its size is the unit's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BatchMade {
    /// The texts.
    pub codes: Vec<String>,
    /// Their ids, where they are known: only of codes that were found by listing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<u64>,
}

/// A unit of single creation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SingleCode {
    /// The text.
    pub code: String,
    /// 0 = unlimited.
    pub max_uses: u32,
    /// 0 = unlimited.
    pub max_uses_per_customer: u32,
}

/// What became of a single code, or of one row of a deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SingleMade {
    /// Its id, if it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// `created`, `already_existed`, `adopted`, `deleted` or `failed`.
    pub outcome: String,
    /// Uses that a code had which was there before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u64>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// A unit of deletion: at most one request's codes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Doomed {
    /// Still to go.
    pub codes: Vec<DoomedCode>,
    /// Seen to be gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<DoomedCode>,
    /// Not deleted, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<(DoomedCode, String)>,
}

/// A code that is to go, as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoomedCode {
    /// Identifier.
    pub id: u64,
    /// The text.
    pub code: String,
    /// Uses recorded.
    pub uses: u64,
}

impl From<&CouponCode> for DoomedCode {
    fn from(code: &CouponCode) -> Self {
        Self { id: code.id, code: code.code.clone(), uses: code.current_uses }
    }
}
