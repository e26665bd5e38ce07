//! A write-ahead log that has gone while its database was not in use.
//!
//! `SQLite` keeps an index of the log beside it (`-shm`). Whoever is the last to close the database has copied the
//! log into it, and removes first the index and then the log. Who is killed leaves both. So an index that tells of
//! more than the log holds, and than the database has got, is left only where somebody removed the log or emptied it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The format of the index, of all versions of `SQLite` so far.
const VERSION: u32 = 3_007_000;

/// Words of the header, which stands there twice; in the end a checksum of all before.
const HEADER: usize = 12;

/// How long the log's own header is, and that of each page in it, in bytes.
const LOG_HEADER: u64 = 32;
const FRAME_HEADER: u64 = 24;

/// The file that `SQLite` keeps beside a database.
pub(super) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(suffix);
    name.into()
}

/// Whether the log of a database is missing or cut short, so that what was written last is lost.
pub(super) fn is_lost(database: &Path) -> bool {
    let Some(index) = Index::read(database) else { return false };
    let length = fs::metadata(beside(database, "-wal")).map_or(0, |log| log.len());
    // The index once more: a process that closed the database meanwhile has removed it before the log.
    length < index.log_length() && Index::read(database) == Some(index)
}

/// As much of an index as tells how long the log must be.
#[derive(Debug, PartialEq, Eq)]
struct Index {
    header: [u32; HEADER],
    /// Pages that the database has got.
    copied: u32,
}

impl Index {
    /// `None` if there is none, or it is not whole: it is just being written, or its writer was killed early.
    fn read(database: &Path) -> Option<Self> {
        let words = words(&beside(database, "-shm")).ok()?;
        let (header, rest) = words.split_first_chunk::<HEADER>()?;
        let (copy, rest) = rest.split_first_chunk::<HEADER>()?;
        let (content, sum) = header.split_last_chunk::<2>()?;
        let is_whole = header == copy && header.first() == Some(&VERSION) && checksum(content) == *sum;
        is_whole.then_some(Self { header: *header, copied: *rest.first()? })
    }

    /// How long the log must at least be, in bytes, for nothing to be lost.
    fn log_length(&self) -> u64 {
        let [_, _, _, format, pages, ..] = self.header;
        if pages <= self.copied {
            return 0;
        }
        // Two flags, then the size of a page; the largest is written as 1.
        let [_, _, low, high] = format.to_ne_bytes();
        let size = match u16::from_ne_bytes([low, high]) {
            1 => 65_536,
            size => u64::from(size),
        };
        LOG_HEADER + u64::from(pages) * (FRAME_HEADER + size)
    }
}

/// The beginning of an index, in the machine's own order of bytes.
fn words(path: &Path) -> io::Result<[u32; 2 * HEADER + 1]> {
    let mut bytes = [0; 4 * (2 * HEADER + 1)];
    File::open(path)?.read_exact(&mut bytes)?;
    let (chunks, _) = bytes.as_chunks::<4>();
    let mut words = [0; 2 * HEADER + 1];
    for (word, chunk) in words.iter_mut().zip(chunks) {
        *word = u32::from_ne_bytes(*chunk);
    }
    Ok(words)
}

/// `SQLite`'s checksum of an even number of words.
fn checksum(words: &[u32]) -> [u32; 2] {
    words.as_chunks::<2>().0.iter().fold([0, 0], |[first, second], [one, other]| {
        let first = first.wrapping_add(*one).wrapping_add(second);
        [first, second.wrapping_add(*other).wrapping_add(first)]
    })
}

#[cfg(test)]
mod tests;
