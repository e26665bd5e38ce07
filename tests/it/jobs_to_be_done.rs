//! What merchants ask for in a conversation, played as the tool calls that a model would make: at most three for each,
//! with what they cost.
//!
//! `cargo test --test it jobs_to_be_done -- --nocapture | grep '^|'` prints the figures as a table.

mod codes;
mod endpoints;
mod promotions;
mod session;
