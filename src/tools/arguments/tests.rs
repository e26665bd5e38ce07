use serde_json::json;

use super::*;

fn schema() -> JsonObject {
    let schema = json!({
        "type": "object",
        "properties": {
            "promotion_id": {"type": "integer", "minimum": 1},
            "limit": {"type": "integer", "minimum": 1, "maximum": 250},
            "code": {"type": "string"},
            "exact": {"type": "boolean"},
            "where": {"type": "object"},
            "rules": {"type": "string"},
            "ids": {"type": "array", "items": {"type": "integer"}},
            "texts": {"type": "array", "items": {"type": "string"}},
            "rows": {"type": "array", "items": {"type": "object"}},
            "share": {"type": "number"},
            "uses": {"type": "integer", "minimum": 0, "maximum": 100},
            "kind": {"type": "string", "enum": ["coupon", "used_up", "DISABLED"]},
        },
        "required": ["promotion_id"],
    });
    schema.as_object().unwrap().clone()
}

fn fitted(arguments: &Value) -> Result<Value, String> {
    let arguments = arguments.as_object().unwrap().clone();
    fit(arguments, &schema()).map(|fitted| fitted.arguments.into()).map_err(|fault| fault.to_string())
}

/// What an argument is fitted to, or the problem with it.
fn one(name: &str, value: &Value) -> Result<Value, String> {
    fitted(&json!({"promotion_id": 1, name: value})).map(|fitted| fitted[name].clone())
}

#[test]
fn what_hosts_send_is_read_as_what_they_mean() {
    let arguments = json!({
        "promotion_id": "4", "limit": 10.0, "code": 2024, "exact": "True",
        "where": "{\"a\": 1}", "ids": "[1, 2]", "kind": null,
    });
    let expected = json!({
        "promotion_id": 4, "limit": 10, "code": "2024", "exact": true, "where": {"a": 1}, "ids": [1, 2],
    });
    assert_eq!(fitted(&arguments), Ok(expected));
}

#[test]
fn what_cannot_be_read_is_named_with_what_was_expected() {
    let cases = [
        (json!({"promotion_id": "four"}), r#"Argument "promotion_id" must be an integer of at least 1."#),
        (json!({"promotion_id": 0}), r#"Argument "promotion_id" must be an integer of at least 1."#),
        (json!({"promotion_id": 1.5}), r#"Argument "promotion_id" must be an integer of at least 1."#),
        (json!({"promotion_id": true}), r#"Argument "promotion_id" must be an integer of at least 1."#),
        (json!({"promotion_id": 1, "limit": 251}), r#"Argument "limit" must be an integer from 1 to 250."#),
        (json!({"promotion_id": 1, "limit": -1}), r#"Argument "limit" must be an integer from 1 to 250."#),
        (json!({"promotion_id": 1, "code": ["A"]}), r#"Argument "code" must be a string."#),
        (json!({"promotion_id": 1, "where": "[1]"}), r#"Argument "where" must be an object."#),
        (
            json!({"promotion_id": 1, "kind": "x"}),
            r#"Argument "kind" must be one of "coupon", "used_up", "DISABLED"."#,
        ),
        (json!({"promotion_id": null}), r#"Argument "promotion_id" is required."#),
    ];
    for (arguments, problem) in cases {
        assert_eq!(fitted(&arguments), Err(problem.to_owned()));
    }
}

#[test]
fn a_text_that_is_too_long_is_told_by_its_length() {
    let long = "x".repeat(4 << 20);
    let told = |text: &str| format!("{text} has 4194304 characters, and at most 255 fit.");
    assert_eq!(fitted(&json!({"promotion_id": 1, "code": long})), Err(told("Argument \"code\"")));
    assert_eq!(one("texts", &json!(["A", long])), Err(told("A text in argument \"texts\"")));
    let kept = json!({"promotion_id": 1, "code": "ä".repeat(255)});
    assert_eq!(fitted(&kept), Ok(kept));
}

#[test]
fn every_problem_is_reported_at_once() {
    let problem = fitted(&json!({"promotionId": 1, "limit": "many"})).unwrap_err();
    assert_eq!(
        problem,
        "Unknown argument \"promotionId\"; valid arguments are promotion_id, limit, code, exact, where, \
         rules, ids, texts, rows, share, uses, kind. Argument \"limit\" must be an integer from 1 to 250. Argument \"promotion_id\" is required."
    );
}

#[test]
fn an_optional_argument_that_is_empty_is_left_out() {
    for empty in [json!(null), json!(""), json!(" \u{a0}\t\n"), json!([]), json!({})] {
        for name in ["limit", "code", "exact", "where", "rules", "ids", "share", "uses", "kind"] {
            assert_eq!(one(name, &empty), Ok(json!(null)), "{name}: {empty}");
        }
    }
    for zero in [json!(0), json!(0.0), json!("0"), json!(" 0.0 ")] {
        assert_eq!(one("limit", &zero), Ok(json!(null)), "{zero}: it begins at 1");
        assert_eq!(one("uses", &zero), Ok(json!(0)), "{zero}: it begins at 0");
    }
    let given = json!({"promotion_id": 1, "ids": [], "code": "", "exact": null, "limit": 0, "uses": 0});
    let Fitted { arguments, empty, .. } = fit(given.as_object().unwrap().clone(), &schema()).unwrap();
    assert_eq!(Value::from(arguments), json!({"promotion_id": 1, "uses": 0}));
    assert_eq!(empty, ["ids", "code", "limit"]);
}

#[test]
fn what_is_required_is_not_left_out() {
    for empty in [json!(""), json!(0), json!([]), json!({})] {
        let problem = fitted(&json!({"promotion_id": empty})).unwrap_err();
        assert!(problem.starts_with("Argument \"promotion_id"), "{empty}: {problem}");
    }
}

#[test]
fn elements_are_fitted_as_values_are_and_a_lone_value_is_a_list_of_one() {
    for (name, given, read) in [
        ("ids", json!(["12", 1.0, 7, " 3 "]), json!([12, 1, 7, 3])),
        ("ids", json!("[\"12\", 1.0]"), json!([12, 1])),
        ("ids", json!(9), json!([9])),
        ("ids", json!("9"), json!([9])),
        ("texts", json!([2024, "A"]), json!(["2024", "A"])),
        ("texts", json!("A"), json!(["A"])),
        ("texts", json!("[not JSON"), json!(["[not JSON"])),
        ("rows", json!(["{\"a\": 1}", {"b": 2}]), json!([{"a": 1}, {"b": 2}])),
        ("rows", json!({"a": 1}), json!([{"a": 1}])),
        ("rows", json!([[]]), json!([{}])),
    ] {
        assert_eq!(one(name, &given), Ok(read), "{name}: {given}");
    }
}

#[test]
fn an_element_that_does_not_fit_is_named_in_jsons_words() {
    for (name, given, problem) in [
        ("ids", json!([1, "one"]), "Argument ids[1] must be an integer, such as 12."),
        ("ids", json!([[1]]), "Argument ids[0] must be an integer, such as 12."),
        ("ids", json!(1.5), "Argument ids[0] must be an integer, such as 12."),
        ("ids", json!([null]), "Argument ids[0] must be an integer, such as 12."),
        ("texts", json!([{}]), "Argument texts[0] must be a string."),
        ("rows", json!([1]), "Argument rows[0] must be an object."),
        ("share", json!("much"), "Argument \"share\" must be a number, such as 12.5."),
        ("exact", json!("perhaps"), "Argument \"exact\" must be true or false."),
    ] {
        assert_eq!(one(name, &given), Err(problem.to_owned()), "{name}: {given}");
    }
}

#[test]
fn listed_values_match_in_any_case_and_with_anything_between_their_words() {
    for (given, meant) in [
        ("Used up", "used_up"),
        ("USED-UP", "used_up"),
        ("usedUp", "used_up"),
        (" disabled ", "DISABLED"),
        ("Coupon", "coupon"),
    ] {
        assert_eq!(one("kind", &json!(given)), Ok(json!(meant)), "{given}");
    }
    assert!(one("kind", &json!("used_upp")).is_err());
}

#[test]
fn json_in_a_text_may_come_as_what_it_holds() {
    let rules = json!([{"action": {"a": 1}}]);
    assert_eq!(one("rules", &rules), Ok(json!(rules.to_string())));
    assert_eq!(one("rules", &json!(rules.to_string())), Ok(json!(rules.to_string())));
    let lone = json!({"action": {}});
    assert_eq!(one("rules", &lone), Ok(json!(lone.to_string())));
    assert!(one("code", &rules).is_err(), "only where the text is JSON");
}
