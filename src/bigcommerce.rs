//! The client of BigCommerce's REST API: promotions and their coupon codes.
//!
//! One function per endpoint ([`codes`], [`promotions`], [`settings`], [`store`]), all of them through one `send` ([`client`]), which
//! paces ([`pacing`]), retries by a table ([`retry`]) and keeps the HTTP status whatever the body is
//! ([`error`]). Nothing in here knows of tools or of the domain.

pub mod client;
pub mod codes;
pub mod endpoint;
pub mod error;
pub mod limits;
pub mod operation;
pub mod pacing;
pub mod page;
pub mod patience;
pub mod promotions;
pub mod refusal;
pub mod retry;
pub mod settings;
pub mod store;
pub mod wire;

pub use client::{Answered, Client, ClientSettings};
pub use endpoint::{Connect, Endpoint, EndpointError};
pub use error::{ApiError, NoAnswer, Unreadable};
pub use page::{CodePage, CodeQuery, PageFault, PageGuard, Position};
pub use patience::Patience;
pub use promotions::{PromotionPage, PromotionQuery};
pub use refusal::Refusal;
