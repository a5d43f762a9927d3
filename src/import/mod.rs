//! Live state to manifests: what is, said so that a plan finds nothing to do.
//!
//! ```text
//! [TenantSnapshot] --sort--> who can be said, who not and why --factor--> defaults, sets --text--> [File]
//! ```
//!
//! Lists that people have take the place of live state ([`lists`]).
//!
//! Each tenant becomes a folder: `tenant.yaml`, and files with users. What most users have in
//! common becomes a default.
//!
//! **Invariant:** pure. Read again, the files have no mistake, and planned against the same
//! observation they ask for no step.
//!
//! **Invariant:** nothing is made up. A field that was not seen, not read or not set is not
//! managed; a user whose calling is in doubt is left out; each such case stands as a comment where
//! somebody will look for it.
//!
//! **Invariant:** what comes out writes nothing by itself: the tenants are in `mode: report`, with
//! `prune: never`.

mod factor;
pub mod lists;
mod names;
mod sort;
mod text;
mod update;

use std::collections::{BTreeMap, BTreeSet};

pub use names::tenant_name;
pub use update::{Additions, Differing, Update, Updater, additions, is_addition};

use crate::{
    model::{Calling, Desired, Field, TenantRef, Upn, Value, WritePath},
    snapshot::TenantSnapshot,
    words::list,
};

/// How users are spread over files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// Users of one file, at most.
    pub users_per_file: usize,
    /// What else puts users into different files.
    pub split_by: Option<SplitBy>,
    /// Also users whose calling is off and who hold no number.
    pub everybody: bool,
}

/// What puts users into different files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitBy {
    /// What follows the `@` of the name.
    Domain,
    /// The value of a field.
    Field(Field),
}

impl SplitBy {
    /// `domain` or the name of a field. Numbers would make a file for each user.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "domain" {
            return Ok(Self::Domain);
        }
        let is_said =
            |field: &Field| *field != Field::PhoneNumber && WritePath::default().carries(*field);
        let fields = || Field::ALL.into_iter().filter(is_said);
        let field = fields().find(|field| field.name() == text).map(Self::Field);
        field.ok_or_else(|| format!("possible are domain, {}", list(fields().map(Field::name))))
    }
}

/// A file that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where, below the folder that is asked for; with `/`.
    pub path: String,
    /// What.
    pub text: String,
}

/// What an import gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Import {
    /// The files, by path.
    pub files: Vec<File>,
    /// Tenants that they describe.
    pub tenants: usize,
    /// Users who are in them.
    pub users: usize,
    /// Users of them with calling and without a number.
    pub without_number: usize,
    /// Users of them whose number somebody else holds as well, and stands there as a comment.
    pub shared: usize,
    /// Users who could not be said, and stand there as comments.
    pub left_out: usize,
    /// Users whose calling is off and who hold no number.
    pub passed_over: usize,
}

/// A user as a manifest says it.
#[derive(Debug, Clone)]
struct ManifestUser {
    upn: Upn,
    calling: Calling,
    fields: BTreeMap<Field, Value>,
    /// What could not be said of the user.
    remarks: Vec<String>,
}

/// A tenant whose users have been sorted.
#[derive(Debug)]
struct SortedTenant<'s> {
    shot: &'s TenantSnapshot,
    entries: Vec<ManifestUser>,
    /// Who is left out, and why.
    left_out: Vec<(Upn, String)>,
    /// Accounts that the platform made for itself.
    platform: usize,
    passed_over: usize,
    /// Users whose number somebody else holds as well.
    shared: usize,
    /// Fields that the reader does not see.
    unseen: Vec<Field>,
}

impl SortedTenant<'_> {
    fn tenant(&self) -> &TenantRef {
        &self.shot.tenant
    }

    fn without_number(&self) -> usize {
        let without = |entry: &&ManifestUser| {
            entry.calling == Calling::Enabled && !entry.fields.contains_key(&Field::PhoneNumber)
        };
        self.entries.iter().filter(without).count()
    }
}

/// Users of one file.
#[derive(Debug)]
struct NewUserSet {
    name: String,
    /// Why these users stand apart, if they do.
    apart: Option<&'static str>,
    defaults: BTreeMap<Field, Value>,
    /// Without what the defaults say.
    entries: Vec<ManifestUser>,
}

/// What there is already where manifests are written to.
#[derive(Debug, Clone, Default)]
pub struct ExistingManifests<'d> {
    /// What the manifests there ask for; a user and a number are named once.
    pub desired: Option<&'d Desired>,
    /// The names of its files and folders, in lower case.
    pub names: BTreeSet<String>,
}

/// Makes manifests of all tenants that could be read.
#[must_use]
pub fn import(shots: &[TenantSnapshot], choice: &Choice) -> Import {
    import_beside(shots, choice, ExistingManifests::default())
}

/// The same, beside manifests that are there.
#[must_use]
pub fn import_beside(
    shots: &[TenantSnapshot],
    choice: &Choice,
    beside: ExistingManifests<'_>,
) -> Import {
    let mut import = Import::default();
    let mut folders = beside.names;
    for tenant in sort::sort(shots, beside.desired, choice.everybody) {
        import.tenants += 1;
        let name = tenant.tenant().name.clone();
        let folder = names::free(name.as_str(), &mut folders);
        let defaults = factor::common(&tenant.entries);
        import.users += tenant.entries.len();
        import.left_out += tenant.left_out.len();
        import.passed_over += tenant.passed_over;
        import.shared += tenant.shared;
        import.without_number += tenant.without_number();
        import.files.push(File {
            path: format!("{folder}/tenant.yaml"),
            text: text::tenant(&tenant, &defaults),
        });
        for set in factor::sets(tenant.entries, &defaults, choice) {
            import.files.push(File {
                path: format!("{folder}/{}.yaml", set.name),
                text: text::set(&set, &name),
            });
        }
    }
    import
}
