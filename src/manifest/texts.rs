//! Texts that many users have in common, such as the name of a policy: each is kept once.

use std::{collections::BTreeMap, sync::Arc};

use super::names::parse_site;
use crate::model::{Field, Site};

/// Texts of one field that are remembered, at most: those that differ from user to user are not
/// worth it.
const MAX: usize = 16;

/// The texts of one file.
#[derive(Debug, Default)]
pub(super) struct Texts {
    fields: BTreeMap<Field, Vec<Arc<str>>>,
    sites: Vec<Site>,
}

impl Texts {
    /// A text of a field.
    pub(super) fn of(&mut self, field: Field, text: &str) -> Arc<str> {
        let known = self.fields.entry(field).or_default();
        if let Some(known) = known.iter().find(|known| ***known == *text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        if known.len() < MAX {
            known.push(Arc::clone(&new));
        }
        new
    }

    /// The site of that name.
    pub(super) fn site(&mut self, text: &str) -> Result<Site, String> {
        if let Some(known) = self.sites.iter().find(|known| known.as_str() == text) {
            return Ok(known.clone());
        }
        let new = parse_site(text)?;
        if self.sites.len() < MAX {
            self.sites.push(new.clone());
        }
        Ok(new)
    }
}
