//! Planning a change of a promotion.

use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::bigcommerce::{CodeQuery, Patience};
use crate::coupons::promotion::Status;
use crate::coupons::rules::{self, SimpleDiscount};
use crate::coupons::store_time::{self, Edge};
use crate::coupons::text::count;
use crate::coupons::{Promotion, harmless, quoted};
use crate::state::WINDOW;

use super::create_promotion::check;
use super::discount_value::{amount, percent};
use super::inverse::fields_of;
use super::plan::{Plan, Resulting, Step};
use super::run::promotions::holds;
use super::terms::check_name;
use super::{ChangeError, Desk};

/// The fields whose growth counts over a day.
const SLOW: [&str; 2] = ["max_uses", "can_be_used_with_other_promotions"];

/// What to change; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PromotionEdit {
    /// The internal name.
    pub name: Option<String>,
    /// `ENABLED` or `DISABLED`.
    pub status: Option<&'static str>,
    /// A date or time.
    pub starts_at: Option<String>,
    /// A date or time, or `never`.
    pub ends_at: Option<String>,
    /// 0 = unlimited.
    pub max_uses: Option<u64>,
    /// Whether other promotions apply beside it.
    pub can_be_used_with_other_promotions: Option<bool>,
    /// Percent or amount, as the promotion's one simple rule has it.
    pub discount_value: Option<Decimal>,
    /// 0 = none.
    pub minimum_spend: Option<Decimal>,
}

/// How long a call that stops a promotion looks for the number of its codes and for the time zone.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);

/// A planned edit.
#[derive(Debug)]
pub struct PlannedEdit {
    /// The promotion as it is.
    pub before: Promotion,
    /// Codes of it, where the API says; all of them follow the edit.
    pub codes: Option<u64>,
    /// The store's time zone, where it is to be had.
    pub zone: Option<TimeZone>,
    /// What to do; `None` when everything is as asked for.
    pub plan: Option<Box<Plan>>,
}

impl Desk {
    /// A promotion as it is now.
    ///
    /// # Errors
    /// [`CouponError::UnknownPromotion`](crate::coupons::CouponError) with others to choose from; the API.
    pub async fn load_promotion(&self, id: u64, patience: &Patience) -> Result<Promotion, ChangeError> {
        match self.store().client().get_promotion(id, patience).await {
            Ok(promotion) => Ok(promotion.into()),
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => {
                Err(self.store().unknown_promotion(id, patience).await.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Plans an edit. Two requests, one more where the time zone is not known yet.
    ///
    /// # Errors
    /// A [`ChangeError`]: no such promotion, values that do not fit it, or the API.
    pub async fn plan_update_promotion(
        &self,
        id: u64,
        edit: &PromotionEdit,
        patience: &Patience,
    ) -> Result<PlannedEdit, ChangeError> {
        if *edit == PromotionEdit::default() {
            return Err(ChangeError::invalid(
                "It is not said what to change.",
                "Give status, name, starts_at, ends_at, max_uses, can_be_used_with_other_promotions, discount_value \
                 or minimum_spend.",
            ));
        }
        edit.name.as_deref().map_or(Ok(()), check_name)?;
        let before = self.load_promotion(id, patience).await?;
        let mut wanted = Map::new();
        let mut lines = self.dates_into(&mut wanted, edit, patience).await?;
        fields_into(&mut wanted, edit, &before)?;
        let mut patch = wanted;
        patch
            .retain(|name, value| !holds(&before.document, &Map::from_iter([(name.clone(), value.clone())])));
        let brief = Self::brief(patience);
        let brief = brief.as_ref().unwrap_or(patience);
        let (codes, zone) = tokio::join!(self.count_codes(id, brief), self.store().zone(brief));
        if patch.is_empty() {
            return Ok(PlannedEdit { before, codes, zone, plan: None });
        }
        let after = before.patched(&patch);
        // What was wrong before must not keep anybody from stopping or correcting it.
        if after.status != Status::Disabled && check(&before).is_ok() {
            check(&after)?;
        }
        lines.extend(before_and_after(&before, &after, &patch, zone.as_ref()));
        if let Some(codes) = codes.filter(|&codes| codes > 0) {
            lines.push(format!(
                "It applies to {codes} {} at once.",
                if codes == 1 { "code" } else { "codes" }
            ));
        }
        // A name costs nothing.
        let costs = patch.keys().any(|name| name != "name");
        let resulting = if costs {
            let before = self.as_a_day_ago(&before).await?;
            vec![Resulting { before: Some(before), after: Some(after.clone()) }]
        } else {
            Vec::new()
        };
        let old = fields_of(&before, patch.keys());
        let plan = Plan {
            order: None,
            headline: headline(&before, &patch),
            lines,
            alternative: None,
            steps: vec![Step::UpdatePromotion { promotion_id: id, patch, before: old }],
            resulting,
            gets_codes: Vec::new(),
            asks: Vec::new(),
            warnings: warnings(&before, &after, self.now()),
        };
        Ok(PlannedEdit { before, codes, zone, plan: Some(Box::new(plan)) })
    }

    async fn dates_into(
        &self,
        wanted: &mut Map<String, Value>,
        edit: &PromotionEdit,
        patience: &Patience,
    ) -> Result<Vec<String>, ChangeError> {
        let zone = self.zone_for([&edit.starts_at, &edit.ends_at], patience).await;
        let mut lines = Vec::new();
        for (name, argument, given, edge, verb) in [
            ("start_date", "starts_at", &edit.starts_at, Edge::Start, "Starts"),
            ("end_date", "ends_at", &edit.ends_at, Edge::End, "Ends"),
        ] {
            match given.as_deref().map(str::trim) {
                None => {}
                Some(never) if name == "end_date" && never.eq_ignore_ascii_case("never") => {
                    wanted.insert(name.to_owned(), Value::Null);
                    lines.push("Never ends.".to_owned());
                }
                Some(given) => {
                    let moment = store_time::read(given, edge, zone.as_ref(), self.now())
                        .map_err(|fault| ChangeError::misread(argument, fault, self.now(), zone.as_ref()))?;
                    lines.push(format!("{verb} {}.", moment.words));
                    wanted.insert(name.to_owned(), moment.text.into());
                }
            }
        }
        Ok(lines)
    }

    /// The promotion with the cap and the stacking that it had a day ago, as far as this server changed them
    /// since: many small steps, or steps while it is off, must not lead where one is asked about.
    pub(super) async fn as_a_day_ago(&self, promotion: &Promotion) -> Result<Promotion, ChangeError> {
        let mut earlier = Map::new();
        let day_ago = self.now().checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
        let changes = self.state().changes_of_promotion(promotion.id, day_ago).await?;
        // The latest come first, so what is oldest stays.
        for change in &changes {
            let steps = change.before.get("steps").and_then(Value::as_array).into_iter().flatten();
            for step in steps.filter(|step| step.get("promotion_id") == Some(&promotion.id.into())) {
                let before = step.get("before").and_then(Value::as_object).into_iter().flatten();
                let slow = before.filter(|(name, _)| SLOW.contains(&name.as_str()));
                earlier.extend(slow.map(|(name, value)| (name.clone(), value.clone())));
            }
        }
        // Only what was tighter counts: a cap that was lowered since is not raised again without asking.
        earlier.retain(|name, value| match value.as_u64() {
            Some(cap) if name == "max_uses" => promotion.max_uses.is_none_or(|now| cap < now),
            _ => *value == false,
        });
        Ok(promotion.patched(&earlier))
    }

    /// The store's time zone, where it is to be had.
    pub async fn zone_soon(&self, patience: &Patience) -> Option<TimeZone> {
        let brief = Self::brief(patience);
        self.store().zone(brief.as_ref().unwrap_or(patience)).await
    }

    /// Stopping a promotion does not wait long for what is only good to know.
    fn brief(patience: &Patience) -> Option<Patience> {
        let brief = || Patience::new(KNOWN_WITHIN.min(patience.time_left()), Duration::ZERO).urgent();
        patience.is_urgent().then(brief)
    }

    /// The number of codes of a promotion, where the API tells it.
    pub(super) async fn count_codes(&self, id: u64, patience: &Patience) -> Option<u64> {
        self.store().client().list_codes(id, &CodeQuery::first(1), patience).await.ok()?.total
    }
}

fn fields_into(
    wanted: &mut Map<String, Value>,
    edit: &PromotionEdit,
    before: &Promotion,
) -> Result<(), ChangeError> {
    let mut set = |name: &str, value: Value| wanted.insert(name.to_owned(), value);
    if let Some(name) = &edit.name {
        set("name", name.as_str().into());
    }
    if let Some(status) = edit.status {
        set("status", status.into());
    }
    if let Some(max_uses) = edit.max_uses {
        set("max_uses", if max_uses == 0 { Value::Null } else { max_uses.into() });
    }
    if let Some(stacks) = edit.can_be_used_with_other_promotions {
        set("can_be_used_with_other_promotions", stacks.into());
    }
    if edit.discount_value.is_some() || edit.minimum_spend.is_some() {
        set("rules", edited_rules(edit, before)?);
    }
    Ok(())
}

fn edited_rules(edit: &PromotionEdit, before: &Promotion) -> Result<Value, ChangeError> {
    let Some(mut simple) = rules::simple(&before.rules) else {
        let does = rules::sentences(&before.rules, before.currency.as_deref()).join(" ");
        let why = match before.rules.len() {
            1 => "has a rule that is more than a discount and a minimum spend".to_owned(),
            rules => format!("has {}", count(rules, "rule")),
        };
        return Err(ChangeError::invalid(
            format!(
                "Promotion {} {why}, so discount_value and minimum_spend do not describe it: {}",
                before.id,
                harmless(&does)
            ),
            "get_promotion tells all of it. Make another one with create_promotion and rules, or change it in the control panel.",
        ));
    };
    if let Some(value) = edit.discount_value {
        simple.discount = match simple.discount {
            SimpleDiscount::Percent(_) => SimpleDiscount::Percent(percent(value)?),
            SimpleDiscount::PercentOffItems(_) => SimpleDiscount::PercentOffItems(percent(value)?),
            SimpleDiscount::FixedAmount(_) => SimpleDiscount::FixedAmount(amount(value)?),
            SimpleDiscount::FixedAmountOffItems(_) => SimpleDiscount::FixedAmountOffItems(amount(value)?),
            SimpleDiscount::FreeShipping => {
                return Err(ChangeError::invalid(
                    "Free shipping has no discount_value.",
                    "Leave discount_value out.",
                ));
            }
        };
    }
    if let Some(minimum) = edit.minimum_spend {
        if minimum < Decimal::ZERO {
            let hint = "Give an amount, such as 50; 0 takes the minimum away.";
            return Err(ChangeError::invalid("minimum_spend is below 0.", hint));
        }
        simple.minimum_spend = (minimum > Decimal::ZERO).then_some(minimum);
    }
    Ok(simple.to_rules())
}

fn headline(before: &Promotion, patch: &Map<String, Value>) -> String {
    let name = before.quoted_name();
    match (patch.get("status").and_then(Value::as_str), patch.len()) {
        (Some("DISABLED"), 1) => format!("Disable promotion {} {name}", before.id),
        (Some("ENABLED"), 1) => format!("Enable promotion {} {name}", before.id),
        _ => {
            let fields: Vec<_> = patch.keys().map(String::as_str).collect();
            format!("Change {} of promotion {} {name}", fields.join(", "), before.id)
        }
    }
}

fn before_and_after(
    before: &Promotion,
    after: &Promotion,
    patch: &Map<String, Value>,
    zone: Option<&TimeZone>,
) -> Vec<String> {
    let text = |promotion: &Promotion, name: &str| match promotion.document.get(name) {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(Value::String(text)) => quoted(text).trim_matches('"').to_owned(),
        Some(value) => value.to_string(),
    };
    let said = |promotion: &Promotion, name: &str| match name {
        "rules" => {
            let sentences = rules::sentences(&promotion.rules, promotion.currency.as_deref()).join(" ");
            sentences.trim_end_matches('.').to_owned()
        }
        "name" => promotion.quoted_name(),
        "max_uses" => promotion.max_uses.map_or("unlimited".to_owned(), |max_uses| max_uses.to_string()),
        "start_date" | "end_date" => match (name, promotion.starts, promotion.ends) {
            ("start_date", Some(time), _) | ("end_date", _, Some(time)) => store_time::say(time, zone),
            ("end_date", ..) if !promotion.unreadable_dates.contains(&"end_date") => "never".to_owned(),
            _ => text(promotion, name),
        },
        _ => text(promotion, name),
    };
    patch
        .keys()
        .map(|name| harmless(&format!("{name}: {} to {}.", said(before, name), said(after, name))))
        .collect()
}

fn warnings(before: &Promotion, after: &Promotion, now: Timestamp) -> Vec<String> {
    let mut warnings = Vec::new();
    let turned_on = after.status == Status::Enabled && before.status != Status::Enabled;
    if after.ends.is_some_and(|end| end <= now) {
        warnings.push("Its end is past: its codes do not work until ends_at is later.".to_owned());
    }
    let was_live = before.status == Status::Enabled && before.starts.is_none_or(|start| start <= now);
    if was_live && after.status == Status::Enabled && after.starts.is_some_and(|start| start > now) {
        warnings.push("It was live; from now on its codes do not work until its new start.".to_owned());
    }
    if after.is_used_up() {
        warnings.push(format!("It has {} already, so its cap is reached.", count(after.current_uses, "use")));
    }
    if turned_on && before.status == Status::Invalid {
        warnings.push("BigCommerce had set it to INVALID: look at its rules with get_promotion.".to_owned());
    }
    warnings
}
