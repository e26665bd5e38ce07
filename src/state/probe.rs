//! Looks whether the state can be kept, without making anything of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Location, State, StateError, directory};

impl State {
    /// Finds out whether changes could be put on record.
    ///
    /// # Errors
    /// The directory cannot be made, or what is in it cannot be used.
    pub async fn probe(&self) -> Result<(), StateError> {
        let Location::Directory(directory) = &self.settings.location else { return Ok(()) };
        let wanted = directory.clone();
        let look = move || may_write(&wanted).map_err(|source| directory::failed(&wanted, source));
        let failed = |source| directory::failed(directory, source);
        directory::blocking(look, failed).await?;
        self.for_reading().await.map(|_| ())
    }

    /// Finds out whether the audit log could be written. Gives its file.
    ///
    /// # Errors
    /// It cannot be opened for appending, or it is missing and cannot be made.
    pub async fn probe_audit(&self) -> Result<PathBuf, StateError> {
        let file = self.audit_log().ok_or(StateError::NoAuditLog)?.path;
        if fs::symlink_metadata(&file).is_ok() {
            return self.check_audit().await.map(|()| file);
        }
        let failed = |source| StateError::Audit { path: file.clone(), source };
        let directory = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        // The state directory will be made; any other one must be there.
        let is_ours = matches!(&self.settings.location, Location::Directory(state) if state == directory);
        if !is_ours {
            fs::metadata(directory).map_err(failed)?;
        }
        may_write(directory).map_err(failed)?;
        Ok(file)
    }
}

/// Whether files could be made in a directory, which may itself have to be made first.
fn may_write(directory: &Path) -> io::Result<()> {
    let directory = std::path::absolute(directory)?;
    for there in directory.ancestors() {
        match fs::metadata(there) {
            Ok(found) if found.is_dir() => return access(there),
            Ok(_) => return Err(io::ErrorKind::NotADirectory.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(unix)]
fn access(directory: &Path) -> io::Result<()> {
    use rustix::fs::Access;

    Ok(rustix::fs::access(directory, Access::WRITE_OK | Access::EXEC_OK)?)
}

#[cfg(not(unix))]
fn access(directory: &Path) -> io::Result<()> {
    if fs::metadata(directory)?.permissions().readonly() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(())
}
