//! What a call is made with besides its arguments, and what may come of it besides an answer.

use std::fmt;
use std::sync::Arc;

use rmcp::model::CallToolResult;

use super::progress::Progress;

/// Who calls, and what they can do.
#[derive(Debug, Clone)]
pub struct CallContext {
    /// The host's name, on HTTP with its session where it has one: `stdio:claude-desktop`. Until callers are
    /// authenticated, hosts of one name without a session are one caller.
    pub caller: String,
    /// Whether the host can put a question to a person.
    pub can_ask: bool,
    /// Whether the caller's files are this machine's: it started this process.
    pub local: bool,
    /// Where the caller is told how far the call is, if it asked for that.
    pub progress: Option<Progress>,
    /// The call's place among those that the server works on at once.
    pub place: Option<Place>,
    /// What a person said to the question that an earlier try of this call ended in.
    pub consent: Option<Consent>,
}

impl CallContext {
    /// A caller at this machine that cannot ask anybody.
    pub fn new(caller: impl Into<String>) -> Self {
        Self {
            caller: caller.into(),
            can_ask: false,
            local: true,
            progress: None,
            place: None,
            consent: None,
        }
    }
}

/// A call's place among those that the server works on at once.
#[derive(Clone)]
pub struct Place {
    give_back: Arc<dyn Fn() + Send + Sync>,
}

impl Place {
    /// A place that is given back by `give_back`.
    pub fn new(give_back: impl Fn() + Send + Sync + 'static) -> Self {
        Self { give_back: Arc::new(give_back) }
    }

    /// Lets others have the place, because from here on the call only waits.
    pub fn give_back(&self) {
        (self.give_back)();
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").finish_non_exhaustive()
    }
}

/// What a person said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consent {
    /// Yes, to the question that carried this token.
    Given(String),
    /// No.
    Declined,
    /// Nothing: the question was closed, or nobody answered it in time.
    Dismissed,
    /// The host could not put the question, though it says that it can.
    CouldNotAsk,
}

/// What comes of a call.
#[derive(Debug)]
pub enum Outcome {
    /// The answer.
    Answer(CallToolResult),
    /// A question to a person. The same call with their consent goes on.
    Ask(Question),
}

/// A question to a person: may this be done?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What will be done, why it is asked, and what to do instead.
    pub message: String,
    /// What a yes is bound to.
    pub token: String,
}
