//! How a list of users that was exported from the portal is read: which heading stands for what
//! (contract 9).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::Field;

/// The columns of a list of users that was exported from the portal. Headings are compared without
/// regard to case and spaces.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Sheet {
    /// The heading over the user principal names.
    pub user: String,
    /// How calling is read. Without it nobody's calling is known.
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
        self.fields
            .iter()
            .filter_map(|(name, heading)| Some((Field::named(name)?, heading.as_str())))
    }
}
