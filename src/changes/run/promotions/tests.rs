use serde_json::json;

use super::*;

fn held(document: &Value, wanted: &Value) -> bool {
    holds(document.as_object().unwrap(), wanted.as_object().unwrap())
}

#[test]
fn the_api_may_write_the_same_in_its_own_way() {
    for (is, wanted) in [
        (json!({"max_uses": 5}), json!({"max_uses": 5})),
        (json!({"max_uses": "5"}), json!({"max_uses": 5})),
        (json!({"amount": "10.00"}), json!({"amount": "10"})),
        (json!({"amount": 10}), json!({"amount": "10.0"})),
        (json!({"end_date": "2026-06-10T12:00:00+00:00"}), json!({"end_date": "2026-06-10T12:00:00Z"})),
        (json!({"end_date": "2026-06-10T12:00:00.000Z"}), json!({"end_date": "2026-06-10T08:00:00-04:00"})),
        (json!({}), json!({"end_date": null})),
        (json!({"end_date": null}), json!({"end_date": null})),
        (json!({}), json!({"stop": false})),
        (json!({"stop": null}), json!({"stop": false})),
        (json!({}), json!({"channels": []})),
        (json!({"customer": null}), json!({"customer": {}})),
        (json!({"id": 7, "name": "A", "current_uses": 3}), json!({"name": "A"})),
        (json!({"max_uses": 0}), json!({"max_uses": null})),
        (json!({"max_uses": null}), json!({"max_uses": 0})),
        (json!({"channels": []}), json!({"channels": null})),
        (
            json!({"rules": [{
                "action": {"cart_value": {"discount": {"percentage_amount": "20.0000"}}},
                "condition": null, "apply_once": true, "stop": false,
            }]}),
            json!({"rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "20"}}}}]}),
        ),
        (
            json!({"customer": {"group_ids": [1, 2], "excluded_group_ids": [], "minimum_order_count": 0}}),
            json!({"customer": {"group_ids": [1, 2]}}),
        ),
    ] {
        assert!(held(&is, &wanted), "{is} {wanted}");
    }
}

#[test]
fn another_value_is_not_held() {
    for (is, wanted) in [
        (json!({"max_uses": 5}), json!({"max_uses": 6})),
        (json!({"max_uses": 5}), json!({"max_uses": null})),
        (json!({}), json!({"max_uses": 5})),
        (json!({}), json!({"stop": true})),
        (json!({"stop": true}), json!({"stop": false})),
        (json!({"amount": "10.01"}), json!({"amount": "10"})),
        (json!({"end_date": "2026-06-10T12:00:01Z"}), json!({"end_date": "2026-06-10T12:00:00Z"})),
        (json!({"end_date": "2026-06-10"}), json!({"end_date": "2026-06-10T00:00:00Z"})),
        (json!({"end_date": null}), json!({"end_date": "2026-06-10T12:00:00Z"})),
        (json!({"name": "a"}), json!({"name": "A"})),
        (json!({"ids": [1, 2]}), json!({"ids": [1]})),
        (json!({"ids": [1]}), json!({"ids": [1, 2]})),
        (json!({"ids": [1, 2]}), json!({"ids": []})),
        (json!({}), json!({"channels": [{"id": 1}]})),
        (json!({}), json!({"customer": {"group_ids": [1]}})),
        // More in a part than was wanted is another part.
        (
            json!({"rules": [{"action": {}, "condition": {"cart": {"minimum_spend": "50"}}}]}),
            json!({"rules": [{"action": {}}]}),
        ),
        (
            json!({"rules": [{"action": {}}]}),
            json!({"rules": [{"action": {}, "condition": {"cart": {"items": {}}}}]}),
        ),
        (json!({"rules": [{"action": {}, "apply_once": false}]}), json!({"rules": [{"action": {}}]})),
        (json!({"rules": [{"action": {}, "stop": true}]}), json!({"rules": [{"action": {}}]})),
        (
            json!({"customer": {"group_ids": [1], "excluded_group_ids": [2]}}),
            json!({"customer": {"group_ids": [1]}}),
        ),
        (json!({"schedule": {"week_frequency": 2}}), json!({"schedule": {}})),
        (json!({"status": "ENABLED", "name": "A"}), json!({"status": "DISABLED", "name": "A"})),
        (
            json!({"rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "20"}}}}]}),
            json!({"rules": [{"action": {"cart_value": {"discount": {"fixed_amount": "20"}}}}]}),
        ),
    ] {
        assert!(!held(&is, &wanted), "{is} {wanted}");
    }
}

#[test]
fn the_first_field_that_differs_is_named() {
    let document = json!({"name": "A", "max_uses": 5, "stop": true});
    let document = document.as_object().unwrap();
    let wanted = json!({"name": "A", "max_uses": 6, "stop": false});
    assert_eq!(differing(document, wanted.as_object().unwrap()).map(String::as_str), Some("max_uses"));
    assert_eq!(differing(document, document), None);
}

#[test]
fn a_refusal_is_told_of_the_id_that_it_names() {
    use crate::bigcommerce::Refusal;

    let details = [("0.constraint", "Failed for id=12. Error: kept"), ("1.id", "Failed for id=123.")];
    let refusal = Refusal {
        title: Some("Some failed.".to_owned()),
        details: details.map(|(name, message)| (name.to_owned(), message.to_owned())).to_vec(),
    };
    let cause = ApiError::Refused { status: StatusCode::UNPROCESSABLE_ENTITY, refusal };
    assert!(is_refusal(&cause));
    assert_eq!(reason(&cause, 12), "Failed for id=12. Error: kept");
    assert_eq!(reason(&cause, 123), "Failed for id=123.");
    assert_eq!(reason(&cause, 1), clean(&cause.to_string()));
    assert_eq!([1, 12, 123].map(|id| names(&cause, id)), [false, true, true]);
}
