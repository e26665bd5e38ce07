//! Codes deleted and replaced.

use serde_json::{Value, json};

use super::fault::Table;
use super::holding::Holding;
use super::matrix::{Write, survives};

/// The counts and rows of `delete_coupon_codes` are those of the store.
fn counts_are_true(content: &Value, before: &Holding, after: &Holding) -> bool {
    let gone = before.texts().len() - after.texts().len();
    let failed = content["failed"].as_array().into_iter().flatten();
    let mut kept = failed.map(|row| row["code"].as_str().unwrap());
    let told = usize::try_from(content["deleted_count"].as_u64().unwrap()).unwrap();
    // Of what is in doubt some may be gone too.
    let in_doubt = content["message"].as_str().unwrap().contains("It is not known whether");
    (told == gone || (in_doubt && told < gone)) && kept.all(|code| after.code(code).is_some())
}

fn deletion(arguments: Value, unread: Option<u64>, right: fn(&Holding, &Holding)) -> Write {
    Write {
        tool: "delete_coupon_codes",
        arguments,
        table: Table::Short,
        without: &[],
        first: vec![],
        insists: false,
        unread,
        right,
        true_of: counts_are_true,
    }
}

#[tokio::test]
async fn the_deletion_of_one_code_by_its_text_is_told_as_it_went() {
    survives(deletion(json!({"codes": ["summer_sale_2024"]}), Some(4), |_, after| {
        assert_eq!(after.code("SUMMER_SALE_2024"), None);
    }))
    .await;
}

#[tokio::test]
async fn the_deletion_of_codes_in_two_promotions_is_told_as_it_went() {
    let codes = json!({"codes": ["SPRING_2024", "SUMMER_SALE_2024", "SUMMER-TWO"]});
    let mut write = deletion(codes, Some(4), |before, after| {
        assert_eq!(after.texts().len(), before.texts().len() - 3);
    });
    write.first =
        vec![("create_coupon_code", json!({"promotion_id": 1, "code": "SUMMER-TWO", "max_uses": 5}))];
    survives(write).await;
}

#[tokio::test]
async fn the_deletion_of_codes_by_their_ids_is_told_as_it_went() {
    let ids: Vec<u64> = (2_101..=2_130).collect();
    let mut write = deletion(json!({"promotion_id": 4, "code_ids": ids}), None, |before, after| {
        assert_eq!(after.texts().len(), before.texts().len() - 30);
    });
    write.without = &[2_201..=2_450, 2_451..=2_700, 2_701..=2_950];
    survives(write).await;
}

#[tokio::test]
async fn the_deletion_of_hundreds_of_codes_is_told_as_it_went() {
    let mut write = deletion(json!({"promotion_id": 4, "code_prefix": "loyal-"}), None, |_, after| {
        assert_eq!(after.promotion(4).unwrap().codes.len(), 0);
    });
    // 260 are left, which are two requests.
    write.without = &[2_261..=2_510, 2_511..=2_760, 2_761..=3_000];
    survives(write).await;
}

/// What `replace_coupon_code` says of the old and the new code.
fn both_codes_are_true(content: &Value, _: &Holding, after: &Holding) -> bool {
    let old = content["old"]["code"].as_str().unwrap();
    let new = content["new"]["code"].as_str();
    let old_is_there = after.code(old).is_some();
    let same_text = new.is_none_or(|new| new.eq_ignore_ascii_case(old));
    let in_doubt = content["message"].as_str().unwrap().contains("It is not known whether");
    let says_deleted = content["old_deleted"] == true;
    let new_is_true = new.is_none_or(|new| after.code(new).is_some());
    new_is_true
        && if same_text {
            old_is_there == (new.is_some() || !says_deleted)
        } else {
            old_is_there != says_deleted || in_doubt
        }
}

fn replacement(arguments: Value, right: fn(&Holding, &Holding)) -> Write {
    Write {
        tool: "replace_coupon_code",
        arguments,
        table: Table::Short,
        without: &[],
        first: vec![],
        insists: true,
        unread: Some(4),
        right,
        true_of: both_codes_are_true,
    }
}

#[tokio::test]
async fn a_code_replaced_by_itself_is_never_lost_without_a_word() {
    let mut write = replacement(json!({"code": "SUMMER_SALE_2024", "max_uses": 200}), |_, after| {
        assert_eq!(after.code("SUMMER_SALE_2024"), Some([197, 2]));
    });
    write.table = Table::Whole;
    survives(write).await;
}

#[tokio::test]
async fn a_code_replaced_by_another_text_is_never_lost_without_a_word() {
    survives(replacement(json!({"code": "SUMMER_SALE_2024", "new_code": "SUMMER-X"}), |_, after| {
        assert_eq!((after.code("SUMMER_SALE_2024"), after.code("SUMMER-X")), (None, Some([97, 2])));
    }))
    .await;
}

#[tokio::test]
async fn the_only_code_of_a_single_promotion_is_never_lost_without_a_word() {
    survives(replacement(
        json!({"code": "FIRST_ORDER_10", "new_code": "FIRST-NEW", "count_past_uses": false}),
        |_, after| {
            assert_eq!(after.code("FIRST_ORDER_10"), None);
            assert!(after.code("FIRST-NEW").is_some());
        },
    ))
    .await;
}
