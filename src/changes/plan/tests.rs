use serde_json::json;

use super::*;

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn row(id: u64, code: &str) -> CodeRow {
    CodeRow { id, code: code.to_owned(), current_uses: 3, max_uses: 9, max_uses_per_customer: 1 }
}

fn delete_codes(codes: &[CodeRow]) -> Step {
    Step::DeleteCodes { promotion_id: 7, codes: codes.to_vec(), route: Route::Ids }
}

fn update(patch: &Value) -> Step {
    Step::UpdatePromotion {
        promotion_id: 7,
        patch: object(patch),
        before: object(&json!({"status": "DISABLED"})),
    }
}

fn plan(steps: Vec<Step>, resulting: Vec<Resulting>) -> Plan {
    Plan {
        order: None,
        headline: "Change it".to_owned(),
        lines: vec!["So it goes.".to_owned()],
        alternative: None,
        steps,
        resulting,
        gets_codes: Vec::new(),
        asks: Vec::new(),
        warnings: Vec::new(),
    }
}

fn promotion(percent: &str, uses: u64) -> Promotion {
    Promotion::read(object(&json!({
        "id": 7, "name": "A", "current_uses": uses,
        "rules": [{"action": {"cart_value": {"discount": {"percentage_amount": percent}}}}],
    })))
}

#[test]
fn a_yes_is_bound_to_what_is_done_and_not_to_what_goes_on_meanwhile() {
    let codes = |rows: &[CodeRow]| plan(vec![delete_codes(rows)], vec![]).fingerprint();
    let used = CodeRow { current_uses: 4, ..row(1, "A") };
    let first = codes(&[row(1, "A"), row(2, "B")]);
    assert_eq!(codes(&[used, row(2, "B")]), first);
    for other in [
        codes(&[row(1, "A")]),
        codes(&[row(1, "A"), row(3, "B")]),
        codes(&[row(1, "A"), row(2, "C")]),
        codes(&[row(1, "A"), CodeRow { max_uses: 10, ..row(2, "B") }]),
        codes(&[row(1, "A"), row(2, "B"), row(3, "C")]),
    ] {
        assert_ne!(other, first);
    }
    let gone = |documents: &[Value]| {
        let documents = documents.iter().map(object).collect();
        plan(vec![Step::DeletePromotions { documents }], vec![]).fingerprint()
    };
    assert_eq!(gone(&[json!({"id": 7, "current_uses": 1})]), gone(&[json!({"id": 7, "current_uses": 2})]));
    assert_ne!(gone(&[json!({"id": 7})]), gone(&[json!({"id": 7}), json!({"id": 8})]));
}

#[test]
fn a_yes_is_bound_to_the_terms_of_the_promotion() {
    let enable = |percent: &str, uses: u64| {
        let after = Some(promotion(percent, uses));
        plan(vec![update(&json!({"status": "ENABLED"}))], vec![Resulting { before: None, after }])
            .fingerprint()
    };
    assert_eq!(enable("20", 5), enable("20", 6));
    assert_ne!(enable("20", 5), enable("90", 5));
    let goes = |percent: &str| {
        let before = Some(promotion(percent, 5));
        plan(vec![], vec![Resulting { before, after: None }]).fingerprint()
    };
    assert_ne!(goes("20"), goes("90"));
}

#[test]
fn the_words_for_a_person_do_not_change_what_is_agreed_to() {
    let one = plan(vec![delete_codes(&[row(1, "A")])], vec![]);
    let other = Plan { lines: vec![], warnings: vec!["Mind this.".to_owned()], ..one.clone() };
    assert_eq!(one.fingerprint(), other.fingerprint());
}

#[test]
fn a_step_is_said_in_words() {
    let create = |codes: &[CodeRow]| Step::CreateCodes {
        promotion: PromotionRef::Made(0),
        codes: codes.to_vec(),
        insist: false,
    };
    let promotions = |ids: &[u64]| Step::DeletePromotions {
        documents: ids.iter().map(|id| object(&json!({ "id": id }))).collect(),
    };
    let made = object(&json!({"name": "Summer\u{202e}\nSale"}));
    for (step, words) in [
        (Step::CreatePromotion { document: made, namesakes: vec![] }, "making the promotion \"Summer Sale\""),
        (update(&json!({})), "changing promotion 7"),
        (promotions(&[7]), "deleting promotion 7"),
        (promotions(&[7, 8]), "deleting 2 promotions"),
        (create(&[row(0, "A")]), "making the code \"A\""),
        (create(&[row(0, "A"), row(0, "B")]), "making 2 codes"),
        (delete_codes(&[row(1, "A")]), "deleting the code \"A\""),
        (delete_codes(&[row(1, "A"), row(2, "B")]), "deleting 2 codes"),
        (
            Step::UpdateSettings { settings: Map::new(), before: Map::new() },
            "changing the promotion settings",
        ),
    ] {
        assert_eq!(step.in_words(), words);
    }
}

#[test]
fn the_record_has_all_that_is_taken_away_or_overwritten() {
    let settings = object(&json!({"a": 1}));
    let document = object(&json!({"id": 7, "name": "A"}));
    let steps = vec![
        Step::CreatePromotion { document: document.clone(), namesakes: vec![] },
        update(&json!({"status": "ENABLED"})),
        delete_codes(&[row(1, "A")]),
        Step::DeletePromotions { documents: vec![document] },
        Step::UpdateSettings { settings: Map::new(), before: settings },
    ];
    let code = json!({"id": 1, "code": "A", "current_uses": 3, "max_uses": 9, "max_uses_per_customer": 1});
    let before = json!([
        {"promotion_id": 7, "fields": {"status": "DISABLED"}},
        {"promotion_id": 7, "codes": [code]},
        {"promotions": [{"id": 7, "name": "A"}]},
        {"settings": {"a": 1}},
    ]);
    let plan = plan(steps.clone(), vec![]);
    assert_eq!(plan.before(), before);
    // From the journal the steps come back as they were.
    let kept = plan.before_and_steps();
    assert_eq!(kept["before"], before);
    assert_eq!(serde_json::from_value::<Vec<Step>>(kept["steps"].clone()).unwrap(), steps);
}

#[test]
fn a_row_that_the_api_would_not_take_is_not_sent() {
    let new = row(1, " Anna 10 ").to_create(7).unwrap();
    assert_eq!((new.promotion_id, new.code.as_str()), (7, "Anna 10"));
    assert_eq!((new.max_uses, new.max_uses_per_customer), (9, 1));
    for row in [
        row(1, "50%"),
        row(1, ""),
        CodeRow { max_uses: 5_000_000_000, ..row(1, "A") },
        CodeRow { max_uses_per_customer: 5_000_000_000, ..row(1, "A") },
    ] {
        assert!(row.to_create(7).is_none(), "{row:?}");
    }
}
