use std::collections::HashSet;

use serde_json::{Value, json};

use super::support::{Reply, Rig};

fn texts(reply: &Reply) -> Vec<String> {
    let codes = reply.json()["data"]["codes"].take();
    codes.as_array().unwrap().iter().map(|code| code["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_batch_has_the_documented_shape_and_defaults() {
    let rig = Rig::start().await;
    let reply = rig.post("/promotions/1/codegen", &json!({ "batch_size": 5 })).await;
    let codes = texts(&reply);
    let mut body = reply.json();
    body["data"]["codes"].take();
    body["data"]["created"].take();

    assert_eq!(reply.status, 201);
    let order = r#"{"created":null,"max_uses":1,"max_uses_per_customer":1,"batch_size":5,"codes":null}"#;
    assert_eq!(body.to_string(), format!(r#"{{"data":{order},"meta":{{}}}}"#));
    assert_eq!(codes.len(), 5);
    let is_random = |code: &String| {
        code.len() == 16 && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    assert!(codes.iter().all(is_random), "{codes:?}");
    assert_eq!(rig.get("/promotions/1/codes").await.json()["meta"]["pagination"]["total"], 6);
}

#[tokio::test]
async fn a_batch_follows_its_pattern_and_caps() {
    let rig = Rig::start().await;
    let body = json!({
        "batch_size": 250,
        "max_uses": 0,
        "max_uses_per_customer": 100_000,
        "prefix": "VIP",
        "suffix": "X_1",
        "delimiter": "-",
        "exclude_characters": ["0", "O", "1", "I"],
        "code_length": 6,
    });
    let reply = rig.post("/promotions/4/codegen", &body).await;
    let codes = texts(&reply);
    let distinct: HashSet<&String> = codes.iter().collect();

    assert_eq!((reply.json()["data"]["max_uses"].as_i64(), distinct.len()), (Some(0), 250));
    for code in &codes {
        let random = code.strip_prefix("VIP-").and_then(|rest| rest.strip_suffix("-X_1")).unwrap();
        assert!(random.len() == 6 && !random.contains(['0', 'O', '1', 'I']), "{code}");
    }
    let saved = rig.get(&format!("/promotions/codes?code={}", codes[0])).await.json()["data"][0].take();
    assert_eq!(
        (saved["max_uses"].as_i64(), saved["max_uses_per_customer"].as_i64()),
        (Some(0), Some(100_000))
    );
}

#[tokio::test]
async fn the_delimiter_is_used_only_beside_a_prefix_or_a_suffix() {
    let rig = Rig::start().await;
    let generate = async |extra: Value| {
        let mut body = json!({ "batch_size": 1, "delimiter": "_", "code_length": 6 });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        texts(&rig.post("/promotions/4/codegen", &body).await).remove(0)
    };

    let plain = generate(json!({})).await;
    assert!(plain.len() == 6 && !plain.contains('_'), "{plain}");
    let front = generate(json!({ "prefix": "A" })).await;
    assert!(front.len() == 8 && front.starts_with("A_"), "{front}");
    let back = generate(json!({ "suffix": "B" })).await;
    assert!(back.len() == 8 && back.ends_with("_B"), "{back}");
}

#[tokio::test]
async fn a_body_beyond_the_documented_limits_answers_422() {
    let rig = Rig::start().await;
    let bodies: [Value; 20] = [
        json!({}),
        json!({ "batch_size": 0 }),
        json!({ "batch_size": 251 }),
        json!({ "batch_size": "5" }),
        json!({ "batch_size": 2.5 }),
        json!({ "batch_size": 1, "max_uses": -1 }),
        json!({ "batch_size": 1, "max_uses": 100_001 }),
        json!({ "batch_size": 1, "max_uses_per_customer": 100_001 }),
        json!({ "batch_size": 1, "prefix": "vip" }),
        json!({ "batch_size": 1, "prefix": "A".repeat(21) }),
        json!({ "batch_size": 1, "suffix": "A B" }),
        json!({ "batch_size": 1, "delimiter": "+" }),
        json!({ "batch_size": 1, "delimiter": "--" }),
        json!({ "batch_size": 1, "exclude_characters": "AB" }),
        json!({ "batch_size": 1, "exclude_characters": ["AB"] }),
        json!({ "batch_size": 1, "exclude_characters": ["a"] }),
        json!({ "batch_size": 1, "code_length": 5 }),
        json!({ "batch_size": 1, "code_length": 17 }),
        json!({ "batch_size": 1, "prefix": "A".repeat(20), "suffix": "B".repeat(15) }),
        json!({ "batch_size": 1, "prefix": "A".repeat(20), "suffix": "B".repeat(13), "delimiter": "-" }),
    ];
    for body in bodies {
        let reply = rig.post("/promotions/4/codegen", &body).await;
        assert_eq!(reply.status, 422, "{body}");
        assert_eq!(reply.json()["errors"][0]["status"], 422, "{body}");
    }
    let longest = json!({ "batch_size": 1, "prefix": "A".repeat(20), "suffix": "B".repeat(14) });
    assert_eq!(texts(&rig.post("/promotions/4/codegen", &longest).await)[0].len(), 50);
}

#[tokio::test]
async fn an_alphabet_that_is_too_small_for_the_batch_answers_422_and_makes_nothing() {
    let rig = Rig::start().await;
    let all_but_a: Vec<String> = "BCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".chars().map(String::from).collect();
    let body = json!({ "batch_size": 2, "code_length": 6, "exclude_characters": all_but_a });

    assert_eq!(rig.post("/promotions/4/codegen", &body).await.status, 422);
    assert!(!rig.has_code("AAAAAA").await);
}

#[tokio::test]
async fn only_bulk_coupon_promotions_generate_codes() {
    let rig = Rig::start().await;
    for promotion in [2, 3] {
        let reply = rig.post(&format!("/promotions/{promotion}/codegen"), &json!({ "batch_size": 1 })).await;
        assert_eq!(reply.status, 405);
        assert_eq!(
            reply.json(),
            json!({
                "status": "405",
                "title": "Method not allowed",
                "error": "Bulk code generation is only supported for promotions with redemption_type of \
                          'COUPON' and coupon_type of 'BULK'.",
            })
        );
    }
    assert_eq!(rig.post("/promotions/99/codegen", &json!({ "batch_size": 1 })).await.status, 404);
}
