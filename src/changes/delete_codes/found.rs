//! The codes that a deletion takes, by promotion, and the plan that they make.

use crate::coupons::text::count;
use crate::coupons::{CouponCode, Promotion, quoted};

use super::super::ChangeError;
use super::super::plan::{CodeRow, Plan, Route, Step};
use super::{PlannedDeletion, SHOWN, Staying};

/// What was found so far.
#[derive(Default)]
pub(super) struct Found {
    pub(super) promotions: Vec<(Promotion, Vec<CodeRow>)>,
    pub(super) missing: Vec<String>,
    pub(super) stay: Option<Staying>,
}

impl Found {
    pub(super) fn has(&self, id: u64) -> bool {
        self.promotions.iter().flat_map(|(_, codes)| codes).any(|code| code.id == id)
    }

    /// Refuses codes that are not of the promotion with this id.
    pub(super) fn must_be_of(&self, id: u64) -> Result<(), ChangeError> {
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

    pub(super) fn add(&mut self, promotion: &Promotion, codes: &[CouponCode]) {
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

    pub(super) fn into_plan(mut self, by_text: bool) -> PlannedDeletion {
        self.promotions.retain(|(_, codes)| !codes.is_empty());
        let all: Vec<&CodeRow> = self.promotions.iter().flat_map(|(_, codes)| codes).collect();
        if all.is_empty() {
            return PlannedDeletion { not_found: self.missing, stay: None, plan: None };
        }
        let total = all.len();
        let codes_in_all = count(total, "code");
        let headline = match self.promotions.as_slice() {
            [(promotion, codes)] => {
                format!("{} of promotion {} {}", deleting(codes), promotion.id, promotion.quoted_name())
            }
            several => format!("Delete {codes_in_all} of {}", count(several.len(), "promotion")),
        };
        let mut lines = lines(&all);
        lines.extend(self.stay.map(Staying::sentence));
        lines.push("undo brings them back, with new ids and 0 uses.".to_owned());
        let plan = Plan {
            order: None,
            headline,
            lines,
            alternative: Some(alternative()),
            asks: vec![format!("it deletes {codes_in_all}")],
            warnings: Vec::new(),
            resulting: Vec::new(),
            gets_codes: Vec::new(),
            steps: self
                .promotions
                .into_iter()
                .map(|(promotion, codes)| {
                    let route = match (total, codes.len()) {
                        (1, 1) if by_text => Route::Text,
                        (_, 1) => Route::Id,
                        _ => Route::Ids,
                    };
                    Step::DeleteCodes { promotion_id: promotion.id, codes, route }
                })
                .collect(),
        };
        PlannedDeletion { not_found: self.missing, stay: self.stay, plan: Some(Box::new(plan)) }
    }
}

pub(super) fn alternative() -> String {
    "Disabling the promotion instead (status DISABLED) stops all its codes at once and can be taken back."
        .to_owned()
}

fn deleting(codes: &[CodeRow]) -> String {
    match codes {
        [only] => format!("Delete code {}", quoted(&only.code)),
        several => format!("Delete {}", count(several.len(), "code")),
    }
}

/// What a person should know of codes that go.
pub(in crate::changes) fn lines(codes: &[&CodeRow]) -> Vec<String> {
    let shown: Vec<_> = codes.iter().take(SHOWN).map(|row| quoted(&row.code)).collect();
    let rest = codes.len().saturating_sub(SHOWN);
    let rest = if rest == 0 { String::new() } else { format!(" and {rest} more") };
    let mut lines = vec![format!("Codes: {}{rest}.", shown.join(", "))];
    let used = codes.iter().filter(|row| row.current_uses > 0).count();
    let uses: u64 = codes.iter().map(|row| row.current_uses).sum();
    if used > 0 {
        lines.push(format!("{} had {} in all; that count is lost.", count(used, "code"), count(uses, "use")));
    }
    if used < codes.len() {
        lines.push(format!(
            "{} never used, which does not mean never sent: a customer may hold one.",
            match codes.len() - used {
                1 => "1 code was".to_owned(),
                several => format!("{} were", count(several, "code")),
            }
        ));
    }
    lines
}
