//! Confirmation tokens: what a caller hands back to say yes to one exact change, once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{State, StateError, random, stored};

/// How long a token can be redeemed.
pub const TOKEN_LIFE: Duration = Duration::from_mins(5);

/// What a token is bound to, as a digest: a token for one binding is worth nothing for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    digest: [u8; 32],
    /// By name, a digest of the value. They only tell what differs: what is bound is what they come to, so that an
    /// argument may be left out where it says the default.
    arguments: BTreeMap<String, String>,
}

impl Binding {
    /// The names of the arguments that are not as they were when a token was issued.
    fn difference(&self, issued: Option<&str>) -> Vec<String> {
        let issued: Option<BTreeMap<String, String>> =
            issued.and_then(|issued| serde_json::from_str(issued).ok());
        let Some(issued) = issued else { return Vec::new() };
        let names: BTreeSet<_> = issued.keys().chain(self.arguments.keys()).collect();
        names.into_iter().filter(|name| issued.get(*name) != self.arguments.get(*name)).cloned().collect()
    }

    /// Binds to a tool, the caller, and a text that differs whenever what the call would do differs. Its arguments
    /// (without the token and the confirmation text) explain a difference.
    pub fn new(tool: &str, arguments: &Value, caller: &str, affected: &str) -> Self {
        let mut digest = Sha256::new();
        for part in [tool, caller, affected] {
            // The length first, so that no two lists of parts run together to the same bytes.
            digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(part);
        }
        let given = arguments.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        Self {
            digest: digest.finalize().into(),
            arguments: given.map(|(name, value)| (name.clone(), brief_digest(value))).collect(),
        }
    }
}

/// What became of a token that was handed back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redeemed {
    /// It is used up now: go on.
    Accepted,
    /// This store never issued it, or it was pruned.
    Unknown,
    /// It is older than [`TOKEN_LIFE`].
    Expired,
    /// It was accepted before.
    AlreadyUsed,
    /// It was issued for something else. It can still be redeemed for that.
    OtherBinding {
        /// The arguments that differ; none where it is what they come to.
        arguments: Vec<String>,
    },
}

/// A JSON text that is the same for equal values, however their keys are ordered.
pub fn canonical(value: &Value) -> String {
    sorted(value).to_string()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(key, _)| *key);
            members.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

impl State {
    /// A new token for `binding`: 24 URL-safe characters, good until `now` + [`TOKEN_LIFE`]. Only its digest
    /// is kept.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn issue_token(&self, binding: &Binding, now: Timestamp) -> Result<String, StateError> {
        let token = random::secret();
        let life = i64::try_from(TOKEN_LIFE.as_millis()).unwrap_or(i64::MAX);
        sqlx::query(
            "INSERT INTO tokens (digest, store, binding, expires_at, arguments) VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .bind(digest(&token))
        .bind(self.store_key())
        .bind(binding.digest.as_slice())
        .bind(stored(now).saturating_add(life))
        .bind(json!(binding.arguments).to_string())
        .execute(self.for_writing().await?)
        .await
        .map_err(|error| self.database_error(&error))?;
        Ok(token)
    }

    /// Uses a token up if it is good for `binding`. Of all calls in all processes that share the directory,
    /// one is accepted.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub async fn redeem_token(
        &self,
        token: &str,
        binding: &Binding,
        now: Timestamp,
    ) -> Result<Redeemed, StateError> {
        let Some(connections) = self.for_reading().await? else { return Ok(Redeemed::Unknown) };
        // One statement checks and uses it up, so nothing can come between.
        let used = sqlx::query(
            "UPDATE tokens SET used_at = ?4
             WHERE digest = ?1 AND store = ?2 AND binding = ?3 AND used_at IS NULL AND expires_at > ?4",
        )
        .bind(digest(token))
        .bind(self.store_key())
        .bind(binding.digest.as_slice())
        .bind(stored(now))
        .execute(connections)
        .await
        .map_err(|error| self.database_error(&error))?;
        if used.rows_affected() == 1 {
            return Ok(Redeemed::Accepted);
        }
        // Used before other binding: a change that was made often alters what the same call would touch.
        let found: Option<(bool, bool, Option<String>)> = sqlx::query_as(
            "SELECT used_at IS NOT NULL, expires_at <= ?3, arguments FROM tokens WHERE digest = ?1 AND store = ?2",
        )
        .bind(digest(token))
        .bind(self.store_key())
        .bind(stored(now))
        .fetch_optional(connections)
        .await
        .map_err(|error| self.database_error(&error))?;
        Ok(match found {
            None => Redeemed::Unknown,
            Some((true, ..)) => Redeemed::AlreadyUsed,
            Some((false, true, _)) => Redeemed::Expired,
            Some((false, false, issued)) => {
                Redeemed::OtherBinding { arguments: binding.difference(issued.as_deref()) }
            }
        })
    }
}

/// Enough of a digest to see that two values differ; a code that was an argument is not in it.
fn brief_digest(value: &Value) -> String {
    const BYTES: usize = 9;
    let digest = Sha256::digest(canonical(value));
    URL_SAFE_NO_PAD.encode(digest.get(..BYTES).unwrap_or_default())
}

fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token).to_vec()
}
