//! `list_coupon_codes`, from outside.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;
use crate::support::stage::{start, start_wired};
use crate::support::stdio_host::StdioHost;
use crate::support::wire::{Act, Exchange, Wire};

const LIST: &str = "list_coupon_codes";
/// The seeds' promotion with the codes LOYAL-0001 to LOYAL-1000, ids 2001 to 3000.
const LOYALTY: u64 = 4;

/// The practice store's cursor of a code.
fn cursor(id: u64) -> String {
    STANDARD.encode(format!("{{\"id\":\"{id}\"}}"))
}

fn ids(list: &Value) -> Vec<u64> {
    let rows = list["coupon_codes"].as_array().unwrap();
    rows.iter().map(|row| row["id"].as_u64().unwrap()).collect()
}

fn is_code_list(exchange: &Exchange) -> bool {
    exchange.method == "GET" && exchange.path.ends_with("/codes") && exchange.path != "/promotions/codes"
}

#[tokio::test]
async fn a_code_is_listed_with_all_that_the_store_says_of_it() {
    let (_sandbox, wire, mut host) = start_wired(|_| Act::Pass).await;
    let result = host.call(LIST, json!({"promotion_id": 1})).await;
    let expected = json!({
        "promotion_id": 1,
        "coupon_codes": [{
            "id": 1024, "code": "SUMMER_SALE_2024", "current_uses": 3, "max_uses": 100,
            "max_uses_per_customer": 2, "created": "2024-05-01T10:15:30+00:00",
        }],
        "has_more": false,
        "total": 1,
    });
    assert_eq!(result["structuredContent"], expected);
    let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, expected);
    assert_eq!(wire.lines(), ["GET /promotions/1/codes?limit=50"]);
}

#[tokio::test]
async fn following_the_cursors_gives_every_code_once_in_both_directions() {
    let (_sandbox, mut host) = start().await;
    let mut forward = Vec::new();
    let mut arguments = json!({"promotion_id": LOYALTY, "limit": 250});
    let last = loop {
        let page = host.ok(LIST, arguments.clone()).await;
        forward.extend(ids(&page));
        if page["has_more"] == false {
            break page;
        }
        arguments["after"] = page["next_cursor"].clone();
    };
    assert_eq!(forward, (2001..=3000).collect::<Vec<_>>());
    assert_eq!(last.get("next_cursor"), None);

    let mut backward = ids(&last);
    arguments.as_object_mut().unwrap().remove("after");
    arguments["before"] = last["previous_cursor"].clone();
    let first = loop {
        let page = host.ok(LIST, arguments.clone()).await;
        backward.splice(0..0, ids(&page));
        if page["has_more"] == false {
            break page;
        }
        arguments["before"] = page["previous_cursor"].clone();
    };
    assert_eq!(backward, forward);
    assert_eq!(first.get("previous_cursor"), None);

    // And forward again from where the way back has ended.
    let page = json!({"promotion_id": LOYALTY, "limit": 2, "after": first["next_cursor"]});
    assert_eq!(ids(&host.ok(LIST, page).await), [2251, 2252]);
}

#[tokio::test]
async fn following_the_pages_gives_every_code_once() {
    let (_sandbox, mut host) = start().await;
    let mut rows = Vec::new();
    for page in 1.. {
        let list = host.ok(LIST, json!({"promotion_id": LOYALTY, "limit": 200, "page": page})).await;
        rows.extend(ids(&list));
        assert_eq!(list["total"], 1000);
        assert_eq!(list["has_more"], page < 5, "{page}");
        if list["has_more"] == false {
            break;
        }
    }
    assert_eq!(rows, (2001..=3000).collect::<Vec<_>>());
}

type Reading = (&'static str, fn(&mut Value));

/// What the API may leave out of its answers, and what may stand there instead. Each keeps to the documents.
const READINGS: [Reading; 6] = [
    ("as documented", |_| {}),
    ("cursors only where both are expected", |answer| {
        let meta = answer["meta"].as_object_mut().unwrap();
        if meta.contains_key("cursor_pagination") {
            meta.remove("pagination");
        }
    }),
    ("links only", |answer| {
        if let Some(cursors) = answer["meta"]["cursor_pagination"].as_object_mut() {
            cursors.remove("start_cursor");
            cursors.remove("end_cursor");
        }
    }),
    ("cursors only, no links", |answer| {
        if let Some(cursors) = answer["meta"]["cursor_pagination"].as_object_mut() {
            cursors.insert("links".to_owned(), json!([]));
        }
    }),
    ("no numbers of pages", |answer| {
        if let Some(pages) = answer["meta"]["pagination"].as_object_mut() {
            pages.retain(|name, _| name == "links");
        }
    }),
    ("limits as null or left out", |answer| {
        for row in answer["data"].as_array_mut().unwrap() {
            row["max_uses"] = Value::Null;
            row.as_object_mut().unwrap().remove("max_uses_per_customer");
        }
    }),
];

#[tokio::test]
async fn has_more_is_the_truth_in_every_paging_mode_and_reading() {
    let sandbox = Sandbox::start(&["--quota", "0"]).await;
    let empty = sandbox.bulk_promotion("Empty").await;
    let pages = [
        (json!({"promotion_id": LOYALTY, "limit": 250}), 250, true),
        (json!({"promotion_id": LOYALTY}), 50, true),
        (json!({"promotion_id": 2, "limit": 1}), 1, false),
        (json!({"promotion_id": 2, "limit": 2}), 1, false),
        (json!({"promotion_id": empty}), 0, false),
        (json!({"promotion_id": LOYALTY, "limit": 250, "after": cursor(2749)}), 250, true),
        (json!({"promotion_id": LOYALTY, "limit": 250, "after": cursor(2750)}), 250, false),
        (json!({"promotion_id": LOYALTY, "limit": 250, "after": cursor(2751)}), 249, false),
        (json!({"promotion_id": LOYALTY, "limit": 1, "after": cursor(2999)}), 1, false),
        (json!({"promotion_id": LOYALTY, "after": cursor(3000)}), 0, false),
        (json!({"promotion_id": LOYALTY, "limit": 250, "before": cursor(2252)}), 250, true),
        (json!({"promotion_id": LOYALTY, "limit": 250, "before": cursor(2251)}), 250, false),
        (json!({"promotion_id": LOYALTY, "limit": 250, "before": cursor(2250)}), 249, false),
        (json!({"promotion_id": LOYALTY, "before": cursor(2001)}), 0, false),
        (json!({"promotion_id": LOYALTY, "limit": 250, "page": 3}), 250, true),
        (json!({"promotion_id": LOYALTY, "limit": 250, "page": 4}), 250, false),
        (json!({"promotion_id": LOYALTY, "limit": 240, "page": 5}), 40, false),
        (json!({"promotion_id": LOYALTY, "limit": 250, "page": 5}), 0, false),
        (json!({"promotion_id": 2, "limit": 1, "page": 1}), 1, false),
    ];
    for (name, edit) in READINGS {
        let wire = Wire::to(
            &sandbox,
            move |exchange| {
                if is_code_list(exchange) { Act::Edit(edit) } else { Act::Pass }
            },
        )
        .await;
        let mut host = StdioHost::open(wire.client_of(&["stdio"])).await;
        let calls: Vec<_> = pages.iter().map(|(arguments, ..)| (LIST, arguments.clone())).collect();
        for (result, (arguments, rows, has_more)) in host.call_all(&calls).await.iter().zip(&pages) {
            let list = &result["structuredContent"];
            let seen = (list["coupon_codes"].as_array().map(Vec::len), &list["has_more"]);
            assert_eq!(seen, (Some(*rows), &json!(has_more)), "{name}: {arguments}");
            // Where there is more, there is a way to it.
            let way = if arguments.get("before").is_some() { "previous_cursor" } else { "next_cursor" };
            if *has_more && arguments.get("page").is_none() {
                assert!(list[way].is_string(), "{name}: {arguments}");
            } else {
                assert_eq!(list.get(way), None, "{name}: {arguments}");
            }
        }
    }
}

#[tokio::test]
async fn offset_paging_alone_still_tells_whether_there_is_more() {
    let (_sandbox, _wire, mut host) = start_wired(|exchange| {
        if !is_code_list(exchange) {
            return Act::Pass;
        }
        Act::Edit(|answer| {
            answer["meta"].as_object_mut().unwrap().remove("cursor_pagination");
        })
    })
    .await;
    for (arguments, has_more) in [
        (json!({"promotion_id": LOYALTY, "limit": 250}), true),
        (json!({"promotion_id": 2, "limit": 1}), false),
        (json!({"promotion_id": LOYALTY, "limit": 250, "page": 2}), true),
        (json!({"promotion_id": LOYALTY, "limit": 250, "page": 4}), false),
    ] {
        let list = host.ok(LIST, arguments.clone()).await;
        assert_eq!(list["has_more"], has_more, "{arguments}");
    }
}

#[tokio::test]
async fn an_empty_meta_may_be_an_array_and_limits_may_be_null() {
    let (sandbox, mut host) = start().await;
    let row = json!({
        "id": 5, "code": "BARE", "current_uses": 2, "created": "2019-01-20T22:00:00.000Z", "max_uses": null,
        "schedule": {"valid_from": "2024-01-01", "valid_until": null}, "something_new": [1],
    });
    let expected = json!({
        "id": 5, "code": "BARE", "current_uses": 2, "max_uses": 0, "max_uses_per_customer": 0,
        "created": "2019-01-20T22:00:00.000Z",
    });
    for meta in [json!([]), json!({}), json!(null), json!({"pagination": [], "cursor_pagination": null})] {
        for (data, codes) in [(json!([row]), json!([expected])), (json!([]), json!([]))] {
            sandbox
                .fault(json!({
                    "method": "GET", "path": "/promotions/1/codes", "times": 1, "status": 200,
                    "body": {"data": data, "meta": meta},
                }))
                .await;
            let list = host.ok(LIST, json!({"promotion_id": 1})).await;
            let answer = json!({"promotion_id": 1, "coupon_codes": codes, "has_more": false});
            assert_eq!(list, answer, "{meta}");
        }
    }
}

#[tokio::test]
async fn cursors_that_exclude_each_other_are_refused_before_any_request() {
    let (sandbox, mut host) = start().await;
    let good = cursor(2001);
    for paging in [
        json!({"after": good, "before": good}),
        json!({"after": good, "page": 2}),
        json!({"before": good, "page": "2"}),
        json!({"after": good, "before": good, "page": 1}),
        json!({"before": "two words"}),
        json!({"after": "curseur-é"}),
        json!({"before": "\u{202e}"}),
        json!({"after": "x".repeat(1_001)}),
    ] {
        let mut arguments = paging.clone();
        arguments["promotion_id"] = json!(LOYALTY);
        let error = host.error(LIST, arguments).await;
        assert_eq!((&error["code"], &error["retryable"]), (&json!("invalid_arguments"), &json!(false)));
        let hint = error["hint"].as_str().unwrap();
        assert!(hint.contains("next_cursor") && hint.contains("previous_cursor"), "{paging}: {hint}");
    }
    assert_eq!(sandbox.requests().await, []);
}

#[tokio::test]
async fn a_cursor_that_bigcommerce_does_not_know_is_rejected_in_its_words() {
    let (_sandbox, mut host) = start().await;
    let error = host.error(LIST, json!({"promotion_id": LOYALTY, "after": "no-cursor"})).await;
    assert_eq!((&error["code"], &error["retryable"]), (&json!("rejected"), &json!(false)));
    assert_eq!(
        error["message"],
        "BigCommerce refused the request with status 422. It says: The cursor is invalid."
    );
}

#[tokio::test]
async fn one_code_is_found_by_its_text_in_any_case() {
    let (_sandbox, mut host) = start().await;
    for (code, found) in
        [("LOYAL-0777", 1), ("loyal-0777", 1), (" Loyal-0777 ", 1), ("LOYAL-077", 0), ("SUMMER_SALE_2024", 0)]
    {
        let list = host.ok(LIST, json!({"promotion_id": LOYALTY, "code": code, "limit": 1})).await;
        assert_eq!((&list["has_more"], &list["total"]), (&json!(false), &json!(found)), "{code}");
        let rows = list["coupon_codes"].as_array().unwrap();
        assert_eq!(rows.len(), found, "{code}");
        assert!(rows.iter().all(|row| row["code"] == "LOYAL-0777"), "{code}");
    }
}

#[tokio::test]
async fn one_code_is_found_though_the_filter_matches_in_part_or_not_at_all() {
    // The first reading: the filter is a part of the text. The second: there is no filter.
    let (_sandbox, wire, mut host) = start_wired(|exchange| {
        let filter = exchange.query.iter().find(|(name, _)| name == "code");
        match filter {
            Some((_, code)) if code.eq_ignore_ascii_case("LOYAL-01") => {
                let row = |id: u64, code: &str| {
                    json!({"id": id, "code": code, "current_uses": 0, "created": "2024-05-01T10:15:30Z"})
                };
                let rows = [row(1, "LOYAL-0100"), row(2, "LOYAL-01"), row(3, "LOYAL-0101")];
                Act::json("200 OK", &json!({"data": rows, "meta": {}}))
            }
            Some(_) => {
                let others = exchange.query.iter().filter(|(name, _)| name != "code");
                Act::Query(others.cloned().collect())
            }
            None => Act::Pass,
        }
    })
    .await;
    let list = host.ok(LIST, json!({"promotion_id": LOYALTY, "code": "loyal-01"})).await;
    assert_eq!(ids(&list), [2]);
    let list = host.ok(LIST, json!({"promotion_id": LOYALTY, "code": "LOYAL-0900"})).await;
    assert_eq!(ids(&list), [2900], "{:?}", wire.lines());
    assert_eq!(list["has_more"], false);
}

/// A wire on which the `code` filter is an exact match of one of these codes.
async fn start_comparing_case() -> (Sandbox, Wire, StdioHost) {
    const CODES: [&str; 3] = ["CAPITALS", "small", "Mixed"];
    let (sandbox, wire, host) = start_wired(|exchange| {
        let filter = exchange.query.iter().find(|(name, _)| name == "code");
        match filter {
            Some((_, code)) if !CODES.contains(&code.as_str()) => {
                Act::json("200 OK", &json!({"data": [], "meta": []}))
            }
            _ => Act::Pass,
        }
    })
    .await;
    for code in CODES {
        sandbox.post("/promotions/1/codes", json!({"code": code})).await;
    }
    (sandbox, wire, host)
}

#[tokio::test]
async fn one_code_is_found_though_the_filter_compares_case() {
    let (_sandbox, wire, mut host) = start_comparing_case().await;
    for (asked, stored) in
        [("capitals", "CAPITALS"), ("Capitals", "CAPITALS"), ("SMALL", "small"), ("Mixed", "Mixed")]
    {
        let list = host.ok(LIST, json!({"promotion_id": 1, "code": asked})).await;
        assert_eq!(list["coupon_codes"][0]["code"], stored, "{asked}: {:?}", wire.lines());
    }
}

#[tokio::test]
async fn a_code_in_mixed_case_is_found_by_another_spelling_though_the_filter_compares_case() {
    let (_sandbox, wire, mut host) = start_comparing_case().await;
    let list = host.ok(LIST, json!({"promotion_id": 1, "code": "MIXED"})).await;
    assert_eq!(list["coupon_codes"][0]["code"], "Mixed", "{:?}", wire.lines());
}

#[tokio::test]
async fn up_to_25_rows_are_json_and_more_are_a_table_of_the_same_rows() {
    let (_sandbox, mut host) = start().await;
    for limit in [1, 25] {
        let result = host.call(LIST, json!({"promotion_id": LOYALTY, "limit": limit})).await;
        let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(text, result["structuredContent"], "{limit}");
    }
    for arguments in [
        json!({"promotion_id": LOYALTY, "limit": 26}),
        json!({"promotion_id": LOYALTY, "limit": 250, "after": cursor(2100)}),
        json!({"promotion_id": LOYALTY, "limit": 250, "before": cursor(2900)}),
        json!({"promotion_id": LOYALTY, "limit": 100, "page": 10}),
    ] {
        let result = host.call(LIST, arguments.clone()).await;
        let list = &result["structuredContent"];
        let text = result["content"][0]["text"].as_str().unwrap();
        let (place, table) = text.split_once('\n').unwrap();
        for name in ["promotion_id", "has_more", "next_cursor", "previous_cursor", "total"] {
            let said =
                place.split(' ').find_map(|pair| pair.strip_prefix(&format!("{name}="))).map(str::to_owned);
            let value = list.get(name).map(|value| value.as_str().map_or(value.to_string(), str::to_owned));
            assert_eq!(said, value, "{name}: {arguments}");
        }
        assert_eq!(rows_of(table), *list["coupon_codes"].as_array().unwrap(), "{arguments}");
        let json = list.to_string().len();
        assert!(text.len() * 10 < json * 7, "{} of {json} bytes", text.len());
    }
}

/// The rows of a table with a header, numbers as numbers.
fn rows_of(table: &str) -> Vec<Value> {
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let names = reader.headers().unwrap().clone();
    let row = |record: csv::StringRecord| {
        let fields = names.iter().zip(&record).map(|(name, text)| {
            let value = text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number));
            (name.to_owned(), value)
        });
        Value::Object(fields.collect())
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

#[tokio::test]
async fn a_table_has_every_row_and_field_also_when_one_row_says_less() {
    let (_sandbox, _wire, mut host) = start_wired(|exchange| {
        if !is_code_list(exchange) {
            return Act::Pass;
        }
        Act::Edit(|answer| {
            answer["data"][7].as_object_mut().unwrap().remove("created");
            answer["data"][8]["max_uses"] = Value::Null;
        })
    })
    .await;
    let result = host.call(LIST, json!({"promotion_id": LOYALTY, "limit": 30})).await;
    let rows = result["structuredContent"]["coupon_codes"].as_array().unwrap();
    assert_eq!(rows.len(), 30);
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("promotion_id=4 "), "not a table: {}…", &text[..80]);
    let (_, table) = text.split_once('\n').unwrap();
    for (mut shown, row) in rows_of(table).into_iter().zip(rows) {
        shown.as_object_mut().unwrap().retain(|_, value| *value != "");
        assert_eq!(shown, *row);
    }
}

#[tokio::test]
async fn the_last_possible_page_number_is_no_fault_of_the_server() {
    // A page beyond all pages that is full all the same, as a broken API might send it.
    let (_sandbox, _wire, mut host) = start_wired(|_| {
        let row = json!({"id": 1, "code": "A", "current_uses": 0, "created": "2024-05-01T10:15:30+00:00"});
        Act::json("200 OK", &json!({"data": [row], "meta": {}}))
    })
    .await;
    let list = host
        .exchange(
            "tools/call",
            json!({"name": LIST, "arguments": {"promotion_id": 1, "limit": 1, "page": u64::MAX}}),
        )
        .await;
    assert!(list["result"].is_object(), "{list}");
}

/// A wire on which the list of a promotion that does not exist is an empty page and no error.
async fn start_answering_empty_pages() -> (Sandbox, Wire, StdioHost) {
    start_wired(|exchange| {
        if exchange.path == "/promotions/4711/codes" {
            Act::json("200 OK", &json!({"data": [], "meta": {}}))
        } else {
            Act::Pass
        }
    })
    .await
}

#[tokio::test]
async fn an_unknown_promotion_is_told_though_the_list_answers_an_empty_page() {
    let (_sandbox, wire, mut host) = start_answering_empty_pages().await;
    for arguments in [
        json!({"promotion_id": 4711}),
        json!({"promotion_id": 4711, "page": 1}),
        json!({"promotion_id": 4711, "code": "ANY"}),
    ] {
        let error = host.error(LIST, arguments.clone()).await;
        assert_eq!(error["code"], "unknown_promotion", "{arguments}: {:?}", wire.lines());
        assert!(error["hint"].as_str().unwrap().contains("1 \"Summer Sale\""), "{error}");
    }
}

#[tokio::test]
async fn an_unknown_promotion_is_told_though_the_page_behind_a_cursor_is_empty() {
    let (_sandbox, wire, mut host) = start_answering_empty_pages().await;
    for direction in ["after", "before"] {
        let mut arguments = json!({"promotion_id": 4711});
        arguments[direction] = json!(cursor(2001));
        let error = host.error(LIST, arguments).await;
        assert_eq!(error["code"], "unknown_promotion", "{direction}: {:?}", wire.lines());
    }
}
