//! Which version of the manifests each tenant is carried out by, and whether commits say all of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    manifest::LoadedManifests,
    model::{Revision, TenantName},
    source::{SourceVersion, Tree},
};

/// The sources that speak of each tenant, by their numbers.
pub(super) type Speakers = BTreeMap<TenantName, BTreeSet<usize>>;

/// The versions that are in force, one for each source.
#[derive(Debug, Clone, Default)]
pub(super) struct Versions {
    pub(super) list: Vec<SourceVersion>,
    pub(super) speakers: Speakers,
}

impl Versions {
    /// The version of all, if there is a single source.
    pub(super) fn whole(&self) -> Option<&Revision> {
        match &self.list[..] {
            [version] => version.revision.as_ref(),
            _ => None,
        }
    }

    /// The version that wants what is wanted of a tenant: the newest one of those that speak of it.
    pub(super) fn of(&self, tenant: &TenantName) -> Option<&Revision> {
        if let [version] = &self.list[..] {
            return version.revision.as_ref();
        }
        let speakers = self.speakers.get(tenant)?;
        let versions = speakers.iter().filter_map(|number| self.list.get(*number));
        versions.filter_map(|version| version.revision.as_ref()).max_by_key(|revision| revision.at)
    }
}

/// Who speaks of whom in a tree that these sources make up.
pub(super) fn speakers(
    tree: &Tree,
    versions: &[SourceVersion],
    loaded: &LoadedManifests,
) -> Speakers {
    let numbers = versions.iter().enumerate();
    let of_file = numbers.flat_map(|(number, version)| std::iter::repeat_n(number, version.files));
    let mut speakers = Speakers::new();
    for (file, number) in tree.files.iter().zip(of_file) {
        for tenant in loaded.speaks_of.get(&file.path).into_iter().flatten() {
            speakers.entry(tenant.clone()).or_default().insert(number);
        }
    }
    speakers
}

/// The last commits that said everything in force, by source.
#[derive(Debug, Default)]
pub(super) struct SourceCommits(Vec<Option<String>>);

impl SourceCommits {
    /// Takes what commits say now, and tells what is new in that.
    pub(super) fn take(&mut self, versions: &[SourceVersion]) -> SaidNews {
        self.0.resize(versions.len(), None);
        let both = versions.iter().zip(&mut self.0);
        let news = both.map(|(version, before)| {
            let is_said = version.said.is_some();
            let is_new = is_said && version.said != *before;
            if is_new {
                before.clone_from(&version.said);
            }
            (version.clone(), is_new)
        });
        SaidNews(news.collect())
    }

    /// Those commits.
    pub(super) fn last(&self) -> Vec<Option<String>> {
        self.0.clone()
    }
}

/// What commits say that they did not say before.
pub(super) struct SaidNews(Vec<(SourceVersion, bool)>);

impl SaidNews {
    /// Whether commits say all that may be said of a tenant, and not the ones that said it before.
    pub(super) fn counts_for(&self, tenant: &TenantName) -> bool {
        let of = || self.0.iter().filter(|(version, _)| version.scope.admits(tenant));
        of().all(|(version, _)| version.said.is_some()) && of().any(|(_, is_new)| *is_new)
    }

    /// Whether there is any.
    pub(super) fn is_any(&self) -> bool {
        self.0.iter().any(|(_, is_new)| *is_new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::TenantScope;

    fn version(said: Option<&str>, tenants: &[&str]) -> SourceVersion {
        let names = tenants.iter().map(|name| TenantName::parse(name).unwrap()).collect();
        let scope =
            if tenants.is_empty() { TenantScope::default() } else { TenantScope::of(names) };
        SourceVersion { scope, said: said.map(str::to_owned), ..SourceVersion::default() }
    }

    #[test]
    fn a_commit_counts_for_tenants_of_which_all_is_said_by_commits() {
        let [contoso, adatum] = ["contoso", "adatum"].map(|name| TenantName::parse(name).unwrap());
        let counts = |said: &mut SourceCommits, versions: &[SourceVersion]| {
            let news = said.take(versions);
            [&contoso, &adatum].map(|tenant| news.counts_for(tenant))
        };
        let mut said = SourceCommits::default();
        let [both, one] = [version(Some("1"), &[]), version(Some("a"), &["contoso"])];
        assert_eq!(counts(&mut said, &[both.clone(), one.clone()]), [true, true]);
        assert_eq!(counts(&mut said, &[both.clone(), one]), [false, false], "it is no news");
        let one = version(Some("b"), &["contoso"]);
        assert_eq!(counts(&mut said, &[both, one]), [true, false]);
        // A folder that was edited since says nothing, and then the commit of before is no news.
        let edited = version(None, &["contoso"]);
        assert_eq!(counts(&mut said, &[version(Some("2"), &[]), edited]), [false, true]);
        let back = version(Some("b"), &["contoso"]);
        assert_eq!(counts(&mut said, &[version(Some("2"), &[]), back]), [false, false]);
    }
}
