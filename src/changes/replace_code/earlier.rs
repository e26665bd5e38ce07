//! Replacements on record. A call that is made again must not take the same uses off twice, and one that got
//! stuck between deleting and making must find out what was there.

use jiff::{SignedDuration, Timestamp};

use crate::coupons::CodeText;
use crate::state::Change;

use super::super::plan::{CodeRow, Step};
use super::super::{ChangeError, Desk};

/// How long ago a replacement may have been that is looked back upon.
const LOOKED_BACK: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What replaces codes.
const TOOL: &str = "replace_coupon_code";

/// A replacement that was made, or begun, and not taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Earlier {
    /// The promotion of both codes.
    pub(super) promotion_id: u64,
    /// The code that was replaced, as it was.
    pub(super) old: CodeRow,
    /// The code in its place, if it was made.
    pub(super) made: Option<CodeRow>,
}

impl Desk {
    /// The latest replacement of a code that is not there any more.
    pub(super) async fn replacement_of(&self, gone: &CodeText) -> Result<Option<Earlier>, ChangeError> {
        let all = self.replacements().await?;
        Ok(all.into_iter().find(|earlier| gone.matches(&earlier.old.code)))
    }

    /// The replacement that has made the code of this id.
    pub(super) async fn replacement_that_made(&self, id: u64) -> Result<Option<Earlier>, ChangeError> {
        let all = self.replacements().await?;
        Ok(all.into_iter().find(|earlier| earlier.made.as_ref().is_some_and(|made| made.id == id)))
    }

    /// The latest first.
    async fn replacements(&self) -> Result<Vec<Earlier>, ChangeError> {
        let changes = self
            .state()
            .changes_by(TOOL, self.now().checked_sub(LOOKED_BACK).unwrap_or(Timestamp::MIN))
            .await?;
        Ok(changes.iter().filter_map(Earlier::read).collect())
    }
}

impl Earlier {
    fn read(change: &Change) -> Option<Self> {
        // One that ended without anything to take back has changed nothing.
        let changed = change.ending.is_none() || change.inverse.is_some();
        if !changed || change.undone_by.is_some() {
            return None;
        }
        let steps: Vec<Step> = serde_json::from_value(change.before.get("steps")?.clone()).ok()?;
        let (promotion_id, old) = steps.iter().find_map(|step| match step {
            Step::DeleteCodes { promotion_id, codes, .. } => Some((*promotion_id, codes.first()?.clone())),
            _ => None,
        })?;
        let made = change.after.as_ref().and_then(|after| {
            let made: Vec<(u64, CodeRow)> =
                serde_json::from_value(after.get("codes_created")?.clone()).ok()?;
            made.into_iter().next().map(|(_, row)| row)
        });
        Some(Self { promotion_id, old, made })
    }
}
