//! Which store is served, and with which credentials.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use url::Url;

use super::environment::{bare, is_filled, shown};
use crate::coupons::store_time;

/// The store hash: "Permanent ID of the BigCommerce store".
pub const STORE_HASH: &str = "BIGCOMMERCE_STORE_HASH";
/// The access token of a store-level API account. Never a command-line value.
pub const ACCESS_TOKEN: &str = "BIGCOMMERCE_ACCESS_TOKEN";
/// A file that holds the access token, instead of [`ACCESS_TOKEN`].
pub const ACCESS_TOKEN_FILE: &str = "BIGCOMMERCE_ACCESS_TOKEN_FILE";
/// Scheme, host and port of the API; plain http only for loopback.
pub const API_URL: &str = "BIGCOMMERCE_API_URL";
/// Where BigCommerce's API is.
pub const DEFAULT_API_URL: &str = "https://api.bigcommerce.com";

/// The flags that choose and tune the store; the credentials come from the environment alone.
#[derive(Debug, Clone, Args)]
pub struct StoreArgs {
    /// Use the embedded practice store instead of a real one.
    #[arg(long)]
    pub sandbox: bool,
    /// Keep the practice store in this file; without FILE, beside the server's state, which is kept then too. Without
    /// this flag both are forgotten at exit.
    #[arg(long, value_name = "FILE", requires = "sandbox")]
    pub sandbox_data: Option<Option<PathBuf>>,
    /// Seconds that one call may spend waiting for BigCommerce's rate limit before it answers `rate_limited`.
    #[arg(long, value_name = "SECONDS", env = "COUPON_MCP_RATE_LIMIT_WAIT_S", default_value_t = 20,
          value_parser = clap::value_parser!(u64).range(0..=40))]
    pub rate_limit_wait_s: u64,
    /// Seconds until one request to BigCommerce is given up.
    #[arg(long, value_name = "SECONDS", env = "COUPON_MCP_REQUEST_TIMEOUT_S", default_value_t = 15,
          value_parser = clap::value_parser!(u64).range(1..=40))]
    pub request_timeout_s: u64,
    /// The store's time zone, for dates without an offset; without it, the one that the store itself tells.
    #[arg(long, value_name = "ZONE", env = "BIGCOMMERCE_TIME_ZONE")]
    pub time_zone: Option<String>,
}

/// A store hash has about 10 characters, and an access token 31: one that was put in its place must not be shown.
const LONGEST_HASH: usize = 24;

/// A store that can be called.
#[derive(Debug, Clone)]
pub enum StoreConfig {
    /// The embedded practice store.
    Sandbox(PracticeData),
    /// A store behind an HTTP API.
    Remote {
        /// Scheme, host and port.
        api: Url,
        /// The store hash.
        hash: String,
        /// The access token.
        token: SecretString,
    },
}

/// Where the practice store is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PracticeData {
    /// In the process.
    Memory,
    /// In this file.
    File(PathBuf),
    /// In the state directory, with what the server remembers of it.
    BesideState,
}

/// Why there is no store to call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Neither credentials nor `--sandbox`.
    #[error(
        "No store is configured: set BIGCOMMERCE_STORE_HASH and BIGCOMMERCE_ACCESS_TOKEN, or start with \
         --sandbox for the practice store. Missing: {}.", missing.join(", ")
    )]
    Missing {
        /// The variables that are not set.
        missing: Vec<&'static str>,
    },
    /// A variable still holds the example's text.
    #[error(
        "{variable} still holds a placeholder ({value}): the host did not replace it. Put the real value of \
         BIGCOMMERCE_STORE_HASH and BIGCOMMERCE_ACCESS_TOKEN there, or start with --sandbox."
    )]
    Placeholder {
        /// The variable.
        variable: &'static str,
        /// The placeholder, without whatever stands around it.
        value: String,
    },
    /// The store hash is not one.
    #[error(
        "BIGCOMMERCE_STORE_HASH is not a store hash: expected the letters and digits after /stores/ in the API \
         path, such as abc123. BIGCOMMERCE_ACCESS_TOKEN is set. --sandbox uses the practice store instead."
    )]
    StoreHash,
    /// The API address is not one.
    #[error(
        "BIGCOMMERCE_API_URL must be an https address (plain http for loopback only), such as \
         https://api.bigcommerce.com: {0}"
    )]
    ApiUrl(String),
    /// The access token holds characters that cannot be sent.
    #[error(
        "the access token (BIGCOMMERCE_ACCESS_TOKEN or its file) holds blanks or characters that no token has; \
         paste it again"
    )]
    Token,
    /// The token is given twice, and the two may differ.
    #[error("BIGCOMMERCE_ACCESS_TOKEN and BIGCOMMERCE_ACCESS_TOKEN_FILE are both set: keep one of them")]
    TwoTokens,
    /// The token file cannot be read or is empty.
    #[error("the file of BIGCOMMERCE_ACCESS_TOKEN_FILE cannot be used: {0}")]
    TokenFile(String),
    /// The time zone is none.
    #[error(
        "BIGCOMMERCE_TIME_ZONE is not a time zone: give a name such as America/New_York{}",
        .0.as_ref().map_or_else(String::new, |name| format!(", not \"{name}\""))
    )]
    TimeZone(
        /// What it holds, unless that may be a secret.
        Option<String>,
    ),
    /// The platform knows no place for state.
    #[error("there is no directory for this server's state: name one with --state-dir")]
    NoStateDirectory,
}

impl StoreArgs {
    /// The store that flags and environment describe. Never falls back to the practice store by itself.
    ///
    /// # Errors
    /// A [`ConfigError`] that says which variable is wrong, and what to do.
    pub fn resolve(&self) -> Result<StoreConfig, ConfigError> {
        if self.sandbox {
            return Ok(StoreConfig::Sandbox(self.practice_data()));
        }
        from_environment(&|name| std::env::var(name).ok())
    }

    /// Where the practice store is kept, if it is used.
    pub fn practice_data(&self) -> PracticeData {
        match &self.sandbox_data {
            None => PracticeData::Memory,
            Some(None) => PracticeData::BesideState,
            Some(Some(file)) => PracticeData::File(file.clone()),
        }
    }

    /// The store's time zone, where it is configured.
    ///
    /// # Errors
    /// [`ConfigError::TimeZone`] for a name that no time zone has.
    pub fn time_zone(&self) -> Result<Option<TimeZone>, ConfigError> {
        let Some(name) = self.time_zone.as_deref().map(unquoted).filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        store_time::zone(&name).map(Some).ok_or_else(|| {
            let digits = name.bytes().filter(u8::is_ascii_digit).count();
            ConfigError::TimeZone(Some(name).filter(|name| digits <= 4 && name.len() <= 40))
        })
    }

    /// Longest wait for the rate limit within one call.
    pub fn rate_limit_wait(&self) -> Duration {
        Duration::from_secs(self.rate_limit_wait_s)
    }

    /// Longest single request.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_s)
    }
}

fn from_environment(variable: &dyn Fn(&str) -> Option<String>) -> Result<StoreConfig, ConfigError> {
    let set =
        |name: &'static str| variable(name).map(|value| unquoted(&value)).filter(|value| !value.is_empty());
    let filled = |value: &Option<String>| value.as_deref().is_some_and(is_filled);
    let hash = set(STORE_HASH);
    let (mut token, mut file) = (set(ACCESS_TOKEN), set(ACCESS_TOKEN_FILE));
    match (filled(&token), filled(&file)) {
        (true, true) => return Err(ConfigError::TwoTokens),
        (true, false) => file = None,
        (false, true) => token = None,
        (false, false) => {}
    }
    for (variable, value) in [(STORE_HASH, &hash), (ACCESS_TOKEN, &token), (ACCESS_TOKEN_FILE, &file)] {
        if let Some(value) = value.as_deref().and_then(placeholder) {
            return Err(ConfigError::Placeholder { variable, value });
        }
    }
    let (Some(hash), true) = (&hash, token.is_some() || file.is_some()) else {
        let missing = [(STORE_HASH, hash.is_none()), (ACCESS_TOKEN, token.is_none() && file.is_none())];
        let missing = missing.into_iter().filter(|(_, absent)| *absent).map(|(name, _)| name).collect();
        return Err(ConfigError::Missing { missing });
    };
    let hash = store_hash(hash).ok_or(ConfigError::StoreHash)?;
    let api = set(API_URL).filter(|url| is_filled(url));
    let api = api_url(api.as_deref().unwrap_or(DEFAULT_API_URL))?;
    let token = match (token, file) {
        (Some(token), _) => token,
        (None, file) => read_token(Path::new(&file.unwrap_or_default()))?,
    };
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ConfigError::Token);
    }
    Ok(StoreConfig::Remote { api, hash, token: token.into() })
}

fn unquoted(value: &str) -> String {
    bare(value).to_owned()
}

/// The part of a value that shows it to be a placeholder, and nothing else of it: the rest may be a secret.
fn placeholder(value: &str) -> Option<String> {
    if let Some((_, inner)) = value.split_once("${") {
        let is_name = |name: &&str| {
            name.len() <= 60 && name.chars().all(|c| c.is_ascii_alphabetic() || "_-.:".contains(c))
        };
        let name = inner.split_once('}').map(|(name, _)| name).filter(is_name);
        return Some(format!("${{{}}}", name.unwrap_or("...")));
    }
    value.to_ascii_uppercase().starts_with("YOUR_").then(|| "YOUR_...".to_owned())
}

/// The hash in what people paste: itself, in braces, the API path, the address of the store.
fn store_hash(pasted: &str) -> Option<String> {
    let bare = pasted.trim_matches(|c: char| c.is_whitespace() || "{}<>[]\"'`/".contains(c));
    let hash = match bare.split_once("stores/") {
        Some((_, rest)) => rest.split('/').next().unwrap_or_default(),
        None => bare,
    };
    let hash = hash.trim_matches(['{', '}']);
    let hash = hash.strip_prefix("https://").unwrap_or(hash);
    let hash = match hash.strip_suffix(".mybigcommerce.com") {
        Some(name) => name.strip_prefix("store-").unwrap_or(name),
        None => hash,
    };
    let hash = hash.to_ascii_lowercase();
    let valid =
        (1..=LONGEST_HASH).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_alphanumeric());
    valid.then_some(hash)
}

fn api_url(value: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(value).map_err(|error| ConfigError::ApiUrl(error.to_string()))?;
    let has_host = url.host().is_some();
    if !has_host || !matches!(url.scheme(), "http" | "https") {
        return Err(ConfigError::ApiUrl("it has no host".to_owned()));
    }
    let bare = url.username().is_empty() && url.password().is_none() && matches!(url.path(), "" | "/");
    if !bare || url.query().is_some() || url.fragment().is_some() {
        return Err(ConfigError::ApiUrl("it holds more than scheme, host and port".to_owned()));
    }
    // The endpoint decides what plain http is permitted for; asked here so that the start says it.
    crate::bigcommerce::Endpoint::new(&url, "probe", SecretString::from(""))
        .map_err(|error| ConfigError::ApiUrl(error.to_string()))?;
    Ok(url)
}

fn read_token(path: &Path) -> Result<String, ConfigError> {
    let content = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::TokenFile(format!("{}: {error}", shown(path))))?;
    let token = unquoted(&content);
    if token.is_empty() {
        return Err(ConfigError::TokenFile(format!("{} is empty", path.display())));
    }
    Ok(token)
}

#[cfg(test)]
mod tests;
