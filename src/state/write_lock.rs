//! The right to change the store: one change has it at a time, in all processes that share a state directory.
//!
//! A plan is judged by what the store holds. Of two changes at once, each could pass and both together be what
//! neither may, and what one does once could be done twice.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, MutexGuard, OnceCell, watch};
use tokio::time::{Instant, sleep, timeout_at};

use super::directory::{self, LOCK, WRITE_LOCKS, blocking};
use super::{Location, State, StateError};

/// How soon a change looks again whether another process is done; an urgent one looks more often.
const LOOK: Duration = Duration::from_millis(15);
const URGENT_LOOK: Duration = Duration::from_millis(3);

/// The lock of one store, as one process uses it.
#[derive(Debug)]
pub(super) struct WriteLock {
    queue: Mutex<()>,
    /// How many urgent changes of this process wait.
    urgent: watch::Sender<usize>,
    files: OnceCell<Files>,
}

/// The files that processes lock. They stay: one that is removed could be locked by two.
#[derive(Debug)]
struct Files {
    /// Whoever has it may change the store.
    turn: File,
    /// Shared by the urgent changes that wait; while it is, all others let them by.
    urgent: File,
}

/// The right to change the store, given back when dropped.
#[derive(Debug)]
pub struct WriteGuard<'a> {
    turn: Option<&'a File>,
    _queue: MutexGuard<'a, ()>,
}

impl Drop for WriteGuard<'_> {
    fn drop(&mut self) {
        // One that cannot be unlocked is when the process ends.
        let _ = self.turn.map(File::unlock);
    }
}

impl State {
    /// Whether there is nothing yet that processes could lock: no change was ever made with this state.
    pub fn is_unused(&self) -> bool {
        match &self.settings.location {
            Location::Memory => false,
            Location::Directory(directory) => self.write_lock.files.get().is_none() && !directory.exists(),
        }
    }

    /// Waits for the right to change the store until `deadline`; `None` if others still have it then. An urgent
    /// change goes before all that wait. Makes the state directory for it.
    ///
    /// # Errors
    /// The lock's files cannot be made or locked.
    pub async fn lock_writes(
        &self,
        urgent: bool,
        deadline: Instant,
    ) -> Result<Option<WriteGuard<'_>>, StateError> {
        let lock = &self.write_lock;
        let Ok(queue) = timeout_at(deadline, lock.enter(urgent)).await else { return Ok(None) };
        let Location::Directory(directory) = &self.settings.location else {
            // Nobody else can see a state in memory.
            return Ok(Some(WriteGuard { turn: None, _queue: queue }));
        };
        let files = lock.files.get_or_try_init(|| Files::open(directory, self.store_key())).await?;
        let locked = timeout_at(deadline, files.lock(urgent)).await;
        let failed = |source| directory::failed(&directory.join(WRITE_LOCKS), source);
        match locked {
            Ok(Ok(())) => Ok(Some(WriteGuard { turn: Some(&files.turn), _queue: queue })),
            Ok(Err(source)) => Err(failed(source)),
            Err(_) => Ok(None),
        }
    }
}

impl WriteLock {
    pub(super) fn new() -> Self {
        Self { queue: Mutex::new(()), urgent: watch::Sender::new(0), files: OnceCell::new() }
    }

    /// Waits for the right within this process.
    async fn enter(&self, urgent: bool) -> MutexGuard<'_, ()> {
        if urgent {
            let _waiting = Waiting::new(&self.urgent);
            return self.queue.lock().await;
        }
        let mut waiting = self.urgent.subscribe();
        loop {
            // The sender lives as long as this, so the wait does not fail.
            let _ = waiting.wait_for(|urgent| *urgent == 0).await;
            let queue = self.queue.lock().await;
            if *self.urgent.borrow() == 0 {
                return queue;
            }
        }
    }
}

/// One urgent change that waits; it counts until it is dropped.
struct Waiting<'a>(&'a watch::Sender<usize>);

impl<'a> Waiting<'a> {
    fn new(urgent: &'a watch::Sender<usize>) -> Self {
        urgent.send_modify(|urgent| *urgent += 1);
        Self(urgent)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|urgent| *urgent -= 1);
    }
}

impl Files {
    async fn open(directory: &Path, store: &str) -> Result<Self, StateError> {
        // A store's key is no file name, as it may hold a slash.
        let name = URL_SAFE_NO_PAD.encode(Sha256::digest(store));
        let locks = directory.join(WRITE_LOCKS);
        let (wanted, place) = (directory.to_owned(), locks.clone());
        let opened = move || {
            directory::ensure(&wanted)?;
            let open = |kind: &str| open(&place.join(format!("{name}{kind}{LOCK}")));
            let files = directory::create(&place)
                .and_then(|()| Ok(Self { turn: open("")?, urgent: open("-urgent")? }));
            files.map_err(|source| directory::failed(&place, source))
        };
        blocking(opened, |source| directory::failed(&locks, source)).await
    }

    /// Waits for the right among the processes.
    async fn lock(&self, urgent: bool) -> io::Result<()> {
        let _first = if urgent { Some(self.announce().await?) } else { None };
        loop {
            if (urgent || self.nobody_is_urgent()?) && is_taken(self.turn.try_lock())? {
                return Ok(());
            }
            sleep(if urgent { URGENT_LOOK } else { LOOK }).await;
        }
    }

    /// Has all others let this change by, for as long as what comes back lives.
    async fn announce(&self) -> io::Result<Announced<'_>> {
        // Others hold it for a moment only, to look.
        while !is_taken(self.urgent.try_lock_shared())? {
            sleep(URGENT_LOOK).await;
        }
        Ok(Announced(&self.urgent))
    }

    fn nobody_is_urgent(&self) -> io::Result<bool> {
        if !is_taken(self.urgent.try_lock())? {
            return Ok(false);
        }
        self.urgent.unlock().map(|()| true)
    }
}

struct Announced<'a>(&'a File);

impl Drop for Announced<'_> {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// Whether a lock could be had.
fn is_taken(tried: Result<(), TryLockError>) -> io::Result<bool> {
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn open(path: &PathBuf) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests;
