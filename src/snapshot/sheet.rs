//! How a list of users that was exported from the portal is read: what each heading means
//! (contract 9).

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use csv::StringRecord;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{model::Field, words::list};

/// Headings, bare of case and blanks, that say calling and nothing else.
const HEADINGS: [&str; 5] =
    ["calling", "callingstatus", "callingstate", "callingenabled", "enabledforcalling"];
/// Cells, in lower case, that can only mean that calling is on.
const ON: [&str; 5] = ["active", "enabled", "yes", "true", "on"];
/// Cells, in lower case, that can only mean that it is off.
const OFF: [&str; 5] = ["inactive", "disabled", "no", "false", "off"];

/// The columns of a list of users that was exported from the portal. Headings are compared without
/// regard to case and spaces.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Sheet {
    /// The heading over the user principal names.
    pub user: String,
    /// How calling is read. Without it, it is known only if a column says it and nothing else.
    pub calling: Option<SheetCalling>,
    /// The headings over the fields, by manifest name. A field without a heading is unobservable; a
    /// heading that a list does not have is told, and nothing is written because of it.
    pub fields: BTreeMap<String, String>,
}

impl Default for Sheet {
    fn default() -> Self {
        let fields = [
            (Field::PhoneNumber, "PhoneNumber"),
            (Field::UseTeamsVoicemail, "Use Teams Voicemail"),
            (Field::PbxAuthUserId, "SIPAuthenticationID"),
            (Field::PortalLoginName, "PortalLoginName"),
        ];
        let fields = fields
            .into_iter()
            .map(|(field, heading)| (field.name().to_owned(), heading.to_owned()));
        Self { user: "TeamsUserID".to_owned(), calling: None, fields: fields.collect() }
    }
}

/// How calling is read from a column.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SheetCalling {
    /// Its heading.
    pub column: String,
    /// The values that mean enabled.
    pub enabled: Vec<String>,
    /// The values that mean disabled.
    pub disabled: Vec<String>,
}

impl Sheet {
    /// The fields with their headings.
    pub fn mapped(&self) -> impl Iterator<Item = (Field, &str)> {
        self.fields
            .iter()
            .filter_map(|(name, heading)| Some((Field::named(name)?, heading.as_str())))
    }
}

/// A heading without what people change about it.
pub(super) fn bare(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl SheetCalling {
    /// What a list says of itself: the one column whose heading means calling, if each cell under
    /// it can only mean on or off. One other word, and nothing is known.
    pub(super) fn obvious<'r>(
        headings: &StringRecord,
        rows: impl Iterator<Item = &'r StringRecord>,
    ) -> Option<(usize, Self)> {
        let means_calling = |heading: &str| HEADINGS.contains(&bare(heading).as_str());
        let mut columns = headings.iter().enumerate().filter(|(_, heading)| means_calling(heading));
        let (at, heading) = columns.next()?;
        if columns.next().is_some() {
            return None;
        }
        let mut on = BTreeSet::new();
        let mut off = BTreeSet::new();
        for cell in rows.filter_map(|row| row.get(at)).map(str::trim) {
            match cell.to_lowercase().as_str() {
                "" => {}
                word if ON.contains(&word) => drop(on.insert(cell.to_owned())),
                word if OFF.contains(&word) => drop(off.insert(cell.to_owned())),
                _ => return None,
            }
        }
        if on.is_empty() && off.is_empty() {
            return None;
        }
        let calling = Self {
            column: heading.trim().to_owned(),
            enabled: on.into_iter().collect(),
            disabled: off.into_iter().collect(),
        };
        Some((at, calling))
    }
}

/// As people read it: ``column `Calling`, `Active` is on, `Inactive` is off``.
impl fmt::Display for SheetCalling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |words: &[String]| list(words.iter().map(|word| format!("`{word}`")));
        write!(f, "column `{}`", self.column)?;
        for (means, said) in [("on", &self.enabled), ("off", &self.disabled)] {
            if !said.is_empty() {
                write!(f, ", {} is {means}", words(said))?;
            }
        }
        Ok(())
    }
}
