use serde_json::{Value, json};

use super::*;
use crate::changes::plan::Resulting;
use crate::changes::run::Failure;
use crate::coupons::CouponError;

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn promotion(document: &Value) -> Promotion {
    Promotion::read(object(document))
}

fn row(id: u64, code: &str, current_uses: u64) -> CodeRow {
    CodeRow { id, code: code.to_owned(), current_uses, max_uses: 9, max_uses_per_customer: 1 }
}

fn plan(steps: Vec<Step>) -> Plan {
    Plan {
        order: None,
        headline: "Change it".to_owned(),
        lines: Vec::new(),
        alternative: None,
        steps,
        resulting: Vec::<Resulting>::new(),
        gets_codes: Vec::new(),
        asks: Vec::new(),
        warnings: Vec::new(),
    }
}

fn create_promotion(document: &Value) -> Step {
    Step::CreatePromotion { document: object(document), namesakes: Vec::new() }
}

fn create_codes(promotion: PromotionRef, codes: &[CodeRow], insist: bool) -> Step {
    Step::CreateCodes { promotion, codes: codes.to_vec(), insist }
}

fn delete_codes(promotion_id: u64, codes: &[CodeRow], route: Route) -> Step {
    Step::DeleteCodes { promotion_id, codes: codes.to_vec(), route }
}

fn update(patch: &Value, before: &Value) -> Step {
    Step::UpdatePromotion { promotion_id: 7, patch: object(patch), before: object(before) }
}

fn left(promotion_id: u64, fields: &Value) -> Expect {
    Expect::Promotion { promotion_id, fields: object(fields) }
}

/// A new promotion as it must still be: what was sent, and what merchants edit.
fn as_made(promotion_id: u64, fields: &Value) -> Expect {
    let mut all = object(&json!({
        "max_uses": null, "end_date": null, "schedule": null, "customer": null, "channels": null,
        "shipping_address": null,
    }));
    all.extend(object(fields));
    Expect::Promotion { promotion_id, fields: all }
}

fn in_doubt(step: usize) -> Failure {
    Failure { step, error: CouponError::OutOfTime, in_doubt: true }
}

/// What takes the change back, as it is after its way through the journal.
fn undo(carried: &Carried, steps: Vec<Step>) -> Option<Undo> {
    let undo = Undo::of(carried, &plan(steps))?;
    let kept = serde_json::to_string(&undo).unwrap();
    assert_eq!(serde_json::from_str::<Undo>(&kept).unwrap(), undo);
    Some(undo)
}

#[test]
fn what_was_not_done_is_not_taken_back() {
    let steps = vec![
        create_promotion(&json!({"name": "A"})),
        create_codes(PromotionRef::Made(0), &[row(0, "A", 0)], false),
        update(&json!({"name": "B"}), &json!({"name": "A"})),
        delete_codes(7, &[row(5, "C", 0)], Route::Id),
        Step::DeletePromotions { documents: vec![object(&json!({"id": 7}))] },
        Step::UpdateSettings { settings: object(&json!({"a": 2})), before: object(&json!({"a": 1})) },
    ];
    assert_eq!(undo(&Carried::default(), steps), None);
}

#[test]
fn a_new_promotion_goes_after_its_codes_if_it_is_as_it_was_made() {
    let document = json!({"name": "A", "max_uses": 5, "channels": [{"id": 1}]});
    let made = json!({
        "id": 7, "name": "A", "max_uses": 5, "current_uses": 0, "created_from": "api", "priority": 3,
        "channels": [{"id": 1}],
    });
    let codes = [row(31, "ONE", 0), row(32, "TWO", 0)];
    let carried = Carried {
        made: vec![promotion(&made)],
        codes_created: codes.iter().map(|code| (7, code.clone())).collect(),
        ..Carried::default()
    };
    let steps = vec![create_promotion(&document), create_codes(PromotionRef::Made(0), &codes, false)];
    let expected = Undo {
        steps: vec![
            delete_codes(7, &codes, Route::Ids),
            Step::DeletePromotions { documents: vec![object(&made)] },
        ],
        expects: vec![as_made(7, &document), Expect::Codes { promotion_id: 7, ids: vec![31, 32] }],
    };
    assert_eq!(undo(&carried, steps), Some(expected));
}

#[test]
fn a_new_promotion_whose_code_failed_goes_alone() {
    let document = json!({"name": "A"});
    let made = json!({"id": 7, "name": "A"});
    let failed = row(0, "ONE", 0);
    let carried = Carried {
        made: vec![promotion(&made)],
        codes_failed: vec![(7, failed.clone(), "it is taken".to_owned())],
        ..Carried::default()
    };
    let steps = vec![create_promotion(&document), create_codes(PromotionRef::Made(0), &[failed], false)];
    let expected = Undo {
        steps: vec![Step::DeletePromotions { documents: vec![object(&made)] }],
        expects: vec![as_made(7, &document), Expect::Codes { promotion_id: 7, ids: vec![] }],
    };
    assert_eq!(undo(&carried, steps), Some(expected));
}

#[test]
fn a_code_made_on_a_promotion_that_was_there_goes_and_nothing_else() {
    let code = row(31, "ONE", 0);
    let carried = Carried { codes_created: vec![(7, code.clone())], ..Carried::default() };
    let steps = vec![create_codes(PromotionRef::Id(7), std::slice::from_ref(&code), false)];
    let expected = Undo { steps: vec![delete_codes(7, &[code], Route::Id)], expects: vec![] };
    assert_eq!(undo(&carried, steps), Some(expected));
}

#[test]
fn an_update_is_put_back_if_its_fields_are_as_it_left_them() {
    let patch = json!({"status": "DISABLED", "end_date": null});
    let before = json!({"status": "ENABLED", "end_date": "2025-12-31T00:00:00Z"});
    // As the API has them afterwards: it does not send what is null.
    let now = json!({"id": 7, "name": "A", "status": "DISABLED", "max_uses": 5});
    let carried = Carried { updated: vec![promotion(&now)], ..Carried::default() };
    let expected = Undo {
        steps: vec![update(&before, &patch)],
        expects: vec![left(7, &json!({"status": "DISABLED", "end_date": null}))],
    };
    assert_eq!(undo(&carried, vec![update(&patch, &before)]), Some(expected));
}

#[test]
fn a_promotion_that_bigcommerce_held_for_invalid_is_put_back_disabled() {
    let (patch, before) = (json!({"status": "ENABLED"}), json!({"status": "INVALID"}));
    let now = promotion(&json!({"id": 7, "status": "ENABLED"}));
    let carried = Carried { updated: vec![now], ..Carried::default() };
    let off = json!({"status": "DISABLED"});
    let expected = Undo { steps: vec![update(&off, &patch)], expects: vec![left(7, &patch)] };
    assert_eq!(undo(&carried, vec![update(&patch, &before)]), Some(expected));
}

#[test]
fn an_edit_of_which_it_is_not_known_whether_it_was_done_is_put_back_too() {
    let (patch, before) = (json!({"max_uses": 5}), json!({"max_uses": null}));
    let carried = Carried { failure: Some(in_doubt(0)), ..Carried::default() };
    let expected = Undo { steps: vec![update(&before, &patch)], expects: vec![] };
    assert_eq!(undo(&carried, vec![update(&patch, &before)]), Some(expected));
    let surely = Carried { failure: Some(Failure { in_doubt: false, ..in_doubt(0) }), ..Carried::default() };
    assert_eq!(undo(&surely, vec![update(&patch, &before)]), None);
}

#[test]
fn what_may_be_gone_comes_back_with_what_is() {
    let codes = [row(31, "ONE", 4), row(32, "TWO", 0)];
    let documents = [json!({"id": 7, "name": "A"}), json!({"id": 8, "name": "B"})];
    let steps = vec![
        delete_codes(7, &codes[..1], Route::Ids),
        delete_codes(8, &codes[1..], Route::Ids),
        Step::DeletePromotions { documents: documents.iter().map(object).collect() },
    ];
    let codes_in_doubt = Carried {
        codes_deleted: vec![(7, codes[0].clone())],
        failure: Some(in_doubt(1)),
        ..Carried::default()
    };
    let expected = vec![
        create_codes(PromotionRef::Id(7), &codes[..1], false),
        create_codes(PromotionRef::Id(8), &codes[1..], false),
    ];
    assert_eq!(undo(&codes_in_doubt, steps.clone()), Some(Undo { steps: expected, expects: vec![] }));

    let promotion_in_doubt = Carried {
        codes_deleted: vec![(7, codes[0].clone()), (8, codes[1].clone())],
        promotions_deleted: vec![object(&documents[1])],
        failure: Some(in_doubt(2)),
        ..Carried::default()
    };
    let expected = vec![
        create_promotion(&json!({"name": "B"})),
        create_codes(PromotionRef::Made(0), &codes[1..], false),
        create_promotion(&json!({"name": "A"})),
        create_codes(PromotionRef::Made(1), &codes[..1], false),
    ];
    assert_eq!(undo(&promotion_in_doubt, steps), Some(Undo { steps: expected, expects: vec![] }));
}

#[test]
fn only_the_codes_that_went_come_back() {
    let codes = [row(31, "ONE", 4), row(32, "TWO", 0), row(33, "KEPT", 0)];
    let other = [row(41, "OTHER", 0)];
    let carried = Carried {
        codes_deleted: vec![(7, codes[0].clone()), (8, other[0].clone()), (7, codes[1].clone())],
        codes_failed: vec![(7, codes[2].clone(), "refused".to_owned())],
        ..Carried::default()
    };
    let steps = vec![delete_codes(7, &codes, Route::Ids), delete_codes(8, &other, Route::Id)];
    let expected = Undo {
        steps: vec![
            create_codes(PromotionRef::Id(7), &codes[..2], false),
            create_codes(PromotionRef::Id(8), &other, false),
        ],
        expects: vec![],
    };
    assert_eq!(undo(&carried, steps), Some(expected));
}

#[test]
fn promotions_that_went_come_back_with_their_codes_and_one_that_stayed_gets_its_codes() {
    let documents = [
        json!({"id": 7, "name": "A", "current_uses": 3, "max_uses": null, "status": "ENABLED"}),
        json!({"id": 8, "name": "B", "status": "INVALID", "created_from": "react_ui"}),
        json!({"id": 9, "name": "C", "status": "DISABLED"}),
    ];
    let (a, b, c) = (row(31, "A1", 2), row(32, "B1", 0), row(33, "C1", 0));
    let carried = Carried {
        codes_deleted: vec![(7, a.clone()), (8, b.clone()), (9, c.clone())],
        promotions_deleted: vec![object(&documents[1]), object(&documents[2])],
        promotions_failed: vec![(7, "refused".to_owned())],
        ..Carried::default()
    };
    let steps = vec![
        delete_codes(7, std::slice::from_ref(&a), Route::Ids),
        delete_codes(8, std::slice::from_ref(&b), Route::Ids),
        delete_codes(9, std::slice::from_ref(&c), Route::Ids),
        Step::DeletePromotions { documents: documents.iter().map(object).collect() },
    ];
    let expected = Undo {
        steps: vec![
            create_promotion(&json!({"name": "B", "status": "DISABLED"})),
            create_codes(PromotionRef::Made(0), &[b], false),
            create_promotion(&json!({"name": "C", "status": "DISABLED"})),
            create_codes(PromotionRef::Made(1), &[c], false),
            create_codes(PromotionRef::Id(7), &[a], false),
        ],
        expects: vec![],
    };
    assert_eq!(undo(&carried, steps), Some(expected));
}

#[test]
fn a_replaced_code_goes_before_the_old_one_comes_back() {
    let (old, new) = (row(31, "SAME", 73), row(32, "SAME", 0));
    let steps = || {
        vec![
            delete_codes(7, std::slice::from_ref(&old), Route::Id),
            create_codes(PromotionRef::Id(7), &[row(0, "SAME", 0)], true),
        ]
    };
    let gone = vec![(7, old.clone())];
    let whole =
        Carried { codes_deleted: gone.clone(), codes_created: vec![(7, new.clone())], ..Carried::default() };
    let expected = Undo {
        steps: vec![
            delete_codes(7, &[new], Route::Id),
            create_codes(PromotionRef::Id(7), std::slice::from_ref(&old), true),
        ],
        expects: vec![],
    };
    assert_eq!(undo(&whole, steps()), Some(expected));

    let in_part = Carried { codes_deleted: gone, ..Carried::default() };
    let comes_back = create_codes(PromotionRef::Id(7), std::slice::from_ref(&old), false);
    assert_eq!(undo(&in_part, steps()), Some(Undo { steps: vec![comes_back], expects: vec![] }));
}

#[test]
fn settings_are_put_back_whole_if_they_are_as_they_were_left() {
    let (before, wanted, now) =
        (json!({"a": 1, "b": true}), json!({"a": 2, "b": true}), json!({"a": 2, "b": 1}));
    let carried = Carried { settings: Some(object(&now)), ..Carried::default() };
    let step = |settings: &Value, before: &Value| Step::UpdateSettings {
        settings: object(settings),
        before: object(before),
    };
    let expected =
        Undo { steps: vec![step(&before, &now)], expects: vec![Expect::Settings { settings: object(&now) }] };
    assert_eq!(undo(&carried, vec![step(&wanted, &before)]), Some(expected));
}

#[test]
fn of_a_change_without_an_end_on_record_the_edits_are_taken_back_and_then_the_deletions() {
    let (kept, gone) = (row(31, "ONE", 4), row(41, "TWO", 0));
    let (on, off) = (json!({"status": "ENABLED"}), json!({"status": "DISABLED"}));
    let (one, two) = (object(&json!({"a": 1})), object(&json!({"a": 2})));
    let steps = [
        update(&off, &on),
        create_promotion(&json!({"name": "A"})),
        delete_codes(7, std::slice::from_ref(&kept), Route::Text),
        create_codes(PromotionRef::Id(7), &[row(0, "NEW", 0)], true),
        delete_codes(8, std::slice::from_ref(&gone), Route::Ids),
        Step::DeletePromotions { documents: vec![object(&json!({"id": 8, "name": "B", "current_uses": 1}))] },
        Step::UpdateSettings { settings: two.clone(), before: one.clone() },
    ];
    let expected = Undo {
        steps: vec![
            Step::UpdateSettings { settings: one, before: two },
            update(&on, &off),
            create_promotion(&json!({"name": "B"})),
            create_codes(PromotionRef::Made(0), &[gone], false),
            create_codes(PromotionRef::Id(7), &[kept], false),
        ],
        expects: vec![],
    };
    assert_eq!(Undo::of_broken_off(&steps, None), Some(expected));
    assert_eq!(Undo::of_broken_off(&steps[1..2], None), None);
    assert_eq!(Undo::of_broken_off(&steps[3..4], None), None);
}

#[test]
fn of_a_change_that_was_broken_off_the_rest_is_taken_back_and_then_what_is_known_to_be_done() {
    let (old, new) = (row(31, "OLD", 4), row(32, "NEW", 0));
    let steps = [
        create_codes(PromotionRef::Id(7), &[row(0, "NEW", 0)], false),
        delete_codes(7, std::slice::from_ref(&old), Route::Id),
    ];
    let made = delete_codes(7, &[new], Route::Id);
    let undo = Undo { steps: vec![made.clone()], expects: vec![] };
    let expected =
        Undo { steps: vec![create_codes(PromotionRef::Id(7), &[old], false), made], expects: vec![] };
    let progress = Progress { done: 1, undo: Some(undo) };
    assert_eq!(Undo::of_broken_off(&steps, Some(progress)), Some(expected));
}

#[test]
fn a_document_is_sent_without_what_only_the_api_sets() {
    let stored = json!({
        "id": 7, "name": "A", "current_uses": 3, "created_from": "api", "codes": {"id": 1},
        "multiple_codes": {"has_multiple_codes": false}, "number_of_codes": 2, "number_of_used_codes": 1,
        "is_archived": false, "priority": 3, "max_uses": null, "status": "ENABLED", "stop": false, "rules": [],
    });
    let sent = json!({"name": "A", "status": "ENABLED", "stop": false, "rules": []});
    assert_eq!(Value::Object(to_create(&object(&stored))), sent);
    for (status, sent) in [("DISABLED", "DISABLED"), ("INVALID", "DISABLED"), ("NEW_WORD", "DISABLED")] {
        let document = to_create(&object(&json!({ "status": status })));
        assert_eq!(document["status"], sent, "{status}");
    }
}
