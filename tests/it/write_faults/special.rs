//! Faults that a change must be ready for by its nature.

use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use crate::support::wire::Act;
use crate::support::{call, tool_error};

use super::{Shop, kind_of};

const DELETE_ONE: &str = "DELETE /promotions/*/codes/*";
const DELETE_MANY: &str = "DELETE /promotions/*/codes?id:in";
const MAKE_CODE: &str = "POST /promotions/*/codes";

fn refused() -> Act {
    let body = json!({"errors": [{"status": 422, "title": "This code cannot be made just now"}]});
    Act::json("422 Unprocessable Entity", &body)
}

fn by_itself() -> Value {
    json!({"code": "SUMMER_SALE_2024", "max_uses": 200})
}

impl Shop {
    fn sent(&self, kind: &str) -> usize {
        self.wire.exchanges().iter().filter(|seen| kind_of(seen) == kind).count()
    }
}

#[tokio::test]
async fn a_text_that_is_not_free_at_once_is_tried_again() {
    let mut shop = Shop::open().await;
    shop.arm(MAKE_CODE, 0, 2, refused);
    let replaced = shop.done("replace_coupon_code", by_itself()).await;
    assert_eq!((&replaced["old_deleted"], &replaced["new"]["max_uses"]), (&json!(true), &json!(197)));
    assert_eq!((shop.sent(DELETE_ONE), shop.sent(MAKE_CODE)), (1, 3));
    assert_eq!(shop.holding().await.code("SUMMER_SALE_2024"), Some([197, 2]));
}

#[tokio::test]
async fn a_text_that_never_gets_free_is_said_to_be_gone_and_comes_back_by_undo_or_a_repeat() {
    let mut shop = Shop::open().await;
    for by_undo in [true, false] {
        shop.reset().await;
        let tries = shop.sent(MAKE_CODE);
        shop.arm(MAKE_CODE, 0, usize::MAX, refused);
        let told = shop.call("replace_coupon_code", &by_itself()).await;
        assert_eq!(told.status(), "partial", "{}", told.0);
        for part in
            ["is deleted, and no code has taken its place: it is gone", "This code cannot be made just now"]
        {
            assert!(told.text().contains(part), "{}", told.text());
        }
        assert_eq!(told.change_id(), Some(told.named_change()));
        assert!(shop.sent(MAKE_CODE) - tries > 2);
        // While the fault lasts, neither does it, and both say so.
        let id = json!({"change_id": told.change_id()});
        assert_ne!(shop.call("undo", &id).await.status(), "done");
        assert_ne!(shop.call("replace_coupon_code", &by_itself()).await.status(), "done");
        assert_eq!(shop.holding().await.code("SUMMER_SALE_2024"), None);

        shop.disarm();
        let cap = if by_undo {
            assert_eq!(shop.done("undo", id).await["codes_restored"], 1);
            100
        } else {
            shop.done("replace_coupon_code", by_itself()).await;
            197
        };
        assert_eq!(shop.holding().await.code("SUMMER_SALE_2024"), Some([cap, 2]));
    }
}

/// A replacement that ends with its process, after the deletion and before the creation; its change.
async fn killed_in_between(shop: &mut Shop) -> String {
    shop.arm(MAKE_CODE, 0, 1, || Act::Ignore);
    let request = call("replace_coupon_code", by_itself());
    shop.host.start("tools/call", request).await;
    shop.wire.until(|seen| kind_of(seen) == MAKE_CODE).await;
    shop.crash().await;
    assert_eq!(shop.holding().await.code("SUMMER_SALE_2024"), None);
    let store = shop.done("get_store", json!({})).await;
    store["recent_changes"][0]["change_id"].as_str().unwrap_or_else(|| panic!("{store}")).to_owned()
}

#[tokio::test]
async fn a_server_killed_in_the_middle_of_a_replacement_does_the_rest_when_the_call_is_repeated() {
    let mut shop = Shop::open().await;
    killed_in_between(&mut shop).await;
    shop.done("replace_coupon_code", by_itself()).await;
    assert_eq!(shop.holding().await.code("SUMMER_SALE_2024"), Some([197, 2]));
}

#[tokio::test]
async fn a_server_killed_in_the_middle_of_a_replacement_takes_it_back_afterwards() {
    for named in [true, false] {
        let mut shop = Shop::open().await;
        let id = killed_in_between(&mut shop).await;
        let which = if named { json!({"change_id": id}) } else { json!({}) };
        // It might still be under way in another process.
        assert_eq!(tool_error(&shop.call("undo", &which).await.0)["code"], "not_undoable");
        let_minutes_pass(&shop).await;
        assert_eq!(shop.done("undo", which).await["undone"], id.as_str());
        assert_eq!(shop.holding().await.code("SUMMER_SALE_2024"), Some([100, 2]));
    }
}

/// As if what is broken off had begun two minutes earlier.
async fn let_minutes_pass(shop: &Shop) {
    let file = format!("sqlite:{}", shop.state.path().join("state.db").display());
    let mut records = SqliteConnection::connect(&file).await.unwrap();
    let minutes_ago = "UPDATE changes SET at = at - 120000 WHERE status = 'pending'";
    sqlx::query(minutes_ago).execute(&mut records).await.unwrap();
    records.close().await.unwrap();
}

#[tokio::test]
async fn a_server_killed_between_making_and_deleting_takes_back_what_it_made() {
    let mut shop = Shop::open().await;
    let before = shop.holding().await;
    shop.arm(DELETE_ONE, 0, 1, || Act::Ignore);
    let arguments = json!({"code": "LOYAL-0001", "new_code": "LOYAL_NEW"});
    shop.host.start("tools/call", call("replace_coupon_code", arguments)).await;
    shop.wire.until(|seen| kind_of(seen) == DELETE_ONE).await;
    shop.crash().await;
    assert!(shop.holding().await.code("LOYAL_NEW").is_some());
    let_minutes_pass(&shop).await;
    assert_eq!(shop.done("undo", json!({})).await["codes_deleted"], 1);
    let after = shop.holding().await;
    assert!(after.same_as(&before), "{}", after.difference(&before));
}

#[tokio::test]
async fn a_store_that_takes_fifty_ids_at_once_gets_fifty() {
    let mut shop = Shop::open().await;
    let too_many = || {
        let body = json!({"errors": [{"status": 422, "title": "Parameter id:in takes at most 50 values"}]});
        Act::json("422 Unprocessable Entity", &body)
    };
    shop.arm(DELETE_MANY, 0, 1, too_many);
    let ids: Vec<u64> = (2_001..=2_250).collect();
    let deleted = shop.done("delete_coupon_codes", json!({"promotion_id": 4, "code_ids": ids})).await;
    assert_eq!(deleted["deleted_count"], 250);
    let sizes: Vec<_> = shop
        .wire
        .exchanges()
        .iter()
        .filter(|seen| kind_of(seen) == DELETE_MANY)
        .map(|seen| seen.query[0].1.split(',').count())
        .collect();
    assert_eq!(sizes, [250, 50, 50, 50, 50, 50]);
    assert_eq!(shop.holding().await.promotion(4).unwrap().codes.len(), 750);
}

#[tokio::test]
async fn a_success_that_deletes_nothing_is_not_believed() {
    let mut shop = Shop::open().await;
    let no_content = || Act::Raw(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_vec());
    for (kind, tool, arguments) in [
        ("DELETE /promotions/codes?code", "delete_coupon_codes", json!({"codes": ["SUMMER_SALE_2024"]})),
        (DELETE_MANY, "delete_coupon_codes", json!({"promotion_id": 4, "code_ids": [2001, 2002]})),
        ("DELETE /promotions/*", "delete_promotions", json!({"promotion_ids": [1]})),
        (DELETE_ONE, "replace_coupon_code", by_itself()),
    ] {
        shop.reset().await;
        let before = shop.holding().await;
        shop.arm(kind, 0, 1, no_content);
        let told = shop.call(tool, &arguments).await;
        assert_ne!(told.status(), "done", "{}", told.0);
        assert!(told.text().contains("reported success, and yet it is still there"), "{}", told.text());
        let after = shop.holding().await;
        let is_kept = after.same_as(&before) || (tool == "delete_promotions" && after.promotion(1).is_some());
        assert!(is_kept, "{}", told.text());
    }
}

#[tokio::test]
async fn the_reason_why_a_bulk_deletion_was_refused_is_told() {
    let mut shop = Shop::open().await;
    let refusal = || {
        let body = json!({
            "errors": [{
                "status": 422,
                "title": "Errors occurred in bulk delete action.",
                "errors": {"0.constraint": "Failed for id=2001. Error: constraint reference error."},
            }],
            "meta": {"total": 3, "success": 2, "failed": 1},
        });
        Act::json("422 Unprocessable Entity", &body)
    };
    shop.arm(DELETE_MANY, 0, 1, refusal);
    let ids: Vec<u64> = (2_001..=2_003).collect();
    let told = shop.call("delete_coupon_codes", &json!({"promotion_id": 4, "code_ids": ids})).await;
    let error = tool_error(&told.0);
    assert_eq!(error["code"], "rejected");
    assert!(told.text().contains("constraint reference error"), "{}", told.text());
    assert_eq!(shop.holding().await.promotion(4).unwrap().codes.len(), 1_000);
}

#[tokio::test]
async fn a_promotion_whose_answer_was_lost_is_made_once_and_said_to_be_done() {
    let mut shop = Shop::open().await;
    shop.arm("POST /promotions", 0, 1, || Act::DoneThen(Vec::new()));
    let arguments =
        json!({"name": "Lost", "discount_type": "percent", "discount_value": 10, "code": "LOST10"});
    let told = shop.done("create_promotion", arguments.clone()).await;
    let holding = shop.holding().await;
    let [lost] = holding.named("Lost")[..] else { panic!("{holding:?}") };
    assert_eq!(told["promotion_id"], lost.id);
    assert_eq!((shop.sent("POST /promotions"), lost.codes.len()), (1, 1));
    shop.done("create_promotion", arguments).await;
    assert_eq!((shop.sent("POST /promotions"), shop.holding().await.named("Lost").len()), (1, 1));
}

#[tokio::test]
async fn what_somebody_changed_between_preview_and_yes_is_shown_again() {
    let mut shop = Shop::open().await;
    let asking = Shop::serve(&shop.wire, shop.state.path(), "auto").await;
    drop(std::mem::replace(&mut shop.host, asking));
    let with = |told: &Value, mut arguments: Value| {
        for name in ["confirmation_token", "confirmation_text"] {
            arguments[name] = told[name].clone();
        }
        arguments
    };
    let deletion = json!({"promotion_ids": [1]});
    let preview = shop.call("delete_promotions", &deletion).await;
    assert_eq!(preview.status(), "needs_confirmation");
    shop.sandbox.post("/promotions/1/codes", json!({"code": "LATE"})).await;
    let again = shop.call("delete_promotions", &with(preview.content(), deletion.clone())).await;
    assert_eq!(again.status(), "needs_confirmation", "{}", again.0);
    assert!(again.text().starts_with("Nothing has been changed yet.") && again.text().contains("LATE"));
    assert!(shop.holding().await.promotion(1).is_some());
    let told = shop.call("delete_promotions", &with(again.content(), deletion)).await;
    assert_eq!(told.status(), "done", "{}", told.0);
    assert!(shop.holding().await.promotion(1).is_none());

    // What vanished meanwhile is said to be gone.
    let edit = json!({"promotion_id": 6, "status": "ENABLED", "max_uses": 0});
    let preview = shop.call("update_promotion", &edit).await;
    assert_eq!(preview.status(), "needs_confirmation", "{}", preview.0);
    let direct =
        |path: &str| shop.client.delete(format!("{}/stores/sandbox/v3{path}", shop.sandbox.server.url));
    for path in ["/promotions/codes?code=AUTUMN_PREVIEW_2024", "/promotions/6"] {
        let answer = direct(path).header("X-Auth-Token", "sandbox-token").send().await.unwrap();
        assert_eq!(answer.status(), 204);
    }
    let told = shop.call("update_promotion", &with(preview.content(), edit)).await;
    assert_eq!(tool_error(&told.0)["code"], "unknown_promotion");
}
