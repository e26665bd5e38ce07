use serde_json::{Value, json};

use super::*;

const NOW: &str = "2026-06-10T12:00:00Z";

fn promotion(fields: Value) -> Promotion {
    let mut document = json!({"id": 1, "name": "A", "redemption_type": "COUPON", "status": "ENABLED"});
    let (Value::Object(document), Value::Object(fields)) = (&mut document, fields) else { panic!("objects") };
    document.extend(fields);
    Promotion::read(document.clone())
}

fn filter() -> PromotionFilter {
    PromotionFilter {
        text: None,
        code: None,
        kind: None,
        channel: None,
        currency: None,
        state: None,
        expiring_within_days: None,
        limit: 25,
        page: 1,
    }
}

fn admits(filter: &PromotionFilter, fields: Value) -> bool {
    filter.admits(&promotion(fields), NOW.parse().unwrap(), None)
}

#[test]
fn a_state_is_computed_and_not_the_status_of_the_api() {
    let ended = json!({"end_date": "2026-06-10T11:59:59Z"});
    let used_up = json!({"max_uses": 5, "current_uses": 5, "status": "DISABLED"});
    for (state, fields) in [
        (EffectiveState::Active, json!({})),
        (EffectiveState::Scheduled, json!({"start_date": "2026-07-01T00:00:00Z"})),
        (EffectiveState::Expired, ended),
        (EffectiveState::UsedUp, used_up),
        (EffectiveState::Disabled, json!({"status": "DISABLED"})),
        (EffectiveState::Invalid, json!({"status": "INVALID"})),
    ] {
        for wanted in [EffectiveState::Active, EffectiveState::Expired, EffectiveState::UsedUp, state] {
            let filter = PromotionFilter { state: Some(wanted), ..filter() };
            assert_eq!(admits(&filter, fields.clone()), wanted == state, "{fields} as {wanted:?}");
        }
    }
}

#[test]
fn what_expires_soon_ends_in_time_and_can_be_used_until_then() {
    let soon = PromotionFilter { expiring_within_days: Some(7), ..filter() };
    for (fields, is_soon) in [
        (json!({"end_date": "2026-06-10T12:00:00Z"}), true),
        (json!({"end_date": "2026-06-17T12:00:00Z"}), true),
        (json!({"end_date": "2026-06-17T12:00:01Z"}), false),
        (json!({"end_date": "2026-06-10T11:59:59Z"}), false),
        (json!({"end_date": null}), false),
        (json!({"end_date": "2026-06-12T00:00:00Z", "start_date": "2026-06-11T00:00:00Z"}), true),
        (json!({"end_date": "2026-06-12T00:00:00Z", "status": "DISABLED"}), false),
    ] {
        assert_eq!(admits(&soon, fields.clone()), is_soon, "{fields}");
    }
    let disabled = PromotionFilter { state: Some(EffectiveState::Disabled), ..soon };
    assert!(admits(&disabled, json!({"end_date": "2026-06-12T00:00:00Z", "status": "DISABLED"})));
    assert!(!admits(&disabled, json!({"end_date": "2026-08-12T00:00:00Z", "status": "DISABLED"})));
}

#[test]
fn a_number_of_days_beyond_the_calendar_is_no_fault() {
    let ever = PromotionFilter { expiring_within_days: Some(u32::MAX), ..filter() };
    assert!(admits(&ever, json!({"end_date": Timestamp::MAX.to_string()})));
}
