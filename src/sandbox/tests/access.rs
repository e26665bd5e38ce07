use reqwest::Method;
use serde_json::json;

use super::support::{Rig, send};
use crate::sandbox::READ_ONLY_TOKEN;

const TYPE: &str = "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes";

#[tokio::test]
async fn a_missing_or_unknown_token_answers_401() {
    let rig = Rig::start().await;
    let path = "/stores/sandbox/v3/promotions";
    for request in
        [rig.bare(Method::GET, path), rig.bare(Method::GET, path).header("X-Auth-Token", "sandbox-token-2")]
    {
        let reply = send(request).await;
        assert_eq!(reply.status, 401);
        assert_eq!(
            reply.json(),
            json!({
                "status": 401,
                "title": "You failed to provide credentials or your credentials were invalid",
                "type": TYPE,
                "errors": {},
            })
        );
    }
}

#[tokio::test]
async fn the_read_only_token_reads_and_is_refused_every_write() {
    let rig = Rig::start().await;
    let with_token = async |method: Method, path: &str| {
        let path = format!("/stores/sandbox/v3{path}");
        send(rig.bare(method, &path).header("X-Auth-Token", READ_ONLY_TOKEN)).await
    };

    assert_eq!(with_token(Method::GET, "/promotions/1/codes").await.status, 200);
    for (method, path) in [
        (Method::POST, "/promotions"),
        (Method::PUT, "/promotions/1"),
        (Method::DELETE, "/promotions/1"),
        (Method::POST, "/promotions/1/codes"),
        (Method::POST, "/promotions/1/codegen"),
        (Method::DELETE, "/promotions/codes?code=SUMMER_SALE_2024"),
        (Method::PUT, "/promotions/settings"),
    ] {
        let reply = with_token(method, path).await;
        assert_eq!(reply.status, 403, "{path}");
        assert_eq!(
            reply.json(),
            json!({
                "status": 403,
                "title": "You don't have a required scope to access the endpoint",
                "type": TYPE,
                "errors": {},
            })
        );
    }
    assert!(rig.has_code("SUMMER_SALE_2024").await);
}

#[tokio::test]
async fn another_store_answers_403_and_unknown_paths_and_methods_404_and_405() {
    let rig = Rig::start().await;
    let status = async |method: Method, path: &str| {
        send(rig.bare(method, path).header("X-Auth-Token", "sandbox-token")).await.status
    };

    assert_eq!(status(Method::GET, "/stores/other/v3/promotions").await, 403);
    for path in ["/", "/stores/sandbox/v1/coupons", "/stores/sandbox/v3", "/stores/sandbox/v3/promotions/"] {
        assert_eq!(status(Method::GET, path).await, 404, "{path}");
    }
    assert_eq!(rig.get("/promotions/99").await.title(), "Promotion not found.");
    assert_eq!(rig.get("/promotions/abc").await.status, 404);

    let reply = send(rig.request(Method::PATCH, "/promotions/1")).await;
    assert_eq!(reply.status, 405);
    assert_eq!(reply.header("allow"), Some("GET, PUT, DELETE"));
    assert_eq!(reply.json()["status"], "405");
    assert_eq!(rig.put("/promotions/codes", &json!({})).await.status, 405);
}

#[tokio::test]
async fn a_body_must_be_json_by_its_header_and_by_its_text() {
    let rig = Rig::start().await;
    let post = |kind: Option<&str>, body: &'static str| {
        let request = rig.request(Method::POST, "/promotions/1/codes").body(body);
        send(if let Some(kind) = kind { request.header("Content-Type", kind) } else { request })
    };

    assert_eq!(post(None, r#"{"code":"A"}"#).await.status, 415);
    assert_eq!(post(Some("text/plain"), r#"{"code":"A"}"#).await.status, 415);
    assert_eq!(post(Some("Application/JSON; charset=utf-8"), r#"{"code":"A"}"#).await.status, 201);

    let reply = post(Some("application/json"), r#"{"code":"#).await;
    assert_eq!(reply.status, 400);
    assert_eq!(
        reply.json(),
        json!({
            "status": "400",
            "title": "Input is invalid",
            "type": TYPE,
            "detail": "Syntax error: EOF while parsing a value at line 1 column 8",
        })
    );
    assert_eq!(rig.post("/promotions/1/codes", &json!([])).await.status, 422);
}

#[tokio::test]
async fn an_unknown_query_parameter_answers_422() {
    let rig = Rig::start().await;
    let reply = rig.get("/promotions/1/codes?offset=1&limit=2&sort=id").await;

    assert_eq!(reply.status, 422);
    assert_eq!(
        reply.json(),
        json!({
            "status": 422,
            "title": "The filter(s): offset, sort are not valid filter parameter(s).",
        })
    );
}

#[tokio::test]
async fn the_control_api_is_served_only_when_asked_for_and_only_to_loopback_hosts() {
    let rig = Rig::start().await;
    let foreign = rig.bare(Method::POST, "/_sandbox/reset").header("Host", "example.com");
    assert_eq!(send(foreign).await.status, 403);

    let without = Rig::with(crate::sandbox::SandboxOptions::default()).await;
    let request = without.bare(Method::GET, "/_sandbox/requests").header("X-Auth-Token", "sandbox-token");
    assert_eq!(send(request).await.status, 404);
}

#[tokio::test]
async fn the_token_comes_first_then_the_store_then_the_path() {
    let rig = Rig::start().await;
    for path in ["/", "/stores/sandbox/v1/coupons", "/stores/other/v3/promotions", "/_sandbox/requests/1"] {
        let status = send(rig.bare(Method::GET, path)).await.status;
        assert_eq!(status, if path.starts_with("/_sandbox") { 404 } else { 401 }, "{path}");
    }
    let with_token = async |path: &str| {
        send(rig.bare(Method::GET, path).header("X-Auth-Token", "sandbox-token")).await.status
    };
    assert_eq!(with_token("/stores/other/v1/coupons").await, 403);
    assert_eq!(with_token("/stores/sandbox/v1/coupons").await, 404);
}

#[tokio::test]
async fn an_id_in_the_path_is_its_digits_and_nothing_else() {
    let rig = Rig::start().await;
    for id in ["+1", "01", "-1", "1.0", "%31", "9223372036854775808", ""] {
        assert_eq!(rig.get(&format!("/promotions/{id}")).await.status, 404, "{id}");
        assert_eq!(rig.delete(&format!("/promotions/1/codes/{id}")).await.status, 404, "{id}");
    }
}

#[tokio::test]
async fn head_is_a_method_that_no_endpoint_has() {
    let rig = Rig::start().await;
    let reply = send(rig.request(Method::HEAD, "/promotions/1")).await;
    assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, PUT, DELETE")));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_read_before_it_is_refused() {
    let rig = Rig::start().await;
    let body = format!("{{\"code\":\"{}\"}}", "A".repeat(8 << 20));
    let request = |path: &str| rig.request(Method::POST, path).header("Content-Type", "application/json");
    let reply = send(request("/promotions/1/codes").body(body.clone())).await;
    assert_eq!((reply.status, reply.json()["status"].as_u64()), (413, Some(413)));

    let faults = send(rig.bare(Method::POST, "/_sandbox/faults").body(body)).await;
    assert_eq!(faults.status, 413, "{}", faults.text);
}

#[tokio::test]
async fn the_control_api_refuses_what_a_page_of_another_site_sends() {
    let rig = Rig::start().await;
    let with = async |name: &str, value: &str| {
        send(rig.bare(Method::GET, "/_sandbox/requests").header(name, value)).await.status
    };
    for (name, value) in [
        ("Origin", "https://example.com"),
        ("Origin", "http://127.0.0.1.nip.io"),
        ("Origin", "null"),
        ("Origin", "file://"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", ""),
    ] {
        assert_eq!(with(name, value).await, 403, "{name}: {value}");
    }
    for (name, value) in [
        ("Origin", "http://127.0.0.1:3000"),
        ("Origin", "http://localhost"),
        ("Origin", "http://[::1]:8080"),
        ("Sec-Fetch-Site", "none"),
        ("Sec-Fetch-Site", "same-origin"),
    ] {
        assert_eq!(with(name, value).await, 200, "{name}: {value}");
    }
}
