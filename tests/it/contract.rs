//! What goes over the wire, in both directions, against the vendor's OpenAPI file.
//!
//! `fixtures/bigcommerce-contract.json` holds what that file says of the operations that are used, word for
//! word, and beside it the few places where the file is known to be narrower than the API.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use coupon_mcp::bigcommerce::operation::Operation;
use coupon_mcp::bigcommerce::wire::NewCouponCode;
use coupon_mcp::bigcommerce::{
    ApiError, Client, ClientSettings, CodeQuery, Connect, Endpoint, Patience, Position,
};
use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;
use crate::support::stdio_host::StdioHost;
use crate::support::wire::{Act, Exchange, Wire};

/// The vendor's file, amended.
struct Contract {
    document: Value,
}

impl Contract {
    fn load() -> Self {
        let mut document: Value =
            serde_json::from_str(include_str!("../fixtures/bigcommerce-contract.json")).unwrap();
        for amendment in document["amendments"].as_array().unwrap().clone() {
            for (kind, places) in amendment.as_object().unwrap().iter().skip(1) {
                for place in places.as_array().unwrap() {
                    let schema = document.pointer_mut(place.as_str().unwrap()).unwrap();
                    amend(schema, kind);
                }
            }
        }
        Self { document }
    }

    /// The place of the operation; the path that has no parameters goes first.
    fn operation(&self, method: &str, path: &str) -> Option<usize> {
        let operations = self.document["operations"].as_array().unwrap();
        let fits = |template: &str| {
            let (template, path): (Vec<_>, Vec<_>) =
                (template.split('/').collect(), path.split('/').collect());
            let same = |(part, text): (&&str, &&str)| {
                part == text || (part.starts_with('{') && text.bytes().all(|byte| byte.is_ascii_digit()))
            };
            template.len() == path.len() && template.iter().zip(&path).all(same)
        };
        operations
            .iter()
            .position(|operation| operation["method"] == method && fits(operation["path"].as_str().unwrap()))
    }

    /// What of `value` does not fit the schema at `place`.
    fn misfits(&self, place: &str, value: &Value) -> Vec<String> {
        let schema = json!({
            "$ref": format!("#{place}"),
            "operations": self.document["operations"],
            "schemas": self.document["schemas"],
        });
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        let misfits = validator.iter_errors(value);
        misfits.map(|misfit| format!("{place}: {} {misfit}", misfit.instance_path())).collect()
    }

    /// All that is wrong with an exchange, by the vendor's file.
    fn faults(&self, exchange: &Exchange) -> Vec<String> {
        let Some(index) = self.operation(&exchange.method, &exchange.path) else {
            return vec!["no such operation".to_owned()];
        };
        let mut faults = self.request_faults(index, exchange);
        faults.extend(self.answer_faults(index, exchange));
        faults
    }

    fn request_faults(&self, index: usize, exchange: &Exchange) -> Vec<String> {
        let operation = &self.document["operations"][index];
        let mut faults = Vec::new();
        let names: Vec<_> = exchange.query.iter().map(|(name, _)| name.as_str()).collect();
        for (name, value) in &exchange.query {
            let Some(schema) = operation["query"].get(name) else {
                faults.push(format!("query parameter {name} is not known"));
                continue;
            };
            let value = if schema["type"] == "integer" {
                value.parse::<u64>().map_or(Value::Null, Value::from)
            } else {
                json!(value)
            };
            faults.extend(self.misfits(&format!("/operations/{index}/query/{name}"), &value));
        }
        if names.len() != names.iter().collect::<BTreeSet<_>>().len() {
            faults.push("a query parameter is sent twice".to_owned());
        }
        for name in operation["required_query"].as_array().unwrap() {
            if !names.contains(&name.as_str().unwrap()) {
                faults.push(format!("query parameter {name} is missing"));
            }
        }
        let exclusive = self.document["exclusive_query"].as_array().unwrap();
        if names.iter().filter(|name| exclusive.contains(&json!(name))).count() > 1 {
            faults.push("query parameters that exclude each other".to_owned());
        }
        for name in operation["headers"].as_array().unwrap() {
            let sent = exchange.headers.get(&name.as_str().unwrap().to_ascii_lowercase());
            if sent.map(String::as_str) != Some("application/json") {
                faults.push(format!("header {name} is {sent:?}"));
            }
        }
        let token = self.document["security_header"].as_str().unwrap().to_ascii_lowercase();
        for name in [token.as_str(), "user-agent"] {
            if exchange.headers.get(name).is_none_or(String::is_empty) {
                faults.push(format!("header {name} is missing"));
            }
        }
        match operation.get("body") {
            Some(schema) => {
                faults.extend(self.misfits(&format!("/operations/{index}/body"), &exchange.body));
                for name in exchange.body.as_object().into_iter().flatten().map(|(name, _)| name) {
                    if schema["properties"].get(name).is_none() {
                        faults.push(format!("field {name} is not known"));
                    }
                }
            }
            None if exchange.body.is_null() => {}
            None => faults.push("a body that is not known".to_owned()),
        }
        faults
    }

    fn answer_faults(&self, index: usize, exchange: &Exchange) -> Vec<String> {
        let status = exchange.status.to_string();
        let documented = self.document["operations"][index]["responses"].get(&status).is_some();
        match exchange.status {
            200..300 if !documented => vec![format!("success {status} is not documented")],
            200..300 if exchange.answer["data"].is_null() => vec!["no data".to_owned()],
            // Most refusals are listed for no operation; all of those that are have this shape.
            400..500 if !documented => self.misfits("/schemas/ErrorResponse", &exchange.answer),
            _ => self.misfits(&format!("/operations/{index}/responses/{status}"), &exchange.answer),
        }
    }

    /// Checks every exchange and gives the operations that were used.
    fn check(&self, exchanges: &[Exchange]) -> BTreeSet<String> {
        let mut used = BTreeSet::new();
        for exchange in exchanges {
            assert_eq!(self.faults(exchange), [""; 0], "{}: {}", exchange.line(), exchange.answer);
            let index = self.operation(&exchange.method, &exchange.path).unwrap();
            used.insert(self.document["operations"][index]["operationId"].as_str().unwrap().to_owned());
        }
        used
    }

    fn operation_ids(&self) -> BTreeSet<String> {
        let operations = self.document["operations"].as_array().unwrap();
        operations.iter().map(|operation| operation["operationId"].as_str().unwrap().to_owned()).collect()
    }
}

fn amend(schema: &mut Value, kind: &str) {
    match kind {
        "nullable" => *schema = json!({"anyOf": [schema.take(), {"type": "null"}]}),
        "any_of" => {
            let object = schema.as_object_mut().unwrap();
            let alternatives = object.remove("oneOf").unwrap();
            object.insert("anyOf".to_owned(), alternatives);
        }
        "pattern" => schema["pattern"] = json!("^[a-zA-Z0-9_ -]+$"),
        other => panic!("no amendment is called {other}"),
    }
}

async fn start() -> (Sandbox, Wire) {
    let sandbox = Sandbox::start(&["--quota", "0"]).await;
    let wire = Wire::to(&sandbox, |_| Act::Pass).await;
    (sandbox, wire)
}

fn client(wire: &Wire) -> Client {
    let url = wire.url.parse().unwrap();
    let endpoint = Endpoint::new(&url, "sandbox", "sandbox-token".into()).unwrap();
    let connect: Connect = Arc::new(move || {
        let endpoint = endpoint.clone();
        Box::pin(async move { Ok(endpoint) })
    });
    Client::new(connect, ClientSettings::default())
}

fn patience() -> Patience {
    Patience::new(Duration::from_secs(45), Duration::from_secs(20))
}

#[tokio::test]
async fn every_operation_of_the_client_keeps_to_the_vendors_file() {
    let (_sandbox, wire) = start().await;
    let (client, patience) = (client(&wire), patience());

    let new = NewCouponCode { code: "Contract 1_a-Z", max_uses: 7, max_uses_per_customer: 0 };
    let created = client.create_code(1, &new, &patience).await.unwrap();
    assert_eq!((created.code.as_str(), created.max_uses), ("Contract 1_a-Z", Some(7)));

    let first = client.list_codes(4, &CodeQuery::first(5), &patience).await.unwrap();
    let after = Position::After(first.end_cursor.unwrap());
    let second = list(&client, after).await;
    assert_eq!(second.codes[0].code, "LOYAL-0006");
    let before = Position::Before(second.start_cursor.unwrap());
    assert_eq!(list(&client, before).await.codes, first.codes);
    assert_eq!(list(&client, Position::Page(2)).await.codes, second.codes);
    let filtered = CodeQuery { code: Some("LOYAL-0042".to_owned()), ..CodeQuery::first(250) };
    assert_eq!(client.list_codes(4, &filtered, &patience).await.unwrap().codes[0].id, 2042);

    let found = client.find_code("contract 1_a-z", &patience).await.unwrap();
    assert_eq!(found, [created]);
    assert_eq!(client.find_code("NOT-THERE", &patience).await.unwrap(), []);
    let owners = client.promotions_with_code("Contract 1_a-Z", &patience).await.unwrap();
    assert_eq!(owners.iter().map(|promotion| promotion.id).collect::<Vec<_>>(), [1]);
    let newest = client.newest_coupon_promotions(3, &patience).await.unwrap();
    assert_eq!(newest.iter().map(|promotion| promotion.id).collect::<Vec<_>>(), [6, 5, 4]);
    assert_eq!(client.get_promotion(3, &patience).await.unwrap().name.unwrap(), "Free Shipping Over 100");
    let missing = client.get_promotion(4711, &patience).await.unwrap_err();
    assert!(matches!(missing, ApiError::Refused { status, .. } if status == 404));

    let contract = Contract::load();
    let exchanges = wire.exchanges();
    assert_eq!(exchanges.len(), 12);
    assert_eq!(contract.check(&exchanges), contract.operation_ids());
    for exchange in &exchanges {
        assert_eq!(exchange.headers["accept"], "application/json");
        assert!(exchange.headers["user-agent"].starts_with("coupon-mcp/"));
    }
}

async fn list(client: &Client, position: Position) -> coupon_mcp::bigcommerce::CodePage {
    let query = CodeQuery { position, ..CodeQuery::first(5) };
    client.list_codes(4, &query, &patience()).await.unwrap()
}

#[tokio::test]
async fn a_session_with_the_tools_keeps_to_the_vendors_file() {
    let (sandbox, wire) = start().await;
    let other = sandbox.bulk_promotion("Other").await;
    let mut host = StdioHost::open(wire.client_of(&["stdio"])).await;
    let (create, list) = ("create_coupon_code", "list_coupon_codes");
    for (tool, arguments) in [
        (create, json!({"promotion_id": 1, "code": " Session 1 ", "max_uses": "3"})),
        (create, json!({"promotion_id": 1, "code": "SESSION 1", "max_uses": 3})),
        (create, json!({"promotion_id": 1, "code": "SESSION 1", "max_uses": 4})),
        (create, json!({"promotion_id": other, "code": "SESSION 1"})),
        (create, json!({"promotion_id": 2, "code": "SECOND", "max_uses_per_customer": 1})),
        (create, json!({"promotion_id": 3, "code": "AUTOMATIC"})),
        (create, json!({"promotion_id": 4711, "code": "NOWHERE"})),
        (create, json!({"code": "NOWHERE"})),
        (create, json!({"promotion_id": 1, "code": "x".repeat(50), "max_uses": u32::MAX})),
        (list, json!({"promotion_id": 1})),
        (list, json!({"promotion_id": other})),
        (list, json!({"promotion_id": 4, "limit": 250, "page": 4})),
        (list, json!({"promotion_id": 4, "limit": 1, "page": 1000})),
        (list, json!({"promotion_id": 4, "code": "Loyal-0500"})),
        (list, json!({"promotion_id": 4, "code": "none of these"})),
        (list, json!({"promotion_id": 4711, "limit": 250})),
        (list, json!({"promotion_id": 4, "after": "eyJpZCI6IjI5OTgifQ==", "limit": 2})),
        (list, json!({"promotion_id": 4, "before": "eyJpZCI6IjIwMDMifQ==", "limit": 2})),
        (list, json!({"promotion_id": 4, "after": "no-cursor"})),
    ] {
        let result = host.call(tool, arguments.clone()).await;
        assert!(result["content"].is_array(), "{arguments}: {result}");
    }
    let contract = Contract::load();
    assert_eq!(contract.check(&wire.exchanges()), contract.operation_ids());
}

#[tokio::test]
async fn the_practice_store_sends_the_pagination_that_the_position_asks_for() {
    let (_sandbox, wire) = start().await;
    let client = client(&wire);
    let first = list(&client, Position::Start).await;
    let end = first.end_cursor.unwrap();
    for (position, expected) in [
        (Position::Start, &["pagination", "cursor_pagination"] as &[_]),
        (Position::After(end.clone()), &["cursor_pagination"]),
        (Position::Before(end), &["cursor_pagination"]),
        (Position::Page(2), &["pagination"]),
    ] {
        let what = format!("{position:?}");
        list(&client, position).await;
        let exchanges = wire.exchanges();
        let meta = exchanges.last().unwrap().answer["meta"].as_object().unwrap();
        let names: Vec<_> = meta.keys().map(String::as_str).collect();
        assert_eq!(names, expected, "{what}");
    }
}

#[tokio::test]
async fn the_caps_on_concurrent_requests_are_the_vendors() {
    let contract = Contract::load();
    for (operation, path) in [
        (Operation::ListPromotions, "/promotions"),
        (Operation::GetPromotion, "/promotions/1"),
        (Operation::ListCodes, "/promotions/1/codes"),
        (Operation::CreateCode, "/promotions/1/codes"),
        (Operation::FindCode, "/promotions/codes"),
    ] {
        let index = contract.operation(operation.method().as_str(), path).unwrap();
        let cap = &contract.document["operations"][index]["concurrency"];
        assert_eq!(*cap, operation.concurrency(), "{operation:?}");
    }
}

type Spoil = fn(&mut Exchange);

#[tokio::test]
async fn the_contract_sees_what_the_api_would_refuse() {
    let (_sandbox, wire) = start().await;
    let client = client(&wire);
    list(&client, Position::Page(1)).await;
    let new = NewCouponCode { code: "GOOD", max_uses: 0, max_uses_per_customer: 0 };
    client.create_code(1, &new, &patience()).await.unwrap();
    let contract = Contract::load();
    let [listed, created] = wire.exchanges().try_into().unwrap();
    let spoilt: [(&Exchange, Spoil); 13] = [
        (&listed, |it| it.query.push(("offset".to_owned(), "5".to_owned()))),
        (&listed, |it| it.query.push(("limit".to_owned(), "5".to_owned()))),
        (&listed, |it| it.query.push(("after".to_owned(), "x".to_owned()))),
        (&listed, |it| it.query[0].1 = "251".to_owned()),
        (&listed, |it| it.path = "/promotions/one/codes".to_owned()),
        (&listed, |it| it.path = "/promotions/codes".to_owned()),
        (&listed, |it| drop(it.headers.remove("accept"))),
        (&listed, |it| drop(it.headers.remove("x-auth-token"))),
        (&listed, |it| it.answer["data"][0]["id"] = json!("2001")),
        (&listed, |it| it.answer["data"][0]["created"] = json!("yesterday")),
        (&created, |it| drop(it.headers.remove("content-type"))),
        (&created, |it| it.body = json!({"code": "10 %"})),
        (&created, |it| it.body["uses"] = json!(1)),
    ];
    assert_eq!(contract.faults(&listed), [""; 0]);
    assert_eq!(contract.faults(&created), [""; 0]);
    for (number, (good, spoil)) in spoilt.into_iter().enumerate() {
        let mut bad = good.clone();
        spoil(&mut bad);
        assert!(!contract.faults(&bad).is_empty(), "{number}: {}", bad.line());
    }
}
