//! Generating a batch of codes.

use serde_json::{Value, json};

use super::CODE_LENGTH;
use crate::sandbox::answer::Answer;
use crate::sandbox::field::{Field, Invalid};
use crate::sandbox::query::Query;
use crate::sandbox::routes::{Call, unknown_promotion};
use crate::sandbox::store::{Batch, Kind, NewCodes, Store};
use crate::sandbox::time;
use crate::sandbox::wire_error::WireError;

/// What the random part consists of: the description of `exclude_characters` in the OpenAPI file.
const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// How often texts are drawn again for those that exist already. A client that leaves six characters of an
/// alphabet of two soon finds all of them taken.
const ROUNDS: usize = 16;

/// A request to generate codes.
#[derive(Debug)]
struct Plan {
    size: usize,
    max_uses: i64,
    max_uses_per_customer: i64,
    pattern: Pattern,
}

/// How the codes of one batch look.
#[derive(Debug)]
struct Pattern {
    /// The prefix with its delimiter.
    head: String,
    /// The suffix with its delimiter.
    tail: String,
    alphabet: Vec<char>,
    random_length: usize,
}

/// `POST /promotions/{id}/codegen`: 405 unless the promotion is a bulk coupon one.
pub(in crate::sandbox) async fn generate(
    store: &Store,
    call: &Call,
    promotion: i64,
) -> Result<Answer, WireError> {
    Query::parse(&call.query, &[])?;
    let body = call.json(WireError::malformed_json)?;
    let kind = store.kind_of(promotion).await?;
    if kind != Some(Kind::Bulk) {
        return Err(why_not_taken(kind));
    }
    let Plan { size, max_uses, max_uses_per_customer, pattern } = Plan::read(&body)?;
    let new = NewCodes { promotion, max_uses, max_uses_per_customer, created: time::wire_time(call.at) };
    let draw = |count| (0..count).map(|_| pattern.draw()).collect();
    let codes = match store.insert_batch(&new, size, ROUNDS, draw).await? {
        Batch::Done(codes) => codes,
        Batch::TooFew => {
            let title = "exclude_characters and code_length leave too few codes for the batch.";
            return Err(WireError::unprocessable(title));
        }
        // It was deleted or changed since it was looked at above.
        Batch::NotTaken(kind) => return Err(why_not_taken(kind)),
    };
    let codes: Vec<Value> = codes.into_iter().map(|code| json!({ "code": code })).collect();
    Ok(Answer::created(json!({
        "created": new.created,
        "max_uses": max_uses,
        "max_uses_per_customer": max_uses_per_customer,
        "batch_size": size,
        "codes": codes,
    })))
}

fn why_not_taken(kind: Option<Kind>) -> WireError {
    if kind.is_none() {
        return unknown_promotion();
    }
    WireError::not_supported(
        "Bulk code generation is only supported for promotions with redemption_type of 'COUPON' and \
         coupon_type of 'BULK'.",
    )
}

impl Plan {
    /// Reads the body with the limits and defaults of Generate Multiple Coupon Codes in the OpenAPI file.
    fn read(body: &Value) -> Result<Self, Invalid> {
        let body = Field::root(body);
        let uses = |name| body.optional(name)?.map_or(Ok(1), |uses| uses.integer(0..=100_000));
        Ok(Self {
            size: length(body.required("batch_size")?.integer(1..=250)?),
            max_uses: uses("max_uses")?,
            max_uses_per_customer: uses("max_uses_per_customer")?,
            pattern: Pattern::read(&body)?,
        })
    }
}

impl Pattern {
    fn read(body: &Field<'_>) -> Result<Self, Invalid> {
        let delimiter = text(body, "delimiter", is_delimiter, "must be one of: _, -.")?;
        let affix = "must have at most 20 characters: capital letters, numbers, underscores and hyphens.";
        let prefix = text(body, "prefix", is_affix, affix)?;
        let suffix = text(body, "suffix", is_affix, affix)?;
        let random_length = body.optional("code_length")?.map_or(Ok(16), |sent| sent.integer(6..=16))?;
        let pattern = Self {
            head: if prefix.is_empty() { String::new() } else { format!("{prefix}{delimiter}") },
            tail: if suffix.is_empty() { String::new() } else { format!("{delimiter}{suffix}") },
            alphabet: alphabet(body)?,
            random_length: length(random_length),
        };
        if pattern.head.len() + pattern.random_length + pattern.tail.len() > CODE_LENGTH {
            return Err(body.refuse("must ask for codes of at most 50 characters."));
        }
        Ok(pattern)
    }

    fn draw(&self) -> String {
        let random = std::iter::repeat_with(|| fastrand::choice(&self.alphabet)).flatten();
        let mut code = self.head.clone();
        code.extend(random.take(self.random_length));
        code.push_str(&self.tail);
        code
    }
}

/// The characters that are left to draw from, at least one.
fn alphabet(body: &Field<'_>) -> Result<Vec<char>, Invalid> {
    let Some(excluded) = body.optional("exclude_characters")? else {
        return Ok(ALPHABET.chars().collect());
    };
    let mut left: Vec<char> = ALPHABET.chars().collect();
    for item in excluded.items(0..=usize::MAX)? {
        let single = |text: &str| text.len() == 1 && ALPHABET.contains(text);
        let character = item.text_where(single, "must be one capital letter or number.")?;
        left.retain(|kept| !character.contains(*kept));
    }
    if left.is_empty() { Err(excluded.refuse("must leave a character.")) } else { Ok(left) }
}

fn text<'a>(
    body: &Field<'a>,
    name: &str,
    check: fn(&str) -> bool,
    expectation: &str,
) -> Result<&'a str, Invalid> {
    body.optional(name)?.map_or(Ok(""), |sent| sent.text_where(check, expectation))
}

fn is_delimiter(text: &str) -> bool {
    matches!(text, "" | "_" | "-")
}

fn is_affix(text: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    text.len() <= 20 && text.bytes().all(allowed)
}

/// A number that was found to be small and positive.
fn length(number: i64) -> usize {
    usize::try_from(number).unwrap_or_default()
}
