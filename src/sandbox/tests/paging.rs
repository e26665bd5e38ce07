use serde_json::{Value, json};

use super::support::Rig;

/// The cursor of a code: base64 of `{"id":"…"}`.
fn cursor(id: i64) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(format!("{{\"id\":\"{id}\"}}"))
}

fn meta_keys(body: &Value) -> Vec<&str> {
    body["meta"].as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_list_without_paging_is_exactly_the_sample_of_the_documentation() {
    let rig = Rig::start().await;
    let sample = json!({
        "data": [{
            "id": 1024,
            "code": "SUMMER_SALE_2024",
            "current_uses": 3,
            "created": "2024-05-01T10:15:30+00:00",
            "max_uses": 100,
            "max_uses_per_customer": 2,
        }],
        "meta": {
            "pagination": {
                "total": 1,
                "count": 1,
                "per_page": 50,
                "current_page": 1,
                "total_pages": 1,
                "links": { "current": "?page=1&limit=50" },
            },
            "cursor_pagination": {
                "count": 1,
                "per_page": 50,
                "links": { "next": "?limit=50&after=eyJpZCI6IjEwMjQifQ==" },
                "start_cursor": "eyJpZCI6IjEwMjQifQ==",
                "end_cursor": "eyJpZCI6IjEwMjQifQ==",
            },
        },
    });

    let reply = rig.get("/promotions/1/codes").await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
    assert_eq!(reply.text, sample.to_string());
    assert_eq!(rig.get("/promotions/codes?code=summer_sale_2024").await.text, sample.to_string());
}

#[tokio::test]
async fn limit_alone_gives_both_pagination_objects() {
    let rig = Rig::start().await;
    let reply = rig.get("/promotions/4/codes?limit=2").await;

    assert_eq!(reply.ids(), [2001, 2002]);
    assert_eq!(
        reply.json()["meta"],
        json!({
            "pagination": {
                "total": 1000,
                "count": 2,
                "per_page": 2,
                "current_page": 1,
                "total_pages": 500,
                "links": { "current": "?page=1&limit=2", "next": "?page=2&limit=2" },
            },
            "cursor_pagination": {
                "count": 2,
                "per_page": 2,
                "links": { "next": format!("?limit=2&after={}", cursor(2002)) },
                "start_cursor": cursor(2001),
                "end_cursor": cursor(2002),
            },
        })
    );
}

#[tokio::test]
async fn pages_by_number_carry_offset_pagination_only() {
    let rig = Rig::start().await;
    let last = rig.get("/promotions/4/codes?page=4&limit=250").await;

    assert_eq!((last.ids().len(), last.ids()[0]), (250, 2751));
    assert_eq!(
        last.json()["meta"],
        json!({ "pagination": {
            "total": 1000,
            "count": 250,
            "per_page": 250,
            "current_page": 4,
            "total_pages": 4,
            "links": { "previous": "?page=3&limit=250", "current": "?page=4&limit=250" },
        } })
    );
    let past = rig.get("/promotions/4/codes?page=5&limit=250").await;
    assert_eq!((past.status, past.ids()), (200, vec![]));
}

#[tokio::test]
async fn the_exactly_full_last_page_still_has_a_next_link_and_leads_to_an_empty_page() {
    let rig = Rig::start().await;
    let last = rig.get(&format!("/promotions/4/codes?limit=250&after={}", cursor(2750))).await;

    assert_eq!((last.ids().len(), last.ids()[249]), (250, 3000));
    assert_eq!(
        last.json()["meta"],
        json!({ "cursor_pagination": {
            "count": 250,
            "per_page": 250,
            "links": {
                "previous": format!("?limit=250&before={}", cursor(2751)),
                "next": format!("?limit=250&after={}", cursor(3000)),
            },
            "start_cursor": cursor(2751),
            "end_cursor": cursor(3000),
        } })
    );

    let past = rig.get(&format!("/promotions/4/codes?limit=250&after={}", cursor(3000))).await;
    assert_eq!(
        past.json(),
        json!({
            "data": [],
            "meta": { "cursor_pagination": { "count": 0, "per_page": 250, "links": {} } },
        })
    );
}

#[tokio::test]
async fn following_the_next_links_finds_every_code_once() {
    let rig = Rig::start().await;
    let mut path = "?limit=250".to_owned();
    let mut found = Vec::new();
    loop {
        let reply = rig.get(&format!("/promotions/4/codes{path}")).await;
        let Some(next) =
            reply.json()["meta"]["cursor_pagination"]["links"]["next"].as_str().map(str::to_owned)
        else {
            break;
        };
        found.extend(reply.ids());
        path = next;
    }
    assert_eq!(found, (2001..=3000).collect::<Vec<_>>());
}

#[tokio::test]
async fn before_gives_the_items_just_before_the_cursor_in_ascending_order() {
    let rig = Rig::start().await;
    let middle = rig.get(&format!("/promotions/4/codes?limit=3&before={}", cursor(2010))).await;
    assert_eq!(middle.ids(), [2007, 2008, 2009]);
    assert_eq!(meta_keys(&middle.json()), ["cursor_pagination"]);

    let first = rig.get(&format!("/promotions/4/codes?limit=3&before={}", cursor(2003))).await;
    assert_eq!(first.ids(), [2001, 2002]);
    assert_eq!(
        first.json()["meta"]["cursor_pagination"]["links"],
        json!({ "next": format!("?limit=3&after={}", cursor(2002)) })
    );
}

#[tokio::test]
async fn a_cursor_survives_the_deletion_of_its_code() {
    let rig = Rig::start().await;
    rig.delete("/promotions/4/codes/2002").await;
    let reply = rig.get(&format!("/promotions/4/codes?limit=2&after={}", cursor(2002))).await;
    assert_eq!(reply.ids(), [2003, 2004]);
}

#[tokio::test]
async fn the_code_filter_is_exact_whatever_the_case() {
    let rig = Rig::start().await;
    let found = rig.get("/promotions/4/codes?code=loyal-0007").await;
    assert_eq!((found.ids(), found.json()["meta"]["pagination"]["total"].as_i64()), (vec![2007], Some(1)));

    for (promotion, code) in [(4, "LOYAL-000"), (1, "LOYAL-0007")] {
        let reply = rig.get(&format!("/promotions/{promotion}/codes?code={code}")).await;
        assert_eq!(
            reply.json(),
            json!({
                "data": [],
                "meta": {
                    "pagination": {
                        "total": 0,
                        "count": 0,
                        "per_page": 50,
                        "current_page": 1,
                        "total_pages": 0,
                        "links": { "current": "?page=1&limit=50" },
                    },
                    "cursor_pagination": { "count": 0, "per_page": 50, "links": {} },
                },
            })
        );
    }
}

#[tokio::test]
async fn paging_parameters_that_are_invalid_or_exclude_each_other_answer_422() {
    let rig = Rig::start().await;
    let cursor = cursor(2001);
    for query in [
        "limit=0".to_owned(),
        "limit=251".to_owned(),
        "limit=ten".to_owned(),
        "limit=".to_owned(),
        "page=0".to_owned(),
        "after=2001".to_owned(),
        "after=".to_owned(),
        "before=%7B%7D".to_owned(),
        format!("page=1&after={cursor}"),
        format!("page=1&before={cursor}"),
        format!("after={cursor}&before={cursor}"),
    ] {
        assert_eq!(rig.get(&format!("/promotions/4/codes?{query}")).await.status, 422, "{query}");
    }
    assert_eq!(rig.get("/promotions/4/codes?limit=250").await.ids().len(), 250);
    assert_eq!(rig.get("/promotions/4/codes").await.ids().len(), 50);
}
