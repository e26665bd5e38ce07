//! The text of a file, read no further than it can be an import.

use std::io::Read;

use super::ImportFault;

/// Most bytes of a file: 32 MiB.
pub const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;

/// Bytes that are read at a time.
const CHUNK: u64 = 64 * 1024;

/// Most bytes of a line: far more than a row of an import needs.
const MAX_LINE_BYTES: usize = 64 * 1024;

const BYTE_ORDER_MARK: char = '\u{feff}';

const NOT_TEXT: &str = "not text in UTF-8 (spreadsheets save it as \"CSV UTF-8\")";

/// All of it, without a byte order mark. Binary content and endless lines end the reading early.
pub(super) fn read(mut reader: impl Read) -> Result<String, ImportFault> {
    let mut bytes = Vec::new();
    let mut line_start = 0;
    loop {
        let seen = bytes.len();
        let read = reader.by_ref().take(CHUNK).read_to_end(&mut bytes);
        let read = read.map_err(|error| ImportFault::single(None, format!("it cannot be read: {error}")))?;
        for (place, byte) in bytes.iter().enumerate().skip(seen) {
            if *byte == 0 {
                return Err(ImportFault::single(Some(line_at(&bytes, place)), NOT_TEXT));
            }
            if matches!(byte, b'\n' | b'\r') {
                line_start = place + 1;
            } else if place - line_start >= MAX_LINE_BYTES {
                let problem = format!("longer than {MAX_LINE_BYTES} bytes");
                return Err(ImportFault::single(Some(line_at(&bytes, place)), problem));
            }
        }
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(too_large());
        }
        if read == 0 {
            break;
        }
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        ImportFault::single(Some(line_at(error.as_bytes(), place)), NOT_TEXT)
    })?;
    if text.starts_with(BYTE_ORDER_MARK) {
        text.remove(0);
    }
    Ok(text)
}

pub(super) fn too_large() -> ImportFault {
    ImportFault::single(None, format!("larger than {MAX_FILE_BYTES} bytes, the most of one import"))
}

/// Line ends in `bytes`: LF, CRLF, or CR by itself.
pub(super) fn line_ends(bytes: &[u8]) -> u64 {
    let next = bytes.iter().skip(1).map(Some).chain([None]);
    let ends = bytes.iter().zip(next).filter(|(byte, next)| match byte {
        b'\n' => true,
        b'\r' => *next != Some(&b'\n'),
        _ => false,
    });
    ends.count() as u64
}

/// The line, from 1, of the byte at `place`, which is no line end.
fn line_at(bytes: &[u8], place: usize) -> u64 {
    1 + line_ends(bytes.get(..place).unwrap_or(bytes))
}
