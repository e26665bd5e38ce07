//! `coupon-mcp`: an MCP server that manages BigCommerce coupon codes.
//!
//! An AI host starts it on stdio or reaches it over HTTP; its tools call BigCommerce's REST API, or an
//! embedded practice store that speaks the same wire format.
//!
//! # Layout
//! In the order of the data's way, and nothing points back:
//!
//! - [`cli`]: the subcommands; they put the parts together.
//! - [`config`]: settings, each with variable, flag, default and unit.
//! - [`transport`]: stdio, Streamable HTTP, HTTP+SSE.
//! - [`server`]: the MCP `ServerHandler` that all transports share.
//! - [`tools`]: one file per tool; schemas, arguments, errors.
//! - [`jobs`]: bulk work that outlives a call and a process; its journal.
//! - [`coupons`]: the domain and its use cases.
//! - [`policy`]: what an operator allows, and when a person is asked.
//! - [`state`]: what is remembered between calls: confirmations, changes, daily ceilings, the audit log.
//! - [`bigcommerce`]: the API client; pacing, retries, wire types.
//! - [`clock`]: the present time.
//! - [`sandbox`]: the practice store, reached over HTTP like the real one.
//! - [`telemetry`]: logging to stderr.

pub mod bigcommerce;
pub mod changes;
pub mod cli;
pub mod clock;
pub mod config;
pub mod coupons;
pub mod jobs;
pub mod policy;
pub mod sandbox;
pub mod server;
pub mod state;
mod storage;
pub mod telemetry;
pub mod tools;
pub mod transport;
