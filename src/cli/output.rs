//! Printing. A reader that goes away (`| head`) is no error.

use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;

use anyhow::Context;
use comfy_table::{ColumnConstraint, Table, presets};
use serde::Serialize;
use terminal_size::Width;

use crate::telemetry;

/// A line of data, on stdout.
pub(super) fn data(line: &str) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// A line for people, on stderr.
pub(super) fn note(line: &str) {
    telemetry::note(line);
}

/// Data as indented JSON, on stdout.
pub(super) fn json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    data(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Rows below their header, on stdout. On a terminal that is too narrow for them `spare` columns are left out, the first
/// of these first.
pub(super) fn table<const N: usize>(header: [&str; N], rows: Vec<[String; N]>, spare: &[&str]) {
    let most =
        Some(io::stdout()).filter(IsTerminal::is_terminal).and_then(terminal_size_of).unwrap_or(usize::MAX);
    data(&fitted(header, rows, spare, most));
}

fn terminal_size_of(stdout: io::Stdout) -> Option<usize> {
    terminal_size::terminal_size_of(stdout).map(|(Width(columns), _)| columns.into())
}

fn fitted<const N: usize>(header: [&str; N], rows: Vec<[String; N]>, spare: &[&str], most: usize) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header).add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut spare = spare.iter();
    loop {
        let shown = table.trim_fmt();
        let width = shown.lines().map(|line| line.chars().count()).max().unwrap_or_default();
        let Some(left_out) = spare.next().filter(|_| width > most) else { return shown };
        let place = header.iter().position(|name| name == left_out);
        if let Some(column) = place.and_then(|place| table.column_mut(place)) {
            column.set_constraint(ColumnConstraint::Hidden);
        }
    }
}

/// CSV on stdout.
pub(super) struct Csv(csv::Writer<io::Stdout>);

impl Csv {
    pub(super) fn new() -> Self {
        Self(csv::Writer::from_writer(io::stdout()))
    }

    /// Writes rows out; `Break` says that nobody reads them any more.
    pub(super) fn rows<R, C>(&mut self, rows: impl IntoIterator<Item = R>) -> anyhow::Result<ControlFlow<()>>
    where
        R: IntoIterator<Item = C>,
        C: AsRef<[u8]>,
    {
        let written = rows.into_iter().try_for_each(|row| self.0.write_record(row));
        match written.and_then(|()| Ok(self.0.flush()?)) {
            Ok(()) => Ok(ControlFlow::Continue(())),
            Err(error) if is_broken_pipe(&error) => Ok(ControlFlow::Break(())),
            Err(error) => Err(error).context("stdout cannot be written"),
        }
    }
}

fn is_broken_pipe(error: &csv::Error) -> bool {
    matches!(error.kind(), csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::BrokenPipe)
}

/// Styles for a terminal; on anything else, and where `NO_COLOR` is set, plain text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    colours: bool,
}

impl Style {
    pub(super) fn of_stdout() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { colours: wanted && io::stdout().is_terminal() }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    pub(super) fn green(self, text: &str) -> String {
        self.wrap("32", text)
    }

    pub(super) fn red(self, text: &str) -> String {
        self.wrap("31", text)
    }

    pub(super) fn cyan(self, text: &str) -> String {
        self.wrap("36", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_terminal_shows_fewer_columns_and_no_broken_line() {
        let shown = |most| {
            fitted(
                ["JOB", "CREATED", "STORE"],
                vec![["job_1", "yesterday", "sandbox"].map(str::to_owned)],
                &["CREATED", "STORE"],
                most,
            )
        };
        assert_eq!(shown(80), "JOB    CREATED    STORE\njob_1  yesterday  sandbox");
        assert_eq!(shown(24), "JOB    STORE\njob_1  sandbox");
        assert_eq!(shown(3), "JOB\njob_1");
    }
}
