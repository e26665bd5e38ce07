//! The state directory, what is in it, and who may enter it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::StateError;

/// The database of the state.
pub(crate) const STATE_DATABASE: &str = "state.db";

/// The database of the jobs.
pub(crate) const JOBS_DATABASE: &str = "jobs.db";

/// The practice store, where it is kept beside the state.
const PRACTICE_STORE: &str = "practice-store.db";

/// The directory of the files that processes lock while they run jobs.
pub(crate) const OWNERS: &str = "owners";

/// The directory of the files that processes lock while they change a store.
pub(crate) const WRITE_LOCKS: &str = "writes";

/// How the names of those files end.
pub(crate) const LOCK: &str = ".lock";

/// The audit log in the state directory, unless another file is named.
pub(super) const AUDIT_LOG: &str = "audit.jsonl";

/// Makes the directory and its missing parents for the owner alone, or closes one that is there.
///
/// # Errors
/// [`StateError::Directory`], and [`StateError::OpenToOthers`] if the directory is wider and not the state's
/// alone.
pub(super) fn ensure(directory: &Path) -> Result<(), StateError> {
    match fs::metadata(directory) {
        Ok(found) if found.is_dir() => close_to_others(directory, &found),
        Ok(_) => Err(io::ErrorKind::NotADirectory.into()).map_err(|source| failed(directory, source)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create(directory).map_err(|source| failed(directory, source))
        }
        Err(source) => Err(failed(directory, source)),
    }
}

/// The file for a practice store in the state directory, which is made if it is missing.
///
/// # Errors
/// As [`ensure`].
pub(super) fn practice_store(directory: &Path) -> Result<PathBuf, StateError> {
    ensure(directory)?;
    Ok(directory.join(PRACTICE_STORE))
}

/// Runs what waits for the disk off the async threads; it goes on to its end even if nobody waits any more.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StateError> + Send + 'static,
    failed: impl FnOnce(io::Error) -> StateError,
) -> Result<T, StateError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(failed(io::Error::other(error))))
}

pub(crate) fn failed(directory: &Path, source: io::Error) -> StateError {
    StateError::Directory { path: directory.to_owned(), source }
}

/// Leaves a file that is there to its owner alone.
#[cfg(unix)]
pub(super) fn restrict(file: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    fs::set_permissions(file, fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
pub(super) fn restrict(_file: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes a directory and its missing parents for the owner alone.
#[cfg(unix)]
pub(crate) fn create(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    // The new entry lasts through a power cut only once the parent is on the disk. Some file systems cannot
    // do this for a directory, and those need nothing.
    if let Some(parent) = directory.parent() {
        let _ = fs::File::open(parent).and_then(|parent| parent.sync_all());
    }
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn create(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

#[cfg(unix)]
fn close_to_others(directory: &Path, found: &fs::Metadata) -> Result<(), StateError> {
    use std::os::unix::fs::PermissionsExt;

    if found.permissions().mode().trailing_zeros() >= 6 {
        return Ok(());
    }
    let closed = || {
        if !holds_only_ours(directory)? {
            return Ok(false);
        }
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).map(|()| true)
    };
    match closed() {
        Ok(true) => Ok(()),
        Ok(false) => Err(StateError::OpenToOthers(directory.to_owned())),
        Err(source) => Err(failed(directory, source)),
    }
}

#[cfg(not(unix))]
fn close_to_others(_directory: &Path, _found: &fs::Metadata) -> Result<(), StateError> {
    Ok(())
}

/// Whether every file is one of this program's; `SQLite` keeps some beside a database (`state.db-wal`).
#[cfg(unix)]
fn holds_only_ours(directory: &Path) -> io::Result<bool> {
    all_are(directory, |entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let of_a_database = [STATE_DATABASE, JOBS_DATABASE, PRACTICE_STORE].iter().any(|database| {
            name.strip_prefix(database).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        });
        if name == OWNERS || name == WRITE_LOCKS {
            return all_are(&entry.path(), |lock| Ok(lock.file_name().to_string_lossy().ends_with(LOCK)));
        }
        Ok(of_a_database || name == AUDIT_LOG)
    })
}

#[cfg(unix)]
fn all_are(directory: &Path, ours: impl Fn(&fs::DirEntry) -> io::Result<bool>) -> io::Result<bool> {
    for entry in fs::read_dir(directory)? {
        if !ours(&entry?)? {
            return Ok(false);
        }
    }
    Ok(true)
}
