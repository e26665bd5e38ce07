//! The file of an export, while it grows and when it is whole.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::state::{directory, random};

/// What keeps two exports of one second apart.
const RANDOM: usize = 6;
/// How the name ends until the file is whole.
const PARTIAL: &str = ".partial";

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// The directory is none, or cannot be made.
    #[error("the export directory {} cannot be used: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file cannot be read.
    #[error("the file {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file cannot be made or written: no permission, a full disk.
    #[error("the file {} cannot be written: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Makes the directory for its owner alone if it is missing, and in it an empty file, not yet under its name, so that
/// nobody else gets that. The absolute path that the export will have comes back, such as
/// `/home/anna/coupon-mcp-exports/coupon-codes-2026-11-22-180000-4k9z2m.csv`.
///
/// # Errors
/// A [`FileFault`]: nothing can be written there.
pub fn reserve(directory: &Path, now: Timestamp) -> Result<PathBuf, FileFault> {
    let unusable = |source| FileFault::Directory { path: directory.to_owned(), source };
    let absolute = std::path::absolute(directory).map_err(unusable)?;
    if !absolute.is_dir() {
        directory::create(&absolute).map_err(unusable)?;
    }
    let time = now.strftime("%Y-%m-%d-%H%M%S");
    let path = absolute.join(format!("coupon-codes-{time}-{}.csv", random::speakable(RANDOM)));
    let partial = partial_of(&path);
    create(&partial).map_err(|source| FileFault::File { path: partial, source })?;
    Ok(path)
}

/// Takes back a reservation of an export that did not begin. What cannot be removed is in nobody's way.
pub fn discard(path: &Path) {
    let _ = fs::remove_file(partial_of(path));
}

/// What a whole file holds.
#[derive(Debug, PartialEq, Eq)]
pub enum FileText {
    /// All of it.
    Whole(String),
    /// It has more bytes than were asked for: so many.
    TooLong(u64),
}

/// Reads a file that is whole, unless it has more than `most` bytes.
///
/// # Errors
/// A [`FileFault`]: it is gone, or is no longer a file of its own.
pub fn read(path: &Path, most: u64) -> Result<FileText, FileFault> {
    let read = || {
        let file = open_to_read(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        if metadata.len() > most {
            return Ok(FileText::TooLong(metadata.len()));
        }
        let mut text = String::new();
        file.take(most).read_to_string(&mut text)?;
        Ok(FileText::Whole(text))
    };
    read().map_err(|source| FileFault::Unreadable { path: path.to_owned(), source })
}

fn open_to_read(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;

        use rustix::fs::OFlags;

        // What somebody has put in its place is not handed out, nor waited for.
        options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    }
    options.open(path)
}

/// A file that grows.
#[derive(Debug)]
pub(super) struct ExportFile {
    path: PathBuf,
    partial: PathBuf,
    file: Arc<File>,
    len: u64,
}

impl ExportFile {
    /// Opens what an earlier process left and cuts it off at `len` bytes; an empty file if there is less of it.
    pub(super) fn open(path: &Path, len: u64) -> Result<Self, FileFault> {
        let partial = partial_of(path);
        match Self::open_partial(&partial, len) {
            Ok((file, len)) => Ok(Self { path: path.to_owned(), partial, file: Arc::new(file), len }),
            Err(source) => Err(FileFault::File { path: partial, source }),
        }
    }

    fn open_partial(partial: &Path, len: u64) -> io::Result<(File, u64)> {
        if let Some(directory) = partial.parent().filter(|directory| !directory.is_dir()) {
            directory::create(directory)?;
        }
        let mut file = match create(partial) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => reopen(partial)?,
            created => created?,
        };
        let len = if file.metadata()?.len() < len { 0 } else { len };
        file.set_len(len)?;
        file.seek(SeekFrom::Start(len))?;
        Ok((file, len))
    }

    /// Its length in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Adds a page of rows. They are on the disk when [`Self::syncing`] has run.
    pub(super) fn write(&mut self, rows: io::Result<Vec<u8>>) -> Result<(), FileFault> {
        let written = rows.and_then(|rows| {
            (&*self.file).write_all(&rows)?;
            Ok(rows.len() as u64)
        });
        self.len += written.map_err(|source| FileFault::File { path: self.partial.clone(), source })?;
        Ok(())
    }

    /// What puts all of it on the disk, for a thread that may wait for that.
    pub(super) fn syncing(&self) -> impl FnOnce() -> Result<(), FileFault> + Send + use<> {
        let (file, path) = (Arc::clone(&self.file), self.partial.clone());
        move || file.sync_data().map_err(|source| FileFault::File { path, source })
    }

    /// Gives a file that is whole and on the disk its name.
    pub(super) fn finish(self) -> Result<(), FileFault> {
        let Self { path, partial, .. } = self;
        if let Err(source) = fs::rename(partial, &path) {
            return Err(FileFault::File { path, source });
        }
        // The new name lasts through a power cut once the directory is on the disk, where that can be had.
        if let Some(directory) = path.parent() {
            let _ = File::open(directory).and_then(|directory| directory.sync_all());
        }
        Ok(())
    }
}

fn partial_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(PARTIAL);
    name.into()
}

/// A new file for its owner alone; never what a symbolic link of that name leads to.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The file of an earlier process, and nothing else that may have come in its place.
fn reopen(path: &Path) -> io::Result<File> {
    let seen = fs::symlink_metadata(path)?;
    if seen.is_file() {
        let file = OpenOptions::new().write(true).open(path)?;
        if is_same(&file.metadata()?, &seen) {
            return Ok(file);
        }
    }
    Err(io::Error::other("something else has come in its place"))
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    one.is_file() && one.len() == other.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T18:00:00Z".parse().unwrap()
    }

    fn contents(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    fn write(file: &mut ExportFile, text: &str) {
        file.write(Ok(text.into())).unwrap();
    }

    #[test]
    fn a_file_gets_its_name_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = reserve(&folder.path().join("new/exports"), now()).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let random =
            name.strip_prefix("coupon-codes-2026-11-22-180000-").and_then(|n| n.strip_suffix(".csv"));
        assert!(random.is_some_and(|random| random.len() == RANDOM), "{name}");
        let mut file = ExportFile::open(&path, 0).unwrap();
        write(&mut file, "a,b\n");
        write(&mut file, "1,2\n");
        assert_eq!((file.len(), path.exists()), (8, false));
        file.syncing()().unwrap();
        file.finish().unwrap();
        assert_eq!((contents(&path).as_str(), partial_of(&path).exists()), ("a,b\n1,2\n", false));
    }

    #[test]
    fn an_earlier_file_is_cut_off_where_the_journal_ends_and_written_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = reserve(folder.path(), now()).unwrap();
        write(&mut ExportFile::open(&path, 0).unwrap(), "1\n2\n3\nhalf a ro");
        let mut file = ExportFile::open(&path, 6).unwrap();
        assert_eq!(file.len(), 6);
        write(&mut file, "4\n");
        assert_eq!(contents(&partial_of(&path)), "1\n2\n3\n4\n");
    }

    #[test]
    fn a_file_that_is_gone_or_too_short_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = reserve(&folder.path().join("exports"), now()).unwrap();
        write(&mut ExportFile::open(&path, 0).unwrap(), "1\n");
        assert_eq!(ExportFile::open(&path, 6).unwrap().len(), 0);
        assert_eq!(contents(&partial_of(&path)), "");
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
        assert_eq!(ExportFile::open(&path, 6).unwrap().len(), 0);
    }

    #[test]
    fn a_whole_file_is_read_unless_it_is_long() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        fs::write(&path, "1\n2\n").unwrap();
        assert_eq!(read(&path, 4).unwrap(), FileText::Whole("1\n2\n".to_owned()));
        assert_eq!(read(&path, 3).unwrap(), FileText::TooLong(4));
        assert!(read(folder.path(), 4).is_err() && read(&folder.path().join("b.csv"), 4).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_was_put_in_the_place_of_a_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let (secret, link) = (folder.path().join("secret"), folder.path().join("link.csv"));
        fs::write(&secret, "secret").unwrap();
        std::os::unix::fs::symlink(&secret, &link).unwrap();
        assert!(read(&link, 100).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn directory_and_file_are_their_owners_alone_and_a_link_is_not_followed() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let folder = tempfile::tempdir().unwrap();
        let path = reserve(&folder.path().join("exports"), now()).unwrap();
        assert_eq!((mode(path.parent().unwrap()), mode(&partial_of(&path))), (0o700, 0o600));
        let other = folder.path().join("other");
        fs::write(&other, "precious").unwrap();
        fs::remove_file(partial_of(&path)).unwrap();
        symlink(&other, partial_of(&path)).unwrap();
        let refused = ExportFile::open(&path, 0).unwrap_err().to_string();
        assert!(refused.ends_with("cannot be written: something else has come in its place"), "{refused}");
        assert_eq!(contents(&other), "precious");
    }

    #[test]
    fn a_directory_that_is_a_file_is_refused_and_what_was_not_begun_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for directory in [file.clone(), file.join("below")] {
            let refused = reserve(&directory, now()).unwrap_err().to_string();
            let expected = format!("the export directory {} cannot be used: ", directory.display());
            assert!(refused.starts_with(&expected), "{refused}");
        }
        let path = reserve(&folder.path().join("exports"), now()).unwrap();
        discard(&path);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 0);
    }
}
