//! Which process runs a job.
//!
//! Each process that runs jobs has a random name and holds a lock on a file of that name in the state
//! directory. The operating system lets go of the lock when the process ends, however it ends, so another
//! process of the same machine sees at once whether it lives, and no clock has a say in it. Not every file
//! system shares its locks between machines: of an owner on another one, a free lock says nothing, and the time
//! of its lease counts.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::state::directory::{self, LOCK, OWNERS, blocking};
use crate::state::{Location, StateError, random};

/// How long a job stays with a process of another machine that is not heard of.
pub const LEASE: Duration = Duration::from_secs(30);

const NAME_LENGTH: usize = 20;

/// A process that runs jobs, for as long as this lives.
#[derive(Debug)]
pub(super) struct Owner {
    /// What the jobs carry.
    pub(super) name: String,
    /// Where it runs.
    pub(super) machine: String,
    /// None for jobs in memory: nobody else can see those.
    _lock: Option<Lock>,
}

impl Owner {
    /// A new owner, known to all who share the location.
    ///
    /// # Errors
    /// The lock's file cannot be made or locked.
    pub(super) async fn enter(location: &Location) -> Result<Self, StateError> {
        let (name, machine) = (random::speakable(NAME_LENGTH), machine());
        let Location::Directory(directory) = location else {
            return Ok(Self { name, machine, _lock: None });
        };
        let owners = directory.join(OWNERS);
        let entered = {
            let owners = owners.clone();
            move || {
                let lock = directory::create(&owners).and_then(|()| {
                    sweep(&owners, &machine);
                    Lock::take(file_of(&owners, &name), &machine)
                });
                let lock = lock.map_err(|source| directory::failed(&owners, source))?;
                Ok(Self { name, machine, _lock: Some(lock) })
            }
        };
        blocking(entered, |source| directory::failed(&owners, source)).await
    }
}

/// A file that this process has locked. It goes with the lock.
#[derive(Debug)]
struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    fn take(path: PathBuf, machine: &str) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        let mut lock = Self { path, file };
        // Waits at most for one that is just looking.
        lock.file.lock()?;
        // Only now, because nobody sweeps a file away that does not name a machine.
        lock.file.write_all(machine.as_bytes())?;
        Ok(lock)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // One that stays is swept away by the next owner.
        let _ = fs::remove_file(&self.path);
    }
}

/// An owner as a job names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tenure {
    /// The owner's name.
    pub(super) owner: String,
    /// Where it runs.
    pub(super) machine: String,
    /// Until when its lease is, in milliseconds since 1970.
    pub(super) until: i64,
}

impl Tenure {
    /// Whether its owner still runs the job, as far as can be told at `now`, in milliseconds since 1970.
    ///
    /// # Errors
    /// The lock's file is there and cannot be looked at.
    pub(super) fn lasts(&self, directory: &Path, now: i64) -> Result<bool, StateError> {
        let owners = directory.join(OWNERS);
        let locked = is_locked(&file_of(&owners, &self.owner));
        let locked = locked.map_err(|source| directory::failed(&owners, source))?;
        Ok(locked || (self.machine != machine() && now < self.until))
    }
}

fn file_of(owners: &Path, name: &str) -> PathBuf {
    owners.join(format!("{name}{LOCK}"))
}

fn machine() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

fn is_locked(path: &Path) -> io::Result<bool> {
    match File::open(path) {
        Ok(file) => shares(&file).map(|shares| !shares),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the lock can be had together with others who look, so that two of them are not in each other's way.
fn shares(file: &File) -> io::Result<bool> {
    match file.try_lock_shared() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Removes what killed processes of this machine left. What cannot be removed is in nobody's way.
fn sweep(owners: &Path, machine: &str) {
    let Ok(entries) = fs::read_dir(owners) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let Ok(file) = File::open(&path) else { continue };
        if matches!(shares(&file), Ok(true)) && io::read_to_string(&file).is_ok_and(|text| text == machine) {
            // While the lock is shared, so that it cannot have become anybody's.
            let _ = fs::remove_file(&path);
        }
    }
}
