//! The state directory and who may enter it.

use std::fs;
use std::io;
use std::path::Path;

use super::StateError;

/// The database in the state directory.
pub(super) const DATABASE: &str = "state.db";

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

/// Runs what waits for the disk off the async threads; it goes on to its end even if nobody waits any more.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StateError> + Send + 'static,
    failed: impl FnOnce(io::Error) -> StateError,
) -> Result<T, StateError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(failed(io::Error::other(error))))
}

pub(super) fn failed(directory: &Path, source: io::Error) -> StateError {
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

#[cfg(unix)]
fn create(directory: &Path) -> io::Result<()> {
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
fn create(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

#[cfg(unix)]
fn close_to_others(directory: &Path, found: &fs::Metadata) -> Result<(), StateError> {
    use std::os::unix::fs::PermissionsExt;

    if found.permissions().mode().trailing_zeros() >= 6 {
        return Ok(());
    }
    let closed = || {
        if !holds_only_state(directory)? {
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

/// Whether every file is one of this module's; `SQLite` keeps some beside the database (`state.db-wal`).
#[cfg(unix)]
fn holds_only_state(directory: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if name != AUDIT_LOG && name != DATABASE && !name.starts_with("state.db-") {
            return Ok(false);
        }
    }
    Ok(true)
}
