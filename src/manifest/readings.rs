//! What was read of each file, kept for as long as the file says the same.
//!
//! **Invariant:** what is loaded with kept readings is what is loaded from scratch. A reading is a
//! function of its file alone, the users of a tenant of the files that speak of it, and whatever
//! takes more is checked over all files.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    LoadedManifests, ManifestFile,
    check::{self, CheckedManifests},
    draft::FileRead,
    former::FormerTenants,
    read,
};

/// What was read of each file that was there last time.
#[derive(Debug, Default)]
pub struct Readings {
    files: BTreeMap<Arc<str>, KeptFile>,
    tenants: FormerTenants,
    /// How many texts were read by the last load.
    read: usize,
}

/// What was read of a file.
#[derive(Debug)]
struct KeptFile {
    /// As it was then, without its text.
    file: ManifestFile,
    read: Arc<FileRead>,
}

impl Readings {
    /// The same as [`load`](super::load); only files that are new or have changed are read, and
    /// tenants of which no such file speaks keep their users.
    pub fn load(&mut self, files: &[ManifestFile]) -> LoadedManifests {
        self.load_by(files, |_| None)
    }

    /// How many texts the last load has read: of files that are new or have changed, and once more of
    /// those that a message shows.
    #[must_use]
    pub fn read(&self) -> usize {
        self.read
    }

    /// The same of files whose texts may have been let go; `again` is asked for one that is wanted
    /// after all. A file that says something else by then counts as one that cannot be read.
    pub fn load_by(
        &mut self,
        files: &[ManifestFile],
        again: impl Fn(&str) -> Option<Arc<str>>,
    ) -> LoadedManifests {
        let mut former = std::mem::take(&mut self.files);
        let mut read = 0;
        let mut all = Vec::with_capacity(files.len());
        for file in files {
            let kept = former.remove(&file.path).filter(|kept| kept.file == *file);
            let kept = kept.unwrap_or_else(|| {
                read += 1;
                KeptFile::of(file, &again)
            });
            all.push(Arc::clone(&kept.read));
            self.files.insert(Arc::clone(&file.path), kept);
        }
        // What is gone or has changed is not kept while all are checked.
        drop(former);
        let unchanged = std::mem::take(&mut self.tenants).unchanged(&all);
        let CheckedManifests { mut loaded, glances, wanted_texts } = check::check(&all, &unchanged);
        if !wanted_texts.is_empty() {
            read += wanted_texts.len();
            let mut with_texts = all.clone();
            for number in wanted_texts {
                if let (Some(file), Some(read)) = (files.get(number), with_texts.get_mut(number)) {
                    *read = with_text(file, read, &again);
                }
            }
            loaded = check::check(&with_texts, &unchanged).loaded;
        }
        self.tenants = FormerTenants::of(&all, &loaded.desired, glances);
        self.read = read;
        loaded
    }
}

impl KeptFile {
    /// Reads a file.
    fn of(file: &ManifestFile, again: impl Fn(&str) -> Option<Arc<str>>) -> Self {
        let mut read = read::read(file.whole(again).as_ref().unwrap_or(file));
        read.let_go();
        Self { file: file.let_go(), read: Arc::new(read) }
    }
}

/// What was read of a file with its text, to show places in it; without, if it is another by now.
fn with_text(
    file: &ManifestFile,
    read: &Arc<FileRead>,
    again: impl Fn(&str) -> Option<Arc<str>>,
) -> Arc<FileRead> {
    let whole = file.whole(again).filter(|_| read.is_let_go);
    whole.map_or_else(|| Arc::clone(read), |file| Arc::new(read::read(&file)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DesiredTenant, TenantName};

    fn file(number: u8, site: &str) -> ManifestFile {
        let text = format!(
            "apiVersion: dialplane/v1\nkind: Tenant\nmetadata: {{ name: t{number} }}\nspec: {{ \
                tenantId: 5e93b6a1-0c48-4d27-b1fa-94d7e2c3508{number}, mode: report, prune: never \
                }}\n---\napiVersion: dialplane/v1\nkind: UserSet\nmetadata: {{ name: all, tenant: \
                t{number} }}\nspec:\n  users:\n    - {{ userPrincipalName: ann@t{number}.com, calling: \
                enabled, site: {site} }}\n"
        );
        ManifestFile::new(&format!("{number}.yaml"), &text)
    }

    #[test]
    fn users_of_a_tenant_whose_files_have_not_changed_are_not_made_again() {
        let mut readings = Readings::default();
        let before = readings.load(&[file(1, "leeds"), file(2, "leeds")]).desired.tenants;
        let now = readings.load(&[file(1, "leeds"), file(2, "london")]).desired.tenants;
        let users = |tenants: &BTreeMap<TenantName, Arc<DesiredTenant>>, name: &str| {
            tenants[&TenantName::parse(name).unwrap()].users.clone()
        };
        assert!(users(&before, "t1").is_plainly(&users(&now, "t1")));
        assert_ne!(users(&before, "t2"), users(&now, "t2"));
    }
}
