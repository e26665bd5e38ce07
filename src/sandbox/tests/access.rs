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
    for path in ["/", "/stores/sandbox/v2/coupons", "/stores/sandbox/v3", "/stores/sandbox/v3/promotions/"] {
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
    assert_eq!(send(without.bare(Method::GET, "/_sandbox/requests")).await.status, 404);
}
