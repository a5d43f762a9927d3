//! Several places that manifests come from, side by side.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path as FilePath, PathBuf},
};

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    GitSource,
    paths::{OneOrMany, one_or_many},
};
use crate::{
    model::{AccountName, TenantName},
    yaml::{At, Mismatch, Path},
};

/// One of several places that manifests come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ManifestSource {
    /// A branch of git.
    pub git: Option<GitSource>,
    /// Or files and folders.
    #[serde(deserialize_with = "one_or_many")]
    #[schemars(with = "OneOrMany")]
    pub manifests: Vec<PathBuf>,
    /// The tenants that it may speak of; absent: all.
    pub tenants: Option<Vec<String>>,
}

impl ManifestSource {
    /// The tenants that it may speak of.
    #[must_use]
    pub fn limits(&self) -> Option<BTreeSet<TenantName>> {
        let names = self.tenants.as_ref()?;
        Some(names.iter().filter_map(|name| TenantName::parse(name).ok()).collect())
    }

    /// Takes relative paths from the folder `beside`, but for those that `set` elsewhere.
    pub(super) fn beside(&mut self, beside: &FilePath, set: impl Fn(&[&str]) -> bool) {
        if !set(&["manifests"]) {
            self.manifests.iter_mut().for_each(|path| *path = beside.join(&path));
        }
        if let Some(git) = &mut self.git {
            git.beside(beside, |below| {
                let below: Vec<&str> = ["git"].iter().chain(below).copied().collect();
                set(&below)
            });
        }
    }

    /// What the types cannot say, below `path`.
    fn problems(&self, path: &Path) -> Vec<Mismatch> {
        let git = self.git.iter().flat_map(|git| git.problems(&path.key("git")));
        let mut wrongs: Vec<Mismatch> = git.collect();
        if self.git.is_some() != self.manifests.is_empty() {
            let message = "a source is either `git` or `manifests`";
            wrongs.push(Mismatch::value(path.clone(), message).hint("name one of them"));
        }
        let Some(tenants) = &self.tenants else { return wrongs };
        let at = path.key("tenants");
        if tenants.is_empty() {
            let message = "`tenants` is empty, so the source may say nothing";
            let hint = "name tenants, or leave it out: then it may speak of all";
            wrongs.push(Mismatch::value(at.clone(), message).hint(hint));
        }
        let odd = tenants.iter().enumerate();
        let odd = odd.filter_map(|(index, name)| Some((index, TenantName::parse(name).err()?)));
        wrongs.extend(odd.map(|(index, problem)| Mismatch::value(at.index(index), problem)));
        wrongs
    }
}

/// What is wrong with sources beyond their types.
pub(super) fn problems(sources: &BTreeMap<String, ManifestSource>) -> Vec<Mismatch> {
    let path = Path::root(0).key("sources");
    let of = |(name, source): (&String, &ManifestSource)| {
        let at = path.key(name);
        let odd = AccountName::parse(name).err();
        let odd =
            odd.map(|problem| Mismatch { at: At::Key, ..Mismatch::value(at.clone(), problem) });
        odd.into_iter().chain(source.problems(&at)).collect::<Vec<_>>()
    };
    sources.iter().flat_map(of).collect()
}
