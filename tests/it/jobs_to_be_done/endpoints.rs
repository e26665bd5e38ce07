//! Every endpoint of the promotions API is used by some tool.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;
use crate::support::stdio_host::StdioHost;

/// Endpoints of the promotions and of the promotion settings in BigCommerce's OpenAPI files.
const ENDPOINTS: [&str; 15] = [
    "DELETE /promotions",
    "DELETE /promotions/codes",
    "DELETE /promotions/{id}",
    "DELETE /promotions/{id}/codes",
    "DELETE /promotions/{id}/codes/{id}",
    "GET /promotions",
    "GET /promotions/codes",
    "GET /promotions/settings",
    "GET /promotions/{id}",
    "GET /promotions/{id}/codes",
    "POST /promotions",
    "POST /promotions/{id}/codegen",
    "POST /promotions/{id}/codes",
    "PUT /promotions/settings",
    "PUT /promotions/{id}",
];

struct Tour {
    host: StdioHost,
    used: BTreeSet<String>,
}

impl Tour {
    /// A call that comes to its end, with a yes where one is needed.
    async fn call(&mut self, tool: &str, mut arguments: Value) -> Value {
        self.used.insert(tool.to_owned());
        let answer = self.host.ok(tool, arguments.clone()).await;
        if answer["status"] != "needs_confirmation" {
            return answer;
        }
        for name in ["confirmation_token", "confirmation_text"] {
            arguments[name] = answer[name].clone();
        }
        let done = self.host.ok(tool, arguments).await;
        assert_eq!(done["status"], "done", "{done}");
        done
    }
}

#[tokio::test]
async fn a_session_over_all_tools_uses_every_endpoint() {
    let sandbox = Sandbox::start(&["--quota", "0"]).await;
    let server = sandbox.client_of(&["stdio", "--toolsets", "read,codes,promotions,settings"]);
    let mut tour = Tour { host: StdioHost::open(server).await, used: BTreeSet::new() };
    let offered = tour.host.request("tools/list", json!({})).await;

    tour.call("get_store", json!({})).await;
    tour.call("list_promotions", json!({"include_codes": true})).await;
    let mut made = Vec::new();
    for name in ["One", "Two", "Three"] {
        let promotion =
            json!({"name": name, "discount_type": "percent", "discount_value": 10, "max_uses": 50});
        made.push(tour.call("create_promotion", promotion).await["promotion_id"].clone());
    }
    let [one, two, three] = made.as_slice() else { panic!("three promotions were made") };
    tour.call("get_promotion", json!({"promotion_id": one})).await;
    tour.call("update_promotion", json!({"promotion_id": one, "max_uses": 60})).await;
    let mut ids = Vec::new();
    for code in ["A-1", "A-2", "A-3", "A-4", "A-5"] {
        let new = json!({"promotion_id": one, "code": code, "max_uses": 5});
        ids.push(tour.call("create_coupon_code", new).await["coupon_code"]["id"].clone());
    }
    let generated = tour.call("generate_coupon_codes", json!({"promotion_id": one, "count": 3})).await;
    let job = generated["job"]["job_id"].clone();
    let rows = json!({"promotion_id": one, "csv_text": "code,max_uses\nB-1,1\n"});
    tour.call("import_coupon_codes", rows).await;
    tour.call("get_job", json!({"job_id": job})).await;
    tour.call("control_job", json!({"job_id": job, "action": "cancel"})).await;
    tour.call("summarize_coupon_codes", json!({"promotion_id": one})).await;
    tour.call("export_coupon_codes", json!({"promotion_ids": [one]})).await;
    tour.call("list_coupon_codes", json!({"promotion_id": one})).await;
    tour.call("check_coupon_code", json!({"code": "A-1"})).await;
    tour.call("replace_coupon_code", json!({"code": "A-1", "max_uses": 9})).await;
    tour.call("delete_coupon_codes", json!({"codes": ["A-2"]})).await;
    tour.call("delete_coupon_codes", json!({"promotion_id": one, "code_ids": [ids[2]]})).await;
    tour.call("delete_coupon_codes", json!({"promotion_id": one, "filter": "unused"})).await;
    tour.call("undo", json!({})).await;
    tour.call("delete_promotions", json!({"promotion_ids": [three]})).await;
    tour.call("delete_promotions", json!({"promotion_ids": [one, two]})).await;
    tour.call("update_promotion_settings", json!({"number_of_coupons_allowed_at_checkout": 2})).await;

    let offered =
        offered["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned());
    assert_eq!(tour.used, offered.collect());
    let requests = sandbox.requests().await;
    let seen: BTreeSet<String> = requests
        .iter()
        .filter(|(_, path, _)| !path.contains("/v2/"))
        .map(|(method, path, _)| format!("{method} {}", pattern(path)))
        .collect();
    let expected: BTreeSet<String> = ENDPOINTS.iter().map(|endpoint| (*endpoint).to_owned()).collect();
    assert_eq!(seen, expected);
    // What was deleted is looked for, since a 204 proves nothing; no other request may fail.
    assert_eq!(requests.iter().find(|(_, _, status)| *status >= 400 && *status != 404), None);
}

/// The path with `{id}` for every number.
fn pattern(path: &str) -> String {
    let segments =
        path.split('/').map(|segment| if segment.parse::<u64>().is_ok() { "{id}" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}
