//! Arguments that cannot be meant: each is refused in words that say what to do, and nothing is written.

mod codes;
mod promotions;

use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;
use crate::support::stdio_host::StdioHost;
use crate::support::tool_error;

/// A store, and a server on it that never asks.
struct Counter {
    sandbox: Sandbox,
    host: StdioHost,
}

/// What is refused: the arguments, and what the refusal says.
type Row<'a> = (Value, &'a [&'a str]);

impl Counter {
    async fn open() -> Self {
        let sandbox = Sandbox::start(&["--quota", "0"]).await;
        Self { host: Self::serve(&sandbox, &[]).await, sandbox }
    }

    async fn serve(sandbox: &Sandbox, environment: &[(&str, &str)]) -> StdioHost {
        let arguments = ["stdio", "--confirm", "never", "--toolsets", "read,codes,promotions,settings"];
        let mut command = sandbox.client_of(&arguments);
        command.envs(environment.iter().copied());
        StdioHost::open(command).await
    }

    /// The call is refused with this code and in words that hold each of `says`; nothing was written.
    async fn refuses(&mut self, tool: &str, code: &str, row: Row<'_>) {
        self.refuses_all(tool, code, &[row]).await;
    }

    async fn refuses_all(&mut self, tool: &str, code: &str, rows: &[Row<'_>]) {
        let mut wrong = Vec::new();
        for row in rows {
            if let Err(why) = self.try_row(tool, code, row).await {
                let shown: String = row.0.to_string().chars().take(300).collect();
                wrong.push(format!("{tool} {shown}: {why}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    async fn try_row(&mut self, tool: &str, code: &str, (arguments, says): &Row<'_>) -> Result<(), String> {
        let must = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
        let seen = self.sandbox.requests().await.len();
        let result = self.host.call(tool, arguments.clone()).await;
        let sent = self.sandbox.requests().await.split_off(seen);
        must(result["isError"] == true, &format!("not refused: {result}"))?;
        let error = tool_error(&result);
        must(error["code"] == code, &format!("not {code}: {error}"))?;
        for part in ["message", "hint"] {
            let text = error[part].as_str().unwrap();
            must(text.len() > 15 && text.len() < 1_200, &format!("{part} is too short or long: {error}"))?;
            must(text.ends_with(['.', '!', '?']), &format!("{part} is no sentence: {error}"))?;
        }
        let sentence = format!("{} {}", error["message"].as_str().unwrap(), error["hint"].as_str().unwrap());
        for part in *says {
            must(sentence.contains(part), &format!("{part:?} is not said: {sentence}"))?;
        }
        must(sent.iter().all(|(method, ..)| method == "GET"), &format!("written: {sent:?}"))
    }
}

const EVERY_TOOL_WITH_A_PROMOTION: [(&str, &str); 4] = [
    ("get_promotion", "promotion_id"),
    ("update_promotion", "promotion_id"),
    ("create_promotion", "copy_from_promotion_id"),
    ("list_coupon_codes", "promotion_id"),
];

#[tokio::test]
async fn an_argument_that_does_not_exist_is_refused_with_the_list_of_those_that_do() {
    let mut counter = Counter::open().await;
    for (tool, known) in [
        ("list_promotions", "effective_state"),
        ("get_promotion", "promotion_id"),
        ("create_promotion", "copy_from_promotion_id"),
        ("update_promotion", "can_be_used_with_other_promotions"),
        ("delete_coupon_codes", "code_prefix"),
        ("delete_promotions", "promotion_ids"),
        ("replace_coupon_code", "count_past_uses"),
        ("update_promotion_settings", "number_of_coupons_allowed_at_checkout"),
        ("undo", "change_id"),
    ] {
        let says = ["colour", known];
        counter.refuses(tool, "invalid_arguments", (json!({"colour": "red"}), &says)).await;
    }
}

#[tokio::test]
async fn ids_that_are_none_are_refused() {
    let mut counter = Counter::open().await;
    for (tool, name) in EVERY_TOOL_WITH_A_PROMOTION {
        for id in [json!(0), json!(-1), json!("one"), json!(1.5), json!([1]), json!({}), json!(true)] {
            let arguments = match tool {
                "create_promotion" => json!({"name": "Copy", name: id}),
                "update_promotion" => json!({"status": "DISABLED", name: id}),
                _ => json!({name: id}),
            };
            counter.refuses(tool, "invalid_arguments", (arguments, &[name])).await;
        }
    }
}

#[tokio::test]
async fn ids_that_no_promotion_has_are_answered_with_those_that_do() {
    let mut counter = Counter::open().await;
    for (tool, name) in EVERY_TOOL_WITH_A_PROMOTION {
        for id in [json!(99), json!("99"), json!(9_007_199_254_740_991_u64)] {
            let arguments = match tool {
                "create_promotion" => json!({"name": "Copy", name: id}),
                "update_promotion" => json!({"status": "DISABLED", name: id}),
                _ => json!({name: id}),
            };
            counter.refuses(tool, "unknown_promotion", (arguments, &["Summer Sale", "1"])).await;
        }
    }
    let arguments = || json!({"promotion_id": 99, "code_ids": [1]});
    counter.refuses("delete_coupon_codes", "unknown_promotion", (arguments(), &["Summer Sale"])).await;
}

#[tokio::test]
async fn lists_are_narrowed_by_what_there_is_only() {
    let mut counter = Counter::open().await;
    counter
        .refuses_all(
            "list_promotions",
            "invalid_arguments",
            &[
                (json!({"effective_state": "gone"}), &["effective_state", "active", "used_up"]),
                (json!({"kind": "voucher"}), &["kind", "coupon", "automatic"]),
                (json!({"limit": -1}), &["limit"]),
                (json!({"limit": 100_000}), &["limit"]),
                (json!({"page": -1}), &["page"]),
                (json!({"page": -3}), &["page"]),
                (json!({"channel_id": -1}), &["channel_id"]),
                (json!({"expiring_within_days": -1}), &["expiring_within_days"]),
                (json!({"expiring_within_days": "soon"}), &["expiring_within_days"]),
                (json!({"include_codes": "perhaps"}), &["include_codes"]),
                (json!({"currency_code": "dollars"}), &["currency"]),
                (json!({"code": "A/B"}), &["code"]),
                (json!({"code": "A\u{202e}B"}), &["code"]),
            ],
        )
        .await;
}

#[tokio::test]
async fn settings_need_a_value_within_their_range() {
    let mut counter = Counter::open().await;
    let number = "number_of_coupons_allowed_at_checkout";
    counter
        .refuses_all(
            "update_promotion_settings",
            "invalid_arguments",
            &[
                (json!({}), &["No setting", "get_store"]),
                (json!({number: null}), &["No setting"]),
                (json!({number: 0}), &["No setting", "is empty and counts as left out"]),
                (json!({number: 6}), &[number, "5"]),
                (json!({number: -1}), &[number]),
                (json!({number: "two"}), &[number]),
                (
                    json!({"promotions_applied_on_original_product_price": "maybe"}),
                    &["promotions_applied_on_original_product_price"],
                ),
            ],
        )
        .await;
}

#[tokio::test]
async fn only_what_was_changed_here_is_undone() {
    let mut counter = Counter::open().await;
    for id in ["", "chg_", "latest", "chg_000000000000", "chg_'; DROP TABLE changes; --"] {
        let row: Row<'_> = (json!({"change_id": id}), &["get_store"]);
        counter.refuses("undo", "unknown_change", row).await;
    }
    counter.refuses("undo", "unknown_change", (json!({}), &["no change"])).await;
}

#[tokio::test]
async fn what_is_unambiguous_is_accepted() {
    let mut counter = Counter::open().await;
    let edit = json!({"promotion_id": "1", "max_uses": "500", "name": null, "discount_value": "25"});
    let edited = counter.host.ok("update_promotion", edit).await;
    assert_eq!((&edited["status"], &edited["after"]["max_uses"]), (&json!("done"), &json!(500)));
    let deletion = json!({"promotion_id": 4, "code_ids": "[2001, 2002, 2002]", "filter": null});
    assert_eq!(counter.host.ok("delete_coupon_codes", deletion).await["deleted_count"], 2);
    let deletion = json!({"promotion_ids": [5, 5, 99]});
    let deleted = counter.host.ok("delete_promotions", deletion).await;
    let outcome = |id: u64| {
        let mut rows = deleted["promotions"].as_array().unwrap().iter();
        rows.find(|row| row["promotion_id"] == id).unwrap()["outcome"].clone()
    };
    assert_eq!((outcome(5), outcome(99)), (json!("deleted"), json!("not_found")));
    assert_eq!(deleted["promotions"].as_array().unwrap().len(), 2);
}
