//! A promotion's document: its defaults, what a body changes in it, and the rules it must obey.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{audience, rules};
use crate::sandbox::field::{Field, Invalid};
use crate::sandbox::time;

/// The largest number of rules: the promotions guide of the API documentation.
const RULE_LIMIT: usize = 10;

/// The document of a new promotion: `DraftCouponPromotion` or `DraftAutomaticPromotion` in the OpenAPI file.
pub(super) fn create(body: &Value, now: Timestamp) -> Result<Map<String, Value>, Invalid> {
    let root = Field::root(body);
    let redemption_type = root.required("redemption_type")?.one_of(&["AUTOMATIC", "COUPON"])?;
    let mut document = blank(redemption_type);
    if redemption_type == "COUPON" {
        let coupon_type = root.optional("coupon_type")?;
        let coupon_type = coupon_type.map_or(Ok("SINGLE"), |field| field.one_of(&["SINGLE", "BULK"]))?;
        document.extend(coupon_fields(coupon_type));
    } else {
        refuse_coupon_fields(&root)?;
    }
    overlay(&mut document, root.object()?);
    settle(document, now)
}

/// `saved` with the fields of `patch` in it: `PatchCouponPromotion` or `PatchAutomaticPromotion` in the
/// OpenAPI file.
pub(super) fn update(
    saved: Map<String, Value>,
    patch: &Value,
    now: Timestamp,
) -> Result<Map<String, Value>, Invalid> {
    let root = Field::root(patch);
    if saved.contains_key("coupon_type") {
        keep(&saved, &root, "coupon_type")?;
    } else {
        refuse_coupon_fields(&root)?;
    }
    keep(&saved, &root, "redemption_type")?;
    let mut document = saved;
    overlay(&mut document, root.object()?);
    settle(document, now)
}

/// Refuses another value for a field that cannot change.
fn keep(saved: &Map<String, Value>, patch: &Field<'_>, name: &str) -> Result<(), Invalid> {
    let Some(field) = patch.optional(name)? else {
        return Ok(());
    };
    let current = saved.get(name).and_then(Value::as_str).unwrap_or_default();
    field.text_where(|text| text == current, &format!("cannot change; it is {current}."))?;
    Ok(())
}

/// An automatic promotion has no coupon type and overrides nothing as a coupon would.
fn refuse_coupon_fields(body: &Field<'_>) -> Result<(), Invalid> {
    if let Some(field) = body.optional("coupon_type")? {
        return Err(field.refuse("is only for promotions with redemption_type COUPON."));
    }
    for name in OVERRIDES {
        if let Some(field) = body.optional(name)?
            && field.boolean()?
        {
            return Err(field.refuse("is only for promotions with redemption_type COUPON."));
        }
    }
    Ok(())
}

/// The switches that need `can_be_used_with_other_promotions` to be false.
const OVERRIDES: [&str; 2] =
    ["coupon_overrides_other_promotions", "coupon_overrides_automatic_when_offering_higher_discounts"];

/// Fields that the store sets; a body that holds them does not change them.
const READ_ONLY: [&str; 7] =
    ["id", "redemption_type", "current_uses", "created_from", "coupon_type", "multiple_codes", "codes"];

/// Every field of a saved promotion but its id and the coupon ones, in the order of the OpenAPI file's
/// sample, with the value it has when a body leaves it out. Null stands for "required" in `name` and
/// `rules`, for "now" in `start_date`.
fn blank(redemption_type: &str) -> Map<String, Value> {
    object(json!({
        "redemption_type": redemption_type,
        "name": null,
        "display_name": "",
        "created_from": "api",
        "channels": [],
        "customer": {},
        "rules": null,
        "current_uses": 0,
        "max_uses": null,
        "status": "ENABLED",
        "start_date": null,
        "end_date": null,
        "stop": false,
        "can_be_used_with_other_promotions": true,
        "currency_code": "USD",
        "notifications": [],
        "shipping_address": null,
        "schedule": null,
    }))
}

fn coupon_fields(coupon_type: &str) -> Map<String, Value> {
    object(json!({
        "coupon_type": coupon_type,
        "coupon_overrides_other_promotions": false,
        "coupon_overrides_automatic_when_offering_higher_discounts": false,
        "multiple_codes": { "has_multiple_codes": coupon_type == "BULK" },
    }))
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(object) = value { object } else { Map::new() }
}

/// Takes over the fields of `body` that the document has and that may be written; null means the default.
fn overlay(document: &mut Map<String, Value>, body: &Map<String, Value>) {
    let mut defaults = blank("");
    defaults.extend(coupon_fields(""));
    for (name, value) in document.iter_mut().filter(|(name, _)| !READ_ONLY.contains(&name.as_str())) {
        match body.get(name) {
            None => {}
            Some(Value::Null) => *value = defaults.remove(name).unwrap_or_default(),
            Some(sent) => *value = sent.clone(),
        }
    }
}

/// Checks the whole document and completes what it may leave out.
fn settle(document: Map<String, Value>, now: Timestamp) -> Result<Map<String, Value>, Invalid> {
    let value = Value::Object(document);
    let root = Field::root(&value);
    check_fields(&root)?;
    check_together(&root)?;
    let start = date(&root, "start_date")?.unwrap_or(now);
    let end = date(&root, "end_date")?;
    if end.is_some_and(|end| end <= start) {
        return Err(root.required("end_date")?.refuse("must be after start_date."));
    }
    let mut document = object(value);
    set(&mut document, "start_date", time::wire_time(start).into());
    set(&mut document, "end_date", end.map(time::wire_time).into());
    complete(&mut document);
    Ok(document)
}

/// What each field must be by itself: `PromotionBase` in the OpenAPI file.
fn check_fields(root: &Field<'_>) -> Result<(), Invalid> {
    root.required("name")?.text_where(|name| !name.trim().is_empty(), "must not be blank.")?;
    root.required("display_name")?.text()?;
    root.required("channels")?.each(|channel| audience::check_id(&channel))?;
    audience::check_customer(&root.required("customer")?)?;
    for rule in root.required("rules")?.items(1..=RULE_LIMIT)? {
        rules::check(&rule)?;
    }
    if let Some(uses) = root.optional("max_uses")? {
        uses.integer(1..=i64::MAX)?;
    }
    root.required("status")?.one_of(&["ENABLED", "DISABLED"])?;
    root.required("stop")?.boolean()?;
    root.required("can_be_used_with_other_promotions")?.boolean()?;
    root.required("currency_code")?.text_where(is_currency, "must be an ISO 4217 code or *.")?;
    root.required("notifications")?.each(|notification| audience::check_notification(&notification))?;
    if let Some(address) = root.optional("shipping_address")? {
        audience::check_address(&address)?;
    }
    if let Some(schedule) = root.optional("schedule")? {
        audience::check_schedule(&schedule)?;
    }
    Ok(())
}

/// What fields must be beside each other.
fn check_together(root: &Field<'_>) -> Result<(), Invalid> {
    let combinable = root.required("can_be_used_with_other_promotions")?.boolean()?;
    for name in OVERRIDES {
        if let Some(field) = root.optional(name)?
            && field.boolean()?
            && combinable
        {
            return Err(field.refuse("needs can_be_used_with_other_promotions to be false."));
        }
    }
    let currency = root.required("currency_code")?;
    if currency.text()? == "*"
        && root.required("rules")?.each(|rule| rules::check_currency_free(&rule)).is_err()
    {
        return Err(currency.refuse("can be * for percentage discounts only."));
    }
    Ok(())
}

fn is_currency(code: &str) -> bool {
    code == "*" || (code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()))
}

/// The date in the field `name`; blank is the same as absent.
fn date(root: &Field<'_>, name: &str) -> Result<Option<Timestamp>, Invalid> {
    let Some(field) = root.optional(name)? else {
        return Ok(None);
    };
    let text = field.text()?;
    if text.is_empty() {
        return Ok(None);
    }
    let expectation = "must be a date and time with an offset, as in 2025-12-30T01:02:03+00:00.";
    text.parse().map(Some).map_err(|_| field.refuse(expectation))
}

/// Fills the parts of `customer` and of the rules that a body may leave out.
fn complete(document: &mut Map<String, Value>) {
    if let Some(customer) = document.get_mut("customer").and_then(Value::as_object_mut) {
        let defaults =
            json!({ "group_ids": [], "minimum_order_count": 0, "excluded_group_ids": [], "segments": null });
        default_to(customer, object(defaults));
    }
    for rule in document.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(rule) = rule.as_object_mut() {
            default_to(rule, object(json!({ "apply_once": true, "stop": false })));
        }
    }
}

/// Sets the fields of `defaults` that `object` lacks or has as null.
fn default_to(object: &mut Map<String, Value>, defaults: Map<String, Value>) {
    for (name, default) in defaults {
        if object.get(&name).is_none_or(Value::is_null) {
            object.insert(name, default);
        }
    }
}

fn set(document: &mut Map<String, Value>, name: &str, value: Value) {
    document.insert(name.to_owned(), value);
}

#[cfg(test)]
mod tests;
