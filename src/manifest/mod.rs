//! Manifests: text to desired state, and everything that is wrong with it.
//!
//! ```text
//! [ManifestFile] --read--> documents with their places --check--> LoadedManifests
//! { desired, diagnostics, ... } --Keeper--> in force
//! ```
//!
//! `read` looks at one file alone, `check` at all of them together. [`Readings`] keeps what was
//! read of files that have not changed, and [`Keeper`] the last good version of tenants whose files
//! broke while the service runs.
//!
//! **Invariant:** pure: files come in as text. No problem of one file hides those of another, and a
//! tenant is in [`LoadedManifests::desired`] only if nothing that concerns it is wrong.

mod absence;
mod approval;
mod carried;
mod check;
mod choices;
mod claims;
mod confine;
mod dates;
mod diagnose;
mod draft;
mod edit;
mod entry;
mod express;
mod fleet;
mod former;
mod glances;
mod json_schema;
mod keep;
mod keys;
mod lists;
mod loading;
mod names;
mod needed;
mod numbers;
mod packing;
mod parts;
mod plain;
mod read;
mod readings;
mod schema;
mod scope;
mod sets;
mod syntax;
mod text;
mod texts;
mod together;
mod told_keys;
mod turns;
mod unsaid;
mod user;
mod users;
mod windows;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub use absence::Absences;
pub use edit::{Edit, edited};
pub use express::{as_yaml, can_name, can_say, quoted, written};
pub use json_schema::json_schema;
pub use keep::{InForce, Keeper};
pub use loading::Loading;
pub use names::parse_name;
pub use readings::Readings;
pub use scope::TenantScope;
pub use text::ManifestText;

use crate::{
    model::{Approval, Desired, TenantName},
    yaml::Diagnostic,
};

/// A file with manifests, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestFile {
    /// The path as people know it.
    pub path: Arc<str>,
    /// The text, or why there is none.
    pub text: Result<ManifestText, String>,
    /// What it is.
    pub role: Role,
    /// The tenants that it may speak of.
    pub scope: TenantScope,
}

/// What a file in a folder of manifests is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A manifest, or what must be one by its name.
    Manifest,
    /// It looks like a manifest by mistake, such as `office.yaml.txt`, and is not read.
    Aside,
    /// The same, and the manifest that it is a copy of is beside it.
    Copy,
    /// A folder with nothing in it, such as a volume that is not mounted.
    Hollow,
}

impl ManifestFile {
    /// A file that could be read.
    #[must_use]
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.into(),
            text: Ok(text.into()),
            role: Role::Manifest,
            scope: TenantScope::default(),
        }
    }

    /// The text, if it could be read and was not let go since.
    #[must_use]
    pub fn at_hand(&self) -> Option<&Arc<str>> {
        self.text.as_ref().ok()?.at_hand()
    }

    /// The same file, without its text.
    pub(crate) fn let_go(&self) -> Self {
        let text = self.text.as_ref().map(ManifestText::let_go).map_err(String::clone);
        Self { path: Arc::clone(&self.path), text, role: self.role, scope: self.scope.clone() }
    }

    /// The same file with its text at hand: `again` is asked for one that was let go. Nothing if
    /// the file says something else by now, or cannot be read any more.
    fn whole(&self, again: impl Fn(&str) -> Option<Arc<str>>) -> Option<Self> {
        let Ok(text) = &self.text else { return Some(self.clone()) };
        if text.at_hand().is_some() {
            return Some(self.clone());
        }
        let again = again(&self.path).map(ManifestText::from).filter(|again| again == text)?;
        Some(Self { text: Ok(again), ..self.clone() })
    }
}

/// What a set of files says.
#[derive(Debug, Clone, Default)]
pub struct LoadedManifests {
    /// The tenants that are right.
    pub desired: Desired,
    /// The approvals of each tenant.
    pub approvals: BTreeMap<TenantName, Vec<Approval>>,
    /// All problems, in the order of files and lines.
    pub diagnostics: Vec<Diagnostic>,
    /// What is odd and no error: files that say nothing, files that are not read, and folders with
    /// nothing in them.
    pub warnings: Vec<Diagnostic>,
    /// Tenants that something is wrong with, and what in short.
    pub broken: BTreeMap<TenantName, String>,
    /// Files with a part that could not be understood at all: it is not known which tenants it
    /// concerns.
    pub unclear: BTreeSet<Arc<str>>,
    /// Files that say nothing at all.
    pub blank: BTreeSet<Arc<str>>,
    /// Files that may be manifests under a name by which they are not read.
    pub aside: BTreeSet<Arc<str>>,
    /// Folders with nothing in them.
    pub hollow: BTreeSet<Arc<str>>,
    /// The files that may speak of some tenants only.
    pub scopes: BTreeMap<Arc<str>, TenantScope>,
    /// Which tenants each readable file speaks of.
    pub speaks_of: BTreeMap<Arc<str>, BTreeSet<TenantName>>,
}

/// Reads and checks all files together.
#[must_use]
pub fn load(files: &[ManifestFile]) -> LoadedManifests {
    let files: Vec<_> = files.iter().map(|file| Arc::new(read::read(file))).collect();
    check::check(&files, &BTreeMap::new()).loaded
}
