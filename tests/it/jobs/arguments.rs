//! What a generation may be asked for, and what becomes of the arguments.

use serde_json::{Value, json};

use super::stand::Stand;
use crate::support::stage::start;
use crate::support::stdio_host::StdioHost;

async fn generate(host: &mut StdioHost, mut arguments: Value) -> Value {
    arguments["promotion_id"] = json!(1);
    let answer = host.ok("generate_coupon_codes", arguments).await;
    assert_eq!(answer["status"], "done", "{answer}");
    answer
}

fn codes(answer: &Value) -> Vec<String> {
    serde_json::from_value(answer["codes"].clone()).unwrap_or_else(|_| panic!("no codes: {answer}"))
}

#[tokio::test]
async fn arguments_that_cannot_be_are_refused_with_nothing_sent() {
    let (sandbox, mut host) = start().await;
    let cases = [
        (json!({"count": 0}), "count"),
        (json!({"count": 250_001}), "count"),
        (json!({"count": -1}), "count"),
        (json!({"until_unused": 0}), "until_unused"),
        (json!({"until_unused": 250_001}), "until_unused"),
        (json!({}), "exactly one of count and until_unused"),
        (json!({"count": 5, "until_unused": 5}), "exactly one of count and until_unused"),
        (json!({"count": 5, "code_length": -1}), "code_length"),
        (json!({"count": 5, "code_length": 51}), "code_length"),
        (json!({"count": 5, "prefix": "SUMMER", "code_length": 45}), "50"),
        (json!({"count": 5, "prefix": "ÄÖ"}), "Prefix takes letters"),
        (json!({"count": 5, "prefix": "A", "delimiter": "+"}), "Delimiter is"),
        (json!({"count": 5, "exclude_characters": "A!"}), "Exclude_characters takes"),
        (json!({"count": 5, "max_uses": -1}), "max_uses"),
        (json!({"count": 5, "max_uses": 3_000_000_000_u64}), "max_uses"),
        (json!({"count": 5, "like_job_id": "job_000000000000"}), "job_000000000000"),
        (json!({"count": 5, "like_job_id": "no id"}), "job id"),
        // Fewer than asked for, guessable, and the length that would do.
        (json!({"count": 2_000, "code_length": 2}), "961 possible codes"),
        (json!({"count": 1_000, "code_length": 2}), "code_length 6 would do"),
        (json!({"count": 1_000, "code_length": 5}), "code_length 6 would do"),
        (json!({"count": 250_000, "code_length": 7}), "code_length 8 would do"),
        (json!({"count": 100, "exclude_characters": "ABCDEFGHIJKLMNOPQRSTUVWXYZ01234567"}), "would do"),
    ];
    for (mut arguments, named) in cases {
        arguments["promotion_id"] = json!(1);
        let error = host.error("generate_coupon_codes", arguments.clone()).await;
        assert!(error.to_string().contains(named), "{arguments}: {error}");
        assert!(matches!(error["code"].as_str(), Some("invalid_arguments" | "unknown_job")), "{error}");
    }
    let unasked = sandbox.requests().await.into_iter().filter(|(method, ..)| method != "GET").count();
    assert_eq!(unasked, 0);
    assert_eq!(host.ok("get_job", json!({})).await["jobs"], json!([]));
}

#[tokio::test]
async fn prefix_and_delimiter_do_not_double_and_small_letters_are_raised_and_told() {
    let (_sandbox, mut host) = start().await;
    for prefix in ["VIP", "VIP-", "vip-", " vip- "] {
        let look = json!({"count": 3, "prefix": prefix, "delimiter": "-", "suffix": "-x", "code_length": 8});
        let answer = generate(&mut host, look).await;
        for code in codes(&answer) {
            let random = code.strip_prefix("VIP-").and_then(|rest| rest.strip_suffix("-X"));
            assert!(
                random.is_some_and(|random| random.len() == 8 && !random.contains('-')),
                "{prefix}: {code}"
            );
        }
        let told = answer["warnings"].to_string();
        assert_eq!(told.contains("raised to VIP"), prefix.contains("vip"), "{prefix}: {told}");
        assert!(told.contains("raised to -X"), "{told}");
        assert_eq!(told.contains("taken as VIP:"), prefix.contains('-'), "{prefix}: {told}");
    }
}

#[tokio::test]
async fn excluded_characters_stay_out_and_codes_drawn_here_have_none_that_look_alike() {
    let (_sandbox, mut host) = start().await;
    let answer = generate(&mut host, json!({"count": 50, "exclude_characters": "o0i1"})).await;
    let (all, drawn) = (codes(&answer).concat(), json!({"count": 50, "code_length": 30}));
    assert!(!all.contains(['O', '0', 'I', '1']) && all.len() == 50 * 16, "{all}");
    let drawn = codes(&generate(&mut host, drawn).await).concat();
    assert!(!drawn.contains(['O', '0', 'I', '1', 'L']) && drawn.len() == 50 * 30, "{drawn}");
}

#[tokio::test]
async fn until_unused_makes_only_what_is_missing() {
    for code_length in [12, 24] {
        let stand = Stand::start(&["--quota", "0"]).await;
        let promotion = stand.sandbox.bulk_promotion("Bulk").await;
        stand.plant(promotion, json!({"batch_size": 250})).await;
        stand.plant(promotion, json!({"batch_size": 20})).await;
        let used: Vec<_> = stand.codes(promotion).await.into_values().take(30).collect();
        for code in &used {
            stand.use_code(&code.text).await;
        }
        let mut host = stand.host().await;
        let mut fill = async |target: u64| {
            let arguments =
                json!({"promotion_id": promotion, "until_unused": target, "code_length": code_length});
            host.ok("generate_coupon_codes", arguments).await
        };
        for (target, missing) in [(200, 0), (240, 0), (277, 37), (277, 0)] {
            let writes = stand.writes().await;
            let answer = fill(target).await;
            assert_eq!(answer["status"], "done", "{answer}");
            let job = &answer["job"];
            assert_eq!(
                (&job["requested"], &job["succeeded"]),
                (&json!(missing), &json!(missing)),
                "{answer}"
            );
            assert_eq!(stand.writes().await > writes, missing > 0);
        }
        assert_eq!(stand.codes(promotion).await.len(), 270 + 37);
    }
}

#[tokio::test]
async fn a_job_like_another_repeats_its_pattern_and_limits() {
    let stand = Stand::start(&["--quota", "0"]).await;
    let promotion = stand.sandbox.bulk_promotion("Bulk").await;
    let mut host = stand.host().await;
    let first = json!({
        "promotion_id": promotion, "count": 2, "prefix": "GIFT", "delimiter": "_", "suffix": "EU",
        "code_length": 11, "exclude_characters": "OI", "max_uses": 7, "max_uses_per_customer": 2,
    });
    let first = host.ok("generate_coupon_codes", first).await;
    let like = first["job"]["job_id"].clone();
    for (more, head, max_uses) in [
        (json!({}), "GIFT_", 7),
        (json!({"prefix": "CARD"}), "CARD_", 7),
        (json!({"max_uses": 3}), "GIFT_", 3),
        // What hosts send that must fill in every argument.
        (json!({"max_uses": 0, "max_uses_per_customer": 0, "prefix": "", "code_length": 0}), "GIFT_", 7),
        (json!({"unlimited": true, "max_uses_per_customer": 2}), "GIFT_", 0),
    ] {
        let before = stand.codes(promotion).await;
        let mut arguments = json!({"promotion_id": promotion, "count": 3, "like_job_id": like});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = host.ok("generate_coupon_codes", arguments).await;
        assert_eq!(answer["status"], "done", "{answer}");
        let mut new = stand.codes(promotion).await;
        new.retain(|id, _| !before.contains_key(id));
        assert_eq!(new.len(), 3);
        for code in new.values() {
            let random = code.text.strip_prefix(head).and_then(|rest| rest.strip_suffix("_EU"));
            assert!(
                random.is_some_and(|random| random.len() == 11 && !random.contains(['O', 'I'])),
                "{code:?}"
            );
            assert_eq!((code.max_uses, code.max_uses_per_customer), (max_uses, 2));
        }
    }
}
