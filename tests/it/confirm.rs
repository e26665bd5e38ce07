//! Changes that need a yes: from a person where the host can ask one, else by a second call with a token.

mod hostile_names;
mod person;
mod repeats;
mod token;
mod what_is_asked;
