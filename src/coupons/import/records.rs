//! The rows of a CSV text, each with its line.

use csv::{Reader, ReaderBuilder, StringRecord};

use super::content::line_ends;

/// Signs that may stand between cells; where a header has none, or two as often, the earlier one counts.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Rows in which there is something, with the lines they begin in, from 1.
pub(super) struct Records<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    /// How far lines have been counted: the byte, and its line.
    counted: (usize, u64),
}

impl<'a> Records<'a> {
    /// The rows of `text`, with the delimiter that its first line uses or names.
    pub(super) fn of(text: &'a str) -> Self {
        let (first, rest) = text.split_once(['\n', '\r']).unwrap_or((text, ""));
        let ended_by_both = text.get(first.len()..).is_some_and(|end| end.starts_with("\r\n"));
        let rest = if ended_by_both { rest.strip_prefix('\n').unwrap_or(rest) } else { rest };
        let (named, rows, lines) = match named_delimiter(first) {
            Some(named) => (
                Some(named),
                rest,
                1 + line_ends(text.as_bytes().get(..text.len() - rest.len()).unwrap_or_default()),
            ),
            None => (None, text, 1),
        };
        let reader = ReaderBuilder::new()
            .delimiter(named.unwrap_or_else(|| delimiter(rows)))
            .has_headers(false)
            .flexible(true)
            .from_reader(rows.as_bytes());
        Self { text: rows, reader, counted: (0, lines) }
    }

    /// The line that a record begins in. What the reader calls its start may be the end of the line before, or
    /// that of empty lines in between.
    fn line_of(&mut self, record: &StringRecord) -> u64 {
        let (counted, line) = self.counted;
        let start = record.position().map_or(0, csv::Position::byte);
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        let start = start + rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let between = self.text.as_bytes().get(counted..start).unwrap_or_default();
        self.counted = (start, line + line_ends(between));
        self.counted.1
    }
}

impl Iterator for Records<'_> {
    type Item = (u64, StringRecord);

    fn next(&mut self) -> Option<Self::Item> {
        let mut record = StringRecord::new();
        // Of text in memory, with rows of any width, nothing can fail to be read.
        while self.reader.read_record(&mut record).unwrap_or(false) {
            if record.iter().any(|cell| !cell.trim().is_empty()) {
                return Some((self.line_of(&record), record));
            }
        }
        None
    }
}

/// The delimiter in a first line such as `sep=;`, by which Excel names it.
fn named_delimiter(line: &str) -> Option<u8> {
    let line = line.trim_matches([' ', '"']);
    let (name, sign) = line.split_at_checked(4)?;
    let [sign] = *sign.as_bytes() else { return None };
    (name.eq_ignore_ascii_case("sep=") && DELIMITERS.contains(&sign)).then_some(sign)
}

/// The sign that the first line with something in it has most often outside of quotes.
fn delimiter(text: &str) -> u8 {
    let header = text.split(['\n', '\r']).find(|line| !line.trim().is_empty()).unwrap_or_default();
    let unquoted = || header.split('"').step_by(2).flat_map(str::bytes);
    let times = |delimiter: &u8| unquoted().filter(|byte| byte == delimiter).count();
    DELIMITERS.into_iter().rev().max_by_key(times).unwrap_or(b',')
}
