//! Live state that is kept in files: where they are, and how old they may be.

use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::Deserialize;

use super::span::{self, Span};
use crate::{
    model::Field,
    snapshot::{Sheet, SheetCalling},
    words,
    yaml::{Mismatch, Path},
};

/// Files that live state is read from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Live {
    /// What tenants with `live: file` are read from: a snapshot, a list of the portal, or a folder
    /// with any of both.
    pub file: Option<PathBuf>,
    /// How old it may be. What is older is not acted on.
    #[serde(with = "span")]
    #[schemars(with = "Span")]
    pub max_age: Duration,
    /// How lists of the portal are read.
    pub portal: Sheet,
}

impl Default for Live {
    fn default() -> Self {
        Self { file: None, max_age: Duration::from_secs(4 * 3600), portal: Sheet::default() }
    }
}

impl Live {
    /// What the types cannot say.
    pub(super) fn problems(&self) -> Vec<Mismatch> {
        let path = Path::root(0).key("live").key("portal");
        let mut wrongs: Vec<Mismatch> = self
            .portal
            .fields
            .keys()
            .filter(|name| Field::named(name).is_none())
            .map(|name| {
                let message = format!(
                    "`{name}` is not a field; there are {}",
                    words::list(Field::ALL.map(Field::name))
                );
                Mismatch::value(path.key("fields").key(name), message)
            })
            .collect();
        let twice = |calling: &SheetCalling| {
            calling.enabled.iter().any(|value| calling.disabled.contains(value))
        };
        if self.portal.calling.as_ref().is_some_and(twice) {
            wrongs.push(Mismatch::value(
                path.key("calling"),
                "a value means both enabled and disabled",
            ));
        }
        wrongs
    }
}
