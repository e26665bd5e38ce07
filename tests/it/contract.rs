//! What goes over the wire, in both directions, against the vendor's OpenAPI files.
//!
//! `fixtures/bigcommerce-contract.json` holds what the files of v3 say of the operations that are used, word for
//! word, the little that is read of v2, and beside it the few places where a file is known to be narrower than
//! the API.

mod client;
mod session;
mod spoilt;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use coupon_mcp::bigcommerce::{Client, ClientSettings, Connect, Endpoint, Patience};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;
use crate::support::wire::{Act, Exchange, Wire};

/// The vendor's files, amended.
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

    fn validator(&self, schema: &Value) -> Validator {
        let schema = json!({
            "allOf": [schema],
            "operations": self.document["operations"],
            "schemas": self.document["schemas"],
        });
        jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
    }

    /// What of `value` does not fit the schema at `place`.
    fn misfits(&self, place: &str, value: &Value) -> Vec<String> {
        let validator = self.validator(&json!({ "$ref": format!("#{place}") }));
        let misfits = validator.iter_errors(value);
        misfits.map(|misfit| format!("{place}: {} {misfit}", misfit.instance_path())).collect()
    }

    /// All that is wrong with an exchange, by the vendor's files.
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
            let value = in_query(value, schema);
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
                faults.extend(self.strays(&[schema], &exchange.body, "body"));
            }
            None if exchange.body.is_null() => {}
            None => faults.push("a body that is not known".to_owned()),
        }
        faults
    }

    /// What of a body no alternative of its schema has, or only for reading, or in another form. Alternatives
    /// that require nothing let all of this pass.
    fn strays(&self, schemas: &[&Value], value: &Value, path: &str) -> Vec<String> {
        let mut alternatives = Vec::new();
        for schema in schemas {
            self.alternatives(schema, &mut alternatives);
        }
        match value {
            Value::Object(fields) => {
                let stray = |(name, value): (&String, &Value)| {
                    let path = format!("{path}/{name}");
                    let known: Vec<_> =
                        alternatives.iter().filter_map(|schema| schema["properties"].get(name)).collect();
                    if known.is_empty() {
                        return vec![format!("{path} is not known")];
                    }
                    if known.iter().all(|schema| self.resolve(schema)["readOnly"] == true) {
                        return vec![format!("{path} may only be read")];
                    }
                    self.strays(&known, value, &path)
                };
                fields.iter().flat_map(stray).collect()
            }
            Value::Array(items) => {
                let inner: Vec<_> = alternatives.iter().filter_map(|schema| schema.get("items")).collect();
                items.iter().flat_map(|item| self.strays(&inner, item, path)).collect()
            }
            _ if schemas.iter().any(|schema| self.validator(schema).is_valid(value)) => Vec::new(),
            _ => vec![format!("{path} is {value}")],
        }
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let Some(place) = schema["$ref"].as_str() else { return schema };
        self.document.pointer(&place[1..]).unwrap()
    }

    fn alternatives<'a>(&'a self, schema: &'a Value, found: &mut Vec<&'a Value>) {
        let schema = self.resolve(schema);
        found.push(schema);
        for combinator in ["allOf", "oneOf", "anyOf"] {
            for alternative in schema[combinator].as_array().into_iter().flatten() {
                self.alternatives(alternative, found);
            }
        }
    }

    fn answer_faults(&self, index: usize, exchange: &Exchange) -> Vec<String> {
        let status = exchange.status.to_string();
        let documented = self.document["operations"][index]["responses"].get(&status);
        match (exchange.status, documented) {
            (_, Some(Value::Null)) if exchange.answer.is_null() => Vec::new(),
            (_, Some(Value::Null)) => vec!["an answer where none is documented".to_owned()],
            (200..300, Some(schema))
                if schema["properties"].get("data").is_some() && exchange.answer["data"].is_null() =>
            {
                vec!["no data".to_owned()]
            }
            (_, Some(_)) => {
                self.misfits(&format!("/operations/{index}/responses/{status}"), &exchange.answer)
            }
            // Most refusals are listed for no operation; all of those that are have this shape.
            (400..500, None) => self.misfits("/schemas/ErrorResponse", &exchange.answer),
            (_, None) => vec![format!("status {status} is not documented")],
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

/// A value of the query as JSON: a list in form style without explode is separated by commas.
fn in_query(value: &str, schema: &Value) -> Value {
    let number = |text: &str| text.parse::<u64>().map_or(Value::Null, Value::from);
    match schema["type"].as_str() {
        Some("integer") => number(value),
        Some("array") => value.split(',').filter(|item| !item.is_empty()).map(number).collect(),
        _ => json!(value),
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
        "capitals" => schema["pattern"] = json!("^[A-Z0-9_-]+$"),
        "generated" => *schema = json!({"type": "string", "pattern": "^[A-Z0-9_-]+$", "maxLength": 50}),
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
