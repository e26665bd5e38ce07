//! Opening a file that a caller names, and none but those that an operator lets be read.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Component, Path, PathBuf};

use super::ImportFault;
use super::content::{MAX_FILE_BYTES, too_large};
use crate::coupons::quoted;

/// Opens a regular file of at most [`MAX_FILE_BYTES`] inside one of the `allowed` directories. A relative path
/// is taken below the first of them.
///
/// Below an allowed directory no symbolic link is followed; the directory itself may be reached through one.
/// Nothing but a regular file is ever opened, so that the call does not wait for the other end of a FIFO.
///
/// # Errors
/// An [`ImportFault`] that names the rule: no directory is allowed, the path is outside of them or has `..` in
/// it, a link, a directory or a device stands there, the file is too large, cannot be read, or was exchanged
/// for another while it was looked at.
pub fn open(path: &Path, allowed: &[PathBuf]) -> Result<File, ImportFault> {
    if path.components().any(|part| part == Component::ParentDir) {
        return Err(refused(path, "has .. in it, which is not allowed"));
    }
    let (root, below) = place(path, allowed)?;
    let (full, seen) = walk(path, &root, &below)?;
    open_seen(path, &root, &full, &seen)
}

/// Opens what [`walk`] has seen, unless something else stands there by now.
fn open_seen(path: &Path, root: &Path, full: &Path, seen: &Metadata) -> Result<File, ImportFault> {
    let unreadable = |error: io::Error| refused(path, &format!("cannot be read: {error}"));
    let file = File::open(full).map_err(unreadable)?;
    let opened = file.metadata().map_err(unreadable)?;
    let real = fs::canonicalize(full).map_err(unreadable)?;
    let there = fs::metadata(&real).map_err(unreadable)?;
    // A directory may have got the number of a file that was deleted.
    let is_that_file = opened.is_file() && is_same(&opened, seen) && is_same(&opened, &there);
    if is_that_file && real.starts_with(root) {
        Ok(file)
    } else {
        Err(refused(path, "was exchanged for another while it was opened"))
    }
}

/// The allowed directory that holds a path, without links, and the rest of the path.
fn place(path: &Path, allowed: &[PathBuf]) -> Result<(PathBuf, PathBuf), ImportFault> {
    let Some(first) = allowed.first() else {
        let problem = "no directory may be read: the operator must name one with --allow-dir";
        return Err(ImportFault::single(None, problem));
    };
    if path.is_relative() {
        let root = fs::canonicalize(first).map_err(|error| {
            let problem = format!("the allowed directory {} cannot be read: {error}", first.display());
            ImportFault::single(None, problem)
        })?;
        return Ok((root, path.to_owned()));
    }
    let inside = |directory: &PathBuf| {
        let root = fs::canonicalize(directory).ok()?;
        let below = path.strip_prefix(directory).or_else(|_| path.strip_prefix(&root)).ok()?.to_owned();
        Some((root, below))
    };
    allowed.iter().find_map(inside).ok_or_else(|| {
        let names: Vec<_> = allowed.iter().map(|directory| directory.display().to_string()).collect();
        refused(path, &format!("is outside of the allowed directories: {}", names.join(", ")))
    })
}

/// Looks at each part of a path, from the allowed directory on; returns the file's full path and what it is.
fn walk(path: &Path, root: &Path, below: &Path) -> Result<(PathBuf, Metadata), ImportFault> {
    let look = |full: &Path| {
        let seen = fs::symlink_metadata(full);
        let seen = seen.map_err(|error| refused(path, &format!("cannot be read: {error}")))?;
        if seen.is_symlink() {
            return Err(refused(path, "is, or leads through, a symbolic link, which is not followed"));
        }
        Ok(seen)
    };
    let mut full = root.to_owned();
    let mut seen = look(&full)?;
    for part in below.components() {
        match part {
            Component::Normal(name) => full.push(name),
            Component::CurDir => continue,
            // On Windows a relative path may still name a drive.
            _ => return Err(refused(path, "names no place below an allowed directory")),
        }
        seen = look(&full)?;
    }
    if !seen.is_file() {
        return Err(refused(path, "is not a regular file"));
    }
    if seen.len() > MAX_FILE_BYTES {
        return Err(too_large());
    }
    Ok((full, seen))
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    one.len() == other.len()
}

fn refused(path: &Path, rule: &str) -> ImportFault {
    ImportFault::single(None, format!("{} {rule}", quoted(&path.display().to_string())))
}

#[cfg(test)]
mod tests;
