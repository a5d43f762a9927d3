//! What became of a list: what was repaired, what was left out, and what somebody has to look at.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use super::columns::Format;
use crate::{
    foreign::line,
    words::{first, many},
};

/// Rows that a line names, at most.
const ROWS: usize = 20;

/// What was done to a cell, so it could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Repair {
    /// `tel:` was left out.
    Scheme,
    /// Blanks and punctuation were left out.
    Spelling,
    /// The `+` of the country was put in front.
    Plus,
    /// The same, for the country that the list says the user is in.
    PlusOfCountry,
    /// `00` was replaced by the `+` of the country that somebody or the row named.
    Abroad,
    /// A variable of a script was replaced by what the script says that it is.
    Variable,
}

impl Repair {
    fn words(self) -> &'static str {
        match self {
            Self::Scheme => "`tel:` left out",
            Self::Spelling => "blanks and punctuation left out of a number",
            Self::Plus => "`+` put before a number of the country that was named",
            Self::PlusOfCountry => "`+` put before a number of the country that the row names",
            Self::Abroad => "`+` put in the place of `00` before the country code",
            Self::Variable => "a variable replaced by what the file says that it is",
        }
    }
}

/// What became of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The list.
    pub file: String,
    /// Its kind.
    pub format: Format,
    /// Rows below the headings.
    pub rows: usize,
    /// Users of them.
    pub users: usize,
    /// Whether it was UTF-16.
    pub utf16: bool,
    /// The rows of each repair.
    pub repairs: BTreeMap<Repair, Vec<usize>>,
    /// Headings of columns with secrets, which were not read.
    pub secrets: Vec<String>,
    /// Headings of other columns that were not read.
    pub unused: Vec<String>,
    /// Columns that are read where they are there.
    pub missing: Vec<&'static str>,
    /// What somebody has to look at, with its row; 0 for the list as a whole.
    pub findings: Vec<(usize, String)>,
}

impl Report {
    pub(super) fn repaired(&mut self, repair: Repair, row: usize) {
        self.repairs.entry(repair).or_default().push(row);
    }

    /// How many cells were repaired.
    #[must_use]
    pub fn repaired_cells(&self) -> usize {
        self.repairs.values().map(Vec::len).sum()
    }

    /// As a page of Markdown.
    #[must_use]
    pub fn page(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "# Import from {} ({})\n", line(&self.file), self.format.name())?;
        writeln!(out, "- {}, {}", many(self.rows, "row"), many(self.users, "user"))?;
        if self.utf16 {
            writeln!(out, "- read as UTF-16")?;
        }
        for (repair, rows) in &self.repairs {
            let named = first(ROWS, rows);
            writeln!(
                out,
                "- repaired: {} in {} (row {named})",
                repair.words(),
                many(rows.len(), "cell")
            )?;
        }
        if !self.secrets.is_empty() {
            writeln!(out, "- not read, because they hold secrets: {}", headings(&self.secrets))?;
        }
        if !self.unused.is_empty() {
            writeln!(out, "- not used: {}", headings(&self.unused))?;
        }
        if !self.missing.is_empty() {
            let missing = self.missing.iter().map(|heading| format!("`{heading}`"));
            writeln!(out, "- not in the list, so not managed: {}", first(ROWS, missing))?;
        }
        if self.findings.is_empty() {
            return writeln!(out, "\nNothing is left to look at.");
        }
        writeln!(out, "\n## To look at\n")?;
        for (row, what) in &self.findings {
            match row {
                0 => writeln!(out, "- {}", line(what))?,
                row => writeln!(out, "- row {row}: {}", line(what))?,
            }
        }
        Ok(())
    }
}

fn headings(headings: &[String]) -> String {
    first(ROWS, headings.iter().map(|heading| format!("`{}`", line(heading))))
}
