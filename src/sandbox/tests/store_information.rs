use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::support::{Rig, options, send};
use crate::sandbox::{READ_ONLY_TOKEN, STORE_HASH, SandboxOptions};

#[tokio::test]
async fn the_store_tells_its_name_time_zone_currency_and_plan_without_an_envelope() {
    let rig = Rig::start().await;
    let reply = send(rig.v2(Method::GET, "/store")).await;
    let store = reply.json();
    let summary: Vec<_> = ["id", "name", "secure_url", "timezone", "currency", "plan_name", "plan_level"]
        .iter()
        .map(|key| &store[*key])
        .collect();

    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
    assert_eq!(
        json!(summary),
        json!([
            STORE_HASH,
            "Practice Store",
            "https://practice-store.example",
            {
                "name": "America/New_York",
                "raw_offset": -18000,
                "dst_offset": -14400,
                "dst_correction": true,
                "date_format": {
                    "display": "M jS Y",
                    "export": "M jS Y",
                    "extended_display": "M jS Y @ g:i A",
                },
            },
            "USD",
            "Enterprise Test",
            "Enterprise",
        ])
    );
}

#[tokio::test]
async fn the_older_api_has_the_same_quota_and_rate_headers() {
    let quota = SandboxOptions { quota: 2, window: Duration::from_secs(30), ..options() };
    let rig = Rig::with(quota).await;
    rig.get("/promotions/1").await;
    let second = send(rig.v2(Method::GET, "/store")).await;
    assert_eq!((second.status, second.header("x-rate-limit-requests-left")), (200, Some("0")));

    let third = send(rig.v2(Method::GET, "/store")).await;
    assert!(third.header("x-retry-after").is_some());
    assert_eq!(
        (third.status, third.json()),
        (429, json!([{ "status": 429, "message": "Too many requests" }]))
    );
}

#[tokio::test]
async fn every_refusal_of_the_older_api_is_an_array_of_status_and_message() {
    let rig = Rig::start().await;
    let with =
        async |token: &str, path: &str| send(rig.bare(Method::GET, path).header("X-Auth-Token", token)).await;
    for (token, path, status, message) in [
        (
            "unknown",
            "/stores/sandbox/v2/store",
            401,
            "You failed to provide credentials or your credentials were invalid",
        ),
        (READ_ONLY_TOKEN, "/stores/other/v2/store", 403, "Your credentials do not give access to this store"),
        (READ_ONLY_TOKEN, "/stores/sandbox/v2/orders", 404, "The requested resource was not found"),
        (READ_ONLY_TOKEN, "/stores/sandbox/v2/coupons/1", 404, "The requested resource was not found"),
        (
            READ_ONLY_TOKEN,
            "/stores/sandbox/v2/store?include=name",
            400,
            "The filter(s): include are not valid filter parameter(s).",
        ),
        (
            READ_ONLY_TOKEN,
            "/stores/sandbox/v2/coupons?limit=251",
            400,
            "limit must be an integer between 1 and 250.",
        ),
    ] {
        let reply = with(token, path).await;
        assert_eq!(
            (reply.status, reply.json()),
            (status, json!([{ "status": status, "message": message }])),
            "{path}"
        );
    }
    assert_eq!(with(READ_ONLY_TOKEN, "/stores/sandbox/v2/store").await.status, 200);
}

#[tokio::test]
async fn the_older_api_reads_only() {
    let rig = Rig::start().await;
    for (method, path) in [
        (Method::DELETE, "/coupons"),
        (Method::DELETE, "/coupons?id:in=1"),
        (Method::POST, "/coupons"),
        (Method::PUT, "/store"),
        (Method::HEAD, "/coupons"),
    ] {
        let reply = send(rig.v2(method.clone(), path)).await;
        assert_eq!((reply.status, reply.header("allow")), (405, Some("GET")), "{method} {path}");
    }
    let refused = send(rig.v2(Method::DELETE, "/coupons")).await.json();
    assert_eq!(
        refused,
        json!([{ "status": 405, "message": "The method is not allowed for this resource." }])
    );
    assert_eq!(send(rig.v2(Method::GET, "/coupons?limit=1")).await.json()[0]["id"], 1);
    assert!(rig.has_code("SUMMER_SALE_2024").await);
}
