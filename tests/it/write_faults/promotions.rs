//! Promotions made, changed and deleted.

use serde_json::{Value, json};

use super::fault::Table;
use super::holding::Holding;
use super::matrix::{Write, survives};
use crate::support::day_in;

/// What `create_promotion` says is there, and nothing else is new.
fn says_what_was_made(content: &Value, before: &Holding, after: &Holding) -> bool {
    let made = content["promotion_id"].as_u64();
    let new_promotion = made.is_none_or(|id| after.promotion(id).is_some());
    let code = content["coupon_code"]["code"].as_str();
    let is_new = |text: &&str| before.code(text).is_none();
    let new_codes: Vec<_> = after.texts().into_iter().filter(is_new).collect();
    let made_count = after.count() - before.count();
    new_promotion && new_codes.iter().all(|text| code == Some(text)) && (made_count == 0 || made.is_some())
}

fn autumn() -> Value {
    json!({
        "name": "Autumn", "discount_type": "percent", "discount_value": 15, "minimum_spend": 40,
        "starts_at": "2025-01-01", "ends_at": day_in(60), "max_uses": 100,
        "code": "AUTUMN15", "code_max_uses": 50, "max_uses_per_customer": 1,
    })
}

fn autumn_is_there(before: &Holding, after: &Holding) {
    let [made] = after.named("Autumn")[..] else { panic!("{after:?}") };
    assert_eq!(made.document["rules"][0]["action"]["cart_value"]["discount"]["percentage_amount"], "15");
    assert_eq!(made.document["max_uses"], 100);
    assert_eq!(made.codes.clone().into_iter().collect::<Vec<_>>(), [("AUTUMN15".to_owned(), [50, 1])]);
    assert_eq!(after.count(), before.count() + 1);
}

#[tokio::test]
async fn a_promotion_with_a_code_is_made_once_whatever_happens() {
    survives(Write {
        tool: "create_promotion",
        arguments: autumn(),
        table: Table::Whole,
        without: &[],
        first: vec![],
        insists: false,
        unread: Some(4),
        right: autumn_is_there,
        true_of: says_what_was_made,
    })
    .await;
}

#[tokio::test]
async fn a_copy_is_made_once_whatever_happens() {
    survives(Write {
        tool: "create_promotion",
        arguments: json!({"name": "Copy", "copy_from_promotion_id": 2, "starts_at": "2026-03-01", "max_uses": 9, "code": "COPY-1"}),
        table: Table::Short,
        without: &[],
        first: vec![],
        insists: false,
        unread: Some(4),
        right: |_, after| {
            let [made] = after.named("Copy")[..] else { panic!("{after:?}") };
            assert_eq!(made.document["rules"], after.promotion(2).unwrap().document["rules"]);
            assert_eq!(made.document["can_be_used_with_other_promotions"], false);
            assert_eq!(made.codes.clone().into_keys().collect::<Vec<_>>(), ["COPY-1"]);
        },
        true_of: says_what_was_made,
    })
    .await;
}

#[tokio::test]
async fn an_edit_is_whole_or_not_made() {
    survives(Write {
        tool: "update_promotion",
        arguments: json!({
            "promotion_id": 1, "status": "DISABLED", "max_uses": 500, "discount_value": 25, "ends_at": day_in(80),
        }),
        table: Table::Whole,
        without: &[],
        first: vec![],
        insists: false,
        unread: Some(4),
        right: |_, after| {
            let document = &after.promotion(1).unwrap().document;
            assert_eq!((&document["status"], &document["max_uses"]), (&json!("DISABLED"), &json!(500)));
            assert_eq!(document["rules"][0]["action"]["cart_value"]["discount"]["percentage_amount"], "25");
        },
        true_of: |content, _, after| {
            let promotion = &after.promotion(1).unwrap().document;
            let is_disabled = promotion["status"] == "DISABLED";
            match content["after"]["effective_state"].as_str() {
                Some(state) => (state == "disabled") == is_disabled,
                // The repeat finds nothing to do.
                None => is_disabled,
            }
        },
    })
    .await;
}

/// Every row says what became of its promotion and its codes.
fn each_row_is_true(content: &Value, before: &Holding, after: &Holding) -> bool {
    // Of what is in doubt some may be gone too.
    let in_doubt = content["message"].as_str().unwrap().contains("It is not known whether");
    content["promotions"].as_array().unwrap().iter().all(|row| {
        let id = row["promotion_id"].as_u64().unwrap();
        let is_there = after.promotion(id).is_some();
        let had = before.promotion(id).map_or(0, |held| held.codes.len());
        let has = after.promotion(id).map_or(0, |held| held.codes.len());
        let outcome = row["outcome"].as_str().unwrap();
        let told = usize::try_from(row["codes_deleted"].as_u64().unwrap()).unwrap();
        if row["why"].as_str().is_some_and(|why| why.contains("not known")) {
            return outcome == "failed";
        }
        (outcome == "deleted" || outcome == "not_found") != is_there
            && (told == had - has || (in_doubt && told < had - has))
    })
}

#[tokio::test]
async fn the_deletion_of_a_promotion_is_told_as_it_went() {
    survives(Write {
        tool: "delete_promotions",
        arguments: json!({"promotion_ids": [1]}),
        table: Table::Short,
        without: &[],
        first: vec![],
        insists: false,
        unread: Some(4),
        right: |_, after| assert!(after.promotion(1).is_none()),
        true_of: each_row_is_true,
    })
    .await;
}

#[tokio::test]
async fn the_deletion_of_several_promotions_is_told_row_by_row() {
    survives(Write {
        tool: "delete_promotions",
        arguments: json!({"promotion_ids": [1, 5, 6]}),
        table: Table::Whole,
        without: &[],
        first: vec![],
        insists: false,
        unread: Some(4),
        right: |_, after| assert!([1, 5, 6].iter().all(|id| after.promotion(*id).is_none())),
        true_of: each_row_is_true,
    })
    .await;
}

#[tokio::test]
async fn the_settings_are_changed_as_a_whole_or_not() {
    survives(Write {
        tool: "update_promotion_settings",
        arguments: json!({"number_of_coupons_allowed_at_checkout": 3}),
        table: Table::Whole,
        without: &[],
        first: vec![],
        insists: false,
        unread: Some(4),
        right: |_, after| assert_eq!(after.settings["number_of_coupons_allowed_at_checkout"], 3),
        true_of: |content, _, after| {
            let number = |settings: &Value| settings["number_of_coupons_allowed_at_checkout"].clone();
            let told = number(&content["after"]);
            told == number(&after.settings)
                || (told.is_null() && number(&content["before"]) == number(&after.settings))
        },
    })
    .await;
}
