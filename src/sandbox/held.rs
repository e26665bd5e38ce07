//! Requests that a fault rule holds until a test releases them, so that it need not race against them.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The requests held now, and the way to let them go on.
#[derive(Debug)]
pub(super) struct Held {
    number: watch::Sender<usize>,
    /// Grows with each release.
    released: watch::Sender<u64>,
}

impl Default for Held {
    fn default() -> Self {
        Self { number: watch::Sender::new(0), released: watch::Sender::new(0) }
    }
}

impl Held {
    /// Waits for the next release; `None` if `over` comes first.
    pub(super) async fn hold(&self, over: &CancellationToken) -> Option<()> {
        let mut released = self.released.subscribe();
        let _counted = Counted::new(&self.number);
        tokio::select! {
            released = released.changed() => released.ok(),
            () = over.cancelled() => None,
        }
    }

    /// Lets all requests go on that are held now.
    pub(super) fn release(&self) {
        self.released.send_modify(|times| *times += 1);
    }

    /// Waits until at least `least` requests are held; returns their number.
    pub(super) async fn wait_for(&self, least: usize) -> usize {
        let mut number = self.number.subscribe();
        // The sender lives as long as this, so the wait does not fail.
        number.wait_for(|held| *held >= least).await.map_or(0, |held| *held)
    }
}

/// One held request; it counts until it is dropped.
struct Counted<'a>(&'a watch::Sender<usize>);

impl<'a> Counted<'a> {
    fn new(number: &'a watch::Sender<usize>) -> Self {
        number.send_modify(|held| *held += 1);
        Self(number)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|held| *held -= 1);
    }
}
