//! The judgement on a code whose promotion is known: a function of what was read.

mod order;

use jiff::tz::TimeZone;

use crate::coupons::promotion::Status;
use crate::coupons::text::{count, times};
use crate::coupons::{CouponCode, Promotion, quoted, store_time};

use super::{Circumstances, Reason, ReasonCode, Unchecked};

/// What is known of the store.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Surroundings<'a> {
    pub(super) zone: Option<&'a TimeZone>,
    /// ISO 4217.
    pub(super) store_currency: Option<&'a str>,
    pub(super) coupons_at_checkout: Option<u64>,
}

/// What speaks against a code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// Each one is certain.
    pub(super) reasons: Vec<Reason>,
    pub(super) unchecked: Vec<Unchecked>,
    pub(super) notes: Vec<String>,
}

/// Everything that keeps the code from working, or may.
pub(super) fn judge(
    code: &CouponCode,
    promotion: &Promotion,
    circumstances: &Circumstances,
    surroundings: &Surroundings,
) -> Findings {
    let mut judgement =
        Judgement { code, promotion, circumstances, surroundings, findings: Findings::default() };
    judgement.status();
    judgement.dates();
    judgement.uses();
    judgement.customers();
    judgement.channel();
    judgement.currency();
    judgement.cart();
    judgement.others();
    judgement.findings
}

struct Judgement<'a> {
    code: &'a CouponCode,
    promotion: &'a Promotion,
    circumstances: &'a Circumstances,
    surroundings: &'a Surroundings<'a>,
    findings: Findings,
}

impl Judgement<'_> {
    fn refuse(&mut self, code: ReasonCode, message: String, fix: String) {
        self.findings.reasons.push(Reason { code, message, fix });
    }

    fn leave_open(&mut self, what: &'static str, why: impl Into<String>) {
        self.findings.unchecked.push(Unchecked { what, why: why.into() });
    }

    /// `Promotion 6 "Autumn Preview"`
    fn subject(&self) -> String {
        format!("Promotion {} {}", self.promotion.id, self.promotion.quoted_name())
    }

    fn status(&mut self) {
        let (subject, id) = (self.subject(), self.promotion.id);
        match self.promotion.status {
            // BigCommerce disables a promotion when its cap is reached; that is told with the uses.
            Status::Disabled if !self.promotion.is_used_up() => self.refuse(
                ReasonCode::Disabled,
                format!("{subject} is switched off."),
                format!("update_promotion with promotion_id {id} and status ENABLED switches it on."),
            ),
            Status::Invalid => self.refuse(
                ReasonCode::Invalid,
                format!("BigCommerce has marked {subject} INVALID and does not run it."),
                format!(
                    "get_promotion with promotion_id {id} shows its rules; correct them in the control panel."
                ),
            ),
            _ if self.promotion.rules.is_empty() => self.refuse(
                ReasonCode::Invalid,
                format!("{subject} has no rules, so it gives nothing."),
                "Set its discount in the control panel, or make a new one with create_promotion.".to_owned(),
            ),
            Status::Enabled | Status::Disabled => {}
        }
    }

    fn dates(&mut self) {
        let (subject, id, at, zone) =
            (self.subject(), self.promotion.id, self.circumstances.at, self.surroundings.zone);
        if let Some(end) = self.promotion.ends.filter(|end| at > *end) {
            self.refuse(
                ReasonCode::Expired,
                format!("{subject} ended {}.", store_time::say(end, zone)),
                format!("update_promotion with promotion_id {id} and a later ends_at lets it run again."),
            );
            return;
        }
        if let Some(start) = self.promotion.starts.filter(|start| at < *start) {
            self.refuse(
                ReasonCode::NotStarted,
                format!("{subject} starts {}.", store_time::say(start, zone)),
                format!("Wait, or update_promotion with promotion_id {id} and an earlier starts_at."),
            );
            return;
        }
        for name in &self.promotion.unreadable_dates {
            let why = format!("The {name} of {subject} cannot be read; update_promotion sets it right.");
            self.leave_open("dates", why);
        }
        let Some(schedule) = &self.promotion.schedule else { return };
        match zone {
            Some(known) if schedule.is_open(at, known, self.promotion.starts) => {}
            Some(known) => {
                let message = format!(
                    "{subject} runs {}, and {} is outside of that.",
                    schedule.sentence(),
                    store_time::say(at, zone)
                );
                let next = schedule.next_opening(at, known, self.promotion.starts);
                let fix = match next.filter(|next| self.promotion.ends.is_none_or(|end| *next <= end)) {
                    Some(next) => format!("It works again from {}.", store_time::say(next, zone)),
                    None => "It does not open again before the promotion ends.".to_owned(),
                };
                let fix = format!("{fix} The schedule is set in the control panel.");
                self.refuse(ReasonCode::OutsideSchedule, message, fix);
            }
            None => {
                let why = format!(
                    "{subject} runs {} in the store's time zone, which is not known; BIGCOMMERCE_TIME_ZONE sets \
                     it.",
                    schedule.sentence()
                );
                self.leave_open("schedule", why);
            }
        }
    }

    fn uses(&mut self) {
        let (subject, id) = (self.subject(), self.promotion.id);
        if let Some(max) = self.promotion.max_uses.filter(|_| self.promotion.is_used_up()) {
            let disabled = self.promotion.status == Status::Disabled;
            self.refuse(
                ReasonCode::PromotionUsedUp,
                format!(
                    "{subject} is used up: {} of {} recorded by BigCommerce.",
                    self.promotion.current_uses,
                    count(max, "use")
                ),
                format!(
                    "update_promotion with promotion_id {id}, a max_uses above {}{} opens it again.",
                    self.promotion.current_uses,
                    if disabled { " and status ENABLED" } else { "" }
                ),
            );
        }
        let (uses, max) = (self.code.current_uses, self.code.limits.max_uses);
        let code = quoted(&self.code.code);
        if max > 0 && uses >= max {
            self.refuse(
                ReasonCode::CodeUsedUp,
                format!(
                    "The code {code} is used up: {uses} of {} recorded by BigCommerce.",
                    count(max, "use")
                ),
                format!(
                    "replace_coupon_code with code {code} and a max_uses above {uses} keeps the text; \
                     create_coupon_code makes another code."
                ),
            );
        }
        if self.code.limits.max_uses_per_customer > 0 {
            let times = times(self.code.limits.max_uses_per_customer);
            self.findings.notes.push(format!(
                "A customer may use the code {times}; BigCommerce does not tell how often one has."
            ));
        }
    }
}
