//! What is wrong with an import.

use std::fmt;

/// So many problems are kept in words; the rest is counted.
const MOST_KEPT: usize = 20;

/// Why nothing of an import can be sent: the first 20 problems, and how many there are in all.
///
/// `Display` is one list for people: `line 3: ...; line 9: ...; and 14 more`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportFault {
    unit: Unit,
    problems: Vec<(Option<u64>, String)>,
    count: usize,
}

/// What the rows of an import are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Lines of a file.
    Line,
    /// Codes of a list.
    Code,
}

impl ImportFault {
    /// The first 20 problems in the order of the rows: the line or place in the list, from 1 (`None` = of the
    /// import as a whole), and a text without a full stop.
    pub fn problems(&self) -> &[(Option<u64>, String)] {
        &self.problems
    }

    /// Problems in all.
    pub fn count(&self) -> usize {
        self.count
    }

    /// No problem so far.
    pub(super) fn of(unit: Unit) -> Self {
        Self { unit, problems: Vec::new(), count: 0 }
    }

    /// The one problem of a file or of one of its lines.
    pub(super) fn single(line: Option<u64>, problem: impl Into<String>) -> Self {
        Self { unit: Unit::Line, problems: vec![(line, problem.into())], count: 1 }
    }

    pub(super) fn add(&mut self, place: Option<u64>, problem: impl Into<String>) {
        self.count += 1;
        if self.problems.len() < MOST_KEPT {
            self.problems.push((place, problem.into()));
        }
    }
}

impl fmt::Display for ImportFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (place, problem)) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            if let Some(place) = place {
                write!(f, "{} {place}: ", self.unit)?;
            }
            f.write_str(problem)?;
        }
        match self.count.saturating_sub(self.problems.len()) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl std::error::Error for ImportFault {}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Line => "line",
            Self::Code => "code",
        })
    }
}
