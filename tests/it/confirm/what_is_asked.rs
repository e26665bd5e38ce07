//! What a person is asked about, and what not: few, true questions.

use serde_json::{Value, json};

use crate::support::asking_host::{AskingHost, ERAS, LEGACY, MODERN, Reply};
use crate::support::guarded_store::GuardedStore;
use crate::support::in_days;

/// The arguments of an ordinary promotion with some of them replaced; null takes one away.
fn ordinary(other: Value) -> Value {
    let mut arguments = json!({
        "name": "Ordinary", "discount_type": "percent", "discount_value": 20, "max_uses": 500,
        "ends_at": in_days(14), "can_be_used_with_other_promotions": false,
    });
    for (name, value) in other.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    arguments
}

fn rules(action: Value) -> Value {
    json!({"discount_type": null, "discount_value": null, "rules": [{"action": action}]})
}

/// Asserts that a call is asked about for this reason, and leaves it unanswered.
async fn asks(host: &mut AskingHost, tool: &str, arguments: Value, reason: &str) {
    match host.call(tool, arguments.clone()).await {
        Reply::Question(question) => {
            assert!(question.message.contains(reason), "{tool} {arguments}: {}", question.message);
        }
        Reply::Result(result) => panic!("{tool} {arguments} asked nobody: {result}"),
    }
}

async fn is_done(host: &mut AskingHost, tool: &str, arguments: Value) -> Value {
    let done = host.call(tool, arguments.clone()).await.answer();
    assert_eq!(done["status"], "done", "{tool} {arguments}: {done}");
    done
}

#[tokio::test]
async fn nobody_is_asked_about_an_ordinary_promotion() {
    for way in ERAS {
        let store = GuardedStore::start().await;
        let mut host = store.asking(way, &[]).await;
        for (name, other) in [
            ("plain", json!({"code": "PLAIN"})),
            ("at the limit", json!({"discount_value": 50})),
            ("no end", json!({"ends_at": null})),
            ("no cap, and ends soon", json!({"max_uses": null, "ends_at": in_days(89)})),
            ("stacks from the start", json!({"can_be_used_with_other_promotions": true})),
            (
                "fixed half of the minimum",
                json!({"discount_type": "fixed_amount", "discount_value": 10, "minimum_spend": 20}),
            ),
            ("items", json!({"discount_type": "percent_off_items", "category_ids": [3]})),
            ("shipping", json!({"discount_type": "free_shipping", "discount_value": null})),
        ] {
            let mut arguments = ordinary(other);
            arguments["name"] = json!(name);
            is_done(&mut host, "create_promotion", arguments).await;
        }
    }
}

#[tokio::test]
async fn each_exposure_is_asked_about_when_it_is_created() {
    let percent = |of: u32| json!({"discount": {"percentage_amount": of.to_string()}});
    let gift = json!({"gift_item": {"product_id": 77, "quantity": 1}});
    let set =
        json!({"fixed_price_set": {"quantity": 3, "fixed_price": "10.00", "items": {"products": [77]}}});
    let store = GuardedStore::start().await;
    let before = (store.picture().await, store.writes().await);
    for way in ERAS {
        let mut host = store.asking(way, &[]).await;
        for (other, reason) in [
            (json!({"discount_value": 50.5}), "50.5%"),
            (json!({"discount_value": 100}), "100%"),
            (json!({"discount_type": "percent_off_items", "discount_value": 60}), "60%"),
            (json!({"max_uses": null, "ends_at": null}), "no cap"),
            (json!({"max_uses": 0, "ends_at": in_days(91)}), "90 days"),
            (json!({"discount_type": "fixed_amount", "discount_value": 10}), "order can be free"),
            (
                json!({"discount_type": "fixed_amount", "discount_value": 10, "minimum_spend": 10}),
                "order can be free",
            ),
            (json!({"discount_type": "fixed_amount_off_items", "discount_value": 10}), "order can be free"),
            (rules(gift.clone()), "gives an item away"),
            (rules(set.clone()), "fixed price"),
            (rules(json!({"cart_value": percent(60)})), "60%"),
            (
                rules(json!({"cart_items": {"discount": {"percentage_amount": "100"}, "as_total": false,
                "items": {"products": [77]}, "quantity": 1}})),
                "100%",
            ),
            // Also of a promotion that only starts later: nobody does anything more until then.
            (json!({"discount_value": 60, "starts_at": in_days(3)}), "60%"),
            // And the second rule counts as much as the first.
            (
                json!({"discount_type": null, "discount_value": null, "rules": [
                    {"action": {"cart_value": percent(10)}}, {"action": {"cart_value": percent(60)}},
                ]}),
                "60%",
            ),
        ] {
            asks(&mut host, "create_promotion", ordinary(other), reason).await;
        }
    }
    assert_eq!((store.picture().await, store.writes().await), before);
}

/// Rules of which each alone would be no question, and a part of what is asked about them together.
fn costly_together() -> Vec<(Value, &'static str)> {
    let percent = |action: &str| json!({"action": {action: {"discount": {"percentage_amount": "50"}}}});
    let fixed = |action: &str, amount: &str, minimum: &str| {
        json!({
            "action": {action: {"discount": {"fixed_amount": amount}}},
            "condition": {"cart": {"minimum_spend": minimum}},
        })
    };
    let mut repeated = fixed("cart_value", "10.00", "10.01");
    repeated["apply_once"] = json!(false);
    let (order, items) = (percent("cart_value"), percent("cart_items"));
    vec![
        (json!([order, order]), "up to 100% (50% and 50% together)"),
        (json!(vec![order.clone(); 10]), "up to 100%"),
        (json!([order, items]), "up to 100%"),
        (json!([fixed("cart_value", "99.99", "100.00")]), "up to 99.99%"),
        (json!([repeated]), "a rule repeats, so an order can be free"),
        (json!([fixed("cart_items", "40.00", "50.00")]), "from each item, however many and cheap"),
        (json!(vec![fixed("cart_value", "10.00", "11.00"); 10]), "takes off 100"),
    ]
}

#[tokio::test]
async fn what_rules_take_off_together_is_asked_about() {
    let store = GuardedStore::start().await;
    let mut off = Vec::new();
    for (rules, reason) in costly_together() {
        let costly = json!({"name": "Off", "status": "DISABLED", "rules": rules, "end_date": in_days(9)});
        off.push((store.add_promotion(costly).await, rules, reason));
    }
    let before = (store.picture().await, store.writes().await);
    for way in ERAS {
        let mut host = store.asking(way, &[]).await;
        for (id, rules, reason) in &off {
            let new = json!({"discount_type": null, "discount_value": null, "rules": rules});
            asks(&mut host, "create_promotion", ordinary(new), reason).await;
            let enabling = json!({"promotion_id": id, "status": "ENABLED"});
            asks(&mut host, "update_promotion", enabling, reason).await;
            let copy = json!({"name": "Copy", "copy_from_promotion_id": id, "max_uses": 5});
            asks(&mut host, "create_promotion", copy, reason).await;
        }
    }
    assert_eq!((store.picture().await, store.writes().await), before);
}

#[tokio::test]
async fn codes_of_a_costly_promotion_are_asked_about_whatever_makes_them() {
    let store = GuardedStore::start().await;
    let ninety_five = json!([{"action": {"cart_value": {"discount": {"percentage_amount": "95"}}}}]);
    let wild = store.add_promotion(json!({"name": "Wild", "rules": ninety_five})).await;
    store.add_code(wild, "OLD", 5).await;
    let mut free = store.asking(LEGACY, &["--confirm", "never"]).await;
    store.add_code(wild, "GONE", 5).await;
    let gone = is_done(&mut free, "delete_coupon_codes", json!({"codes": ["GONE"]})).await;
    let before = (store.picture().await, store.writes().await);
    for way in ERAS {
        let mut host = store.asking(way, &[]).await;
        for (tool, arguments) in [
            ("create_coupon_code", json!({"promotion_id": wild, "code": "NEW", "max_uses": 1})),
            ("generate_coupon_codes", json!({"promotion_id": wild, "count": 1})),
            ("import_coupon_codes", json!({"promotion_id": wild, "csv_text": "code,max_uses\nB-1,1\n"})),
            ("replace_coupon_code", json!({"code": "OLD", "new_code": "NEWER"})),
            ("undo", json!({"change_id": gone["change_id"]})),
        ] {
            asks(&mut host, tool, arguments, "takes off 95%, more than 50%").await;
        }
    }
    assert_eq!((store.picture().await, store.writes().await), before);
}

#[tokio::test]
async fn a_cap_that_is_as_large_as_none_is_asked_about() {
    let store = GuardedStore::start().await;
    let plain = store.add_promotion(json!({"max_uses": 99_999})).await;
    let mut host = store.asking(LEGACY, &[]).await;
    let endless = |cap: u64| ordinary(json!({"max_uses": cap, "ends_at": null}));
    asks(&mut host, "create_promotion", endless(2_147_483_647), "no cap on uses").await;
    asks(&mut host, "create_promotion", endless(100_000), "no cap on uses").await;
    is_done(&mut host, "create_promotion", endless(99_999)).await;
    let grown = json!({"promotion_id": plain, "max_uses": 100_000});
    asks(&mut host, "update_promotion", grown, "counts as none").await;
    let config = store.config("[policy]\ncap_counts_below = 1000\n");
    let mut host = store.asking(LEGACY, &["--config", &config]).await;
    asks(&mut host, "create_promotion", endless(1_000), "no cap on uses").await;
}

#[tokio::test]
async fn each_exposure_is_asked_about_when_an_update_leads_to_it() {
    let store = GuardedStore::start().await;
    let plain = store.add_promotion(json!({})).await;
    let fixed = store
        .add_promotion(json!({"name": "Fixed", "rules": [{
            "action": {"cart_value": {"discount": {"fixed_amount": "10.00"}}},
            "condition": {"cart": {"minimum_spend": "50.00"}},
        }]}))
        .await;
    let before = (store.picture().await, store.writes().await);
    for way in ERAS {
        let mut host = store.asking(way, &[]).await;
        for (id, edit, reason) in [
            (plain, json!({"discount_value": 51}), "51%"),
            (plain, json!({"max_uses": 201}), "cap of 201 uses in place of 100"),
            (plain, json!({"max_uses": 0}), "no cap"),
            (plain, json!({"max_uses": 0, "ends_at": in_days(5)}), "loses its cap"),
            (plain, json!({"can_be_used_with_other_promotions": true}), "beside other promotions"),
            (fixed, json!({"discount_value": 50}), "order can be free"),
            (fixed, json!({"discount_value": 25.5}), "51%"),
            (fixed, json!({"minimum_spend": 10}), "order can be free"),
        ] {
            let mut arguments = edit;
            arguments["promotion_id"] = json!(id);
            asks(&mut host, "update_promotion", arguments, reason).await;
        }
    }
    assert_eq!((store.picture().await, store.writes().await), before);
    let mut host = store.asking(LEGACY, &[]).await;
    for edit in [json!({"max_uses": 200}), json!({"discount_value": 50}), json!({"ends_at": in_days(30)})] {
        let mut arguments = edit;
        arguments["promotion_id"] = json!(plain);
        is_done(&mut host, "update_promotion", arguments).await;
    }
}

#[tokio::test]
async fn disabling_and_renaming_are_never_asked_about() {
    for way in ERAS {
        let store = GuardedStore::start().await;
        let wild = json!({
            "name": "Wild", "max_uses": null, "can_be_used_with_other_promotions": true,
            "rules": [{"action": {"gift_item": {"product_id": 77, "quantity": 1}}}],
        });
        let wild = store.add_promotion(wild).await;
        let mut host = store.asking(way, &[]).await;
        is_done(&mut host, "update_promotion", json!({"promotion_id": wild, "name": "Wilder"})).await;
        is_done(&mut host, "update_promotion", json!({"promotion_id": wild, "status": "DISABLED"})).await;
        // While it is off, nothing that it would do costs anything.
        is_done(&mut host, "update_promotion", json!({"promotion_id": wild, "ends_at": in_days(300)})).await;
        assert_eq!(store.promotion(wild).await["status"], "DISABLED");
    }
}

#[tokio::test]
async fn what_is_let_loose_by_enabling_extending_or_undoing_is_asked_about() {
    for way in ERAS {
        let store = GuardedStore::start().await;
        let seventy = json!([{"action": {"cart_value": {"discount": {"percentage_amount": "70"}}}}]);
        let off = store.add_promotion(json!({"name": "Off", "status": "DISABLED", "rules": seventy})).await;
        let past = json!({"name": "Past", "end_date": "2024-01-01T00:00:00+00:00",
            "start_date": "2023-01-01T00:00:00+00:00", "rules": seventy});
        let past = store.add_promotion(past).await;
        let on = store.add_promotion(json!({"name": "On", "rules": seventy})).await;
        let mut host = store.asking(way, &[]).await;
        asks(&mut host, "update_promotion", json!({"promotion_id": off, "status": "ENABLED"}), "70%").await;
        asks(&mut host, "update_promotion", json!({"promotion_id": past, "ends_at": in_days(5)}), "70%")
            .await;
        asks(&mut host, "update_promotion", json!({"promotion_id": past, "ends_at": "never"}), "70%").await;
        is_done(&mut host, "update_promotion", json!({"promotion_id": on, "status": "DISABLED"})).await;
        asks(&mut host, "undo", json!({}), "70%").await;
        let copy = json!({"name": "Copy", "copy_from_promotion_id": off, "max_uses": 10});
        asks(&mut host, "create_promotion", copy, "70%").await;
        // Extending one that would be asked about anyway is asked about as well: the result counts.
        asks(
            &mut host,
            "update_promotion",
            json!({"promotion_id": on, "status": "ENABLED", "ends_at": in_days(2)}),
            "70%",
        )
        .await;
        assert_eq!(store.promotion(on).await["status"], "DISABLED");
    }
}

#[tokio::test]
async fn undoing_the_disabling_of_an_ordinary_promotion_asks_nobody() {
    let store = GuardedStore::start().await;
    let plain = store.add_promotion(json!({})).await;
    let mut host = store.asking(MODERN, &[]).await;
    is_done(&mut host, "update_promotion", json!({"promotion_id": plain, "status": "DISABLED"})).await;
    is_done(&mut host, "undo", json!({})).await;
    assert_eq!(store.promotion(plain).await["status"], "ENABLED");
}

#[tokio::test]
async fn taking_something_away_is_always_asked_about() {
    let store = GuardedStore::start().await;
    let off = store.add_promotion(json!({"status": "DISABLED"})).await;
    let unused = store.add_code(off, "UNUSED", 1).await;
    let before = (store.picture().await, store.writes().await);
    for way in ERAS {
        let mut host = store.asking(way, &["--toolsets", "read,codes,promotions,settings"]).await;
        for (tool, arguments, reason) in [
            ("delete_coupon_codes", json!({"codes": ["UNUSED"]}), "deletes 1 code"),
            ("delete_coupon_codes", json!({"promotion_id": off, "code_ids": [unused]}), "deletes 1 code"),
            ("delete_coupon_codes", json!({"promotion_id": off, "filter": "unused"}), "deletes 1 code"),
            ("delete_promotions", json!({"promotion_ids": [off]}), "deletes a promotion"),
            ("replace_coupon_code", json!({"code": "UNUSED", "max_uses": 5}), "deletes a code"),
            (
                "update_promotion_settings",
                json!({"number_of_coupons_allowed_at_checkout": 2}),
                "every promotion",
            ),
        ] {
            asks(&mut host, tool, arguments, reason).await;
        }
    }
    assert_eq!((store.picture().await, store.writes().await), before);
}

#[tokio::test]
async fn an_operator_moves_the_thresholds() {
    let store = GuardedStore::start().await;
    let plain = store.add_promotion(json!({})).await;
    let strict = store.config(
        "[confirm]\npercent_above = 10\nend_within_days = 5\ncap_growth_above = 1\nconfirm_codes_above = 0\n",
    );
    let mut host = store.asking(LEGACY, &["--config", &strict]).await;
    asks(&mut host, "create_promotion", ordinary(json!({})), "more than 10%").await;
    let soon = ordinary(json!({"discount_value": 5, "max_uses": null}));
    asks(&mut host, "create_promotion", soon, "more than 5 days").await;
    let with_code = ordinary(json!({"discount_value": 5, "code": "ONE"}));
    asks(&mut host, "create_promotion", with_code, "creates 1 code.").await;
    asks(&mut host, "update_promotion", json!({"promotion_id": plain, "max_uses": 101}), "101").await;
    let loose = store.config("[confirm]\npercent_above = 80\nend_within_days = 365\ncap_growth_above = 10\n");
    let mut host = store.asking(LEGACY, &["--config", &loose]).await;
    let wide = ordinary(json!({"discount_value": 75, "max_uses": null, "ends_at": in_days(300)}));
    is_done(&mut host, "create_promotion", wide).await;
    is_done(&mut host, "update_promotion", json!({"promotion_id": plain, "max_uses": 1000})).await;
}
