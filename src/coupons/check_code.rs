//! Whether a code works, and if not, why: found, its promotion read, then judged.

mod cart;
mod judge;
mod slips;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

use crate::bigcommerce::{ApiError, Patience, wire};

use super::{CodeText, CodeTextError, CouponCode, Promotion, Store, clean, quoted};
use judge::{Findings, Surroundings, judge};

/// Look-ups of texts that the shopper may have meant; never a scan of the store.
const MOST_SLIPS: usize = 6;
/// Where the API's filter matches in part, so many promotions are asked whether the code is theirs.
const MOST_OWNERS: usize = 5;

/// What is known of the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circumstances {
    /// When.
    pub at: Timestamp,
    /// In which channel.
    pub channel: Option<u64>,
    /// In which currency, ISO 4217 in capitals.
    pub currency: Option<String>,
    /// Of which customer group the shopper is; 0 = guests and customers without a group.
    pub group: Option<u64>,
    /// What the cart costs, in the order's currency.
    pub subtotal: Option<Decimal>,
}

/// Whether a code works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing that could not be checked matters.
    Works,
    /// There is a reason why not.
    DoesNotWork,
    /// It works or not by what is in could_not_check.
    Depends,
}

/// Why a code does not work, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(description = "")]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words are the published names")]
pub enum ReasonCode {
    NotFound,
    LegacyCoupon,
    Expired,
    NotStarted,
    Disabled,
    Invalid,
    CodeUsedUp,
    PromotionUsedUp,
    OutsideSchedule,
    MinimumSpend,
    WrongCurrency,
    WrongChannel,
    WrongCustomerGroup,
    NeverFires,
}

/// Why a code does not work: `message` says what is, `fix` what to do, with the tool for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[allow(missing_docs, reason = "a field's own doc is published: only what its name does not tell")]
pub struct Reason {
    pub code: ReasonCode,
    pub message: String,
    pub fix: String,
}

/// Something that matters and could not be looked at: what, in a word or two, and why it matters and what would
/// tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[allow(missing_docs, reason = "a field's own doc is published: only what its name does not tell")]
pub struct Unchecked {
    pub what: &'static str,
    pub why: String,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The sum of it.
    pub verdict: Verdict,
    /// The code, if the store has it.
    pub code: Option<CouponCode>,
    /// Its promotion.
    pub promotion: Option<Arc<Promotion>>,
    /// Why it does not work.
    pub reasons: Vec<Reason>,
    /// What may keep it from working.
    pub unchecked: Vec<Unchecked>,
    /// What else to know.
    pub notes: Vec<String>,
    /// A code that exists and may have been meant.
    pub suggestion: Option<String>,
    /// A link that applies the code: a product's id stands in it as [`PRODUCT_ID`]. None for a code that does not work.
    pub link_template: Option<String>,
    /// The store's time zone.
    pub zone: Option<TimeZone>,
}

/// What stands in a link for a product's id.
pub const PRODUCT_ID: &str = "{PRODUCT_ID}";

/// What v2 says of a text that v3 does not know.
enum Legacy {
    /// A coupon of the older kind, by its name.
    Coupon(Option<String>),
    None,
    Unreadable,
}

impl Store {
    /// Whether `text` works as a code in these circumstances.
    ///
    /// Four requests for a code that exists: the code, its promotion, the promotion settings and, once per
    /// process, the store. For one that does not: the code (in up to three spellings), the legacy coupons, and
    /// up to six likely slips, one by one until one is found.
    ///
    /// # Errors
    /// Any [`ApiError`] of the code's or the promotion's look-up.
    pub async fn check_code(
        &self,
        text: &str,
        circumstances: &Circumstances,
        patience: &Patience,
    ) -> Result<Check, ApiError> {
        let code = match CodeText::parse(text) {
            Ok(code) => code,
            Err(fault) => return Ok(self.check_impossible(text, &fault, patience).await),
        };
        match self.find_code(&code, patience).await? {
            Some(found) => self.check_found(&code, found, circumstances, patience).await,
            None => Ok(self.check_missing(&code, patience).await),
        }
    }

    async fn check_found(
        &self,
        text: &CodeText,
        code: CouponCode,
        circumstances: &Circumstances,
        patience: &Patience,
    ) -> Result<Check, ApiError> {
        let (owner, settings, information) = tokio::join!(
            self.promotion_of(text, &code, patience),
            self.client.settings(patience),
            self.information(patience),
        );
        let information = information.ok().flatten();
        let zone = self.zone.clone().or_else(|| information.and_then(|store| store.zone.clone()));
        let surroundings = Surroundings {
            zone: zone.as_ref(),
            store_currency: information.and_then(|store| store.currency.as_deref()),
            coupons_at_checkout: settings
                .ok()
                .and_then(|settings| settings.get("number_of_coupons_allowed_at_checkout")?.as_u64()),
        };
        let promotion = owner?;
        let Findings { reasons, unchecked, notes } = match &promotion {
            Some(promotion) => judge(&code, promotion, circumstances, &surroundings),
            None => self.judge_orphan(text, patience).await,
        };
        let url = information.and_then(|store| store.url.as_deref());
        let verdict = verdict(&reasons, &unchecked);
        let works = verdict != Verdict::DoesNotWork;
        Ok(Check {
            verdict,
            link_template: works.then(|| link_template(url, &code.code)),
            code: Some(code),
            promotion,
            reasons,
            unchecked,
            notes,
            suggestion: None,
            zone,
        })
    }

    /// The promotion that holds a code, if the API tells.
    async fn promotion_of(
        &self,
        text: &CodeText,
        code: &CouponCode,
        patience: &Patience,
    ) -> Result<Option<Arc<Promotion>>, ApiError> {
        let mut owners = self.client.promotions_with_code(&code.code, patience).await?;
        if owners.len() > 1 {
            // The filter has matched in part: the promotions' own lists decide.
            let mut found = None;
            for owner in owners.into_iter().take(MOST_OWNERS) {
                if self.find_in_promotion(owner.id, text, patience).await?.is_some() {
                    found = Some(owner);
                    break;
                }
            }
            owners = found.into_iter().collect();
        }
        Ok(owners.pop().map(|owner: wire::Promotion| Arc::new(Promotion::from(owner))))
    }

    /// A code that is there and in no promotion.
    async fn judge_orphan(&self, text: &CodeText, patience: &Patience) -> Findings {
        let unchecked = match self.legacy_coupon(text, patience).await {
            Legacy::Coupon(name) => return of_legacy_coupon(text, name.as_deref()),
            Legacy::None | Legacy::Unreadable => Unchecked {
                what: "promotion",
                why: "BigCommerce does not tell which promotion holds the code. list_promotions with query may \
                      find it."
                    .to_owned(),
            },
        };
        Findings { unchecked: vec![unchecked], ..Findings::default() }
    }

    async fn check_missing(&self, code: &CodeText, patience: &Patience) -> Check {
        let mut findings = Findings::default();
        match self.legacy_coupon(code, patience).await {
            Legacy::Coupon(name) => return Check::without_code(of_legacy_coupon(code, name.as_deref())),
            Legacy::None => {}
            Legacy::Unreadable => findings.unchecked.push(Unchecked {
                what: "legacy_coupon",
                why: "Legacy coupons could not be read, and one may have this code: look under Marketing > \
                      Coupon codes in the control panel."
                    .to_owned(),
            }),
        }
        let message = format!("No promotion has the code {}.", quoted(code.as_str()));
        self.with_suggestion(code.as_str(), message, findings, patience).await
    }

    /// A text that no code can have.
    async fn check_impossible(&self, text: &str, fault: &CodeTextError, patience: &Patience) -> Check {
        let message = format!("No code can be {}: {fault}.", quoted(text));
        self.with_suggestion(text, message, Findings::default(), patience).await
    }

    async fn with_suggestion(
        &self,
        text: &str,
        message: String,
        mut findings: Findings,
        patience: &Patience,
    ) -> Check {
        let suggestion = self.likely_meant(text, patience).await;
        if suggestion.is_err() {
            findings.notes.push("Not all likely slips could be looked up.".to_owned());
        }
        let suggestion = suggestion.ok().flatten();
        let fix = match &suggestion {
            Some(code) => {
                format!("Try {}, which exists: check_coupon_code tells whether it works.", quoted(code))
            }
            None => "Check the spelling; list_promotions with query finds codes by a part of them. \
                     create_coupon_code makes a new one."
                .to_owned(),
        };
        findings.reasons.push(Reason { code: ReasonCode::NotFound, message, fix });
        Check { suggestion, ..Check::without_code(findings) }
    }

    /// The first likely slip that is a code.
    async fn likely_meant(&self, text: &str, patience: &Patience) -> Result<Option<String>, ApiError> {
        for slip in slips::slips(text).into_iter().take(MOST_SLIPS) {
            let found = self.client.find_code(slip.as_str(), patience).await?;
            if let Some(row) = found.iter().find(|row| slip.matches(&row.code)) {
                return Ok(Some(clean(&row.code)));
            }
        }
        Ok(None)
    }

    async fn legacy_coupon(&self, code: &CodeText, patience: &Patience) -> Legacy {
        match self.client.find_legacy_coupons(code.as_str(), patience).await {
            Ok(coupons) => {
                let is_it = |coupon: &wire::LegacyCoupon| {
                    code.matches(&coupon.code) && coupon.kind.as_deref() != Some("promotion")
                };
                match coupons.into_iter().find(is_it) {
                    Some(coupon) => Legacy::Coupon(coupon.name),
                    None => Legacy::None,
                }
            }
            Err(_) => Legacy::Unreadable,
        }
    }
}

impl Check {
    fn without_code(Findings { reasons, unchecked, notes }: Findings) -> Self {
        Self {
            verdict: verdict(&reasons, &unchecked),
            code: None,
            promotion: None,
            reasons,
            unchecked,
            notes,
            suggestion: None,
            link_template: None,
            zone: None,
        }
    }
}

/// A legacy coupon may well work; what its conditions are is not in the API that these tools use.
fn of_legacy_coupon(code: &CodeText, name: Option<&str>) -> Findings {
    let name = name.map(|name| format!(" ({})", quoted(name))).unwrap_or_default();
    let reason = Reason {
        code: ReasonCode::LegacyCoupon,
        message: format!(
            "{} is a legacy coupon{name} and no code of a promotion.",
            quoted(code.as_str())
        ),
        fix: "Look at it under Marketing > Coupon codes in the control panel. A promotion by create_promotion, \
              with a code of another text, can replace it."
            .to_owned(),
    };
    let unchecked = Unchecked {
        what: "legacy_coupon",
        why: "Dates, limits and conditions of a legacy coupon are outside of promotions and were not read."
            .to_owned(),
    };
    Findings { reasons: vec![reason], unchecked: vec![unchecked], notes: Vec::new() }
}

fn verdict(reasons: &[Reason], unchecked: &[Unchecked]) -> Verdict {
    let proves = |reason: &Reason| match reason.code {
        ReasonCode::LegacyCoupon => false,
        // While legacy coupons cannot be read, the text may be one.
        ReasonCode::NotFound => unchecked.is_empty(),
        _ => true,
    };
    if reasons.iter().any(proves) {
        Verdict::DoesNotWork
    } else if reasons.is_empty() && unchecked.is_empty() {
        Verdict::Works
    } else {
        Verdict::Depends
    }
}

/// A link that puts a product into the cart and applies the code (API documentation, "Add to cart URLs").
fn link_template(storefront: Option<&str>, code: &str) -> String {
    let is_web = |url: &&str| Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
    let storefront = storefront.filter(is_web).unwrap_or("https://YOUR-STORE").trim_end_matches('/');
    let code: String = url::form_urlencoded::byte_serialize(code.as_bytes()).collect();
    format!("{storefront}/cart.php?action=add&product_id={PRODUCT_ID}&couponcode={code}")
}

#[cfg(test)]
mod tests;
