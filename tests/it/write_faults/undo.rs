//! Changes taken back.

use serde_json::{Value, json};

use super::fault::Table;
use super::holding::Holding;
use super::matrix::{Write, survives};

/// The counts of `undo` are those of the store.
fn counts_are_true(content: &Value, before: &Holding, after: &Holding) -> bool {
    let number = |name: &str| usize::try_from(content[name].as_u64().unwrap_or(0)).unwrap();
    let in_doubt = content["message"].as_str().unwrap().contains("It is not known whether");
    let (told, had, has) = (number("codes_restored"), before.texts().len(), after.texts().len());
    has + number("codes_deleted") == had + told || in_doubt
}

fn undoing(first: Vec<(&'static str, Value)>, right: fn(&Holding, &Holding)) -> Write {
    Write {
        tool: "undo",
        arguments: Value::Null,
        table: Table::Short,
        without: &[],
        first,
        insists: true,
        unread: Some(4),
        right,
        true_of: counts_are_true,
    }
}

#[tokio::test]
async fn the_deletion_of_codes_is_taken_back_whatever_happens() {
    let codes = json!({"codes": ["SUMMER_SALE_2024", "SUMMER-2", "SUMMER-3", "SPRING_2024"]});
    let more = |code: &str| ("create_coupon_code", json!({"promotion_id": 1, "code": code, "max_uses": 7}));
    let first = vec![more("SUMMER-2"), more("SUMMER-3"), ("delete_coupon_codes", codes)];
    survives(undoing(first, |before, after| {
        assert_eq!(after.texts().len(), before.texts().len() + 4);
        assert_eq!((after.code("SUMMER_SALE_2024"), after.code("SUMMER-3")), (Some([100, 2]), Some([7, 0])));
    }))
    .await;
}

#[tokio::test]
async fn the_deletion_of_promotions_is_taken_back_whatever_happens() {
    let first = vec![("delete_promotions", json!({"promotion_ids": [1, 5]}))];
    survives(undoing(first, |before, after| {
        assert_eq!(after.count(), before.count() + 2);
        let [summer] = after.named("Summer Sale")[..] else { panic!("{after:?}") };
        assert_eq!(
            summer.codes.clone().into_iter().collect::<Vec<_>>(),
            [("SUMMER_SALE_2024".to_owned(), [100, 2])]
        );
    }))
    .await;
}

#[tokio::test]
async fn a_creation_is_taken_back_whatever_happens() {
    let made =
        json!({"name": "Autumn", "discount_type": "percent", "discount_value": 15, "code": "AUTUMN15"});
    survives(undoing(vec![("create_promotion", made)], |before, after| {
        assert_eq!((after.count(), after.code("AUTUMN15")), (before.count() - 1, None));
    }))
    .await;
}

#[tokio::test]
async fn an_edit_is_taken_back_whatever_happens() {
    let edit = json!({"promotion_id": 1, "status": "DISABLED", "max_uses": 500, "discount_value": 25});
    survives(undoing(vec![("update_promotion", edit)], |_, after| {
        let document = &after.promotion(1).unwrap().document;
        assert_eq!((&document["status"], &document["max_uses"]), (&json!("ENABLED"), &Value::Null));
    }))
    .await;
}

#[tokio::test]
async fn a_replacement_is_taken_back_whatever_happens() {
    let same = json!({"code": "SUMMER_SALE_2024", "max_uses": 200});
    survives(undoing(vec![("replace_coupon_code", same)], |_, after| {
        assert_eq!(after.code("SUMMER_SALE_2024"), Some([100, 2]));
    }))
    .await;
}

#[tokio::test]
async fn settings_are_taken_back_whatever_happens() {
    let settings = json!({"number_of_coupons_allowed_at_checkout": 3});
    survives(undoing(vec![("update_promotion_settings", settings)], |before, after| {
        assert_ne!(before.settings, after.settings);
        assert_ne!(after.settings["number_of_coupons_allowed_at_checkout"], 3);
    }))
    .await;
}
