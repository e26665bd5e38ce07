//! Settings: one small struct per concern, each field with its variable, flag, default and unit.

pub mod environment;
pub mod file;
pub mod guard;
pub mod http;
pub mod jobs;
pub mod listen;
pub mod store;

pub use file::{ConfigFile, ConfigFileError};
pub use guard::{GuardArgs, Guards};
pub use http::HttpArgs;
pub use jobs::JobArgs;
pub use listen::{Listen, ListenError};
pub use store::{ConfigError, PracticeData, StoreArgs, StoreConfig};
