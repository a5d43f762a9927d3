//! Files that are read one after the other. Of each nothing is kept but what it says: its text goes
//! at once, unless something is wrong with it.
//!
//! **Invariant:** what is loaded so is what is loaded with all texts at hand. A text that is wanted
//! after all, to show where two files contradict each other, is asked for again; if it is another by
//! now, the place is not shown.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    LoadedManifests, ManifestFile,
    check::{self, CheckedManifests},
    draft::FileRead,
    read,
};

/// Files that were read so far.
#[derive(Debug, Default)]
pub struct Loading {
    files: BTreeMap<Arc<str>, Arc<FileRead>>,
    /// Those whose texts went.
    gone: BTreeMap<Arc<str>, ManifestFile>,
}

impl Loading {
    /// Reads a file.
    pub fn add(&mut self, file: &ManifestFile) {
        let mut read = read::read(file);
        if read.let_go() {
            self.gone.insert(Arc::clone(&file.path), file.let_go());
        } else {
            self.gone.remove(&file.path);
        }
        self.files.insert(Arc::clone(&file.path), Arc::new(read));
    }

    /// The same as [`load`](super::load) of all of them. `again` is asked for texts that went.
    pub fn finish(mut self, again: impl Fn(&str) -> Option<Arc<str>>) -> LoadedManifests {
        let CheckedManifests { loaded, wanted_texts, .. } = self.check();
        if wanted_texts.is_empty() {
            return loaded;
        }
        for (number, (path, read)) in self.files.iter_mut().enumerate() {
            let file = self.gone.get(path).filter(|_| wanted_texts.contains(&number));
            if let Some(file) = file.and_then(|file| file.whole(&again)) {
                *read = Arc::new(read::read(&file));
            }
        }
        self.check().loaded
    }

    fn check(&self) -> CheckedManifests {
        let files: Vec<_> = self.files.values().map(Arc::clone).collect();
        check::check(&files, &BTreeMap::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{manifest, yaml};

    const TENANT: &str = "apiVersion: dialplane/v1\nkind: Tenant\nmetadata: { name: t }\nspec: { tenantId: \
        5e93b6a1-0c48-4d27-b1fa-94d7e2c35080, mode: report, prune: never }\n";

    fn set(name: &str, user: &str) -> ManifestFile {
        let text = format!(
            "apiVersion: dialplane/v1\nkind: UserSet\nmetadata: {{ name: {name}, tenant: t }}\nspec:\n  users:\n    \
                - {{ userPrincipalName: {user}, calling: enabled, phoneNumber: \"+14255550100\" }}\n"
        );
        ManifestFile::new(&format!("{name}.yaml"), &text)
    }

    fn told(loaded: &LoadedManifests) -> String {
        let told: String = loaded.diagnostics.iter().map(yaml::render).collect();
        format!("{told}{:#?}{:#?}", loaded.desired, loaded.broken)
    }

    fn one_by_one(
        files: &[ManifestFile],
        again: impl Fn(&str) -> Option<Arc<str>>,
    ) -> LoadedManifests {
        let mut loading = Loading::default();
        files.iter().rev().for_each(|file| loading.add(file));
        loading.finish(again)
    }

    #[test]
    fn what_is_read_one_by_one_is_what_is_read_together() {
        let tenant = ManifestFile::new("t.yaml", TENANT);
        let broken = ManifestFile::new("u.yaml", "kind: UserSet\n");
        for files in [
            vec![set("a", "ann@t.com"), tenant.clone()],
            vec![set("a", "ann@t.com"), set("b", "bert@t.com"), tenant.clone()],
            vec![set("a", "ann@t.com"), set("b", "ann@t.com"), tenant.clone(), broken.clone()],
            vec![set("a", "ann@t.com"), tenant.clone(), broken],
        ] {
            let text =
                |path: &str| files.iter().find(|file| *file.path == *path)?.at_hand().cloned();
            assert_eq!(told(&one_by_one(&files, text)), told(&manifest::load(&files)));
        }
    }

    #[test]
    fn a_text_that_is_another_by_now_shows_no_place() {
        let files =
            [set("a", "ann@t.com"), set("b", "bert@t.com"), ManifestFile::new("t.yaml", TENANT)];
        let loaded = one_by_one(&files, |_| Some("users: []".into()));
        let places: Vec<_> = loaded.diagnostics.iter().map(|told| told.place.clone()).collect();
        assert_eq!(places, [None], "{}", told(&loaded));
        assert!(loaded.desired.tenants.is_empty());
    }
}
