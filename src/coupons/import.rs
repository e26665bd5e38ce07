//! The rows of an import: checked whole, before anything is sent.
//!
//! A row without a limit is refused rather than imported, since 0 means unlimited to BigCommerce.

mod columns;
mod content;
mod fault;
mod file;
mod records;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::Read;

use super::text::formula_restored;
use super::{CodeText, UseLimits, quoted};
use columns::Columns;
use fault::Unit;
use records::Records;

pub use content::MAX_FILE_BYTES;
pub use fault::ImportFault;
pub use file::open;

/// The largest limit of a code; the tools that create single codes take no larger one either.
const MOST_USES: u32 = 2_147_483_647;

const NO_MAX_USES: &str = "no max_uses in the row or the call; 0 would mean unlimited";

/// One code to create.
#[derive(Debug, Clone)]
pub struct ImportRow {
    /// Where it stands, from 1: the line of the CSV file, or the place in the list.
    pub line: u64,
    /// The text; no other row has one that differs in case only.
    pub code: CodeText,
    /// How often it may be used: 0-2,147,483,647 each, 0 = unlimited.
    pub limits: UseLimits,
}

/// What an import consists of.
#[derive(Debug, Clone)]
pub struct Import {
    /// The codes.
    pub rows: Vec<ImportRow>,
    /// Names of the columns that were not read.
    pub ignored_columns: Vec<String>,
    /// Codes that had white space at their ends, which is no part of them.
    pub trimmed: usize,
}

/// Limits for rows that name none: 0-2,147,483,647 each, 0 = unlimited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Defaults {
    /// Uses in all. Without it, each row must name its own.
    pub max_uses: Option<u32>,
    /// Uses per customer. Without it, 0.
    pub max_uses_per_customer: Option<u32>,
}

/// The rows of a list of codes, all with the same limits.
///
/// # Errors
/// An [`ImportFault`] with every text that cannot be a code or comes twice; a list without codes and one
/// without `max_uses` are refused too.
pub fn from_codes(codes: &[String], defaults: &Defaults) -> Result<Import, ImportFault> {
    if codes.is_empty() {
        return Err(ImportFault::single(None, "there are no codes"));
    }
    if defaults.max_uses.is_none() {
        return Err(ImportFault::single(None, NO_MAX_USES));
    }
    let mut checked = Checked::new(Unit::Code, defaults);
    for (place, code) in (1..).zip(codes) {
        checked.row(place, code, Ok(None), Ok(None));
    }
    let trimmed = codes.iter().filter(|code| code.trim().len() != code.len()).count();
    Ok(Import { rows: checked.finish()?, ignored_columns: Vec::new(), trimmed })
}

/// The rows of a CSV file: `code`, and where wanted `max_uses` and `max_uses_per_customer`, named by the first
/// line in the words of merchants' tools. A byte order mark, CRLF, quotes, and `;` or tab for `,` are fine.
///
/// At most [`MAX_FILE_BYTES`] are read, fewer if the content turns out to be no CSV text.
///
/// # Errors
/// An [`ImportFault`] with every row that is wrong, or with what is wrong with the file: not UTF-8, not
/// readable, too large, columns that are missing, unknown or double, no rows, or more than `most_rows`.
pub fn from_csv(reader: impl Read, most_rows: usize, defaults: &Defaults) -> Result<Import, ImportFault> {
    let text = content::read(reader)?;
    let mut records = Records::of(&text);
    let Some((line, header)) = records.next() else {
        let problem = format!("there is nothing in it; {}", columns::RULE);
        return Err(ImportFault::single(None, problem));
    };
    let columns = Columns::read(line, &header, defaults.max_uses.is_some())?;
    if columns.max_uses.is_none() && defaults.max_uses.is_none() {
        return Err(ImportFault::single(Some(line), NO_MAX_USES));
    }
    let mut checked = Checked::new(Unit::Line, defaults);
    let mut trimmed = 0;
    for (place, (line, record)) in records.enumerate() {
        if place == most_rows {
            let problem = format!("there are more rows than {most_rows}, the most of one import");
            return Err(ImportFault::single(Some(line), problem));
        }
        trimmed += usize::from(columns.has_white_space(&record));
        match columns.cells(&record) {
            Err(problem) => checked.fault.add(Some(line), problem),
            Ok(cells) => checked.row(
                line,
                cells.code,
                limit("max_uses", cells.max_uses),
                limit("max_uses_per_customer", cells.max_uses_per_customer),
            ),
        }
    }
    Ok(Import { rows: checked.finish()?, ignored_columns: columns.ignored, trimmed })
}

/// A limit as a cell has it; `None` for a cell that is empty or not there.
fn limit(name: &str, cell: Option<&str>) -> Result<Option<u32>, String> {
    let Some(written) = cell.map(str::trim).filter(|written| !written.is_empty()) else {
        return Ok(None);
    };
    // Spreadsheets write whole numbers with a fraction of nothing.
    let whole =
        written.split_once(['.', ',']).filter(|(_, fraction)| is_zeros(fraction)).map(|(whole, _)| whole);
    // A sign is no part of a limit, though parse() would take one.
    let digits =
        Some(whole.unwrap_or(written)).filter(|written| written.bytes().all(|byte| byte.is_ascii_digit()));
    match digits.and_then(|digits| digits.parse().ok()).filter(|&limit| limit <= MOST_USES) {
        Some(limit) => Ok(Some(limit)),
        None => Err(format!(
            "{name} is a whole number from 0 (unlimited) to {MOST_USES}, not {}",
            quoted(written)
        )),
    }
}

fn is_zeros(fraction: &str) -> bool {
    // Three of them may be thousands.
    matches!(fraction, "0" | "00")
}

/// Rows as far as they have been checked.
struct Checked<'a> {
    unit: Unit,
    defaults: &'a Defaults,
    rows: Vec<ImportRow>,
    /// Where each text was seen first.
    seen: HashMap<String, u64>,
    fault: ImportFault,
}

impl<'a> Checked<'a> {
    fn new(unit: Unit, defaults: &'a Defaults) -> Self {
        Self { unit, defaults, rows: Vec::new(), seen: HashMap::new(), fault: ImportFault::of(unit) }
    }

    /// Takes a row, or what is wrong with it: all of it.
    fn row(
        &mut self,
        line: u64,
        code: &str,
        max_uses: Result<Option<u32>, String>,
        max_uses_per_customer: Result<Option<u32>, String>,
    ) {
        // An export may have put an apostrophe in front.
        let code = CodeText::parse(formula_restored(code)).map_err(|error| error.to_string());
        let code = code.and_then(|code| self.first_of_its_text(line, code));
        let max_uses =
            max_uses.and_then(|limit| limit.or(self.defaults.max_uses).ok_or_else(|| NO_MAX_USES.to_owned()));
        let per_customer =
            max_uses_per_customer.map(|limit| limit.or(self.defaults.max_uses_per_customer).unwrap_or(0));
        match (code, max_uses, per_customer) {
            (Ok(code), Ok(max_uses), Ok(per_customer)) => {
                let limits =
                    UseLimits { max_uses: max_uses.into(), max_uses_per_customer: per_customer.into() };
                self.rows.push(ImportRow { line, code, limits });
            }
            (code, max_uses, per_customer) => {
                for problem in [code.err(), max_uses.err(), per_customer.err()].into_iter().flatten() {
                    self.fault.add(Some(line), problem);
                }
            }
        }
    }

    fn first_of_its_text(&mut self, line: u64, code: CodeText) -> Result<CodeText, String> {
        match self.seen.entry(code.folded()) {
            Entry::Vacant(entry) => {
                entry.insert(line);
                Ok(code)
            }
            Entry::Occupied(entry) => Err(format!(
                "{} stands in {} {} already (case makes no difference)",
                quoted(code.as_str()),
                self.unit,
                entry.get()
            )),
        }
    }

    fn finish(mut self) -> Result<Vec<ImportRow>, ImportFault> {
        if self.rows.is_empty() && self.fault.count() == 0 {
            self.fault.add(None, "there are no rows below the line that names the columns");
        }
        if self.fault.count() == 0 { Ok(self.rows) } else { Err(self.fault) }
    }
}

#[cfg(test)]
mod tests;
