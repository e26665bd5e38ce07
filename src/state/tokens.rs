//! Confirmation tokens: what a caller hands back to say yes to one exact change, once.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{State, StateError, random, stored};

/// How long a token can be redeemed.
pub const TOKEN_LIFE: Duration = Duration::from_mins(5);

/// What a token is bound to, as a digest: a token for one binding is worth nothing for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding([u8; 32]);

impl Binding {
    /// Binds to a tool, its arguments (without the token and the confirmation text; the order of keys does
    /// not matter), the caller, and a text that differs whenever what the call would touch differs.
    pub fn new(tool: &str, arguments: &Value, caller: &str, affected: &str) -> Self {
        let mut digest = Sha256::new();
        for part in [tool, &canonical(arguments), caller, affected] {
            // The length first, so that no two lists of parts run together to the same bytes.
            digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(part);
        }
        Self(digest.finalize().into())
    }
}

/// What became of a token that was handed back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    OtherBinding,
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
        sqlx::query("INSERT INTO tokens (digest, store, binding, expires_at) VALUES (?1, ?2, ?3, ?4)")
            .bind(digest(&token))
            .bind(self.store())
            .bind(binding.0.as_slice())
            .bind(stored(now).saturating_add(life))
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
        .bind(self.store())
        .bind(binding.0.as_slice())
        .bind(stored(now))
        .execute(connections)
        .await
        .map_err(|error| self.database_error(&error))?;
        if used.rows_affected() == 1 {
            return Ok(Redeemed::Accepted);
        }
        // Used before other binding: a change that was made often alters what the same call would touch.
        let found: Option<(bool, bool)> = sqlx::query_as(
            "SELECT used_at IS NOT NULL, expires_at <= ?3 FROM tokens WHERE digest = ?1 AND store = ?2",
        )
        .bind(digest(token))
        .bind(self.store())
        .bind(stored(now))
        .fetch_optional(connections)
        .await
        .map_err(|error| self.database_error(&error))?;
        Ok(match found {
            None => Redeemed::Unknown,
            Some((true, _)) => Redeemed::AlreadyUsed,
            Some((false, true)) => Redeemed::Expired,
            Some((false, false)) => Redeemed::OtherBinding,
        })
    }
}

fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token).to_vec()
}
