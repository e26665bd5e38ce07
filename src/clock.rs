//! The one source of the present time.
//!
//! Whoever asks for the time was handed a [`Clock`], so that a test can say what time it is: rules of five
//! minutes, of an hour and of a day are tested without waiting, and on any day.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

/// Tells the present time. Its clones tell the same time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The operating system's clock.
    #[expect(clippy::disallowed_methods, reason = "everybody else asks a Clock")]
    pub fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    /// A clock that tells what `read` returns.
    pub fn new(read: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The present time.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Clock")
    }
}
