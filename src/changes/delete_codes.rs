//! Planning the deletion of codes.

use jiff::Timestamp;

use crate::bigcommerce::Patience;
use crate::coupons::store_time::{self, Edge};
use crate::coupons::{CodeText, CouponCode, CouponError, Promotion, quoted};

use super::plan::{CodeRow, Plan, Route, Step};
use super::{ChangeError, Desk};

/// Codes that one change deletes at most; as many again by the next call.
pub const MOST_DELETED: usize = 2_500;
/// Codes of one promotion that are read to find those meant.
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
    Texts(Vec<CodeText>),
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
        filter: CodeFilter,
    },
}

/// What a code must be to be deleted; at least one of the three is set.
#[derive(Debug, Clone, Default)]
pub struct CodeFilter {
    /// By its uses.
    pub uses: Option<Uses>,
    /// Made before this date or time.
    pub created_before: Option<String>,
    /// It begins with this, whatever the case.
    pub prefix: Option<String>,
}

/// How far a code is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uses {
    /// Not once.
    Unused,
    /// As often as it may be.
    UsedUp,
}

impl Uses {
    fn fits(self, code: &CouponCode) -> bool {
        match self {
            Self::Unused => code.current_uses == 0,
            Self::UsedUp => code.limits.max_uses > 0 && code.current_uses >= code.limits.max_uses,
        }
    }
}

/// A planned deletion.
#[derive(Debug)]
pub struct PlannedDeletion {
    /// What was named and is not there.
    pub not_found: Vec<String>,
    /// Whether more codes fit than one call deletes or reads.
    pub more: bool,
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
            Selection::Texts(texts) => self.find_texts(texts, &mut found, patience).await?,
            Selection::Ids { promotion_id, ids } => {
                let promotion = self.load_promotion(*promotion_id, patience).await?;
                let listed = self.store().codes_of(*promotion_id, MOST_READ, patience).await?;
                found.more = !listed.complete && !ids.iter().all(|id| has(&listed.codes, *id));
                let missing = ids.iter().filter(|id| !has(&listed.codes, **id));
                found.missing.extend(missing.map(u64::to_string));
                let meant = listed.codes.into_iter().filter(|code| ids.contains(&code.id));
                found.add(&promotion, &meant.collect::<Vec<_>>());
            }
            Selection::Filter { promotion_id, filter } => {
                let promotion = self.load_promotion(*promotion_id, patience).await?;
                let before = self.instant(filter.created_before.as_ref(), patience).await?;
                let listed = self.store().codes_of(*promotion_id, MOST_READ, patience).await?;
                let mut fitting: Vec<_> =
                    listed.codes.into_iter().filter(|code| fits(code, filter, before)).collect();
                found.more = !listed.complete || fitting.len() > MOST_DELETED;
                fitting.truncate(MOST_DELETED);
                found.add(&promotion, &fitting);
            }
        }
        let by_text = matches!(selection, Selection::Texts(_));
        Ok(found.into_plan(by_text))
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

    async fn instant(
        &self,
        given: Option<&String>,
        patience: &Patience,
    ) -> Result<Option<Timestamp>, ChangeError> {
        let Some(given) = given else { return Ok(None) };
        let zone = self.store().zone(patience).await;
        let moment = store_time::parse(given, Edge::Start, zone.as_ref())
            .map_err(|fault| ChangeError::Time { argument: "created_before", fault })?;
        Ok(Some(moment.timestamp))
    }
}

fn has(codes: &[CouponCode], id: u64) -> bool {
    codes.iter().any(|code| code.id == id)
}

fn fits(code: &CouponCode, filter: &CodeFilter, before: Option<Timestamp>) -> bool {
    let created = || code.created.as_deref().and_then(|created| created.parse::<Timestamp>().ok());
    let begins = |prefix: &String| {
        code.code.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    filter.uses.is_none_or(|uses| uses.fits(code))
        // A code whose age is not known is not old.
        && before.is_none_or(|before| created().is_some_and(|created| created < before))
        && filter.prefix.as_ref().is_none_or(begins)
}

#[derive(Default)]
struct Found {
    promotions: Vec<(Promotion, Vec<CodeRow>)>,
    missing: Vec<String>,
    more: bool,
}

impl Found {
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
            return PlannedDeletion { not_found: self.missing, more: self.more, plan: None };
        }
        let count = all.len();
        let headline = match self.promotions.as_slice() {
            [(promotion, codes)] => {
                format!("{} of promotion {} {}", deleting(codes), promotion.id, promotion.quoted_name())
            }
            several => format!("Delete {} of {} promotions", counted(count), several.len()),
        };
        let plan = Plan {
            headline,
            lines: lines(&all),
            alternative: Some(
                "Disabling the promotion (update_promotion, status DISABLED) stops all its codes and can be \
                 taken back."
                    .to_owned(),
            ),
            asks: vec![format!("it deletes {}", counted(count))],
            warnings: if self.more { vec![more_to_come()] } else { Vec::new() },
            resulting: Vec::new(),
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
        PlannedDeletion { not_found: self.missing, more: self.more, plan: Some(Box::new(plan)) }
    }
}

fn more_to_come() -> String {
    format!(
        "One call reads {MOST_READ} codes and deletes {MOST_DELETED}: more of them may fit, so call again after this."
    )
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
