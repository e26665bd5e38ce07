//! Another app on the same store, which minds its own codes.

use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::stand::{Code, Stand, client};
use super::task::PREFIX;

/// Works on a promotion until it is dropped.
pub(super) struct SecondApp {
    work: JoinHandle<()>,
}

impl Drop for SecondApp {
    fn drop(&mut self) {
        self.work.abort();
    }
}

/// Its codes begin with one of these, or have other limits than a job's.
const OWN: [&str; 3] = ["APP", "JOBS", "JO"];
/// Limits that no job asks for.
const OTHER_LIMIT: u64 = 99;

impl SecondApp {
    /// Makes and deletes codes on `promotion`: some with the limits of a job and another pattern, some with its
    /// pattern and other limits.
    pub(super) fn start(stand: &Stand, promotion: u64, mut rng: Rng) -> Self {
        let url = format!("{}/stores/sandbox/v3/promotions/{promotion}", stand.sandbox.server.url);
        let work = async move {
            let client = client();
            let mut singles: Vec<u64> = Vec::new();
            loop {
                let text = |rng: &mut Rng, length: usize| -> String {
                    std::iter::repeat_with(|| rng.uppercase()).take(length).collect()
                };
                let same_look = rng.bool();
                let prefix = if same_look { PREFIX } else { rng.choice(OWN).unwrap() };
                let max_uses = if same_look { OTHER_LIMIT } else { rng.u64(1..4) };
                let request = match rng.u8(..8) {
                    0..4 => {
                        let code = format!("{prefix}-{}", text(&mut rng, 12));
                        let code = json!({"code": code, "max_uses": max_uses, "max_uses_per_customer": 0});
                        client.post(format!("{url}/codes")).json(&code)
                    }
                    4..7 if !singles.is_empty() => {
                        let id = singles.swap_remove(rng.usize(..singles.len()));
                        client.delete(format!("{url}/codes/{id}"))
                    }
                    _ => client.post(format!("{url}/codegen")).json(&json!({
                        "batch_size": rng.choice([1, 3, 100, 250]), "prefix": prefix, "delimiter": "-",
                        "code_length": rng.u8(10..=16), "max_uses": max_uses, "max_uses_per_customer": 0,
                    })),
                };
                // What becomes of it does not matter: its codes are known by their look.
                if let Ok(answer) = request.header("X-Auth-Token", "sandbox-token").send().await
                    && let Ok(made) = answer.json::<Value>().await
                {
                    singles.extend(made["data"]["id"].as_u64());
                }
                sleep(Duration::from_millis(rng.u64(5..40))).await;
            }
        };
        Self { work: tokio::spawn(work) }
    }
}

/// Whether the second app made it.
pub(super) fn is_strangers(code: &Code) -> bool {
    let head = code.text.split('-').next().unwrap_or_default();
    code.max_uses == OTHER_LIMIT || OWN.contains(&head)
}
