//! Settings: one small struct per concern, each field with its variable, flag, default and unit.

pub mod http;
pub mod store;

pub use http::HttpArgs;
pub use store::{ConfigError, StoreArgs, StoreConfig};
