//! Lists that people have, as live state: exports of Teams, and files for the vendor's portal.
//!
//! ```text
//! bytes --text--> text --table, columns--> rows --number--> LiveTenant, Report
//! ```
//!
//! **Invariant:** pure, and nothing is guessed: each repair is counted and told with its row, and a
//! list that a spreadsheet has damaged is refused with each damaged cell.
//!
//! **Invariant:** secrets are in nothing that comes out of here: their columns are not kept, and no
//! message shows a line of a list.

mod columns;
mod country;
mod holders;
mod number;
mod report;
mod script;
mod table;
mod text;

use std::{collections::BTreeMap, fmt::Display};

pub use columns::Format;
pub use holders::{UpnById, join};
pub use report::{Repair, Report};

use crate::{
    foreign::line,
    model::{
        Calling, Confirmation, Consent, Coverage, ExtensionPrefix, Field, ListExtras, LiveCalling,
        LiveTenant, LiveUser, ObservedValue, PhoneNumber, UnreadableValue, Upn, UserId, Value,
    },
    snapshot::observed_cell,
    words::{clauses, list},
};
use columns::{ColumnMeaning, ListColumn};
use number::{NumberCell, NumberOptions};
use table::Table;

/// Cells that a refusal names, at most.
const NAMED: usize = 10;

/// A list that is to be read.
#[derive(Debug, Clone, Copy)]
pub struct ListInput<'a> {
    /// Its kind.
    pub format: Format,
    /// What it is called.
    pub file: &'a str,
    /// What the platform shows before a short extension.
    pub prefix: Option<&'a ExtensionPrefix>,
    /// The country whose numbers may lack their `+`.
    pub country: Option<&'a ExtensionPrefix>,
    /// Whether calling is on, in a list that does not say it.
    pub calling: Option<Calling>,
    /// Whose ids holders of numbers may have, where a list of users says so.
    pub named: Option<&'a UpnById>,
}

/// Why a list is not taken, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRefusal {
    /// Why.
    pub why: String,
    /// What to do.
    pub hint: String,
}

/// A refusal shows words of the list, its headings among them.
fn refused(why: impl Display, hint: impl Display) -> ListRefusal {
    ListRefusal { why: line(why), hint: line(hint) }
}

/// The users of a list as live state, and what became of it.
pub fn read(bytes: &[u8], asked: &ListInput<'_>) -> Result<(LiveTenant, Report), ListRefusal> {
    let (text, utf16) = text::decode(bytes)
        .map_err(|why| refused(why, "save the list as CSV in UTF-8, and import it again"))?;
    let columns = asked.format.columns();
    let is_script = asked.format == Format::M365Dsc && !text.trim_start().starts_with(['[', '{']);
    let (table, replaced) = if is_script {
        script::read(&text, columns)
    } else {
        let table = table::read(&text, columns)
            .map_err(|why| refused(why, "export the list again, as CSV or JSON"))?;
        (table, Vec::new())
    };
    check(&table, columns, asked)?;
    let mut report = Report {
        file: asked.file.to_owned(),
        format: asked.format,
        rows: table.rows.len(),
        users: 0,
        utf16,
        repairs: BTreeMap::new(),
        secrets: table.secrets.clone(),
        unused: table.unused.clone(),
        missing: missing(&table, columns),
        findings: Vec::new(),
    };
    for row in replaced {
        report.repaired(Repair::Variable, row);
    }
    let rows = Rows { asked, columns, table: &table, report, damaged: Vec::new(), odd: Vec::new() };
    match asked.format {
        Format::TeamsNumbers => holders::read(rows),
        _ => rows.read(),
    }
}

/// Columns that are read and are not there.
fn missing(table: &Table, columns: &[ListColumn]) -> Vec<&'static str> {
    let both = columns.iter().zip(&table.headings);
    let missing = both.filter(|(_, heading)| heading.is_none());
    missing.filter_map(|(column, _)| column.headings.first().copied()).collect()
}

/// Whether the list says what it has to say.
fn check(table: &Table, columns: &[ListColumn], asked: &ListInput<'_>) -> Result<(), ListRefusal> {
    let both = || columns.iter().zip(&table.headings);
    let needed = both().filter(|(column, heading)| column.is_needed && heading.is_none());
    let absent: Vec<String> =
        needed.filter_map(|(column, _)| Some(format!("`{}`", column.headings.first()?))).collect();
    let name = asked.format.name();
    if !absent.is_empty() {
        return Err(refused(
            format!("there is no column {}", list(absent)),
            format!("export the list with it; is this a list of the kind {name}?"),
        ));
    }
    if let Some(twice) = table.twice.first() {
        return Err(refused(
            format!("the heading `{twice}` is here twice"),
            "remove one of the two columns",
        ));
    }
    let says =
        both().any(|(column, heading)| column.what == ColumnMeaning::Calling && heading.is_some());
    // Beside a list of users, that one says it.
    match (says || asked.named.is_some(), asked.calling) {
        (false, None) => Err(refused(
            "the list does not say whose calling is on",
            match asked.format {
                Format::TeamsNumbers => {
                    "give the list of users before it, `--from teams-users FILE`; or say `--calling \
                        enabled`, if that is so for everybody"
                }
                _ => {
                    "say `--calling enabled` or `--calling disabled`, if that is true of everybody"
                }
            },
        )),
        (true, Some(_)) => {
            Err(refused("the list says itself whose calling is on", "leave `--calling` out"))
        }
        _ => Ok(()),
    }
}

/// The rows of a list on their way to users.
struct Rows<'r> {
    asked: &'r ListInput<'r>,
    columns: &'r [ListColumn],
    table: &'r Table,
    report: Report,
    /// Cells that a spreadsheet has damaged.
    damaged: Vec<String>,
    /// Rows that name nobody, or somebody again.
    odd: Vec<String>,
}

impl<'r> Rows<'r> {
    fn read(mut self) -> Result<(LiveTenant, Report), ListRefusal> {
        let mut users: BTreeMap<Upn, LiveUser> = BTreeMap::new();
        for row in &self.table.rows {
            match &row.cells {
                Err(why) => self.odd(row.number, why),
                Ok(cells) if !self.is_user(cells) => {}
                Ok(cells) => {
                    let Some(user) = self.user(row.number, cells) else { continue };
                    if users.contains_key(&user.upn) {
                        self.odd(row.number, &format!("it names {} again", user.upn));
                    } else {
                        users.insert(user.upn.clone(), user);
                    }
                }
            }
        }
        if !self.damaged.is_empty() {
            return Err(refused(
                format!(
                    "a spreadsheet has damaged these numbers: {}",
                    clauses(NAMED, &self.damaged, "cell")
                ),
                "export the list again and do not save it with a spreadsheet, or format the column \
                    as text before",
            ));
        }
        if users.is_empty() {
            let why = "the list names no users";
            return Err(refused(why, "see that it is the right list, and whole"));
        }
        self.report.users = users.len();
        Ok((self.tenant(users), self.report))
    }

    fn tenant(&self, users: BTreeMap<Upn, LiveUser>) -> LiveTenant {
        let coverage = if self.odd.is_empty() {
            Coverage::Complete
        } else {
            Coverage::Suspect(clauses(3, &self.odd, "row"))
        };
        let both = self.columns.iter().zip(&self.table.headings);
        let sees = both.filter(|(_, heading)| heading.is_some()).filter_map(|(column, _)| {
            match column.what {
                ColumnMeaning::Number => Some(Field::PhoneNumber),
                ColumnMeaning::Field(field) => Some(field),
                _ => None,
            }
        });
        LiveTenant {
            consent: Consent::NotShown,
            coverage,
            sees: sees.collect(),
            users: users.into_values().collect(),
            beside: ListExtras::default(),
            confirmation: Confirmation::NotAsked,
        }
    }

    fn odd(&mut self, row: usize, what: &str) {
        self.odd.push(format!("row {row}: {what}"));
        self.report.findings.push((row, format!("{what}; it was left out")));
    }

    fn cell<'c>(&self, cells: &'c [String], what: ColumnMeaning) -> Option<&'c str> {
        let at = self.columns.iter().position(|column| column.what == what)?;
        self.table.headings.get(at)?.as_ref()?;
        cells.get(at).map(String::as_str)
    }

    fn user(&mut self, row: usize, cells: &[String]) -> Option<LiveUser> {
        let identity = self.cell(cells, ColumnMeaning::Identity).filter(|cell| is_guid(cell));
        let identity = identity.and_then(UserId::observed);
        let Ok(upn) = Upn::parse(self.cell(cells, ColumnMeaning::User)?) else {
            self.odd(row, "it names no user");
            return None;
        };
        let calling = match (self.cell(cells, ColumnMeaning::Calling), self.asked.calling) {
            (Some(cell), _) => calling(cell),
            (None, Some(Calling::Enabled)) => LiveCalling::Enabled,
            (None, Some(Calling::Disabled)) => LiveCalling::Disabled,
            (None, None) => LiveCalling::Unclear(String::new()),
        };
        if let LiveCalling::Unclear(cell) = &calling {
            let what = format!("calling of {upn} is {cell:?}, which is neither on nor off");
            self.report.findings.push((row, what));
        }
        if self
            .cell(cells, ColumnMeaning::Account)
            .is_some_and(|cell| cell.eq_ignore_ascii_case("false"))
        {
            self.report.findings.push((row, format!("{upn} may not sign in")));
        }
        let mut details: Vec<(Field, ObservedValue)> = Vec::new();
        for column in self.columns {
            let ColumnMeaning::Field(field) = column.what else { continue };
            if let Some(cell) = self.cell(cells, column.what) {
                let heading = column.headings.first().copied().unwrap_or_default();
                details.push((field, observed_cell(field.kind(), cell, heading)));
            }
        }
        if let Some(number) = self.number(row, &upn, cells) {
            details.push((Field::PhoneNumber, number));
        }
        Some(LiveUser { upn, id: identity, calling, details: details.into_iter().collect() })
    }

    /// Whether a row is about a user, where a list holds other things as well.
    fn is_user(&self, cells: &[String]) -> bool {
        let resource = self.cell(cells, ColumnMeaning::Resource);
        resource.is_none_or(|resource| resource.is_empty() || resource == script::RESOURCE)
    }

    /// How the numbers of a row are read.
    fn how(&self, cells: &[String]) -> NumberOptions<'r> {
        let of_row = self.cell(cells, ColumnMeaning::Country).and_then(country::code);
        NumberOptions { prefix: self.asked.prefix, country: self.asked.country, of_row }
    }

    /// The number of a user: of several, the one that the list names, or the first.
    fn number(&mut self, row: usize, upn: &Upn, cells: &[String]) -> Option<ObservedValue> {
        let all = self.cell(cells, ColumnMeaning::Number)?;
        let several: Vec<&str> = match self.asked.format {
            Format::ConnectTrunks => {
                all.split([',', ';']).filter(|it| !it.trim().is_empty()).collect()
            }
            _ => vec![all],
        };
        let which = self.cell(cells, ColumnMeaning::Which).filter(|cell| !cell.is_empty());
        let which = which.map_or(Ok(0), str::parse::<usize>).ok();
        let cell = which.and_then(|which| several.get(which)).copied();
        let count = several.len();
        let Some(cell) = cell.or((count == 0).then_some("")) else {
            self.report
                .findings
                .push((row, format!("which of {count} numbers {upn} has is not told")));
            return Some(ObservedValue::Unreadable(UnreadableValue::new(
                shown(all),
                "among several numbers",
            )));
        };
        let how = self.how(cells);
        let is_damaged = several.iter().any(|cell| number::read(cell, how) == NumberCell::Damaged);
        Some(match number::read(cell, how) {
            _ if is_damaged => {
                let heading = self.heading(ColumnMeaning::Number);
                self.damaged.push(format!("row {row}, column `{heading}`: {}", shown(all)));
                ObservedValue::Unset
            }
            NumberCell::Nothing => ObservedValue::Unset,
            NumberCell::Number(number, repair) => {
                if let Some(repair) = repair {
                    self.report.repaired(repair, row);
                }
                if count > 1 {
                    let what = format!("{upn} has {count} numbers, of which {number} is taken");
                    self.report.findings.push((row, what));
                }
                ObservedValue::Set(Value::Phone(number))
            }
            NumberCell::Damaged | NumberCell::Unread => {
                let cell = shown(cell);
                let what = format!(
                    "the number of {upn} is not understood: {cell} ({})",
                    advice(cell, how)
                );
                self.report.findings.push((row, what));
                ObservedValue::Unreadable(UnreadableValue::new(
                    cell,
                    self.heading(ColumnMeaning::Number),
                ))
            }
        })
    }

    fn heading(&self, what: ColumnMeaning) -> &'r str {
        let at = self.columns.iter().position(|column| column.what == what);
        let heading = at.and_then(|at| self.table.headings.get(at)?.as_deref());
        heading.unwrap_or_default()
    }
}

/// What to do about a number that is not understood.
fn advice(cell: &str, how: NumberOptions<'_>) -> String {
    let advice = PhoneNumber::advice(cell);
    if how.country.is_some() || !number::may_lack_plus(cell) {
        return advice;
    }
    format!("{advice}; `--country +49` puts `+` before all that begin with 49 or 0049")
}

/// Whether a cell is the id of an object of the directory.
fn is_guid(cell: &str) -> bool {
    let lengths: Vec<usize> = cell.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && cell.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// A cell that may be a number. What cannot be one may be a password in the wrong column.
fn shown(cell: &str) -> &str {
    let may_be = |c: char| c.is_ascii_digit() || " +-.,;()/=eExXtTlL:'\u{a0}".contains(c);
    if cell.chars().all(may_be) { cell } else { "(no number)" }
}

fn calling(cell: &str) -> LiveCalling {
    match cell.to_lowercase().as_str() {
        "true" | "yes" | "on" | "enabled" | "active" => LiveCalling::Enabled,
        "false" | "no" | "off" | "disabled" | "inactive" => LiveCalling::Disabled,
        _ => LiveCalling::Unclear(cell.chars().take(80).collect()),
    }
}
