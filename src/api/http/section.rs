//! Where a service is in the settings, for words about it.

use std::sync::Arc;

/// The section of a service or an account, such as `connectToTeams` or `accounts.west`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::api) struct Section(Arc<str>);

impl Section {
    pub(in crate::api) fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// As it is spelled in the settings.
    pub(in crate::api) fn name(&self) -> &str {
        &self.0
    }

    /// All of it, as messages show it.
    pub(in crate::api) fn whole(&self) -> String {
        format!("`{}`", self.0)
    }

    /// A key of it, as messages show it.
    pub(in crate::api) fn key(&self, key: &str) -> String {
        format!("`{}.{key}`", self.0)
    }

    /// A row of its endpoint table, likewise.
    pub(in crate::api) fn row(&self, row: &str) -> String {
        self.key(&format!("endpoints.{row}"))
    }
}
