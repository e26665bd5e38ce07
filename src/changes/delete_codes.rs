//! Planning the deletion of codes.

mod by_job;
mod found;

use jiff::Timestamp;

use crate::bigcommerce::Patience;
use crate::coupons::code_filter::{CodeFilter, Uses};
use crate::coupons::store_time::{self, Edge};
use crate::coupons::text::count;
use crate::coupons::{CodeText, CouponCode, CouponError, Promotion, quoted};

use crate::jobs::{JobRecord, report};

use super::plan::Plan;
use super::{ChangeError, Desk};
use found::Found;
pub(in crate::changes) use found::lines;

/// Codes that one call deletes at most; more are a job's.
pub const MOST_DELETED: usize = 2_500;
/// Codes of a promotion that one call reads at most; a job reads more.
pub const MOST_READ: usize = 15_000;
/// Codes that may be named by their texts: each costs two requests.
pub const MOST_TEXTS: usize = 50;
/// Codes that may be named by their ids.
pub const MOST_IDS: usize = 250;
/// Codes shown in a preview.
const SHOWN: usize = 5;

/// Which codes go.
#[derive(Debug, Clone)]
pub enum Selection {
    /// These texts, wherever in the store they are.
    Texts {
        /// The codes.
        texts: Vec<CodeText>,
        /// If given, all of them must be this promotion's.
        promotion_id: Option<u64>,
    },
    /// These ids of one promotion.
    Ids {
        /// The promotion.
        promotion_id: u64,
        /// The codes.
        ids: Vec<u64>,
    },
    /// Those of one promotion that fit.
    Filter {
        /// The promotion.
        promotion_id: u64,
        /// What they must be.
        filter: Choice,
    },
}

/// What a code must be to be deleted; at least one of the three is set.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// By its uses.
    pub uses: Option<Uses>,
    /// Made before this date or time.
    pub created_before: Option<String>,
    /// It begins with this, whatever the case.
    pub prefix: Option<String>,
}

/// The codes of a promotion that fit.
enum Fitting {
    /// All of them, and what stays.
    Read(Vec<CouponCode>, Staying),
    /// Too many codes to read now; so many in all, where the API says.
    Among(Option<u64>),
}

/// Codes of the same promotion that are not deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Staying {
    /// How many.
    pub codes: u64,
    /// How many of them were used, where that was read.
    pub used: Option<u64>,
}

impl Staying {
    /// `40 codes of the promotion stay, 38 of them used.`
    fn sentence(self) -> String {
        let stay = if self.codes == 1 { "stays" } else { "stay" };
        let used = self.used.filter(|&used| used > 0).map(|used| format!(", {used} of them used"));
        match self.codes {
            0 => "No code of the promotion stays.".to_owned(),
            1 => {
                format!("1 code of the promotion {stay}{}.", if used.is_some() { ", a used one" } else { "" })
            }
            codes => format!("{} of the promotion {stay}{}.", count(codes, "code"), used.unwrap_or_default()),
        }
    }
}

/// A planned deletion.
#[derive(Debug)]
pub struct PlannedDeletion {
    /// What stays, where all codes are of one promotion.
    pub stay: Option<Staying>,
    /// What was named and is not there.
    pub not_found: Vec<String>,
    /// What to do; `None` when none of the codes is there.
    pub plan: Option<Box<Plan>>,
}

impl Desk {
    /// Plans a deletion. By texts two or more requests a code; else one for the promotion and one for every
    /// 250 codes of it.
    ///
    /// # Errors
    /// A [`ChangeError`]: no such promotion, or the API.
    pub async fn plan_delete_codes(
        &self,
        selection: &Selection,
        patience: &Patience,
    ) -> Result<PlannedDeletion, ChangeError> {
        let mut found = Found::default();
        match selection {
            Selection::Texts { texts, promotion_id } => {
                self.find_texts(texts, &mut found, patience).await?;
                if let Some(id) = promotion_id {
                    found.must_be_of(*id)?;
                }
                if let [(promotion, codes)] = found.promotions.as_slice() {
                    let total = self.count_codes(promotion.id, patience).await;
                    let stay = total.map(|total| total.saturating_sub(codes.len() as u64));
                    found.stay = stay.map(|codes| Staying { codes, used: None });
                }
            }
            Selection::Ids { promotion_id, ids } => {
                let filter = CodeFilter { ids: Some(ids.clone()), ..CodeFilter::default() };
                let planned = self.find_fitting(*promotion_id, filter, &mut found, patience).await?;
                if let Some(planned) = planned {
                    return Ok(planned);
                }
                let missing = ids.iter().filter(|id| !found.has(**id)).map(u64::to_string).collect();
                found.missing = missing;
            }
            Selection::Filter { promotion_id, filter } => {
                let created_before =
                    self.instant("created_before", filter.created_before.as_deref(), patience).await?;
                let (uses, prefix) = (filter.uses, filter.prefix.clone());
                let filter = CodeFilter { uses, created_before, created_after: None, prefix, ids: None };
                let planned = self.find_fitting(*promotion_id, filter, &mut found, patience).await?;
                if let Some(planned) = planned {
                    return Ok(planned);
                }
            }
        }
        let by_text = matches!(selection, Selection::Texts { .. });
        Ok(found.into_plan(by_text))
    }

    /// Finds the codes of a promotion that fit, or plans the job that does so where they are too many for a call.
    async fn find_fitting(
        &self,
        promotion_id: u64,
        filter: CodeFilter,
        found: &mut Found,
        patience: &Patience,
    ) -> Result<Option<PlannedDeletion>, ChangeError> {
        let promotion = self.load_promotion(promotion_id, patience).await?;
        match self.read_fitting(promotion_id, |code| filter.fits(code), patience).await? {
            Fitting::Read(codes, stay) if codes.len() <= MOST_DELETED => {
                found.add(&promotion, &codes);
                found.stay = Some(stay);
                Ok(None)
            }
            fitting => Ok(Some(by_job::plan(&promotion, filter, None, &fitting))),
        }
    }

    /// The codes that fit; of a promotion that is too large to read in one call, only how many it has.
    async fn read_fitting(
        &self,
        promotion_id: u64,
        fits: impl Fn(&CouponCode) -> bool + Send,
        patience: &Patience,
    ) -> Result<Fitting, ChangeError> {
        let mut walk = self.store().walk_codes(promotion_id, None);
        let (mut fitting, mut read, mut used) = (Vec::new(), 0, 0);
        while let Some(page) = walk.next(patience).await? {
            read += page.len();
            for code in page {
                if fits(&code) {
                    fitting.push(code);
                } else {
                    used += u64::from(code.current_uses > 0);
                }
            }
            let too_large = |codes: u64| codes > MOST_READ as u64;
            match walk.total() {
                Some(total) if too_large(total) => return Ok(Fitting::Among(Some(total))),
                None if too_large(read as u64) => return Ok(Fitting::Among(None)),
                _ => {}
            }
        }
        let stay = Staying { codes: (read - fitting.len()) as u64, used: Some(used) };
        Ok(Fitting::Read(fitting, stay))
    }

    /// Plans a job that deletes those codes that the job `maker` made and nobody has used.
    ///
    /// # Errors
    /// A [`ChangeError`]: no such promotion, or the API.
    pub(super) async fn plan_delete_unused_of(
        &self,
        maker: &JobRecord,
        promotion_id: u64,
        patience: &Patience,
    ) -> Result<PlannedDeletion, ChangeError> {
        let made = report::texts(self.jobs().journal(), maker, false).await?;
        let filter = CodeFilter { uses: Some(Uses::Unused), ..CodeFilter::default() };
        let promotion = self.load_promotion(promotion_id, patience).await?;
        let fits = |code: &CouponCode| filter.fits(code) && made.contains(&code.code.to_ascii_lowercase());
        let fitting = self.read_fitting(promotion_id, fits, patience).await?;
        if let Fitting::Read(codes, stay) = &fitting
            && codes.is_empty()
        {
            return Ok(PlannedDeletion { not_found: Vec::new(), stay: Some(*stay), plan: None });
        }
        let made_by = (&maker.id, made.len() as u64);
        Ok(by_job::plan(&promotion, filter, Some(made_by), &fitting))
    }

    async fn find_texts(
        &self,
        texts: &[CodeText],
        found: &mut Found,
        patience: &Patience,
    ) -> Result<(), ChangeError> {
        for text in texts {
            let Some(code) = self.store().find_code(text, patience).await? else {
                found.missing.push(text.to_string());
                continue;
            };
            let owner = self.owner_of(&code, patience).await?;
            found.add(&owner, &[code]);
        }
        Ok(())
    }

    /// The promotion that holds a code which is there.
    pub(super) async fn owner_of(
        &self,
        code: &CouponCode,
        patience: &Patience,
    ) -> Result<Promotion, ChangeError> {
        let owners = self.store().client().promotions_with_code(&code.code, patience).await?;
        let mut owners: Vec<Promotion> = owners.into_iter().map(Promotion::from).collect();
        if owners.len() == 1 {
            owners.truncate(1);
        } else {
            // The filter may match in part: the one whose own list has the code is the owner.
            for owner in std::mem::take(&mut owners) {
                if self.store().has_code(owner.id, code, patience).await? {
                    owners.push(owner);
                    break;
                }
            }
        }
        owners.pop().ok_or_else(|| {
            ChangeError::invalid(
                format!("It cannot be found out which promotion holds the code {}.", quoted(&code.code)),
                "Give promotion_id and code_ids; list_coupon_codes shows the ids of a promotion's codes.",
            )
        })
    }

    /// The instant that an argument names.
    ///
    /// # Errors
    /// [`ChangeError::Time`].
    pub async fn instant(
        &self,
        argument: &'static str,
        given: Option<&str>,
        patience: &Patience,
    ) -> Result<Option<Timestamp>, ChangeError> {
        let Some(given) = given else { return Ok(None) };
        let zone = self.store().zone(patience).await;
        let moment = store_time::read(given, Edge::Start, zone.as_ref(), self.now())
            .map_err(|fault| ChangeError::misread(argument, fault, self.now(), zone.as_ref()))?;
        Ok(Some(moment.timestamp))
    }
}

/// A legacy coupon has the text, or nothing has.
pub(super) fn not_there(code: &CodeText) -> ChangeError {
    CouponError::UnknownCode { code: code.to_string() }.into()
}
