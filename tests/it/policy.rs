//! What an operator does not allow, whichever tool it is tried with.

mod ceilings;
mod files;
mod rules;
mod tools_offered;
