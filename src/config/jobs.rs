//! Bulk jobs: how they share the quota, when doubts are settled, and which files they touch.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// The flags of bulk jobs.
#[derive(Debug, Clone, Args)]
pub struct JobArgs {
    /// Milliseconds until a request whose answer was lost can no longer take effect; then a job looks what it did.
    #[arg(long, value_name = "N", env = "COUPON_MCP_SETTLE_MS", default_value_t = 30_000,
          value_parser = clap::value_parser!(u64).range(0..=3_600_000))]
    pub settle_ms: u64,
    /// Percent of BigCommerce's rate limit that jobs leave to the store's other apps and to calls.
    #[arg(long, value_name = "PERCENT", env = "COUPON_MCP_JOB_RESERVE_PERCENT", default_value_t = 20,
          value_parser = clap::value_parser!(u8).range(0..=90))]
    pub job_reserve_percent: u8,
    /// A directory that import_coupon_codes may read files from; may be given several times. Without it, none.
    #[arg(long, value_name = "DIR", env = "COUPON_MCP_ALLOW_DIR", value_delimiter = ',')]
    pub allow_dir: Vec<PathBuf>,
    /// Write exports into this directory; without it, into coupon-mcp-exports in the user's home.
    #[arg(long, value_name = "DIR", env = "COUPON_MCP_EXPORT_DIR")]
    pub export_dir: Option<PathBuf>,
}

impl JobArgs {
    /// How old a request in doubt must be before looking tells the truth.
    pub fn settle(&self) -> Duration {
        Duration::from_millis(self.settle_ms)
    }

    /// Where exports are written; `None` where no directory is given and the user has no home.
    pub fn exports(&self) -> Option<PathBuf> {
        let home = || etcetera::home_dir().ok().map(|home| home.join("coupon-mcp-exports"));
        self.export_dir.clone().or_else(home)
    }
}
