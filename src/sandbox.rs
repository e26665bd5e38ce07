//! An embedded BigCommerce store that speaks the vendor's wire format over HTTP.
//!
//! The sandbox serves the promotion, coupon code and promotion settings endpoints below
//! `/stores/sandbox/v3` and, to be read only, the store information and the coupons below
//! `/stores/sandbox/v2`, keeps its state in `SQLite` (in memory or in a file), and enforces what the
//! vendor's OpenAPI file and API documentation state: scopes, limits, uniqueness, pagination, error
//! bodies, the request quota and the concurrency of each endpoint. It starts from the data in `seed`.
//!
//! # Layout
//! - `serve` accepts connections; `exchange` takes one request and its `payload` through faults, quota,
//!   `auth`, `routes` and concurrency (`rate_limit`) to its handler, and keeps the `request_log`. `era` parts
//!   the requests before a reset from those after it.
//! - `promotions`, `codes` and `settings` are the endpoints, `v2` holds those of the older version; `query`,
//!   `field` and `page` read their input; `answer` and `wire_error` shape their output.
//! - `store` is all SQL. `control` and `faults` are for tests only.
//!
//! # The control API
//! Served when [`SandboxOptions::control`] is set, without a token, and only to requests whose `Host` is
//! loopback and that no page of another site sent:
//! - `POST /_sandbox/faults` adds one rule (see `faults`), `DELETE /_sandbox/faults` removes all
//!   and lets the requests go on that they hold.
//! - `GET /_sandbox/held?at_least=N` answers as soon as rules hold N requests (0 unless given) how many are held;
//!   `POST /_sandbox/release` lets them go on.
//! - `GET /_sandbox/requests` lists the API requests since the start or the latest reset.
//! - `POST /_sandbox/uses` `{code, uses}` sets how often a code was used, and moves the uses of its promotion
//!   by the difference, to 0 at the least; `POST /_sandbox/promotion_uses` `{id, uses}` sets those of a
//!   promotion alone. An unknown code or id answers 404, so does the legacy coupon's code.
//! - `POST /_sandbox/reset` goes back to the seeds and forgets rules, requests and quota use. A request from
//!   before it whose work has not begun is closed without an answer, and nothing of it is left.
//!
//! # Choices where the vendor's documents are silent
//! Authentication and routing
//! - A missing or unknown token answers 401, another store hash 403, in the body shape of the scope error
//!   (`{status, title, type, errors: {}}`); so do 404 for an unknown path, 413 and 415.
//! - The order of checks is: quota, token, store hash, path and method, scope, concurrency, query
//!   parameters, content type, body. A method that an endpoint does not have answers 405, and none has
//!   `HEAD`.
//! - An id in the path that is not digits without a leading zero is unknown, so it answers 404. The path
//!   counts as it was sent: percent escapes in it are not decoded.
//! - A query parameter that is sent twice counts with its latest value. An empty `sort`, `direction` or
//!   `redemption_type` counts as absent (the OpenAPI file allows an empty value there); every other empty
//!   parameter must be valid by itself.
//! - A body above 1 MiB answers 413, and up to 16 MiB of it are read before. A request whose body breaks off
//!   is neither carried out nor logged.
//!
//! Limits
//! - Every API request takes one unit of the quota, also one that is refused later. The window starts with
//!   the first request after the previous window has ended.
//! - With a quota of 0 there is no quota and no rate header on any answer.
//! - A 429 for concurrency bears the four rate headers, but no `X-Retry-After`.
//! - The settings endpoints, for which no limit is documented, take 40 concurrent requests.
//!
//! Bodies
//! - A JSON `null` in an optional field means the default of that field. Read-only and unknown fields in a
//!   body are ignored.
//! - A body that is not JSON answers 400; JSON of a wrong type or range answers 422 with one error, the
//!   first one found (settings: all of them).
//!
//! Codes
//! - Codes are unique in the whole store whatever their case, a text may be used again after its deletion,
//!   and every `code` filter is an exact match whatever its case.
//! - A code of nothing but blanks answers 422; blanks around a code belong to it.
//! - A second code on a `SINGLE` promotion and a code on an `AUTOMATIC` promotion answer 422, which comes
//!   before the refusal of a code that exists.
//! - Codes are listed by ascending id, also backwards from `before`. `limit` alone is no pagination detail,
//!   so both pagination objects are present. `cursor_pagination.count` counts the items of the page.
//!   Links carry paging parameters only, as in the documentation's samples. A page past the end is empty.
//! - Listing, creating or generating codes under an unknown promotion answers 404.
//! - In a bulk delete, an id that is a code of another promotion fails with the key `<index>.constraint`;
//!   absent ids succeed; a `code` parameter narrows the deletion to that code; deleting one such code by id
//!   answers 204 and deletes nothing. Below an unknown promotion every code counts as absent or as another
//!   promotion's. Deleting by an empty or missing `code` answers 422.
//! - Generating refuses an alphabet that cannot yield the batch with 422.
//!
//! Promotions
//! - `name` matches exactly, `query` a part of the name or of a code, both whatever the case. An unknown
//!   `status` matches nothing. `priority` sorts by id, as the API cannot set a priority.
//! - A promotion without `status` is created `ENABLED`, in `USD`, with an empty `display_name`.
//!   `INVALID` is refused in bodies.
//! - Dates need an offset and are kept in UTC. A blank `start_date` means now. `end_date` must be later.
//! - A blank `name` is refused. `max_uses` is at least 1 or null. Percentages are above 0 and at most 100.
//!   `rules` holds 1 to 10 rules.
//! - A currency of `*` refuses `fixed_amount` and `fixed_price_set`; free shipping and gifts pass.
//! - Conditions may nest `and`, `or` and `not` to a depth of three; the store's guides use more than the
//!   OpenAPI file lists. A rule has exactly one action.
//! - `coupon_overrides_other_promotions` is refused only when it is `true` beside
//!   `can_be_used_with_other_promotions: true`. `coupon_type` on an `AUTOMATIC` promotion is refused.
//! - `multiple_codes.has_multiple_codes` is true for `BULK` promotions. `codes` is never sent.
//! - Deleting one promotion that still has codes answers 422, as the bulk delete does.
//! - Both `group_ids` and `excluded_group_ids` may be given, as the live API is said to allow.
//! - There is no checkout, so uses change by the control API only. Neither uses that reach `max_uses` nor a
//!   past `end_date` change `status`.
//!
//! Settings
//! - The store counts as an Enterprise one, so every setting may be changed.
//!
//! The older version
//! - Only `GET /store` and `GET /coupons` are there; no request to v2 changes anything. Of the filters of
//!   `/coupons` only `code` is known, an exact match whatever its case. A page without a coupon answers 204.
//! - Every refusal is `[{status, message}]`, also 401, 403 and 429. A query parameter that v3 would refuse
//!   with 422 answers 400.
//! - One coupon is older than the promotions (`WELCOME5`). Its code is taken for the whole store, and v3 does
//!   not find it. In a data file that has this code already, both are listed.
//! - A promotion's code is listed under its own id with the promotion's name, enabled while the status is
//!   `ENABLED`, and expiring at `end_date`. Its `applies_to` is null.
//! - Both tokens may read the store information.

mod answer;
mod auth;
mod codes;
mod control;
mod era;
mod exchange;
mod faults;
mod field;
mod held;
mod page;
mod payload;
mod promotions;
mod query;
mod rate_limit;
mod request_log;
mod routes;
mod seed;
mod serve;
mod settings;
mod store;
#[cfg(test)]
mod tests;
mod time;
mod v2;
mod wire_error;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::exchange::Exchange;
use self::store::Store;
use crate::clock::Clock;

/// The hash of the only store there is: the API lies below `/stores/sandbox/v3` and `/stores/sandbox/v2`.
pub const STORE_HASH: &str = "sandbox";

/// An access token with the scopes Marketing *modify* (`store_v2_marketing`) and Information & Settings
/// *read-only* (`store_v2_information_read_only`).
pub const TOKEN: &str = "sandbox-token";

/// An access token with the scopes Marketing *read-only* (`store_v2_marketing_read_only`) and Information &
/// Settings *read-only*; writes answer 403.
pub const READ_ONLY_TOKEN: &str = "sandbox-read-only-token";

/// How a sandbox keeps its state and how it behaves.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// The database file, created and seeded if missing; its directory must exist. `None` keeps the state
    /// in memory until the last clone of the [`Sandbox`] is gone.
    pub data: Option<PathBuf>,
    /// How long each API request waits before its work. One that is refused earlier does not wait.
    pub latency: Duration,
    /// Requests per [`window`](Self::window), 0 for no quota. The API documentation's rate limit page gives
    /// 450 per 30 s to a Pro store.
    pub quota: u32,
    /// The length of one quota window.
    pub window: Duration,
    /// Tells the time that goes into dates.
    pub clock: Clock,
    /// Whether the control API below `/_sandbox` is served.
    pub control: bool,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            data: None,
            latency: Duration::ZERO,
            quota: 450,
            window: Duration::from_secs(30),
            clock: Clock::default(),
            control: false,
        }
    }
}

/// Why a sandbox could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The directory that should hold the database file is missing.
    #[error("the directory {} for the sandbox's data does not exist", .0.display())]
    MissingDirectory(PathBuf),
    /// The file holds a database that no sandbox wrote.
    #[error("{} is not a sandbox's data file", .0.display())]
    ForeignFile(PathBuf),
    /// The file was written by a later version of this program.
    #[error(
        "the sandbox's data file {} has the format of a newer program: version {found}, and this one knows \
         version {known}",
        path.display()
    )]
    NewerFile {
        /// The file.
        path: PathBuf,
        /// The version of its format.
        found: i64,
        /// The latest version that can be read.
        known: i64,
    },
    /// The database could not be opened, created or seeded.
    #[error("the sandbox's data file {} cannot be used: {reason}", path.display())]
    Database {
        /// The file; `:memory:` without one.
        path: PathBuf,
        /// What SQLite or the operating system says.
        reason: String,
    },
}

/// An open store. Clones share the same state, quota and fault rules.
#[derive(Clone)]
pub struct Sandbox {
    exchange: Arc<Exchange>,
}

impl Sandbox {
    /// Opens the store; a new one starts from the seeds.
    ///
    /// # Errors
    /// [`SandboxError`] says what is wrong with the file of [`SandboxOptions::data`].
    pub async fn open(options: SandboxOptions) -> Result<Self, SandboxError> {
        let store = Store::open(options.data.as_deref()).await?;
        Ok(Self { exchange: Arc::new(Exchange::new(options, store)) })
    }

    /// Serves the store on `listener` until `shutdown` is cancelled. Open connections then get at most one
    /// second to finish.
    ///
    /// # Errors
    /// When `listener` is not a bound socket. A failure to accept one connection is logged, not returned.
    pub async fn serve(self, listener: TcpListener, shutdown: CancellationToken) -> io::Result<()> {
        serve::serve(self.exchange, listener, shutdown).await
    }

    /// Closes the store, of which this and all clones are of no use then. Requests that wait are given up; a
    /// statement that is under way is finished.
    pub async fn close(self) {
        self.exchange.close().await;
    }
}
