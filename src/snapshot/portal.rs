//! A list of users that was exported from the vendor's portal (contract 9): columns in any order,
//! more of them than are known, with or without a byte order mark, separated by commas, semicolons
//! or tabs.
//!
//! **Invariant:** nothing is guessed. Calling is unclear unless the settings say which column tells
//! it, or one column says nothing else; a cell that is not a value of its field is unreadable; such a
//! list does not show consent.
//!
//! **Invariant:** cells of columns that are not named in the settings, passwords among them, are
//! never looked at.

use std::{borrow::Cow, collections::BTreeMap};

use csv::{ReaderBuilder, StringRecord};

use super::{Sheet, SheetCalling, sheet::bare};
use crate::{
    model::{
        Confirmation, Consent, Coverage, Field, FieldKind, HeldNumber, ListExtras, LiveCalling,
        LiveTenant, LiveUser, ObservedValue, Raw, UnmatchedPlace, UnreadableValue, Upn, Value,
        is_blank,
    },
    words::clauses,
    yaml::{self, Diagnostic},
};

/// What is between cells, tried in this order.
const SEPARATORS: [u8; 3] = *b",;\t";
/// Rows that a doubt names, at most.
const NAMED: usize = 3;

/// The most that is kept of a cell that is not understood, in characters.
const CELL: usize = 80;
/// Who holds the number of a row that names nobody.
const NOBODY: &str = "a row without a name";

/// The places of the columns that are read.
struct Columns<'s> {
    width: usize,
    user: usize,
    calling: Option<(usize, Cow<'s, SheetCalling>)>,
    fields: Vec<PortalColumn<'s>>,
    /// Columns of the settings that are not there.
    absent: Vec<UnmatchedPlace>,
}

struct PortalColumn<'s> {
    field: Field,
    at: usize,
    heading: &'s str,
}

/// What a list holds.
#[derive(Debug)]
pub(super) struct PortalList {
    pub(super) live: LiveTenant,
    /// How calling was read, if the settings do not say it and the list does.
    pub(super) calling: Option<SheetCalling>,
}

/// Reads a list.
pub(super) fn read(
    file: &str,
    text: &str,
    settings: &Sheet,
) -> Result<PortalList, Vec<Diagnostic>> {
    let wrong = |message: String, hint: &str| {
        vec![Diagnostic {
            place: Some(yaml::place_of(text, 1, 1)),
            text: text.into(),
            ..Diagnostic::of_file(file, message, Some(hint.to_owned()))
        }]
    };
    // Excel writes the separator above the headings.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let body = match text.split_once('\n') {
        Some((first, rest)) if first.trim_end().starts_with("sep=") => rest,
        _ => text,
    };
    let mut headings = Vec::new();
    for separator in SEPARATORS {
        let mut reader =
            ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(body.as_bytes());
        let Ok(found) = reader.headers().cloned() else { continue };
        if let Some(mut columns) = Columns::of(&found, settings) {
            if let Some(twice) = columns.twice(&found) {
                return Err(wrong(
                    format!("the heading `{twice}` is here twice"),
                    "remove one of the two columns",
                ));
            }
            if let Some(absent) = settings.calling.as_ref().filter(|_| columns.calling.is_none()) {
                return Err(wrong(
                    format!("there is no column `{}`, which is to tell calling", absent.column),
                    "export the list with it, or correct `--calling` of `dialplane init`, or \
                        `live.portal.calling` in dialplane.yaml",
                ));
            }
            let rows = reader.records().map(|row| row.map_err(|error| error.to_string()));
            let rows: Vec<Result<StringRecord, String>> = rows.collect();
            let obvious = match columns.calling {
                None => SheetCalling::obvious(&found, rows.iter().flatten()),
                Some(_) => None,
            };
            let calling = obvious.as_ref().map(|(_, calling)| calling.clone());
            columns.calling = columns.calling.or(obvious.map(|(at, it)| (at, Cow::Owned(it))));
            return Ok(PortalList { live: gather(rows, &columns), calling });
        }
        if found.len() > headings.len() {
            headings = found.iter().map(|heading| format!("`{}`", heading.trim())).collect();
        }
    }
    let message =
        format!("there is no column `{}`; there are {}", settings.user, headings.join(", "));
    Err(wrong(
        message,
        "say which heading stands over the user principal names: `--user HEADING` with \
            `dialplane init --csv`, and `live.portal.user` in a dialplane.yaml that is there",
    ))
}

impl<'s> Columns<'s> {
    /// `None` if nothing says who the users are.
    fn of(headings: &StringRecord, settings: &'s Sheet) -> Option<Self> {
        let at = |wanted: &str| headings.iter().position(|heading| bare(heading) == bare(wanted));
        let calling =
            settings.calling.as_ref().and_then(|it| Some((at(&it.column)?, Cow::Borrowed(it))));
        let column = |(field, heading)| Some(PortalColumn { field, at: at(heading)?, heading });
        let fields = settings.mapped().filter_map(column).collect();
        let defaults = Sheet::default();
        let absent = settings.mapped().filter(|(_, heading)| at(heading).is_none()).map(
            |(field, heading)| UnmatchedPlace {
                field: Some(field),
                key: format!("live.portal.fields.{field}").into(),
                place: heading.into(),
                named: defaults.fields.get(field.name()).is_none_or(|default| default != heading),
            },
        );
        Some(Self {
            width: headings.len(),
            user: at(&settings.user)?,
            calling,
            fields,
            absent: absent.collect(),
        })
    }

    /// A heading that is read and is there more than once: which of the two counts, nobody
    /// knows.
    fn twice<'h>(&self, headings: &'h StringRecord) -> Option<&'h str> {
        let read = self
            .fields
            .iter()
            .map(|column| column.at)
            .chain([self.user])
            .chain(self.calling.as_ref().map(|(at, _)| *at));
        let same = |at: &usize| {
            let heading = headings.get(*at).map(bare);
            headings.iter().filter(|other| Some(bare(other)) == heading).count() > 1
        };
        read.into_iter().find(same).and_then(|at| headings.get(at))
    }

    fn user(&self, row: &StringRecord) -> Option<LiveUser> {
        let upn = Upn::parse(row.get(self.user)?.trim()).ok()?;
        let details =
            self.fields.iter().filter_map(|column| Some((column.field, column.observed(row)?)));
        Some(LiveUser { upn, id: None, calling: self.calling(row)?, details: details.collect() })
    }

    fn calling(&self, row: &StringRecord) -> Option<LiveCalling> {
        Some(match &self.calling {
            Some((at, map)) => calling(row.get(*at)?.trim(), map),
            None => LiveCalling::Unclear(
                "nothing: the list of the portal has no column for it".to_owned(),
            ),
        })
    }

    /// What is in the place of the number.
    fn number(&self, row: &StringRecord) -> Option<ObservedValue> {
        self.fields.iter().find(|column| column.field == Field::PhoneNumber)?.observed(row)
    }

    /// The number of a row that is not a user.
    fn held(&self, row: &StringRecord, held_as: &str) -> Option<HeldNumber> {
        let number = match self.number(row)? {
            ObservedValue::Set(Value::Phone(number)) => Ok(number),
            ObservedValue::Unreadable(unread) => Err(unread),
            ObservedValue::Unset | ObservedValue::Set(_) => return None,
        };
        let name = row.get(self.user).map(str::trim).filter(|name| !is_blank(name));
        let holder: String = name.unwrap_or(NOBODY).chars().take(CELL).collect();
        Some(HeldNumber { holder: holder.into(), held_as: held_as.into(), number })
    }

    /// Whether a row is an account without a user of Teams: no name, calling off, no number.
    fn is_no_user(&self, row: &StringRecord) -> bool {
        let nameless = row.get(self.user).is_some_and(is_blank);
        nameless
            && self.number(row) == Some(ObservedValue::Unset)
            && self.calling(row) == Some(LiveCalling::Disabled)
    }
}

impl PortalColumn<'_> {
    fn observed(&self, row: &StringRecord) -> Option<ObservedValue> {
        let cell = row.get(self.at)?.trim();
        Some(observed(self.field.kind(), cell, self.heading))
    }
}

fn gather(rows: Vec<Result<StringRecord, String>>, columns: &Columns<'_>) -> LiveTenant {
    let mut users: BTreeMap<Upn, LiveUser> = BTreeMap::new();
    let mut beside = ListExtras { unmatched: columns.absent.clone(), ..ListExtras::default() };
    let mut odd: Vec<String> = Vec::new();
    for (number, row) in rows.into_iter().enumerate() {
        // Behind the headings, from 1: the row as a sheet shows it.
        let number = number + 2;
        match row {
            Err(error) => odd.push(format!("row {number} cannot be read: {error}")),
            Ok(row) if row.iter().all(|cell| cell.trim().is_empty()) => {}
            Ok(row) if row.len() != columns.width => {
                odd.push(format!(
                    "row {number} has {} cells under {} headings",
                    row.len(),
                    columns.width
                ));
            }
            Ok(row) => match columns.user(&row) {
                None if columns.is_no_user(&row) => beside.nameless += 1,
                None => {
                    odd.push(format!("row {number} names no user"));
                    beside.numbers.extend(columns.held(&row, "not a user that can be read"));
                }
                Some(user) => match users.get_mut(&user.upn) {
                    None => drop(users.insert(user.upn.clone(), user)),
                    Some(known) => {
                        odd.push(format!("row {number} names {} again", user.upn));
                        known.calling = known.calling.beside(&user.calling);
                        let other = known.phone() != user.phone();
                        beside
                            .numbers
                            .extend(columns.held(&row, "listed more than once").filter(|_| other));
                    }
                },
            },
        }
    }
    if users.is_empty() {
        odd.push("the list names no users at all".to_owned());
    }
    let coverage = if odd.is_empty() {
        Coverage::Complete
    } else {
        Coverage::Suspect(clauses(NAMED, odd, "row"))
    };
    let sees = columns.fields.iter().map(|column| column.field).collect();
    LiveTenant {
        consent: Consent::NotShown,
        coverage,
        sees,
        users: users.into_values().collect(),
        beside,
        confirmation: Confirmation::NotAsked,
    }
}

fn calling(cell: &str, map: &SheetCalling) -> LiveCalling {
    let among =
        |values: &[String]| values.iter().any(|value| value.to_lowercase() == cell.to_lowercase());
    if among(&map.enabled) {
        LiveCalling::Enabled
    } else if among(&map.disabled) {
        LiveCalling::Disabled
    } else {
        LiveCalling::Unclear(cell.chars().take(80).collect())
    }
}

/// What a cell of a list says of a field.
pub(crate) fn observed(kind: FieldKind, cell: &str, heading: &str) -> ObservedValue {
    if is_blank(cell) {
        return ObservedValue::Unset;
    }
    let said = match (kind, cell.to_lowercase().as_str()) {
        (FieldKind::Flag, "yes" | "y" | "1") => Some(Value::Flag(true)),
        (FieldKind::Flag, "no" | "n" | "0") => Some(Value::Flag(false)),
        // The tenant's extension prefix is known only later.
        _ => Value::observed(kind, Raw::Text(cell), None),
    };
    let unread = || {
        UnreadableValue::new(
            cell.chars().take(CELL).collect::<String>(),
            &format!("in column `{heading}`"),
        )
    };
    said.map_or_else(|| ObservedValue::Unreadable(unread()), ObservedValue::Set)
}
