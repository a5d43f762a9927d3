//! Live state that is kept in files: where, how old it may be, and how a list that the portal exported is read (contract 9).

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::Deserialize;

use super::span;
use crate::{
    model::Field,
    yaml::{Path, Wrong},
};

/// Files that live state is read from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Live {
    /// What tenants with `live: file` are read from: a snapshot, a list of the portal, or a folder with any of both.
    pub file: Option<PathBuf>,
    /// How old it may be. What is older is not acted on.
    #[serde(with = "span")]
    pub max_age: Duration,
    /// How lists of the portal are read.
    pub portal: Sheet,
}

impl Default for Live {
    fn default() -> Self {
        Self { file: None, max_age: Duration::from_secs(4 * 3600), portal: Sheet::default() }
    }
}

/// The columns of a list of users that was exported from the portal. Headings are compared without regard to case and spaces.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Sheet {
    /// The heading over the user principal names.
    pub user: String,
    /// How calling is read. Without it nobody's calling is known.
    pub calling: Option<SheetCalling>,
    /// The headings over the fields, by manifest name. A field without a heading is unobservable; a heading that a list does not
    /// have is told, and nothing is written because of it.
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
        let fields = fields.into_iter().map(|(field, heading)| (field.name().to_owned(), heading.to_owned()));
        Self { user: "TeamsUserID".to_owned(), calling: None, fields: fields.collect() }
    }
}

/// How calling is read from a column.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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
        self.fields.iter().filter_map(|(name, heading)| Some((Field::named(name)?, heading.as_str())))
    }
}

impl Live {
    /// What the types cannot say.
    pub(super) fn problems(&self) -> Vec<Wrong> {
        let path = Path::root(0).key("live").key("portal");
        let mut wrongs: Vec<Wrong> = self
            .portal
            .fields
            .keys()
            .filter(|name| Field::named(name).is_none())
            .map(|name| {
                let message = format!("`{name}` is not a field; there are {}", Field::ALL.map(Field::name).join(", "));
                Wrong::value(path.key("fields").key(name), message)
            })
            .collect();
        let twice = |calling: &SheetCalling| calling.enabled.iter().any(|value| calling.disabled.contains(value));
        if self.portal.calling.as_ref().is_some_and(twice) {
            wrongs.push(Wrong::value(path.key("calling"), "a value means both enabled and disabled"));
        }
        wrongs
    }
}
