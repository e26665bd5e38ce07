//! Planning the deletion of codes.

mod by_job;

use jiff::Timestamp;

use crate::bigcommerce::Patience;
use crate::coupons::code_filter::{CodeFilter, Uses};
use crate::coupons::store_time::{self, Edge};
use crate::coupons::{CodeText, CouponCode, CouponError, Promotion, quoted};

use super::plan::{CodeRow, Plan, Route, Step};
use super::{ChangeError, Desk};

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
    /// All of them.
    Read(Vec<CouponCode>),
    /// Too many codes to read now; so many in all, where the API says.
    Among(Option<u64>),
}

/// A planned deletion.
#[derive(Debug)]
pub struct PlannedDeletion {
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
        match self.read_fitting(promotion_id, &filter, patience).await? {
            Fitting::Read(codes) if codes.len() <= MOST_DELETED => {
                found.add(&promotion, &codes);
                Ok(None)
            }
            fitting => Ok(Some(by_job::plan(&promotion, filter, &fitting))),
        }
    }

    /// The codes that fit; of a promotion that is too large to read in one call, only how many it has.
    async fn read_fitting(
        &self,
        promotion_id: u64,
        filter: &CodeFilter,
        patience: &Patience,
    ) -> Result<Fitting, ChangeError> {
        let mut walk = self.store().walk_codes(promotion_id, None);
        let (mut fitting, mut read) = (Vec::new(), 0);
        while let Some(page) = walk.next(patience).await? {
            read += page.len();
            fitting.extend(page.into_iter().filter(|code| filter.fits(code)));
            let too_large = |codes: u64| codes > MOST_READ as u64;
            match walk.total() {
                Some(total) if too_large(total) => return Ok(Fitting::Among(Some(total))),
                None if too_large(read as u64) => return Ok(Fitting::Among(None)),
                _ => {}
            }
        }
        Ok(Fitting::Read(fitting))
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

#[derive(Default)]
struct Found {
    promotions: Vec<(Promotion, Vec<CodeRow>)>,
    missing: Vec<String>,
}

impl Found {
    fn has(&self, id: u64) -> bool {
        self.promotions.iter().flat_map(|(_, codes)| codes).any(|code| code.id == id)
    }

    /// Refuses codes that are not of the promotion with this id.
    fn must_be_of(&self, id: u64) -> Result<(), ChangeError> {
        let mut others = self.promotions.iter().filter(|(promotion, _)| promotion.id != id);
        let Some((owner, codes)) = others.next() else { return Ok(()) };
        let code = codes.first().map_or(String::new(), |code| quoted(&code.code));
        Err(ChangeError::invalid(
            format!(
                "The code {code} belongs to promotion {} {}, not to {id}.",
                owner.id,
                owner.quoted_name()
            ),
            "Leave promotion_id out, or give only codes of that promotion.",
        ))
    }

    fn add(&mut self, promotion: &Promotion, codes: &[CouponCode]) {
        if !self.promotions.iter().any(|(known, _)| known.id == promotion.id) {
            self.promotions.push((promotion.clone(), Vec::new()));
        }
        for (_, known) in self.promotions.iter_mut().filter(|(known, _)| known.id == promotion.id) {
            for row in codes.iter().cloned().map(CodeRow::from) {
                if !known.iter().any(|code| code.id == row.id) {
                    known.push(row);
                }
            }
        }
    }

    fn into_plan(mut self, by_text: bool) -> PlannedDeletion {
        self.promotions.retain(|(_, codes)| !codes.is_empty());
        let all: Vec<&CodeRow> = self.promotions.iter().flat_map(|(_, codes)| codes).collect();
        if all.is_empty() {
            return PlannedDeletion { not_found: self.missing, plan: None };
        }
        let count = all.len();
        let headline = match self.promotions.as_slice() {
            [(promotion, codes)] => {
                format!("{} of promotion {} {}", deleting(codes), promotion.id, promotion.quoted_name())
            }
            several => format!("Delete {} of {} promotions", counted(count), several.len()),
        };
        let plan = Plan {
            order: None,
            headline,
            lines: lines(&all),
            alternative: Some(alternative()),
            asks: vec![format!("it deletes {}", counted(count))],
            warnings: Vec::new(),
            resulting: Vec::new(),
            gets_codes: Vec::new(),
            steps: self
                .promotions
                .into_iter()
                .map(|(promotion, codes)| {
                    let route = match (count, codes.len()) {
                        (1, 1) if by_text => Route::Text,
                        (_, 1) => Route::Id,
                        _ => Route::Ids,
                    };
                    Step::DeleteCodes { promotion_id: promotion.id, codes, route }
                })
                .collect(),
        };
        PlannedDeletion { not_found: self.missing, plan: Some(Box::new(plan)) }
    }
}

fn alternative() -> String {
    "Disabling the promotion (update_promotion, status DISABLED) stops all its codes and can be taken back."
        .to_owned()
}

/// `412 codes`
pub(super) fn counted(count: usize) -> String {
    format!("{count} {}", if count == 1 { "code" } else { "codes" })
}

fn deleting(codes: &[CodeRow]) -> String {
    match codes {
        [only] => format!("Delete code {}", quoted(&only.code)),
        several => format!("Delete {}", counted(several.len())),
    }
}

/// What a person should know of codes that go.
pub(super) fn lines(codes: &[&CodeRow]) -> Vec<String> {
    let shown: Vec<_> = codes.iter().take(SHOWN).map(|row| quoted(&row.code)).collect();
    let rest = codes.len().saturating_sub(SHOWN);
    let rest = if rest == 0 { String::new() } else { format!(" and {rest} more") };
    let mut lines = vec![format!("Codes: {}{rest}.", shown.join(", "))];
    let used = codes.iter().filter(|row| row.current_uses > 0).count();
    let uses: u64 = codes.iter().map(|row| row.current_uses).sum();
    if used > 0 {
        lines.push(format!("{} had {uses} uses in all; that count is lost.", counted(used)));
    }
    if used < codes.len() {
        lines.push(format!(
            "{} never used, which does not mean never sent: a customer may hold one.",
            if codes.len() - used == 1 {
                "1 code was".to_owned()
            } else {
                format!("{} codes were", codes.len() - used)
            }
        ));
    }
    lines
}

/// A legacy coupon has the text, or nothing has.
pub(super) fn not_there(code: &CodeText) -> ChangeError {
    CouponError::UnknownCode { code: code.to_string() }.into()
}
