//! What is put on record, where it lies, and what must never be in it.

mod places;
mod records;
mod secrets;
