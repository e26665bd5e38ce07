//! The parts of a promotion in words. What has no words is shown as JSON.

use serde_json::{Map, Value};

use crate::coupons::promotion::Kind;
use crate::coupons::{Promotion, clean};

/// The deprecated flag of a coupon.
const REPLACES_LOWER: &str = "coupon_overrides_automatic_when_offering_higher_discounts";

const ALL_CUSTOMERS: &str = "All customers.";

pub(super) fn stacking(promotion: &Promotion) -> Vec<String> {
    let is_coupon = promotion.kind == Kind::Coupon;
    let replaces_lower = promotion.document.get(REPLACES_LOWER).is_some_and(|flag| flag == true);
    let beside = match (promotion.stacks, promotion.overrides && is_coupon) {
        (true, _) => "It applies beside other promotions.",
        (false, true) => "It does not apply beside other promotions: its coupon replaces them.",
        (false, false) => "It does not apply beside other promotions.",
    };
    let more = [
        (replaces_lower && is_coupon, "Its coupon replaces automatic promotions where it takes off more."),
        (promotion.stop, "Promotions of lower priority are skipped after it."),
    ];
    let more = more.into_iter().filter(|(holds, _)| *holds).map(|(_, sentence)| sentence);
    std::iter::once(beside).chain(more).map(str::to_owned).collect()
}

pub(super) fn customers(promotion: &Promotion) -> Vec<String> {
    let customers = &promotion.customers;
    let mut sentences = Vec::new();
    if !customers.groups.is_empty() {
        sentences.push(format!("Only customer groups {}.", groups(&customers.groups)));
    }
    if !customers.excluded_groups.is_empty() {
        sentences.push(format!("Not customer groups {}.", groups(&customers.excluded_groups)));
    }
    if customers.minimum_orders > 0 {
        sentences.push(format!("Only customers with at least {} earlier orders.", customers.minimum_orders));
    }
    let document = promotion.document.get("customer").unwrap_or(&Value::Null);
    if customers.has_segments {
        let segments = document.get("segments").unwrap_or(&Value::Null);
        sentences.push(format!("Only customer segments {}.", json(segments)));
    }
    let rest = match document {
        Value::Object(fields) => {
            let rest = fields.iter().filter(|(name, value)| !is_plain_customer_field(name, value));
            Value::Object(rest.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        rest => rest.clone(),
    };
    if !rest.is_null() && rest.as_object().is_none_or(|fields| !fields.is_empty()) {
        sentences.push(format!("Customers as in {}.", json(&rest)));
    }
    if sentences.is_empty() {
        sentences.push(ALL_CUSTOMERS.to_owned());
    }
    sentences
}

/// Whether no customer is left out.
pub(super) fn is_for_all(promotion: &Promotion) -> bool {
    customers(promotion) == [ALL_CUSTOMERS]
}

/// Whether a field of `customer` is of the kind that is read of it.
fn is_plain_customer_field(name: &str, value: &Value) -> bool {
    let is_plain = match name {
        "segments" => true,
        "minimum_order_count" => value.is_u64(),
        "group_ids" | "excluded_group_ids" => {
            value.as_array().is_some_and(|ids| ids.iter().all(Value::is_u64))
        }
        _ => false,
    };
    is_plain || value.is_null()
}

fn groups(ids: &[u64]) -> String {
    let name = |id: &u64| match id {
        0 => "0 (guests and customers without a group)".to_owned(),
        id => id.to_string(),
    };
    ids.iter().map(name).collect::<Vec<_>>().join(", ")
}

pub(super) fn channels(promotion: &Promotion) -> String {
    match promotion.document.get("channels") {
        None | Some(Value::Null) => "All channels.".to_owned(),
        Some(Value::Array(channels)) if channels.is_empty() => "All channels.".to_owned(),
        Some(Value::Array(channels)) => {
            let ids = channels.iter().map(|channel| only(channel, "id").unwrap_or(channel));
            format!("Only channels {}.", ids.map(json).collect::<Vec<_>>().join(", "))
        }
        Some(channels) => format!("Only channels {}.", json(channels)),
    }
}

pub(super) fn shipping_address(promotion: &Promotion) -> Option<String> {
    let address = promotion.document.get("shipping_address").filter(|address| !address.is_null())?;
    let of_countries = |matcher: &Value| countries(matcher).map(|codes| codes.join(", "));
    let not = address.as_object().filter(|address| address.len() == 1).and_then(|address| address.get("not"));
    Some(match (of_countries(address), not.and_then(of_countries)) {
        (Some(codes), _) => format!("Only to {codes}."),
        (None, Some(codes)) => format!("Not to {codes}."),
        (None, None) => format!("Only to addresses that match {}.", json(address)),
    })
}

/// The codes of `{"countries": [{"iso2_country_code": ".."}]}` and of no other shape.
fn countries(matcher: &Value) -> Option<Vec<String>> {
    let countries = only(matcher, "countries")?.as_array()?;
    countries.iter().map(|country| only(country, "iso2_country_code")?.as_str().map(clean)).collect()
}

/// The value of an object that has this key and no other.
fn only<'a>(object: &'a Value, key: &str) -> Option<&'a Value> {
    object.as_object().filter(|object| object.len() == 1)?.get(key)
}

pub(super) fn notifications(promotion: &Promotion) -> Vec<String> {
    match promotion.document.get("notifications") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(notifications)) => notifications.iter().map(notification).collect(),
        Some(other) => vec![json(other)],
    }
}

/// `APPLIED on CART_PAGE: "You save 20%."`
fn notification(value: &Value) -> String {
    let said = || {
        let object = value.as_object().filter(|object| object.len() == 3)?;
        let text = |name| object.get(name)?.as_str();
        let pages = object.get("locations")?.as_array()?.iter().map(Value::as_str);
        let pages = pages.collect::<Option<Vec<_>>>()?.join(", ");
        Some(clean(&format!("{} on {pages}: {}", text("type")?, json(object.get("content")?))))
    };
    said().unwrap_or_else(|| json(value))
}

/// The fields that nothing else of the view tells, as one JSON object.
pub(super) fn other(promotion: &Promotion) -> Option<String> {
    let is_other = |(name, value): &(&String, &Value)| !value.is_null() && !is_told(promotion, name, value);
    let fields = promotion.document.iter().filter(is_other);
    let fields: Map<_, _> = fields.map(|(name, value)| (name.clone(), value.clone())).collect();
    (!fields.is_empty()).then(|| json(&Value::Object(fields)))
}

fn is_told(promotion: &Promotion, name: &str, value: &Value) -> bool {
    match name {
        "rules" | "channels" | "customer" | "shipping_address" | "notifications" => true,
        "id" | "current_uses" | "max_uses" => value.is_u64(),
        "name" | "display_name" | "currency_code" => value.is_string(),
        "redemption_type" => value == "COUPON" || value == "AUTOMATIC",
        "coupon_type" => promotion.coupon_type.is_some(),
        "status" => value == "ENABLED" || value == "DISABLED" || value == "INVALID",
        "start_date" => promotion.starts.is_some(),
        "end_date" => promotion.ends.is_some(),
        "schedule" => promotion.schedule.is_some(),
        "can_be_used_with_other_promotions" | "stop" => value.is_boolean(),
        "coupon_overrides_other_promotions" | REPLACES_LOWER => {
            // A flag of coupons is a riddle on an automatic promotion, unless it is off.
            value == false || (value.is_boolean() && promotion.kind == Kind::Coupon)
        }
        _ => false,
    }
}

/// Compact JSON without hidden characters.
pub(super) fn json(value: &Value) -> String {
    clean(&value.to_string())
}
