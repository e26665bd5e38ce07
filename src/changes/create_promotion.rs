//! Planning a new promotion, with its first code if one is wanted.

mod words;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::bigcommerce::Patience;
use crate::coupons::rules::{self, Simple};
use crate::coupons::store_time::{self, Edge};
use crate::coupons::text::count;
use crate::coupons::{CodeText, CouponError, Promotion, UseLimits, harmless, quoted};

use super::discount_value::check_percentages;
use super::generate_codes::limits_in_words;
use super::inverse::to_create;
use super::plan::{CodeRow, Plan, PromotionRef, Resulting, Step};
use super::run::promotions::{holds, namesakes_of};
use super::terms::{check_name, check_size};
use super::{ChangeError, Desk};
use words::{headline, warnings};

/// What to make.
#[derive(Debug, Clone, Default)]
pub struct NewPromotion {
    /// The internal name.
    pub name: String,
    /// The rule, if a flat one.
    pub simple: Option<Simple>,
    /// The rules as the API has them, for every other shape.
    pub rules: Option<Vec<Value>>,
    /// A promotion to copy rules, targets, groups, channels, schedule and stacking from.
    pub copy_from: Option<u64>,
    /// A date or time.
    pub starts_at: Option<String>,
    /// A date or time.
    pub ends_at: Option<String>,
    /// 0 = unlimited.
    pub max_uses: Option<u64>,
    /// `BULK` or `SINGLE`.
    pub coupon_type: &'static str,
    /// ISO 4217, or `*` for any.
    pub currency_code: Option<String>,
    /// Only these customer groups.
    pub customer_group_ids: Vec<u64>,
    /// Whether other promotions apply beside it; the API's default is yes.
    pub can_be_used_with_other_promotions: Option<bool>,
    /// The first code.
    pub code: Option<CodeText>,
    /// Its limits.
    pub code_limits: UseLimits,
}

/// What is copied of another promotion.
const COPIED: [&str; 10] = [
    "rules",
    "customer",
    "channels",
    "schedule",
    "can_be_used_with_other_promotions",
    "coupon_overrides_other_promotions",
    "stop",
    "currency_code",
    "shipping_address",
    "notifications",
];

/// A plan, or what is there already: then nothing needs to be done.
#[derive(Debug)]
pub enum Planned {
    /// To be judged and carried out.
    Plan(Box<Plan>),
    /// The promotion of this name and content (with its code) is there.
    Exists(Box<Promotion>),
}

impl Desk {
    /// Plans `new`. Two or three requests, one more for each of a copy, a code and an unknown time zone.
    ///
    /// # Errors
    /// A [`ChangeError`]: arguments that do not fit together, a code that is taken, or the API.
    pub async fn plan_create_promotion(
        &self,
        new: &NewPromotion,
        patience: &Patience,
    ) -> Result<Planned, ChangeError> {
        check_name(&new.name)?;
        check_size(new.rules.as_deref().unwrap_or_default())?;
        let mut document = Map::new();
        if let Some(id) = new.copy_from {
            let source = self.load_promotion(id, patience).await?;
            let fields = to_create(&source.document).into_iter();
            document.extend(fields.filter(|(name, _)| COPIED.contains(&name.as_str())));
        }
        let lines = self.describe_into(&mut document, new, patience).await?;
        let after = Promotion::read(document.clone());
        check(&after)?;
        if new.rules.is_some() {
            check_percentages(&after.rules)?;
        }
        if after.ends.is_some_and(|end| end <= self.now()) {
            return Err(ChangeError::invalid(
                "The end is past: no code of this promotion would ever work.",
                "Give an ends_at that is still to come, or leave it out.",
            ));
        }
        let namesakes = namesakes_of(self.store(), &new.name, patience).await?;
        let now = self.now();
        let twin = namesakes.iter().find(|twin| {
            holds(&twin.document, &document) && twin.is_live(now) && has_terms_of(twin, &after, now)
        });
        if let Some(code) = &new.code
            && twin.is_none()
        {
            self.must_be_free(code, patience).await?;
        }
        let mut steps = Vec::new();
        let mut resulting = Vec::new();
        let promotion = twin.map_or(PromotionRef::Made(0), |twin| PromotionRef::Id(twin.id));
        if twin.is_none() {
            let namesakes = namesakes.iter().map(|namesake| namesake.id).collect();
            steps.push(Step::CreatePromotion { document, namesakes });
            resulting.push(Resulting { before: None, after: Some(after.clone()) });
        }
        if let Some(code) = &new.code
            && !self.is_there(code, twin, new.code_limits, patience).await?
        {
            let codes = vec![CodeRow::new(code, new.code_limits)];
            steps.push(Step::CreateCodes { promotion, codes, insist: false });
        }
        let gets_codes = twin.cloned().into_iter().collect();
        match twin {
            Some(twin) if steps.is_empty() => Ok(Planned::Exists(Box::new(twin.clone()))),
            _ => Ok(Planned::Plan(Box::new(Plan {
                order: None,
                headline: headline(new, twin),
                lines,
                alternative: None,
                steps,
                resulting,
                gets_codes,
                asks: Vec::new(),
                warnings: warnings(&after, new, &namesakes, twin),
            }))),
        }
    }

    /// Adds what was asked for to the document; what is worth saying of it comes back as sentences.
    async fn describe_into(
        &self,
        document: &mut Map<String, Value>,
        new: &NewPromotion,
        patience: &Patience,
    ) -> Result<Vec<String>, ChangeError> {
        let mut set = |name: &str, value: Value| document.insert(name.to_owned(), value);
        set("name", new.name.as_str().into());
        set("redemption_type", "COUPON".into());
        set("coupon_type", new.coupon_type.into());
        set("status", "ENABLED".into());
        if let Some(rules) = &new.rules {
            set("rules", Value::Array(rules.clone()));
        } else if let Some(simple) = &new.simple {
            set("rules", simple.to_rules());
        }
        if let Some(currency) = &new.currency_code {
            set("currency_code", currency.as_str().into());
        }
        if let Some(stacks) = new.can_be_used_with_other_promotions {
            set("can_be_used_with_other_promotions", stacks.into());
        }
        if let Some(max_uses) = new.max_uses.filter(|&max_uses| max_uses > 0) {
            set("max_uses", max_uses.into());
        }
        if !new.customer_group_ids.is_empty() {
            // What else a copied promotion asks of customers stays.
            let mut customer =
                document.get("customer").and_then(Value::as_object).cloned().unwrap_or_default();
            customer.insert("group_ids".to_owned(), json!(new.customer_group_ids));
            document.insert("customer".to_owned(), Value::Object(customer));
        }
        let mut lines = rules::sentences(
            &rules::read(document.get("rules").unwrap_or(&Value::Null)),
            document.get("currency_code").and_then(Value::as_str),
        )
        .iter()
        .map(|sentence| harmless(sentence))
        .collect::<Vec<_>>();
        let zone = self.zone_for([&new.starts_at, &new.ends_at], patience).await;
        for (name, argument, given, edge, verb) in [
            ("start_date", "starts_at", &new.starts_at, Edge::Start, "Starts"),
            ("end_date", "ends_at", &new.ends_at, Edge::End, "Ends"),
        ] {
            match given.as_deref().map(str::trim) {
                None if name == "end_date" => lines.push("No end.".to_owned()),
                None => {}
                Some(never) if name == "end_date" && never.eq_ignore_ascii_case("never") => {
                    document.remove(name);
                    lines.push("No end.".to_owned());
                }
                Some(given) => {
                    let moment = store_time::read(given, edge, zone.as_ref(), self.now())
                        .map_err(|fault| ChangeError::misread(argument, fault, self.now(), zone.as_ref()))?;
                    lines.push(format!("{verb} {}.", moment.words));
                    document.insert(name.to_owned(), moment.text.into());
                }
            }
        }
        lines.push(match new.max_uses.filter(|&max_uses| max_uses > 0) {
            Some(max_uses) => format!("At most {} in all.", count(max_uses, "use")),
            None => "No cap on uses.".to_owned(),
        });
        if let Some(code) = &new.code {
            lines.push(format!("The code {} {}.", quoted(code.as_str()), limits_in_words(new.code_limits)));
        }
        if let Some(source) = new.copy_from {
            lines.push(format!(
                "Not copied from promotion {source}: its name, dates, cap, codes and their limits."
            ));
        }
        Ok(lines)
    }

    /// The store's time zone, asked for only when there is something to read in it.
    pub(super) async fn zone_for<const N: usize>(
        &self,
        given: [&Option<String>; N],
        patience: &Patience,
    ) -> Option<TimeZone> {
        if given.iter().any(|given| given.is_some()) { self.store().zone(patience).await } else { None }
    }

    /// Whether the code of a promotion that is there already is there too.
    async fn is_there(
        &self,
        code: &CodeText,
        twin: Option<&Promotion>,
        limits: UseLimits,
        patience: &Patience,
    ) -> Result<bool, ChangeError> {
        let Some(twin) = twin else { return Ok(false) };
        let Some(found) = self.store().find_code(code, patience).await? else { return Ok(false) };
        let owners = self.store().client().promotions_with_code(&found.code, patience).await?;
        let here = owners.iter().any(|owner| owner.id == twin.id);
        if here && found.limits == limits { Ok(true) } else { Err(taken(code)) }
    }

    /// Makes sure that no code of the store, legacy coupons included, has this text.
    pub(super) async fn must_be_free(&self, code: &CodeText, patience: &Patience) -> Result<(), ChangeError> {
        if self.store().find_code(code, patience).await?.is_some() {
            return Err(taken(code));
        }
        if self.store().is_legacy(code, patience).await {
            return Err(CouponError::LegacyCoupon { code: code.to_string() }.into());
        }
        Ok(())
    }
}

/// Whether a promotion that is there has the terms of a new one also where those are the defaults.
fn has_terms_of(twin: &Promotion, new: &Promotion, now: Timestamp) -> bool {
    let started = match new.starts {
        Some(start) => twin.starts == Some(start),
        None => twin.starts.is_none_or(|start| start <= now),
    };
    started
        && twin.ends == new.ends
        && twin.max_uses == new.max_uses
        && twin.customers == new.customers
        && twin.channels == new.channels
        && twin.schedule == new.schedule
        && twin.stacks == new.stacks
        && twin.rules == new.rules
}

fn taken(code: &CodeText) -> ChangeError {
    ChangeError::Taken { code: code.to_string() }
}

/// What the API refuses, or worse: takes and never runs.
pub(super) fn check(promotion: &Promotion) -> Result<(), ChangeError> {
    if promotion.rules.is_empty() {
        return Err(ChangeError::invalid(
            "A promotion needs at least one rule.",
            "Give discount_type and discount_value, or rules.",
        ));
    }
    if let (Some(start), Some(end)) = (promotion.starts, promotion.ends)
        && end <= start
    {
        return Err(ChangeError::invalid(
            "The end is not after the start.",
            "Give an ends_at that is later than starts_at.",
        ));
    }
    if promotion.overrides && promotion.stacks {
        return Err(ChangeError::invalid(
            "A promotion whose coupon overrides other promotions cannot be used beside them \
             (coupon_overrides_other_promotions with can_be_used_with_other_promotions).",
            "Leave can_be_used_with_other_promotions at false.",
        ));
    }
    if !promotion.customers.groups.is_empty() && !promotion.customers.excluded_groups.is_empty() {
        return Err(ChangeError::invalid(
            "A promotion takes either customer groups or excluded groups: with both it never applies.",
            "Leave customer_group_ids out, or copy from a promotion that excludes no groups.",
        ));
    }
    let fixed = promotion.rules.iter().any(|rule| {
        let discount = rule.action.known().and_then(rules::Action::discount);
        matches!(discount, Some(rules::Discount::Fixed(_)))
    });
    if fixed && promotion.currency.as_deref() == Some("*") {
        return Err(ChangeError::invalid(
            "A fixed amount needs one currency: \"*\" is for percentages only.",
            "Give the currency's code, such as USD.",
        ));
    }
    Ok(())
}
